// The door of the memory system below a core: L2, interconnect, HBM. The caller owns the clock.
#pragma once

#include <cstdint>
#include <vector>

namespace vitruvian::memory {

using Cycle = std::uint64_t;
inline constexpr Cycle kNever = ~Cycle{0};

// One bus request of a core: 512, 256 or 128 B, naturally aligned. One meaning: bytes at an address, read or written.
struct MemoryRequest {
  std::uint64_t address = 0;
  std::uint32_t tag = 0;     // the caller's, returned in the completion
  std::uint16_t bytes = 0;   // 128, 256 or 512: what the bus carries
  std::uint16_t port = 0;    // which core port (0 .. ports-1); ports are numbered by the chip: AIC first, then AIV
  bool write = false;
  bool atomic = false;       // read-modify-write at L2
  bool bypass = false;       // L2 hint: do not allocate
};

// The moment at which a request's data are in the core's buffer (read) or accepted for good (write).
struct Completion {
  std::uint32_t tag = 0;
  std::uint16_t port = 0;
  bool write = false;
  Cycle finish = 0;
};

// Requests arrive with their time; nothing is scheduled before its arrival. `advance(now)` resolves what can be decided
// with all arrivals before `now` known, and appends completions whose finish time has become certain: the finish may lie
// after `now`, never before the request's arrival plus the smallest latency (`lookahead()`).
// Contract for callers: after advance(now), no request may be enqueued with an arrival before `now`.
class GmPath {
 public:
  virtual ~GmPath() = default;
  virtual void enqueue(const MemoryRequest& request, Cycle arrival) = 0;
  // The next time at which advance() has something to do; kNever when idle.
  virtual Cycle next_event() const = 0;
  virtual void advance(Cycle now, std::vector<Completion>& completions) = 0;
  // No completion comes earlier than arrival + lookahead(), and none that advance(now) did not announce earlier than
  // now + lookahead().
  virtual Cycle lookahead() const = 0;
};

}  // namespace vitruvian::memory

// The request side of a GM transfer: splits strided rows into bus requests, keeps the core's outstanding limit, presents
// requests to the memory system in windows, and says when an instruction has issued and when its data have arrived.
//
//    instruction ──> rows ──> 512/256/128 B requests ──window──> GmPath ──completions──> slots ──> finish of the instruction
//
// Model: instructions of a pipe issue their requests in order; a request needs a free slot (64 reads, 48 writes) and a turn
// on the channel; an instruction has issued when its last request has a start time, and finishes when its last one completes
// (in order). A store takes a slot for each `store_tag` bytes; its 512 B are one request that arrives with its last beat. A slot is free again at its request's finish, whichever request that is. An ND2NZ instruction prepares
// (`nd2nz_start`) while its predecessor issues, if it was there by then, but no more than `nd2nz_in_flight` are between
// preparation and finish. Approximations: requests are presented in windows of `dma.window`; each pipe has its own slots.
//
// The owner's loop: pump(), path.advance(path.next_event()), complete() for each completion, pop_done(), and again. A
// pump() right after each advance() presents every request before its issue time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/gm_path.h"
#include "src/memory/space.h"

namespace vitruvian::mte {

using memory::Cycle;

// Times in core cycles.
struct DmaTiming {
  std::uint32_t outstanding_reads = 64, outstanding_writes = 48;
  std::uint32_t store_tag = 512;             // bytes of a store that one outstanding write covers
  std::uint32_t window = 64;                 // requests presented and not resolved, at most
  std::uint32_t read_channels_aic = 2, read_channels_aiv = 1;
  double channel_bytes_per_cycle = 128;
  double request_interval = 0;               // of reads
  Cycle read_start = 0, write_start = 0, instruction_interval = 0;
  Cycle nd2nz_start = 0;
  std::uint32_t nd2nz_in_flight = 2;         // at most DmaEngine::kMostInFlight
  double nd2nz_row_cost = 0;                 // of each row, beside the time of its bytes
};
std::shared_ptr<const DmaTiming> make_dma_timing(const chip::ChipSpec& spec);

// NZ2ND writes of the fixpipe use requests of at most this size (facts 3.3); columns of fractals go out in whole ones.
inline constexpr std::uint16_t kLargestFixpipeRow = 256;

enum class Direction : std::uint8_t { read, write };
enum class Shape : std::uint8_t { plain, nd2nz };

// One instruction's GM side.
struct Transfer {
  std::uint32_t id = 0;        // the caller's
  memory::Access gm;           // strided rows in GM
  Shape shape = Shape::plain;
  Cycle start = 0;             // no request before start (+ the instruction's start cost)
  Cycle core_side = 0;         // occupancy of the core's side: the requests cannot issue faster than this in all
  bool atomic = false;
  bool bypass = false;
  bool far = false;            // outside the die: the window's worth of requests would hide the slots behind the long way
  bool fixpipe = false;        // a write out of L0C
  std::uint16_t largest = 512; // largest request
};

struct TransferDone {
  std::uint32_t id = 0;
  Cycle issued = 0;            // its last request's issue time: the next instruction of the pipe may start then
  Cycle finish = 0;            // its last data; never before the finish of an earlier transfer
};

class DmaEngine {
 public:
  static constexpr std::uint32_t kMostInFlight = 8;  // ND2NZ instructions

  // Several engines of one direction can share a port (MTE3 and FIX of an AIC): the upper 8 bits of their requests' tags
  // are `engine`, so that the owner can route completions.
  DmaEngine(std::shared_ptr<const DmaTiming> timing, Direction direction, bool is_aic, std::uint16_t port,
            std::uint8_t engine = 0);
  ~DmaEngine();
  DmaEngine(DmaEngine&&) noexcept;

  // Appends a transfer; may be called while earlier ones are still issuing or in flight. start >= the starts before it.
  void submit(const Transfer& transfer);
  // Presents requests while a slot is free and the window allows; arrivals are >= now.
  void pump(Cycle now, memory::GmPath& path);
  // True if requests remain to be presented but pump() could not (waits for completions).
  bool waiting() const;
  bool idle() const;           // nothing submitted is unfinished
  void complete(const memory::Completion& completion);
  // True if completions since the last pump() make another pump() worth while (a window's worth of slots, or all resolved).
  bool wants_pump() const;

  // When the transfer's last request got its issue time; empty before.
  std::optional<Cycle> issued(std::uint32_t id) const;
  // A guess of issued(id) while it is empty, from the share of its requests that have an issue time; never before `now`.
  Cycle expected_issue(std::uint32_t id, Cycle now) const;
  // The next finished transfer in order, if all its requests are resolved. The finish may lie in the future.
  std::optional<TransferDone> pop_done();

  std::uint64_t requests() const;        // presented in all
  std::uint64_t payload_bytes() const;   // bytes the instructions asked for
  std::uint64_t bus_bytes() const;       // bytes the requests carried
  std::uint64_t late() const;            // requests whose pump() came after their issue time: 0 with a prompt owner
  static std::uint8_t engine_of(const memory::Completion& completion) { return static_cast<std::uint8_t>(completion.tag >> 24); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vitruvian::mte

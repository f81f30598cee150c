// Requests that have not arrived yet, in a ring of time buckets. Vectors are reused: no allocation once warm.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "src/memory/gm_path.h"
#include "vitruvian/error.h"

namespace vitruvian::noc {

using memory::Cycle;
using memory::MemoryRequest;

class RequestCalendar {
 public:
  // bucket: cycles, a power of two.
  explicit RequestCalendar(std::uint32_t bucket)
      : shift_(static_cast<unsigned>(std::countr_zero(bucket))), ring_(kRing) {
    ensure(std::has_single_bit(bucket), "the bucket of the memory model is a power of two of cycles");
    // A sort key keeps the offset within the bucket in 16 bits.
    ensure(bucket <= 1u << 16, "the bucket of the memory model is at most 65536 cycles");
  }

  void push(const MemoryRequest& request, Cycle arrival) {
    ensure(arrival >= horizon_, "a memory request arrives after what has been resolved");
    const std::uint64_t bucket = arrival >> shift_;
    ++count_;
    if (bucket >= (horizon_ >> shift_) + kRing) {
      far_.push_back({arrival, request});
      return;
    }
    ring_[bucket % kRing].push_back({arrival, request});
    earliest_ = std::min(earliest_, bucket);
  }

  // The end of the earliest bucket that holds a request: advancing to it resolves the whole bucket.
  Cycle next() const {
    if (count_ == 0) return memory::kNever;
    if (earliest_ != kNone) return (earliest_ + 1) << shift_;
    return ((horizon_ >> shift_) + kRing / 2) << shift_;  // only far ones: come back when they fit
  }

  // Calls serve(request, arrival) for every request with arrival < now, ordered by arrival, port and order of push; and
  // ahead(request) a few requests before that, to fetch what serving it will look at.
  template <class Serve, class Ahead>
  void drain(Cycle now, Serve&& serve, Ahead&& ahead) {
    if (now <= horizon_) return;
    while (count_ != 0) {
      if (!far_.empty()) refill();
      if (earliest_ == kNone || earliest_ << shift_ >= now) {
        if (far_.empty() || !skip_gap(now)) break;
        continue;
      }
      drain_bucket(now, serve, ahead);
      if (!ring_[earliest_ % kRing].empty()) break;  // the rest of the bucket lies at or after now
      find_earliest();
    }
    horizon_ = std::max(horizon_, now);
    if (!far_.empty()) refill();
  }

  template <class Serve>
  void drain(Cycle now, Serve&& serve) {
    drain(now, serve, [](const MemoryRequest&) {});
  }

  void clear() {
    for (auto& bucket : ring_) bucket.clear();
    far_.clear();
    count_ = 0;
    horizon_ = 0;
    earliest_ = kNone;
  }
  std::size_t size() const { return count_; }

 private:
  struct Entry {
    Cycle arrival;
    MemoryRequest request;
  };
  static constexpr std::uint64_t kRing = 1024;
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  static constexpr std::size_t kAhead = 6;   // requests, on the host: about a cache miss of its memory

  template <class Serve, class Ahead>
  void drain_bucket(Cycle now, Serve&& serve, Ahead&& ahead) {
    auto& entries = ring_[earliest_ % kRing];
    const Cycle start = earliest_ << shift_;
    keys_.clear();
    for (std::size_t i = 0; i < entries.size(); ++i)
      keys_.push_back((entries[i].arrival - start) << 48 | std::uint64_t{entries[i].request.port} << 32 | i);
    std::sort(keys_.begin(), keys_.end());
    std::size_t served = 0;
    const auto look = [&](std::size_t i) {
      if (i < keys_.size()) ahead(entries[keys_[i] & 0xffffffffu].request);
    };
    for (std::size_t i = 0; i < kAhead; ++i) look(i);
    for (; served < keys_.size(); ++served) {
      look(served + kAhead);
      const Entry& entry = entries[keys_[served] & 0xffffffffu];
      if (entry.arrival >= now) break;
      serve(entry.request, entry.arrival);
    }
    count_ -= served;
    horizon_ = std::max(horizon_, std::min(now, (earliest_ + 1) << shift_));
    if (served == entries.size()) entries.clear();
    else if (served != 0) std::erase_if(entries, [now](const Entry& entry) { return entry.arrival < now; });
  }

  void find_earliest() {
    const std::uint64_t first = earliest_, end = (horizon_ >> shift_) + kRing;
    earliest_ = kNone;
    if (count_ == far_.size()) return;
    for (std::uint64_t b = first; b < end; ++b)
      if (!ring_[b % kRing].empty()) {
        earliest_ = b;
        return;
      }
  }

  // Moves requests into the ring that have come within its reach.
  void refill() {
    const std::uint64_t end = (horizon_ >> shift_) + kRing;
    std::size_t kept = 0;
    for (const Entry& entry : far_) {
      const std::uint64_t bucket = entry.arrival >> shift_;
      if (bucket < end) {
        ring_[bucket % kRing].push_back(entry);
        earliest_ = std::min(earliest_, bucket);
      } else {
        far_[kept++] = entry;
      }
    }
    far_.resize(kept);
  }

  // The ring is empty up to now, far requests wait: moves the horizon to the first of them if it lies before now.
  bool skip_gap(Cycle now) {
    Cycle first = memory::kNever;
    for (const Entry& entry : far_) first = std::min(first, entry.arrival);
    if (earliest_ != kNone || first >= now) return false;
    horizon_ = first;
    return true;
  }

  unsigned shift_;
  std::vector<std::vector<Entry>> ring_;
  std::vector<Entry> far_;
  std::vector<std::uint64_t> keys_;
  std::size_t count_ = 0;
  Cycle horizon_ = 0;                  // everything before it has been served
  std::uint64_t earliest_ = kNone;     // bucket number
};

}  // namespace vitruvian::noc

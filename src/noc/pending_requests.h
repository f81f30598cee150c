// Requests that wait for the DRAM: each for one transfer or several (a fill, a place for an evicted line). Pools are reused: no allocation
// once warm.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "src/memory/gm_path.h"
#include "src/memory/ticks.h"
#include "src/noc/l2_tags.h"

namespace vitruvian::noc {

class PendingRequests {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // A transfer of the DRAM: a fill of a line, a read past L2, or a write.
  struct Transfer {
    L2Tags::Index index = L2Tags::kNone;  // the line that it fills
    Tick arrival = 0;                     // of a write at the DRAM, to know how long it waited
    std::uint32_t waiters = kNone;
  };

  std::uint32_t open(L2Tags::Index index, Tick arrival) {
    const std::uint32_t id = take(free_transfers_, transfers_);
    transfers_[id] = {index, arrival, kNone};
    return id;
  }
  // The request being served now waits for a transfer too.
  void wait(std::uint32_t transfer) { waited_.push_back(transfer); }
  std::uint32_t latest() const { return waited_.back(); }
  void forget_latest() { waited_.pop_back(); }
  bool waiting() const { return !waited_.empty(); }

  // Puts the request aside until its transfers are over. `finish`: not before it; `delay`: added in the end.
  void park(const memory::MemoryRequest& request, Tick finish, Tick delay) {
    const std::uint32_t parked = take(free_parked_, parked_);
    parked_[parked] = {request.tag, request.port, request.write, static_cast<std::uint32_t>(waited_.size()), finish, finish, delay};
    for (const std::uint32_t transfer : waited_) {
      const std::uint32_t waiter = take(free_waiters_, waiters_);
      waiters_[waiter] = {parked, transfers_[transfer].waiters};
      transfers_[transfer].waiters = waiter;
    }
    waited_.clear();
  }

  const Transfer& transfer(std::uint32_t id) const { return transfers_[id]; }

  // A transfer is over: a read's data are at the core at `ready`, a write waited `stall`. Calls done(completion) for each request
  // that waits for nothing else.
  template <class Done>
  void close(std::uint32_t id, Tick ready, Tick stall, Done&& done) {
    for (std::uint32_t w = transfers_[id].waiters; w != kNone;) {
      const Waiter waiter = waiters_[w];
      Parked& parked = parked_[waiter.parked];
      parked.finish = std::max({parked.finish, ready, parked.unhindered + stall});
      if (--parked.transfers == 0) {
        done(memory::Completion{parked.tag, parked.port, parked.write, memory::cycle_after(parked.finish + parked.delay)});
        free_parked_.push_back(waiter.parked);
      }
      free_waiters_.push_back(w);
      w = waiter.next;
    }
    free_transfers_.push_back(id);
  }

  void clear() {
    transfers_.clear(), free_transfers_.clear();
    waiters_.clear(), free_waiters_.clear();
    parked_.clear(), free_parked_.clear();
    waited_.clear();
  }

 private:
  struct Waiter {
    std::uint32_t parked, next;
  };
  struct Parked {
    std::uint32_t tag;
    std::uint16_t port;
    bool write;
    std::uint32_t transfers;    // that it still waits for
    Tick finish, unhindered;    // as far as known; if nothing had held it up
    Tick delay;
  };
  template <class T>
  static std::uint32_t take(std::vector<std::uint32_t>& free, std::vector<T>& pool) {
    if (free.empty()) {
      pool.emplace_back();
      return static_cast<std::uint32_t>(pool.size() - 1);
    }
    const std::uint32_t id = free.back();
    free.pop_back();
    return id;
  }

  std::vector<Transfer> transfers_;
  std::vector<Waiter> waiters_;
  std::vector<Parked> parked_;
  std::vector<std::uint32_t> free_transfers_, free_waiters_, free_parked_, waited_;
};

}  // namespace vitruvian::noc

// One entry of a pipe's queue, from issue to retirement.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/memory/gm_path.h"
#include "src/memory/space.h"
#include "src/pipe/issued.h"
#include "src/pipe/unit.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::pipe {

using memory::Cycle;
using memory::kNever;

enum class Kind : std::uint8_t { work, set_flag, wait_flag, barrier, cross_set };

// How many operations of each pipe (0 is S) are known to be complete; used in strict synchronisation only.
inline constexpr std::size_t kClockPipes = 8;
using Clock = std::array<std::uint32_t, kClockPipes>;

struct Operation {
  Issued issued;
  memory::Footprint footprint;
  Cost cost;
  const Unit* unit = nullptr;
  Kind kind = Kind::work;
  std::uint8_t pipe_index = 0;
  bool uses_gm = false;
  bool executed = false;
  bool data_dependent = false;              // timing-only cannot skip it without knowing its inputs
  std::uint8_t unit_flag = 0;
  bool needs_barrier = false;               // a mad on fewer than 10 fractals of C: the pipe does not order it behind another
  std::uint8_t pair_pipe = 0, flag_id = 0;  // set_flag: destination pipe code; wait_flag: source pipe code
  std::uint32_t message = 0;                // cross_set
  StallReason late = StallReason::kCount;   // why it started after it was at the head of the queue
  Clock clock{};                            // S's knowledge at issue
  Cycle issue = 0, start = kNever;
  Cycle not_before = 0;                     // lower bound of finish, from the unit-flag handshake
  Cycle release = kNever;                   // the next operation of the pipe may start
  Cycle expected_release = 0;               // guess of release while it is not known
  Cycle finish = kNever;
};

// Operations are recycled: no allocation on the hot path.
class OperationPool {
 public:
  Operation* take() {
    if (free_.empty()) grow();
    Operation* op = free_.back();
    free_.pop_back();
    return op;
  }
  void give(Operation* op) { free_.push_back(op); }

 private:
  void grow() {
    blocks_.push_back(std::make_unique<Operation[]>(64));
    for (std::size_t i = 0; i < 64; ++i) free_.push_back(&blocks_.back()[i]);
  }
  std::vector<std::unique_ptr<Operation[]>> blocks_;
  std::vector<Operation*> free_;
};

// A ring of pointers that grows to the largest need and then stays.
class OperationRing {
 public:
  OperationRing() : slots_(64) {}
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  Operation* front() const { return slots_[head_]; }
  Operation* back() const { return slots_[(head_ + size_ - 1) % slots_.size()]; }
  Operation* operator[](std::size_t i) const { return slots_[(head_ + i) % slots_.size()]; }
  void push(Operation* op) {
    if (size_ == slots_.size()) grow();
    slots_[(head_ + size_++) % slots_.size()] = op;
  }
  Operation* pop() {
    Operation* op = slots_[head_];
    head_ = (head_ + 1) % slots_.size();
    --size_;
    return op;
  }

 private:
  void grow() {
    std::vector<Operation*> bigger(slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) bigger[i] = (*this)[i];
    slots_.swap(bigger);
    head_ = 0;
  }
  std::vector<Operation*> slots_;
  std::size_t head_ = 0, size_ = 0;
};

}  // namespace vitruvian::pipe

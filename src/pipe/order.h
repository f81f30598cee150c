// Strict synchronisation: is every conflicting pair of operations of a core ordered by flags and barriers? Independent of what
// happened to overlap in time: each pipe has a vector clock of the operations of the other pipes that it knows to be complete.
//
//    set_flag carries its pipe's knowledge to the waiting pipe; an issued operation carries S's; a barrier makes the pipe's own
//    earlier operations known to it.
//
// A shadow of each buffer holds, for each block and pipe, the newest reading and writing operation; a suspicion found there is
// confirmed on the exact strided sets of the operations that the pipe does not know to be complete.
// Approximations: a received cross-core flag orders everything this core had announced by cross-core flags before (no alarm too
// many, perhaps one too few); global memory is not tracked.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "src/pipe/flags.h"
#include "src/pipe/operation.h"

namespace vitruvian::pipe {

class OrderTracker {
 public:
  // What is kept of an operation that has started.
  struct Record {
    std::uint32_t ordinal = 0;
    std::uint64_t pc = 0;
    isa::Op op{};
    isa::Pipe pipe{};
    bool unit_flag = false;
    memory::Footprint footprint;
  };
  struct Conflict {
    const Record* other = nullptr;
    memory::Access mine, theirs;
    explicit operator bool() const { return other != nullptr; }
  };

  // Pipe 0 is S. `sizes` by Space.
  OrderTracker(unsigned pipes, const std::array<std::size_t, memory::kSpaceCount>& sizes);

  void issued(Operation& op) const { op.clock = known_[0]; }
  // A work operation starts: checks it against everything that started before, and records it.
  Conflict start(const Operation& op);
  Conflict scalar_access(const memory::Access& access, std::uint64_t pc);

  void set_flag(unsigned pipe, const Clock& carried, unsigned source, unsigned destination, unsigned id);
  void wait_flag(unsigned pipe, const Clock& carried, unsigned source, unsigned destination, unsigned id);
  void barrier(unsigned pipe, const Clock& carried);
  void barrier_all();                 // S has seen all pipes drained
  void restart();                     // a new program: everything before it is complete for every pipe
  void cross_sent(unsigned pipe, const Clock& carried);
  void cross_received();

 private:
  struct Shadow {
    std::size_t blocks = 0;
    std::vector<std::uint32_t> read, write;  // [pipe * blocks + block]
  };
  static constexpr std::size_t kHistory = 8192;
  Conflict check(unsigned pipe, const Record& mine, bool needs_barrier) const;
  Conflict confirm(unsigned pipe, unsigned other, const Record& mine, const memory::Access& access) const;
  void record(unsigned pipe, Record record);
  template <typename Visit>
  static void for_blocks(const memory::Access& access, std::size_t blocks, Visit visit);

  unsigned pipes_;
  std::array<Clock, kClockPipes> known_{};
  std::array<std::uint32_t, kClockPipes> started_{};
  std::array<std::deque<Record>, kClockPipes> history_;
  std::array<Shadow, memory::kSpaceCount> shadow_;
  std::vector<Clock> flags_;
  Clock announced_{};
};

}  // namespace vitruvian::pipe

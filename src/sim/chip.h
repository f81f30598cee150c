// The die: builds and connects everything in ordinary typed C++. Reads like the block diagram.
//
//    group0 .. group23: { aic: S M MTE1 MTE2 MTE3 FIX + L1 L0A L0B L0C BT FB, aiv0, aiv1: S V MTE2 MTE3 + UB }
//    memory: noc, l2_slice0 .. 7, hbm_stack0 .. 3, and in a package: die_link, fabric_port          ffts: cross-core flags
// Launches come and go: place() starts one, on_ended() hears of its end, close() takes its result, and then its cores are free.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "src/sim/modules.h"
#include "src/sim/simulation.h"

namespace vitruvian::sim {

class Chip final : public sc_core::sc_module, public CoreHost {
 public:
  Chip(sc_core::sc_module_name name, const DieParts& die);

  // The launches of this die that place() will start, each by its number; `ended` is called in the cycle of a launch's end.
  void expect(std::vector<const LaunchPlan*> plans, std::function<void(std::size_t launch, Cycle now)> ended);
  // Starts a launch: its first core begins `delay` cycles from now.
  void place(std::size_t launch, Cycle delay);
  // Takes the result of a launch that has ended; its cores are free for another one.
  void close(std::size_t launch);
  bool faulted() const { return static_cast<bool>(fault_); }
  void report_deadlock();
  // In the order of expect(); those that have not started are empty.
  std::vector<LaunchResult> results();
  double progress() const;

  // CoreHost
  void wake_scalar(unsigned core, Cycle when) override { cores_[core].module->scalar->wake(when); }
  void wake_pipe(unsigned core, unsigned pipe, Cycle when) override { cores_[core].module->pipes[pipe]->wake(when); }
  void memory_changed() override;
  void cross_send(unsigned core, const CrossCoreMessage& message) override;
  bool cross_take(unsigned core, unsigned id) override;
  void fault(unsigned core, Fault fault, std::uint64_t pc) override;
  std::string source_line(unsigned core, std::uint64_t pc) const override;
  void outside_written(std::uint64_t low, std::uint64_t high, Cycle now) override;
  void core_ended(unsigned core, Cycle now) override;
  void print(unsigned core, const std::string& line) override;
  void trace(const TraceEvent& event) override;

 private:
  struct Core {
    std::unique_ptr<CoreModel> model;
    CoreModule* module = nullptr;
    int launch = -1;                            // the last one that it was prepared for
    pipe::CrossCorePlace place;
    std::uint32_t block = 0;
  };
  struct Launch {
    const LaunchPlan* plan = nullptr;
    std::uint32_t next_block = 0, cores_running = 0, finished_blocks = 0;
    std::vector<std::uint32_t> groups_busy;     // cores still running in each resident group
    std::vector<unsigned> cores;                // used, in order of names
    std::unique_ptr<pipe::CrossCoreFlags> cross;
    Cycle start = 0, end = 0, first_start = kNever;
    bool started = false, ended = false;
    MemoryCounters memory_before;               // of the die, as the launch started
    std::optional<LaunchResult> result;         // once closed
    std::vector<TraceEvent> events;
    std::vector<std::string> printed;
  };
  std::uint32_t aiv_index(std::uint32_t group, std::uint32_t sub) const { return context_.aic + group * context_.aiv_per_aic + sub; }
  std::vector<unsigned> cores_of_block(const Launch& launch, std::uint32_t resident) const;
  void begin_block(std::size_t launch_index, std::uint32_t block, std::uint32_t resident, Cycle now);
  void prepare_core(unsigned core, std::size_t launch_index);
  void advance_memory(Cycle now);
  void step_cross(Cycle now);
  void accept_cross(Cycle now);
  void deliver_cross(Cycle now);
  void begin_residents(std::size_t launch_index, std::uint32_t resident, Cycle delay);
  MemoryCounters memory_counters(Cycle now) const;
  LaunchResult result_of(const Launch& launch);

  const ChipContext& context_;
  memory::DeviceMemory& gm_;
  noc::L2Path& l2_;
  noc::DieRouter* router_;                      // none: a die alone
  memory::GmPath& path_;                        // where the cores' requests go: the router, else the L2
  std::vector<std::unique_ptr<GroupModule>> groups_;
  std::unique_ptr<MemoryModule> memory_;
  std::unique_ptr<Stepper> ffts_;
  std::vector<Core> cores_;                     // AIC first, then AIV
  std::vector<Launch> launches_;
  std::function<void(std::size_t, Cycle)> ended_;
  std::vector<memory::Completion> completions_;
  struct Sent {
    unsigned core;
    std::size_t launch;                         // the sender's, and its block: its core may run others by now
    pipe::CrossCorePlace place;
    CrossCoreMessage message;
  };
  void cross_fault(const Sent& sent, std::string detail);
  void end_with(std::size_t launch, Fault fault, std::uint64_t pc);
  std::vector<Sent> cross_sent_;                // not yet with the scheduler
  struct Pending {
    Sent from;
    pipe::CrossCoreFlags::Increment increment;
  };
  std::deque<Pending> cross_pending_;
  pipe::CrossCoreScheduler cross_scheduler_;
  Fault fault_;
  int fault_launch_ = -1;
};

}  // namespace vitruvian::sim

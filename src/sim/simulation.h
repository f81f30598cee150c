// One simulation of one die: elaborates the chip as named sc_modules, runs launches on it, and reports. No SystemC in this
// header; a Simulation lives for one run, so that every run starts from the same state.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/noc/l2_path.h"
#include "src/sim/core_model.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::sim {

// What a device computes once from its chip description.
struct ChipContext {
  explicit ChipContext(const chip::ChipSpec& spec);
  const chip::ChipSpec& spec;
  UnitTable units;
  ChipTiming timing;
  pipe::CrossCoreTiming cross_core;
  Cycle launch_latency = 0, launch_finish = 0;
  double launch_ramp = 0;  // cycles for each further block
  std::uint32_t aic = 0, aiv_per_aic = 0;
  std::uint32_t l2_slices = 0, hbm_stacks = 0;
};

// A launch, resolved by the runtime: programs, blocks, cores.
struct LaunchPlan {
  std::string kernel;
  bool has_aic = false;
  std::uint32_t aiv_per_group = 0;             // 0: AIC only; AIV-only launches: 1 with has_aic false
  CoreProgram aic, aiv;
  std::uint32_t block_dim = 1, first_core = 0;
  LaunchOptions options;
  // Fills what a fault needs to be read: disassembly and source line of a pc.
  std::function<void(Fault& fault, std::uint64_t pc)> describe;
  std::function<std::string(std::uint64_t pc)> source_line;
  std::vector<UndoStore>* undo = nullptr;      // mode automatic
};

class Simulation {
 public:
  Simulation(const ChipContext& context, memory::DeviceMemory& gm, noc::L2Path& path);
  ~Simulation();
  // Runs the launches together, on disjoint cores, to the last one's end or the first fault.
  std::vector<LaunchResult> run(const std::vector<LaunchPlan>& plans);
  std::string hierarchy() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vitruvian::sim

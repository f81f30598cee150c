// One simulation of one die, or of the dies of a package: elaborates them as named sc_modules, runs launches on it, and reports. No SystemC in this
// header; a Simulation lives for one run, so that every run starts from the same state.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/noc/die_router.h"
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
  Cycle launch_latency = 0, launch_gap = 0;
  double launch_ramp = 0;  // cycles for each further block
  std::uint32_t aic = 0, aiv_per_aic = 0;
  std::uint32_t l2_slices = 0, hbm_stacks = 0;
};

// A die's state that outlives a simulation.
struct DieParts {
  const ChipContext& context;
  memory::DeviceMemory& gm;
  noc::L2Path& l2;
  noc::DieRouter* router = nullptr;            // in a package
};

// A launch, resolved by the runtime: programs, blocks, cores.
struct LaunchPlan {
  std::uint32_t die = 0;
  std::vector<std::size_t> after;              // plans of the run, earlier in its list, that end before this one starts
  std::string kernel;
  bool has_aic = false;
  std::uint32_t aiv_per_group = 0;             // 0: AIC only; AIV-only launches: 1 with has_aic false
  CoreProgram aic, aiv;
  std::uint32_t block_dim = 1, first_core = 0;
  std::uint64_t system_workspace = 0;          // scratch of the device headers in global memory
  LaunchOptions options;
  // Fills what a fault needs to be read: disassembly and source line of a pc.
  std::function<void(Fault& fault, std::uint64_t pc)> describe;
  std::function<std::string(std::uint64_t pc)> source_line;
  std::vector<UndoStore>* undo = nullptr;      // mode automatic
};

class Simulation {
 public:
  // `fabric` belongs to a package: its peers begin with the launches.
  explicit Simulation(const std::vector<DieParts>& dies, noc::Fabric* fabric = nullptr);
  ~Simulation();
  // Runs the launches together to the last one's end or the first fault: those that nothing orders on disjoint cores of their
  // dies. Results are in the order of the plans.
  std::vector<LaunchResult> run(const std::vector<LaunchPlan>& plans);
  std::string hierarchy() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  Cycle launch_latency_, launch_gap_;
};

}  // namespace vitruvian::sim

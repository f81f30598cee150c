#include "src/sim/simulation.h"

#include <chrono>
#include <sstream>

#include "src/sim/chip.h"
#include "src/sim/context.h"

namespace vitruvian::sim {

struct Simulation::State {
  SystemCContext context;
  std::unique_ptr<Chip> chip;
  noc::L2Path& path;

  State(const ChipContext& chip_context, memory::DeviceMemory& gm, noc::L2Path& l2) : path(l2) {
    // Warnings and errors of SystemC become exceptions of the caller, never text of a library.
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_THROW);
    sc_core::sc_set_time_resolution(1, sc_core::SC_PS);
    chip = std::make_unique<Chip>("die0", chip_context, gm, l2);
  }
  ~State() { chip.reset(); }
};

Simulation::Simulation(const ChipContext& context, memory::DeviceMemory& gm, noc::L2Path& path)
    : state_(std::make_unique<State>(context, gm, path)) {}

Simulation::~Simulation() = default;

std::vector<LaunchResult> Simulation::run(const std::vector<LaunchPlan>& plans) {
  const auto begin = std::chrono::steady_clock::now();
  Chip& chip = *state_->chip;
  chip.place(plans);
  // In slices of simulated time, so that progress can be shown and a run can be stopped.
  constexpr Cycle kSlice = 20'000;
  bool stopped = false;
  while (!chip.all_ended() && !chip.faulted() && sc_core::sc_pending_activity()) {
    const sc_core::sc_time ahead = sc_core::sc_time_to_pending_activity();
    // Time stands still at the last event: the cycle of a deadlock is when the last pipe stopped.
    sc_core::sc_start(ahead + sc_core::sc_time::from_value(kSlice), sc_core::SC_EXIT_ON_STARVATION);
    if (chip.faulted()) break;
    for (const LaunchPlan& plan : plans)
      if (plan.options.progress && !plan.options.progress(chip.progress())) stopped = true;
    if (stopped) throw Error("the run was stopped", plans.front().kernel, "", "");
  }
  if (!chip.all_ended() && !chip.faulted()) chip.report_deadlock();
  std::vector<LaunchResult> results = chip.results();
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (LaunchResult& result : results) {
    result.wall_s = wall;
    result.memory = state_->path.counters(result.cycles);
  }
  return results;
}

std::string Simulation::hierarchy() const {
  std::ostringstream out;
  const auto print = [&](const auto& self, const std::vector<sc_core::sc_object*>& objects, int depth) -> void {
    for (sc_core::sc_object* object : objects) {
      if (std::string(object->kind()) != "sc_module") continue;
      out << std::string(static_cast<std::size_t>(2 * depth), ' ') << object->basename() << '\n';
      self(self, object->get_child_objects(), depth + 1);
    }
  };
  print(print, sc_core::sc_get_top_level_objects(), 0);
  return out.str();
}

}  // namespace vitruvian::sim

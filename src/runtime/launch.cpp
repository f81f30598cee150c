#include <algorithm>

#include <fmt/format.h>

#include "src/runtime/device_state.h"
#include "src/runtime/module.h"

namespace vitruvian::runtime {

namespace {

// The buffers of a launch, for a warm L2: allocations that its address arguments point into.
void prepare_l2(DeviceState& state, const std::vector<sim::LaunchPlan>& plans, std::span<ConcurrentLaunch> launches) {
  const L2State wanted = plans.front().options.l2;
  if (wanted == L2State::carried) return state.path.start_carried();
  state.path.start_cold();
  if (wanted == L2State::cold) return;
  for (const ConcurrentLaunch& launch : launches)
    for (const Argument& argument : launch.arguments) {
      const auto* address = std::get_if<DeviceAddress>(&argument);
      if (!address) continue;
      const auto [start, size] = state.allocator.find(address->value);
      if (size) state.path.warm(address->value, start + size - address->value);
    }
}

// Disjoint core ranges, else an Error that names both.
void check_ranges(const DeviceState& state, const std::vector<sim::LaunchPlan>& plans) {
  std::vector<int> owner(state.context.aic, -1);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const sim::LaunchPlan& plan = plans[i];
    const std::uint32_t per_group = plan.has_aic ? 1 : state.context.aiv_per_aic;
    const std::uint32_t groups = std::min((plan.block_dim + per_group - 1) / per_group, state.context.aic - plan.first_core);
    for (std::uint32_t g = plan.first_core; g < plan.first_core + groups; ++g) {
      if (owner[g] >= 0 && plans.size() > 1)
        throw Error("launches of one simulation need disjoint cores", plan.kernel, "core groups that no other launch uses",
                    fmt::format("group {} of {}", g, plans[static_cast<std::size_t>(owner[g])].kernel));
      owner[g] = static_cast<int>(i);
    }
  }
}

std::vector<LaunchResult> simulate(DeviceState& state, std::vector<sim::LaunchPlan>& plans, std::span<ConcurrentLaunch> launches) {
  prepare_l2(state, plans, launches);
  sim::Simulation simulation(state.context, state.gm, state.path);
  std::vector<LaunchResult> results = simulation.run(plans);
  for (LaunchResult& result : results) result.bound = find_bound(result);
  return results;
}

}  // namespace

std::vector<LaunchResult> run_launches(DeviceState& state, std::span<ConcurrentLaunch> launches) {
  if (launches.empty()) return {};
  // Threads that share a device take turns: a launch owns its L2 and its marks.
  const std::lock_guard turn(state.launching);
  std::vector<sim::LaunchPlan> plans;
  for (ConcurrentLaunch& launch : launches) {
    auto* module = dynamic_cast<LoadedModule*>(launch.module);
    if (!module || !module->belongs_to(state)) throw Error("wrong module", "run_concurrently", "a module of this device", module ? module->name() : "none");
    plans.push_back(module->plan(launch.kernel, launch.arguments, launch.options));
    LaunchOptions& options = plans.back().options;
    const LaunchOptions& first = launches.front().options;
    options.mode = first.mode;
    options.sync = first.sync;
    options.l2 = first.l2;
  }
  check_ranges(state, plans);
  if (launches.front().options.mode != Mode::automatic) return simulate(state, plans, launches);

  // Timing only first; where control flow needs computed data, everything again in full. Scalar stores to global memory are undone.
  state.gm.remember_marks();
  std::vector<sim::UndoStore> undo;
  for (sim::LaunchPlan& plan : plans) {
    plan.options.mode = Mode::timing_only;
    plan.undo = &undo;
  }
  std::vector<LaunchResult> results = simulate(state, plans, launches);
  const auto needs_data = [](const LaunchResult& r) { return r.fault.kind == FaultKind::needs_data; };
  if (std::none_of(results.begin(), results.end(), needs_data)) {
    state.gm.keep_marks();
    return results;
  }
  for (auto it = undo.rbegin(); it != undo.rend(); ++it) std::copy_n(it->old.begin(), it->bytes, state.gm.at(it->address));
  state.gm.undo_marks();
  for (sim::LaunchPlan& plan : plans) {
    plan.options.mode = Mode::full;
    plan.undo = nullptr;
  }
  results = simulate(state, plans, launches);
  for (LaunchResult& result : results) result.reran_in_full = true;
  return results;
}

}  // namespace vitruvian::runtime

#include <algorithm>

#include <fmt/format.h>

#include "src/runtime/device_state.h"
#include "src/runtime/module.h"
#include "src/scalar/front_end.h"

namespace vitruvian::runtime {

namespace {

// The dies that a launch on this one runs beside.
std::vector<DeviceState*> dies_of(DeviceState& state) { return state.package ? state.package->dies : std::vector<DeviceState*>{&state}; }

std::vector<memory::DeviceMemory*> memories_of(DeviceState& state) {
  std::vector<memory::DeviceMemory*> memories;
  for (DeviceState* die : dies_of(state)) memories.push_back(&die->gm);
  if (!state.package) return memories;
  for (std::uint32_t i = 0; i < state.package->fabric.peers(); ++i) memories.push_back(&state.package->fabric.peer(i).memory);
  return memories;
}

// The buffers of a launch, for a warm L2: allocations that its address arguments point into, on whichever die they lie.
void prepare_l2(const std::vector<DeviceState*>& dies, L2State wanted, std::span<ConcurrentLaunch> launches) {
  for (DeviceState* die : dies) wanted == L2State::carried ? die->path.start_carried() : die->path.start_cold();
  if (wanted != L2State::warm) return;
  for (const ConcurrentLaunch& launch : launches)
    for (const Argument& argument : launch.arguments) {
      const auto* address = std::get_if<DeviceAddress>(&argument);
      if (!address) continue;
      for (DeviceState* die : dies) {
        const auto [start, size] = die->allocator.find(address->value);
        if (size) die->path.warm(address->value - die->gm.base() + scalar::kDeviceMemoryBase, start + size - address->value);
      }
    }
}

// Which launches have ended for certain when each one starts: those that it waits for, and those that they waited for.
std::vector<std::vector<bool>> find_order(const std::vector<sim::LaunchPlan>& plans) {
  std::vector<std::vector<bool>> before(plans.size(), std::vector<bool>(plans.size()));
  for (std::size_t i = 0; i < plans.size(); ++i)
    for (const std::size_t earlier : plans[i].after) {
      before[i][earlier] = true;
      for (std::size_t j = 0; j < earlier; ++j)
        if (before[earlier][j]) before[i][j] = true;
    }
  return before;
}

// Disjoint core ranges on each die of launches that nothing orders, else an Error that names both.
void check_ranges(const DeviceState& die, const std::vector<sim::LaunchPlan>& plans, const std::vector<std::vector<bool>>& before) {
  std::vector<std::vector<std::size_t>> owners(die.context.aic);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const sim::LaunchPlan& plan = plans[i];
    if (plan.die != die.die) continue;
    const std::uint32_t per_group = plan.has_aic ? 1 : die.context.aiv_per_aic;
    const std::uint32_t groups = std::min((plan.block_dim + per_group - 1) / per_group, die.context.aic - plan.first_core);
    for (std::uint32_t g = plan.first_core; g < plan.first_core + groups; ++g) {
      for (const std::size_t other : owners[g])
        if (!before[i][other])
          throw Error("launches of one simulation need disjoint cores, or an order", plan.kernel,
                      "core groups that no other launch uses at the same time", fmt::format("group {} of {}", g, plans[other].kernel));
      owners[g].push_back(i);
    }
  }
}

std::vector<LaunchResult> simulate(DeviceState& state, std::vector<sim::LaunchPlan>& plans, std::span<ConcurrentLaunch> launches) {
  const std::vector<DeviceState*> dies = dies_of(state);
  prepare_l2(dies, plans.front().options.l2, launches);
  std::vector<sim::DieParts> parts;
  for (DeviceState* die : dies) {
    noc::DieRouter* router = state.package ? state.package->routers[die->die].get() : nullptr;
    if (router) router->start();
    parts.push_back({die->context, die->gm, die->path, router});
  }
  sim::Simulation simulation(parts, state.package ? &state.package->fabric : nullptr);
  std::vector<LaunchResult> results = simulation.run(plans);
  for (LaunchResult& result : results) result.bound = find_bound(result);
  return results;
}

// What runs of mode automatic change in global memory before they know that they must run again.
class UndoLog {
 public:
  explicit UndoLog(DeviceState& state) : state_(state) {
    watch([this](std::uint64_t address, std::uint64_t bytes) { keep(address, bytes); });
  }
  ~UndoLog() { watch({}); }
  UndoLog(const UndoLog&) = delete;
  UndoLog& operator=(const UndoLog&) = delete;

  std::vector<sim::UndoStore>* stores() { return &stores_; }
  void undo() {
    for (auto it = stores_.rbegin(); it != stores_.rend(); ++it) std::copy_n(it->old.begin(), it->bytes, state_.gm.at(it->address));
  }

 private:
  void watch(const std::function<void(std::uint64_t, std::uint64_t)>& look) {
    if (!state_.package) return;
    for (const auto& router : state_.package->routers) router->before_effect(look);
  }
  void keep(std::uint64_t address, std::uint64_t bytes) {
    for (std::uint64_t done = 0; done < bytes;) {
      sim::UndoStore store;
      store.address = address + done;
      store.bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(store.old.size(), bytes - done));
      std::copy_n(state_.gm.at(store.address), store.bytes, store.old.begin());
      stores_.push_back(store);
      done += store.bytes;
    }
  }

  DeviceState& state_;
  std::vector<sim::UndoStore> stores_;
};

std::vector<sim::LaunchPlan> make_plans(const std::vector<DeviceState*>& dies, std::span<ConcurrentLaunch> launches) {
  std::vector<sim::LaunchPlan> plans;
  for (ConcurrentLaunch& launch : launches) {
    auto* module = dynamic_cast<LoadedModule*>(launch.module);
    if (!module || std::find(dies.begin(), dies.end(), &module->device()) == dies.end())
      throw Error("wrong module", "run_concurrently", "a module of this device", module ? module->name() : "none");
    for (const std::size_t earlier : launch.after)
      if (earlier >= plans.size())
        throw Error("a launch waits for one that does not come before it", launch.kernel, fmt::format("below {}, its place in the list", plans.size()),
                    fmt::format("{}", earlier));
    plans.push_back(module->plan(launch.kernel, launch.arguments, launch.options));
    plans.back().after = launch.after;
    LaunchOptions& options = plans.back().options;
    const LaunchOptions& first = launches.front().options;
    // Full and timing-only launches may stand side by side; the other modes are of the whole simulation.
    const auto stands_beside_others = [](Mode mode) { return mode == Mode::full || mode == Mode::timing_only; };
    if (!stands_beside_others(options.mode) || !stands_beside_others(first.mode)) options.mode = first.mode;
    options.sync = first.sync;
    options.l2 = first.l2;
  }
  return plans;
}

}  // namespace

std::vector<LaunchResult> run_launches(DeviceState& state, std::span<ConcurrentLaunch> launches) {
  if (launches.empty()) return {};
  // Threads that share a device or a package take turns: a launch owns its L2 and its marks.
  const std::lock_guard turn(state.package ? state.package->launching : state.launching);
  const std::vector<DeviceState*> dies = dies_of(state);
  std::vector<sim::LaunchPlan> plans = make_plans(dies, launches);
  const std::vector<std::vector<bool>> order = find_order(plans);
  for (const DeviceState* die : dies) check_ranges(*die, plans, order);
  if (launches.front().options.mode != Mode::automatic) return simulate(state, plans, launches);

  // Timing only first; where control flow needs computed data, everything again in full. Scalar stores to global memory and
  // messages of peers are undone.
  const std::vector<memory::DeviceMemory*> memories = memories_of(state);
  for (memory::DeviceMemory* memory : memories) memory->remember_marks();
  UndoLog undo(state);
  for (sim::LaunchPlan& plan : plans) {
    plan.options.mode = Mode::timing_only;
    plan.undo = undo.stores();
  }
  std::vector<LaunchResult> results = simulate(state, plans, launches);
  const auto needs_data = [](const LaunchResult& r) { return r.fault.kind == FaultKind::needs_data; };
  if (std::none_of(results.begin(), results.end(), needs_data)) {
    for (memory::DeviceMemory* memory : memories) memory->keep_marks();
    return results;
  }
  undo.undo();
  for (memory::DeviceMemory* memory : memories) memory->undo_marks();
  for (sim::LaunchPlan& plan : plans) {
    plan.options.mode = Mode::full;
    plan.undo = nullptr;
  }
  results = simulate(state, plans, launches);
  for (LaunchResult& result : results) result.reran_in_full = true;
  return results;
}

}  // namespace vitruvian::runtime

#include "src/sim/simulation.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include "src/sim/chip.h"
#include "src/sim/context.h"

namespace vitruvian::sim {

struct Simulation::State {
  SystemCContext context;
  std::vector<std::unique_ptr<Chip>> dies;
  noc::Fabric* fabric;
  std::unique_ptr<Stepper> scheduler;          // starts launches whose turn has come

  // A launch in the run, beside its plan.
  struct Task {
    const LaunchPlan* plan = nullptr;
    std::size_t number = 0;                    // among the launches of its die
    std::size_t waits_for = 0;
    std::vector<std::size_t> followers;
  };
  std::vector<Task> tasks;
  std::vector<std::vector<std::size_t>> tasks_of_die;
  std::vector<std::size_t> just_ended;
  std::size_t unfinished = 0;

  State(const std::vector<DieParts>& parts, noc::Fabric* peers) : fabric(peers) {
    // Warnings and errors of SystemC become exceptions of the caller, never text of a library.
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_THROW);
    sc_core::sc_set_time_resolution(1, sc_core::SC_PS);
    for (const DieParts& die : parts) dies.push_back(std::make_unique<Chip>(("die" + std::to_string(dies.size())).c_str(), die));
    scheduler = std::make_unique<Stepper>("task_scheduler", [this](Cycle) { step_scheduler(); });
  }
  ~State() {
    scheduler.reset();
    dies.clear();
  }

  bool all_ended() const { return unfinished == 0; }
  bool faulted() const {
    return std::any_of(dies.begin(), dies.end(), [](const auto& die) { return die->faulted(); });
  }
  bool report_progress(const std::vector<LaunchPlan>& plans) const {
    bool goes_on = true;
    for (const LaunchPlan& plan : plans)
      if (plan.options.progress && !plan.options.progress(dies[plan.die]->progress())) goes_on = false;
    return goes_on;
  }
  void place(const std::vector<LaunchPlan>& plans, Cycle latency, Cycle gap);
  void start(const Task& task, Cycle delay);
  void step_scheduler();
  std::vector<LaunchResult> results(const std::vector<LaunchPlan>& plans) const;
  Cycle gap_ = 0;
};

void Simulation::State::place(const std::vector<LaunchPlan>& plans, Cycle latency, Cycle gap) {
  gap_ = gap;
  unfinished = plans.size();
  tasks.resize(plans.size());
  tasks_of_die.resize(dies.size());
  std::vector<std::vector<const LaunchPlan*>> own(dies.size());
  for (std::size_t i = 0; i < plans.size(); ++i) {
    tasks[i] = {&plans[i], own[plans[i].die].size(), plans[i].after.size(), {}};
    own[plans[i].die].push_back(&plans[i]);
    tasks_of_die[plans[i].die].push_back(i);
    for (std::size_t earlier : plans[i].after) tasks[earlier].followers.push_back(i);
  }
  for (std::size_t die = 0; die < dies.size(); ++die)
    dies[die]->expect(std::move(own[die]), [this, die](std::size_t number, Cycle now) {
      just_ended.push_back(tasks_of_die[die][number]);
      scheduler->wake(now);  // not from here: the core that reports its end is still at work
    });
  if (fabric) fabric->start(now_cycle());
  for (const Task& task : tasks)
    if (task.waits_for == 0) start(task, latency);
}

void Simulation::State::start(const Task& task, Cycle delay) {
  dies[task.plan->die]->place(task.number, delay);
  if (fabric && task.plan->options.stage != 0) fabric->start_stage(task.plan->options.stage, now_cycle());
}

// Launches that end in one cycle, and those that follow them, in the order of the list, whoever reported its end first.
void Simulation::State::step_scheduler() {
  std::vector<std::size_t> ready;
  std::sort(just_ended.begin(), just_ended.end());
  for (std::size_t ended : just_ended) {
    dies[tasks[ended].plan->die]->close(tasks[ended].number);
    --unfinished;
    for (std::size_t follower : tasks[ended].followers)
      if (--tasks[follower].waits_for == 0) ready.push_back(follower);
  }
  just_ended.clear();
  std::sort(ready.begin(), ready.end());
  for (std::size_t next : ready) start(tasks[next], gap_);
}

std::vector<LaunchResult> Simulation::State::results(const std::vector<LaunchPlan>& plans) const {
  std::vector<std::vector<LaunchResult>> by_die;
  for (const auto& die : dies) by_die.push_back(die->results());
  std::vector<std::size_t> next(dies.size(), 0);
  std::vector<LaunchResult> results;
  for (const LaunchPlan& plan : plans) results.push_back(std::move(by_die[plan.die][next[plan.die]++]));
  return results;
}

Simulation::Simulation(const std::vector<DieParts>& dies, noc::Fabric* fabric)
    : state_(std::make_unique<State>(dies, fabric)), launch_latency_(dies.front().context.launch_latency), launch_gap_(dies.front().context.launch_gap) {}

Simulation::~Simulation() = default;

std::vector<LaunchResult> Simulation::run(const std::vector<LaunchPlan>& plans) {
  const auto begin = std::chrono::steady_clock::now();
  State& state = *state_;
  state.place(plans, launch_latency_, launch_gap_);
  // In slices of simulated time, so that progress can be shown and a run can be stopped.
  constexpr Cycle kSlice = 20'000;
  while (!state.all_ended() && !state.faulted() && sc_core::sc_pending_activity()) {
    const sc_core::sc_time ahead = sc_core::sc_time_to_pending_activity();
    // Time stands still at the last event: the cycle of a deadlock is when the last pipe stopped.
    sc_core::sc_start(ahead + sc_core::sc_time::from_value(kSlice), sc_core::SC_EXIT_ON_STARVATION);
    if (state.faulted()) break;
    if (!state.report_progress(plans)) throw Error("the run was stopped", plans.front().kernel, "", "");
  }
  for (const auto& die : state.dies)
    if (!state.faulted() && !state.all_ended()) die->report_deadlock();
  std::vector<LaunchResult> results = state.results(plans);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  for (LaunchResult& result : results) result.wall_s = wall;
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

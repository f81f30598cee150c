#include "src/sim/chip.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "isa/control_words.h"

namespace vitruvian::sim {

namespace {

// Without a clock there are no cycles: operations, bytes and instructions remain.
void forget_cycles(CoreCounters& core) {
  core.start = core.end = 0;
  for (PipeCounters& pipe : core.pipes) {
    pipe.busy = pipe.idle = pipe.assumed_busy = 0;
    pipe.stall = {};
  }
}

}  // namespace

ChipContext::ChipContext(const chip::ChipSpec& s) : spec(s), units(s), timing(ChipTiming::from(s)) {
  using chip::Param;
  cross_core.latency = s.get_integer(Param::cross_core_latency);
  cross_core.interval = s.get_integer(Param::cross_core_interval);
  cross_core.counter_max = static_cast<unsigned>(s.get_integer(Param::cross_core_counter_max));
  launch_latency = static_cast<Cycle>(std::llround(s.cycles_from_us(s.get(Param::launch_latency))));
  launch_ramp = s.cycles_from_us(s.get(Param::launch_ramp));
  aic = static_cast<std::uint32_t>(s.get_integer(Param::aic_count));
  aiv_per_aic = static_cast<std::uint32_t>(s.get_integer(Param::aiv_per_aic));
  l2_slices = static_cast<std::uint32_t>(s.get_integer(Param::l2_slices));
  hbm_stacks = static_cast<std::uint32_t>(s.get_integer(Param::hbm_stacks));
}

Chip::Chip(sc_core::sc_module_name name, const DieParts& die)
    : sc_module(name),
      context_(die.context),
      gm_(die.gm),
      l2_(die.l2),
      router_(die.router),
      path_(die.router ? static_cast<memory::GmPath&>(*die.router) : die.l2),
      cross_scheduler_(context_.cross_core) {
  cores_.resize(context_.aic * (1 + context_.aiv_per_aic));
  const auto add_core = [&](GroupModule& group, unsigned index, bool is_aic, const std::string& core_name, const std::string& place) {
    Core& core = cores_[index];
    core.model = std::make_unique<CoreModel>(core_name, is_aic, index, context_.timing, context_.units, *this);
    group.cores.push_back(std::make_unique<CoreModule>(place.c_str(), *core.model));
    core.module = group.cores.back().get();
  };
  for (std::uint32_t g = 0; g < context_.aic; ++g) {
    // Children are created inside the group's construction scope, so that their names nest.
    struct Building : GroupModule {
      Building(sc_core::sc_module_name n, const std::function<void(GroupModule&)>& fill) : GroupModule(n) { fill(*this); }
    };
    groups_.push_back(std::make_unique<Building>(fmt::format("group{}", g).c_str(), [&](GroupModule& group) {
      add_core(group, g, true, fmt::format("aic{}", g), "aic");
      for (std::uint32_t s = 0; s < context_.aiv_per_aic; ++s)
        add_core(group, aiv_index(g, s), false, fmt::format("aiv{}", g * context_.aiv_per_aic + s), fmt::format("aiv{}", s));
    }));
  }
  memory_ = std::make_unique<MemoryModule>("memory", context_.l2_slices, context_.hbm_stacks, router_ != nullptr, [this](Cycle now) { advance_memory(now); });
  if (router_) router_->on_work([this] { memory_changed(); });
  ffts_ = std::make_unique<Stepper>("ffts", [this](Cycle now) { step_cross(now); });
}

// Cores that the resident-th group slot of a launch occupies.
std::vector<unsigned> Chip::cores_of_block(const Launch& launch, std::uint32_t resident) const {
  const LaunchPlan& plan = *launch.plan;
  std::vector<unsigned> cores;
  if (!plan.has_aic) return {aiv_index(plan.first_core, 0) + resident};
  cores.push_back(plan.first_core + resident);
  for (std::uint32_t s = 0; s < plan.aiv_per_group; ++s) cores.push_back(aiv_index(plan.first_core + resident, s));
  return cores;
}

void Chip::place(const std::vector<const LaunchPlan*>& plans) {
  launches_.resize(plans.size());
  const Cycle now = now_cycle();
  for (std::size_t i = 0; i < plans.size(); ++i) {
    Launch& launch = launches_[i];
    const LaunchPlan& plan = *plans[i];
    launch.plan = &plan;
    launch.start = now;
    const std::uint32_t groups = context_.aic - plan.first_core;
    const std::uint32_t capacity = plan.has_aic ? groups : groups * context_.aiv_per_aic;
    const std::uint32_t resident = std::min(plan.block_dim, capacity);
    launch.cross = std::make_unique<pipe::CrossCoreFlags>(cross_scheduler_, plan.block_dim, plan.has_aic, plan.aiv_per_group);
    launch.groups_busy.assign(resident, 0);
    for (std::uint32_t r = 0; r < resident; ++r) {
      for (unsigned core : cores_of_block(launch, r)) {
        ensure(!cores_[core].used, "launches of one simulation use disjoint cores");
        prepare_core(core, i);
        launch.cores.push_back(core);
      }
    }
    std::sort(launch.cores.begin(), launch.cores.end());
    const bool timed = plan.options.mode != Mode::functional_only;
    for (std::uint32_t r = 0; r < resident; ++r) {
      const Cycle ramp = static_cast<Cycle>(std::llround(context_.launch_ramp * r));
      begin_block(i, r, r, timed ? now + context_.launch_latency + ramp : now + 1);
    }
    launch.next_block = resident;
    ++running_launches_;
  }
}

void Chip::prepare_core(unsigned index, std::size_t launch_index) {
  Core& core = cores_[index];
  core.used = true;
  core.launch = static_cast<int>(launch_index);
  const LaunchOptions& options = launches_[launch_index].plan->options;
  CoreModel::LaunchSetup setup;
  setup.gm = &gm_;
  setup.path = &path_;
  setup.port = static_cast<std::uint16_t>(index);
  setup.settings.timed = options.mode != Mode::functional_only;
  setup.settings.data = options.mode != Mode::timing_only;
  setup.settings.strict = options.sync == Sync::strict;
  setup.settings.trace = options.trace;
  setup.settings.steering_bytes = options.steering_bytes;
  setup.runahead = options.runahead_limit;
  setup.instruction_limit = options.instruction_limit;
  setup.undo = launches_[launch_index].plan->undo;
  core.model->set_up(setup);
}

void Chip::begin_block(std::size_t launch_index, std::uint32_t block, std::uint32_t resident, Cycle when) {
  Launch& launch = launches_[launch_index];
  const LaunchPlan& plan = *launch.plan;
  launch.first_start = std::min(launch.first_start, when);
  for (unsigned index : cores_of_block(launch, resident)) {
    Core& core = cores_[index];
    core.block = resident;
    const bool is_aic = core.model->is_aic();
    const std::uint32_t sub = is_aic || !plan.has_aic ? 0 : index - aiv_index(plan.first_core + resident, 0);
    core.place = {block, is_aic, sub};
    scalar::CoreIdentity identity;
    identity.is_aic = is_aic;
    identity.core_id = is_aic ? index : index - context_.aic;
    identity.block_id = block;
    identity.block_num = plan.block_dim;
    identity.sub_block_id = sub;
    identity.sub_block_dim = std::max(1u, plan.aiv_per_group);
    identity.task_ratio = plan.has_aic && !is_aic ? plan.aiv_per_group : 1;
    identity.tiling_key = plan.options.tiling_key;
    identity.system_workspace = plan.system_workspace;
    identity.name = core.model->name();
    core.model->begin(identity, is_aic ? plan.aic : plan.aiv, when);
    ++launch.groups_busy[resident];
    ++launch.cores_running;
  }
}

void Chip::outside_written(std::uint64_t low, std::uint64_t high, Cycle now) {
  if (router_) router_->written(low, high, now);
}

void Chip::core_ended(unsigned index, Cycle now) {
  Core& core = cores_[index];
  Launch& launch = launches_[static_cast<std::size_t>(core.launch)];
  launch.end = std::max(launch.end, now);
  --launch.cores_running;
  if (--launch.groups_busy[core.block] == 0) {
    ++launch.finished_blocks;
    if (launch.next_block < launch.plan->block_dim) {
      const Cycle ramp = launch.plan->options.mode == Mode::functional_only ? 1 : static_cast<Cycle>(std::llround(context_.launch_ramp)) + 1;
      begin_block(static_cast<std::size_t>(core.launch), launch.next_block++, core.block, now + ramp);
    }
  }
  if (launch.cores_running == 0) --running_launches_;
}

void Chip::memory_changed() {
  const Cycle next = path_.next_event();
  if (next != kNever) memory_->path->wake(next);
}

void Chip::advance_memory(Cycle now) {
  completions_.clear();
  path_.advance(now, completions_);
  for (const memory::Completion& completion : completions_) {
    Core& core = cores_[completion.port];
    const int pipe = core.model->complete(completion);
    if (pipe >= 0) core.module->pipes[static_cast<std::size_t>(pipe)]->wake(now);
  }
  memory_changed();
}

// Messages of one cycle go to the scheduler in the order of their cores, whoever had its turn first in that cycle: it takes
// them a cycle later, as if they had come then.
void Chip::cross_send(unsigned index, const CrossCoreMessage& message) {
  cross_sent_.push_back({index, cores_[index].place, message});
  ffts_->wake(message.sent + 1);
}

void Chip::step_cross(Cycle now) {
  accept_cross(now);
  deliver_cross(now);
  Cycle next = cross_sent_.empty() ? kNever : now + 1;
  if (!cross_pending_.empty()) next = std::min(next, cross_pending_.front().increment.when);
  if (next != kNever) ffts_->wake(next);
}

void Chip::accept_cross(Cycle now) {
  const auto later = std::stable_partition(cross_sent_.begin(), cross_sent_.end(), [now](const Sent& s) { return s.message.sent < now; });
  std::stable_sort(cross_sent_.begin(), later, [](const Sent& a, const Sent& b) { return a.core < b.core; });
  for (auto sent = cross_sent_.begin(); sent != later; ++sent) {
    const auto launch = static_cast<std::size_t>(cores_[sent->core].launch);
    const auto mode = static_cast<unsigned>(isa::ffts::mode.get(sent->message.word));
    const auto id = static_cast<unsigned>(isa::ffts::flag_id.get(sent->message.word));
    std::vector<pipe::CrossCoreFlags::Increment> increments;
    if (!launches_[launch].cross->send(sent->place, mode, id, sent->message.sent, increments))
      cross_fault(sent->core, sent->message,
                  fmt::format("cross-core message with mode {} and flag {}: expected mode 0, 1 or 2 between cores that the launch has", mode, id));
    for (const auto& increment : increments) cross_pending_.push_back({*sent, launch, increment});
  }
  cross_sent_.erase(cross_sent_.begin(), later);
}

void Chip::deliver_cross(Cycle now) {
  // Messages leave the scheduler in order and travel equally long: the queue is sorted by time.
  while (!cross_pending_.empty() && cross_pending_.front().increment.when <= now) {
    const Pending pending = cross_pending_.front();
    cross_pending_.pop_front();
    Launch& launch = launches_[pending.launch];
    const bool fits = launch.cross->apply(pending.increment);
    for (unsigned index : launch.cores) {
      Core& core = cores_[index];
      if (launch.cross->slot(core.place) != pending.increment.slot) continue;
      if (!fits)
        return cross_fault(pending.from.core, pending.from.message,
                           fmt::format("flag {} of {} has {} pending sets: one more overflows its counter", pending.increment.id, core.model->name(),
                                       context_.cross_core.counter_max));
      core.model->cross_arrived(now);
    }
  }
}

void Chip::cross_fault(unsigned index, const CrossCoreMessage& message, std::string detail) {
  Fault bad;
  bad.kind = FaultKind::flag_misuse;
  bad.core = cores_[index].model->name();
  bad.pipe = message.pipe;
  bad.detail = std::move(detail);
  fault(index, bad, message.pc);
}

bool Chip::cross_take(unsigned index, unsigned id) {
  Core& core = cores_[index];
  Launch& launch = launches_[static_cast<std::size_t>(core.launch)];
  return launch.cross->take(launch.cross->slot(core.place), id);
}

void Chip::fault(unsigned index, Fault fault, std::uint64_t pc) {
  if (fault_) return;  // the first one in simulated time counts
  Core& core = cores_[index];
  fault_launch_ = core.launch;
  const Launch& launch = launches_[static_cast<std::size_t>(core.launch)];
  fault.cycle = now_cycle() - launch.start;
  fault.pc = pc;
  if (launch.plan->describe && pc) launch.plan->describe(fault, pc);
  fault_ = fault;
  sc_core::sc_stop();
}

std::string Chip::source_line(unsigned core, std::uint64_t pc) const {
  const LaunchPlan& plan = *launches_[static_cast<std::size_t>(cores_[core].launch)].plan;
  return plan.source_line ? plan.source_line(pc) : "";
}

void Chip::report_deadlock() {
  if (fault_) return;
  Fault fault;
  fault.kind = FaultKind::deadlock;
  fault.cycle = now_cycle();
  for (std::size_t i = 0; i < launches_.size(); ++i) {
    const Launch& launch = launches_[i];
    for (unsigned index : launch.cores) {
      for (const CoreModel::Waiting& w : cores_[index].model->waiting()) {
        if (fault.core.empty()) {
          fault_launch_ = static_cast<int>(i);
          fault.core = cores_[index].model->name();
          fault.pipe = w.pipe;
          fault.pc = w.pc;
          if (launch.plan->describe) launch.plan->describe(fault, w.pc);
        }
        const std::string line = launch.plan->source_line ? launch.plan->source_line(w.pc) : "";
        fault.detail += fmt::format("{}{} {} waits for {} at pc {:#x}{}", fault.detail.empty() ? "" : "\n  ", cores_[index].model->name(), w.pipe, w.what,
                                    w.pc, line.empty() ? "" : " (" + line + ")");
      }
    }
  }
  fault_ = fault;
}

void Chip::print(unsigned index, const std::string& line) {
  const Core& core = cores_[index];
  launches_[static_cast<std::size_t>(core.launch)].printed.push_back(fmt::format("[{}] {}", core.model->name(), line));
}

void Chip::trace(const TraceEvent& event) { launches_[static_cast<std::size_t>(cores_[event.core].launch)].events.push_back(event); }

double Chip::progress() const {
  double done = 0, all = 0;
  for (const Launch& launch : launches_) {
    done += launch.finished_blocks;
    all += launch.plan->block_dim;
  }
  return all > 0 ? done / all : 1;
}

namespace {

void add_remote(const noc::RemoteCounters& remote, MemoryCounters& counters) {
  counters.remote_bytes_read = remote.bytes_read;
  counters.remote_bytes_written = remote.bytes_written;
  counters.die_link_busy_share = remote.link_busy_share;
  counters.fabric_busy_share = remote.fabric_busy_share;
}

}  // namespace

LaunchResult Chip::result_of(const Launch& launch) const {
  LaunchResult result;
  const LaunchOptions& options = launch.plan->options;
  const bool timed = options.mode != Mode::functional_only;
  result.kernel = launch.plan->kernel;
  result.chip = context_.spec.name();
  result.mode = to_string(options.mode);
  result.sync = to_string(options.sync);
  result.l2 = to_string(options.l2);
  result.die = launch.plan->die;
  const Cycle end = launch.cores_running == 0 ? launch.end : now_cycle();
  if (timed) {
    result.cycles = end - launch.start;
    result.memory = l2_.counters(result.cycles);
    if (router_) add_remote(router_->counters(result.cycles), result.memory);
    result.time_us = context_.spec.us_from_cycles(static_cast<double>(result.cycles));
    result.core_time_us = context_.spec.us_from_cycles(static_cast<double>(end - std::min(end, launch.first_start)));
  }
  double busy = 0, assumed = 0;
  std::vector<std::uint16_t> position(cores_.size(), 0);
  for (unsigned index : launch.cores) {
    position[index] = static_cast<std::uint16_t>(result.cores.size());
    CoreModel& model = *cores_[index].model;
    CoreCounters counters = model.close(end);
    counters.start -= std::min(counters.start, launch.start);
    counters.end -= launch.start;
    counters.finished -= std::min(counters.finished, launch.start);
    if (!timed) forget_cycles(counters);
    for (const PipeCounters& pipe : counters.pipes) {
      busy += static_cast<double>(pipe.busy);
      assumed += static_cast<double>(pipe.assumed_busy);
    }
    result.hazard_waits += model.hazard_waits();
    result.pipe_operations += model.operations();
    result.scalar_instructions += model.instructions();
    result.cores.push_back(std::move(counters));
  }
  result.assumed_share = busy > 0 ? assumed / busy : 0;
  result.printed = launch.printed;
  result.events = launch.events;
  for (TraceEvent& event : result.events) {
    event.core = position[event.core];
    event.issue -= launch.start;
    event.start -= launch.start;
    event.finish -= launch.start;
  }
  return result;
}

std::vector<LaunchResult> Chip::results() const {
  std::vector<LaunchResult> results;
  for (std::size_t i = 0; i < launches_.size(); ++i) {
    results.push_back(result_of(launches_[i]));
    if (static_cast<int>(i) == fault_launch_) results.back().fault = fault_;
  }
  return results;
}

}  // namespace vitruvian::sim

#include "src/sim/core_model.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "isa/control_words.h"
#include "src/mte/request_splitter.h"

namespace vitruvian::sim {

using pipe::Kind;
using pipe::Operation;

ChipTiming ChipTiming::from(const chip::ChipSpec& spec) {
  using chip::Param;
  const auto whole = [&](Param p) { return spec.get_integer(p); };
  ChipTiming t;
  t.pipe.flag_issue = whole(Param::flag_issue);
  t.pipe.flag_propagation = whole(Param::flag_propagation);
  t.pipe.barrier = whole(Param::barrier_cost);
  t.pipe.flag_ids = static_cast<unsigned>(whole(Param::flag_ids));
  const auto depth = [&](isa::Pipe code, Param p) { t.queue_depth[static_cast<std::size_t>(code)] = whole(p); };
  depth(isa::Pipe::V, Param::queue_v);
  depth(isa::Pipe::M, Param::queue_m);
  depth(isa::Pipe::MTE1, Param::queue_mte1);
  depth(isa::Pipe::MTE2, Param::queue_mte2);
  depth(isa::Pipe::MTE3, Param::queue_mte3);
  depth(isa::Pipe::FIX, Param::queue_fix);
  t.scalar_aic = scalar::ScalarTiming::from(spec, true);
  t.scalar_aiv = scalar::ScalarTiming::from(spec, false);
  t.ub = whole(Param::ub_bytes);
  t.l1 = whole(Param::l1_bytes);
  t.l0a = whole(Param::l0a_bytes);
  t.l0b = whole(Param::l0b_bytes);
  t.l0c = whole(Param::l0c_bytes);
  t.bt = whole(Param::bt_bytes);
  t.fb = whole(Param::fb_bytes);
  t.dma = mte::make_dma_timing(spec);
  const auto any_assumed = [&](std::initializer_list<Param> params) {
    return std::any_of(params.begin(), params.end(), [&](Param p) { return spec.is_assumed(p); });
  };
  t.scalar_assumed = any_assumed({Param::scalar_alu, Param::scalar_mul, Param::scalar_fp, Param::scalar_branch_taken, Param::scalar_spr, Param::scalar_issue});
  t.memory_assumed = any_assumed({Param::l2_hit_latency, Param::l2_miss_latency, Param::l2_write_latency, Param::l2_slice_width, Param::l2_request_cost,
                                  Param::l2_same_line_interval, Param::tlb_miss, Param::hbm_efficiency, Param::hbm_turnaround});
  return t;
}

// The transfer side of one pipe: its DMA engine on the memory system.
class CoreModel::Port final : public pipe::TransferPort {
 public:
  Port(mte::DmaEngine engine, memory::GmPath& path, const memory::DeviceMemory& gm, CoreHost& host)
      : engine_(std::move(engine)), path_(path), gm_(gm), host_(host) {}

  void submit(const Operation& op, std::uint32_t id, Cycle first_request) override {
    mte::Transfer transfer;
    transfer.id = id;
    const memory::Access* read = op.footprint.find(memory::Space::GM, false);
    const memory::Access* write = op.footprint.find(memory::Space::GM, true);
    transfer.gm = read && !write ? *read : *write;
    transfer.shape = is_nd2nz(op.issued.op) ? mte::Shape::nd2nz : mte::Shape::plain;
    transfer.start = first_request;
    transfer.core_side = op.cost.occupancy;
    transfer.atomic = read && write;
    transfer.far = !gm_.owns(transfer.gm.base, 1);
    transfer.fixpipe = op.issued.pipe == isa::Pipe::FIX;
    if (transfer.fixpipe && isa::fixpipe::nz2nd.get(op.issued.operand[3]) != 0) transfer.largest = mte::kLargestFixpipeRow;
    engine_.submit(transfer);
  }
  void pump(Cycle now) override {
    engine_.pump(now, path_);
    host_.memory_changed();
  }
  bool wants_pump() const override { return engine_.wants_pump(); }
  Cycle issued(std::uint32_t id) const override { return engine_.issued(id).value_or(kNever); }
  Cycle expected_issue(std::uint32_t id, Cycle now) const override { return engine_.expected_issue(id, now); }
  bool pop_done(std::uint32_t& id, Cycle& finish) override {
    const std::optional<mte::TransferDone> done = engine_.pop_done();
    if (!done) return false;
    id = done->id;
    finish = done->finish;
    return true;
  }
  mte::DmaEngine& engine() { return engine_; }
  int pipe_index = -1;
  std::uint8_t tag = 0;

 private:
  static bool is_nd2nz(isa::Op op) {
    return op == isa::Op::copy_gm_to_cbuf_multi_nd2nz_b8 || op == isa::Op::copy_gm_to_cbuf_multi_nd2nz_b16 ||
           op == isa::Op::copy_gm_to_cbuf_multi_nd2nz_b32s;
  }
  mte::DmaEngine engine_;
  memory::GmPath& path_;
  const memory::DeviceMemory& gm_;
  CoreHost& host_;
};

CoreModel::CoreModel(std::string name, bool is_aic, unsigned index, const ChipTiming& timing, const UnitTable& units, CoreHost& host)
    : name_(std::move(name)), is_aic_(is_aic), index_(index), timing_(timing), units_(units), host_(host) {
  shared_.memory = &memory_;
  shared_.timing = timing.pipe;
  index_of_.fill(-1);
  using isa::Pipe;
  const auto add = [&](Pipe code) {
    const auto at = static_cast<unsigned>(pipes_.size());
    index_of_[static_cast<std::size_t>(code)] = static_cast<int>(at);
    pipes_.push_back(std::make_unique<pipe::PipeModel>(isa::to_string(code), code, at, timing.queue_depth[static_cast<std::size_t>(code)],
                                                       shared_, *this));
  };
  if (is_aic)
    for (Pipe code : {Pipe::M, Pipe::MTE1, Pipe::MTE2, Pipe::MTE3, Pipe::FIX}) add(code);
  else
    for (Pipe code : {Pipe::V, Pipe::MTE2, Pipe::MTE3}) add(code);
  scalar_.pipe = "S";
}

CoreModel::~CoreModel() = default;

void CoreModel::set_up(const LaunchSetup& setup) {
  setup_ = setup;
  shared_.settings = setup.settings;
  using memory::Buffer;
  using memory::Space;
  if (is_aic_) {
    memory_.l1 = Buffer(Space::L1, timing_.l1);
    memory_.l0a = Buffer(Space::L0A, timing_.l0a);
    memory_.l0b = Buffer(Space::L0B, timing_.l0b);
    memory_.l0c = Buffer(Space::L0C, timing_.l0c);
    memory_.bt = Buffer(Space::BT, timing_.bt);
    memory_.fb = Buffer(Space::FB, timing_.fb);
  } else {
    memory_.ub = Buffer(Space::UB, timing_.ub);
    if (!setup.settings.data) memory_.ub.enable_marks();
  }
  memory_.gm = setup.gm;
  if (setup.settings.strict) {
    std::array<std::size_t, memory::kSpaceCount> sizes{};
    for (int i = 0; i < memory::kSpaceCount; ++i)
      if (const Buffer* buffer = memory_.find(static_cast<Space>(i))) sizes[static_cast<std::size_t>(i)] = buffer->size();
    order_ = std::make_unique<pipe::OrderTracker>(static_cast<unsigned>(pipes_.size() + 1), sizes);
  }
  const auto attach = [&](isa::Pipe code, mte::Direction direction, std::uint8_t tag) {
    const int at = index_of_[static_cast<std::size_t>(code)];
    auto made = std::make_unique<Port>(mte::DmaEngine(timing_.dma, direction, is_aic_, setup.port, tag), *setup.path, *setup.gm, host_);
    made->pipe_index = at;
    made->tag = tag;
    pipes_[static_cast<std::size_t>(at)]->attach(made.get());
    ports_.push_back(std::move(made));
  };
  if (!setup.settings.timed) return;
  attach(isa::Pipe::MTE2, mte::Direction::read, kReadEngine);
  attach(isa::Pipe::MTE3, mte::Direction::write, kWriteEngine);
  if (is_aic_) attach(isa::Pipe::FIX, mte::Direction::write, kFixpipeEngine);
}

void CoreModel::begin(const scalar::CoreIdentity& identity, const CoreProgram& program, Cycle now) {
  const bool first = !front_;
  if (front_) {
    retired_before_ += front_->retired();
    scalar_.idle += now - scalar_end_;
  } else {
    started_ = now;
  }
  if (order_) order_->restart();
  if (first) {
    front_ = scalar::make_rv64x(program.decoded, memory_, is_aic_ ? timing_.scalar_aic : timing_.scalar_aiv);
    for (auto& pipe : pipes_) pipe->reset(now);
  }
  shared_.flags.reset();
  front_->start(identity, program.entry, program.arguments, now);
  pending_ = false;
  running_ = program_cut_ = true;
  ended_ = false;
  wait_ = Wait::none;
  host_.wake_scalar(index_, now);
}

bool CoreModel::drained() const {
  return std::all_of(pipes_.begin(), pipes_.end(), [](const auto& pipe) { return pipe->drained(); });
}

void CoreModel::step_pipe(unsigned pipe, Cycle now) { pipes_[pipe]->step(now); }

int CoreModel::complete(const memory::Completion& completion) {
  if (mte::DmaEngine::engine_of(completion) == kScalarEngine) {
    outside_back_ = completion.finish;
    host_.wake_scalar(index_, completion.finish);
    return -1;
  }
  for (auto& port : ports_) {
    if (port->tag != mte::DmaEngine::engine_of(completion)) continue;
    port->engine().complete(completion);
    return port->pipe_index;
  }
  return -1;
}

void CoreModel::cross_arrived(Cycle now) {
  if (running_ && wait_ == Wait::cross) host_.wake_scalar(index_, now);
}

void CoreModel::cross_send(const Operation& op, Cycle now) {
  host_.cross_send(index_, {op.message, now, op.issued.pc, pipes_[op.pipe_index]->name()});
}

void CoreModel::flag_raised(unsigned destination_code, Cycle visible) {
  if (destination_code == 0) {
    if (running_ && wait_ == Wait::flag) host_.wake_scalar(index_, visible);
    return;
  }
  const int at = pipe_index_of(destination_code);
  if (at >= 0) host_.wake_pipe(index_, static_cast<unsigned>(at), visible);
}

void CoreModel::retired(const Operation& op) {
  if (op.kind == Kind::work) {
    const memory::Access* written = op.uses_gm ? op.footprint.find(memory::Space::GM, true) : nullptr;
    if (written && !memory_.gm->owns(written->base, 1)) host_.outside_written(written->low(), written->high(), op.finish);
    if (op.cost.assumed || (op.uses_gm && timing_.memory_assumed)) assumed_busy_[op.pipe_index] += op.finish - op.start;
    if (shared_.settings.trace) {
      TraceEvent event;
      event.core = static_cast<std::uint16_t>(index_);
      event.pipe = static_cast<std::uint8_t>(op.pipe_index + 1);
      event.op = static_cast<std::uint16_t>(op.issued.op);
      event.stall = op.late;
      event.pc = op.issued.pc;
      event.issue = op.issue;
      event.start = op.start;
      event.finish = op.finish;
      for (const memory::Access& access : op.footprint)
        if (access.write) event.bytes += static_cast<std::uint32_t>(access.total_bytes());
      host_.trace(event);
    }
    // Pipes that wait for a conflicting operation look again.
    for (std::size_t i = 0; i < pipes_.size(); ++i) {
      const StallReason reason = pipes_[i]->waiting_for();
      if (i != op.pipe_index && pipes_[i]->head() && (reason == StallReason::hazard || reason == StallReason::unit_flag))
        host_.wake_pipe(index_, static_cast<unsigned>(i), op.finish);
    }
  }
  if (!running_ || wait_ == Wait::retire) host_.wake_scalar(index_, op.finish);
}

void CoreModel::space_in_queue(unsigned pipe_index) {
  if (running_ && wait_ == Wait::queue && wait_pipe_ == static_cast<int>(pipe_index)) host_.wake_scalar(index_, 0);
}

void CoreModel::raise(const Operation& op, const pipe::OperandFault& fault) {
  Fault full;
  full.kind = fault.kind;
  full.core = name_;
  full.pipe = pipes_[op.pipe_index]->name();
  full.detail = fault.detail;
  host_.fault(index_, full, op.issued.pc);
}

std::string CoreModel::describe(const std::string& what, const pipe::OrderTracker::Conflict& conflict) const {
  const auto range = [](const memory::Access& a) {
    return fmt::format("{} {} [{:#x}, {:#x})", a.write ? "writes" : "reads", to_string(a.space), a.low(), a.high());
  };
  const pipe::OrderTracker::Record& other = *conflict.other;
  const std::string line = host_.source_line(index_, other.pc);
  return fmt::format("{} {} and {} of {} at pc {:#x}{} {}: nothing orders them", what, range(conflict.mine),
                     other.pipe == isa::Pipe::S ? "a scalar access" : isa::mnemonic(other.op), isa::to_string(other.pipe), other.pc,
                     line.empty() ? "" : " (" + line + ")", range(conflict.theirs));
}

void CoreModel::follow_order(const Operation& op) {
  const unsigned pipe = op.pipe_index + 1u;
  const auto code = static_cast<unsigned>(pipes_[op.pipe_index]->code());
  switch (op.kind) {
    case Kind::set_flag: return order_->set_flag(pipe, op.clock, code, op.pair_pipe, op.flag_id);
    case Kind::wait_flag: return order_->wait_flag(pipe, op.clock, op.pair_pipe, code, op.flag_id);
    case Kind::barrier: return order_->barrier(pipe, op.clock);
    case Kind::cross_set: return order_->cross_sent(pipe, op.clock);
    case Kind::work:
      if (const auto conflict = order_->start(op)) raise(op, {FaultKind::hazard, describe(isa::mnemonic(op.issued.op), conflict)});
  }
}

CoreCounters CoreModel::close(Cycle last) {
  const Cycle end = ended_ ? std::min(last, ended_at_) : last;
  CoreCounters counters;
  counters.core = name_;
  counters.is_aic = is_aic_;
  counters.start = started_;
  counters.end = end;
  counters.finished = ended_ ? std::min(ended_at_, end) : end;
  counters.instructions = instructions();
  scalar_.operations = counters.instructions;
  if (end < started_) return never_started(counters, end);
  if (program_cut_) cut_scalar(end);
  else scalar_.idle += end - scalar_end_;
  counters.pipes.push_back(scalar_);
  for (std::size_t i = 0; i < pipes_.size(); ++i) {
    counters.pipes.push_back(pipes_[i]->close(end));
    counters.pipes.back().assumed_busy = std::min(counters.pipes.back().busy, assumed_busy_[i]);
  }
  if (timing_.scalar_assumed) counters.pipes.front().assumed_busy = counters.pipes.front().busy;
  return counters;
}

// The launch ended before this core's turn.
CoreCounters CoreModel::never_started(CoreCounters counters, Cycle end) const {
  counters.start = end;
  counters.pipes.resize(1 + pipes_.size());
  counters.pipes[0].pipe = scalar_.pipe;
  for (std::size_t i = 0; i < pipes_.size(); ++i) counters.pipes[i + 1].pipe = pipes_[i]->name();
  return counters;
}

std::vector<CoreModel::Waiting> CoreModel::waiting() const {
  std::vector<Waiting> lines;
  if (running_ && pending_) {
    Waiting w{"S", "", stop_.issued.pc ? stop_.issued.pc : front_->pc()};
    const auto imm = static_cast<isa::Word>(stop_.issued.operand[0]);
    switch (wait_) {
      case Wait::flag:
        w.what = fmt::format("flag {} -> S, id {}", pipe_code_name(static_cast<unsigned>(isa::sync_imm::src_pipe.get(imm))),
                             isa::sync_imm::id.get(imm) + stop_.issued.operand[1]);
        break;
      case Wait::cross: w.what = fmt::format("cross-core flag id {}", stop_.issued.operand[0]); break;
      case Wait::outside: w.what = fmt::format("the access of {:#x}, outside the die", stop_.access.address); break;
      case Wait::queue: w.what = fmt::format("space in the queue of {}", pipes_[static_cast<std::size_t>(wait_pipe_)]->name()); break;
      default: w.what = "the pipes to drain"; break;
    }
    lines.push_back(w);
  }
  for (const auto& pipe : pipes_) {
    const Operation* head = pipe->head();
    if (!head) continue;
    Waiting w{pipe->name(), isa::mnemonic(head->issued.op), head->issued.pc};
    if (head->kind == Kind::wait_flag) w.what = fmt::format("flag {} -> {}, id {}", pipe_code_name(head->pair_pipe), pipe->name(), head->flag_id);
    lines.push_back(w);
  }
  return lines;
}

void CoreModel::print_record(std::uint64_t address) { host_.print(index_, scalar::format_print_record(*front_, address)); }

}  // namespace vitruvian::sim

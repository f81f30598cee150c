#include "src/sim/core_model.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include "cube_unit/cube_unit.h"
#include "isa/control_words.h"
#include "src/mte/request_splitter.h"

namespace vitruvian::sim {

using pipe::Kind;
using pipe::Operation;

namespace {

std::size_t reason_index(StallReason reason) { return static_cast<std::size_t>(reason); }

// Engines of a core by the upper bits of their requests' tags.
constexpr std::uint8_t kReadEngine = 0, kWriteEngine = 1, kFixpipeEngine = 2, kScalarEngine = 3;
constexpr unsigned kEngineShift = 24;

const char* pipe_code_name(unsigned code) { return isa::to_string(static_cast<isa::Pipe>(code)); }

}  // namespace

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
    if (op.issued.pipe == isa::Pipe::FIX) transfer.largest = mte::kLargestFixpipeRequest;
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

// ---------------------------------------------------------------- scalar unit

void CoreModel::step_scalar(Cycle now) {
  if (!running_) {
    finish_if_drained(now);
    return;
  }
  while (running_) {
    if (pending_ && !resolve(now)) return;
    pending_ = false;
    if (!running_) return;
    if (front_->retired() + retired_before_ > setup_.instruction_limit)
      set_fault(FaultKind::runaway, fmt::format("no end after {} instructions", setup_.instruction_limit));
    else
      stop_ = front_->run(budget());
    pending_ = true;
  }
}

// Up to the run-ahead limit, and to the first instruction beyond the limit of all.
std::uint64_t CoreModel::budget() const {
  const std::uint64_t left = setup_.instruction_limit - (front_->retired() + retired_before_);
  return left < setup_.runahead ? left + 1 : setup_.runahead;
}

// True when simulated time has reached the front end's; otherwise asks to be woken then.
bool CoreModel::reach(Cycle now) {
  if (now >= front_->time()) return true;
  wait_ = Wait::time;
  host_.wake_scalar(index_, front_->time());
  return false;
}

bool CoreModel::block(Wait wait, StallReason reason) {
  wait_ = wait;
  wait_reason_ = reason;
  return false;
}

// The wait is over: what lies between the front end's time and now was a stall.
void CoreModel::resume(Cycle now) {
  if (wait_ != Wait::none && wait_ != Wait::time && now > front_->time()) {
    scalar_.stall[reason_index(wait_reason_)] += now - front_->time();
    if (wait_reason_ == StallReason::hazard) ++hazard_waits_;
  }
  if (now > front_->time()) front_->set_time(now);
  wait_ = Wait::none;
}

bool CoreModel::resolve(Cycle now) {
  using scalar::StopKind;
  switch (stop_.kind) {
    case StopKind::issue: return resolve_issue(now);
    case StopKind::memory: return resolve_memory(now);
    case StopKind::result: return resolve_result(now);
    case StopKind::wait_dev: {
      if (!reach(now)) return false;
      if (stop_.issued.operand[0] >= pipe::CrossCoreFlags::kIds) {
        return fail(now, FaultKind::flag_misuse, fmt::format("cross-core flag id {}, expected 0 to 15", stop_.issued.operand[0]));
      }
      if (!host_.cross_take(index_, static_cast<unsigned>(stop_.issued.operand[0]))) return block(Wait::cross, StallReason::cross_core);
      resume(now);
      if (order_) order_->cross_received();
      return true;
    }
    case StopKind::cache:
      if (!reach(now)) return false;
      front_->complete_cache();
      return true;
    case StopKind::print:
      if (!reach(now)) return false;
      print_record(stop_.issued.operand[1] + stop_.issued.operand[0]);
      return true;
    case StopKind::budget: return reach(now);
    case StopKind::end:
      if (!reach(now)) return false;
      end_program(now);
      return true;
    case StopKind::fault:
      if (!reach(now)) return false;
      return report_fault(stop_.fault);
  }
  return true;
}

// Fills `stop_.issued` into an operation of the pipe that executes it, or decides what S does itself.
bool CoreModel::resolve_issue(Cycle now) {
  using isa::Op;
  const pipe::Issued& issued = stop_.issued;
  unsigned code = static_cast<unsigned>(issued.pipe);
  const auto imm = static_cast<isa::Word>(issued.operand[0]);
  if (issued.op == Op::set_flag) code = static_cast<unsigned>(isa::sync_imm::src_pipe.get(imm));
  else if (issued.op == Op::wait_flag) code = static_cast<unsigned>(isa::sync_imm::dst_pipe.get(imm));
  else if (issued.op == Op::pipe_barrier || issued.op == Op::ffts_cross_core_sync) code = static_cast<unsigned>(imm & 15u);

  if (issued.op == Op::pipe_barrier && code == static_cast<unsigned>(isa::Pipe::ALL)) return resolve_barrier_all(now);
  if (code == static_cast<unsigned>(isa::Pipe::S)) return resolve_scalar_flag(now);
  wait_pipe_ = pipe_index_of(code);
  if (wait_pipe_ < 0) {
    if (issued.op == Op::pipe_barrier) return true;  // a barrier on a pipe that this core does not have orders nothing
    return fail(now, FaultKind::illegal_operand, fmt::format("{} has no pipe {}", is_aic_ ? "an AIC" : "an AIV", pipe_code_name(code)));
  }
  pipe::PipeModel& target = *pipes_[static_cast<std::size_t>(wait_pipe_)];
  if (target.full()) {
    if (!reach(now)) return false;
    return block(Wait::queue, StallReason::queue_full);
  }
  if (wait_ == Wait::queue) resume(now);
  wait_ = Wait::none;
  Operation* op = prepare(static_cast<unsigned>(wait_pipe_));
  if (!op) {
    stop_.fault.pipe = target.name();
    return resolve(now);  // the fault, at its own cycle
  }
  if (order_) order_->issued(*op);
  if (op->kind == Kind::work) shared_.hazards.add(op);
  target.push(op);
  return true;
}

Operation* CoreModel::prepare(unsigned pipe_index) {
  using isa::Op;
  Operation* op = shared_.pool.take();
  *op = Operation{};
  op->issued = stop_.issued;
  op->issue = front_->time();
  op->pipe_index = static_cast<std::uint8_t>(pipe_index);
  const auto imm = static_cast<isa::Word>(op->issued.operand[0]);
  const auto id = isa::sync_imm::id.get(imm) + op->issued.operand[1];
  switch (op->issued.op) {
    case Op::set_flag:
    case Op::wait_flag: {
      const bool set = op->issued.op == Op::set_flag;
      op->kind = set ? Kind::set_flag : Kind::wait_flag;
      op->pair_pipe = static_cast<std::uint8_t>(set ? isa::sync_imm::dst_pipe.get(imm) : isa::sync_imm::src_pipe.get(imm));
      if (id >= timing_.pipe.flag_ids || (op->pair_pipe != 0 && pipe_index_of(op->pair_pipe) < 0)) {
        set_fault(FaultKind::flag_misuse, fmt::format("flag {} -> {} id {}: expected pipes of this core and an id below {}",
                                                         pipe_code_name(static_cast<unsigned>(isa::sync_imm::src_pipe.get(imm))),
                                                         pipe_code_name(static_cast<unsigned>(isa::sync_imm::dst_pipe.get(imm))), id,
                                                         timing_.pipe.flag_ids));
        return nullptr;
      }
      op->flag_id = static_cast<std::uint8_t>(id);
      return op;
    }
    case Op::pipe_barrier: op->kind = Kind::barrier; return op;
    case Op::ffts_cross_core_sync:
      op->kind = Kind::cross_set;
      op->message = static_cast<std::uint32_t>(op->issued.operand[1]);
      return op;
    default: op->kind = Kind::work; return prepare_work(*op) ? op : nullptr;
  }
}

bool CoreModel::prepare_work(Operation& op) {
  op.unit = units_.find(op.issued.op);
  if (!op.unit) {
    set_fault(FaultKind::unsupported, fmt::format("{} is not executed by this version", isa::mnemonic(op.issued.op)));
    return false;
  }
  if (const pipe::OperandFault fault = op.unit->check(op.issued)) {
    set_fault(fault.kind, fault.detail);
    return false;
  }
  op.footprint = op.unit->footprint(op.issued);
  if (!check_bounds(op)) return false;
  op.cost = op.unit->cost(op.issued, op.footprint);
  if (op.issued.pipe == isa::Pipe::MTE1) follow_l0(op);
  op.uses_gm = op.footprint.find(memory::Space::GM, false) || op.footprint.find(memory::Space::GM, true);
  if (op.issued.pipe == isa::Pipe::M || op.issued.pipe == isa::Pipe::FIX) op.unit_flag = static_cast<std::uint8_t>(cube_unit::unit_flag(op.issued));
  if (op.issued.pipe == isa::Pipe::M) op.needs_barrier = cube_unit::needs_barrier_between(op.issued, op.issued);
  const std::string_view cost_class = isa::cost_class(op.issued.op);
  op.data_dependent = cost_class.starts_with("vgather") || cost_class == "vreducev2" || cost_class == "vbitsort" || cost_class == "vmrgsort4";
  ++operations_;
  return true;
}

bool CoreModel::check_bounds(const Operation& op) {
  for (const memory::Access& access : op.footprint) {
    if (access.bounding) continue;  // the operation checks the addresses that it really uses
    const std::uint64_t low = access.low(), high = access.high();
    const memory::Buffer* buffer = memory_.find(access.space);
    const bool inside = buffer ? low <= high && high <= buffer->size() : memory_.gm->contains(low, high - low);
    if (!inside) {
      const std::string limit = buffer ? (buffer->size() ? fmt::format("{} has {} bytes", to_string(access.space), buffer->size())
                                                         : fmt::format("{} has no {}", is_aic_ ? "an AIC" : "an AIV", to_string(access.space)))
                                       : fmt::format("device memory is [{:#x}, {:#x})", memory_.gm->base(), memory_.gm->base() + memory_.gm->size());
      set_fault(FaultKind::out_of_bounds, fmt::format("{} {} [{:#x}, {:#x}): {}", access.write ? "writes" : "reads", to_string(access.space), low, high, limit));
      return false;
    }
    if (access.alignment > 1 && access.base % access.alignment) {
      set_fault(FaultKind::misaligned, fmt::format("{} address {:#x}: expected a multiple of {}", to_string(access.space), access.base, access.alignment));
      return false;
    }
  }
  return true;
}

bool CoreModel::resolve_scalar_flag(Cycle now) {
  if (!reach(now)) return false;
  const pipe::Issued& issued = stop_.issued;
  const auto imm = static_cast<isa::Word>(issued.operand[0]);
  const auto id = static_cast<unsigned>(isa::sync_imm::id.get(imm) + issued.operand[1]);
  if (issued.op == isa::Op::pipe_barrier) return true;  // S executes in order
  if (issued.op == isa::Op::ffts_cross_core_sync) {
    host_.cross_send(index_, {issued.operand[1], now, issued.pc, "S"});
    return true;
  }
  const bool set = issued.op == isa::Op::set_flag;
  const auto other = static_cast<unsigned>(set ? isa::sync_imm::dst_pipe.get(imm) : isa::sync_imm::src_pipe.get(imm));
  if (id >= timing_.pipe.flag_ids || (other != 0 && pipe_index_of(other) < 0)) {
    return fail(now, FaultKind::flag_misuse, fmt::format("flag id {} or pipe {}: expected pipes of this core and an id below {}", id, other, timing_.pipe.flag_ids));
  }
  if (set) {
    const Cycle visible = now + timing_.pipe.flag_propagation;
    if (!shared_.flags.set(0, other, id, visible) && order_) return fail(now, FaultKind::flag_misuse, pipe::kSetTwice);
    if (order_) order_->set_flag(0, {}, 0, other, id);
    flag_raised(other, visible);
    return true;
  }
  const Cycle visible = shared_.flags.visible(other, 0, id);
  if (visible > now) {
    if (visible != kNever) host_.wake_scalar(index_, visible);
    return block(Wait::flag, StallReason::flag);
  }
  shared_.flags.clear(other, 0, id);
  resume(now);
  if (order_) order_->wait_flag(0, {}, other, 0, id);
  return true;
}

bool CoreModel::resolve_barrier_all(Cycle now) {
  if (!reach(now)) return false;
  if (!drained()) return block(Wait::retire, StallReason::barrier);
  resume(now);
  if (order_) order_->barrier_all();
  return true;
}

bool CoreModel::resolve_memory(Cycle now) {
  if (!reach(now)) return false;
  if (stop_.access.space == memory::Space::UB) {
    memory::Access access;
    access.space = memory::Space::UB;
    access.base = stop_.access.address;
    access.bytes = stop_.access.bytes;
    access.write = stop_.access.write;
    if (order_) {
      if (const auto conflict = order_->scalar_access(access, front_->pc())) return fail(now, FaultKind::hazard, describe("the scalar unit", conflict));
    } else if (shared_.hazards.conflict(access)) {
      return block(Wait::retire, StallReason::hazard);
    }
  }
  const bool outside = goes_outside();
  if (outside && !trip_outside(now)) return false;
  resume(now);
  if (setup_.undo && stop_.access.write && stop_.access.space == memory::Space::GM && memory_.gm->contains(stop_.access.address, stop_.access.bytes)) {
    UndoStore store{stop_.access.address, stop_.access.bytes, {}};
    std::copy_n(memory_.gm->at(store.address), store.bytes, store.old.begin());
    setup_.undo->push_back(store);
  }
  const scalar::MemoryAccess access = stop_.access;
  if (const Fault fault = front_->complete_memory(outside)) return report_fault(fault);
  if (access.write && access.space == memory::Space::GM && !memory_.gm->owns(access.address, access.bytes))
    host_.outside_written(access.address, access.address + access.bytes, now);
  return true;
}

// A load that the data cache does not have, or a store, beyond the die.
bool CoreModel::goes_outside() const {
  const scalar::MemoryAccess& access = stop_.access;
  return shared_.settings.timed && access.space == memory::Space::GM && !memory_.gm->owns(access.address, access.bytes) &&
         (access.write || front_->misses_cache());
}

// Sends the scalar access as the smallest request; true when it is back. S waits for stores, too: what it stores next, in its own
// die or by DMA, must not overtake them.
bool CoreModel::trip_outside(Cycle now) {
  if (!outside_sent_) {
    memory::MemoryRequest request;
    request.address = stop_.access.address & ~std::uint64_t{mte::kSmallestRequest - 1};
    request.bytes = mte::kSmallestRequest;
    request.tag = std::uint32_t{kScalarEngine} << kEngineShift;
    request.port = setup_.port;
    request.write = stop_.access.write;
    outside_sent_ = true;
    outside_back_ = kNever;
    setup_.path->enqueue(request, now);
    host_.memory_changed();
  }
  if (now < outside_back_) {
    if (outside_back_ != kNever) host_.wake_scalar(index_, outside_back_);
    return block(Wait::outside, StallReason::load);
  }
  outside_sent_ = false;
  return true;
}

bool CoreModel::resolve_result(Cycle now) {
  if (!reach(now)) return false;
  const int v = index_of_[static_cast<std::size_t>(isa::Pipe::V)];
  if (v >= 0 && !pipes_[static_cast<std::size_t>(v)]->drained()) return block(Wait::retire, StallReason::hazard);
  resume(now);
  if (const Fault fault = front_->complete_result()) return report_fault(fault);
  return true;
}

void CoreModel::set_fault(FaultKind kind, std::string detail) {
  stop_.kind = scalar::StopKind::fault;
  stop_.fault = Fault{};
  stop_.fault.kind = kind;
  stop_.fault.pc = stop_.issued.pc ? stop_.issued.pc : front_->pc();
  stop_.fault.detail = std::move(detail);
  pending_ = true;
}

bool CoreModel::fail(Cycle now, FaultKind kind, std::string detail) {
  set_fault(kind, std::move(detail));
  return resolve(now);
}

bool CoreModel::report_fault(Fault fault) {
  running_ = false;
  fault.core = name_;
  if (fault.pipe.empty()) fault.pipe = "S";
  const std::uint64_t pc = fault.pc ? fault.pc : front_->pc();
  host_.fault(index_, std::move(fault), pc);
  return false;
}

// Loads to the same L0 buffer follow each other without their heads; one that goes to the other buffer begins when the pipe
// is empty, so it holds the pipe until it is seen. Source: EX-matmul, 430 cycles a step = (50 + 64) + (50 + 256) + 10 by load3d;
// PTO GEMM, 401 a step = (50 + 64) + (28 + 256) + 3 by load3d and load2d.
void CoreModel::follow_l0(Operation& op) {
  const bool to_a = op.footprint.find(memory::Space::L0A, true) != nullptr;
  if (!to_a && !op.footprint.find(memory::Space::L0B, true)) return;
  if (last_l0_is_a_ != to_a) op.cost.occupancy = op.cost.latency;
  last_l0_is_a_ = to_a;
}

void CoreModel::end_program(Cycle now) {
  running_ = false;
  scalar_end_ = now;
  program_cut_ = false;
  add_scalar_counters();
  finish_if_drained(now);
}

void CoreModel::add_scalar_counters() {
  const scalar::FrontEnd::Counters& c = front_->counters();
  scalar_.busy += c.execute + c.branch + c.special;
  scalar_.stall[reason_index(StallReason::fetch)] += c.icache;
  scalar_.stall[reason_index(StallReason::load)] += c.dcache + c.ub + c.load_use;
}

// The program was cut off at `end`: S may have run ahead of it, or have waited since its last instruction.
void CoreModel::cut_scalar(Cycle end) {
  add_scalar_counters();
  const Cycle all = end - started_, counted = scalar_.total();
  if (counted < all) {
    const bool waits = wait_ != Wait::none && wait_ != Wait::time;
    (waits ? scalar_.stall[reason_index(wait_reason_)] : scalar_.idle) += all - counted;
    return;
  }
  Cycle ahead = counted - all;
  const auto take = [&](std::uint64_t& cycles) {
    const Cycle part = std::min(cycles, ahead);
    cycles -= part;
    ahead -= part;
  };
  take(scalar_.busy);
  for (std::uint64_t& cycles : scalar_.stall) take(cycles);
  take(scalar_.idle);  // a block that would have begun after `end`
}

void CoreModel::finish_if_drained(Cycle now) {
  if (running_ || ended_ || !drained()) return;
  ended_ = true;
  ended_at_ = now;
  host_.core_ended(index_, now);
}

// ---------------------------------------------------------------- pipes

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

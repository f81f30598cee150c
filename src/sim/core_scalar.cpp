// The scalar unit's side of a core: what each Stop of the front end asks of the machine, and when it may go on.
#include "src/sim/core_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "cube_unit/cube_unit.h"
#include "isa/control_words.h"
#include "src/mte/request_splitter.h"

namespace vitruvian::sim {

using pipe::Kind;
using pipe::Operation;

namespace {

std::size_t reason_index(StallReason reason) { return static_cast<std::size_t>(reason); }

}  // namespace

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

}  // namespace vitruvian::sim

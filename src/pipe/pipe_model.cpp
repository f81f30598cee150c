#include "src/pipe/pipe_model.h"

#include <algorithm>

namespace vitruvian::pipe {

PipeModel::PipeModel(std::string name, isa::Pipe code, unsigned index, std::size_t depth, PipeShared& shared,
                     PipeEnvironment& environment)
    : name_(std::move(name)), code_(code), index_(index), depth_(depth), shared_(shared), environment_(environment) {
  counters_.pipe = name_;
}

void PipeModel::reset(Cycle now) {
  next_start_ = now;
  last_finish_ = now;
  accounted_ = now;
}

void PipeModel::push(Operation* op) {
  op->pipe_index = static_cast<std::uint8_t>(index_);
  queue_.push(op);
  if (queue_.size() == 1) environment_.wake(index_, op->issue);
}

void PipeModel::step(Cycle now) {
  wanted_ = kNever;
  account(now);
  settle_transfers(now);
  retire(now);
  start_ready(now);
  if (!flight_.empty()) want(flight_.front()->finish);
  if (work_in_flight_ > 0) {
    // A transfer that has issued everything and only waits for its data is not busy.
    const bool waits = port_ && next_start_ <= now;
    state_ = waits ? State::memory : State::busy;
    if (port_ && next_start_ > now && next_start_ != kNever) want(next_start_);
  } else {
    state_ = queue_.empty() || queue_.front()->issue > now ? State::idle : State::stalled;
  }
  if (wanted_ != kNever) environment_.wake(index_, std::max(wanted_, now));
}

void PipeModel::account(Cycle now) {
  const Cycle passed = now - accounted_;
  accounted_ = now;
  switch (state_) {
    case State::idle: counters_.idle += passed; break;
    case State::busy: counters_.busy += passed; break;
    case State::memory: counters_.stall[static_cast<std::size_t>(StallReason::memory)] += passed; break;
    case State::stalled:
      // No reason: the pipe works on a flag or a barrier itself.
      if (reason_ == StallReason::kCount) counters_.busy += passed;
      else counters_.stall[static_cast<std::size_t>(reason_)] += passed;
      break;
  }
}

void PipeModel::settle_transfers(Cycle now) {
  if (!port_) return;
  port_->pump(now);
  for (std::size_t i = 0; i < flight_.size(); ++i) {
    Operation& op = *flight_[i];
    if (op.uses_gm && op.release == kNever) {
      op.release = port_->issued(op.message);
      if (op.release == kNever) {
        op.expected_release = port_->expected_issue(op.message, now);
        break;
      }
      next_start_ = std::max(op.start + 1, op.release);
    }
  }
  std::uint32_t id = 0;
  Cycle finish = 0;
  while (port_->pop_done(id, finish)) {
    // Transfers finish in order, so the done one is the oldest without a finish; markers behind it follow.
    for (std::size_t i = 0; i < flight_.size(); ++i) {
      Operation& op = *flight_[i];
      if (op.finish != kNever) continue;
      if (op.kind == Kind::work) {
        if (op.message != id) break;
        op.finish = std::max({finish, op.start + 1, last_finish_, op.not_before});
        last_finish_ = op.finish;
        id = ~std::uint32_t{0};
      } else {
        op.finish = std::max(op.start, last_finish_);
      }
    }
  }
}

void PipeModel::retire(Cycle now) {
  while (!flight_.empty() && flight_.front()->finish <= now) {
    Operation* op = flight_.pop();
    if (op->kind == Kind::work) {
      apply(*op);
      shared_.hazards.remove(op);
      --work_in_flight_;
      ++counters_.operations;
    } else if (op->kind == Kind::set_flag) {
      const Cycle visible = now + (shared_.settings.timed ? shared_.timing.flag_propagation : 1);
      const unsigned code = static_cast<unsigned>(code_);
      if (!shared_.flags.set(code, op->pair_pipe, op->flag_id, visible) && shared_.settings.strict)
        environment_.raise(*op, {FaultKind::flag_misuse, kSetTwice});
      environment_.flag_raised(op->pair_pipe, visible);
    } else if (op->kind == Kind::cross_set) {
      environment_.cross_send(*op, now);
    }
    environment_.retired(*op);
    shared_.pool.give(op);
  }
}

void PipeModel::apply(Operation& op) {
  if (op.executed) return;
  op.executed = true;
  memory::CoreMemory& memory = *shared_.memory;
  if (!shared_.settings.data && !steers(op)) {
    if (op.data_dependent && memory::reads_unknown(memory, op.footprint)) {
      environment_.raise(op, {FaultKind::needs_data, "its operands were not computed in timing-only mode"});
      return;
    }
    memory::mark_written(memory, op.footprint, true);
    memory.result.unknown = memory.result.unknown || op.issued.pipe == isa::Pipe::V;
    return;
  }
  if (!shared_.settings.data) {
    memory::mark_written(memory, op.footprint, false);
  } else if (op.uses_gm && memory.gm->has_marks()) {
    if (memory::reads_unknown(memory, op.footprint)) environment_.raise(op, {FaultKind::needs_data, "reads global memory that a timing-only launch did not compute"});
    memory::mark_written(memory, op.footprint, false);
  }
  if (op.unit_flag && code_ == isa::Pipe::M) run_unit_flag_partners(op);
  if (const OperandFault fault = op.unit->execute(op.issued, memory)) environment_.raise(op, fault);
}

// A small operation on known bytes that timing-only carries out: it may lead to what the scalar unit reads. After a vector
// operation was skipped, the result registers are unknown and with them what reads those.
bool PipeModel::steers(const Operation& op) const {
  const std::uint64_t limit = shared_.settings.steering_bytes;
  const bool transfer = code_ == isa::Pipe::MTE2 || code_ == isa::Pipe::MTE3;
  if (limit == 0 || !(transfer || (code_ == isa::Pipe::V && !shared_.memory->result.unknown))) return false;
  std::uint64_t bytes = 0;
  for (const memory::Access& access : op.footprint) bytes += access.bounding ? 0 : access.total_bytes();
  return bytes <= limit && !memory::reads_unknown(*shared_.memory, op.footprint, true);
}

// A fixpipe of the handshake has read L0C before the next mad on it takes effect.
void PipeModel::run_unit_flag_partners(const Operation& mad) {
  while (Operation* fix = shared_.hazards.unit_flag_partner(mad, 0)) {
    if (fix->executed) return;
    fix->executed = true;
    if (const OperandFault fault = fix->unit->execute(fix->issued, *shared_.memory)) environment_.raise(*fix, fault);
  }
}

void PipeModel::start_ready(Cycle now) {
  while (!queue_.empty()) {
    Operation& op = *queue_.front();
    if (op.issue > now) {
      want(op.issue);
      return;
    }
    if (next_start_ > now) {
      if (next_start_ != kNever) want(next_start_);
      reason_ = StallReason::kCount;
      return;
    }
    if (!start(op, now)) {
      op.late = reason_;
      return;
    }
    if (shared_.settings.strict) environment_.follow_order(op);
    queue_.pop();
    environment_.space_in_queue(index_);
    if (op.kind == Kind::wait_flag || op.kind == Kind::barrier) {
      environment_.retired(op);
      shared_.pool.give(&op);
    } else {
      flight_.push(&op);
    }
  }
}

bool PipeModel::start(Operation& op, Cycle now) {
  const bool timed = shared_.settings.timed;
  const Cycle flag_cost = timed ? shared_.timing.flag_issue : 1;
  switch (op.kind) {
    case Kind::work: return start_work(op, now);
    case Kind::set_flag:
    case Kind::cross_set:
      op.start = now;
      op.release = now;
      // Goes out when everything before it in the pipe has finished.
      op.finish = flight_.empty() || flight_.back()->finish != kNever ? std::max(now, last_finish_) : kNever;
      next_start_ = now + flag_cost;
      return true;
    case Kind::wait_flag: {
      const unsigned code = static_cast<unsigned>(code_);
      const Cycle visible = shared_.flags.visible(op.pair_pipe, code, op.flag_id);
      if (visible > now) {
        reason_ = StallReason::flag;
        if (visible != kNever) want(visible);
        return false;
      }
      shared_.flags.clear(op.pair_pipe, code, op.flag_id);
      op.start = op.finish = now;
      next_start_ = now + flag_cost;
      return true;
    }
    case Kind::barrier:
      if (!flight_.empty()) {
        reason_ = StallReason::barrier;
        return false;
      }
      op.start = op.finish = now;
      next_start_ = now + (timed ? shared_.timing.barrier : 1);
      return true;
  }
  return true;
}

// M and FIX with the unit flag: the fixpipe follows the last mad of its C fractal by fractal, and the next mad on that C
// follows the fixpipe. On whole operations: a fixpipe may start once the mad has started and ends one fractal after it; a mad
// may start so that it does not end before the fixpipe has read the last fractal.
Cycle PipeModel::unit_flag_start(Operation& op, Cycle now) const {
  const Operation* partner = shared_.hazards.unit_flag_partner(op, now);
  if (!partner) return now;
  if (partner->start == kNever) return kNever;
  if (code_ == isa::Pipe::FIX) {
    op.not_before = partner->finish == kNever ? 0 : partner->finish + 1;
    return now;
  }
  Cycle read = partner->release;
  if (read == kNever) read = partner->expected_release;
  return read > op.cost.occupancy ? std::max(partner->start, read - op.cost.occupancy) : partner->start;
}

bool PipeModel::start_work(Operation& op, Cycle now) {
  if (op.unit_flag) {
    const Cycle earliest = unit_flag_start(op, now);
    if (earliest > now) {
      reason_ = StallReason::unit_flag;
      if (earliest != kNever) want(earliest);
      return false;
    }
  }
  if (const Operation* earlier = shared_.settings.strict ? nullptr : shared_.hazards.conflict(op, now)) {
    if (reason_ != StallReason::hazard || op.late != StallReason::hazard) environment_.hazard_waited();
    reason_ = StallReason::hazard;
    if (earlier->finish != kNever) want(earlier->finish);
    return false;
  }
  begin(op, now);
  return true;
}

void PipeModel::begin(Operation& op, Cycle now) {
  op.start = now;
  ++work_in_flight_;
  for (const memory::Access& access : op.footprint)
    if (port_ && access.space == memory::Space::GM) counters_.bytes += access.total_bytes();
  if (!shared_.settings.timed) {
    op.release = op.finish = std::max({now + 1, last_finish_, op.not_before});
    last_finish_ = op.finish;
    next_start_ = op.release;
    return;
  }
  const Cycle head = op.cost.latency - op.cost.occupancy;
  if (op.uses_gm && port_) {
    op.message = next_transfer_++;
    port_->submit(op, op.message, now + head);
    port_->pump(now);
    op.release = port_->issued(op.message);
    next_start_ = op.release == kNever ? kNever : std::max(now + 1, op.release);
    settle_transfers(now);
    return;
  }
  op.release = now + op.cost.occupancy;
  op.finish = std::max(now + op.cost.latency, last_finish_);
  op.finish = std::max(op.finish, op.not_before);
  last_finish_ = op.finish;
  next_start_ = op.release;
}

PipeCounters PipeModel::close(Cycle end) {
  account(end);
  return counters_;
}

}  // namespace vitruvian::pipe

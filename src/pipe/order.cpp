#include "src/pipe/order.h"

#include <algorithm>

namespace vitruvian::pipe {

namespace {

void join(Clock& into, const Clock& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
}

std::size_t flag_index(unsigned source, unsigned destination, unsigned id) {
  return (source * kPipeCodes + destination) * kMaxFlagIds + id;
}

}  // namespace

OrderTracker::OrderTracker(unsigned pipes, const std::array<std::size_t, memory::kSpaceCount>& sizes)
    : pipes_(pipes), flags_(kPipeCodes * kPipeCodes * kMaxFlagIds) {
  ensure(pipes <= kClockPipes, "a core has at most as many pipes as a clock");
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    shadow_[s].blocks = (sizes[s] + isa::kBlockBytes - 1) / isa::kBlockBytes;
    shadow_[s].read.assign(shadow_[s].blocks * pipes, 0);
    shadow_[s].write.assign(shadow_[s].blocks * pipes, 0);
  }
}

template <typename Visit>
void OrderTracker::for_blocks(const memory::Access& a, std::size_t blocks, Visit visit) {
  for (std::uint32_t i1 = 0; i1 < a.n1; ++i1)
    for (std::uint32_t i0 = 0; i0 < a.n0; ++i0) {
      const std::uint64_t begin = a.base + static_cast<std::uint64_t>(i1 * a.stride1 + i0 * a.stride0);
      const std::size_t last = std::min<std::size_t>((begin + a.bytes + isa::kBlockBytes - 1) / isa::kBlockBytes, blocks);
      for (std::size_t b = begin / isa::kBlockBytes; b < last; ++b)
        if (!visit(b)) return;
    }
}

OrderTracker::Conflict OrderTracker::start(const Operation& op) {
  const unsigned pipe = op.pipe_index + 1u;
  join(known_[pipe], op.clock);
  Record mine{started_[pipe] + 1, op.issued.pc, op.issued.op, op.issued.pipe, op.unit_flag != 0, op.footprint};
  const Conflict conflict = check(pipe, mine, op.needs_barrier);
  record(pipe, std::move(mine));
  return conflict;
}

OrderTracker::Conflict OrderTracker::scalar_access(const memory::Access& access, std::uint64_t pc) {
  Record mine;
  mine.ordinal = started_[0] + 1;
  mine.pc = pc;
  mine.pipe = isa::Pipe::S;
  mine.footprint.add(access);
  const Conflict conflict = check(0, mine, false);
  record(0, std::move(mine));
  known_[0][0] = started_[0];
  return conflict;
}

void OrderTracker::record(unsigned pipe, Record record) {
  started_[pipe] = record.ordinal;
  for (const memory::Access& access : record.footprint) {
    if (access.space == memory::Space::GM) continue;
    Shadow& shadow = shadow_[static_cast<std::size_t>(access.space)];
    std::uint32_t* newest = (access.write ? shadow.write : shadow.read).data() + pipe * shadow.blocks;
    for_blocks(access, shadow.blocks, [&](std::size_t b) { newest[b] = record.ordinal; return true; });
  }
  history_[pipe].push_back(std::move(record));
  if (history_[pipe].size() > kHistory) history_[pipe].pop_front();
}

// Looks at the shadow for operations of any pipe that this one does not know to be complete.
OrderTracker::Conflict OrderTracker::check(unsigned pipe, const Record& mine, bool needs_barrier) const {
  for (const memory::Access& access : mine.footprint) {
    if (access.space == memory::Space::GM || access.bounding) continue;
    const Shadow& shadow = shadow_[static_cast<std::size_t>(access.space)];
    for (unsigned other = 0; other < pipes_; ++other) {
      // A pipe orders its own operations, but for vector reads of unfinished results and mads on a small C.
      if (other == pipe && (pipe == 0 || (mine.pipe == isa::Pipe::V ? access.write : !(mine.pipe == isa::Pipe::M && needs_barrier)))) continue;
      const std::uint32_t known = known_[pipe][other];
      if (started_[other] <= known) continue;
      const std::uint32_t* writes = shadow.write.data() + other * shadow.blocks;
      const std::uint32_t* reads = shadow.read.data() + other * shadow.blocks;
      bool suspicious = false;
      for_blocks(access, shadow.blocks, [&](std::size_t b) {
        suspicious = writes[b] > known || (access.write && reads[b] > known);
        return !suspicious;
      });
      if (!suspicious) continue;
      if (const Conflict found = confirm(pipe, other, mine, access)) return found;
    }
  }
  return {};
}

OrderTracker::Conflict OrderTracker::confirm(unsigned pipe, unsigned other, const Record& mine, const memory::Access& access) const {
  for (auto it = history_[other].rbegin(); it != history_[other].rend() && it->ordinal > known_[pipe][other]; ++it) {
    if (it->unit_flag && mine.unit_flag) continue;
    for (const memory::Access& theirs : it->footprint) {
      if (theirs.bounding || !(theirs.write || access.write)) continue;
      if (other == pipe && mine.pipe == isa::Pipe::V && !theirs.write) continue;
      if (memory::overlap(access, theirs)) return {&*it, access, theirs};
    }
  }
  return {};
}

void OrderTracker::set_flag(unsigned pipe, const Clock& carried, unsigned source, unsigned destination, unsigned id) {
  join(known_[pipe], carried);
  Clock& flag = flags_[flag_index(source, destination, id)];
  flag = known_[pipe];
  flag[pipe] = started_[pipe];
}

void OrderTracker::wait_flag(unsigned pipe, const Clock& carried, unsigned source, unsigned destination, unsigned id) {
  join(known_[pipe], carried);
  join(known_[pipe], flags_[flag_index(source, destination, id)]);
}

void OrderTracker::barrier(unsigned pipe, const Clock& carried) {
  join(known_[pipe], carried);
  known_[pipe][pipe] = started_[pipe];
}

void OrderTracker::barrier_all() {
  for (unsigned p = 0; p < pipes_; ++p) known_[0][p] = started_[p];
}

void OrderTracker::restart() {
  known_.fill(started_);
  flags_.assign(flags_.size(), Clock{});
}

void OrderTracker::cross_sent(unsigned pipe, const Clock& carried) {
  join(known_[pipe], carried);
  Clock snapshot = known_[pipe];
  snapshot[pipe] = started_[pipe];
  join(announced_, snapshot);
}

void OrderTracker::cross_received() { join(known_[0], announced_); }

}  // namespace vitruvian::pipe

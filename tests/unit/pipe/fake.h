// A unit whose operations cost and touch what the test says, and an environment that records.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include "src/pipe/pipe_model.h"

namespace vitruvian::pipe::test {

inline memory::Access access(memory::Space space, bool write, std::uint64_t base, std::uint32_t bytes) {
  memory::Access a;
  a.space = space;
  a.write = write;
  a.base = base;
  a.bytes = bytes;
  return a;
}

class FakeUnit final : public Unit {
 public:
  mutable std::vector<std::uint64_t> executed;
  OperandFault check(const Issued&) const override { return {}; }
  memory::Footprint footprint(const Issued&) const override { return {}; }
  Cost cost(const Issued&, const memory::Footprint&) const override { return {}; }
  OperandFault execute(const Issued& issued, memory::CoreMemory&) const override {
    executed.push_back(issued.sequence);
    return {};
  }
};

// Two pipes, V and MTE2 unless the test says otherwise, driven by a small event loop.
class Bench final : public PipeEnvironment {
 public:
  explicit Bench(isa::Pipe first = isa::Pipe::V, isa::Pipe second = isa::Pipe::MTE2) {
    shared.memory = &memory;
    shared.timing = {1, 6, 0, 8};
    pipes.emplace_back(isa::to_string(first), first, 0u, 32u, shared, *this);
    pipes.emplace_back(isa::to_string(second), second, 1u, 32u, shared, *this);
    for (auto& pipe : pipes) pipe.reset(0);
  }
  Operation* work(unsigned pipe, Cycle occupancy, Cycle latency, std::vector<memory::Access> sets = {}, Cycle issue = 0) {
    Operation* op = entry(pipe, Kind::work, issue);
    op->issued.op = isa::Op::vadd_f32;
    op->unit = &unit;
    op->cost = {occupancy, latency, false};
    for (const auto& set : sets) op->footprint.add(set);
    shared.hazards.add(op);
    pipes[pipe].push(op);
    return op;
  }
  void flag(unsigned pipe, Kind kind, isa::Pipe other, unsigned id) {
    Operation* op = entry(pipe, kind, 0);
    op->pair_pipe = static_cast<std::uint8_t>(other);
    op->flag_id = static_cast<std::uint8_t>(id);
    pipes[pipe].push(op);
  }
  void barrier(unsigned pipe) { pipes[pipe].push(entry(pipe, Kind::barrier, 0)); }
  void run() {
    while (!events.empty()) {
      const auto [when, pipe] = *events.begin();
      events.erase(events.begin());
      now = when.first;
      pipes[pipe].step(now);
    }
  }
  void wake(unsigned pipe, Cycle when) override { events[{std::max(when, now), ++order}] = pipe; }
  void flag_raised(unsigned code, Cycle visible) override { wake(code == static_cast<unsigned>(pipes[0].code()) ? 0 : 1, visible); }
  void retired(const Operation& op) override {
    if (op.kind == Kind::work) finished[op.issued.sequence] = {op.start, op.finish};
    for (unsigned p = 0; p < pipes.size(); ++p)
      if (pipes[p].head()) wake(p, now);
  }
  void space_in_queue(unsigned) override {}
  void cross_send(const Operation&, Cycle) override {}
  void raise(const Operation&, const OperandFault& fault) override { faults.push_back(fault); }
  void follow_order(const Operation&) override {}
  void hazard_waited() override { ++waits; }

  FakeUnit unit;
  memory::CoreMemory memory;
  PipeShared shared;
  std::deque<PipeModel> pipes;
  std::map<std::pair<Cycle, int>, unsigned> events;
  std::map<std::uint64_t, std::pair<Cycle, Cycle>> finished;
  std::vector<OperandFault> faults;
  Cycle now = 0;
  int order = 0, waits = 0;
  std::uint64_t sequence = 0;

 private:
  Operation* entry(unsigned pipe, Kind kind, Cycle issue) {
    Operation* op = shared.pool.take();
    *op = Operation{};
    op->kind = kind;
    op->issue = issue;
    op->pipe_index = static_cast<std::uint8_t>(pipe);
    op->issued.sequence = ++sequence;
    op->issued.pipe = pipes[pipe].code();
    return op;
  }
};

}  // namespace vitruvian::pipe::test

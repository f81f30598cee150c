#include "tests/calibration/memory_machine.h"

#include <algorithm>

namespace vitruvian::calibration {

MemoryMachine::MemoryMachine(const MachineTiming& timing, bool aic, std::uint32_t cores)
    : timing_(timing), aic_(aic), cores_(cores), path_(timing.l2, timing.hbm, timing.dram), first_port_(aic ? 0 : timing.l2.aic_ports) {
  restart();
}

void MemoryMachine::restart() {
  path_.start_carried();
  reads_.clear();
  writes_.clear();
  for (std::uint32_t core = 0; core < cores_; ++core) {
    const auto port = static_cast<std::uint16_t>(first_port_ + core);
    reads_.emplace_back(timing_.dma, mte::Direction::read, aic_, port);
    writes_.emplace_back(timing_.dma, mte::Direction::write, aic_, port);
  }
}

void MemoryMachine::react(Program& program, std::uint32_t core, Cycle now) {
  bool again = true;
  while (again) {
    again = false;
    for (const auto direction : {mte::Direction::read, mte::Direction::write}) {
      mte::DmaEngine& dma = engine(core, direction);
      dma.pump(now, path_);
      while (const auto done = dma.pop_done()) {
        end_ = std::max(end_, done->finish);
        program.done(*this, core, direction, *done);
        again = true;
      }
    }
  }
}

Cycle MemoryMachine::run(std::vector<std::unique_ptr<Program>>& programs) {
  end_ = 0;
  for (std::uint32_t core = 0; core < programs.size(); ++core) {
    programs[core]->start(*this, core);
    react(*programs[core], core, 0);
  }
  std::vector<memory::Completion> completions;
  std::vector<std::uint32_t> touched;
  std::vector<char> is_touched(programs.size());
  while (path_.next_event() != memory::kNever) {
    const Cycle now = path_.next_event();
    completions.clear();
    path_.advance(now, completions);
    for (const memory::Completion& completion : completions) {
      const std::uint32_t core = completion.port - first_port_;
      engine(core, completion.write ? mte::Direction::write : mte::Direction::read).complete(completion);
      if (!is_touched[core]) touched.push_back(core);
      is_touched[core] = 1;
    }
    for (const std::uint32_t core : touched) {
      react(*programs[core], core, now);
      is_touched[core] = 0;
    }
    touched.clear();
  }
  return end_;
}

std::uint64_t MemoryMachine::late() const {
  std::uint64_t sum = 0;
  for (const auto* engines : {&reads_, &writes_})
    for (const mte::DmaEngine& dma : *engines) sum += dma.late();
  return sum;
}

std::uint64_t MemoryMachine::requests() const {
  std::uint64_t sum = 0;
  for (const auto* engines : {&reads_, &writes_})
    for (const mte::DmaEngine& dma : *engines) sum += dma.requests();
  return sum;
}

std::uint64_t MemoryMachine::payload() const {
  std::uint64_t sum = 0;
  for (const auto* engines : {&reads_, &writes_})
    for (const mte::DmaEngine& dma : *engines) sum += dma.payload_bytes();
  return sum;
}

}  // namespace vitruvian::calibration

// Drives DMA engines and the memory model without SystemC: each core runs a small program of transfers.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "src/mte/dma_engine.h"
#include "src/noc/l2_path.h"

namespace vitruvian::calibration {

using memory::Cycle;

struct MachineTiming {
  noc::L2Timing l2;
  hbm_model::HbmTiming hbm;
  std::optional<hbm_model::DramLink> dram;
  std::shared_ptr<const mte::DmaTiming> dma;
};

class MemoryMachine;

// What a core does: start() submits its first transfers, done() reacts to one that has finished, maybe with new ones.
class Program {
 public:
  virtual ~Program() = default;
  virtual void start(MemoryMachine& machine, std::uint32_t core) = 0;
  virtual void done(MemoryMachine& machine, std::uint32_t core, mte::Direction direction, const mte::TransferDone& transfer) = 0;
};

class MemoryMachine {
 public:
  MemoryMachine(const MachineTiming& timing, bool aic, std::uint32_t cores);

  noc::L2Path& path() { return path_; }
  mte::DmaEngine& engine(std::uint32_t core, mte::Direction direction) {
    return direction == mte::Direction::read ? reads_[core] : writes_[core];
  }
  // Runs programs (one for each core) to the end; returns the last finish.
  Cycle run(std::vector<std::unique_ptr<Program>>& programs);
  // A new clock and new engines; L2 keeps its lines.
  void restart();
  std::uint64_t late() const;
  std::uint64_t requests() const;
  std::uint64_t payload() const;

 private:
  void react(Program& program, std::uint32_t core, Cycle now);

  MachineTiming timing_;
  bool aic_;
  std::uint32_t cores_;
  noc::L2Path path_;
  std::uint32_t first_port_;
  std::vector<mte::DmaEngine> reads_, writes_;
  Cycle end_ = 0;
};

}  // namespace vitruvian::calibration

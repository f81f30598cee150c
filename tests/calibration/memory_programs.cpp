#include "tests/calibration/memory_programs.h"

#include <algorithm>

namespace vitruvian::calibration {

using mte::Direction;
using mte::Transfer;
using mte::TransferDone;

namespace {

class Stream final : public Program {
 public:
  explicit Stream(const StreamShape& shape) : shape_(shape) {}
  void start(MemoryMachine& machine, std::uint32_t core) override {
    for (std::uint32_t n = 0; n < shape_.ahead; ++n) submit(machine, core, 0);
  }
  void done(MemoryMachine& machine, std::uint32_t core, Direction, const TransferDone& transfer) override {
    submit(machine, core, shape_.ahead == 1 ? transfer.finish + shape_.gap : last_start_);
  }

 private:
  void submit(MemoryMachine& machine, std::uint32_t core, Cycle start) {
    Transfer transfer = shape_.next(core, next_);
    if (transfer.gm.empty()) return;
    transfer.id = next_++;
    transfer.start = last_start_ = start;
    machine.engine(core, shape_.direction).submit(transfer);
  }
  StreamShape shape_;
  std::uint32_t next_ = 0;
  Cycle last_start_ = 0;
};

class Add final : public Program {
 public:
  explicit Add(const AddShape& shape) : shape_(shape), tiles_(static_cast<std::uint32_t>(shape.bytes_per_core / shape.tile)) {}

  void start(MemoryMachine& machine, std::uint32_t core) override {
    for (std::uint32_t n = 0; n < shape_.buffers; ++n) read(machine, core, 0);
  }

  void done(MemoryMachine& machine, std::uint32_t core, Direction direction, const TransferDone& transfer) override {
    if (direction == Direction::write) {
      write_end_[transfer.id % shape_.buffers] = transfer.finish;
      try_add(machine, core);
      return;
    }
    if (transfer.id % 2 == 0) return;  // y completes the pair
    ready_.push_back(transfer.finish);
    try_add(machine, core);
  }

 private:
  void read(MemoryMachine& machine, std::uint32_t core, Cycle start) {
    if (reads_ == tiles_) return;
    for (const std::uint64_t base : {shape_.x, shape_.y}) {
      Transfer transfer = tile(base, core, reads_);
      transfer.id = reads_ * 2 + (base == shape_.y);
      transfer.start = start;
      machine.engine(core, Direction::read).submit(transfer);
    }
    ++reads_;
  }

  // The addition waits for its inputs, the one before, and its output buffer's last write.
  void try_add(MemoryMachine& machine, std::uint32_t core) {
    while (adds_ < ready_.size()) {
      const std::uint32_t buffer = adds_ % shape_.buffers;
      if (adds_ >= shape_.buffers && write_end_[buffer] == 0) return;
      const Cycle begin = std::max({ready_[adds_] + shape_.sync, add_end_, write_end_[buffer] + shape_.sync});
      write_end_[buffer] = 0;
      add_end_ = begin + shape_.vector_cycles;
      Transfer transfer = tile(shape_.z, core, adds_);
      transfer.id = adds_;
      transfer.start = add_end_ + shape_.sync;
      machine.engine(core, Direction::write).submit(transfer);
      ++adds_;
      read(machine, core, add_end_ + shape_.sync);
    }
  }

  Transfer tile(std::uint64_t base, std::uint32_t core, std::uint32_t i) const {
    Transfer transfer;
    transfer.gm.base = base + core * shape_.bytes_per_core + std::uint64_t{i} * shape_.tile;
    transfer.gm.bytes = shape_.tile;
    return transfer;
  }

  AddShape shape_;
  std::uint32_t tiles_, reads_ = 0, adds_ = 0;
  std::vector<Cycle> ready_;
  Cycle add_end_ = 0;
  Cycle write_end_[2] = {0, 0};
};

}  // namespace

std::vector<std::unique_ptr<Program>> stream(std::uint32_t cores, const StreamShape& shape) {
  std::vector<std::unique_ptr<Program>> programs;
  for (std::uint32_t core = 0; core < cores; ++core) programs.push_back(std::make_unique<Stream>(shape));
  return programs;
}

std::vector<std::unique_ptr<Program>> vector_add(std::uint32_t cores, const AddShape& shape) {
  std::vector<std::unique_ptr<Program>> programs;
  for (std::uint32_t core = 0; core < cores; ++core) programs.push_back(std::make_unique<Add>(shape));
  return programs;
}

Transfer MatrixTiles::operator()(std::uint32_t core, std::uint32_t i) const {
  const std::uint64_t row = row_each ? i % tile_rows : 0;
  const std::uint64_t tile = row_each ? i / tile_rows : i;
  const std::uint64_t across = (columns + tile_columns - 1) / tile_columns;
  const std::uint64_t band = rows / cores;
  Transfer transfer;
  transfer.shape = shape;
  const std::uint64_t first_row = tile / across * tile_rows;
  if (first_row >= band) return transfer;
  const std::uint64_t first_column = tile % across * tile_columns;
  transfer.gm.base = base + 2 * ((core * band + first_row + row) * columns + first_column);
  transfer.gm.bytes = static_cast<std::uint32_t>(2 * std::min<std::uint64_t>(tile_columns, columns - first_column));
  transfer.gm.n0 = row_each ? 1 : tile_rows;
  transfer.gm.stride0 = static_cast<std::int64_t>(2 * columns);
  return transfer;
}

}  // namespace vitruvian::calibration

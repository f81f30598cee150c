// The access patterns of the published memory measurements.
#pragma once

#include <functional>
#include <memory>

#include "tests/calibration/memory_machine.h"

namespace vitruvian::calibration {

// A stream of reads: next(core, i) gives the i-th transfer of a core, empty gm at the end. `ahead` transfers are queued at
// any time; with ahead == 1 each waits for the one before and `gap` cycles of synchronisation.
struct StreamShape {
  std::function<mte::Transfer(std::uint32_t core, std::uint32_t i)> next;
  std::uint32_t ahead = 64;
  Cycle gap = 0;
  mte::Direction direction = mte::Direction::read;
};
std::vector<std::unique_ptr<Program>> stream(std::uint32_t cores, const StreamShape& shape);

// z = x + y in tiles of `tile` bytes: two reads, the addition, one write.
struct AddShape {
  std::uint64_t x = 0, y = 0, z = 0;
  std::uint64_t bytes_per_core = 0;
  std::uint32_t tile = 0;
  std::uint32_t buffers = 1;   // of each of x, y, z: a read waits for the addition that frees its buffer, an addition for the write
  Cycle vector_cycles = 0;     // addition of a tile
  Cycle sync = 0;              // between two dependent pipes
};
std::vector<std::unique_ptr<Program>> vector_add(std::uint32_t cores, const AddShape& shape);

// A row-major matrix of 2 B elements, cut into tiles; cores own bands of rows and walk along them.
struct MatrixTiles {
  std::uint64_t base = 0;
  std::uint64_t rows = 0, columns = 0;
  std::uint32_t tile_rows = 0, tile_columns = 0;
  std::uint32_t cores = 1;
  mte::Shape shape = mte::Shape::plain;
  bool row_each = false;       // one transfer for each row of a tile
  mte::Transfer operator()(std::uint32_t core, std::uint32_t i) const;
};

}  // namespace vitruvian::calibration

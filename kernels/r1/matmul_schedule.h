// Which output tiles there are, and which core computes what part of them.
//
//   batches ──> tiles, along the columns, if L2 holds all weights: a panel's rows can stay in L1
//               or down the rows: weights pass once
//   tiles   ──> an equal number for each core: successive ones, or, where weights pass once, round by round  whole tiles
//           └─> the rest, fewer than cores: all their K chunks in a row, an equal share for each core        parts of tiles
//
// A core's share of the rest touches two tiles at most. The parts come first, so that the vector cores add them while the
// cubes go on with whole tiles.
#pragma once

#include "kernel_operator.h"

namespace matmul {

using namespace AscendC;

constexpr uint32_t kFractalRows = 16, kFractalBytes = 32;  // of a fractal: rows, bytes of a row
constexpr uint32_t kBlock = 128;                           // rows and columns of a block of accumulators, at most: half of L0C
constexpr uint32_t kTileMost = 256;                        // a tile is 128 x 256 or 256 x 128 at most
constexpr uint32_t kChunk = 512;                           // bytes of K in an L1 slot where the cube is the bound
constexpr uint32_t kStreamBytes = 64 * 1024;               // of weights in a slot where HBM is: enough for the scalar unit to keep up, and
constexpr uint32_t kStreamMost = 2048;                     // not more, since the last ones are computed on alone
constexpr uint32_t kSplitBytes = 2048;                     // a K of fewer bytes is not worth splitting
constexpr uint64_t kInL2 = 128 * 1024 * 1024;              // bytes of weights that stay in L2 beside the rest

__aicore__ __force_inline__ uint32_t ceil_div(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
__aicore__ __force_inline__ uint32_t round16(uint32_t a) { return (a + 15) & ~15u; }
__aicore__ __force_inline__ uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

// y[batch][row, :n] = a[batch][row, :k] x w[batch]^T. Pitches and batch strides in elements.
struct Problem {
  uint32_t batches = 1, rows = 0, n = 0, k = 0;
  const __gm__ int32_t* counts = nullptr;  // rows of each batch, which follow each other in a and y; otherwise `rows` each
  uint64_t a_pitch = 0, a_batch = 0, y_pitch = 0, y_batch = 0;
  uint32_t tile_m = 0, tile_n = 0;         // 0: chosen by shape
};

// A part of a tile that has its own accumulators: `row` and `column` within the tile.
struct Block {
  uint32_t row, column, m, n;
};

struct Tile {
  uint32_t batch, row, column, m, n;
  // Halves along the longer side, so that one leaves L0C while the other is computed.
  __aicore__ __force_inline__ uint32_t blocks() const { return m > kBlock || n > kBlock ? 2 : 1; }
  __aicore__ __force_inline__ Block block(uint32_t i) const {
    if (m > kBlock) {
      const uint32_t half = round16((m + 1) / 2);
      return i == 0 ? Block{0, 0, half, n} : Block{half, 0, m - half, n};
    }
    const uint32_t half = n > kBlock ? round16((n + 1) / 2) : n;
    return i == 0 ? Block{0, 0, m, half} : Block{0, half, m, n - half};
  }
};

// The tiles of all batches by number. Walking forward is cheap.
class Tiles {
 public:
  __aicore__ __force_inline__ Tiles(const Problem& problem, uint32_t k_bytes, uint32_t cores) : problem_(problem), along_(uint64_t(problem.batches) * problem.n * k_bytes <= kInL2), cores_(cores) {
    if (problem.counts == nullptr) {
      choose(problem.rows);
      total_ = here_ * problem.batches;
      return;
    }
    for (uint32_t batch = 0; batch < problem.batches; ++batch) choose(uint32_t(problem.counts[batch])), total_ += here_;
    restart();
  }
  __aicore__ __force_inline__ uint32_t total() const { return total_; }
  // Weights pass once and bound the product: no batch has more rows than a block.
  __aicore__ __force_inline__ bool streams() const { return flat_ && most_m_ <= kBlock; }
  // Weights pass once, and there are many for each row.
  __aicore__ __force_inline__ bool side_by_side() const { return streams() && problem_.a_batch == 0; }
  // A core's successive tiles are mostly of the same rows.
  __aicore__ __force_inline__ bool keeps_rows() const { return side_by_side() ? problem_.batches == 1 : along_; }
  // The most rows and columns of a tile, in whole fractals.
  __aicore__ __force_inline__ uint32_t most_m() const { return most_m_; }
  __aicore__ __force_inline__ uint32_t most_n() const { return most_n_; }

  __aicore__ __force_inline__ Tile at(uint32_t index) {
    if (problem_.counts == nullptr) {
      batch_ = index / here_, first_ = batch_ * here_;
    } else {
      if (index < first_) restart();
      while (index >= first_ + here_) {
        first_ += here_;
        row_ += rows_;
        choose(uint32_t(problem_.counts[++batch_]));
      }
    }
    const uint32_t within = index - first_, line = within / (along_ ? wide_ : high_), left = within - line * (along_ ? wide_ : high_);
    const uint32_t row = along_ ? line : left, column = along_ ? left : line;
    return {batch_, row_ + row * tile_m_, column * tile_n_, least(tile_m_, rows_ - row * tile_m_), least(tile_n_, problem_.n - column * tile_n_)};
  }

 private:
  __aicore__ __force_inline__ void restart() {
    batch_ = first_ = row_ = 0;
    choose(uint32_t(problem_.counts[0]));
  }
  // The tile for a batch of so many rows: 128 x 256, or 256 x 128 where weights are the bound. Equal sizes.
  __attribute__((noinline)) void choose(uint32_t rows) {
    rows_ = rows;
    here_ = 0;
    if (rows == 0) return;
    if (problem_.tile_m != 0) {
      tile_m_ = least(problem_.tile_m, round16(rows)), tile_n_ = problem_.tile_n;
    } else {
      // Up to 256 rows: weights pass once. Up to twice as many: twice, the second time from L2 while others read HBM.
      const bool tall = rows > kBlock && rows <= (along_ ? kTileMost : 2 * kTileMost);
      tile_m_ = round16(ceil_div(rows, ceil_div(rows, tall ? kTileMost : kBlock)));
      tile_n_ = round16(ceil_div(problem_.n, ceil_div(problem_.n, tall ? kBlock : kTileMost)));
      if (rows <= kBlock && problem_.batches == 1) one_for_each_core();
    }
    if (tile_m_ > most_m_) most_m_ = tile_m_;
    if (round16(tile_n_) > most_n_) most_n_ = round16(tile_n_);
    high_ = ceil_div(rows, tile_m_);
    flat_ = flat_ && high_ == 1;
    wide_ = ceil_div(problem_.n, tile_n_);
    here_ = high_ * wide_;
  }

  // A tile for each core, if that makes nearly equal ones: whole tiles need no adding.
  __aicore__ __force_inline__ void one_for_each_core() {
    const uint32_t n = round16(ceil_div(problem_.n, cores_));
    if (n < tile_n_ && n * cores_ < problem_.n + problem_.n / 16) tile_n_ = n;
  }

  const Problem& problem_;
  bool along_, flat_ = true;
  uint32_t total_ = 0, most_m_ = 0, most_n_ = 0, batch_ = 0, first_ = 0, row_ = 0;
  uint32_t cores_, rows_ = 0, tile_m_ = 0, tile_n_ = 0, high_ = 0, wide_ = 0, here_ = 0;  // of the present batch
};

// What a core does with a tile: chunks [begin, end) of its K. part: the number of the core's part, or kWhole.
struct Item {
  static constexpr uint32_t kWhole = ~0u;
  uint32_t tile, begin, end, part;
};

class Plan {
 public:
  __aicore__ __force_inline__ Plan(const Tiles& all, uint32_t k_bytes, uint32_t core, uint32_t cores)
      : cores_(cores), rounds_(all.total() / cores), rest_(all.total() - rounds_ * cores) {
    whole_ = rounds_, first_ = core * rounds_;
    // Where weights pass once, all cores read the same rows of them side by side: DRAM likes that. Otherwise a core keeps to its rows.
    if (all.side_by_side()) first_ = core, stride_ = cores;
    if (k_bytes < kSplitBytes) {
      whole_ += core < rest_;
      if (stride_ == 1) first_ += least(core, rest_);
      rest_ = 0;
    }
    choose_chunk(k_bytes, all);
    chunks_ = ceil_div(k_bytes, chunk_);
    begin_ = boundary(core), end_ = boundary(core + 1);
    parts_ = begin_ == end_ ? 0 : (end_ - 1) / chunks_ - begin_ / chunks_ + 1;
  }
  __aicore__ __force_inline__ uint32_t chunk() const { return chunk_; }     // bytes
  __aicore__ __force_inline__ uint32_t chunks() const { return chunks_; }   // of a tile
  __aicore__ __force_inline__ uint32_t parts() const { return parts_; }
  __aicore__ __force_inline__ uint32_t items() const { return parts_ + whole_; }
  __aicore__ __force_inline__ uint32_t whole() const { return whole_; }
  __aicore__ __force_inline__ Item item(uint32_t i) const {
    if (i >= parts_) return {first_ + (i - parts_) * stride_, 0, chunks_, Item::kWhole};
    const uint32_t tile = begin_ / chunks_ + i, first = tile * chunks_;
    return {first_split() + tile, begin_ > first ? begin_ - first : 0, least(end_ - first, chunks_), i};
  }

  // The tiles that are split, and who holds parts of them.
  __aicore__ __force_inline__ uint32_t split_tiles() const { return rest_; }
  __aicore__ __force_inline__ uint32_t first_split() const { return rounds_ * cores_; }
  // Calls visit(core, part) for each core with a part of split tile i, in the order of K.
  template <typename Visit>
  __aicore__ __force_inline__ void for_each_part(uint32_t i, Visit visit) const {
    const uint32_t first = i * chunks_, end = first + chunks_;
    uint32_t core = first * cores_ / (rest_ * chunks_);
    while (core > 0 && boundary(core) > first) --core;
    for (; core < cores_; ++core) {
      const uint32_t from = boundary(core), to = boundary(core + 1);
      if (from >= end) return;
      if (from < to && to > first) visit(core, i - from / chunks_);
    }
  }

 private:
  __aicore__ __force_inline__ uint32_t boundary(uint32_t core) const { return rest_ * chunks_ * core / cores_; }
  // The chunk that suits the tiles; where all tiles are split, half of it if that makes the longest core's K shorter by a sixteenth.
  __aicore__ __force_inline__ void choose_chunk(uint32_t k_bytes, const Tiles& tiles) {
    chunk_ = kChunk;
    if (tiles.streams())
      for (chunk_ = kStreamMost; chunk_ * tiles.most_n() > kStreamBytes;) chunk_ /= 2;
    if (rounds_ != 0) return;
    const uint32_t half = chunk_ / 2, length = share(k_bytes, chunk_), shorter = share(k_bytes, half);
    if (shorter + length / 16 < length) chunk_ = half;
  }
  // Bytes of K of the core with the most.
  __aicore__ __force_inline__ uint32_t share(uint32_t k_bytes, uint32_t chunk) const { return ceil_div(rest_ * ceil_div(k_bytes, chunk), cores_) * chunk; }
  uint32_t cores_, rounds_, rest_, chunk_ = kChunk, chunks_ = 0, begin_ = 0, end_ = 0, parts_ = 0, first_ = 0, stride_ = 1, whole_ = 0;
};

}  // namespace matmul

// The vector side of mla_decode: softmax of S, sums of PV, outputs, and the merge of parts (the picture is in mla_decode.cpp).
#pragma once

#include "attention_vector.h"
#include "mla_decode.h"

namespace mla {

class VectorSide {
 public:
  __aicore__ __force_inline__ VectorSide(const Shape& shape, const Workspace& space, GM_ADDR out, float scale) : shape_(shape), space_(space), rows_(scale) {
    out_.SetGlobalBuffer((__gm__ bfloat16_t*)out);
  }

  __aicore__ __force_inline__ void run() {
    SetFlag<HardEvent::MTE3_V>(kOutputFree);
    Blocks block(shape_), before(shape_);
    uint32_t items = 0, item_before = 0;
    bool more = block.next();
    for (uint32_t count = 0; more || count > 0; ++count) {
      if (more) softmax(block, count & 1, items & 1);
      if (count > 0) {
        accumulate(before, (count - 1) & 1);
        if (before.is_last) finish(before, (count - 1) & 1, item_before);
      }
      if (!more) break;
      before = block, item_before = items & 1;
      if (block.is_last) ++items;
      more = block.next();
    }
    WaitFlag<HardEvent::MTE3_V>(kOutputFree);
    if (shape_.splits > 1) {
      SyncAll<true>();
      merge_parts();
    }
    rows_.close();
  }

 private:
  static constexpr int kOutputFree = 2;
  static constexpr uint32_t kHalf = kTileRows / 2, kEight = 8, kEightColumn = kEight * kC0, kColumns = kLatent / kC0, kEightOutput = kLatent * kEight;
  using Rows = Softmax<kEight, kHalf, kHalf * kLatent * 4, kEight * (kLatent * 2 + 64)>;

  static __aicore__ __force_inline__ LocalTensor<float> output(uint32_t eight) { return Rows::at(eight * kEightOutput * 4); }

  // This core's rows of a tile: the first or the second half, in eights.
  static __aicore__ __force_inline__ uint32_t upper_rows(const Blocks& block) { return least(block.rows, round_up((block.rows + 1) / 2, kEight)); }
  static __aicore__ __force_inline__ uint32_t first_row(const Blocks& block) { return GetSubBlockIdx() == 0 ? 0 : upper_rows(block); }
  static __aicore__ __force_inline__ uint32_t rows(const Blocks& block) {
    return GetSubBlockIdx() == 0 ? upper_rows(block) : block.rows - upper_rows(block);
  }
  static __aicore__ __force_inline__ uint32_t eights(const Blocks& block) { return (rows(block) + kEight - 1) / kEight; }

  __aicore__ __force_inline__ void softmax(const Blocks& block, uint32_t parity, uint32_t item) {
    CrossCoreWaitFlag(kScored);
    const uint32_t count = eights(block);
    rows_.open_block(count, block.pages, block.is_first, parity, item);
    for (uint32_t eight = 0; eight < count; ++eight) {
      const uint32_t row = first_row(block) + eight * kEight;
      mask(block, rows_.load_scores(space_.scores(parity)[row * kC0], block.pages), row, block.pages * kPageColumns);
      rows_.weigh(eight, space_.weights(parity)[row * kC0]);
    }
    rows_.close_block(count);
    CrossCoreSetFlag<2, PIPE_MTE3>(kWeighted);
  }

  // Keys beyond the sequence's end, and those behind a row's query, score lowest.
  __aicore__ __force_inline__ void mask(const Blocks& block, const LocalTensor<float>& x, uint32_t row, uint32_t columns) const {
    const uint32_t end = block.length - block.page * kPage, keys = columns * kC0;  // end: of the sequence, from the block's first key
    if (end >= keys + shape_.queries - 1) return;
    if (end < keys) {
      const uint32_t column = end / kC0, inner = end % kC0;
      if (inner) fill(x, column, 0xffffull >> inner << inner & 0xffff, kEight);
      Rows::mask_columns(x, inner ? column + 1 : column, columns);
    }
    // The d-th key from the end is one of query queries - d: earlier queries do not see it.
    for (uint32_t d = 1; d < shape_.queries; ++d) {
      const uint32_t blind = (shape_.queries - d) * shape_.heads, first = block.row + row;
      if (end < d || end - d >= keys || first >= blind) continue;
      fill(x, (end - d) / kC0, 1ull << (end - d) % kC0, least(kEight, blind - first));
    }
    Rows::barrier();
  }
  // Lowest into the lanes (16 bits) of the first `rows` of the eight rows of a column.
  static __aicore__ __force_inline__ void fill(const LocalTensor<float>& x, uint32_t column, uint64_t lanes, uint32_t rows) {
    const uint64_t four = lanes | lanes << 16 | lanes << 32 | lanes << 48;
    for (uint32_t i = 0; i < 2 && rows > i * 4; ++i) {
      const uint32_t here = least(4, rows - i * 4);
      Rows::mask_four_rows(x, column, i, here == 4 ? four : four & ((1ull << here * 16) - 1));
    }
  }

  __aicore__ __force_inline__ void accumulate(const Blocks& block, uint32_t parity) {
    CrossCoreWaitFlag(kProduct);
    if (block.is_first) WaitFlag<HardEvent::MTE3_V>(kOutputFree);
    for (uint32_t eight = 0; eight < eights(block); ++eight) {
      const LocalTensor<float> x = rows_.load(space_.product(parity)[(first_row(block) + eight * kEight) * kC0], kColumns);
      rows_.accumulate(output(eight), x, kColumns, block.is_first, eight, parity);
      rows_.release();
    }
  }

  __aicore__ __force_inline__ void finish(const Blocks& block, uint32_t parity, uint32_t item) {
    for (uint32_t eight = 0; eight < eights(block); ++eight) {
      const uint32_t row = first_row(block) + eight * kEight;
      if (shape_.splits == 1) write_rows(output(eight), Rows::sum(eight, item), block.sequence, block.row + row, rows(block) - eight * kEight);
      else write_part(block, eight, parity, item);
    }
    SetFlag<HardEvent::MTE3_V>(kOutputFree);
  }
  __aicore__ __force_inline__ void write_rows(const LocalTensor<float>& o, const LocalTensor<float>& total, uint32_t sequence, uint32_t row, uint32_t left) {
    rows_.write_rows<kLatent>(out_[(uint64_t(sequence) * shape_.rows() + row) * kLatent], o, total, least(kEight, left), 0);
  }

  // --- parts of a sequence's keys

  __aicore__ __force_inline__ uint32_t part_index(uint32_t sequence, uint32_t part, uint32_t tile) const {
    return (sequence * shape_.splits + part) * shape_.tiles() + tile;
  }
  __aicore__ __force_inline__ void write_part(const Blocks& block, uint32_t eight, uint32_t parity, uint32_t item) {
    const uint32_t index = part_index(block.sequence, block.part, block.tile), row = (first_row(block) + eight * kEight) * kC0;
    const LocalTensor<float> statistic = rows_.next_narrow().ReinterpretCast<float>();
    Rows::spread_to(statistic, Rows::maximum(eight, parity));
    Rows::spread_to(statistic[kEightColumn], Rows::sum(eight, item));
    rows_.open_store();
    DataCopy(space_.output(index)[row], output(eight), DataCopyParams(uint16_t(kColumns), uint16_t(kEightColumn / 8), 0, uint16_t((kColumn - kEightColumn) / 8)));
    DataCopy(space_.maxima(index)[row], statistic, kEightColumn);
    DataCopy(space_.sums(index)[row], statistic[kEightColumn], kEightColumn);
    rows_.close_store();
  }

  // Eights of rows of all sequences, dealt to the vector cores.
  __aicore__ __force_inline__ void merge_parts() {
    const uint32_t tiles = shape_.tiles(), of_tile = kTileRows / kEight, of_sequence = tiles * of_tile;
    for (uint32_t i = uint32_t(GetBlockIdx()); i < shape_.batch * of_sequence; i += uint32_t(GetBlockNum() * GetSubBlockNum())) {
      const uint32_t sequence = i / of_sequence, within = i - sequence * of_sequence, tile = within / of_tile, row = (within - tile * of_tile) * kEight;
      if (tile * kTileRows + row >= shape_.rows()) continue;
      const uint32_t all = (uint32_t(shape_.lengths[sequence]) + kPage - 1) / kPage, mine = shape_.pages_of_part(all);
      merge_eight(sequence, tile, row, (all + mine - 1) / mine);
    }
  }

  // O = sum of exp(scale (maximum of a part - maximum)) O of the part, and the same of the sums. As for a block that follows
  // another, with spread values.
  __aicore__ __force_inline__ void merge_eight(uint32_t sequence, uint32_t tile, uint32_t row, uint32_t parts) {
    const int32_t lanes = kEightColumn, elements = kEightOutput;
    const LocalTensor<float> o = output(0), total = Rows::tree(), maximum = total[kEightColumn], sums = maximum[kEightColumn], factor = Rows::spread();
    for (uint32_t part = 0; part < parts; ++part) {
      const LocalTensor<float> x = rows_.load(space_.maxima(part_index(sequence, part, tile))[row * kC0], 1);
      if (part == 0) Adds(maximum, x, 0.0f, lanes);
      else Max(maximum, maximum, x, lanes);
      rows_.release();
      Rows::barrier();
    }
    Duplicate(total, 0.0f, lanes);
    Duplicate(o, 0.0f, elements);
    for (uint32_t part = 0; part < parts; ++part) {
      const uint32_t index = part_index(sequence, part, tile);
      LocalTensor<float> x = rows_.load(space_.maxima(index)[row * kC0], 1);
      Sub(factor, x, maximum, lanes);
      rows_.release();
      Rows::barrier();
      Muls(factor, factor, rows_.scale(), lanes);
      Rows::barrier();
      Exp(factor, factor, lanes);
      Rows::barrier();
      x = rows_.load(space_.sums(index)[row * kC0], 1);
      Mul(sums, x, factor, lanes);
      rows_.release();
      Rows::barrier();
      Add(total, total, sums, lanes);
      x = rows_.load(space_.output(index)[row * kC0], kColumns);
      Rows::multiply_rows(x, kColumns);
      Rows::barrier();
      Add(o, o, x, elements);
      rows_.release();
      Rows::barrier();
    }
    // One of the 16 equal lanes of each row.
    BlockReduceMax(sums, total, 1, 64, 1, 2, 16);
    ResetMask();
    Rows::barrier();
    const uint32_t first = tile * kTileRows + row;
    write_rows(o, sums, sequence, first, shape_.rows() - first);
  }

  const Shape& shape_;
  const Workspace& space_;
  GlobalTensor<bfloat16_t> out_;
  Rows rows_;
};

}  // namespace mla

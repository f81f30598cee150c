// The vector side of mla_decode: softmax of S, sums of PV, outputs, and the merge of parts (the picture is in mla_decode.cpp).
//
// Rows come in eights: a tensor of theirs is [columns / 16][8 rows][16], two repeats for each column of fractals, and a value
// of each row, spread over 16 lanes, is [8][16]. Each vector core has up to 64 of a tile's 128 rows.
#pragma once

#include "mla_decode.h"

namespace mla {

constexpr uint32_t kEight = 8, kEightColumn = kEight * kC0;  // rows of a group, elements of its column
constexpr float kLowest = -1e30f;                            // below any score; finite, so that differences are numbers

class VectorSide {
 public:
  __aicore__ __force_inline__ VectorSide(const Shape& shape, const Workspace& space, GM_ADDR out, float scale) : shape_(shape), space_(space), scale_(scale) {
    out_.SetGlobalBuffer((__gm__ bfloat16_t*)out);
  }

  __aicore__ __force_inline__ void run() {
    for (int id = 0; id < 2; ++id) SetFlag<HardEvent::V_MTE2>(id), SetFlag<HardEvent::MTE3_V>(id);
    SetFlag<HardEvent::MTE3_V>(kOutputFree);
    Blocks block(shape_), before(shape_);
    uint32_t count = 0, items = 0;
    for (bool more = block.next(); more || count > 0; ++count) {
      if (more) softmax(block, count & 1, items & 1);
      if (count > 0) {
        accumulate(before, (count - 1) & 1);
        if (before.is_last) finish(before, (count - 1) & 1, before_item_);
      }
      if (!more) break;
      before = block, before_item_ = items & 1;
      if (block.is_last) ++items;
      more = block.next();
    }
    WaitFlag<HardEvent::MTE3_V>(kOutputFree);
    if (shape_.splits > 1) {
      SyncAll<true>();
      merge_parts();
    }
    for (int id = 0; id < 2; ++id) WaitFlag<HardEvent::V_MTE2>(id), WaitFlag<HardEvent::MTE3_V>(id);
  }

 private:
  static constexpr int kOutputFree = 2;
  static constexpr uint32_t kHalf = kTileRows / 2, kEightOutput = kLatent * kEight;
  // UB. Spread values lie half a bank row beside what they are combined with: reads of both would meet in the same bank groups.
  static constexpr uint32_t kPitch = kLatent * 2 + 32;  // of a row of results: rows start in different bank groups
  static constexpr uint32_t kOutputAddress = 0, kInAddress = kOutputAddress + kHalf * kLatent * 4, kInBytes = kEight * kBlockKeys * 4;
  static constexpr uint32_t kNarrowAddress = kInAddress + 2 * kInBytes, kNarrowBytes = kEight * (kLatent * 2 + 64);
  static constexpr uint32_t kTreeAddress = kNarrowAddress + 2 * kNarrowBytes, kTreeBytes = kInBytes / 2;
  static constexpr uint32_t kSpreadAddress = kTreeAddress + kTreeBytes, kSpreadBytes = kEightColumn * 4 + 256;
  static constexpr uint32_t kRowsAddress = kSpreadAddress + kSpreadBytes, kRowsBytes = kHalf * 4;
  static constexpr uint32_t kSmallAddress = kRowsAddress + 6 * kRowsBytes;
  static_assert(kNarrowBytes >= kEight * kPitch && kSmallAddress + 512 <= kUbBytes - 256, "what UB holds");

  static __aicore__ __force_inline__ LocalTensor<float> at(uint32_t address) { return LocalTensor<float>(TPosition::VECCALC, address, 0); }
  __aicore__ __force_inline__ LocalTensor<float> output(uint32_t eight) const { return at(kOutputAddress + eight * kEightOutput * 4); }
  __aicore__ __force_inline__ LocalTensor<float> in(uint32_t buffer) const { return at(kInAddress + buffer * kInBytes); }
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> narrow(uint32_t buffer) const {
    return LocalTensor<bfloat16_t>(TPosition::VECOUT, kNarrowAddress + buffer * kNarrowBytes, 0);
  }
  __aicore__ __force_inline__ LocalTensor<float> tree() const { return at(kTreeAddress); }
  __aicore__ __force_inline__ LocalTensor<float> spread() const { return at(kSpreadAddress + 256); }
  __aicore__ __force_inline__ LocalTensor<float> small() const { return at(kSmallAddress); }
  // A value of each row: maximum and alpha of this and the last block, sum of this and the last item.
  __aicore__ __force_inline__ LocalTensor<float> maximum(uint32_t eight, uint32_t parity) const { return row_value(parity, eight); }
  __aicore__ __force_inline__ LocalTensor<float> alpha(uint32_t eight, uint32_t parity) const { return row_value(2 + parity, eight); }
  __aicore__ __force_inline__ LocalTensor<float> sum(uint32_t eight, uint32_t parity) const { return row_value(4 + parity, eight); }
  __aicore__ __force_inline__ LocalTensor<float> row_value(uint32_t which, uint32_t eight) const { return at(kRowsAddress + which * kRowsBytes + eight * kEight * 4); }

  // This core's rows of a tile: the first or the second half, in eights.
  __aicore__ __force_inline__ uint32_t first_row(const Blocks& block) const { return GetSubBlockIdx() == 0 ? 0 : upper_rows(block); }
  __aicore__ __force_inline__ uint32_t rows(const Blocks& block) const {
    return GetSubBlockIdx() == 0 ? upper_rows(block) : block.rows - upper_rows(block);
  }
  static __aicore__ __force_inline__ uint32_t upper_rows(const Blocks& block) { return least(block.rows, round_up((block.rows + 1) / 2, kEight)); }
  __aicore__ __force_inline__ uint32_t eights(const Blocks& block) const { return (rows(block) + kEight - 1) / kEight; }

  // --- pieces

  static __aicore__ __force_inline__ void barrier() { PipeBarrier<PIPE_V>(); }

  // [8] -> [8][16]
  __aicore__ __force_inline__ void spread_out(const LocalTensor<float>& value) const {
    Brcb(spread(), value, 1, BrcbRepeatParams(2, 16));
    Brcb(spread()[8], value, 1, BrcbRepeatParams(2, 16));
    barrier();
  }
  // dst[c] = src[c] o spread for each of `columns` columns.
  template <typename Operation>
  static __aicore__ __force_inline__ void by_row(uint32_t columns, Operation operation) {
    set_lane_mask(64);
    for (uint32_t half = 0; half < kEightColumn; half += 64) operation(half, uint8_t(columns), BinaryRepeatParams(1, 1, 1, 16, 16, 0));
    ResetMask();
  }
  __aicore__ __force_inline__ void multiply_rows(const LocalTensor<float>& x, uint32_t columns) const {
    by_row(columns, [&](uint32_t half, uint8_t repeats, const BinaryRepeatParams& p) VITRUVIAN_LAMBDA {
      Mul<float, false>(x[half], x[half], spread()[half], uint64_t(64), repeats, p);
    });
  }
  // Columns of `from` to one column in `to`, pairwise.
  template <typename Operation>
  static __aicore__ __force_inline__ LocalTensor<float> fold(const LocalTensor<float>& to, LocalTensor<float> from, uint32_t columns, Operation operation) {
    if (columns == 24) {
      operation(to, from, from[8 * kEightColumn], 8 * kEightColumn);
      barrier();
      operation(to, to, from[16 * kEightColumn], 8 * kEightColumn);
      barrier();
      from = to, columns = 8;
    }
    for (; columns > 1; columns /= 2) {
      operation(to, from, from[columns / 2 * kEightColumn], columns / 2 * kEightColumn);
      barrier();
      from = to;
    }
    return from;
  }
  static constexpr BinaryRepeatParams kPairs{1, 2, 2, 8, 16, 16};

  // --- softmax of a block

  __aicore__ __force_inline__ void softmax(const Blocks& block, uint32_t parity, uint32_t item) {
    CrossCoreWaitFlag(kScored);
    const uint32_t count = eights(block);
    if (block.is_first && count > 0) {
      Duplicate(maximum(0, parity ^ 1), kLowest, int32_t(count * kEight));
      Duplicate(sum(0, item), 0.0f, int32_t(count * kEight));
      barrier();
    }
    for (uint32_t eight = 0; eight < count; ++eight) softmax_of_eight(block, eight, parity, item);
    CrossCoreSetFlag<2, PIPE_MTE3>(kWeighted);
  }

  __aicore__ __force_inline__ void softmax_of_eight(const Blocks& block, uint32_t eight, uint32_t parity, uint32_t item) {
    const uint32_t columns = block.pages * kPage / kC0, elements = columns * kEightColumn, row = first_row(block) + eight * kEight;
    const LocalTensor<float> x = load(space_.scores(parity)[row * kC0], columns);
    mask(block, x, row, columns);
    new_maximum(x, columns, eight, parity);
    spread_out(maximum(eight, parity));
    by_row(columns, [&](uint32_t half, uint8_t repeats, const BinaryRepeatParams& p) VITRUVIAN_LAMBDA {
      Sub<float, false>(x[half], x[half], spread()[half], uint64_t(64), repeats, p);
    });
    barrier();
    Muls(x, x, scale_, int32_t(elements));
    barrier();
    Exp(x, x, int32_t(elements));
    barrier();
    WaitFlag<HardEvent::MTE3_V>(int(buffer_));
    Cast(narrow(buffer_), x, RoundMode::CAST_RINT, elements);
    SetFlag<HardEvent::V_MTE3>(int(buffer_));
    WaitFlag<HardEvent::V_MTE3>(int(buffer_));
    DataCopy(space_.weights(parity)[row * kC0], narrow(buffer_),
             DataCopyParams(uint16_t(columns), uint16_t(kEight), 0, uint16_t(kTileRows - kEight)));
    SetFlag<HardEvent::MTE3_V>(int(buffer_));
    new_sum(x, columns, eight, parity, item);
    release();
  }

  // [columns][8][16] of a tensor with 128 rows into the next buffer; release() when it is used up.
  __aicore__ __force_inline__ LocalTensor<float> load(const GlobalTensor<float>& from, uint32_t columns) {
    buffer_ ^= 1;
    WaitFlag<HardEvent::V_MTE2>(int(buffer_));
    DataCopy(in(buffer_), from, DataCopyParams(uint16_t(columns), uint16_t(kEightColumn / 8), uint16_t((kColumn - kEightColumn) / 8), 0));
    SetFlag<HardEvent::MTE2_V>(int(buffer_));
    WaitFlag<HardEvent::MTE2_V>(int(buffer_));
    return in(buffer_);
  }
  __aicore__ __force_inline__ void release() const { SetFlag<HardEvent::V_MTE2>(int(buffer_)); }

  // Keys beyond the sequence's end, and those behind a row's query, score lowest.
  __aicore__ __force_inline__ void mask(const Blocks& block, const LocalTensor<float>& x, uint32_t row, uint32_t columns) const {
    const uint32_t end = block.length - block.page * kPage, keys = columns * kC0;  // end: of the sequence, from the block's first key
    if (end >= keys + shape_.queries - 1) return;
    if (end < keys) {
      const uint32_t column = (end + kC0 - 1) / kC0, inner = end % kC0;
      if (inner) fill(x[(column - 1) * kEightColumn], 0xffffull >> inner << inner & 0xffff, kEight);
      if (column < columns) Duplicate(x[column * kEightColumn], kLowest, int32_t((columns - column) * kEightColumn));
    }
    // The d-th key from the end is one of query queries - d: earlier queries do not see it.
    for (uint32_t d = 1; d < shape_.queries; ++d) {
      const uint32_t blind = (shape_.queries - d) * shape_.heads, first = block.row + row;
      if (end < d || end - d >= keys || first >= blind) continue;
      fill(x[(end - d) / kC0 * kEightColumn], 1ull << (end - d) % kC0, least(kEight, blind - first));
    }
    barrier();
  }
  // Lowest into the lanes (16 bits) of the first `rows` of the eight rows of a column.
  static __aicore__ __force_inline__ void fill(const LocalTensor<float>& column, uint64_t lanes, uint32_t rows) {
    const uint64_t four = lanes | lanes << 16 | lanes << 32 | lanes << 48;
    for (uint32_t half = 0; half < 2 && rows > half * 4; ++half) {
      const uint32_t here = least(4, rows - half * 4);
      const uint64_t bits[2] = {here == 4 ? four : four & ((1ull << here * 16) - 1), 0};
      Duplicate(column[half * 64], kLowest, bits, 1, 1, 8);
    }
    ResetMask();
  }

  // maximum = max(old, scores), alpha = exp(scale (old - new)).
  __aicore__ __force_inline__ void new_maximum(const LocalTensor<float>& x, uint32_t columns, uint32_t eight, uint32_t parity) const {
    const LocalTensor<float> old = maximum(eight, parity ^ 1), now = maximum(eight, parity), factor = alpha(eight, parity);
    const LocalTensor<float> column =
        fold(tree(), x, columns, [](const auto& d, const auto& a, const auto& b, uint32_t n) VITRUVIAN_LAMBDA { Max(d, a, b, int32_t(n)); });
    Max(small(), column, column[8], uint64_t(64), 1, kPairs);
    barrier();
    BlockReduceMax(now, small(), 1, 64, 1, 1, 8);
    ResetMask();
    barrier();
    Max(now, now, old, int32_t(kEight));
    barrier();
    Sub(factor, old, now, int32_t(kEight));
    barrier();
    Muls(factor, factor, scale_, int32_t(kEight));
    barrier();
    Exp(factor, factor, int32_t(kEight));
  }
  // sum = sum * alpha + the row's weights; uses x up.
  __aicore__ __force_inline__ void new_sum(const LocalTensor<float>& x, uint32_t columns, uint32_t eight, uint32_t parity, uint32_t item) const {
    const LocalTensor<float> total = sum(eight, item);
    Mul(total, total, alpha(eight, parity), int32_t(kEight));
    const LocalTensor<float> column =
        fold(x, x, columns, [](const auto& d, const auto& a, const auto& b, uint32_t n) VITRUVIAN_LAMBDA { Add(d, a, b, int32_t(n)); });
    Add(small(), column, column[8], uint64_t(64), 1, kPairs);
    barrier();
    BlockReduceSum(small(), small(), 1, 64, 1, 1, 8);
    ResetMask();
    barrier();
    Add(total, total, small(), int32_t(kEight));
    barrier();
  }

  // --- O

  __aicore__ __force_inline__ void accumulate(const Blocks& block, uint32_t parity) {
    CrossCoreWaitFlag(kProduct);
    if (block.is_first) WaitFlag<HardEvent::MTE3_V>(kOutputFree);
    for (uint32_t eight = 0; eight < eights(block); ++eight) {
      const LocalTensor<float> x = load(space_.product(parity)[(first_row(block) + eight * kEight) * kC0], kLatent / kC0), o = output(eight);
      if (block.is_first) {
        Adds(o, x, 0.0f, int32_t(kEightOutput));
      } else {
        spread_out(alpha(eight, parity));
        multiply_rows(o, kLatent / kC0);
        barrier();
        Add(o, o, x, int32_t(kEightOutput));
      }
      release();
      barrier();
    }
  }

  __aicore__ __force_inline__ void finish(const Blocks& block, uint32_t parity, uint32_t item) {
    for (uint32_t eight = 0; eight < eights(block); ++eight) {
      const uint32_t row = first_row(block) + eight * kEight;
      if (shape_.splits == 1) {
        const uint64_t first = uint64_t(block.sequence) * shape_.rows() + block.row + row;
        write_rows(output(eight), sum(eight, item), first, least(kEight, rows(block) - eight * kEight));
      } else {
        write_part(block, eight, parity, item);
      }
    }
    SetFlag<HardEvent::MTE3_V>(kOutputFree);
  }

  // out = O / sum: [32][8][16] -> rows on the way to bf16, each block of 32 B to its row.
  __aicore__ __force_inline__ void write_rows(const LocalTensor<float>& o, const LocalTensor<float>& total, uint64_t first, uint32_t count) {
    next_narrow_ ^= 1;
    Duplicate(small(), 1.0f, int32_t(kEight));
    barrier();
    Div(small(), small(), total, int32_t(kEight));
    barrier();
    spread_out(small());
    multiply_rows(o, kLatent / kC0);
    barrier();
    WaitFlag<HardEvent::MTE3_V>(int(next_narrow_));
    const LocalTensor<bfloat16_t> y = narrow(next_narrow_);
    set_lane_mask(64);
    for (uint32_t half = 0; half < 2; ++half)
      Cast<bfloat16_t, float, false>(y[half * 4 * (kPitch / 2)], o[half * 64], RoundMode::CAST_RINT, uint64_t(64), uint8_t(kLatent / kC0),
                                     UnaryRepeatParams(kPitch / 32, 1, 1, 16));
    ResetMask();
    barrier();
    SetFlag<HardEvent::V_MTE3>(int(next_narrow_));
    WaitFlag<HardEvent::V_MTE3>(int(next_narrow_));
    DataCopy(out_[first * kLatent], y, DataCopyParams(uint16_t(count), uint16_t(kLatent * 2 / 32), uint16_t((kPitch - kLatent * 2) / 32), 0));
    SetFlag<HardEvent::MTE3_V>(int(next_narrow_));
  }

  // --- parts of a sequence's keys

  __aicore__ __force_inline__ uint32_t part_index(uint32_t sequence, uint32_t part, uint32_t tile) const {
    return (sequence * shape_.splits + part) * shape_.tiles() + tile;
  }
  __aicore__ __force_inline__ void write_part(const Blocks& block, uint32_t eight, uint32_t parity, uint32_t item) {
    const uint32_t index = part_index(block.sequence, block.part, block.tile), row = (first_row(block) + eight * kEight) * kC0;
    // Maximum and sum, spread, in the first KiB of a buffer of results.
    next_narrow_ ^= 1;
    WaitFlag<HardEvent::MTE3_V>(int(next_narrow_));
    const LocalTensor<float> statistic = narrow(next_narrow_).ReinterpretCast<float>();
    for (uint32_t i = 0; i < 2; ++i) {
      const LocalTensor<float> value = i == 0 ? maximum(eight, parity) : sum(eight, item), to = statistic[i * kEightColumn];
      Brcb(to, value, 1, BrcbRepeatParams(2, 16));
      Brcb(to[8], value, 1, BrcbRepeatParams(2, 16));
    }
    barrier();
    SetFlag<HardEvent::V_MTE3>(int(next_narrow_));
    WaitFlag<HardEvent::V_MTE3>(int(next_narrow_));
    DataCopy(space_.output(index)[row], output(eight), DataCopyParams(uint16_t(kLatent / kC0), uint16_t(kEightColumn / 8), 0, uint16_t((kColumn - kEightColumn) / 8)));
    DataCopy(space_.maxima(index)[row], statistic, kEightColumn);
    DataCopy(space_.sums(index)[row], statistic[kEightColumn], kEightColumn);
    SetFlag<HardEvent::MTE3_V>(int(next_narrow_));
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

  // O = sum of exp(scale (maximum of a part - maximum)) O of the part, and the same of the sums.
  __aicore__ __force_inline__ void merge_eight(uint32_t sequence, uint32_t tile, uint32_t row, uint32_t parts) {
    const LocalTensor<float> o = output(0), total = at(kTreeAddress), maxima = at(kTreeAddress + kEightColumn * 4), now = maxima[kEightColumn],
                             sums = now[kEightColumn];
    for (uint32_t part = 0; part < parts; ++part) {
      const uint32_t index = part_index(sequence, part, tile);
      const LocalTensor<float> x = load(space_.maxima(index)[row * kC0], 1);
      if (part == 0) Adds(now, x, 0.0f, int32_t(kEightColumn));
      else Max(now, now, x, int32_t(kEightColumn));
      release();
      barrier();
    }
    for (uint32_t part = 0; part < parts; ++part) {
      const uint32_t index = part_index(sequence, part, tile);
      LocalTensor<float> x = load(space_.maxima(index)[row * kC0], 1);
      Sub(spread(), x, now, int32_t(kEightColumn));
      release();
      barrier();
      Muls(spread(), spread(), scale_, int32_t(kEightColumn));
      barrier();
      Exp(spread(), spread(), int32_t(kEightColumn));
      barrier();
      x = load(space_.sums(index)[row * kC0], 1);
      Mul(sums, x, spread(), int32_t(kEightColumn));
      release();
      barrier();
      if (part == 0) Adds(total, sums, 0.0f, int32_t(kEightColumn));
      else Add(total, total, sums, int32_t(kEightColumn));
      x = load(space_.output(index)[row * kC0], kLatent / kC0);
      multiply_rows(x, kLatent / kC0);
      barrier();
      if (part == 0) Adds(o, x, 0.0f, int32_t(kEightOutput));
      else Add(o, o, x, int32_t(kEightOutput));
      release();
      barrier();
    }
    // One of the 16 equal lanes of each row.
    BlockReduceMax(small()[8], total, 1, 64, 1, 2, 16);
    ResetMask();
    barrier();
    const uint32_t first = tile * kTileRows + row;
    write_rows(o, small()[8], uint64_t(sequence) * shape_.rows() + first, least(kEight, shape_.rows() - first));
  }

  const Shape& shape_;
  const Workspace& space_;
  GlobalTensor<bfloat16_t> out_;
  float scale_;
  uint32_t buffer_ = 0, next_narrow_ = 0, before_item_ = 0;
};

}  // namespace mla

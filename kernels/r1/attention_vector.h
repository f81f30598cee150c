// The vector cores' arithmetic of the attention kernels: online softmax of S and sums of PV.
//
// Rows come in groups of `group` (8 or 16): a tensor of theirs is [columns][group][16], and a value of each row, spread over 16
// lanes, is [group][16]: whole repeats in both, and a column's repeats take the same part of the spread value. Operands that are
// combined lie half a bank row (256 B) apart, or their reads would meet in the same bank groups: pages of scores have a gap of
// that size between them, and there is a spread value for even and one for odd pages.
// While the maxima of a group are found, the sums of the one before are: both are chains of short operations.
#pragma once

#include "attention.h"

namespace attention {

constexpr float kLowest = -1e30f;  // below any score; finite, so that differences are numbers

// UB: in 2 x a group's S or PV | narrow 2 x its P | tree | spread 2 x | six values of each row | small.
template <uint32_t group, uint32_t rows_of_core, uint32_t first_address, uint32_t narrow_bytes>
class Softmax {
 public:
  static constexpr uint32_t kGroup = group, kGroupColumn = group * kC0;
  __aicore__ __force_inline__ explicit Softmax(float scale) : scale_(scale) {
    for (int id = 0; id < 2; ++id) SetFlag<HardEvent::V_MTE2>(id), SetFlag<HardEvent::MTE3_V>(id);
  }
  __aicore__ __force_inline__ void close() const {
    for (int id = 0; id < 2; ++id) WaitFlag<HardEvent::V_MTE2>(id), WaitFlag<HardEvent::MTE3_V>(id);
  }

  static __aicore__ __force_inline__ LocalTensor<float> at(uint32_t address) { return LocalTensor<float>(TPosition::VECCALC, address, 0); }
  static __aicore__ __force_inline__ void barrier() { PipeBarrier<PIPE_V>(); }
  static __aicore__ __force_inline__ LocalTensor<bfloat16_t> narrow(uint32_t buffer) {
    return LocalTensor<bfloat16_t>(TPosition::VECOUT, kNarrowAddress + buffer * narrow_bytes, 0);
  }
  static __aicore__ __force_inline__ LocalTensor<float> tree() { return at(kTreeAddress); }
  // Beside tensors that begin at a whole bank row, or (1) half of one behind.
  static __aicore__ __force_inline__ LocalTensor<float> spread(uint32_t parity = 0) { return at(kSpreadAddress + parity * kSpreadBytes + 256 * (1 - parity)); }
  static __aicore__ __force_inline__ LocalTensor<float> small() { return at(kSmallAddress); }
  // A value of each row of the i-th group: maximum and alpha of this and the last block, sum of this and the last item.
  static __aicore__ __force_inline__ LocalTensor<float> maximum(uint32_t i, uint32_t parity) { return row_value(parity, i); }
  static __aicore__ __force_inline__ LocalTensor<float> alpha(uint32_t i, uint32_t parity) { return row_value(2 + parity, i); }
  static __aicore__ __force_inline__ LocalTensor<float> sum(uint32_t i, uint32_t parity) { return row_value(4 + parity, i); }

  // --- transfers

  // The next buffer, when it is free; then its loads, loaded(); release() when it is used up.
  __aicore__ __force_inline__ LocalTensor<float> next_in() {
    buffer_ ^= 1;
    WaitFlag<HardEvent::V_MTE2>(int(buffer_));
    return at(kInAddress + buffer_ * kInBytes);
  }
  // [columns][group][16] of a tensor with 128 rows.
  static __aicore__ __force_inline__ void copy_in(const LocalTensor<float>& to, const GlobalTensor<float>& from, uint32_t columns) {
    DataCopy(to, from, DataCopyParams(uint16_t(columns), uint16_t(kGroupColumn / 8), uint16_t((kColumn - kGroupColumn) / 8), 0));
  }
  __aicore__ __force_inline__ void loaded() const {
    SetFlag<HardEvent::MTE2_V>(int(buffer_));
    WaitFlag<HardEvent::MTE2_V>(int(buffer_));
  }
  __aicore__ __force_inline__ LocalTensor<float> load(const GlobalTensor<float>& from, uint32_t columns) {
    const LocalTensor<float> to = next_in();
    copy_in(to, from, columns);
    loaded();
    return to;
  }
  __aicore__ __force_inline__ LocalTensor<float> load_scores(const GlobalTensor<float>& from, uint32_t pages) {
    const LocalTensor<float> to = next_in();
    for (uint32_t page = 0; page < pages; ++page) copy_in(to[page * kPagePitch], from[page * kPageColumns * kColumn], kPageColumns);
    loaded();
    return to;
  }
  __aicore__ __force_inline__ void release() const { SetFlag<HardEvent::V_MTE2>(int(buffer_)); }
  // The next buffer for results; write it, then open_store(), the copies, close_store().
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> next_narrow() {
    next_ ^= 1;
    WaitFlag<HardEvent::MTE3_V>(int(next_));
    return narrow(next_);
  }
  __aicore__ __force_inline__ void open_store() const {
    SetFlag<HardEvent::V_MTE3>(int(next_));
    WaitFlag<HardEvent::V_MTE3>(int(next_));
  }
  __aicore__ __force_inline__ void close_store() const { SetFlag<HardEvent::MTE3_V>(int(next_)); }

  // --- pieces

  // [group] -> [group][16]
  static __aicore__ __force_inline__ void spread_to(const LocalTensor<float>& to, const LocalTensor<float>& value) {
    Brcb(to, value, uint8_t(group / 8), BrcbRepeatParams(2, 16));
    Brcb(to[8], value, uint8_t(group / 8), BrcbRepeatParams(2, 16));
  }
  static __aicore__ __force_inline__ void spread_out(const LocalTensor<float>& value) {
    spread_to(spread(), value);
    barrier();
  }
  // x[c] = x[c] o spread for each of `columns` columns.
  template <typename Operation>
  static __aicore__ __force_inline__ void by_row(uint32_t columns, Operation operation) {
    set_lane_mask(64);
    for (uint32_t part = 0; part < kGroupColumn; part += 64) operation(part, uint8_t(columns), BinaryRepeatParams(1, 1, 1, group * 2, group * 2, 0));
    ResetMask();
  }
  static __aicore__ __force_inline__ void multiply_rows(const LocalTensor<float>& x, uint32_t columns) {
    by_row(columns, [&](uint32_t part, uint8_t repeats, const BinaryRepeatParams& p) VITRUVIAN_LAMBDA {
      Mul<float, false>(x[part], x[part], spread()[part], uint64_t(64), repeats, p);
    });
  }

  // --- masks

  // Where a column of a group's scores begins.
  static __aicore__ __force_inline__ uint32_t column_at(uint32_t column) {
    return column / kPageColumns * kPagePitch + column % kPageColumns * kGroupColumn;
  }
  // Lowest into the columns from `first` on.
  static __aicore__ __force_inline__ void mask_columns(const LocalTensor<float>& x, uint32_t first, uint32_t columns) {
    while (first < columns) {
      const uint32_t count = least(kPageColumns - first % kPageColumns, columns - first);
      Duplicate(x[column_at(first)], kLowest, int32_t(count * kGroupColumn));
      first += count;
    }
  }
  // Lowest where the bits (16 for each of four rows) are set, in rows 4 i to 4 i + 3 of a column.
  static __aicore__ __force_inline__ void mask_four_rows(const LocalTensor<float>& x, uint32_t column, uint32_t i, uint64_t bits) {
    const uint64_t mask[2] = {bits, 0};
    Duplicate(x[column_at(column) + i * 64], kLowest, mask, 1, 1, 8);
    ResetMask();
  }

  // --- softmax

  // Before a block; first: of an item.
  __aicore__ __force_inline__ void open_block(uint32_t groups, uint32_t pages, bool first, uint32_t parity, uint32_t item) {
    pages_ = pages, parity_ = parity, item_ = item;
    if (!first || groups == 0) return;
    Duplicate(maximum(0, parity ^ 1), kLowest, int32_t(groups * group));
    Duplicate(sum(0, item), 0.0f, int32_t(groups * group));
    barrier();
  }
  // Masked scores of the i-th group, in the buffer of the last load_scores(), to weights, on their way out to `to`. Updates
  // maximum and alpha, and the sum of the group before, whose buffer is released.
  __aicore__ __force_inline__ void weigh(uint32_t i, const GlobalTensor<bfloat16_t>& to) {
    if (i == 0) reduce<true, false>(0);
    else reduce<true, true>(i);
    if (i > 0) SetFlag<HardEvent::V_MTE2>(int(buffer_ ^ 1));
    const LocalTensor<float> x = at(kInAddress + buffer_ * kInBytes), factor = alpha(i, parity_);
    // Gaps between pages go along.
    const int32_t elements = int32_t((pages_ - 1) * kPagePitch + kPageElements);
    spread_to(spread(0), maximum(i, parity_));
    spread_to(spread(1), maximum(i, parity_));
    barrier();
    // alpha = exp(scale (old maximum - maximum)) beside the scores.
    Sub(factor, maximum(i, parity_ ^ 1), maximum(i, parity_), int32_t(group));
    for (uint32_t page = 0; page < pages_; ++page) {
      const LocalTensor<float> of_page = x[page * kPagePitch], value = spread(page & 1);
      by_row(kPageColumns, [&](uint32_t part, uint8_t repeats, const BinaryRepeatParams& p) VITRUVIAN_LAMBDA {
        Sub<float, false>(of_page[part], of_page[part], value[part], uint64_t(64), repeats, p);
      });
    }
    barrier();
    Muls(factor, factor, scale_, int32_t(group));
    Muls(x, x, scale_, elements);
    barrier();
    Exp(factor, factor, int32_t(group));
    Exp(x, x, elements);
    barrier();
    const LocalTensor<bfloat16_t> weights = next_narrow();
    Cast(weights, x, RoundMode::CAST_RINT, uint32_t(elements));
    open_store();
    for (uint32_t page = 0; page < pages_; ++page)
      DataCopy(to[page * kPageColumns * kColumn], weights[page * kPagePitch], DataCopyParams(uint16_t(kPageColumns), uint16_t(group), 0, uint16_t(kTileRows - group)));
    close_store();
  }
  // The sum of the last of `groups` groups.
  __aicore__ __force_inline__ void close_block(uint32_t groups) {
    if (groups == 0) return;
    reduce<false, true>(groups);
    release();
  }

  // O = PV of an item's first block, O * alpha + PV of the others, of the i-th group.
  __aicore__ __force_inline__ void accumulate(const LocalTensor<float>& o, const LocalTensor<float>& product, uint32_t columns, bool first, uint32_t i,
                                              uint32_t parity) {
    const int32_t elements = int32_t(columns * kGroupColumn);
    if (first) {
      Adds(o, product, 0.0f, elements);
    } else {
      spread_out(alpha(i, parity));
      multiply_rows(o, columns);
      barrier();
      Add(o, o, product, elements);
    }
    barrier();
  }

  // to = O / total for the first `count` rows: each block of 32 B goes to its row on the way to bf16. gap: bytes between rows of `to`.
  template <uint32_t width>
  __aicore__ __force_inline__ void write_rows(const GlobalTensor<bfloat16_t>& to, const LocalTensor<float>& o, const LocalTensor<float>& total,
                                              uint32_t count, uint32_t gap) {
    constexpr uint32_t kPitch = width * 2 + 32;  // rows start in different bank groups
    static_assert(narrow_bytes >= group * kPitch, "a buffer of results holds a group's rows");
    Duplicate(small(), 1.0f, int32_t(group));
    barrier();
    Div(small(), small(), total, int32_t(group));
    barrier();
    spread_out(small());
    multiply_rows(o, width / kC0);
    barrier();
    const LocalTensor<bfloat16_t> y = next_narrow();
    set_lane_mask(64);
    for (uint32_t part = 0; part < kGroupColumn; part += 64)
      Cast<bfloat16_t, float, false>(y[part / kC0 * (kPitch / 2)], o[part], RoundMode::CAST_RINT, uint64_t(64), uint8_t(width / kC0),
                                     UnaryRepeatParams(kPitch / 32, 1, 1, group * 2));
    ResetMask();
    open_store();
    DataCopyPad(to, y, DataCopyExtParams(count, width * 2, (kPitch - width * 2) / 32, gap, 0));
    close_store();
  }

  float scale() const { return scale_; }

 private:
  static constexpr uint32_t kPageElements = kPageColumns * kGroupColumn, kPagePitch = kPageElements + 64;
  static constexpr uint32_t kInAddress = first_address, kInBytes = kBlockPages * kPagePitch * 4;
  static constexpr uint32_t kNarrowAddress = kInAddress + 2 * kInBytes;
  static constexpr uint32_t kTreeAddress = kNarrowAddress + 2 * narrow_bytes, kTreeBytes = 2 * kPagePitch * 4;
  static constexpr uint32_t kSpreadAddress = kTreeAddress + kTreeBytes, kSpreadBytes = kGroupColumn * 4 + 256;
  static constexpr uint32_t kRowsAddress = kSpreadAddress + 2 * kSpreadBytes, kRowsBytes = rows_of_core * 4;
  static constexpr uint32_t kSmallAddress = kRowsAddress + 6 * kRowsBytes;
  static constexpr BinaryRepeatParams kPairs{1, 2, 2, 8, 16, 16};
  static_assert(narrow_bytes >= kInBytes / 2 && narrow_bytes % 512 == 0 && kSmallAddress + 2 * group * 32 <= kUbBytes - 256, "what UB holds");

  static __aicore__ __force_inline__ LocalTensor<float> row_value(uint32_t which, uint32_t i) {
    return at(kRowsAddress + which * kRowsBytes + i * group * 4);
  }

  // Maximum of the i-th group's scores in this buffer (of_scores), sum of the weights of the one before in the other or, without
  // scores, in this one (of_weights); uses those up.
  template <bool of_scores, bool of_weights>
  __aicore__ __force_inline__ void reduce(uint32_t i) const {
    const LocalTensor<float> x = at(kInAddress + buffer_ * kInBytes), weights = at(kInAddress + (of_scores ? buffer_ ^ 1 : buffer_) * kInBytes);
    LocalTensor<float> top = x, total = weights;
    if constexpr (of_weights) Mul(sum(i - 1, item_), sum(i - 1, item_), alpha(i - 1, parity_), int32_t(group));
    if (pages_ > 1) {
      // Pages 0 and 1 to one place, 2 and 3 to another, of different bank groups.
      const uint32_t first = pages_ == 3 ? 1 : 0;
      if constexpr (of_scores) {
        top = tree()[first * kPagePitch];
        Max(top, x, x[kPagePitch], int32_t(kPageElements));
        if (pages_ == 4) Max(tree()[kPagePitch], x[2 * kPagePitch], x[3 * kPagePitch], int32_t(kPageElements));
      }
      if constexpr (of_weights) {
        total = weights[first * kPagePitch];
        Add(total, weights, weights[kPagePitch], int32_t(kPageElements));
        if (pages_ == 4) Add(weights[3 * kPagePitch], weights[2 * kPagePitch], weights[3 * kPagePitch], int32_t(kPageElements));
      }
      barrier();
    }
    if (pages_ > 2) {
      if constexpr (of_scores) Max(top, top, pages_ == 4 ? tree()[kPagePitch] : x[2 * kPagePitch], int32_t(kPageElements));
      if constexpr (of_weights) Add(total, total, weights[(pages_ - 1) * kPagePitch], int32_t(kPageElements));
      barrier();
    }
    for (uint32_t columns = kPageColumns / 2; columns > 0; columns /= 2) {
      if constexpr (of_scores) {
        Max(tree(), top, top[columns * kGroupColumn], int32_t(columns * kGroupColumn));
        top = tree();
      }
      if constexpr (of_weights) Add(total, total, total[columns * kGroupColumn], int32_t(columns * kGroupColumn));
      barrier();
    }
    reduce_column<of_scores, of_weights>(top, total, i);
  }
  // [group][16] to a value of each row.
  template <bool of_scores, bool of_weights>
  __aicore__ __force_inline__ void reduce_column(const LocalTensor<float>& top, const LocalTensor<float>& total, uint32_t i) const {
    const LocalTensor<float> pairs = small(), sums = small()[kGroup * 8];
    if constexpr (of_scores) Max(pairs, top, top[8], uint64_t(64), uint8_t(group / 8), kPairs);
    if constexpr (of_weights) Add(sums, total, total[8], uint64_t(64), uint8_t(group / 8), kPairs);
    barrier();
    if constexpr (of_scores) BlockReduceMax(maximum(i, parity_), pairs, int32_t(group / 8), 64, 1, 1, 8);
    if constexpr (of_weights) BlockReduceSum(sums, sums, int32_t(group / 8), 64, 1, 1, 8);
    ResetMask();
    barrier();
    if constexpr (of_scores) Max(maximum(i, parity_), maximum(i, parity_), maximum(i, parity_ ^ 1), int32_t(group));
    if constexpr (of_weights) Add(sum(i - 1, item_), sum(i - 1, item_), sums, int32_t(group));
    barrier();
  }

  float scale_;
  uint32_t buffer_ = 0, next_ = 0;
  uint32_t pages_ = 0, parity_ = 0, item_ = 0;  // of the block
};

}  // namespace attention

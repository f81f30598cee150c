// The vector cores' arithmetic of the attention kernels: online softmax of S and sums of PV.
//
// Rows come in groups of `group` (8 or 16): a tensor of theirs is [columns][group][16], and a value of each row, spread over 16
// lanes, is [group][16]: whole repeats in both, and a column's repeats take the same part of the spread value.
#pragma once

#include "attention.h"

namespace attention {

constexpr float kLowest = -1e30f;  // below any score; finite, so that differences are numbers

// UB: in 2 x a group's S or PV | narrow 2 x its P | tree | spread | six values of each row | small. Spread values lie half a
// bank row beside what they are combined with: reads of both would meet in the same bank groups.
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
  static __aicore__ __force_inline__ LocalTensor<float> spread() { return at(kSpreadAddress + 256); }
  static __aicore__ __force_inline__ LocalTensor<float> small() { return at(kSmallAddress); }
  // A value of each row of the i-th group: maximum and alpha of this and the last block, sum of this and the last item.
  static __aicore__ __force_inline__ LocalTensor<float> maximum(uint32_t i, uint32_t parity) { return row_value(parity, i); }
  static __aicore__ __force_inline__ LocalTensor<float> alpha(uint32_t i, uint32_t parity) { return row_value(2 + parity, i); }
  static __aicore__ __force_inline__ LocalTensor<float> sum(uint32_t i, uint32_t parity) { return row_value(4 + parity, i); }

  // --- transfers

  // [columns][group][16] of a tensor with 128 rows into the next buffer; release() when it is used up.
  __aicore__ __force_inline__ LocalTensor<float> load(const GlobalTensor<float>& from, uint32_t columns) {
    buffer_ ^= 1;
    WaitFlag<HardEvent::V_MTE2>(int(buffer_));
    const LocalTensor<float> to = at(kInAddress + buffer_ * kInBytes);
    DataCopy(to, from, DataCopyParams(uint16_t(columns), uint16_t(kGroupColumn / 8), uint16_t((kColumn - kGroupColumn) / 8), 0));
    SetFlag<HardEvent::MTE2_V>(int(buffer_));
    WaitFlag<HardEvent::MTE2_V>(int(buffer_));
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
  // Columns (8, 16, 24 or 32) of `from` to one column in `to`, pairwise.
  template <typename Operation>
  static __aicore__ __force_inline__ LocalTensor<float> fold(const LocalTensor<float>& to, LocalTensor<float> from, uint32_t columns, Operation operation) {
    if (columns == 3 * kPageColumns) {
      operation(to, from, from[kPageColumns * kGroupColumn], kPageColumns * kGroupColumn);
      barrier();
      operation(to, to, from[2 * kPageColumns * kGroupColumn], kPageColumns * kGroupColumn);
      barrier();
      from = to, columns = kPageColumns;
    }
    for (; columns > 1; columns /= 2) {
      operation(to, from, from[columns / 2 * kGroupColumn], columns / 2 * kGroupColumn);
      barrier();
      from = to;
    }
    return from;
  }

  // --- masks

  // Lowest into the columns from `first` on.
  static __aicore__ __force_inline__ void mask_columns(const LocalTensor<float>& x, uint32_t first, uint32_t columns) {
    if (first < columns) Duplicate(x[first * kGroupColumn], kLowest, int32_t((columns - first) * kGroupColumn));
  }
  // Lowest where the bits (16 for each of four rows) are set, in rows 4 i to 4 i + 3 of a column.
  static __aicore__ __force_inline__ void mask_four_rows(const LocalTensor<float>& column, uint32_t i, uint64_t bits) {
    const uint64_t mask[2] = {bits, 0};
    Duplicate(column[i * 64], kLowest, mask, 1, 1, 8);
    ResetMask();
  }

  // --- softmax

  static __aicore__ __force_inline__ void open_rows(uint32_t groups, uint32_t parity, uint32_t item) {
    Duplicate(maximum(0, parity ^ 1), kLowest, int32_t(groups * group));
    Duplicate(sum(0, item), 0.0f, int32_t(groups * group));
    barrier();
  }

  // Masked scores x to weights, on their way out to `to`; updates maximum, alpha and sum of the i-th group. Uses x up.
  __aicore__ __force_inline__ void weigh(const LocalTensor<float>& x, uint32_t columns, uint32_t i, uint32_t parity, uint32_t item,
                                         const GlobalTensor<bfloat16_t>& to) {
    const int32_t elements = int32_t(columns * kGroupColumn);
    new_maximum(x, columns, i, parity);
    spread_out(maximum(i, parity));
    // alpha = exp(scale (old maximum - maximum)) goes along.
    const LocalTensor<float> factor = alpha(i, parity);
    Sub(factor, maximum(i, parity ^ 1), maximum(i, parity), int32_t(group));
    by_row(columns, [&](uint32_t part, uint8_t repeats, const BinaryRepeatParams& p) VITRUVIAN_LAMBDA {
      Sub<float, false>(x[part], x[part], spread()[part], uint64_t(64), repeats, p);
    });
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
    DataCopy(to, weights, DataCopyParams(uint16_t(columns), uint16_t(group), 0, uint16_t(kTileRows - group)));
    close_store();
    new_sum(x, columns, i, parity, item);
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
  static constexpr uint32_t kInAddress = first_address, kInBytes = group * kBlockKeys * 4;
  static constexpr uint32_t kNarrowAddress = kInAddress + 2 * kInBytes;
  static constexpr uint32_t kTreeAddress = kNarrowAddress + 2 * narrow_bytes, kTreeBytes = kInBytes / 2;
  static constexpr uint32_t kSpreadAddress = kTreeAddress + kTreeBytes, kSpreadBytes = kGroupColumn * 4 + 256;
  static constexpr uint32_t kRowsAddress = kSpreadAddress + kSpreadBytes, kRowsBytes = rows_of_core * 4;
  static constexpr uint32_t kSmallAddress = kRowsAddress + 6 * kRowsBytes;
  static constexpr BinaryRepeatParams kPairs{1, 2, 2, 8, 16, 16};
  static_assert(narrow_bytes >= kInBytes / 2 && narrow_bytes % 512 == 0 && kSmallAddress + group * 32 <= kUbBytes - 256, "what UB holds");

  static __aicore__ __force_inline__ LocalTensor<float> row_value(uint32_t which, uint32_t i) {
    return at(kRowsAddress + which * kRowsBytes + i * group * 4);
  }

  // maximum = max(old, scores)
  static __aicore__ __force_inline__ void new_maximum(const LocalTensor<float>& x, uint32_t columns, uint32_t i, uint32_t parity) {
    const LocalTensor<float> now = maximum(i, parity);
    const LocalTensor<float> column =
        fold(tree(), x, columns, [](const auto& d, const auto& a, const auto& b, uint32_t n) VITRUVIAN_LAMBDA { Max(d, a, b, int32_t(n)); });
    Max(small(), column, column[8], uint64_t(64), uint8_t(group / 8), kPairs);
    barrier();
    BlockReduceMax(now, small(), int32_t(group / 8), 64, 1, 1, 8);
    ResetMask();
    barrier();
    Max(now, now, maximum(i, parity ^ 1), int32_t(group));
    barrier();
  }
  // sum = sum * alpha + the row's weights; uses x up.
  static __aicore__ __force_inline__ void new_sum(const LocalTensor<float>& x, uint32_t columns, uint32_t i, uint32_t parity, uint32_t item) {
    const LocalTensor<float> total = sum(i, item);
    Mul(total, total, alpha(i, parity), int32_t(group));
    const LocalTensor<float> column =
        fold(x, x, columns, [](const auto& d, const auto& a, const auto& b, uint32_t n) VITRUVIAN_LAMBDA { Add(d, a, b, int32_t(n)); });
    Add(small(), column, column[8], uint64_t(64), uint8_t(group / 8), kPairs);
    barrier();
    BlockReduceSum(small(), small(), int32_t(group / 8), 64, 1, 1, 8);
    ResetMask();
    barrier();
    Add(total, total, small(), int32_t(group));
    barrier();
  }

  float scale_;
  uint32_t buffer_ = 0, next_ = 0;
};

}  // namespace attention

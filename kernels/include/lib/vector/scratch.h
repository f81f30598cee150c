// Temporary UB of the high-level vector library, and row-wise operations on [rows, width] float tensors.
//
// A function without a temporary tensor takes what the live TPipe has left. Every step ends with a V barrier: the steps of this
// library depend on each other, and no event is needed inside one pipe.
#pragma once

#include "kernel_operator.h"
#include "kernel_tiling/kernel_tiling.h"

namespace AscendC {
namespace vector_library {

inline constexpr std::uint32_t kLanes32 = 64, kBlock32 = 8, kMaxRepeat = 255;
inline constexpr std::uint32_t kRepeats = 254;  // an even number of repeats, where 8 elements of 16 bits are half a block

VITRUVIAN_INLINE constexpr std::uint32_t align(std::uint32_t n, std::uint32_t unit) { return (n + unit - 1) / unit * unit; }
VITRUVIAN_INLINE constexpr std::uint32_t smaller(std::uint32_t a, std::uint32_t b) { return a < b ? a : b; }
VITRUVIAN_INLINE void vector_barrier() { ::pipe_barrier(PIPE_V); }

// A bump allocator over temporary UB; take() beyond its end stops the kernel.
class Scratch {
 public:
  VITRUVIAN_INLINE Scratch() {
    next_ = align(g_tPipe->used_bytes(Hardware::UB), 32);
    end_ = static_cast<std::uint32_t>(GetUBSizeInBytes()) / 32 * 32;
  }
  VITRUVIAN_INLINE explicit Scratch(const LocalTensor<std::uint8_t>& buffer)
      : next_(static_cast<std::uint32_t>(buffer.address())), end_(next_ + buffer.GetLength() / 32 * 32) {}
  template <typename T>
  VITRUVIAN_INLINE LocalTensor<T> take(std::uint32_t count) {
    const LocalTensor<T> tensor(TPosition::VECCALC, next_, count);
    next_ += align(count * sizeof(T), 32);
    if (next_ > end_) vitruvian_stop();
    return tensor;
  }
  VITRUVIAN_INLINE std::uint32_t left() const { return end_ > next_ ? end_ - next_ : 0; }

 private:
  std::uint32_t next_ = 0, end_ = 0;
};

// Elements for each of `tensors` float tensors in the scratch, at most n: whole repeats.
VITRUVIAN_INLINE std::uint32_t chunk_of(const Scratch& scratch, std::uint32_t tensors, std::uint32_t reserved, std::uint32_t n) {
  const std::uint32_t left = scratch.left() > reserved ? scratch.left() - reserved : 0;
  const std::uint32_t fits = left / (tensors * sizeof(float)) / kLanes32 * kLanes32;
  if (fits == 0) vitruvian_stop();
  return smaller(fits, n);
}

template <typename T>
VITRUVIAN_INLINE void to_float(const LocalTensor<float>& to, const LocalTensor<T>& from, std::uint32_t n) {
  if constexpr (std::is_same_v<T, float>)
    Adds(to, from, 0.0f, static_cast<std::int32_t>(n));
  else
    Cast(to, from, RoundMode::CAST_NONE, n);
  vector_barrier();
}
template <typename T>
VITRUVIAN_INLINE void from_float(const LocalTensor<T>& to, const LocalTensor<float>& from, std::uint32_t n) {
  if constexpr (std::is_same_v<T, float>)
    Adds(to, from, 0.0f, static_cast<std::int32_t>(n));
  else
    Cast(to, from, RoundMode::CAST_RINT, n);
  vector_barrier();
}

// Calls each(offset, count, mask lanes): pieces of a row for mask forms. Rows are `stride` floats apart, a multiple of 8.
template <typename Each>
VITRUVIAN_INLINE void over_columns(std::uint32_t width, Each each) {
  for (std::uint32_t column = 0; column < width; column += kLanes32) each(column, smaller(kLanes32, width - column));
}
// Calls each(first row, rows) for groups that one instruction can repeat over, given the row stride.
template <typename Each>
VITRUVIAN_INLINE void over_rows(std::uint32_t rows, std::uint32_t stride, Each each) {
  const std::uint32_t most = stride / kBlock32 <= kMaxRepeat ? kMaxRepeat : 1;
  for (std::uint32_t row = 0; row < rows; row += most) each(row, smaller(most, rows - row));
}
VITRUVIAN_INLINE std::uint8_t repeat_stride(std::uint32_t stride) {
  return static_cast<std::uint8_t>(stride / kBlock32 <= kMaxRepeat ? stride / kBlock32 : 0);
}

// dst[r][c] = a[r][c] o b, b one of: a block of 8 equal values for each row (kRowBlocks), a row for all (kRow).
enum class Operand { kRowBlocks, kRow };
template <Operand operand, typename Operation>
VITRUVIAN_INLINE void row_wise(const LocalTensor<float>& dst, const LocalTensor<float>& a, const LocalTensor<float>& b, std::uint32_t rows, std::uint32_t width,
                               std::uint32_t stride, Operation operation) {
  over_rows(rows, stride, [&](std::uint32_t row, std::uint32_t count) VITRUVIAN_LAMBDA {
    over_columns(width, [&](std::uint32_t column, std::uint32_t lanes) VITRUVIAN_LAMBDA {
      const std::uint8_t step = repeat_stride(stride);
      const std::uint32_t at = row * stride + column;
      if constexpr (operand == Operand::kRowBlocks)
        operation(dst[at], a[at], b[row * kBlock32], static_cast<std::uint64_t>(lanes), static_cast<std::uint8_t>(count),
                  BinaryRepeatParams(1, 1, 0, step, step, 1));
      else
        operation(dst[at], a[at], b[column], static_cast<std::uint64_t>(lanes), static_cast<std::uint8_t>(count), BinaryRepeatParams(1, 1, 1, step, step, 0));
    });
  });
  ResetMask();
  vector_barrier();
}
#define VITRUVIAN_ROW_OPERATION(name, Function)                                                                                    \
  struct name {                                                                                                                    \
    VITRUVIAN_INLINE void operator()(const LocalTensor<float>& d, const LocalTensor<float>& a, const LocalTensor<float>& b,        \
                                     std::uint64_t mask, std::uint8_t repeat, const BinaryRepeatParams& p) const {                 \
      Function(d, a, b, mask, repeat, p);                                                                                          \
    }                                                                                                                              \
  };
VITRUVIAN_ROW_OPERATION(AddRows, Add)
VITRUVIAN_ROW_OPERATION(SubRows, Sub)
VITRUVIAN_ROW_OPERATION(MulRows, Mul)
VITRUVIAN_ROW_OPERATION(DivRows, Div)
VITRUVIAN_ROW_OPERATION(MaxRows, Max)
#undef VITRUVIAN_ROW_OPERATION

// red[r] = sum or maximum of the first `width` floats of row r. folded: room for rows x 64 floats.
// Rows fold to 64 lanes column by column, all rows in one instruction; then one result a repeat.
template <bool sum>
VITRUVIAN_INLINE void reduce_rows(const LocalTensor<float>& red, const LocalTensor<float>& x, const LocalTensor<float>& folded, std::uint32_t rows,
                                  std::uint32_t width, std::uint32_t stride) {
  const std::uint32_t lanes = smaller(width, kLanes32);
  over_rows(rows, stride, [&](std::uint32_t row, std::uint32_t count) VITRUVIAN_LAMBDA {
    const std::uint8_t step = repeat_stride(stride), n = static_cast<std::uint8_t>(count);
    const LocalTensor<float> to = folded[row * kLanes32];
    if (width <= kLanes32) {
      Adds(to, x[row * stride], 0.0f, static_cast<std::uint64_t>(lanes), n, UnaryRepeatParams(1, 1, 8, step));
      vector_barrier();
      return;
    }
    over_columns(width, [&](std::uint32_t column, std::uint32_t part) VITRUVIAN_LAMBDA {
      const LocalTensor<float> from = x[row * stride + column];
      if (column == 0)
        Adds(to, from, 0.0f, static_cast<std::uint64_t>(part), n, UnaryRepeatParams(1, 1, 8, step));
      else if constexpr (sum)
        Add(to, to, from, static_cast<std::uint64_t>(part), n, BinaryRepeatParams(1, 1, 1, 8, 8, step));
      else
        Max(to, to, from, static_cast<std::uint64_t>(part), n, BinaryRepeatParams(1, 1, 1, 8, 8, step));
      vector_barrier();
    });
  });
  for (std::uint32_t row = 0; row < rows; row += kMaxRepeat) {
    const auto count = static_cast<std::int32_t>(smaller(kMaxRepeat, rows - row));
    if constexpr (sum)
      WholeReduceSum(red[row], folded[row * kLanes32], static_cast<std::int32_t>(lanes), count, 1, 1, 8);
    else
      WholeReduceMax(red[row], folded[row * kLanes32], static_cast<std::int32_t>(lanes), count, 1, 1, 8, ReduceOrder::ORDER_ONLY_VALUE);
  }
  ResetMask();
  vector_barrier();
}

// blocks[r] = 8 copies of red[r]; both have room for a multiple of 8 rows.
VITRUVIAN_INLINE void spread(const LocalTensor<float>& blocks, const LocalTensor<float>& red, std::uint32_t rows) {
  const std::uint32_t groups = align(rows, 8) / 8;
  for (std::uint32_t group = 0; group < groups; group += kRepeats)
    Brcb(blocks[group * 64], red[group * 8], static_cast<std::uint8_t>(smaller(kRepeats, groups - group)), BrcbRepeatParams(1, 8));
  vector_barrier();
}

// Rounding of the working tensors to whole repeats and groups of 8 rows.
inline constexpr std::uint32_t kSlack = 1024;

// Bytes of scratch that one row of a row-wise function takes: folded lanes, a block, a result, and `extra` floats of width.
VITRUVIAN_INLINE std::uint32_t rows_that_fit(const Scratch& scratch, std::uint32_t rows, std::uint32_t floats_per_row, std::uint32_t reserved = 0) {
  const std::uint32_t per_row = (floats_per_row + kLanes32 + kBlock32 + 1) * sizeof(float);
  const std::uint32_t left = scratch.left() > reserved + kSlack ? scratch.left() - reserved - kSlack : 0;
  std::uint32_t fits = left / per_row;
  if (fits >= 8) fits = fits / 8 * 8;
  if (fits == 0) vitruvian_stop();
  return smaller(fits, rows);
}

}  // namespace vector_library
}  // namespace AscendC

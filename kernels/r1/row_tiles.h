// What the row kernels of the vector cores share: places in UB, whole-tile operations, row sums and extremes, quantisation.
//
// A tile is a few rows side by side in UB, each row `pitch` elements apart (a multiple of 512, so that three eightfold
// reductions divide it and each row starts at the same UB banks). The elements behind a row's end are zero.
// An operation on a whole tile is one instruction in counter mode. Every dependent pair of operations has a barrier; the
// kernels put independent work between, so that a short chain does not leave the unit idle.
//
// Operands of one instruction that lie 256 B apart (modulo 512) read other bank groups: place() and place_across() choose.
#pragma once

#include "kernel_operator.h"

namespace row_tiles {

using namespace AscendC;

constexpr uint32_t kLanes = 64;          // fp32 of a repeat
constexpr uint32_t kPitchUnit = 512;     // elements
constexpr uint32_t kBankPeriod = 512;    // bytes after which the bank groups repeat
constexpr uint32_t kMostRows = 8;        // of a tile: their factors fill one block of 32 B
constexpr float kLargest = 127.0f;       // of an int8
// One block less than the row has, in the kernels that the tests break on purpose.
#ifdef BROKEN_LAST_BLOCK
constexpr uint32_t kDropped = 16;
#else
constexpr uint32_t kDropped = 0;
#endif

__aicore__ __force_inline__ uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
__aicore__ __force_inline__ uint32_t ceil_div(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
__aicore__ __force_inline__ uint32_t round_up(uint32_t a, uint32_t unit) { return ceil_div(a, unit) * unit; }
__aicore__ __force_inline__ void barrier() { PipeBarrier<PIPE_V>(); }

// Hands out UB from the bottom.
class Space {
 public:
  template <typename T>
  __aicore__ __force_inline__ LocalTensor<T> place(uint32_t elements) { return take<T>(elements, 0); }
  template <typename T>
  __aicore__ __force_inline__ LocalTensor<T> place_across(uint32_t elements) { return take<T>(elements, kBankPeriod / 2); }
  // Anywhere: operands that take a cycle or two.
  template <typename T>
  __aicore__ __force_inline__ LocalTensor<T> place_small(uint32_t elements) {
    const uint32_t at = used_;
    used_ += round_up(elements * uint32_t(sizeof(T)), 32);
    return LocalTensor<T>(TPosition::VECCALC, at, elements);
  }
  __aicore__ __force_inline__ uint32_t left() const { return uint32_t(GetUBSizeInBytes()) - used_; }

 private:
  template <typename T>
  __aicore__ __force_inline__ LocalTensor<T> take(uint32_t elements, uint32_t phase) {
    const uint32_t at = round_up(used_ + kBankPeriod - phase, kBankPeriod) - kBankPeriod + phase;
    used_ = at + round_up(elements * uint32_t(sizeof(T)), 32);
    return LocalTensor<T>(TPosition::VECCALC, at, elements);
  }
  uint32_t used_ = 0;
};

// --- transfers: `rows` rows of n elements, `pitch` apart in UB and `stride` in global memory; the last block of a row is filled up

template <typename T>
__aicore__ __force_inline__ void load_rows(const LocalTensor<T>& to, const GlobalTensor<T>& from, uint32_t rows, uint32_t n, uint32_t pitch, uint32_t stride,
                                           T fill = T(0)) {
  const uint32_t bytes = n * uint32_t(sizeof(T)), whole = round_up(bytes, 32);
  DataCopyPad(to, from, DataCopyExtParams(rows, bytes, int64_t(stride - n) * int64_t(sizeof(T)), (pitch * uint32_t(sizeof(T)) - whole) / 32, 0),
              DataCopyPadExtParams<T>(whole != bytes, 0, (whole - bytes) / uint32_t(sizeof(T)), fill));
}
template <typename T>
__aicore__ __force_inline__ void store_rows(const GlobalTensor<T>& to, const LocalTensor<T>& from, uint32_t rows, uint32_t n, uint32_t pitch, uint32_t stride) {
  const uint32_t bytes = n * uint32_t(sizeof(T)), whole = round_up(bytes, 32);
  DataCopyPad(to, from, DataCopyExtParams(rows, bytes, (pitch * uint32_t(sizeof(T)) - whole) / 32, int64_t(stride - n) * int64_t(sizeof(T)), 0));
}

// --- operations on rows

// Counter mode over n elements with given strides: `instruction` takes no mask.
template <typename Instruction>
__aicore__ __force_inline__ void over(uint32_t n, Instruction instruction) {
  SetMaskCount();
  SetVectorMask<float, MaskMode::COUNTER>(int32_t(n));
  instruction();
  SetMaskNorm();
  ResetMask();
}

// dst = src * the row's factor, which fills one block of `near` and one of `far`; near in the bank groups 0 .. 7, far in 8 .. 15
// of a row that starts at group 0. Even repeats take the far block, odd ones the near: no repeat reads a group twice.
__aicore__ __force_inline__ void scale_row(const LocalTensor<float>& dst, const LocalTensor<float>& src, const LocalTensor<float>& near, const LocalTensor<float>& far,
                                           uint32_t pitch) {
  const BinaryRepeatParams strides(1, 1, 0, 16, 16, 0);
  const uint8_t repeats = uint8_t(pitch / (2 * kLanes));
  Mul<float, false>(dst, src, far, MASK_PLACEHOLDER, repeats, strides);
  Mul<float, false>(dst[kLanes], src[kLanes], near, MASK_PLACEHOLDER, repeats, strides);
}

struct Total {
  template <typename... Operands>
  static __aicore__ __force_inline__ void blocks(const Operands&... operands) { BlockReduceSum<float, false>(operands...); }
  template <typename... Operands>
  static __aicore__ __force_inline__ void whole(const Operands&... operands) { WholeReduceSum<float>(operands...); }
  static __aicore__ __force_inline__ void join(const LocalTensor<float>& to, const LocalTensor<float>& a, uint32_t n) { Add(to, to, a, int32_t(n)); }
};
struct Largest {
  template <typename... Operands>
  static __aicore__ __force_inline__ void blocks(const Operands&... operands) { BlockReduceMax<float, false>(operands...); }
  template <typename... Operands>
  static __aicore__ __force_inline__ void whole(const Operands&... operands) { WholeReduceMax<float>(operands..., ReduceOrder::ORDER_ONLY_VALUE); }
  static __aicore__ __force_inline__ void join(const LocalTensor<float>& to, const LocalTensor<float>& a, uint32_t n) { Max(to, to, a, int32_t(n)); }
};

// to[i] = the reduction of from's block i, n elements in all (a multiple of 64).
template <typename Kind>
__aicore__ __force_inline__ void by_blocks(const LocalTensor<float>& to, const LocalTensor<float>& from, uint32_t n) {
  over(n, [&]() { Kind::blocks(to, from, 1, 0, 1, 1, 8); });
}

// The reduction of each row of a tile to one value, in steps without barriers, so that a kernel can lay other work beside them.
// Before step 1 `part` holds the rows after their first by_blocks(); after step 3 result[r] is that of row r.
template <typename Kind>
struct RowReduction {
  LocalTensor<float> part, result, spare;
  uint32_t rows, width;  // of a row of part
  __aicore__ __force_inline__ RowReduction(const LocalTensor<float>& part_, const LocalTensor<float>& result_, const LocalTensor<float>& spare_, uint32_t rows_,
                                           uint32_t pitch)
      : part(part_), result(result_), spare(spare_), rows(rows_), width(pitch / 8) {}
  __aicore__ __force_inline__ void step1() {
    by_blocks<Kind>(part, part, rows * width);
    width /= 8;
    if (rows == 1 && width > 2 * kLanes) {  // once more: a single row needs no alignment
      barrier();
      by_blocks<Kind>(part, part, width);
      width = ceil_div(width, 8);
    }
  }
  __aicore__ __force_inline__ void step2() {
    Kind::whole(result, part, int32_t(least(width, kLanes)), int32_t(rows), 1, 1, int32_t(width / 8));
    if (width > kLanes) Kind::whole(spare, part[kLanes], int32_t(width - kLanes), int32_t(rows), 1, 1, int32_t(width / 8));
    ResetMask();
  }
  __aicore__ __force_inline__ void step3() {
    if (width > kLanes) Kind::join(result, spare, rows);
  }
  __aicore__ __force_inline__ void all() {
    step1(), barrier();
    step2(), barrier();
    step3(), barrier();
  }
};

// A factor for each row, and the blocks that scale_row() takes.
struct Factors {
  LocalTensor<float> value, near, far;
  __aicore__ __force_inline__ void place(Space& space) {
    far = space.place_across<float>(kMostRows * 8), near = space.place<float>(kMostRows * 8);
    value = space.place_small<float>(kMostRows);
    Duplicate(value, 1.0f, int32_t(kMostRows));
  }
  // Each value to a block of its own, in both halves of the bank groups.
  __aicore__ __force_inline__ void spread() const {
    Brcb(near, value, 1, BrcbRepeatParams(1, 8));
    Brcb(far, value, 1, BrcbRepeatParams(1, 8));
  }
  __aicore__ __force_inline__ void scale(const LocalTensor<float>& dst, const LocalTensor<float>& src, uint32_t rows, uint32_t pitch) const {
    for (uint32_t r = 0; r < rows; ++r) scale_row(dst[r * pitch], src[r * pitch], near[r * 8], far[r * 8], pitch);
  }
};

// From the largest magnitude of each row: factors = 127 / largest, then scale = largest / 127, or 1 where it is 0.
// In steps without barriers; those of the scale may lie beside the passes over the rows. Magnitudes below 2^-120 count as that for
// the factor, which stays finite.
struct QuantisationFactors {
  Factors factors;
  LocalTensor<float> largest, scale, spare, ones, constant;
  LocalTensor<uint8_t> bits;
  static constexpr int32_t kCount = int32_t(kMostRows);
  static constexpr float kSmallest = 0x1p-120f;
  __aicore__ __force_inline__ void place(Space& space) {
    factors.place(space);
    largest = space.place_small<float>(kLanes);  // the compare reads a whole repeat
    scale = space.place_small<float>(kMostRows), spare = space.place_small<float>(kMostRows), bits = space.place_small<uint8_t>(32);
    ones = space.place_small<float>(kMostRows), constant = space.place_small<float>(kMostRows);
    Duplicate(largest, 1.0f, int32_t(kLanes));
    Duplicate(ones, 1.0f, kCount);
    Duplicate(constant, kLargest, kCount);
  }
  __aicore__ __force_inline__ void step1() const { Maxs(spare, largest, kSmallest, kCount); }
  __aicore__ __force_inline__ void step2() const { Div(factors.value, constant, spare, kCount); }
  __aicore__ __force_inline__ void step3() const { factors.spread(); }
  __aicore__ __force_inline__ void scale_step1() const {
    CompareScalar(bits, largest, 0.0f, CMPMODE::GT, uint64_t(kLanes), 1, UnaryRepeatParams());
    Muls(scale, largest, 1.0f / kLargest, kCount);
  }
  __aicore__ __force_inline__ void scale_step2() const { Select(scale, bits, scale, ones, SELMODE::VSEL_TENSOR_TENSOR_MODE, uint32_t(kCount)); }
};

// Integers of n elements that are scaled already: to int16 by rint (exact where fp16 would round twice), then through fp16 to int8.
// `between` (int16, n) may be the buffer of src only if it is not src itself.
// beside(0), beside(1): independent work that hides in the first two passes.
template <typename Beside>
__aicore__ __force_inline__ void to_int8(const LocalTensor<int8_t>& dst, const LocalTensor<float>& src, const LocalTensor<int16_t>& between, uint32_t n,
                                         Beside beside) {
  Cast(between, src, RoundMode::CAST_RINT, n);
  beside(0);
  barrier();
  Cast(between.ReinterpretCast<half>(), between, RoundMode::CAST_RINT, n);
  beside(1);
  barrier();
  Cast(dst, between.ReinterpretCast<half>(), RoundMode::CAST_RINT, n);
}

// --- buffers between pipes

// One output buffer: the vector unit fills it, MTE3 empties it.
template <typename T>
struct Outlet {
  LocalTensor<T> buffer;
  int id = 0;
  __aicore__ __force_inline__ void place(Space& space, uint32_t elements, int event) {
    buffer = elements > kLanes ? space.place<T>(elements) : space.place_small<T>(elements), id = event;
    SetFlag<HardEvent::MTE3_V>(id);
  }
  __aicore__ __force_inline__ void open() const { WaitFlag<HardEvent::MTE3_V>(id); }
  template <typename Store>
  __aicore__ __force_inline__ void send(Store store) const {
    SetFlag<HardEvent::V_MTE3>(id);
    WaitFlag<HardEvent::V_MTE3>(id);
    store();
    SetFlag<HardEvent::MTE3_V>(id);
  }
  __aicore__ __force_inline__ void close() const { WaitFlag<HardEvent::MTE3_V>(id); }
};

// One or two input buffers of bf16 rows (`streams` of them side by side), zero behind the rows' ends.
struct Inlet {
  LocalTensor<bfloat16_t> buffer[2];
  uint32_t buffers = 1;
  __aicore__ __force_inline__ void place(Space& space, uint32_t elements, uint32_t count) {
    buffers = count;
    for (uint32_t b = 0; b < buffers; ++b) {
      buffer[b] = space.place<bfloat16_t>(elements);
      Duplicate(buffer[b].ReinterpretCast<int16_t>(), int16_t(0), int32_t(elements));
      SetFlag<HardEvent::V_MTE2>(int(b));
    }
  }
  __aicore__ __force_inline__ void open(uint32_t b) const { WaitFlag<HardEvent::V_MTE2>(int(b)); }
  __aicore__ __force_inline__ void filled(uint32_t b) const { SetFlag<HardEvent::MTE2_V>(int(b)); }
  __aicore__ __force_inline__ void wait(uint32_t b) const { WaitFlag<HardEvent::MTE2_V>(int(b)); }
  __aicore__ __force_inline__ void free(uint32_t b) const { SetFlag<HardEvent::V_MTE2>(int(b)); }
  __aicore__ __force_inline__ void close() const {
    for (uint32_t b = 0; b < buffers; ++b) WaitFlag<HardEvent::V_MTE2>(int(b));
  }
};

// Tiles of rows go to the cores in turn, so that at any time all cores work on neighbouring rows; tiles are as high as the most even
// number of rounds allows. What is left over goes to the first cores, which a launch starts first.
struct Slice {
  uint32_t first, rows;
};
struct Share {
  uint32_t rows, height, cores, core;
  __aicore__ __force_inline__ Share(uint32_t rows_in_all, uint32_t most_rows_of_a_tile)
      : rows(rows_in_all), cores(uint32_t(GetBlockNum())), core(uint32_t(GetBlockIdx())) {
    const uint32_t rounds = ceil_div(rows, most_rows_of_a_tile * cores);
    height = ceil_div(rows, rounds * cores);
  }
  // Tiles of this core, and its i-th.
  __aicore__ __force_inline__ uint32_t count() const {
    const uint32_t tiles = ceil_div(rows, height);
    return core < tiles ? ceil_div(tiles - core, cores) : 0;
  }
  __aicore__ __force_inline__ Slice slice(uint32_t i) const {
    const uint32_t first = (core + i * cores) * height;
    return {first, least(height, rows - first)};
  }
};

// Rows of a tile and input buffers that UB holds: as many rows as fit, with two buffers if they fit, otherwise with one.
struct Fit {
  uint32_t height, buffers;
  // fixed: bytes for all tiles; row: of one row without its input; input: one row in one input buffer. The gaps of place() count as fixed.
  __aicore__ __force_inline__ Fit(uint32_t fixed, uint32_t row, uint32_t input, uint32_t pitch, uint32_t most_rows) {
    const uint32_t room = uint32_t(GetUBSizeInBytes()) - fixed;
    for (height = pitch > 128 * kLanes ? 1 : least(most_rows, kMostRows); height > 1; --height)
      for (buffers = 2; buffers > 0; --buffers)
        if (height * (row + buffers * input) <= room) return;
    buffers = row + 2 * input <= room ? 2 : 1;
  }
};

// Calls load(i, buffer) ahead and compute(i, buffer, next) for i below count; compute calls next() when it is done with the
// buffer, which then loads again.
template <typename Load, typename Compute>
__aicore__ __force_inline__ void pipeline(uint32_t count, const Inlet& inlet, Load load, Compute compute) {
  for (uint32_t i = 0; i < inlet.buffers && i < count; ++i) load(i, i);
  for (uint32_t i = 0, buffer = 0; i < count; ++i) {
    const uint32_t after = i + inlet.buffers, here = buffer;
    inlet.wait(here);
    compute(i, here, [&]() {
      inlet.free(here);
      if (after < count) load(after, here);
    });
    buffer = buffer + 1 == inlet.buffers ? 0 : buffer + 1;
  }
  inlet.close();
}

}  // namespace row_tiles

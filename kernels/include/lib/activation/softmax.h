// SoftMax, SimpleSoftMax, SoftmaxFlash and SoftmaxFlashV2 over the last axis of [m, k].
//
// Row maxima and sums are [m, 8] floats or [m, 16] halves: a block of 32 B of equal values for each row. All arithmetic is in
// float; groups of rows go through the temporary UB together.
#pragma once

#include "lib/vector/scratch.h"

namespace AscendC {

struct SoftMaxShapeInfo {
  std::uint32_t srcM = 0, srcK = 0, oriSrcM = 0, oriSrcK = 0;
};
enum class SoftmaxMode : std::uint8_t { SOFTMAX_NORMAL = 0, SOFTMAX_OUTPUT_WITHOUT_BRC = 1 };
struct SoftmaxConfig {
  bool isCheckTiling = true;
  std::uint32_t oriSrcM = 0, oriSrcK = 0;
  SoftmaxMode mode = SoftmaxMode::SOFTMAX_NORMAL;
};
inline constexpr SoftmaxConfig SOFTMAX_DEFAULT_CFG{};

namespace vector_library {

// Rows, their pitch and what of them counts: from the call, else from the tiling.
struct SoftmaxShape {
  std::uint32_t rows, stride, width;
};
VITRUVIAN_INLINE SoftmaxShape softmax_shape(const SoftMaxTiling& tiling, const SoftMaxShapeInfo& info) {
  SoftmaxShape shape{info.srcM ? info.srcM : tiling.srcM, info.srcK ? info.srcK : tiling.srcK, info.oriSrcK};
  if (shape.width == 0) shape.width = shape.stride;
  return shape;
}

// A [rows, 32 B] tensor of T from blocks of 8 equal floats. room: for rows floats and the halves of 16 rows.
template <typename T>
VITRUVIAN_INLINE void store_blocks(const LocalTensor<T>& to, const LocalTensor<float>& blocks, const LocalTensor<float>& red, const LocalTensor<float>& room,
                                   std::uint32_t rows) {
  if constexpr (std::is_same_v<T, float>) {
    Adds(to, blocks, 0.0f, static_cast<std::int32_t>(rows * kBlock32));
    vector_barrier();
  } else {
    // One value of each row, converted, fills 16 lanes.
    BlockReduceMax(red, blocks, static_cast<std::int32_t>(align(rows, 8) / 8), 64, 1, 1, 8);
    vector_barrier();
    const LocalTensor<half> narrow = room.ReinterpretCast<half>(), last = room[align(rows, 64)].ReinterpretCast<half>();
    Cast(narrow, red, RoundMode::CAST_RINT, align(rows, 8));
    vector_barrier();
    // Two repeats of eight halves start on 32 B.
    const std::uint32_t whole = rows / 16 * 16, left = rows - whole;
    for (std::uint32_t row = 0; row < whole; row += kRepeats * 8)
      Brcb(to[row * 16], narrow[row], static_cast<std::uint8_t>(smaller(kRepeats, (whole - row) / 8)), BrcbRepeatParams(1, 8));
    if (left) {
      // The last rows take a way round: whole repeats would run over the end of the caller's tensor.
      Brcb(last, narrow[whole], static_cast<std::uint8_t>((left + 7) / 8), BrcbRepeatParams(1, 8));
      vector_barrier();
      DataCopy(to[whole * 16], last, left * 16);
    }
    vector_barrier();
  }
}
template <typename T>
VITRUVIAN_INLINE void load_blocks(const LocalTensor<float>& blocks, const LocalTensor<T>& from, std::uint32_t rows) {
  if constexpr (std::is_same_v<T, float>) {
    Adds(blocks, from, 0.0f, static_cast<std::int32_t>(rows * kBlock32));
  } else {
    // 8 of the 16 halves of each row.
    for (std::uint32_t row = 0; row < rows; row += kMaxRepeat)
      Cast(blocks[row * kBlock32], from[row * 16], RoundMode::CAST_NONE, static_cast<std::uint64_t>(kBlock32),
           static_cast<std::uint8_t>(smaller(kMaxRepeat, rows - row)), UnaryRepeatParams(1, 1, 1, 1));
    ResetMask();
  }
  vector_barrier();
}

// The working tensors of a group of rows.
struct SoftmaxRoom {
  LocalTensor<float> red, blocks, folded, x, other;
};
template <bool copy_of_x>
VITRUVIAN_INLINE SoftmaxRoom softmax_room(Scratch& scratch, std::uint32_t group, std::uint32_t stride) {
  SoftmaxRoom room;
  room.red = scratch.take<float>(align(group, 64));
  room.blocks = scratch.take<float>(align(group, 8) * kBlock32);
  room.folded = scratch.take<float>(align(group, 8) * kLanes32);
  room.other = scratch.take<float>(align(group, 8) * kBlock32);
  if constexpr (copy_of_x) room.x = scratch.take<float>(group * stride);
  return room;
}

// x = exp(x - max of the row), the maxima left in room.blocks.
VITRUVIAN_INLINE void exponentials(const LocalTensor<float>& x, const LocalTensor<float>& blocks, const SoftmaxShape& shape, std::uint32_t rows) {
  row_wise<Operand::kRowBlocks>(x, x, blocks, rows, shape.width, shape.stride, SubRows{});
  Exp(x, x, static_cast<std::int32_t>(rows * shape.stride));
  vector_barrier();
}

// T: element type of dst and src; S: of sums and maxima. update: continues the running sums of a flash attention;
// normalise: divides by the sums.
template <bool update, bool normalise, typename T, typename S, typename E>
VITRUVIAN_INLINE void softmax(const LocalTensor<T>& dst, const LocalTensor<S>* sum, const LocalTensor<S>* maximum, const LocalTensor<T>& src,
                              const LocalTensor<E>* exp_max, const LocalTensor<S>* in_sum, const LocalTensor<S>* in_max, Scratch scratch,
                              const SoftmaxShape& shape) {
  if constexpr (g_coreType != AIV) return;
  constexpr std::uint32_t block = 32 / sizeof(S), block_e = 32 / sizeof(E);
  const std::uint32_t most = rows_that_fit(scratch, shape.rows, shape.stride + kBlock32);
  const SoftmaxRoom room = softmax_room<true>(scratch, most, shape.stride);
  for (std::uint32_t row = 0; row < shape.rows; row += most) {
    const std::uint32_t rows = smaller(most, shape.rows - row), n = rows * shape.stride;
    to_float(room.x, src[row * shape.stride], n);
    reduce_rows<false>(room.red, room.x, room.folded, rows, shape.width, shape.stride);
    spread(room.blocks, room.red, rows);
    if constexpr (update) {
      load_blocks(room.other, (*in_max)[row * block], rows);
      Max(room.blocks, room.blocks, room.other, static_cast<std::int32_t>(rows * kBlock32));
      vector_barrier();
      // The factor of what the earlier columns summed: exp(old maximum - new maximum).
      Sub(room.other, room.other, room.blocks, static_cast<std::int32_t>(rows * kBlock32));
      vector_barrier();
      Exp(room.other, room.other, static_cast<std::int32_t>(rows * kBlock32));
      vector_barrier();
    }
    exponentials(room.x, room.blocks, shape, rows);
    if (maximum) {
      store_blocks((*maximum)[row * block], room.blocks, room.red, room.folded, rows);
    }
    reduce_rows<true>(room.red, room.x, room.folded, rows, shape.width, shape.stride);
    spread(room.blocks, room.red, rows);
    if constexpr (update) {
      // folded is free: the running sum, in blocks.
      load_blocks(room.folded, (*in_sum)[row * block], rows);
      Mul(room.folded, room.folded, room.other, static_cast<std::int32_t>(rows * kBlock32));
      vector_barrier();
      Add(room.blocks, room.blocks, room.folded, static_cast<std::int32_t>(rows * kBlock32));
      vector_barrier();
      store_blocks((*exp_max)[row * block_e], room.other, room.red, room.folded, rows);
    }
    if constexpr (normalise) row_wise<Operand::kRowBlocks>(room.x, room.x, room.blocks, rows, shape.width, shape.stride, DivRows{});
    from_float(dst[row * shape.stride], room.x, n);
    if (sum) {
      store_blocks((*sum)[row * block], room.blocks, room.red, room.folded, rows);
    }
  }
}

}  // namespace vector_library

// dst = softmax(src); the sums and maxima of the rows too. Sums and maxima of half rows may be float.
template <typename T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG,
          typename S>
VITRUVIAN_INLINE void SoftMax(const LocalTensor<T>& dst, const LocalTensor<S>& sum, const LocalTensor<S>& max, const LocalTensor<T>& src,
                              const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling, const SoftMaxShapeInfo& info = {}) {
  static_assert(!isDataFormatNZ, "SoftMax of Nz tensors is not offered");
  vector_library::softmax<false, true, T, S, S>(dst, &sum, &max, src, nullptr, nullptr, nullptr, vector_library::Scratch(sharedTmpBuffer),
                                                vector_library::softmax_shape(tiling, info));
}
template <typename T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG,
          typename S>
VITRUVIAN_INLINE void SoftMax(const LocalTensor<T>& dst, const LocalTensor<S>& sum, const LocalTensor<S>& max, const LocalTensor<T>& src,
                              const SoftMaxTiling& tiling, const SoftMaxShapeInfo& info = {}) {
  static_assert(!isDataFormatNZ, "SoftMax of Nz tensors is not offered");
  vector_library::softmax<false, true, T, S, S>(dst, &sum, &max, src, nullptr, nullptr, nullptr, vector_library::Scratch(),
                                                vector_library::softmax_shape(tiling, info));
}
template <typename T, bool isReuseSource = false, bool isBasicBlock = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG>
VITRUVIAN_INLINE void SoftMax(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling,
                              const SoftMaxShapeInfo& info = {}) {
  vector_library::softmax<false, true, T, float, float>(dst, nullptr, nullptr, src, nullptr, nullptr, nullptr, vector_library::Scratch(sharedTmpBuffer),
                                                        vector_library::softmax_shape(tiling, info));
}
template <typename T, bool isReuseSource = false, bool isBasicBlock = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG>
VITRUVIAN_INLINE void SoftMax(const LocalTensor<T>& dst, const LocalTensor<T>& src, const SoftMaxTiling& tiling, const SoftMaxShapeInfo& info = {}) {
  vector_library::softmax<false, true, T, float, float>(dst, nullptr, nullptr, src, nullptr, nullptr, nullptr, vector_library::Scratch(),
                                                        vector_library::softmax_shape(tiling, info));
}

// One step of flash attention, not normalised: max' = max(max, row maximum), dst = exp(src - max'), expMax = exp(max - max'),
// sum' = expMax * sum + row sum. Without isUpdate the first step: no inputs are read.
template <typename T, bool isUpdate = false, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, typename S>
VITRUVIAN_INLINE void SoftmaxFlashV2(const LocalTensor<T>& dst, const LocalTensor<S>& expSum, const LocalTensor<S>& max, const LocalTensor<T>& src,
                                     const LocalTensor<T>& expMax, const LocalTensor<S>& inExpSum, const LocalTensor<S>& inMax,
                                     const LocalTensor<std::uint8_t>& sharedTmpBuffer, const SoftMaxTiling& tiling, const SoftMaxShapeInfo& info = {}) {
  static_assert(!isDataFormatNZ, "SoftmaxFlashV2 of Nz tensors is not offered");
  vector_library::softmax<isUpdate, false, T, S, T>(dst, &expSum, &max, src, &expMax, &inExpSum, &inMax, vector_library::Scratch(sharedTmpBuffer),
                                                    vector_library::softmax_shape(tiling, info));
}
template <typename T, bool isUpdate = false, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false,
          const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG, typename S>
VITRUVIAN_INLINE void SoftmaxFlashV2(const LocalTensor<T>& dst, const LocalTensor<S>& expSum, const LocalTensor<S>& max, const LocalTensor<T>& src,
                                     const LocalTensor<T>& expMax, const LocalTensor<S>& inExpSum, const LocalTensor<S>& inMax, const SoftMaxTiling& tiling,
                                     const SoftMaxShapeInfo& info = {}) {
  static_assert(!isDataFormatNZ, "SoftmaxFlashV2 of Nz tensors is not offered");
  vector_library::softmax<isUpdate, false, T, S, T>(dst, &expSum, &max, src, &expMax, &inExpSum, &inMax, vector_library::Scratch(),
                                                    vector_library::softmax_shape(tiling, info));
}
// The first version divides by the running sum in every step.
template <typename T, bool isReuseSource = false, bool isBasicBlock = false, typename S>
VITRUVIAN_INLINE void SoftmaxFlash(const LocalTensor<T>& dst, const LocalTensor<S>& sum, const LocalTensor<S>& max, const LocalTensor<T>& src,
                                   const LocalTensor<T>& expMax, const LocalTensor<S>& inSum, const LocalTensor<S>& inMax, const SoftMaxTiling& tiling,
                                   bool isUpdate = false, const SoftMaxShapeInfo& info = {}) {
  const auto shape = vector_library::softmax_shape(tiling, info);
  if (isUpdate)
    vector_library::softmax<true, true, T, S, T>(dst, &sum, &max, src, &expMax, &inSum, &inMax, vector_library::Scratch(), shape);
  else
    vector_library::softmax<false, true, T, S, T>(dst, &sum, &max, src, &expMax, &inSum, &inMax, vector_library::Scratch(), shape);
}

// dst = exp(src - max) / sum with given sums and maxima.
template <typename T, bool isReuseSource = false, bool isBasicBlock = false, bool isDataFormatNZ = false, const SoftmaxConfig& config = SOFTMAX_DEFAULT_CFG,
          typename S>
VITRUVIAN_INLINE void SimpleSoftMax(const LocalTensor<T>& dst, const LocalTensor<S>& inSum, const LocalTensor<S>& inMax, const LocalTensor<T>& src,
                                    const SoftMaxTiling& tiling, const SoftMaxShapeInfo& info = {}) {
  using namespace vector_library;
  if constexpr (g_coreType != AIV) return;
  const SoftmaxShape shape = softmax_shape(tiling, info);
  constexpr std::uint32_t block = 32 / sizeof(S);
  Scratch scratch;
  const std::uint32_t most = rows_that_fit(scratch, shape.rows, shape.stride + kBlock32);
  const SoftmaxRoom room = softmax_room<true>(scratch, most, shape.stride);
  for (std::uint32_t row = 0; row < shape.rows; row += most) {
    const std::uint32_t rows = smaller(most, shape.rows - row), n = rows * shape.stride;
    to_float(room.x, src[row * shape.stride], n);
    load_blocks(room.blocks, inMax[row * block], rows);
    exponentials(room.x, room.blocks, shape, rows);
    load_blocks(room.blocks, inSum[row * block], rows);
    row_wise<Operand::kRowBlocks>(room.x, room.x, room.blocks, rows, shape.width, shape.stride, DivRows{});
    from_float(dst[row * shape.stride], room.x, n);
  }
}

}  // namespace AscendC

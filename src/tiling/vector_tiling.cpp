// Sizes mirror kernels/include/lib/vector/scratch.h: floats of a row's working tensors, 64 folded lanes, a block, a result, and
// the rounding of the tensors.
#include <tiling/vector_tiling.h>

#include <algorithm>
#include <string>

#include "vitruvian/error.h"

namespace AscendC {

namespace {

using vitruvian::Error;

constexpr std::uint32_t kFloat = 4, kFoldedLanes = 64, kBlockFloats = 8, kSlack = 1024, kChunkFloats = 64, kBlockBytes = 32;

struct Matrix {
  std::uint32_t rows, width;
};
Matrix matrix_of(const ge::Shape& shape, const char* what) {
  if (shape.GetDimNum() == 0 || shape.GetShapeSize() <= 0) throw Error("shape", what, "at least one axis, all of at least 1", std::to_string(shape.GetShapeSize()) + " elements");
  const auto width = static_cast<std::uint32_t>(shape.GetDim(shape.GetDimNum() - 1));
  return {static_cast<std::uint32_t>(shape.GetShapeSize()) / width, width};
}
std::uint32_t row_bytes(std::uint32_t floats) { return (floats + kFoldedLanes + kBlockFloats + 1) * kFloat; }
std::uint32_t up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit * unit; }

// Working floats of a row: its own, and another block for the factor of a running softmax.
std::uint32_t softmax_row(std::uint32_t width) { return row_bytes(width + kBlockFloats); }

void fill_softmax(const ge::Shape& shape, std::uint32_t local_bytes, ::SoftMaxTiling& t) {
  const Matrix m = matrix_of(shape, "SoftMaxTilingFunc");
  const std::uint32_t rows = local_bytes > kSlack ? std::min(m.rows, (local_bytes - kSlack) / softmax_row(m.width)) : 0;
  if (rows == 0)
    throw Error("temporary space", "SoftMaxTilingFunc", "at least " + std::to_string(kSlack + softmax_row(m.width)) + " bytes", std::to_string(local_bytes));
  t = {};
  t.srcM = m.rows, t.srcK = m.width, t.srcSize = m.rows * m.width;
  t.outMaxM = m.rows, t.outMaxK = kBlockFloats, t.outMaxSize = m.rows * kBlockFloats;
  t.splitM = rows, t.splitK = m.width, t.splitSize = rows * m.width;
  t.reduceM = rows, t.reduceK = kBlockFloats, t.reduceSize = rows * kBlockFloats;
  t.rangeM = m.rows / rows, t.tailM = m.rows % rows;
  t.tailSplitSize = t.tailM * m.width, t.tailReduceSize = t.tailM * kBlockFloats;
}

void norm_sizes(const ge::Shape& shape, std::uint32_t rows_of_weights, std::uint32_t smallest_group, std::uint32_t& most, std::uint32_t& least) {
  const Matrix m = matrix_of(shape, "norm tiling");
  const std::uint32_t fixed = rows_of_weights * up(m.width, kFoldedLanes) * kFloat + kSlack, row = row_bytes(2 * m.width);
  most = fixed + m.rows * row;
  least = fixed + std::min(m.rows, smallest_group) * row;
}

void chunk_sizes(const ge::Shape& shape, std::uint32_t& most, std::uint32_t& least) {
  least = 2 * kChunkFloats * kFloat + 3 * kBlockBytes;
  most = 2 * up(static_cast<std::uint32_t>(shape.GetShapeSize()), kChunkFloats) * kFloat + 3 * kBlockBytes;
}

}  // namespace

std::uint32_t GetSoftMaxMaxTmpSize(const ge::Shape& shape, std::uint32_t, bool) {
  const Matrix m = matrix_of(shape, "GetSoftMaxMaxTmpSize");
  return kSlack + m.rows * softmax_row(m.width);
}
std::uint32_t GetSoftMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, bool) {
  return kSlack + softmax_row(matrix_of(shape, "GetSoftMaxMinTmpSize").width);
}
void SoftMaxTilingFunc(const ge::Shape& shape, std::uint32_t, std::uint32_t local_bytes, ::SoftMaxTiling& tiling) { fill_softmax(shape, local_bytes, tiling); }
std::uint32_t GetSoftMaxFlashV2MaxTmpSize(const ge::Shape& shape, std::uint32_t size, std::uint32_t, bool, bool) { return GetSoftMaxMaxTmpSize(shape, size, false); }
std::uint32_t GetSoftMaxFlashV2MinTmpSize(const ge::Shape& shape, std::uint32_t size, std::uint32_t, bool, bool) { return GetSoftMaxMinTmpSize(shape, size, false); }
void SoftMaxFlashV2TilingFunc(const ge::Shape& shape, std::uint32_t, std::uint32_t, std::uint32_t local_bytes, ::SoftMaxTiling& tiling, bool, bool) {
  fill_softmax(shape, local_bytes, tiling);
}

bool GetRmsNormMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, std::uint32_t& most, std::uint32_t& least, bool) {
  norm_sizes(shape, 1, 1, most, least);
  return true;
}
bool GetRmsNormTilingInfo(const ge::Shape& shape, const ge::Shape& original, std::uint32_t local_bytes, std::uint32_t, ::RmsNormTiling& t, bool) {
  std::uint32_t most = 0, least = 0;
  norm_sizes(shape, 1, 1, most, least);
  if (shape.GetDimNum() != 3 || local_bytes < least) return false;
  t = {};
  t.bLength = static_cast<std::uint32_t>(shape.GetDim(0)), t.sLength = static_cast<std::uint32_t>(shape.GetDim(1));
  t.hLength = static_cast<std::uint32_t>(shape.GetDim(2));
  t.originalHLength = static_cast<std::uint32_t>(original.GetDim(original.GetDimNum() - 1));
  t.reciprocalOfHLength = 1.0f / static_cast<float>(t.originalHLength);
  const std::uint32_t total = t.bLength * t.sLength, rows = std::min(total, 1 + (local_bytes - least) / row_bytes(2 * t.hLength));
  t.mainBsLength = rows, t.mainBsLengthAlign = up(rows, kBlockFloats), t.mainBshLength = rows * t.hLength;
  t.loopRound = total / rows, t.inputTailPos = t.loopRound * t.mainBshLength;
  t.tailBsLength = total % rows, t.tailBshLength = t.tailBsLength * t.hLength;
  return true;
}

// Mean and variance are stored from aligned places: groups of 16 rows.
constexpr std::uint32_t kLayerNormGroup = 16;
void GetLayerNormMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, bool, std::uint32_t& most, std::uint32_t& least) {
  norm_sizes(shape, 2, kLayerNormGroup, most, least);
}
void GetLayerNormNDTilingInfo(const ge::Shape& shape, std::uint32_t local_bytes, std::uint32_t, bool, ::LayerNormTiling& t) {
  if (shape.GetDimNum() < 3) throw Error("shape", "GetLayerNormNDTilingInfo", "[b, s, h] or [b, s, h, original h]", std::to_string(shape.GetDimNum()) + " axes");
  std::uint32_t most = 0, least = 0;
  norm_sizes({shape.GetDim(0), shape.GetDim(1), shape.GetDim(2)}, 2, kLayerNormGroup, most, least);
  if (local_bytes < least)
    throw Error("temporary space", "GetLayerNormNDTilingInfo", "at least " + std::to_string(least) + " bytes", std::to_string(local_bytes));
  t = {};
  t.bLength = static_cast<std::uint32_t>(shape.GetDim(0)), t.sLength = static_cast<std::uint32_t>(shape.GetDim(1));
  t.hLength = static_cast<std::uint32_t>(shape.GetDim(2));
  t.originalHLength = static_cast<std::uint32_t>(shape.GetDim(shape.GetDimNum() - 1));
  t.inputXSize = t.bLength * t.sLength * t.hLength, t.meanVarSize = t.bLength * t.sLength;
  t.tmpBufSize = local_bytes, t.lastDimValueBack = 1.0f / static_cast<float>(t.originalHLength);
}

void GetPadMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, std::uint32_t& most, std::uint32_t& least) {
  // Offsets of one padded row: up to 32 B of padding of 16-bit elements on the width, whole repeats.
  most = least = up(matrix_of(shape, "GetPadMaxMinTmpSize").width + 16, 128) * kFloat;
}
void PadTilingFunc(const ge::Shape& shape, const ge::Shape& original, std::uint32_t, std::uint32_t type_size, ::PadTiling& t) {
  const Matrix m = matrix_of(shape, "PadTilingFunc");
  t = {};
  t.srcHeight = m.rows, t.srcWidth = m.width, t.srcOriWidth = matrix_of(original, "PadTilingFunc").width;
  t.blocksPerRow = up(m.width * type_size, kBlockBytes) / kBlockBytes;
}
void GetUnPadMaxMinTmpSize(const ge::Shape&, std::uint32_t, std::uint32_t& most, std::uint32_t& least) { most = least = 0; }
void UnPadTilingFunc(const ge::Shape& shape, std::uint32_t, std::uint32_t, ::UnPadTiling& t) {
  const Matrix m = matrix_of(shape, "UnPadTilingFunc");
  t = {};
  t.srcHeight = m.rows, t.srcWidth = m.width;
}

void GetSigmoidMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, bool, std::uint32_t& most, std::uint32_t& least) { chunk_sizes(shape, most, least); }
void GetSiluTmpSize(const ge::Shape& shape, std::uint32_t, bool, std::uint32_t& most, std::uint32_t& least) { chunk_sizes(shape, most, least); }
void GetSwiGLUMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, std::uint32_t& most, std::uint32_t& least, bool) { chunk_sizes(shape, most, least); }
void GetGeluMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, std::uint32_t& most, std::uint32_t& least) { chunk_sizes(shape, most, least); }
void GetTanhMaxMinTmpSize(const ge::Shape& shape, std::uint32_t, bool, std::uint32_t& most, std::uint32_t& least) { chunk_sizes(shape, most, least); }

}  // namespace AscendC

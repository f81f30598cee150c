// Tiling and sizes of temporary UB for the high-level vector library, under the public names (host code).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "kernel_tiling/kernel_tiling.h"

namespace ge {
class Shape {
 public:
  Shape() = default;
  explicit Shape(std::vector<std::int64_t> dims) : dims_(std::move(dims)) {}
  Shape(std::initializer_list<std::int64_t> dims) : dims_(dims) {}
  std::size_t GetDimNum() const { return dims_.size(); }
  std::int64_t GetDim(std::size_t i) const { return dims_.at(i); }
  const std::vector<std::int64_t>& GetDims() const { return dims_; }
  std::int64_t GetShapeSize() const {
    std::int64_t size = 1;
    for (std::int64_t dim : dims_) size *= dim;
    return size;
  }

 private:
  std::vector<std::int64_t> dims_;
};
}  // namespace ge

namespace optiling {
using ::LayerNormTiling;
using ::PadTiling;
using ::RmsNormTiling;
using ::SoftMaxTiling;
using ::UnPadTiling;
}  // namespace optiling

namespace AscendC {

// Softmax over the last axis; all other axes are rows. Sizes in bytes. Errors: vitruvian::Error where not even one row fits.
std::uint32_t GetSoftMaxMaxTmpSize(const ge::Shape& srcShape, std::uint32_t dataTypeSize, bool isReuseSource);
std::uint32_t GetSoftMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t dataTypeSize, bool isReuseSource);
void SoftMaxTilingFunc(const ge::Shape& srcShape, std::uint32_t dataTypeSize, std::uint32_t localWorkSpaceSize, ::SoftMaxTiling& tiling);
std::uint32_t GetSoftMaxFlashV2MaxTmpSize(const ge::Shape& srcShape, std::uint32_t dataTypeSize1, std::uint32_t dataTypeSize2, bool isUpdate, bool isBasicBlock = false);
std::uint32_t GetSoftMaxFlashV2MinTmpSize(const ge::Shape& srcShape, std::uint32_t dataTypeSize1, std::uint32_t dataTypeSize2, bool isUpdate, bool isBasicBlock = false);
void SoftMaxFlashV2TilingFunc(const ge::Shape& srcShape, std::uint32_t dataTypeSize1, std::uint32_t dataTypeSize2, std::uint32_t localWorkSpaceSize,
                              ::SoftMaxTiling& tiling, bool isUpdate, bool isBasicBlock = false);

// Norms over [b, s, h]; h is stored on 32 B, originSrcShape has what of it counts. False: the temporary space is too small.
bool GetRmsNormMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, std::uint32_t& maxValue, std::uint32_t& minValue, bool isBasicBlock = false);
bool GetRmsNormTilingInfo(const ge::Shape& srcShape, const ge::Shape& originSrcShape, std::uint32_t stackBufferByteSize, std::uint32_t typeSize,
                          ::RmsNormTiling& tiling, bool isBasicBlock = false);
void GetLayerNormMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, bool isReuseSource, std::uint32_t& maxValue, std::uint32_t& minValue);
void GetLayerNormNDTilingInfo(const ge::Shape& srcShape, std::uint32_t stackBufferSize, std::uint32_t typeSize, bool isReuseSource, ::LayerNormTiling& tiling);

void GetPadMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, std::uint32_t& maxValue, std::uint32_t& minValue);
void PadTilingFunc(const ge::Shape& srcShape, const ge::Shape& oriSrcShape, std::uint32_t stackBufferSize, std::uint32_t typeSize, ::PadTiling& tiling);
void GetUnPadMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, std::uint32_t& maxValue, std::uint32_t& minValue);
void UnPadTilingFunc(const ge::Shape& srcShape, std::uint32_t stackBufferSize, std::uint32_t typeSize, ::UnPadTiling& tiling);

// Element-wise functions (Sigmoid, Silu, SwiGLU, Gelu, Tanh): two float tensors of a chunk and a block.
void GetSigmoidMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, bool isReuseSource, std::uint32_t& maxValue, std::uint32_t& minValue);
void GetSiluTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, bool isReuseSource, std::uint32_t& maxValue, std::uint32_t& minValue);
void GetSwiGLUMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, std::uint32_t& maxValue, std::uint32_t& minValue, bool isReuseSource = false);
void GetGeluMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, std::uint32_t& maxValue, std::uint32_t& minValue);
void GetTanhMaxMinTmpSize(const ge::Shape& srcShape, std::uint32_t typeSize, bool isReuseSource, std::uint32_t& maxValue, std::uint32_t& minValue);

}  // namespace AscendC

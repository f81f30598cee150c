// Sigmoid, Silu, Swish, SwiGLU, Gelu, FasterGelu, GeGLU, ReGlu, Tanh: element-wise, in float, chunk by chunk through the temporary UB.
// Source and destination may be the same tensor.
#pragma once

#include "lib/vector/element_wise_forms.h"
#include "lib/vector/scratch.h"

namespace AscendC {

namespace vector_library {

inline constexpr float kGeluCubic = 0.044715f, kGeluScale = 1.5957691216057308f /* 2 sqrt(2 / pi) */, kFasterGeluScale = 1.702f;

// Working tensors of a chunk: x and t, and a block of ones.
struct Chunk {
  LocalTensor<float> x, t, ones;
  std::uint32_t size;
};
VITRUVIAN_INLINE Chunk make_chunk(Scratch scratch, std::uint32_t n) {
  Chunk chunk;
  chunk.ones = scratch.take<float>(kBlock32);
  chunk.size = chunk_of(scratch, 2, 64, n);
  chunk.x = scratch.take<float>(chunk.size);
  chunk.t = scratch.take<float>(chunk.size);
  Duplicate(chunk.ones, 1.0f, static_cast<std::int32_t>(kBlock32));
  vector_barrier();
  return chunk;
}
// t = 1 / (1 + exp(-scale * from)).
VITRUVIAN_INLINE void sigmoid(const LocalTensor<float>& t, const LocalTensor<float>& from, const LocalTensor<float>& ones, float scale, std::uint32_t n) {
  const auto count = static_cast<std::int32_t>(n);
  Muls(t, from, -scale, count);
  vector_barrier();
  Exp(t, t, count);
  vector_barrier();
  Adds(t, t, 1.0f, count);
  vector_barrier();
  // The numerator is one block for all.
  vec::counted(count, [&]() VITRUVIAN_LAMBDA { vec::vdiv(t, ones, t, vec::binary_word(1, {1, 0, 1, 8, 0, 8})); });
  vector_barrier();
}
// t = x + 0.044715 x^3.
VITRUVIAN_INLINE void gelu_argument(const LocalTensor<float>& t, const LocalTensor<float>& x, std::uint32_t n) {
  const auto count = static_cast<std::int32_t>(n);
  Mul(t, x, x, count);
  vector_barrier();
  Muls(t, t, kGeluCubic, count);
  vector_barrier();
  Adds(t, t, 1.0f, count);
  vector_barrier();
  Mul(t, t, x, count);
  vector_barrier();
}

// dst = function(src): function(chunk, n) leaves its result in chunk.t.
template <typename T, typename Function>
VITRUVIAN_INLINE void element_wise(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t n, Scratch scratch, Function function) {
  if constexpr (g_coreType != AIV) return;
  const Chunk chunk = make_chunk(scratch, n);
  for (std::uint32_t at = 0; at < n; at += chunk.size) {
    const std::uint32_t count = smaller(chunk.size, n - at);
    to_float(chunk.x, src[at], count);
    function(chunk, count);
    from_float(dst[at], chunk.t, count);
  }
}
// dst = src0 * function(src1).
template <typename T, typename Function>
VITRUVIAN_INLINE void gated(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, std::uint32_t n, Scratch scratch, Function function) {
  if constexpr (g_coreType != AIV) return;
  const Chunk chunk = make_chunk(scratch, n);
  for (std::uint32_t at = 0; at < n; at += chunk.size) {
    const std::uint32_t count = smaller(chunk.size, n - at);
    to_float(chunk.x, src1[at], count);
    function(chunk, count);
    to_float(chunk.x, src0[at], count);
    Mul(chunk.t, chunk.t, chunk.x, static_cast<std::int32_t>(count));
    vector_barrier();
    from_float(dst[at], chunk.t, count);
  }
}

struct SigmoidFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const { sigmoid(c.t, c.x, c.ones, 1.0f, n); }
};
// x * sigmoid(scale * x).
struct SwishFunction {
  float scale = 1.0f;
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    sigmoid(c.t, c.x, c.ones, scale, n);
    Mul(c.t, c.t, c.x, static_cast<std::int32_t>(n));
    vector_barrier();
  }
};
struct GeluFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    gelu_argument(c.t, c.x, n);
    sigmoid(c.t, c.t, c.ones, kGeluScale, n);
    Mul(c.t, c.t, c.x, static_cast<std::int32_t>(n));
    vector_barrier();
  }
};
// 2 sigmoid(2 x) - 1.
struct TanhFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    const auto count = static_cast<std::int32_t>(n);
    sigmoid(c.t, c.x, c.ones, 2.0f, n);
    Muls(c.t, c.t, 2.0f, count);
    vector_barrier();
    Adds(c.t, c.t, -1.0f, count);
    vector_barrier();
  }
};
struct ReluFunction {
  VITRUVIAN_INLINE void operator()(const Chunk& c, std::uint32_t n) const {
    Relu(c.t, c.x, static_cast<std::int32_t>(n));
    vector_barrier();
  }
};

}  // namespace vector_library

VITRUVIAN_ELEMENT_WISE(Sigmoid, vector_library::SigmoidFunction{})
VITRUVIAN_ELEMENT_WISE(Silu, vector_library::SwishFunction{})
VITRUVIAN_ELEMENT_WISE(Tanh, vector_library::TanhFunction{})
VITRUVIAN_ELEMENT_WISE(FasterGelu, vector_library::SwishFunction{vector_library::kFasterGeluScale})

// Gelu in its tanh form. The two flags choose among the vendor's approximations; the result is the same here.
template <typename T, bool highPrecision = false, bool highPerformance = false>
VITRUVIAN_INLINE void Gelu(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t dataSize) {
  vector_library::element_wise(dst, src, dataSize, vector_library::Scratch(sharedTmpBuffer), vector_library::GeluFunction{});
}
template <typename T, bool highPrecision = false, bool highPerformance = false>
VITRUVIAN_INLINE void Gelu(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t dataSize) {
  vector_library::element_wise(dst, src, dataSize, vector_library::Scratch(), vector_library::GeluFunction{});
}
// x * sigmoid(scalar * x).
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void Swish(const LocalTensor<T>& dst, const LocalTensor<T>& src, std::uint32_t dataSize, const T scalarValue) {
  vector_library::element_wise(dst, src, dataSize, vector_library::Scratch(), vector_library::SwishFunction{static_cast<float>(scalarValue)});
}

// Gates: src0 * f(src1).
#define VITRUVIAN_GATE(Name, function)                                                                                                                 \
  template <typename T, bool isReuseSource = false>                                                                                                   \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1,                                       \
                             const LocalTensor<std::uint8_t>& sharedTmpBuffer, std::uint32_t calCount) {                                              \
    vector_library::gated(dst, src0, src1, calCount, vector_library::Scratch(sharedTmpBuffer), function);                                             \
  }                                                                                                                                                   \
  template <typename T, bool isReuseSource = false>                                                                                                   \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, std::uint32_t calCount) {             \
    vector_library::gated(dst, src0, src1, calCount, vector_library::Scratch(), function);                                                            \
  }
VITRUVIAN_GATE(GeGLU, vector_library::GeluFunction{})
VITRUVIAN_GATE(ReGlu, vector_library::ReluFunction{})
#undef VITRUVIAN_GATE

template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void SwiGLU(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, const float& scalarValue,
                             const LocalTensor<std::uint8_t>& sharedTmpBuffer, const std::uint32_t calCount) {
  vector_library::gated(dst, src0, src1, calCount, vector_library::Scratch(sharedTmpBuffer), vector_library::SwishFunction{scalarValue});
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void SwiGLU(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, const float& scalarValue,
                             const std::uint32_t calCount) {
  vector_library::gated(dst, src0, src1, calCount, vector_library::Scratch(), vector_library::SwishFunction{scalarValue});
}
template <typename T, bool isReuseSource = false>
VITRUVIAN_INLINE void SwiGLU(const LocalTensor<T>& dst, const LocalTensor<T>& src0, const LocalTensor<T>& src1, const float& scalarValue) {
  vector_library::gated(dst, src0, src1, dst.GetSize(), vector_library::Scratch(), vector_library::SwishFunction{scalarValue});
}

}  // namespace AscendC

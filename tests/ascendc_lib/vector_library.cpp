// One kernel for each function of the high-level vector library and element type: fetch, call, store.
#include "kernel_operator.h"
using namespace AscendC;

template <typename T>
__aicore__ inline LocalTensor<T> Buffer(TPipe& pipe, uint32_t count) {
  TBuf<TPosition::VECCALC> buffer;
  pipe.InitBuffer(buffer, (count * sizeof(T) + 31) / 32 * 32);
  return buffer.Get<T>();
}
template <typename T>
__aicore__ inline void Fetch(const LocalTensor<T>& to, GM_ADDR from, uint32_t count) {
  GlobalTensor<T> gm;
  gm.SetGlobalBuffer((__gm__ T*)from);
  DataCopyPad(to, gm, DataCopyExtParams(1, count * sizeof(T), 0, 0, 0), DataCopyPadExtParams<T>());
}
template <typename T>
__aicore__ inline LocalTensor<T> Fetched(TPipe& pipe, GM_ADDR from, uint32_t count) {
  const LocalTensor<T> tensor = Buffer<T>(pipe, count);
  Fetch(tensor, from, count);
  PipeBarrier<PIPE_ALL>();
  return tensor;
}
template <typename T>
__aicore__ inline void Store(GM_ADDR to, const LocalTensor<T>& from, uint32_t count) {
  GlobalTensor<T> gm;
  gm.SetGlobalBuffer((__gm__ T*)to);
  PipeBarrier<PIPE_ALL>();
  DataCopyPad(gm, from, DataCopyExtParams(1, count * sizeof(T), 0, 0, 0));
}
template <typename Tiling>
__aicore__ inline Tiling TilingAt(GM_ADDR address) {
  Tiling tiling;
  auto* to = (uint32_t*)&tiling;
  auto* from = (__gm__ uint32_t*)address;
  for (uint32_t i = 0; i < sizeof(Tiling) / 4; ++i) to[i] = from[i];
  return tiling;
}

template <typename T, typename S>
__aicore__ inline void RunSoftmax(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR tiling, uint32_t rows, uint32_t stride, uint32_t width, uint32_t tmp) {
  TPipe pipe;
  const uint32_t n = rows * stride, m = rows * 32 / sizeof(S);
  auto x = Fetched<T>(pipe, src, n);
  auto y = Buffer<T>(pipe, n);
  auto s = Buffer<S>(pipe, m), mx = Buffer<S>(pipe, m);
  auto t = TilingAt<SoftMaxTiling>(tiling);
  const SoftMaxShapeInfo info{rows, stride, rows, width};
  if (tmp) {
    auto room = Buffer<uint8_t>(pipe, tmp);
    SoftMax<T>(y, s, mx, x, room, t, info);
  } else {
    SoftMax<T>(y, s, mx, x, t, info);
  }
  Store(dst, y, n);
  Store(sum, s, m);
  Store(max, mx, m);
}
template <typename T, typename S>
__aicore__ inline void RunFlash(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR expMax, GM_ADDR inSum, GM_ADDR inMax, GM_ADDR tiling, uint32_t rows,
                                uint32_t stride, uint32_t width, uint32_t update) {
  TPipe pipe;
  const uint32_t n = rows * stride, m = rows * 32 / sizeof(S), e = rows * 32 / sizeof(T);
  auto x = Fetched<T>(pipe, src, n), y = Buffer<T>(pipe, n), em = Buffer<T>(pipe, e);
  auto s0 = Fetched<S>(pipe, inSum, m), m0 = Fetched<S>(pipe, inMax, m), s1 = Buffer<S>(pipe, m), m1 = Buffer<S>(pipe, m);
  auto t = TilingAt<SoftMaxTiling>(tiling);
  const SoftMaxShapeInfo info{rows, stride, rows, width};
  if (update)
    SoftmaxFlashV2<T, true>(y, s1, m1, x, em, s0, m0, t, info);
  else
    SoftmaxFlashV2<T, false>(y, s1, m1, x, em, s0, m0, t, info);
  Store(dst, y, n);
  Store(sum, s1, m);
  Store(max, m1, m);
  if (update) Store(expMax, em, e);
}
template <typename T, typename S>
__aicore__ inline void RunSimple(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR tiling, uint32_t rows, uint32_t stride, uint32_t width) {
  TPipe pipe;
  const uint32_t n = rows * stride, m = rows * 32 / sizeof(S);
  auto x = Fetched<T>(pipe, src, n), y = Buffer<T>(pipe, n);
  auto s = Fetched<S>(pipe, sum, m), mx = Fetched<S>(pipe, max, m);
  auto t = TilingAt<SoftMaxTiling>(tiling);
  SimpleSoftMax<T>(y, s, mx, x, t, {rows, stride, rows, width});
  Store(dst, y, n);
}
template <typename T>
__aicore__ inline void RunRms(GM_ADDR src, GM_ADDR gamma, GM_ADDR dst, GM_ADDR tiling, float epsilon) {
  TPipe pipe;
  auto t = TilingAt<RmsNormTiling>(tiling);
  const uint32_t n = t.bLength * t.sLength * t.hLength;
  auto x = Fetched<T>(pipe, src, n), g = Fetched<T>(pipe, gamma, t.hLength), y = Buffer<T>(pipe, n);
  RmsNorm<T>(y, x, g, (T)epsilon, t);
  Store(dst, y, n);
}
template <typename T>
__aicore__ inline void RunLayer(GM_ADDR src, GM_ADDR gamma, GM_ADDR beta, GM_ADDR dst, GM_ADDR mean, GM_ADDR variance, GM_ADDR tiling, float epsilon) {
  TPipe pipe;
  auto t = TilingAt<LayerNormTiling>(tiling);
  const uint32_t rows = t.bLength * t.sLength, n = rows * t.hLength;
  auto x = Fetched<T>(pipe, src, n), g = Fetched<T>(pipe, gamma, t.hLength), b = Fetched<T>(pipe, beta, t.hLength), y = Buffer<T>(pipe, n);
  auto m = Buffer<T>(pipe, rows), v = Buffer<T>(pipe, rows);
  LayerNorm<T>(y, m, v, x, g, b, (T)epsilon, t);
  Store(dst, y, n);
  Store(mean, m, rows);
  Store(variance, v, rows);
}
template <typename T>
__aicore__ inline void RunActivation(GM_ADDR a, GM_ADDR b, GM_ADDR dst, uint32_t n, uint32_t which, float scalar, uint32_t tmp) {
  TPipe pipe;
  auto x = Fetched<T>(pipe, a, n), z = Fetched<T>(pipe, b, n), y = Buffer<T>(pipe, n);
  if (tmp) {
    auto room = Buffer<uint8_t>(pipe, tmp);
    switch (which) {
      case 0: Sigmoid(y, x, room, n); break;
      case 1: Silu(y, x, room, n); break;
      case 2: SwiGLU(y, x, z, scalar, room, n); break;
      case 3: Gelu(y, x, room, n); break;
      case 4: Tanh(y, x, room, n); break;
      case 5: FasterGelu(y, x, room, n); break;
      case 6: GeGLU(y, x, z, room, n); break;
      default: ReGlu(y, x, z, room, n); break;
    }
  } else {
    switch (which) {
      case 0: Sigmoid(y, x, n); break;
      case 1: Silu(y, x, n); break;
      case 2: SwiGLU(y, x, z, scalar, n); break;
      case 3: Gelu(y, x, n); break;
      case 4: Tanh(y, x, n); break;
      case 5: FasterGelu(y, x, n); break;
      case 6: GeGLU(y, x, z, n); break;
      case 7: ReGlu(y, x, z, n); break;
      default: Swish(y, x, n, (T)scalar); break;
    }
  }
  Store(dst, y, n);
}
template <typename T>
__aicore__ inline void RunBroadcast(GM_ADDR src, GM_ADDR dst, uint32_t rows, uint32_t width, uint32_t axis) {
  TPipe pipe;
  const uint32_t n = rows * width, from = axis == 2 ? 1 : axis == 0 ? width : rows;
  auto x = Fetched<T>(pipe, src, from), y = Buffer<T>(pipe, n);
  const uint32_t to[2] = {rows, width}, by_row[2] = {1, width}, by_column[2] = {rows, 1}, one[1] = {1}, all[1] = {n};
  if (axis == 0) Broadcast<T, 2, 0>(y, x, to, by_row);
  else if (axis == 1) Broadcast<T, 2, 1>(y, x, to, by_column);
  else Broadcast<T, 1, 0>(y, x, all, one);
  Store(dst, y, n);
}
template <typename T>
__aicore__ inline void RunReduce(GM_ADDR src, GM_ADDR dst, uint32_t rows, uint32_t stride, uint32_t width, uint32_t which) {
  TPipe pipe;
  const uint32_t n = rows * stride, shape[2] = {rows, width};
  auto x = Fetched<T>(pipe, src, n), y = Buffer<T>(pipe, rows > stride ? rows : stride);
  switch (which) {
    case 0: Sum(y, x, SumParams{rows, stride, width}); break;
    case 1: Mean(y, x, MeanParams{rows, stride, width}); break;
    case 2: ReduceSum<T, Pattern::Reduce::AR>(y, x, shape, true); break;
    case 3: ReduceMax<T, Pattern::Reduce::AR>(y, x, shape, true); break;
    case 4: ReduceMin<T, Pattern::Reduce::AR>(y, x, shape, true); break;
    case 5: ReduceMean<T, Pattern::Reduce::AR>(y, x, shape, true); break;
    case 6: ReduceSum<T, Pattern::Reduce::RA>(y, x, shape, true); break;
    case 7: ReduceMax<T, Pattern::Reduce::RA>(y, x, shape, true); break;
    case 8: ReduceMin<T, Pattern::Reduce::RA>(y, x, shape, true); break;
    default: ReduceMean<T, Pattern::Reduce::RA>(y, x, shape, true); break;
  }
  Store(dst, y, which < 6 ? rows : width);
}
static constexpr CumSumConfig kAlongRows{false, false, true}, kAlongColumns{true, false, true};
template <typename T>
__aicore__ inline void RunCumSum(GM_ADDR src, GM_ADDR dst, GM_ADDR last, uint32_t rows, uint32_t width, uint32_t columns) {
  TPipe pipe;
  const uint32_t n = rows * width;
  auto x = Fetched<T>(pipe, src, n), y = Buffer<T>(pipe, n), l = Buffer<T>(pipe, width);
  if (columns) CumSum<T, kAlongColumns>(y, l, x, CumSumInfo{rows, width});
  else CumSum<T, kAlongRows>(y, l, x, CumSumInfo{rows, width});
  Store(dst, y, n);
  Store(last, l, width);
}
template <typename T>
__aicore__ inline void RunPad(GM_ADDR src, GM_ADDR dst, GM_ADDR tiling, uint32_t left, uint32_t right, int32_t value, uint32_t to) {
  TPipe pipe;
  auto t = TilingAt<PadTiling>(tiling);
  auto x = Fetched<T>(pipe, src, t.srcHeight * t.srcWidth), y = Buffer<T>(pipe, t.srcHeight * to);
  PadParams p{(uint16_t)left, (uint16_t)right, value};
  Pad(y, x, p, t);
  Store(dst, y, t.srcHeight * to);
}
template <typename T>
__aicore__ inline void RunUnPad(GM_ADDR src, GM_ADDR dst, GM_ADDR tiling, uint32_t right) {
  TPipe pipe;
  auto t = TilingAt<UnPadTiling>(tiling);
  auto x = Fetched<T>(pipe, src, t.srcHeight * t.srcWidth), y = Buffer<T>(pipe, t.srcHeight * t.srcWidth);
  UnPadParams p{0, (uint16_t)right};
  UnPad(y, x, p, t);
  Store(dst, y, t.srcHeight * (t.srcWidth - right));
}

template <typename T>
__aicore__ inline void RunMath(GM_ADDR a, GM_ADDR b, GM_ADDR dst, uint32_t n, uint32_t which, float scalar) {
  TPipe pipe;
  auto x = Fetched<T>(pipe, a, n), z = Fetched<T>(pipe, b, n), y = Buffer<T>(pipe, n);
  switch (which) {
    case 0: Ceil(y, x, n); break;
    case 1: Floor(y, x, n); break;
    case 2: Trunc(y, x, n); break;
    case 3: Round(y, x, n); break;
    case 4: Frac(y, x, n); break;
    case 5: Sign(y, x, n); break;
    case 6: Log(y, x, n); break;
    case 7: Log2(y, x, n); break;
    case 8: Log10(y, x, n); break;
    case 9: Power(y, x, z, n); break;
    case 10: Power(y, x, (T)scalar, n); break;
    default: Power(y, (T)scalar, z, n); break;
  }
  Store(dst, y, n);
}
template <typename T>
__aicore__ inline void RunQuant(GM_ADDR src, GM_ADDR dst, uint32_t n, float scale, float offset) {
  TPipe pipe;
  auto x = Fetched<T>(pipe, src, n);
  auto y = Buffer<int8_t>(pipe, n);
  AscendQuant(y, x, scale, offset, n);
  Store(dst, y, n);
}
template <typename T>
__aicore__ inline void RunDequant(GM_ADDR src, GM_ADDR scale, GM_ADDR dst, uint32_t m, uint32_t n) {
  TPipe pipe;
  auto x = Fetched<int32_t>(pipe, src, m * n);
  auto s = Fetched<float>(pipe, scale, n);
  auto y = Buffer<T>(pipe, m * n);
  AscendDequant(y, x, s, DequantParams{m, n, n});
  Store(dst, y, m * n);
}

#define KERNELS(T, suffix)                                                                                                                                   \
  extern "C" __global__ __aicore__ void softmax_##suffix(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR tiling, uint32_t rows, uint32_t stride,   \
                                                         uint32_t width, uint32_t tmp) {                                                                     \
    RunSoftmax<T, T>(src, dst, sum, max, tiling, rows, stride, width, tmp);                                                                                  \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void flash_##suffix(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR expMax, GM_ADDR inSum, GM_ADDR inMax,       \
                                                       GM_ADDR tiling, uint32_t rows, uint32_t stride, uint32_t width, uint32_t update) {                    \
    RunFlash<T, T>(src, dst, sum, max, expMax, inSum, inMax, tiling, rows, stride, width, update);                                                           \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void simple_##suffix(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR tiling, uint32_t rows, uint32_t stride,    \
                                                        uint32_t width) {                                                                                    \
    RunSimple<T, T>(src, dst, sum, max, tiling, rows, stride, width);                                                                                        \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void rms_##suffix(GM_ADDR src, GM_ADDR gamma, GM_ADDR dst, GM_ADDR tiling, float epsilon) {                               \
    RunRms<T>(src, gamma, dst, tiling, epsilon);                                                                                                             \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void layer_##suffix(GM_ADDR src, GM_ADDR gamma, GM_ADDR beta, GM_ADDR dst, GM_ADDR mean, GM_ADDR variance, GM_ADDR tiling,  \
                                                       float epsilon) {                                                                                      \
    RunLayer<T>(src, gamma, beta, dst, mean, variance, tiling, epsilon);                                                                                     \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void activation_##suffix(GM_ADDR a, GM_ADDR b, GM_ADDR dst, uint32_t n, uint32_t which, float scalar, uint32_t tmp) {     \
    RunActivation<T>(a, b, dst, n, which, scalar, tmp);                                                                                                      \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void math_##suffix(GM_ADDR a, GM_ADDR b, GM_ADDR dst, uint32_t n, uint32_t which, float scalar) {                       \
    RunMath<T>(a, b, dst, n, which, scalar);                                                                                                                 \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void quant_##suffix(GM_ADDR src, GM_ADDR dst, uint32_t n, float scale, float offset) {                                    \
    RunQuant<T>(src, dst, n, scale, offset);                                                                                                                 \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void dequant_##suffix(GM_ADDR src, GM_ADDR scale, GM_ADDR dst, uint32_t m, uint32_t n) {                                  \
    RunDequant<T>(src, scale, dst, m, n);                                                                                                                    \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void broadcast_##suffix(GM_ADDR src, GM_ADDR dst, uint32_t rows, uint32_t width, uint32_t axis) {                         \
    RunBroadcast<T>(src, dst, rows, width, axis);                                                                                                            \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void reduce_##suffix(GM_ADDR src, GM_ADDR dst, uint32_t rows, uint32_t stride, uint32_t width, uint32_t which) {          \
    RunReduce<T>(src, dst, rows, stride, width, which);                                                                                                      \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void cumsum_##suffix(GM_ADDR src, GM_ADDR dst, GM_ADDR last, uint32_t rows, uint32_t width, uint32_t columns) {           \
    RunCumSum<T>(src, dst, last, rows, width, columns);                                                                                                      \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void pad_##suffix(GM_ADDR src, GM_ADDR dst, GM_ADDR tiling, uint32_t left, uint32_t right, int32_t value, uint32_t to) {  \
    RunPad<T>(src, dst, tiling, left, right, value, to);                                                                                                     \
  }                                                                                                                                                          \
  extern "C" __global__ __aicore__ void unpad_##suffix(GM_ADDR src, GM_ADDR dst, GM_ADDR tiling, uint32_t right) { RunUnPad<T>(src, dst, tiling, right); }
KERNELS(half, f16)
KERNELS(float, f32)
// Half rows with float sums and maxima.
extern "C" __global__ __aicore__ void softmax_mixed(GM_ADDR src, GM_ADDR dst, GM_ADDR sum, GM_ADDR max, GM_ADDR tiling, uint32_t rows, uint32_t stride,
                                                    uint32_t width, uint32_t tmp) {
  RunSoftmax<half, float>(src, dst, sum, max, tiling, rows, stride, width, tmp);
}

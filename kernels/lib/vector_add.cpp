// z = x + y, element-wise, any length. Arguments: x y z count; block dimension: vector cores.
//
// | kernel           | type | computed in |
// |------------------|------|-------------|
// | vector_add_f16   | fp16 | fp16        |
// | vector_add_f32   | fp32 | fp32        |
// | vector_add_bf16  | bf16 | fp32, rounded to nearest even |
// | vector_add_f16_tile(x, y, z, count, tile, buffers) | fp16, with the tile length and 1 or 2 buffers given |
//
// Each core takes a contiguous share, in whole 512 B lines; a share is walked in tiles of 32 KiB, double-buffered:
//   MTE2: x, y -> UB [0 | 1]   V: add, in place   MTE3: UB -> z
// Operations: count. Bytes: 3 x count x size.
#include "kernel_operator.h"

namespace {

using namespace AscendC;

template <typename T>
class VectorAdd {
 public:
  static constexpr bool kThroughFloat = std::is_same_v<T, bfloat16_t>;

  __aicore__ __force_inline__ VectorAdd(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t count, uint32_t tile, uint32_t buffers) : tile_(tile), buffers_(buffers) {
    constexpr uint32_t line = 512 / sizeof(T);
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    const uint32_t lines = (count + line - 1) / line, share = (lines + cores - 1) / cores * line;
    const uint64_t begin = uint64_t(core) * share;
    length_ = begin < count ? uint32_t(count - begin < share ? count - begin : share) : 0;
    x_.SetGlobalBuffer((__gm__ T*)x + begin);
    y_.SetGlobalBuffer((__gm__ T*)y + begin);
    z_.SetGlobalBuffer((__gm__ T*)z + begin);
  }

  __aicore__ __force_inline__ void run() {
    for (uint32_t id = 0; id < buffers_; ++id) SetFlag<HardEvent::MTE3_MTE2>(int(id));
    uint32_t buffer = 0;
    for (uint32_t at = 0; at < length_; at += tile_) {
      step(at, length_ - at < tile_ ? length_ - at : tile_, buffer);
      buffer = buffer + 1 == buffers_ ? 0 : buffer + 1;
    }
    for (uint32_t id = 0; id < buffers_; ++id) WaitFlag<HardEvent::MTE3_MTE2>(int(id));
  }

 private:
  // UB of a buffer: x, y and, for bf16, both in fp32.
  __aicore__ __force_inline__ void step(uint32_t at, uint32_t n, uint32_t buffer) {
    const uint32_t bytes = (tile_ * sizeof(T) + 31) / 32 * 32, wide = tile_ * 4;
    const uint32_t base = buffer * (2 * bytes + (kThroughFloat ? 2 * wide : 0));
    const LocalTensor<T> x(TPosition::VECIN, base, tile_), y(TPosition::VECIN, base + bytes, tile_);
    const DataCopyExtParams row(1, n * sizeof(T), 0, 0, 0);
    WaitFlag<HardEvent::MTE3_MTE2>(int(buffer));
    DataCopyPad(x, x_[at], row, DataCopyPadExtParams<T>());
    DataCopyPad(y, y_[at], row, DataCopyPadExtParams<T>());
    SetFlag<HardEvent::MTE2_V>(int(buffer));
    WaitFlag<HardEvent::MTE2_V>(int(buffer));
    if constexpr (kThroughFloat) {
      const LocalTensor<float> a(TPosition::VECCALC, base + 2 * bytes, tile_), b(TPosition::VECCALC, base + 2 * bytes + wide, tile_);
      Cast(a, x, RoundMode::CAST_NONE, n);
      Cast(b, y, RoundMode::CAST_NONE, n);
      PipeBarrier<PIPE_V>();
      Add(a, a, b, int32_t(n));
      PipeBarrier<PIPE_V>();
      Cast(x, a, RoundMode::CAST_RINT, n);
    } else {
      Add(x, x, y, int32_t(n));
    }
    SetFlag<HardEvent::V_MTE3>(int(buffer));
    WaitFlag<HardEvent::V_MTE3>(int(buffer));
    DataCopyPad(z_[at], x, row);
    SetFlag<HardEvent::MTE3_MTE2>(int(buffer));
  }

  GlobalTensor<T> x_, y_, z_;
  uint32_t length_, tile_, buffers_;
};

template <typename T>
__aicore__ __force_inline__ void add(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t count, uint32_t tile, uint32_t buffers) {
  if ASCEND_IS_AIV {
    VectorAdd<T> kernel(x, y, z, count, tile, buffers);
    kernel.run();
  }
}

}  // namespace

extern "C" __global__ __aicore__ void vector_add_f16(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t count) { add<half>(x, y, z, count, 16384, 2); }
extern "C" __global__ __aicore__ void vector_add_f32(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t count) { add<float>(x, y, z, count, 8192, 2); }
extern "C" __global__ __aicore__ void vector_add_bf16(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t count) { add<bfloat16_t>(x, y, z, count, 6144, 2); }
extern "C" __global__ __aicore__ void vector_add_f16_tile(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t count, uint32_t tile, uint32_t buffers) {
  add<half>(x, y, z, count, tile, buffers);
}

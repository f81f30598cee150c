// Element-wise kernels over any number of contiguous elements. Block dimension: vector cores.
//
// | kernel                | arguments            | computes                                            |
// |-----------------------|----------------------|-----------------------------------------------------|
// | cast_<from>_<to>      | x y count            | y = x in the other type, to nearest even: bf16 fp16 fp32 |
// | add                   | x residual y count   | y = x + residual, bf16, one rounding                |
//
// Tiles of 8192 elements go to the cores in turn:
//   MTE2: x [residual] -> in [0 | 1]    V: through fp32 where the chip has no direct conversion    MTE3: out [0 | 1] -> y
//   UB:   | in [0] | in [1] | fp32 A | fp32 B | out [0] | out [1] |    at most 32 KiB each
// Operations: 1 an element. Bytes: the sizes of the types.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kTile = 8192;

// y = x in another type, of n elements; wide: fp32 scratch.
template <typename From, typename To>
struct Convert {
  static constexpr uint32_t kStreams = 1;
  static __aicore__ __force_inline__ void apply(const LocalTensor<To>& y, const LocalTensor<From>& x, const LocalTensor<float>& a, const LocalTensor<float>&, uint32_t n) {
    if constexpr (std::is_same_v<To, float>) {
      Cast(y, x, RoundMode::CAST_NONE, n);
    } else if constexpr (std::is_same_v<From, float>) {
      Cast(y, x, RoundMode::CAST_RINT, n);
    } else {
      Cast(a, x, RoundMode::CAST_NONE, n), barrier();
      Cast(y, a, RoundMode::CAST_RINT, n);
    }
  }
};

struct AddResidual {
  static constexpr uint32_t kStreams = 2;
  static __aicore__ __force_inline__ void apply(const LocalTensor<bfloat16_t>& y, const LocalTensor<bfloat16_t>& x, const LocalTensor<float>& a,
                                                const LocalTensor<float>& b, uint32_t n) {
    Cast(a, x, RoundMode::CAST_NONE, n), Cast(b, x[kTile], RoundMode::CAST_NONE, n), barrier();
    Add(a, a, b, int32_t(n)), barrier();
    Cast(y, a, RoundMode::CAST_RINT, n);
  }
};

template <typename From, typename To, typename Operation>
__aicore__ __force_inline__ void flat(GM_ADDR x, GM_ADDR second, GM_ADDR y, uint32_t count) {
  if ASCEND_IS_AIV {
    GlobalTensor<From> from[2];
    GlobalTensor<To> to;
    from[0].SetGlobalBuffer((__gm__ From*)x), from[1].SetGlobalBuffer((__gm__ From*)second), to.SetGlobalBuffer((__gm__ To*)y);
    Space space;
    LocalTensor<From> in[2];
    Outlet<To> out[2];
    for (uint32_t b = 0; b < 2; ++b) {
      in[b] = space.place<From>(Operation::kStreams * kTile), out[b].place(space, kTile, int(b));
      SetFlag<HardEvent::V_MTE2>(int(b));
    }
    const LocalTensor<float> a = space.place<float>(kTile), b = space.place_across<float>(kTile);
    const uint32_t step = uint32_t(GetBlockNum()) * kTile, first = uint32_t(GetBlockIdx()) * kTile;
    const auto load = [&](uint32_t at, uint32_t buffer) {
      const uint32_t n = least(kTile, count - at);
      WaitFlag<HardEvent::V_MTE2>(int(buffer));
      for (uint32_t s = 0; s < Operation::kStreams; ++s)
        load_rows(in[buffer][s * kTile], from[s][at], 1, n - (at + n == count ? least(kDropped, n) : 0), kTile, n);
      SetFlag<HardEvent::MTE2_V>(int(buffer));
    };
    // Counts up to 2^32 - 1: positions are compared by what is left.
    uint32_t buffer = 0;
    if (first < count) load(first, 0);
    for (uint32_t at = first; at < count; buffer ^= 1) {
      const bool more = count - at > step;
      const uint32_t n = least(kTile, count - at);
      if (more) load(at + step, buffer ^ 1);
      WaitFlag<HardEvent::MTE2_V>(int(buffer));
      out[buffer].open();
      Operation::apply(out[buffer].buffer, in[buffer], a, b, n);
      SetFlag<HardEvent::V_MTE2>(int(buffer));
      out[buffer].send([&]() { store_rows(to[at], out[buffer].buffer, 1, n, kTile, n); });
      barrier();
      if (!more) break;
      at += step;
    }
    for (uint32_t i = 0; i < 2; ++i) {
      out[i].close();
      WaitFlag<HardEvent::V_MTE2>(int(i));
    }
  }
}

}  // namespace

#define CAST_KERNEL(name, From, To)                                                                                  \
  extern "C" __global__ __aicore__ void name(GM_ADDR x, GM_ADDR y, uint32_t count) { flat<From, To, Convert<From, To>>(x, nullptr, y, count); }
CAST_KERNEL(cast_bf16_fp32, bfloat16_t, float)
CAST_KERNEL(cast_bf16_fp16, bfloat16_t, half)
CAST_KERNEL(cast_fp16_fp32, half, float)
CAST_KERNEL(cast_fp16_bf16, half, bfloat16_t)
CAST_KERNEL(cast_fp32_bf16, float, bfloat16_t)
CAST_KERNEL(cast_fp32_fp16, float, half)

extern "C" __global__ __aicore__ void add(GM_ADDR x, GM_ADDR residual, GM_ADDR y, uint32_t count) {
  flat<bfloat16_t, bfloat16_t, AddResidual>(x, residual, y, count);
}

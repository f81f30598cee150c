// Rotary embedding in place: columns offset .. offset + 63 of every head of x (bf16 [rows, heads, stride]) by row position[r] of the
// tables cos, sin (fp32 [positions, 32]); interleaved pairs (x0, x1), (x2, x3), ... Stride and offset are multiples of 16.
// Arguments: x cos sin position rows heads stride offset. Block dimension: vector cores.
//
// A unit is up to 64 heads of a row; a core's units are neighbours, so that its positions share cache lines.
//   S: position    MTE2: heads, cos, sin -> in [0 | 1]    V: rotation.h    MTE3: out [0 | 1] -> x
//   UB: | in [0 | 1] 8 KiB | angles [0 | 1] | cos, sin 512 B each | a b c d 8 KiB each | 2 x 4 KiB | out [0 | 1] 8 KiB |
// Two heads are one repeat of pairs. cos and sin lie twice in each half of the bank groups: even repeats use the far one, odd ones
// the near one.
// Operations: 3 an element. Bytes: 4 an element, 256 a unit.
#include "rotation.h"

namespace {

using namespace rotation;

constexpr uint32_t kHeads = 64;

class Rope {
 public:
  __aicore__ __force_inline__ Rope(GM_ADDR x, GM_ADDR cos, GM_ADDR sin, GM_ADDR position, uint32_t rows, uint32_t heads, uint32_t stride, uint32_t offset)
      : heads_(heads), stride_(stride), offset_(offset), parts_(ceil_div(heads, kHeads)), part_(ceil_div(heads, parts_)) {
    x_.SetGlobalBuffer((__gm__ bfloat16_t*)x);
    cos_.SetGlobalBuffer((__gm__ float*)cos);
    sin_.SetGlobalBuffer((__gm__ float*)sin);
    position_.SetGlobalBuffer((__gm__ int32_t*)position);
    const uint64_t core = uint64_t(GetBlockIdx()), cores = uint64_t(GetBlockNum()), units = uint64_t(rows) * parts_;
    begin_ = uint32_t(units * core / cores), end_ = uint32_t(units * (core + 1) / cores);
  }

  __aicore__ __force_inline__ void run() {
    if (begin_ == end_) return;
    Space space;
    for (uint32_t b = 0; b < 2; ++b) {
      in_[b] = space.place<bfloat16_t>(kHeads * kColumns), angles_[b] = space.place<float>(2 * kAngles);
      out_[b].place(space, kHeads * kColumns, int(b));
      SetFlag<HardEvent::V_MTE2>(int(b));
    }
    for (auto& table : table_) table = space.place<float>(4 * kAngles);
    scratch_.place(space, kHeads);
    uint32_t buffer = 0;
    load(begin_, 0);
    for (uint32_t u = begin_; u < end_; ++u, buffer ^= 1) {
      if (u + 1 < end_) load(u + 1, buffer ^ 1);
      WaitFlag<HardEvent::MTE2_V>(int(buffer));
      compute(u, buffer);
    }
    for (uint32_t b = 0; b < 2; ++b) {
      out_[b].close();
      WaitFlag<HardEvent::V_MTE2>(int(b));
    }
  }

 private:
  struct Unit {
    uint32_t row, heads;
    uint64_t at;
  };
  __aicore__ __force_inline__ Unit unit(uint32_t u) const {
    const uint32_t row = u / parts_, first = (u - row * parts_) * part_;
    return {row, least(part_, heads_ - first), (uint64_t(row) * heads_ + first) * stride_ + offset_};
  }

  __aicore__ __force_inline__ void load(uint32_t u, uint32_t b) const {
    const Unit it = unit(u);
    const uint64_t angles = uint64_t(uint32_t(position_.GetValue(it.row))) * kAngles;
    const uint16_t gap = uint16_t((stride_ - kColumns) / 16);
    WaitFlag<HardEvent::V_MTE2>(int(b));
    DataCopy(in_[b], x_[it.at], DataCopyParams(uint16_t(it.heads), uint16_t((kColumns - kDropped) / 16), gap + kDropped / 16, kDropped / 16));
    DataCopy(angles_[b], cos_[angles], kAngles);
    DataCopy(angles_[b][kAngles], sin_[angles], kAngles);
    SetFlag<HardEvent::MTE2_V>(int(b));
  }

  __aicore__ __force_inline__ void compute(uint32_t u, uint32_t b) const {
    const Unit it = unit(u);
    for (uint32_t table = 0; table < 2; ++table)
      Copy(table_[table], angles_[b][table * kAngles], uint64_t(kAngles), 4, CopyRepeatParams(1, 1, kAngles / 8, 0));
    ResetMask();
    scratch_.load(in_[b], it.heads);
    SetFlag<HardEvent::V_MTE2>(int(b));
    scratch_.rotate(it.heads, [&](const LocalTensor<float>& to, const LocalTensor<float>& from, bool sine) { times(to, from, table_[sine], it.heads); });
    scratch_.round(it.heads);
    out_[b].open();
    scratch_.store(out_[b].buffer, it.heads);
    out_[b].send([&]() {
      DataCopy(x_[it.at], out_[b].buffer, DataCopyParams(uint16_t(it.heads), kColumns / 16, 0, uint16_t((stride_ - kColumns) / 16)));
    });
    barrier();
  }

  // Each head times 32 angles, two heads a repeat. Even repeats of a and c start in the near half of the bank groups and take the
  // far angles; those of b and d, placed across, the other way round.
  static __aicore__ __force_inline__ void times(const LocalTensor<float>& to, const LocalTensor<float>& from, const LocalTensor<float>& table, uint32_t heads) {
    const BinaryRepeatParams strides(1, 1, 1, 16, 16, 0);
    const uint32_t repeats = ceil_div(heads, 2), other = from.address() % kBankPeriod ? 0 : kLanes;
    Mul<float, false>(to, from, table[other], MASK_PLACEHOLDER, uint8_t((repeats + 1) / 2), strides);
    if (repeats > 1) Mul<float, false>(to[kLanes], from[kLanes], table[kLanes - other], MASK_PLACEHOLDER, uint8_t(repeats / 2), strides);
  }

  GlobalTensor<bfloat16_t> x_;
  GlobalTensor<float> cos_, sin_;
  GlobalTensor<int32_t> position_;
  uint32_t heads_, stride_, offset_, parts_, part_, begin_, end_;
  Scratch scratch_;
  LocalTensor<bfloat16_t> in_[2];
  LocalTensor<float> angles_[2], table_[2];
  Outlet<bfloat16_t> out_[2];
};

}  // namespace

extern "C" __global__ __aicore__ void rope(GM_ADDR x, GM_ADDR cos, GM_ADDR sin, GM_ADDR position, uint32_t rows, uint32_t heads, uint32_t stride,
                                           uint32_t offset) {
  if ASCEND_IS_AIV {
    Rope kernel(x, cos, sin, position, rows, heads, stride, offset);
    kernel.run();
  }
}

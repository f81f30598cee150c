// Rotation of interleaved pairs of 64 columns (RoPE): (a, b) -> (a cos - b sin, a sin + b cos), as x * C + swapped(x) * S with
// C = cos cos ... and S = -sin sin ... of a table's 32 angles. The pairs are swapped as 32-bit words of two bf16: two shifts and
// an or, where a gather would take twelve times as long.
#pragma once

#include "row_tiles.h"

namespace rotation {

using namespace row_tiles;

constexpr uint32_t kColumns = 64, kAngles = kColumns / 2;

// Offsets of a gather that doubles each of 32 fp32 values, and the signs of S.
struct Spreading {
  LocalTensor<int32_t> offset;
  LocalTensor<float> sign;
  // rows: tables that one gather spreads, 32 values each.
  __aicore__ __force_inline__ void place(Space& space, uint32_t rows) {
    offset = space.place<int32_t>(rows * kColumns), sign = space.place<float>(kColumns);
    const LocalTensor<uint64_t> offsets = offset.ReinterpretCast<uint64_t>(), signs = sign.ReinterpretCast<uint64_t>();
    constexpr uint64_t kMinusPlus = 0x3f800000bf800000ull;  // -1.0f, 1.0f
    for (uint32_t pair = 0; pair < kAngles; ++pair) {
      offsets.SetValue(pair, uint64_t(pair) * (0x400000004ull));
      signs.SetValue(pair, kMinusPlus);
    }
    SetFlag<HardEvent::S_V>(0);
    WaitFlag<HardEvent::S_V>(0);
    for (uint32_t r = 1; r < rows; ++r) Adds(offset[r * kColumns], offset, int32_t(r * kAngles * sizeof(float)), int32_t(kColumns));
    barrier();
  }
  __aicore__ __force_inline__ void spread(const LocalTensor<float>& to, const LocalTensor<float>& table, uint32_t rows) const {
    Gather(to, table, offset.ReinterpretCast<uint32_t>(), 0, rows * kColumns);
  }
  // rows of 64 times the signs, in place.
  __aicore__ __force_inline__ void set_signs(const LocalTensor<float>& s, uint32_t rows) const {
    Mul(s, s, sign, uint64_t(kLanes), uint8_t(rows), BinaryRepeatParams(1, 1, 1, 8, 8, 0));
    ResetMask();
  }
};

// Scratch for `heads` rows of 64 columns.
struct Scratch {
  LocalTensor<uint32_t> left, right;
  LocalTensor<float> straight, swapped;
  __aicore__ __force_inline__ void place(Space& space, uint32_t heads) {
    left = space.place<uint32_t>(heads * kAngles), right = space.place_across<uint32_t>(heads * kAngles);
    straight = space.place<float>(heads * kColumns), swapped = space.place_across<float>(heads * kColumns);
  }

  // straight = x and swapped = x with its pairs swapped, in fp32.
  __aicore__ __force_inline__ void load(const LocalTensor<bfloat16_t>& x, uint32_t heads) const {
    const int32_t words = int32_t(heads * kAngles);
    const LocalTensor<uint32_t> pairs = x.ReinterpretCast<uint32_t>();
    ShiftLeft(left, pairs, uint32_t(16), words);
    ShiftRight(right, pairs, uint32_t(16), words);
    Cast(straight, x, RoundMode::CAST_NONE, heads * kColumns);
    barrier();
    const LocalTensor<uint16_t> both = left.ReinterpretCast<uint16_t>();
    Or(both, both, right.ReinterpretCast<uint16_t>(), int32_t(heads * kColumns));
    barrier();
    Cast(swapped, left.ReinterpretCast<bfloat16_t>(), RoundMode::CAST_NONE, heads * kColumns);
    barrier();
  }
  // After straight *= C and swapped *= S.
  __aicore__ __force_inline__ void join(uint32_t heads) const { Add(straight, straight, swapped, int32_t(heads * kColumns)); }
};

}  // namespace rotation

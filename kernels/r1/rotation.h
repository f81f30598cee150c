// Rotation of interleaved pairs of 64 columns (RoPE): (a, b) -> (a cos - b sin, a sin + b cos).
//
// A pair of bf16 is one 32-bit word, and a bf16 is the upper half of its fp32: two shifts take a head's words apart into a and b in
// fp32, 32 lanes each, beside a table's 32 angles as they are. The results are rounded to bf16 by Cast and back, shifted and or-ed to
// words again. No gather, no table spread over pairs.
#pragma once

#include "row_tiles.h"

namespace rotation {

using namespace row_tiles;

constexpr uint32_t kColumns = 64, kAngles = kColumns / 2;

// Scratch for `heads` rows of 32 pairs.
struct Scratch {
  LocalTensor<float> a, b, c, d;  // a and c in one half of the bank groups, b and d in the other
  LocalTensor<bfloat16_t> narrow[2];
  __aicore__ __force_inline__ void place(Space& space, uint32_t heads) {
    const uint32_t n = heads * kAngles;
    a = space.place<float>(n), b = space.place_across<float>(n), c = space.place<float>(n), d = space.place_across<float>(n);
    for (auto& tensor : narrow) tensor = space.place<bfloat16_t>(n);
  }

  // x (bf16 pairs) to a and b.
  __aicore__ __force_inline__ void load(const LocalTensor<bfloat16_t>& x, uint32_t heads) const {
    const int32_t n = int32_t(heads * kAngles);
    const LocalTensor<uint32_t> words = x.ReinterpretCast<uint32_t>(), second = b.ReinterpretCast<uint32_t>();
    ShiftLeft(a.ReinterpretCast<uint32_t>(), words, uint32_t(16), n);
    ShiftRight(second, words, uint32_t(16), n);
    barrier();
    ShiftLeft(second, second, uint32_t(16), n);
    barrier();
  }
  // times(to, from, sine): from * cos or from * sin. Leaves the rotated pairs in a and b.
  template <typename Times>
  __aicore__ __force_inline__ void rotate(uint32_t heads, Times times) const {
    const int32_t n = int32_t(heads * kAngles);
    times(c, a, true), times(d, b, true);
    barrier();
    times(a, a, false), times(b, b, false);
    barrier();
    Sub(a, a, d, n), Add(b, b, c, n);
    barrier();
  }
  // a and b to the lower and upper halves of words.
  __aicore__ __force_inline__ void round(uint32_t heads) const {
    const uint32_t n = heads * kAngles;
    const LocalTensor<uint32_t> words = a.ReinterpretCast<uint32_t>();
    Cast(narrow[0], a, RoundMode::CAST_RINT, n), Cast(narrow[1], b, RoundMode::CAST_RINT, n);
    barrier();
    Cast(a, narrow[0], RoundMode::CAST_NONE, n), Cast(b, narrow[1], RoundMode::CAST_NONE, n);
    barrier();
    ShiftRight(words, words, uint32_t(16), int32_t(n));
    barrier();
  }
  // dst = the words that round() left, contiguous.
  __aicore__ __force_inline__ void store(const LocalTensor<bfloat16_t>& dst, uint32_t heads) const {
    Or(dst.ReinterpretCast<uint16_t>(), a.ReinterpretCast<uint16_t>(), b.ReinterpretCast<uint16_t>(), int32_t(heads * kColumns));
  }
};

}  // namespace rotation

// Weighted sum of the experts' rows: y[t] = sum_j weights[t, j] * x[inverse[t, j]] (+ shared[t]) (+ residual[t]); x, shared, residual, y bf16,
// weights and the sum fp32; an inverse of -1 adds nothing. Columns are a multiple of 16.
//
// | kernel                            | arguments                                                        |
// |-----------------------------------|------------------------------------------------------------------|
// | moe_combine[_shared][_residual]   | x inverse weights y [shared] [residual] tokens k columns         |
//
// Block dimension: vector cores. A unit is up to 4096 columns of a token; a core's units are neighbours, so that its indices and
// weights, which the scalar unit reads, share cache lines. The pieces of all its rows pass through a ring, three ahead:
//   MTE2: row piece -> ring [0 .. 3]    V: X = fp32, A += w X;  after the last row of a unit A -> bf16    MTE3: out [0 | 1] -> y
//   UB:   | ring 4 x 2C | X 4C | A 4C | out 2 x 2C |
// Operations: 2 an element of x. Bytes: 2 an element of what is read and written, 8 k a token.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kPiece = 4096, kRing = 4;

struct Arguments {
  GM_ADDR x;
  GM_ADDR inverse;
  GM_ADDR weights;
  GM_ADDR y;
  GM_ADDR shared;
  GM_ADDR residual;
  uint32_t tokens, k, columns;
};

template <uint32_t added>
class MoeCombine {
 public:
  __aicore__ __force_inline__ explicit MoeCombine(const Arguments& a)
      : k_(a.k), columns_(a.columns), parts_(ceil_div(a.columns, kPiece)), part_(round_up(ceil_div(a.columns, parts_), 16)) {
    x_.SetGlobalBuffer((__gm__ bfloat16_t*)a.x);
    inverse_.SetGlobalBuffer((__gm__ int32_t*)a.inverse);
    weights_.SetGlobalBuffer((__gm__ float*)a.weights);
    y_.SetGlobalBuffer((__gm__ bfloat16_t*)a.y);
    GM_ADDR tensors[2] = {a.shared ? a.shared : a.residual, a.residual};
    for (uint32_t i = 0; i < 2; ++i) added_[i].SetGlobalBuffer((__gm__ bfloat16_t*)tensors[i]);
    const uint64_t core = uint64_t(GetBlockIdx()), cores = uint64_t(GetBlockNum()), units = uint64_t(a.tokens) * parts_;
    begin_ = uint32_t(units * core / cores), end_ = uint32_t(units * (core + 1) / cores);
  }

  __aicore__ __force_inline__ void run() {
    if (begin_ == end_) return;
    Space space;
    for (auto& slot : ring_) slot = space.place<bfloat16_t>(part_);
    x32_ = space.place<float>(part_), sum_ = space.place_across<float>(part_);
    for (uint32_t b = 0; b < 2; ++b) out_[b].place(space, part_, int(b));
    for (uint32_t s = 0; s < kRing; ++s) SetFlag<HardEvent::V_MTE2>(int(s));
    Cursor ahead(begin_), here(begin_);
    for (uint32_t i = 0; i + 1 < kRing; ++i) load_next(ahead);
    uint32_t out = 0;
    while (here.unit < end_) {
      const Unit u = unit(here.unit);
      Duplicate(sum_, 0.0f, int32_t(u.columns));
      for (here.row = 0; here.row < k_ + added; ++here.row) {
        if (!present(u, here.row)) continue;
        load_next(ahead);
        add(here, u);
      }
      barrier();
      out_[out].open();
      Cast(out_[out].buffer, sum_, RoundMode::CAST_RINT, u.columns);
      out_[out].send([&]() { DataCopy(y_[uint64_t(u.token) * columns_ + u.first], out_[out].buffer, u.columns); });
      barrier();
      out ^= 1, ++here.unit;
    }
    for (uint32_t s = 0; s < kRing; ++s) WaitFlag<HardEvent::V_MTE2>(int(s));
    for (uint32_t b = 0; b < 2; ++b) out_[b].close();
  }

 private:
  // Some columns of a token, and where a walk over the rows of all units is.
  struct Unit {
    uint32_t token, first, columns;
  };
  struct Cursor {
    uint32_t unit, row = 0, slot = 0;
    __aicore__ __force_inline__ explicit Cursor(uint32_t first) : unit(first) {}
  };
  __aicore__ __force_inline__ Unit unit(uint32_t u) const {
    const uint32_t token = u / parts_, first = (u - token * parts_) * part_;
    return {token, first, least(part_, columns_ - first)};
  }
  __aicore__ __force_inline__ int32_t place(const Unit& u, uint32_t row) const { return inverse_.GetValue(uint64_t(u.token) * k_ + row); }
  __aicore__ __force_inline__ bool present(const Unit& u, uint32_t row) const {
#ifdef BROKEN_LAST_ROW
    if (row + 1 == k_) return false;
#endif
    return row >= k_ || place(u, row) >= 0;
  }

  // The next row piece that exists, if any is left, into the next slot.
  __aicore__ __force_inline__ void load_next(Cursor& c) const {
    while (c.unit < end_) {
      const Unit u = unit(c.unit);
      const uint32_t row = c.row;
      if (++c.row == k_ + added) c.row = 0, ++c.unit;
      if (!present(u, row)) continue;
      const uint64_t at = uint64_t(row < k_ ? uint32_t(place(u, row)) : u.token) * columns_ + u.first;
      WaitFlag<HardEvent::V_MTE2>(int(c.slot));
      DataCopy(ring_[c.slot], row < k_ ? x_[at] : added_[row - k_][at], u.columns);
      SetFlag<HardEvent::MTE2_V>(int(c.slot));
      c.slot = (c.slot + 1) % kRing;
      return;
    }
  }

  __aicore__ __force_inline__ void add(Cursor& c, const Unit& u) const {
    const int32_t n = int32_t(u.columns);
    WaitFlag<HardEvent::MTE2_V>(int(c.slot));
    Cast(x32_, ring_[c.slot], RoundMode::CAST_NONE, u.columns);
    SetFlag<HardEvent::V_MTE2>(int(c.slot));
    c.slot = (c.slot + 1) % kRing;
    barrier();
    if (c.row < k_)
      Axpy(sum_, x32_, weights_.GetValue(uint64_t(u.token) * k_ + c.row), n);
    else
      Add(sum_, sum_, x32_, n);
    barrier();
  }

  GlobalTensor<bfloat16_t> x_, y_, added_[2];
  GlobalTensor<int32_t> inverse_;
  GlobalTensor<float> weights_;
  uint32_t k_, columns_, parts_, part_, begin_, end_;
  LocalTensor<bfloat16_t> ring_[kRing];
  LocalTensor<float> x32_, sum_;
  Outlet<bfloat16_t> out_[2];
};

template <uint32_t added>
__aicore__ __force_inline__ void run(const Arguments& arguments) {
  if ASCEND_IS_AIV {
    MoeCombine<added> kernel(arguments);
    kernel.run();
  }
}

}  // namespace

extern "C" __global__ __aicore__ void moe_combine(GM_ADDR x, GM_ADDR inverse, GM_ADDR weights, GM_ADDR y, uint32_t tokens, uint32_t k, uint32_t columns) {
  run<0>({x, inverse, weights, y, nullptr, nullptr, tokens, k, columns});
}
extern "C" __global__ __aicore__ void moe_combine_shared(GM_ADDR x, GM_ADDR inverse, GM_ADDR weights, GM_ADDR y, GM_ADDR shared, uint32_t tokens, uint32_t k,
                                                         uint32_t columns) {
  run<1>({x, inverse, weights, y, shared, nullptr, tokens, k, columns});
}
extern "C" __global__ __aicore__ void moe_combine_residual(GM_ADDR x, GM_ADDR inverse, GM_ADDR weights, GM_ADDR y, GM_ADDR residual, uint32_t tokens, uint32_t k,
                                                           uint32_t columns) {
  run<1>({x, inverse, weights, y, nullptr, residual, tokens, k, columns});
}
extern "C" __global__ __aicore__ void moe_combine_shared_residual(GM_ADDR x, GM_ADDR inverse, GM_ADDR weights, GM_ADDR y, GM_ADDR shared, GM_ADDR residual,
                                                                  uint32_t tokens, uint32_t k, uint32_t columns) {
  run<2>({x, inverse, weights, y, shared, residual, tokens, k, columns});
}

// Combine: each expert's result row back to the die that its token came from; then the weighted sum of the rows that came back here.
//
// Arguments: x bf16 [rows, columns] and origin int32 [rows] (both in moe_dispatch's order), counts int32 [local_experts] (rows = their sum),
//   weights fp32 [tokens, k], shared bf16 [tokens, columns] (with_shared), window, peers, peer_stride, rank, dies, epoch ->
//   y bf16 [tokens, columns]: y[t] = sum_j weights[t, j] * row(t, j) (+ shared[t]), summed in fp32 in the order of j.
// Block dimension: vector cores, any number.
//
//   window: | flags | rows bf16 [tokens * k][columns] |
//
//   1 core c sends rows c n / cores ..: MTE2 x -> ring -> MTE3 to place (token, slot) of the sender's window
//   2 SyncAll, flags, all flags awaited
//   3 units of one token and `width` columns, spread over the cores; double-buffered:
//        MTE2: k pieces -> UB [0 | 1]    V: fp32, multiply-add k times, bf16    MTE3: UB [0 | 1] -> y
// Bytes over the fabric: 2 x columns x rows each way, less the die's own. Operations: 2 x tokens x k x columns.
#include "dies.h"

namespace {

using namespace AscendC;
using namespace dies;

constexpr uint32_t kLine = 512, kWidth = 1024;

struct Arguments {
  Group group;
  uint64_t x, origin, counts, weights, shared, y;
  uint32_t tokens, k, columns, local_experts, with_shared;
};

class Combine : Arguments {
 public:
  __aicore__ __force_inline__ explicit Combine(const Arguments& arguments) : Arguments(arguments) {}

  __aicore__ __force_inline__ void run() {
    send();
    raise_flags(group);
    await_flags(group);
    sum();
  }

 private:
  __aicore__ __force_inline__ uint64_t rows_at(uint32_t die) const {
    return group.window(die) + ((uint64_t(group.dies) * kFlagBytes + kLine - 1) & ~uint64_t(kLine - 1));
  }

  __aicore__ __force_inline__ void send() const {
    const uint32_t row_bytes = columns * 2, lists = (local_experts * 4 + 31) & ~31u;
    fetch_for_scalars(0, counts, local_experts * 4);
    uint32_t total = 0;
    for (uint32_t e = 0; e < local_experts; ++e) total += uint32_t(local<int32_t>(0, local_experts).GetValue(e));
    Share share(total);
#ifdef BROKEN_LAST_ROW
    if (share.last == total && total) --share.last;
#endif
    if (share.first >= share.last) return;
    const uint32_t n = share.last - share.first, ring_at = lists + ((n * 4 + 31) & ~31u);
    fetch_for_scalars(lists, origin + uint64_t(share.first) * 4, n * 4);
    Ring ring(ring_at, row_bytes, (kUbBytes - ring_at) / row_bytes);
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t from = uint32_t(local<int32_t>(lists, n).GetValue(i)), die = from / (tokens * k), place = from - die * (tokens * k);
      const uint32_t row = ring.take();
      fetch(row, x + uint64_t(share.first + i) * row_bytes, row_bytes);
      ring.filled(false);
      put(rows_at(die) + uint64_t(place) * row_bytes, row, row_bytes);
      ring.give();
    }
    ring.drain();
  }

  // UB: | weights of the core's tokens | in 0 | in 1 | out 0 | out 1 | fp32 of a piece | fp32 sum |
  __aicore__ __force_inline__ void sum() {
    const uint32_t chunks = (columns + kWidth - 1) / kWidth;
    const Share share(tokens * chunks);
    if (share.first >= share.last) return;
    const uint32_t token = share.first / chunks, rows = (share.last - 1) / chunks - token + 1;
    weights_ = local<float>(0, rows * k);
    in_ = (rows * k * 4 + 31) & ~31u;
    out_ = in_ + 2 * (k + 1) * kWidth * 2;
    wide_ = out_ + 2 * kWidth * 2;
    first_ = token;
    fetch_for_scalars(0, weights + uint64_t(token) * k * 4, rows * k * 4);
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::V_MTE2>(id);
      SetFlag<HardEvent::MTE3_V>(id);
    }
    load(share.first, 0, chunks);
    for (uint32_t unit = share.first, buffer = 0; unit < share.last; ++unit, buffer ^= 1) {
      if (unit + 1 < share.last) load(unit + 1, buffer ^ 1, chunks);
      add(unit, buffer, chunks);
    }
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::V_MTE2>(id);
      WaitFlag<HardEvent::MTE3_V>(id);
    }
  }

  __aicore__ __force_inline__ uint32_t width_of(uint32_t chunk) const { return columns - chunk * kWidth < kWidth ? columns - chunk * kWidth : kWidth; }
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> piece(uint32_t buffer, uint32_t j) const {
    return local<bfloat16_t>(in_ + (buffer * (k + 1) + j) * kWidth * 2, kWidth);
  }

  __aicore__ __force_inline__ void load(uint32_t unit, uint32_t buffer, uint32_t chunks) const {
    const uint32_t token = unit / chunks, chunk = unit - token * chunks, bytes = width_of(chunk) * 2;
    WaitFlag<HardEvent::V_MTE2>(int(buffer));
    const uint64_t from = rows_at(group.rank) + uint64_t(token) * k * columns * 2 + chunk * kWidth * 2;
    fetch(in_ + buffer * (k + 1) * kWidth * 2, from, bytes, k, columns * 2 - bytes, (kWidth * 2 - bytes) / 32);
    if (with_shared) fetch(in_ + (buffer * (k + 1) + k) * kWidth * 2, shared + uint64_t(token) * columns * 2 + chunk * kWidth * 2, bytes);
    SetFlag<HardEvent::MTE2_V>(int(buffer));
  }

  __aicore__ __force_inline__ void add(uint32_t unit, uint32_t buffer, uint32_t chunks) const {
    const uint32_t token = unit / chunks, chunk = unit - token * chunks;
    const int32_t n = int32_t(width_of(chunk));
    const LocalTensor<float> wide = local<float>(wide_, kWidth), total = local<float>(wide_ + kWidth * 4, kWidth);
    const LocalTensor<bfloat16_t> out = local<bfloat16_t>(out_ + buffer * kWidth * 2, kWidth);
    WaitFlag<HardEvent::MTE2_V>(int(buffer));
    if (with_shared) Cast(total, piece(buffer, k), RoundMode::CAST_NONE, n);
    else Duplicate(total, 0.0f, n);
    for (uint32_t j = 0; j < k; ++j) {
      const float weight = weights_.GetValue((token - first_) * k + j);
      Cast(wide, piece(buffer, j), RoundMode::CAST_NONE, n);
      PipeBarrier<PIPE_V>();
      Axpy(total, wide, weight, n);
      PipeBarrier<PIPE_V>();
    }
    SetFlag<HardEvent::V_MTE2>(int(buffer));
    WaitFlag<HardEvent::MTE3_V>(int(buffer));
    Cast(out, total, RoundMode::CAST_RINT, n);
    SetFlag<HardEvent::V_MTE3>(int(buffer));
    WaitFlag<HardEvent::V_MTE3>(int(buffer));
    put(y + uint64_t(token) * columns * 2 + chunk * kWidth * 2, out_ + buffer * kWidth * 2, uint32_t(n) * 2);
    SetFlag<HardEvent::MTE3_V>(int(buffer));
  }

  LocalTensor<float> weights_;
  uint32_t in_, out_, wide_, first_;
};

}  // namespace

extern "C" __global__ __aicore__ void moe_combine_remote(GM_ADDR x, GM_ADDR origin, GM_ADDR counts, GM_ADDR weights, GM_ADDR shared, GM_ADDR window, GM_ADDR peers,
                                                         uint64_t peer_stride, GM_ADDR y, uint32_t rank, uint32_t dies, uint32_t epoch, uint32_t tokens, uint32_t k,
                                                         uint32_t columns, uint32_t local_experts, uint32_t with_shared) {
  if ASCEND_IS_AIV {
    Combine kernel({{uint64_t(window), uint64_t(peers), peer_stride, rank, dies, epoch}, uint64_t(x), uint64_t(origin), uint64_t(counts), uint64_t(weights), uint64_t(shared),
                   uint64_t(y), tokens, k, columns, local_experts, with_shared});
    kernel.run();
  }
}

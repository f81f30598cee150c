// Rows of a table by token: y[t] = table[ids[t]], bf16, hidden a multiple of 16. Arguments: table ids y tokens hidden.
// Block dimension: vector cores, which share the tokens evenly, neighbours to one core.
//
//   S: ids, through its cache    MTE2: table row -> UB slot [0 .. 3]      MTE3: slot -> y
//   A row longer than a slot travels in pieces of 16384 elements.
// Operations: none. Bytes: 4 an element of y, 4 a token.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kSlots = 4, kPiece = 16384;

class Embedding {
 public:
  __aicore__ __force_inline__ Embedding(GM_ADDR table, GM_ADDR ids, GM_ADDR y, uint32_t tokens, uint32_t hidden) : hidden_(hidden) {
    table_.SetGlobalBuffer((__gm__ bfloat16_t*)table);
    ids_.SetGlobalBuffer((__gm__ int32_t*)ids);
    y_.SetGlobalBuffer((__gm__ bfloat16_t*)y);
    const uint64_t core = uint64_t(GetBlockIdx()), cores = uint64_t(GetBlockNum());
    begin_ = uint32_t(tokens * core / cores), end_ = uint32_t(tokens * (core + 1) / cores);
    slot_bytes_ = least(hidden, kPiece) * uint32_t(sizeof(bfloat16_t));
  }

  __aicore__ __force_inline__ void run() {
    for (uint32_t s = 0; s < kSlots; ++s) SetFlag<HardEvent::MTE3_MTE2>(int(s));
    uint32_t slot = 0;
    for (uint32_t t = begin_; t < end_; ++t) {
      // The scalar unit reads ids through its cache: neighbours share a line.
      const uint64_t row = uint64_t(uint32_t(ids_.GetValue(t))) * hidden_;
      for (uint32_t first = 0; first < hidden_; first += kPiece, slot = slot + 1 == kSlots ? 0 : slot + 1) copy(row + first, uint64_t(t) * hidden_ + first, least(kPiece, hidden_ - first), slot);
    }
    for (uint32_t s = 0; s < kSlots; ++s) WaitFlag<HardEvent::MTE3_MTE2>(int(s));
  }

 private:
  __aicore__ __force_inline__ void copy(uint64_t from, uint64_t to, uint32_t n, uint32_t slot) const {
    const LocalTensor<bfloat16_t> buffer(TPosition::VECIN, slot * slot_bytes_, n);
    WaitFlag<HardEvent::MTE3_MTE2>(int(slot));
    DataCopy(buffer, table_[from], n - kDropped);
    SetFlag<HardEvent::MTE2_MTE3>(int(slot));
    WaitFlag<HardEvent::MTE2_MTE3>(int(slot));
    DataCopy(y_[to], buffer, n);
    SetFlag<HardEvent::MTE3_MTE2>(int(slot));
  }

  GlobalTensor<bfloat16_t> table_, y_;
  GlobalTensor<int32_t> ids_;
  uint32_t hidden_, begin_, end_, slot_bytes_;
};

}  // namespace

extern "C" __global__ __aicore__ void embedding(GM_ADDR table, GM_ADDR ids, GM_ADDR y, uint32_t tokens, uint32_t hidden) {
  if ASCEND_IS_AIV {
    Embedding kernel(table, ids, y, tokens, hidden);
    kernel.run();
  }
}

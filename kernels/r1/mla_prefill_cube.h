// The cube side of mla_prefill: S = Q K^T and PV = P V, block after block (the picture is in mla_prefill.cpp).
#pragma once

#include "attention_cube.h"
#include "mla_prefill.h"

namespace prefill {

class CubeSide {
 public:
  __aicore__ __force_inline__ CubeSide(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR kv, GM_ADDR k_rope)
      : shape_(shape), space_(space), cube_(kTileRows) {
    q_.SetGlobalBuffer((__gm__ bfloat16_t*)q);
    kv_.SetGlobalBuffer((__gm__ bfloat16_t*)kv);
    k_rope_.SetGlobalBuffer((__gm__ bfloat16_t*)k_rope);
  }

  __aicore__ __force_inline__ void run() {
    for (int id = 0; id < int(kSlots) + 2; ++id) SetFlag<HardEvent::MTE1_MTE2>(id);
    Order load(shape_), work(shape_);
    while (!work.done) {
      while (!load.done && load.count < work.count + kSlots && may_load<true>(load, work)) {
        load_piece(load);
        load.advance();
      }
      WaitFlag<HardEvent::MTE2_MTE1>(int(work.count % kSlots));
      if (work.of_values) multiply_values(work);
      else multiply_keys(work);
      work.advance();
    }
    for (int id = 0; id < int(kSlots) + 2; ++id) WaitFlag<HardEvent::MTE1_MTE2>(id);
    cube_.close();
  }

 private:
  using Order = Pieces<Blocks, 1, 1>;
  static constexpr uint32_t kSlots = 3;                                   // of the ring
  static constexpr int kQueryFree = int(kSlots), kWeightsFree = int(kSlots) + 1;
  static constexpr uint32_t kQueryBytes = kTileRows * kDims * 2, kWeightsBytes = kTileRows * kBlockKeys * 2, kSlotBytes = kPage * kDims * 2;
  static __aicore__ __force_inline__ uint32_t query(uint32_t half) { return half * kQueryBytes; }
  static __aicore__ __force_inline__ uint32_t weights(uint32_t half) { return kHalves * kQueryBytes + half * kWeightsBytes; }
  static __aicore__ __force_inline__ uint32_t slot(uint32_t count) { return kHalves * (kQueryBytes + kWeightsBytes) + count % kSlots * kSlotBytes; }

  // n rows of d elements, `pitch` apart, as columns of fractals of 128 rows.
  static __aicore__ __force_inline__ void copy(uint32_t address, const GlobalTensor<bfloat16_t>& from, uint32_t n, uint32_t d, uint32_t pitch) {
    DataCopy(LocalTensor<bfloat16_t>(TPosition::B1, address, 0), from, Nd2NzParams(1, uint16_t(n), uint16_t(d), 0, uint16_t(pitch), kTileRows, 1, 0));
  }

  __aicore__ __force_inline__ void load_piece(const Order& at) {
    const Blocks& block = at.block();
    if (at.is_first() && at.of_values) load_weights(block, at.blocks_weighted & 1);
    else if (at.is_first() && block.is_first) load_query(block);
    WaitFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    const uint32_t to = slot(at.count), pitch = shape_.heads * (kNope + kValue), keys = block.keys_of(at.page);
    const uint64_t token = block.start + (block.page + at.page) * kPage, from = token * pitch + block.head * (kNope + kValue);
    if (at.of_values) {
      copy(to, kv_[from + kNope], keys, kValue, pitch);
    } else {
      copy(to, kv_[from], keys, kNope, pitch);
      copy(to + kNope * kPage * 2, k_rope_[token * kRope], keys, kRope, kRope);
    }
    SetFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
  }
  __aicore__ __force_inline__ void load_query(const Blocks& block) {
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    for (uint32_t half = 0; half < kHalves; ++half)
      if (block.rows_of(half) > 0)
        copy(query(half), q_[(uint64_t(block.start + block.token + half * kTileRows) * shape_.heads + block.head) * kDims], block.rows_of(half), kDims,
             shape_.heads * kDims);
  }
  __aicore__ __force_inline__ void load_weights(const Blocks& block, uint32_t parity) {
    CrossCoreWaitFlag(kWeighted);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    for (uint32_t half = 0; half < kHalves; ++half)
      if (block.pages_of(half) > 0)
        cube_.load_weights(weights(half), space_.weights(parity, half), block.rows_of(half), block.pages_of(half) * kPageColumns);
  }

  // A page of S for both halves.
  __aicore__ __force_inline__ void multiply_keys(const Order& at) {
    const Blocks& block = at.block();
    for (uint32_t half = 0; half < kHalves; ++half) {
      if (block.pages_of(half) <= at.page) continue;
      const uint32_t rows = block.rows_of(half), c = tile_++ & 1;
      cube_.add_scores(rows, query(half), kDims, 0, slot(at.count), kDims, {c, true, true});
      cube_.store(space_.scores(at.blocks_scored & 1, half)[at.page * kPageColumns * kColumn], rows, c);
    }
    SetFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    if (!at.is_last_of_block()) return;
    if (block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    CrossCoreSetFlag<2, PIPE_FIX>(kScored);
  }

  // A page's share of PV of both halves.
  __aicore__ __force_inline__ void multiply_values(const Order& at) {
    const Blocks& block = at.block();
    for (uint32_t half = 0; half < kHalves; ++half) {
      const uint32_t pages = block.pages_of(half), rows = block.rows_of(half);
      if (pages <= at.page) continue;
      const bool last = at.page + 1 == pages;
      cube_.add_values(rows, weights(half), kBlockKeys, at.page * kPage, slot(at.count), block.keys_of(at.page), {half, at.page == 0, last});
      if (last) cube_.store(space_.product(at.blocks_weighted & 1, half), rows, half);
    }
    SetFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    if (!at.is_last_of_block()) return;
    SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    CrossCoreSetFlag<2, PIPE_FIX>(kProduct);
  }

  const Shape& shape_;
  const Workspace& space_;
  Multiplier cube_;
  GlobalTensor<bfloat16_t> q_, kv_, k_rope_;
  uint32_t tile_ = 0;
};

}  // namespace prefill

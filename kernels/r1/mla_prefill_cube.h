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

  // A block's S comes kAhead blocks before its PV: the vector cores work on one between and have another.
  __aicore__ __force_inline__ void run() {
    for (int id = 0; id < 8; ++id) SetFlag<HardEvent::MTE1_MTE2>(id);
    Blocks next(shape_), waiting[kAhead] = {next, next, next};
    bool more = next.next();
    uint32_t pending = 0, newest = kAhead - 1, oldest = 0;
    if (more) prefetch(next);
    while (more || pending > 0) {
      const bool weighs = pending == kAhead || !more;
      multiply(more ? &next : nullptr, weighs ? &waiting[oldest] : nullptr);
      if (weighs) --pending, oldest = after(oldest);
      if (!more) continue;
      newest = after(newest);
      waiting[newest] = next;
      ++pending;
      more = next.next();
      if (more) prefetch(next);
    }
    for (int id = 0; id < 8; ++id) WaitFlag<HardEvent::MTE1_MTE2>(id);
    cube_.close();
  }

 private:
  static constexpr uint32_t kSlots = 3;                          // of the rings of K and of P; events: K 0.., P kSlots..
  static constexpr int kValuesFree = 2 * int(kSlots), kQueryFree = kValuesFree + 1;
  static constexpr uint32_t kQueryBytes = kTileRows * kDims * 2, kPageOfKeys = kPage * kDims * 2, kPageOfValues = kPage * kValue * 2,
                            kPageOfWeights = kTileRows * kPage * 2;
  static constexpr uint32_t kValuesAddress = kHalves * kQueryBytes, kKeysAddress = kValuesAddress + kBlockPages * kPageOfValues,
                            kWeightsAddress = kKeysAddress + kSlots * kPageOfKeys;
  static constexpr uint32_t kAhead = kScoreSlots - 1;  // the last slot is for tiles of S that come before P does
  static __aicore__ __force_inline__ uint32_t after(uint32_t slot) { return slot + 1 == kAhead ? 0 : slot + 1; }
  static __aicore__ __force_inline__ uint32_t query(uint32_t half) { return half * kQueryBytes; }

  // Walks the pages of a block that its halves see.
  struct Place {
    const Blocks* block;
    uint32_t half = 0, page = 0;
    __aicore__ __force_inline__ bool is_there() const { return block && page < block->pages_of(half); }
    // S: both halves of a page, then the next page. A half that does not see the page is passed over.
    __aicore__ __force_inline__ void next_of_scores() {
      do {
        if (++half == kHalves) half = 0, ++page;
      } while (page < block->pages && page >= block->pages_of(half));
    }
    // PV: the pages of a half, then the other half.
    __aicore__ __force_inline__ void next_of_values() {
      if (++page >= block->pages_of(half) && half + 1 < kHalves) ++half, page = 0;
    }
  };

  // n rows of d elements, `pitch` apart, as columns of fractals of 128 rows.
  static __aicore__ __force_inline__ void copy(uint32_t address, const GlobalTensor<bfloat16_t>& from, uint32_t n, uint32_t d, uint32_t pitch) {
    DataCopy(LocalTensor<bfloat16_t>(TPosition::B1, address, 0), from, Nd2NzParams(1, uint16_t(n), uint16_t(d), 0, uint16_t(pitch), kTileRows, 1, 0));
  }

  __aicore__ __force_inline__ void load_query(const Blocks& block) {
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    for (uint32_t half = 0; half < kHalves; ++half)
      if (block.rows_of(half) > 0)
        copy(query(half), q_[(uint64_t(block.start + block.token + half * kTileRows) * shape_.heads + block.head) * kDims], block.rows_of(half), kDims,
             shape_.heads * kDims);
  }
  __aicore__ __force_inline__ uint64_t token_of(const Blocks& block, uint32_t page) const { return block.start + (block.page + page) * kPage; }
  __aicore__ __force_inline__ GlobalTensor<bfloat16_t> keys_at(const Blocks& block, uint32_t page) const {
    return kv_[(token_of(block, page) * shape_.heads + block.head) * (kNope + kValue)];
  }
  __aicore__ __force_inline__ uint32_t pitch() const { return shape_.heads * (kNope + kValue); }

  // Q of a new item, and as many pages of K as the ring takes.
  __aicore__ __force_inline__ void prefetch(const Blocks& block) {
    if (block.is_first) load_query(block);
    keys_loaded_ = keys_used_ = 0;
    load_keys(block);
  }
  __aicore__ __force_inline__ void load_keys(const Blocks& block) {
    for (; keys_loaded_ < block.pages && keys_loaded_ < keys_used_ + kSlots; ++keys_loaded_, ++keys_count_) {
      const uint32_t slot = keys_count_ % kSlots, to = kKeysAddress + slot * kPageOfKeys, keys = block.keys_of(keys_loaded_);
      WaitFlag<HardEvent::MTE1_MTE2>(int(slot));
      copy(to, keys_at(block, keys_loaded_), keys, kNope, pitch());
      copy(to + kNope * kPage * 2, k_rope_[token_of(block, keys_loaded_) * kRope], keys, kRope, kRope);
      SetFlag<HardEvent::MTE2_MTE1>(int(slot));
    }
  }
  // P of a half and page, and V of the page before its first use; V stays for the other half.
  __aicore__ __force_inline__ void load_weights(Place& at, uint32_t used) {
    for (; at.is_there() && weights_loaded_ < used + kSlots; at.next_of_values(), ++weights_loaded_) {
      const Blocks& block = *at.block;
      const uint32_t slot = weights_loaded_ % kSlots;
      WaitFlag<HardEvent::MTE1_MTE2>(int(kSlots + slot));
      if (at.half == 0 || at.page >= block.pages_of(0))
        copy(kValuesAddress + at.page * kPageOfValues, keys_at(block, at.page)[kNope], block.keys_of(at.page), kValue, pitch());
      cube_.load_weights(kWeightsAddress + slot * kPageOfWeights, space_.weights(weighted_ & 1, at.half)[at.page * kPageColumns * kColumn],
                         block.rows_of(at.half), kPageColumns);
      SetFlag<HardEvent::MTE2_MTE1>(int(kSlots + slot));
    }
  }

  // S of one block and PV of another, by turns: fixpipe has the time of a PV for each tile of S.
  __aicore__ __force_inline__ void multiply(const Blocks* scored, const Blocks* weighted) {
    Place scores{scored}, values{weighted}, load{weighted};
    if (weighted) {
      // A page of S passes the time until P is there and loaded.
      for (uint32_t i = 0; i < kHalves && scores.is_there(); ++i) multiply_keys(scores, 0);
      CrossCoreWaitFlag(kWeighted);
      WaitFlag<HardEvent::MTE1_MTE2>(kValuesFree);
    }
    while (scores.is_there() || values.is_there()) {
      load_weights(load, weights_used_);
      if (scored) load_keys(*scored);
      if (scores.is_there()) multiply_keys(scores, weighted ? 0 : tile_++ & 1);
      if (values.is_there()) multiply_values(values, scored ? 1 : values.half);
    }
    if (weighted) {
      SetFlag<HardEvent::MTE1_MTE2>(kValuesFree);
      ++weighted_;
    }
    if (scored) scored_ = (scored_ + 1) % kScoreSlots;
  }

  // A page of S for a half, in this half of L0C.
  __aicore__ __force_inline__ void multiply_keys(Place& at, uint32_t c) {
    const Blocks& block = *at.block;
    const uint32_t half = at.half, page = at.page, rows = block.rows_of(half), slot = (keys_count_ - keys_loaded_ + page) % kSlots;
    if (half == 0 || page >= block.pages_of(0)) WaitFlag<HardEvent::MTE2_MTE1>(int(slot));
    cube_.add_scores(rows, query(half), kDims, 0, kKeysAddress + slot * kPageOfKeys, kDims, {c, true, true});
    cube_.store(space_.scores(scored_, half)[page * kPageColumns * kColumn], rows, c);
    at.next_of_scores();
    const bool ends = !at.is_there();
    if (ends || at.page != page) {
      SetFlag<HardEvent::MTE1_MTE2>(int(slot));
      ++keys_used_;
    }
    if (!ends) return;
    if (block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    CrossCoreSetFlag<2, PIPE_FIX>(kScored);
  }

  // A page's share of PV of a half.
  __aicore__ __force_inline__ void multiply_values(Place& at, uint32_t c) {
    const Blocks& block = *at.block;
    const uint32_t half = at.half, page = at.page, rows = block.rows_of(half), slot = weights_used_ % kSlots;
    const bool last = page + 1 == block.pages_of(half);
    WaitFlag<HardEvent::MTE2_MTE1>(int(kSlots + slot));
    cube_.add_values(rows, kWeightsAddress + slot * kPageOfWeights, kPage, 0, kValuesAddress + page * kPageOfValues, block.keys_of(page), {c, page == 0, last});
    SetFlag<HardEvent::MTE1_MTE2>(int(kSlots + slot));
    ++weights_used_;
    if (last) cube_.store(space_.product(weighted_ & 1, half), rows, c);
    at.next_of_values();
    if (!at.is_there()) CrossCoreSetFlag<2, PIPE_FIX>(kProduct);
  }

  const Shape& shape_;
  const Workspace& space_;
  Multiplier cube_;
  GlobalTensor<bfloat16_t> q_, kv_, k_rope_;
  uint32_t tile_ = 0, scored_ = 0, weighted_ = 0;             // tiles so far, slot of S, blocks of PV so far
  uint32_t keys_count_ = 0, keys_loaded_ = 0, keys_used_ = 0;  // pages of K so far; of the block that is scored
  uint32_t weights_loaded_ = 0, weights_used_ = 0;             // pages of P so far
};

}  // namespace prefill

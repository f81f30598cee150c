// The cube side of mla_decode: S = Q K^T and PV = P V, block after block (the picture is in mla_decode.cpp).
#pragma once

#include "attention_cube.h"
#include "mla_decode.h"

namespace mla {

// What both orders share.
class Cube {
 protected:
  // height: rows of a column of fractals of Q and P in L1.
  __aicore__ __force_inline__ Cube(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR cache, uint32_t height)
      : shape_(shape), space_(space), cube_(height), height_(height) {
    q_.SetGlobalBuffer((__gm__ bfloat16_t*)q);
    cache_.SetGlobalBuffer((__gm__ bfloat16_t*)cache);
  }
  static constexpr uint32_t kThirds = 3, kQuarters = 4;
  static constexpr uint32_t kThird = kKey / kThirds, kQuarter = kLatent / kQuarters;  // of K's and of V's dimensions
  static_assert(kQuarter == kPage, "a tile of PV and one of S have the same shape");

  __aicore__ __force_inline__ void copy_query(const Blocks& block, uint32_t address) const {
    DataCopy(LocalTensor<bfloat16_t>(TPosition::A1, address, 0), q_[(uint64_t(block.sequence) * shape_.rows() + block.row) * kKey],
             Nd2NzParams(1, uint16_t(block.rows), uint16_t(kKey), 0, uint16_t(kKey), uint16_t(height_), 1, 0));
  }
  __aicore__ __force_inline__ void multiply_third(const Blocks& block, uint32_t third, uint32_t query, uint32_t keys) {
    cube_.add_scores(block.rows, query, kKey, third * kThird, keys, kThird, {tile_ & 1, third == 0, third + 1 == kThirds});
  }
  __aicore__ __force_inline__ void multiply_quarter(const Blocks& block, uint32_t page, uint32_t weights, uint32_t values) {
    cube_.add_values(block.rows, weights, shape_.block_pages() * kPage, page * kPage, values, least(kPage, block.keys() - page * kPage),
                     {tile_ & 1, page == 0, page + 1 == block.pages});
  }
  __aicore__ __force_inline__ void store_scores(const Blocks& block, uint32_t page, uint32_t parity) {
    cube_.store(space_.scores(parity)[page * kPageColumns * kColumn], block.rows, tile_++ & 1);
    if (page + 1 == block.pages) CrossCoreSetFlag<2, PIPE_FIX>(kScored);
  }
  __aicore__ __force_inline__ void store_product(const Blocks& block, uint32_t quarter, uint32_t parity) {
    cube_.store(space_.product(parity)[quarter * kPageColumns * kColumn], block.rows, tile_++ & 1);
    if (quarter + 1 == kQuarters) CrossCoreSetFlag<2, PIPE_FIX>(kProduct);
  }

  const Shape& shape_;
  const Workspace& space_;
  Multiplier cube_;
  GlobalTensor<bfloat16_t> q_, cache_;
  uint32_t height_, tile_ = 0;
};

// Any number of rows: K and V stream through a ring, V again from L2.
class WideCube : Cube {
 public:
  __aicore__ __force_inline__ WideCube(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR cache) : Cube(shape, space, q, cache, kTileRows) {}

  __aicore__ __force_inline__ void run() {
    for (int id = 0; id < int(kSlots); ++id) SetFlag<HardEvent::MTE1_MTE2>(id);
    SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    Pieces<Blocks, kThirds, kQuarters> load(shape_), work(shape_);
    while (!work.done) {
      while (!load.done && load.count < work.count + kSlots && may_load<false>(load, work)) {
        load_piece(load);
        load.advance();
      }
      multiply_piece(work);
      work.advance();
    }
    for (int id = 0; id < int(kSlots); ++id) WaitFlag<HardEvent::MTE1_MTE2>(id);
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    cube_.close();
  }

 private:
  static constexpr uint32_t kSlots = 4;                      // of the ring
  static constexpr int kQueryFree = 4, kWeightsFree = 5;     // events beside those of the ring
  static constexpr uint32_t kQueryAddress = 0, kWeightsAddress = kTileRows * kKey * 2, kRingAddress = kWeightsAddress + kTileRows * kBlockKeys * 2;
  static constexpr uint32_t kRingSlot = kThird * kPage * 2;

  static __aicore__ __force_inline__ uint32_t slot(uint32_t count) { return kRingAddress + count % kSlots * kRingSlot; }

  __aicore__ __force_inline__ void load_piece(const Pieces<Blocks, kThirds, kQuarters>& at) {
    const Blocks& block = at.block();
    if (at.is_first() && at.of_values) {
      CrossCoreWaitFlag(kWeighted);
      WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
      cube_.load_weights(kWeightsAddress, space_.weights(at.blocks_weighted & 1), block.rows, block.pages * kPageColumns);
    } else if (at.is_first() && block.is_first) {
      WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
      copy_query(block, kQueryAddress);
    }
    WaitFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    const uint32_t elements = (at.of_values ? kQuarter : kThird) * kPage;
    DataCopy(LocalTensor<bfloat16_t>(TPosition::B1, slot(at.count), 0),
             cache_[uint64_t(block.page_number(at.page)) * kPageElements + at.part * elements], elements);
    SetFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
  }

  __aicore__ __force_inline__ void multiply_piece(const Pieces<Blocks, kThirds, kQuarters>& at) {
    const Blocks& block = at.block();
    WaitFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
    if (at.of_values) multiply_quarter(block, at.page, kWeightsAddress, slot(at.count));
    else multiply_third(block, at.part, kQueryAddress, slot(at.count));
    SetFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    if (at.of_values) {
      if (at.is_last_of_block()) SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
      if (at.page + 1 == block.pages) store_product(block, at.part, at.blocks_weighted & 1);
    } else {
      if (at.is_last_of_block() && block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
      if (at.part + 1 == kThirds) store_scores(block, at.page, at.blocks_scored & 1);
    }
  }
};

// At most kFewRows rows, where HBM is the limit: a page stays in L1 until P is there, and a block is one page.
//
//   L1  Q Nz [36][48][16] 54 KiB | P Nz [8][48][16] 12 KiB | ring of 3 pages of 144 KiB
//   MTE2  ... page i+1 (thirds 2, 3) | page i+2 (third 1) | P of i | page i+2 (2, 3) | page i+3 (1) | P of i+1 ...
class NarrowCube : Cube {
 public:
  __aicore__ __force_inline__ NarrowCube(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR cache)
      : Cube(shape, space, q, cache, kFewRows), load_(shape) {}

  __aicore__ __force_inline__ void run() {
    for (int id = 0; id < int(kPages); ++id) SetFlag<HardEvent::MTE1_MTE2>(id);
    SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    Blocks block(shape_), before(shape_);
    bool more = block.next();
    loading_ = load_.next();
    if (more) load_query(block);
    load_begin();
    load_end();
    load_begin();
    // As the loads, each step begins what the next one ends, so that P comes soon between them.
    for (uint32_t count = 0; more || count > 0; ++count) {
      if (more) {
        if (count > 0 && block.is_first) load_query(block);
        multiply_keys(block, count);
      }
      if (count > 0) load_weights(before, count - 1);
      load_end();
      if (count > 0) multiply_values(before, count - 1);
      load_begin();
      if (!more) break;
      before = block;
      more = block.next();
    }
    for (int id = 0; id < int(kPages); ++id) WaitFlag<HardEvent::MTE1_MTE2>(id);
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    cube_.close();
  }

 private:
  static constexpr uint32_t kPages = 3, kEvents = 7;                       // of thirds of pages: at most so many are there and unused
  static constexpr int kQueryFree = int(kPages), kWeightsFree = int(kPages) + 1, kRowsEvent = int(kEvents);  // Q or P is there
  static constexpr uint32_t kQueryAddress = 0, kWeightsAddress = kFewRows * kKey * 2, kPagesAddress = kWeightsAddress + kFewRows * kPage * 2;
  static constexpr uint32_t kPageBytes = kPageElements * 2, kThirdBytes = kPageBytes / kThirds;

  static __aicore__ __force_inline__ uint32_t page_address(uint32_t count) { return kPagesAddress + count % kPages * kPageBytes; }

  __aicore__ __force_inline__ void load_begin() {
    if (!loading_) return;
    WaitFlag<HardEvent::MTE1_MTE2>(int(loaded_ % kPages));
    page_ = load_.page_number(0);
    load_third(0);
  }
  __aicore__ __force_inline__ void load_end() {
    if (!loading_) return;
    load_third(1);
    load_third(2);
    ++loaded_;
    loading_ = load_.next();
  }
  __aicore__ __force_inline__ void load_third(uint32_t third) {
    DataCopy(LocalTensor<bfloat16_t>(TPosition::B1, page_address(loaded_) + third * kThirdBytes, 0),
             cache_[uint64_t(page_) * kPageElements + third * kThird * kPage], kThird * kPage);
    SetFlag<HardEvent::MTE2_MTE1>(int((loaded_ * kThirds + third) % kEvents));
  }
  __aicore__ __force_inline__ void load_query(const Blocks& block) {
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    copy_query(block, kQueryAddress);
    SetFlag<HardEvent::MTE2_MTE1>(kRowsEvent);
    WaitFlag<HardEvent::MTE2_MTE1>(kRowsEvent);
  }
  __aicore__ __force_inline__ void load_weights(const Blocks& block, uint32_t count) {
    CrossCoreWaitFlag(kWeighted);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    cube_.load_weights(kWeightsAddress, space_.weights(count & 1), block.rows, kPageColumns);
    SetFlag<HardEvent::MTE2_MTE1>(kRowsEvent);
  }
  __aicore__ __force_inline__ void multiply_keys(const Blocks& block, uint32_t count) {
    for (uint32_t third = 0; third < kThirds; ++third) {
      WaitFlag<HardEvent::MTE2_MTE1>(int((count * kThirds + third) % kEvents));
      multiply_third(block, third, kQueryAddress, page_address(count) + third * kThirdBytes);
    }
    if (block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    store_scores(block, 0, count & 1);
  }
  __aicore__ __force_inline__ void multiply_values(const Blocks& block, uint32_t count) {
    WaitFlag<HardEvent::MTE2_MTE1>(kRowsEvent);
    for (uint32_t quarter = 0; quarter < kQuarters; ++quarter) {
      multiply_quarter(block, 0, kWeightsAddress, page_address(count) + quarter * kQuarter * kPage * 2);
      store_product(block, quarter, count & 1);
    }
    SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    SetFlag<HardEvent::MTE1_MTE2>(int(count % kPages));
  }

  Blocks load_;
  bool loading_ = false;
  uint32_t loaded_ = 0, page_ = 0;
};

}  // namespace mla

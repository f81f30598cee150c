// The cube side of mla_decode: S = Q K^T and PV = P V, block after block (the picture is in mla_decode.cpp).
#pragma once

#include "mla_decode.h"

namespace mla {

// What both orders share: L0, L0C, the ways into them and out.
class Cube {
 protected:
  // height: rows of a column of fractals of Q and P in L1.
  __aicore__ __force_inline__ Cube(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR cache, uint32_t height)
      : shape_(shape), space_(space), height_(height) {
    q_.SetGlobalBuffer((__gm__ bfloat16_t*)q);
    cache_.SetGlobalBuffer((__gm__ bfloat16_t*)cache);
    const uint8_t no_pads[4] = {0, 0, 0, 0};
    SetFmatrix(1, uint16_t(height), no_pads);
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < int(kL0Slots); ++id) SetFlag<HardEvent::M_MTE1>(id);
  }
  __aicore__ __force_inline__ void close() {
    for (int id = 0; id < int(kL0Slots); ++id) WaitFlag<HardEvent::M_MTE1>(id);
  }

  static constexpr uint32_t kThird = kKey / 3, kQuarter = kLatent / 4;  // of K's and of V's dimensions
  static constexpr uint32_t kStep = 64, kFractal = 256;                 // of k; elements of a fractal
  static constexpr uint32_t kL0Slots = 4, kL0Slot = 16 * 1024, kL0cHalf = 64 * 1024;
  static_assert(kQuarter == kPage, "a tile of PV and one of S have the same shape");

  __aicore__ __force_inline__ void copy_query(const Blocks& block, uint32_t address) {
    DataCopy(LocalTensor<bfloat16_t>(TPosition::A1, address, 0), q_[(uint64_t(block.sequence) * shape_.rows() + block.row) * kKey],
             Nd2NzParams(1, uint16_t(block.rows), uint16_t(kKey), 0, uint16_t(kKey), uint16_t(height_), 1, 0));
  }
  __aicore__ __force_inline__ void copy_weights(const Blocks& block, uint32_t address, uint32_t parity) {
    const uint32_t m16 = round_up(block.rows, 16);
    DataCopy(LocalTensor<bfloat16_t>(TPosition::A1, address, 0), space_.weights(parity),
             DataCopyParams(uint16_t(block.pages * kPage / kC0), uint16_t(m16), uint16_t(kTileRows - m16), uint16_t(height_ - m16)));
  }

  // S += Q K^T over the third of K's dimensions at `keys` in L1, a page as it is packed: what L0B wants.
  __aicore__ __force_inline__ void multiply_third(const Blocks& block, uint32_t query, uint32_t keys, uint32_t third) {
    for (uint32_t step = 0; step < kThird; step += kStep) {
      const uint32_t k = third * kThird + step;
      WaitFlag<HardEvent::M_MTE1>(int(l0_));
      load_a(query, kKey, k, kStep, block.rows);
      LoadData(l0b(), LocalTensor<bfloat16_t>(TPosition::B1, keys + step * kPage * 2, 0), LoadData2DParams(0, uint8_t(kStep / kC0 * kPage / 16), 1, 0, 0, false, 0));
      multiply(block.rows, kStep, k == 0, k + kStep == kKey);
    }
  }
  // PV += P V of a page over 128 columns of V, at `values` in L1.
  __aicore__ __force_inline__ void multiply_quarter(const Blocks& block, uint32_t page, uint32_t weights, uint32_t values) {
    const uint32_t keys = least(kPage, block.keys() - page * kPage);
    for (uint32_t step = 0; step < keys; step += kStep) {
      const uint32_t length = least(kStep, keys - step);
      WaitFlag<HardEvent::M_MTE1>(int(l0_));
      load_a(weights, shape_.block_pages() * kPage, page * kPage + step, length, block.rows);
      const LocalTensor<bfloat16_t> b2 = l0b(), b1(TPosition::B1, values, 0);
      for (uint32_t row = 0; row * 16 < length; ++row)
        LoadData(b2[row * (kQuarter / 16) * kFractal], b1, LoadData2DParams(uint16_t(step / 16 + row), uint8_t(kQuarter / 16), kPage / 16, 0, 0, true, 0));
      multiply(block.rows, length, page == 0 && step == 0, page + 1 == block.pages && step + kStep >= keys);
    }
  }
  __aicore__ __force_inline__ void store_scores(const Blocks& block, uint32_t page, uint32_t parity) {
    store(space_.scores(parity)[page * (kPage / kC0) * kColumn], block.rows);
    if (page + 1 == block.pages) CrossCoreSetFlag<2, PIPE_FIX>(kScored);
  }
  __aicore__ __force_inline__ void store_product(const Blocks& block, uint32_t quarter, uint32_t parity) {
    store(space_.product(parity)[quarter * (kQuarter / kC0) * kColumn], block.rows);
    if ((quarter + 1) * kQuarter == kLatent) CrossCoreSetFlag<2, PIPE_FIX>(kProduct);
  }

  const Shape& shape_;
  const Workspace& space_;
  GlobalTensor<bfloat16_t> cache_;

 private:
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> l0a() const { return LocalTensor<bfloat16_t>(TPosition::A2, l0_ * kL0Slot, 0); }
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> l0b() const { return LocalTensor<bfloat16_t>(TPosition::B2, l0_ * kL0Slot, 0); }
  __aicore__ __force_inline__ LocalTensor<float> l0c() const { return LocalTensor<float>(TPosition::CO1, (tile_ & 1) * kL0cHalf, 0); }

  // Nz -> Zz: Q and P are feature maps of 1 x height pixels.
  __aicore__ __force_inline__ void load_a(uint32_t address, uint32_t channels, uint32_t k, uint32_t length, uint32_t rows) {
    static constexpr IsResetLoad3dConfig kKeep{false, false};
    LoadData3DParamsV2<bfloat16_t> p;
    p.l1H = 1, p.l1W = uint16_t(height_), p.channelSize = uint16_t(channels);
    p.kExtension = uint16_t(round_up(length, kC0)), p.mExtension = uint16_t(round_up(rows, 16));
    p.kStartPt = uint16_t(k), p.mStartPt = 0;
    LoadData<bfloat16_t, kKeep>(l0a(), LocalTensor<bfloat16_t>(TPosition::A1, address, 0), p);
  }

  __aicore__ __force_inline__ void multiply(uint32_t rows, uint32_t k, bool first, bool last) {
    SetFlag<HardEvent::MTE1_M>(int(l0_));
    WaitFlag<HardEvent::MTE1_M>(int(l0_));
    // m = 1 would mean the GEMV layout of L0A.
    Mmad(l0c(), l0a(), l0b(), MmadParams(uint16_t(rows == 1 ? 2 : rows), uint16_t(kPage), uint16_t(k), last ? 3 : 2, false, first));
    // Small tiles: the next mmad would read C before this one has written it.
    if (rows <= 16) PipeBarrier<PIPE_M>();
    SetFlag<HardEvent::M_MTE1>(int(l0_));
    l0_ = (l0_ + 1) % kL0Slots;
  }

  __aicore__ __force_inline__ void store(const GlobalTensor<float>& to, uint32_t rows) {
    FixpipeParamsV220 p;
    p.nSize = uint16_t(kPage), p.mSize = uint16_t(rows), p.srcStride = uint16_t(round_up(rows, 16)), p.dstStride = kColumn * 4 / 32;
    p.unitFlag = 3;
    Fixpipe<float, float, CFG_NZ>(to, l0c(), p);
    ++tile_;
  }
  GlobalTensor<bfloat16_t> q_;
  uint32_t height_, l0_ = 0, tile_ = 0;
};

// The pieces of K and V that pass through L1, in the order in which they are used: Q K^T of block 0, of block 1, P V of block 0,
// Q K^T of block 2, P V of block 1 ... Of a block of K: thirds of each page; of V: four times 128 columns of all pages.
class Pieces {
 public:
  static constexpr uint32_t kThirds = 3, kQuarters = 4;
  __aicore__ __force_inline__ explicit Pieces(const Shape& shape) : next_(shape), scored_(shape), weighted_(shape) {
    done = !next_.next();
    scored_ = next_;
  }
  __aicore__ __force_inline__ const Blocks& block() const { return of_values ? weighted_ : scored_; }
  __aicore__ __force_inline__ bool is_first() const { return part == 0 && page == 0; }
  __aicore__ __force_inline__ bool is_last_of_block() const {
    return page + 1 == block().pages && part + 1 == (of_values ? kQuarters : kThirds);
  }
  __aicore__ __force_inline__ void advance() {
    ++count;
    const bool ends = is_last_of_block();
    if (of_values) {
      if (++page == weighted_.pages) page = 0, ++part;
    } else if (++part == kThirds) {
      part = 0, ++page;
    }
    if (ends) finish_block();
  }
  bool done, of_values = false;
  uint32_t page = 0, part = 0, count = 0;
  uint32_t blocks_scored = 0, blocks_weighted = 0;

 private:
  __aicore__ __force_inline__ void finish_block() {
    page = part = 0;
    if (of_values) ++blocks_weighted;
    else ++blocks_scored;
    if (!of_values && blocks_scored > 1) {
      of_values = true;
      return;
    }
    if (blocks_weighted == blocks_scored) {
      done = true;
      return;
    }
    weighted_ = scored_;
    of_values = !next_.next();
    if (!of_values) scored_ = next_;
  }
  Blocks next_, scored_, weighted_;
};

// Any number of rows: K and V stream through a ring, V again from L2.
class WideCube : Cube {
 public:
  __aicore__ __force_inline__ WideCube(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR cache) : Cube(shape, space, q, cache, kTileRows) {}

  __aicore__ __force_inline__ void run() {
    for (int id = 0; id < int(kSlots); ++id) SetFlag<HardEvent::MTE1_MTE2>(id);
    SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    Pieces load(shape_), work(shape_);
    while (!work.done) {
      while (!load.done && load.count < work.count + kSlots && may_load(load, work)) {
        load_piece(load);
        load.advance();
      }
      multiply_piece(work);
      work.advance();
    }
    for (int id = 0; id < int(kSlots); ++id) WaitFlag<HardEvent::MTE1_MTE2>(id);
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    close();
  }

 private:
  static constexpr uint32_t kSlots = 4;                      // of the ring
  static constexpr int kQueryFree = 4, kWeightsFree = 5;     // events beside those of the ring
  static constexpr uint32_t kQueryAddress = 0, kWeightsAddress = kTileRows * kKey * 2, kRingAddress = kWeightsAddress + kTileRows * kBlockKeys * 2;
  static constexpr uint32_t kRingSlot = kThird * kPage * 2;

  // P of a block can only be waited for when all of its S is under way; a new Q or P is loaded when all uses of the old one are.
  static __aicore__ __force_inline__ bool may_load(const Pieces& load, const Pieces& work) {
    if (!load.is_first()) return true;
    if (load.of_values) return load.blocks_weighted < work.blocks_scored && load.blocks_weighted == work.blocks_weighted;
    return !load.block().is_first || load.blocks_scored == work.blocks_scored;
  }
  static __aicore__ __force_inline__ uint32_t slot(uint32_t count) { return kRingAddress + count % kSlots * kRingSlot; }

  __aicore__ __force_inline__ void load_piece(const Pieces& at) {
    const Blocks& block = at.block();
    if (at.is_first() && at.of_values) {
      CrossCoreWaitFlag(kWeighted);
      WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
      copy_weights(block, kWeightsAddress, at.blocks_weighted & 1);
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

  __aicore__ __force_inline__ void multiply_piece(const Pieces& at) {
    const Blocks& block = at.block();
    WaitFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
    if (at.of_values) multiply_quarter(block, at.page, kWeightsAddress, slot(at.count));
    else multiply_third(block, kQueryAddress, slot(at.count), at.part);
    SetFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    if (at.of_values) {
      if (at.is_last_of_block()) SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
      if (at.page + 1 == block.pages) store_product(block, at.part, at.blocks_weighted & 1);
    } else {
      if (at.is_last_of_block() && block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
      if (at.part + 1 == Pieces::kThirds) store_scores(block, at.page, at.blocks_scored & 1);
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
    close();
  }

 private:
  static constexpr uint32_t kPages = 3, kEvents = 7;                       // of thirds of pages: at most so many are there and unused
  static constexpr int kQueryFree = int(kPages), kWeightsFree = int(kPages) + 1, kRowsEvent = int(kEvents);  // Q or P is there
  static constexpr uint32_t kQueryAddress = 0, kWeightsAddress = kFewRows * kKey * 2, kPagesAddress = kWeightsAddress + kFewRows * kPage * 2;
  static constexpr uint32_t kPageBytes = kPageElements * 2, kThirdBytes = kPageBytes / 3;

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
    SetFlag<HardEvent::MTE2_MTE1>(int((loaded_ * 3 + third) % kEvents));
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
    copy_weights(block, kWeightsAddress, count & 1);
    SetFlag<HardEvent::MTE2_MTE1>(kRowsEvent);
  }
  __aicore__ __force_inline__ void multiply_keys(const Blocks& block, uint32_t count) {
    for (uint32_t third = 0; third < 3; ++third) {
      WaitFlag<HardEvent::MTE2_MTE1>(int((count * 3 + third) % kEvents));
      multiply_third(block, kQueryAddress, page_address(count) + third * kThirdBytes, third);
    }
    if (block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    store_scores(block, 0, count & 1);
  }
  __aicore__ __force_inline__ void multiply_values(const Blocks& block, uint32_t count) {
    WaitFlag<HardEvent::MTE2_MTE1>(kRowsEvent);
    for (uint32_t quarter = 0; quarter * kQuarter < kLatent; ++quarter) {
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

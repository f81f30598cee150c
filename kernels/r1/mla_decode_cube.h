// The cube side of mla_decode: S = Q K^T and PV = P V, block after block (the picture is in mla_decode.cpp).
#pragma once

#include "mla_decode.h"

namespace mla {

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

class CubeSide {
 public:
  __aicore__ __force_inline__ CubeSide(const Shape& shape, const Workspace& space, GM_ADDR q, GM_ADDR cache) : shape_(shape), space_(space) {
    q_.SetGlobalBuffer((__gm__ bfloat16_t*)q);
    cache_.SetGlobalBuffer((__gm__ bfloat16_t*)cache);
  }

  __aicore__ __force_inline__ void run() {
    const uint8_t no_pads[4] = {0, 0, 0, 0};
    SetFmatrix(1, kTileRows, no_pads);
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < int(kSlots); ++id) SetFlag<HardEvent::MTE1_MTE2>(id), SetFlag<HardEvent::M_MTE1>(id);
    SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    Pieces load(shape_), work(shape_);
    while (!work.done) {
      while (!load.done && load.count < work.count + kSlots && may_load(load, work)) {
        load_piece(load);
        load.advance();
      }
      if (work.of_values) multiply_values(work);
      else multiply_keys(work);
      work.advance();
    }
    for (int id = 0; id < int(kSlots); ++id) WaitFlag<HardEvent::MTE1_MTE2>(id), WaitFlag<HardEvent::M_MTE1>(id);
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
  }

 private:
  static constexpr uint32_t kSlots = 4;                      // of the ring in L1, and of L0
  static constexpr int kQueryFree = 4, kWeightsFree = 5;     // events beside those of the ring
  static constexpr uint32_t kThird = kKey / Pieces::kThirds, kQuarter = kLatent / Pieces::kQuarters;
  static constexpr uint32_t kStep = 64, kFractal = 256;      // of k; elements of a fractal
  static constexpr uint32_t kQueryAddress = 0, kWeightsAddress = kTileRows * kKey * 2, kRingAddress = kWeightsAddress + kTileRows * kBlockKeys * 2;
  static constexpr uint32_t kRingSlot = kThird * kPage * 2, kL0Slot = 16 * 1024, kL0cHalf = 64 * 1024;

  // P of a block can only be waited for when all of its S is under way; a new Q or P is loaded when all uses of the old one are.
  static __aicore__ __force_inline__ bool may_load(const Pieces& load, const Pieces& work) {
    if (!load.is_first()) return true;
    if (load.of_values) return load.blocks_weighted < work.blocks_scored && load.blocks_weighted == work.blocks_weighted;
    return !load.block().is_first || load.blocks_scored == work.blocks_scored;
  }

  __aicore__ __force_inline__ LocalTensor<bfloat16_t> slot(uint32_t count) const {
    return LocalTensor<bfloat16_t>(TPosition::B1, kRingAddress + count % kSlots * kRingSlot, kRingSlot / 2);
  }

  __aicore__ __force_inline__ void load_piece(const Pieces& at) {
    const Blocks& block = at.block();
    if (at.is_first() && at.of_values) load_weights(block, at.blocks_weighted & 1);
    if (at.is_first() && !at.of_values && block.is_first) load_query(block);
    WaitFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    const uint32_t elements = at.of_values ? kQuarter * kPage : kThird * kPage;
    DataCopy(slot(at.count), cache_[uint64_t(block.page_number(at.page)) * kPageElements + at.part * elements], elements);
    SetFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
  }
  __aicore__ __force_inline__ void load_query(const Blocks& block) {
    WaitFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    DataCopy(LocalTensor<bfloat16_t>(TPosition::A1, kQueryAddress, kTileRows * kKey), q_[(uint64_t(block.sequence) * shape_.rows() + block.row) * kKey],
             Nd2NzParams(1, uint16_t(block.rows), uint16_t(kKey), 0, uint16_t(kKey), kTileRows, 1, 0));
  }
  __aicore__ __force_inline__ void load_weights(const Blocks& block, uint32_t parity) {
    CrossCoreWaitFlag(kWeighted);
    WaitFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    const uint32_t m16 = round_up(block.rows, 16);
    DataCopy(LocalTensor<bfloat16_t>(TPosition::A1, kWeightsAddress, kTileRows * kBlockKeys), space_.weights(parity),
             DataCopyParams(uint16_t(block.pages * kPage / kC0), uint16_t(m16), uint16_t(kTileRows - m16), uint16_t(kTileRows - m16)));
  }

  // A third of the k of a page of S.
  __aicore__ __force_inline__ void multiply_keys(const Pieces& at) {
    const Blocks& block = at.block();
    WaitFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
    for (uint32_t step = 0; step < kThird; step += kStep) {
      const uint32_t k = at.part * kThird + step;
      WaitFlag<HardEvent::M_MTE1>(int(l0_));
      load_a(kQueryAddress, kKey, k, kStep, block.rows);
      // A page of K lies as L0B wants it.
      LoadData(l0b(), slot(at.count)[step * kPage], LoadData2DParams(0, uint8_t(kStep / kC0 * kPage / 16), 1, 0, 0, false, 0));
      multiply(block.rows, kStep, k == 0, k + kStep == kKey);
    }
    SetFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    if (at.is_last_of_block() && block.is_last) SetFlag<HardEvent::MTE1_MTE2>(kQueryFree);
    if (at.part + 1 == Pieces::kThirds) {
      store(space_.scores(at.blocks_scored & 1)[at.page * (kPage / kC0) * kColumn], block.rows);
      if (at.is_last_of_block()) CrossCoreSetFlag<2, PIPE_FIX>(kScored);
    }
  }

  // A page's share of 128 columns of PV.
  __aicore__ __force_inline__ void multiply_values(const Pieces& at) {
    const Blocks& block = at.block();
    const uint32_t keys = least(kPage, block.keys() - at.page * kPage);
    WaitFlag<HardEvent::MTE2_MTE1>(int(at.count % kSlots));
    for (uint32_t step = 0; step < keys; step += kStep) {
      const uint32_t length = least(kStep, keys - step);
      WaitFlag<HardEvent::M_MTE1>(int(l0_));
      load_a(kWeightsAddress, kBlockKeys, at.page * kPage + step, length, block.rows);
      const LocalTensor<bfloat16_t> b2 = l0b(), b1 = slot(at.count);
      for (uint32_t row = 0; row * 16 < length; ++row)
        LoadData(b2[row * (kQuarter / 16) * kFractal], b1, LoadData2DParams(uint16_t(step / 16 + row), uint8_t(kQuarter / 16), kPage / 16, 0, 0, true, 0));
      multiply(block.rows, length, at.page == 0 && step == 0, at.page + 1 == block.pages && step + kStep >= keys);
    }
    SetFlag<HardEvent::MTE1_MTE2>(int(at.count % kSlots));
    if (at.is_last_of_block()) SetFlag<HardEvent::MTE1_MTE2>(kWeightsFree);
    if (at.page + 1 == block.pages) {
      store(space_.product(at.blocks_weighted & 1)[at.part * (kQuarter / kC0) * kColumn], block.rows);
      if (at.is_last_of_block()) CrossCoreSetFlag<2, PIPE_FIX>(kProduct);
    }
  }

  __aicore__ __force_inline__ LocalTensor<bfloat16_t> l0a() const { return LocalTensor<bfloat16_t>(TPosition::A2, l0_ * kL0Slot, 0); }
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> l0b() const { return LocalTensor<bfloat16_t>(TPosition::B2, l0_ * kL0Slot, 0); }
  __aicore__ __force_inline__ LocalTensor<float> l0c() const { return LocalTensor<float>(TPosition::CO1, (tile_ & 1) * kL0cHalf, 0); }

  // Nz -> Zz: Q and P are feature maps of 1 x 128 pixels.
  __aicore__ __force_inline__ void load_a(uint32_t address, uint32_t channels, uint32_t k, uint32_t length, uint32_t rows) {
    static constexpr IsResetLoad3dConfig kKeep{false, false};
    LoadData3DParamsV2<bfloat16_t> p;
    p.l1H = 1, p.l1W = kTileRows, p.channelSize = uint16_t(channels);
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
    l0_ = (l0_ + 1) % kSlots;
  }

  __aicore__ __force_inline__ void store(const GlobalTensor<float>& to, uint32_t rows) {
    FixpipeParamsV220 p;
    p.nSize = uint16_t(kPage), p.mSize = uint16_t(rows), p.srcStride = uint16_t(round_up(rows, 16)), p.dstStride = kColumn * 4 / 32;
    p.unitFlag = 3;
    Fixpipe<float, float, CFG_NZ>(to, l0c(), p);
    ++tile_;
  }
  static_assert(kQuarter == kPage, "a tile of PV and one of S have the same shape");

  const Shape& shape_;
  const Workspace& space_;
  GlobalTensor<bfloat16_t> q_, cache_;
  uint32_t l0_ = 0, tile_ = 0;
};

}  // namespace mla

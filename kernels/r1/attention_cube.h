// The cube core's arithmetic of the attention kernels: tiles of up to 128 rows x 128 columns, from L1 to L0C and out.
//
//   L1: Q, P Nz ══load3D══> L0A 4 x 16 KiB ╗
//   L1: K, V Nz ══load2D══> L0B 4 x 16 KiB ╩══> L0C 2 x 64 KiB ══FIX, Nz══> GM      64 of k a step
#pragma once

#include "attention.h"

namespace attention {

class Multiplier {
 public:
  static constexpr uint32_t kStep = 64;
  // height: rows of a column of fractals of Q and P in L1.
  __aicore__ __force_inline__ explicit Multiplier(uint32_t height) : height_(height) {
    const uint8_t no_pads[4] = {0, 0, 0, 0};
    SetFmatrix(1, uint16_t(height), no_pads);
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < int(kSlots); ++id) SetFlag<HardEvent::M_MTE1>(id);
  }
  __aicore__ __force_inline__ void close() const {
    for (int id = 0; id < int(kSlots); ++id) WaitFlag<HardEvent::M_MTE1>(id);
  }
  // Of a product: which half of L0C, where it begins and ends.
  struct Span {
    uint32_t half;
    bool first, last;
  };

  // S += Q[:, k0..] K^T over `dimensions` (a multiple of 64) of a page's keys, whose columns of fractals begin at `keys` in L1:
  // they lie as L0B wants them. channels: of Q.
  __aicore__ __force_inline__ void add_scores(uint32_t rows, uint32_t query, uint32_t channels, uint32_t k0, uint32_t keys, uint32_t dimensions, Span span) {
    for (uint32_t step = 0; step < dimensions; step += kStep) {
      WaitFlag<HardEvent::M_MTE1>(int(slot_));
      load_a(query, channels, k0 + step, kStep, rows);
      LoadData(l0b(), b1(keys + step * kPage * 2), LoadData2DParams(0, uint8_t(kStep / kC0 * kPage / 16), 1, 0, 0, false, 0));
      multiply(rows, kStep, {span.half, span.first && step == 0, span.last && step + kStep >= dimensions});
    }
  }
  // PV += P[:, k0..] V of a page's first `keys` keys, 128 columns of V at `values` in L1.
  __aicore__ __force_inline__ void add_values(uint32_t rows, uint32_t weights, uint32_t channels, uint32_t k0, uint32_t values, uint32_t keys, Span span) {
    for (uint32_t step = 0; step < keys; step += kStep) {
      const uint32_t length = least(kStep, keys - step);
      WaitFlag<HardEvent::M_MTE1>(int(slot_));
      load_a(weights, channels, k0 + step, length, rows);
      for (uint32_t row = 0; row * 16 < length; ++row)
        LoadData(l0b()[row * kPageColumns * kFractal], b1(values),
                 LoadData2DParams(uint16_t(step / 16 + row), uint8_t(kPageColumns), kPage / 16, 0, 0, true, 0));
      multiply(rows, length, {span.half, span.first && step == 0, span.last && step + kStep >= keys});
    }
  }
  // A finished product to the workspace.
  __aicore__ __force_inline__ void store(const GlobalTensor<float>& to, uint32_t rows, uint32_t half) const {
    FixpipeParamsV220 p;
    p.nSize = uint16_t(kPage), p.mSize = uint16_t(rows), p.srcStride = uint16_t(round_up(rows, 16)), p.dstStride = kColumn * 4 / 32;
    p.unitFlag = 3;
    Fixpipe<float, float, CFG_NZ>(to, l0c(half), p);
  }
  // P of `rows` rows and `columns` columns of fractals from the workspace to L1.
  __aicore__ __force_inline__ void load_weights(uint32_t address, const GlobalTensor<bfloat16_t>& from, uint32_t rows, uint32_t columns) const {
    const uint32_t m16 = round_up(rows, 16);
    DataCopy(LocalTensor<bfloat16_t>(TPosition::A1, address, 0), from,
             DataCopyParams(uint16_t(columns), uint16_t(m16), uint16_t(kTileRows - m16), uint16_t(height_ - m16)));
  }

 private:
  static constexpr uint32_t kSlots = 4, kSlotBytes = 16 * 1024, kHalfBytes = 64 * 1024, kFractal = 256;

  __aicore__ __force_inline__ LocalTensor<bfloat16_t> l0a() const { return LocalTensor<bfloat16_t>(TPosition::A2, slot_ * kSlotBytes, 0); }
  __aicore__ __force_inline__ LocalTensor<bfloat16_t> l0b() const { return LocalTensor<bfloat16_t>(TPosition::B2, slot_ * kSlotBytes, 0); }
  static __aicore__ __force_inline__ LocalTensor<bfloat16_t> b1(uint32_t address) { return LocalTensor<bfloat16_t>(TPosition::B1, address, 0); }
  static __aicore__ __force_inline__ LocalTensor<float> l0c(uint32_t half) { return LocalTensor<float>(TPosition::CO1, half * kHalfBytes, 0); }

  // Nz -> Zz: Q and P are feature maps of 1 x height pixels.
  __aicore__ __force_inline__ void load_a(uint32_t address, uint32_t channels, uint32_t k, uint32_t length, uint32_t rows) const {
    static constexpr IsResetLoad3dConfig kKeep{false, false};
    LoadData3DParamsV2<bfloat16_t> p;
    p.l1H = 1, p.l1W = uint16_t(height_), p.channelSize = uint16_t(channels);
    p.kExtension = uint16_t(round_up(length, kC0)), p.mExtension = uint16_t(round_up(rows, 16));
    p.kStartPt = uint16_t(k), p.mStartPt = 0;
    LoadData<bfloat16_t, kKeep>(l0a(), LocalTensor<bfloat16_t>(TPosition::A1, address, 0), p);
  }
  __aicore__ __force_inline__ void multiply(uint32_t rows, uint32_t k, Span span) {
    SetFlag<HardEvent::MTE1_M>(int(slot_));
    WaitFlag<HardEvent::MTE1_M>(int(slot_));
    // m = 1 would mean the GEMV layout of L0A.
    Mmad(l0c(span.half), l0a(), l0b(), MmadParams(uint16_t(rows == 1 ? 2 : rows), uint16_t(kPage), uint16_t(k), span.last ? 3 : 2, false, span.first));
    // Small tiles: the next mmad would read C before this one has written it.
    if (rows <= 16) PipeBarrier<PIPE_M>();
    SetFlag<HardEvent::M_MTE1>(int(slot_));
    slot_ = (slot_ + 1) % kSlots;
  }
  uint32_t height_, slot_ = 0;
};

}  // namespace attention

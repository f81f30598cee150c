// The vector side of mla_prefill: softmax of S, sums of PV, outputs (the picture is in mla_prefill.cpp). Each vector core has one
// half of an item's rows.
#pragma once

#include "attention_vector.h"
#include "mla_prefill.h"

namespace prefill {

class VectorSide {
 public:
  __aicore__ __force_inline__ VectorSide(const Shape& shape, const Workspace& space, GM_ADDR out, float scale)
      : shape_(shape), space_(space), rows_(scale), half_(uint32_t(GetSubBlockIdx())) {
    out_.SetGlobalBuffer((__gm__ bfloat16_t*)out);
  }

  __aicore__ __force_inline__ void run() {
    Blocks block(shape_), before(shape_);
    uint32_t items = 0, item_before = 0;
    bool more = block.next();
    for (uint32_t count = 0; more || count > 0; ++count) {
      if (more) softmax(block, count & 1, items & 1);
      if (count > 0) accumulate(before, (count - 1) & 1, item_before);
      if (!more) break;
      before = block, item_before = items & 1;
      if (block.is_last) ++items;
      more = block.next();
    }
    rows_.close();
  }

 private:
  static constexpr uint32_t kSixteen = 16, kColumns = kValue / kC0;
  using Rows = Softmax<kSixteen, kTileRows, kTileRows * kValue * 4, kSixteen * (kBlockKeys * 2 + 32)>;

  static __aicore__ __force_inline__ LocalTensor<float> output(uint32_t i) { return Rows::at(i * kSixteen * kValue * 4); }
  __aicore__ __force_inline__ uint32_t sixteens(const Blocks& block) const { return (block.rows_of(half_) + kSixteen - 1) / kSixteen; }

  __aicore__ __force_inline__ void softmax(const Blocks& block, uint32_t parity, uint32_t item) {
    CrossCoreWaitFlag(kScored);
    const uint32_t count = sixteens(block), pages = block.pages_of(half_);
    rows_.open_block(count, pages, block.is_first, parity, item);
    for (uint32_t i = 0; i < count; ++i) {
      // The column of 16 keys on the diagonal of these 16 rows, from the block's first.
      const uint32_t diagonal = (block.token + half_ * kTileRows - block.page * kPage) / kC0 + i;
      mask(rows_.load_scores(space_.scores(slot_, half_)[i * kSixteen * kC0], pages), diagonal, pages * kPageColumns);
      rows_.weigh(i, space_.weights(parity, half_)[i * kSixteen * kC0]);
    }
    rows_.close_block(count);
    slot_ = (slot_ + 1) % kScoreSlots;
    CrossCoreSetFlag<2, PIPE_MTE3>(kWeighted);
  }

  // Row r of the sixteen sees keys 0 to r of the diagonal's column and none of those behind.
  static __aicore__ __force_inline__ void mask(const LocalTensor<float>& x, uint32_t diagonal, uint32_t columns) {
    if (diagonal >= columns) return;
    for (uint32_t i = 0; i < kSixteen / 4; ++i) {
      uint64_t bits = 0;
      for (uint32_t row = 0; row < 4; ++row) bits |= (0xfffeull << (i * 4 + row) & 0xffff) << row * 16;
      Rows::mask_four_rows(x, diagonal, i, bits);
    }
    Rows::mask_columns(x, diagonal + 1, columns);
    Rows::barrier();
  }

  __aicore__ __force_inline__ void accumulate(const Blocks& block, uint32_t parity, uint32_t item) {
    CrossCoreWaitFlag(kProduct);
    // Several groups' products in one buffer: what counts here is the latency of their loads.
    constexpr uint32_t kAtOnce = 4, kElements = kSixteen * kValue;
    const uint32_t count = sixteens(block);
    for (uint32_t first = 0; first < count; first += kAtOnce) {
      const LocalTensor<float> x = rows_.next_in();
      const uint32_t end = least(first + kAtOnce, count);
      for (uint32_t i = first; i < end; ++i) Rows::copy_in(x[(i - first) * kElements], space_.product(parity, half_)[i * kSixteen * kC0], kColumns);
      rows_.loaded();
      for (uint32_t i = first; i < end; ++i) rows_.accumulate(output(i), x[(i - first) * kElements], kColumns, block.is_first, i, parity);
      rows_.release();
    }
    for (uint32_t i = 0; block.is_last && i < count; ++i) write(block, i, item);
  }
  __aicore__ __force_inline__ void write(const Blocks& block, uint32_t i, uint32_t item) {
    const uint32_t row = i * kSixteen;
    const uint64_t token = block.start + block.token + half_ * kTileRows + row;
    rows_.write_rows<kValue>(out_[(token * shape_.heads + block.head) * kValue], output(i), Rows::sum(i, item), least(kSixteen, block.rows_of(half_) - row),
                             (shape_.heads - 1) * kValue * 2);
  }

  const Shape& shape_;
  const Workspace& space_;
  GlobalTensor<bfloat16_t> out_;
  Rows rows_;
  uint32_t half_, slot_ = 0;  // slot: of S
};

}  // namespace prefill

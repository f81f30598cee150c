// What both sides of mla_prefill know: its constants, the order of blocks, the workspace.
#pragma once

#include "attention.h"

namespace prefill {

using namespace attention;

constexpr uint32_t kNope = 128, kRope = 64, kDims = kNope + kRope, kValue = 128;
constexpr uint32_t kScoreSlots = 4;                                 // blocks of S in the workspace
constexpr uint32_t kHalves = 2, kTokens = kHalves * kTileRows;  // of an item

struct Shape {
  const __gm__ int32_t* starts;
  uint32_t batch, heads;
};

// The blocks of keys of one core group, in order.
class Blocks {
 public:
  __aicore__ __force_inline__ explicit Blocks(const Shape& shape) : shape_(&shape), item_(uint32_t(get_block_idx())) {}

  // To the next block; false where there is none.
  __aicore__ __force_inline__ bool next() {
    if (started_ && page + pages < end_page_) {
      page += pages, is_first = false;
    } else {
      if (started_) item_ += uint32_t(get_block_num());
      if (!open_item()) return false;
      started_ = is_first = true;
    }
    pages = least(kBlockPages, end_page_ - page);
    is_last = page + pages == end_page_;
    return true;
  }
  __aicore__ __force_inline__ uint32_t rows_of(uint32_t half) const {
    return half == 0 ? least(rows, kTileRows) : rows > kTileRows ? rows - kTileRows : 0;
  }
  // Pages of the block that a half sees.
  __aicore__ __force_inline__ uint32_t pages_of(uint32_t half) const {
    return rows_of(half) == 0 ? 0 : least(pages, token / kPage + half + 1 - page);
  }
  // Keys of a page that there are.
  __aicore__ __force_inline__ uint32_t keys_of(uint32_t i) const { return least(kPage, length - (page + i) * kPage); }

  uint32_t start = 0, length = 0;                      // of the prompt
  uint32_t head = 0, token = 0, rows = 0;              // of the item; token: within the prompt
  uint32_t page = 0, pages = 0;                        // of the block
  bool is_first = false, is_last = false;

 private:
  __aicore__ __force_inline__ bool open_item() {
    uint32_t tiles = 0;
    for (;; ++prompt_) {
      if (prompt_ == shape_->batch) return false;
      start = uint32_t(shape_->starts[prompt_]), length = uint32_t(shape_->starts[prompt_ + 1]) - start;
      tiles = (length + kTokens - 1) / kTokens;
      if (item_ - first_item_ < tiles * shape_->heads) break;
      first_item_ += tiles * shape_->heads;
    }
    const uint32_t most = 2 * uint32_t(get_block_num()), index = item_ - first_item_, group = index / (tiles * most);
    const uint32_t within = index - group * tiles * most, heads = least(most, shape_->heads - group * most), level = within / heads;
    head = group * most + within - level * heads;
    token = (tiles - 1 - level) * kTokens;
    rows = least(kTokens, length - token);
    page = 0, end_page_ = (token + rows + kPage - 1) / kPage;
#ifdef ATTENTION_DROP_KV_BLOCK
    // For the test of the checker.
    if (end_page_ > kBlockPages) page = kBlockPages;
#endif
    return true;
  }
  const Shape* shape_;  // a pointer, so that a place in the order can be copied
  uint32_t item_, first_item_ = 0, prompt_ = 0, end_page_ = 0;
  bool started_ = false;
};

// Each group, for each half: 4 blocks of S, 2 of P and PV.
class Workspace {
 public:
  static constexpr uint32_t kScores = kBlockKeys * kTileRows, kProductSize = kValue * kTileRows;  // elements
  static constexpr uint32_t kGroupBytes = kHalves * (kScoreSlots * kScores * 4 + 2 * (kScores * 2 + kProductSize * 4));
  __aicore__ __force_inline__ explicit Workspace(GM_ADDR base) : group_(base + uint64_t(get_block_idx()) * kGroupBytes) {}
  __aicore__ __force_inline__ GlobalTensor<float> scores(uint32_t slot, uint32_t half) const {
    return global<float>(group_, (slot * kHalves + half) * kScores);
  }
  __aicore__ __force_inline__ GlobalTensor<bfloat16_t> weights(uint32_t slot, uint32_t half) const {
    return global<bfloat16_t>(group_ + kHalves * kScoreSlots * kScores * 4, (slot * kHalves + half) * kScores);
  }
  __aicore__ __force_inline__ GlobalTensor<float> product(uint32_t slot, uint32_t half) const {
    return global<float>(group_ + kHalves * (kScoreSlots * 4 + 2 * 2) * kScores, (slot * kHalves + half) * kProductSize);
  }

 private:
  GM_ADDR group_;
};

}  // namespace prefill

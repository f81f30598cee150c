// What both sides of mla_decode know: its constants, the order of blocks, the workspace.
#pragma once

#include "attention.h"

namespace mla {

using namespace attention;

constexpr uint32_t kLatent = 512, kKey = 576;           // dimensions of V and of K
constexpr uint32_t kPageElements = kPage * kKey;
constexpr uint32_t kFewRows = 48;                       // of a sequence: L1 has room for them and three pages

struct Shape {
  const __gm__ int32_t* block_table;
  const __gm__ int32_t* lengths;
  uint32_t batch, queries, heads, max_pages, splits;
  __aicore__ __force_inline__ uint32_t rows() const { return queries * heads; }
  __aicore__ __force_inline__ uint32_t tiles() const { return (rows() + kTileRows - 1) / kTileRows; }
  __aicore__ __force_inline__ bool has_few_rows() const { return rows() <= kFewRows; }
  __aicore__ __force_inline__ uint32_t block_pages() const { return has_few_rows() ? 1 : kBlockPages; }
  // Pages of a part of a sequence's keys, whole blocks as far as there are enough.
  __aicore__ __force_inline__ uint32_t pages_of_part(uint32_t pages) const {
    const uint32_t part = (pages + splits - 1) / splits;
    return splits == 1 || part < block_pages() ? part : round_up(part, block_pages());
  }
};

// The blocks of keys of one core group, in order.
class Blocks {
 public:
  __aicore__ __force_inline__ explicit Blocks(const Shape& shape) : shape_(&shape), tiles_(shape.tiles()), block_pages_(shape.block_pages()) {
    item_ = uint32_t(get_block_idx());
    items_ = shape.batch * shape.splits * tiles_;
  }
  // To the next block; false where there is none.
  __aicore__ __force_inline__ bool next() {
    if (started && page + pages < end_page) {
      page += pages, is_first = false;
    } else {
      if (started) item_ += uint32_t(get_block_num());
      while (item_ < items_ && !open_item()) item_ += uint32_t(get_block_num());
      if (item_ >= items_) return false;
      started = is_first = true;
    }
    pages = least(block_pages_, end_page - page);
    is_last = page + pages == end_page;
    return true;
  }
  __aicore__ __force_inline__ uint32_t keys() const { return least(length - page * kPage, pages * kPage); }
  __aicore__ __force_inline__ uint32_t page_number(uint32_t i) const { return uint32_t(shape_->block_table[sequence * shape_->max_pages + page + i]); }

  uint32_t sequence = 0, part = 0, tile = 0, length = 0;  // of the item
  uint32_t row = 0, rows = 0;                             // of the tile, within the sequence
  uint32_t page = 0, pages = 0;                           // of the block
  bool is_first = false, is_last = false, started = false;

 private:
  // False where the sequence has no keys for this part.
  __aicore__ __force_inline__ bool open_item() {
    const uint32_t run = item_ / tiles_;
    tile = item_ - run * tiles_;
    sequence = run / shape_->splits;
    part = run - sequence * shape_->splits;
    length = uint32_t(shape_->lengths[sequence]);
    const uint32_t all = (length + kPage - 1) / kPage, mine = shape_->pages_of_part(all);
    page = part * mine;
    if (page >= all) return false;
    end_page = least(page + mine, all);
#ifdef ATTENTION_DROP_KV_BLOCK
    // For the test of the checker.
    if (end_page > page + 1) --end_page;
#endif
    row = tile * kTileRows;
    rows = least(kTileRows, shape_->rows() - row);
    return true;
  }
  const Shape* shape_;  // a pointer, so that a place in the order can be copied
  uint32_t tiles_, block_pages_, item_ = 0, items_ = 0, end_page = 0;
};

// Each group: 2 x S, 2 x P, 2 x PV. Then, of each part: O of all tiles; behind all O the rows' maxima and sums.
class Workspace {
 public:
  static constexpr uint32_t kScores = kBlockKeys * kTileRows, kOutput = kLatent * kTileRows;  // elements
  static constexpr uint32_t kGroupBytes = 2 * (kScores * (4 + 2) + kOutput * 4);
  __aicore__ __force_inline__ Workspace(GM_ADDR base, uint32_t groups) : base_(base), parts_(base + uint64_t(groups) * kGroupBytes) {}

  __aicore__ __force_inline__ GlobalTensor<float> scores(uint32_t slot) const { return global<float>(group(), slot * kScores); }
  __aicore__ __force_inline__ GlobalTensor<bfloat16_t> weights(uint32_t slot) const {
    return global<bfloat16_t>(group() + 2 * kScores * 4, slot * kScores);
  }
  __aicore__ __force_inline__ GlobalTensor<float> product(uint32_t slot) const { return global<float>(group() + 2 * kScores * 6, slot * kOutput); }
  // Of part number `index` (of all sequences, parts and tiles): O, then a block of 16 equal values for each row.
  static constexpr uint32_t kStatistic = kTileRows * kC0, kPart = kOutput + 2 * kStatistic;
  __aicore__ __force_inline__ GlobalTensor<float> output(uint32_t index) const { return global<float>(parts_, uint64_t(index) * kPart); }
  __aicore__ __force_inline__ GlobalTensor<float> maxima(uint32_t index) const { return global<float>(parts_, uint64_t(index) * kPart + kOutput); }
  __aicore__ __force_inline__ GlobalTensor<float> sums(uint32_t index) const { return global<float>(parts_, uint64_t(index) * kPart + kOutput + kStatistic); }

 private:
  __aicore__ __force_inline__ GM_ADDR group() const { return base_ + uint64_t(get_block_idx()) * kGroupBytes; }
  GM_ADDR base_;
  GM_ADDR parts_;
};

}  // namespace mla

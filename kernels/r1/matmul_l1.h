// L1 of the products: how it is divided, and how A and B come into it. What changes once a tile is worked out once a tile: a chunk of K
// costs the scalar unit a few dozen instructions, less than the cube needs for it.
#pragma once

#include "matmul_schedule.h"

namespace matmul {

constexpr uint32_t kL1Bytes = 512 * 1024;
// Event ids: slots of B from 0 on, of A behind them; the resident rows share the last one of A, since they allow two slots.
constexpr uint32_t kSlotsB = 5, kSlotsA = 3, kResidentId = 7;

//  | A resident: m16 x first chunks | A ring: 2, 3 slots of m16 x 1, 2 chunks | B ring: 2 to 5 slots of n16 x 1 chunk |
struct L1 {
  uint32_t resident = 0, group = 1;  // chunks of K: resident, in a slot of A
  uint32_t ring_a = 0, slot_a = 0, slots_a = 0, ring_b = 0, slot_b = 0, slots_b = 0;

  // Where a core has several whole tiles, what three slots of B leave is for resident rows.
  __aicore__ __force_inline__ L1(const Plan& plan, const Tiles& tiles) {
    const uint32_t chunk_a = tiles.most_m() * plan.chunk();
    slot_b = tiles.most_n() * plan.chunk();
    group = tiles.most_m() > kBlock || plan.chunk() > 256 ? 1 : 2;
    slot_a = group * chunk_a;
    if (plan.whole() > 1) {
      slots_a = 2;
      resident = least(plan.chunks(), (kL1Bytes - 2 * slot_a - 2 * slot_b) / chunk_a);
    } else {
      slots_a = kSlotsA * slot_a + kSlotsB * slot_b <= kL1Bytes ? kSlotsA : 2;
    }
    ring_a = resident * chunk_a, ring_b = ring_a + slots_a * slot_a;
    slots_b = least(kSlotsB, (kL1Bytes - ring_b) / slot_b);
  }
};

// Walks the chunks of a core's items in order, `stride` at a time (fewer at the end of an item), and the slots that they go to.
// Leaves out the first `skip` chunks of whole tiles.
class Cursor {
 public:
  __aicore__ __force_inline__ Cursor(const Plan& plan, const Tiles& tiles, uint32_t slots, uint32_t stride, uint32_t skip)
      : plan_(plan), tiles_(tiles), slots_(slots), stride_(stride), skip_(skip) {
    enter();
  }
  // True if another item begins.
  __aicore__ __force_inline__ bool advance() {
    slot = slot + 1 == slots_ ? 0 : slot + 1;
    chunk += stride_;
    if (chunk < end) return false;
    ++ordinal_;
    enter();
    return true;
  }
  uint32_t chunk = 0, begin = 0, end = 0, slot = 0;
  bool done = false, whole = false;
  Item item{};
  Tile tile{};

 private:
  __attribute__((noinline)) void enter() {
    for (; ordinal_ < plan_.items(); ++ordinal_) {
      item = plan_.item(ordinal_);
      whole = item.part == Item::kWhole;
      begin = item.begin, end = item.end;
      chunk = whole ? skip_ : begin;
      if (chunk >= end) continue;
      tile = tiles_.at(item.tile);
      return;
    }
    done = true;
  }
  const Plan& plan_;
  Tiles tiles_;
  uint32_t slots_, stride_, skip_, ordinal_ = 0;
};

// Rows of a, row-major, into L1 as Nz.
template <typename T>
class Rows {
 public:
  __aicore__ __force_inline__ Rows(GM_ADDR a, const Problem& problem, const Plan& plan)
      : a_(uint64_t(a)), a_pitch_(problem.a_pitch), a_batch_(problem.a_batch), k_bytes_(problem.k * sizeof(T)), chunk_(plan.chunk()) {}

  // Chunks [begin, end) of the rows of a tile. Row pitches of more than 16 bits are counted in elements of 4 bytes: ND2NZ moves 32 B
  // at a time, whatever they hold.
  __attribute__((noinline)) void load(uint32_t address, const Tile& tile, uint32_t begin, uint32_t end) const {
    const uint32_t k0 = begin * chunk_, bytes = least(end * chunk_, k_bytes_) - k0;
    const uint64_t from = a_ + (tile.batch * a_batch_ + tile.row * a_pitch_) * sizeof(T) + k0;
    const uint16_t m = uint16_t(tile.m), column = uint16_t(round16(tile.m));
    if (a_pitch_ <= 0xffff)
      copy<T>(address, from, Nd2NzParams(1, m, uint16_t(bytes / sizeof(T)), 0, uint16_t(a_pitch_), column, 1, 0));
    else
      copy<float>(address, from, Nd2NzParams(1, m, uint16_t(ceil_div(bytes, 4)), 0, uint16_t(a_pitch_ * sizeof(T) / 4), column, 1, 0));
  }

 private:
  template <typename U>
  __aicore__ __force_inline__ static void copy(uint32_t address, uint64_t from, const Nd2NzParams& p) {
    GlobalTensor<U> global;
    global.SetGlobalBuffer((__gm__ U*)from);
    DataCopy(LocalTensor<U>(TPosition::A1, address, 0), global, p);
  }
  uint64_t a_, a_pitch_, a_batch_;
  uint32_t k_bytes_, chunk_;
};

// Packed weights: for each 32 B of K the columns lie together. In L1 the columns of each block do, one block behind the other.
template <typename T>
class Weights {
 public:
  __aicore__ __force_inline__ Weights(GM_ADDR w, const Problem& problem, const Plan& plan)
      : w_(uint64_t(w)), n16_(round16(problem.n)), k_bytes_(problem.k * sizeof(T)), chunk_(plan.chunk()) {}

  // Before the first chunk of an item.
  __attribute__((noinline)) void enter(const Tile& tile, uint32_t chunk) {
    const uint64_t k_rows = uint64_t(tile.batch) * ceil_div(k_bytes_, kFractalBytes) + chunk * (chunk_ / kFractalBytes);
    from_ = w_ + (k_rows * n16_ + tile.column) * kFractalBytes;
    left_ = k_bytes_ - chunk * chunk_;
    pieces_ = tile.m > kBlock ? 1 : tile.blocks();
    n_[0] = pieces_ == 1 ? tile.n : tile.block(0).n;
    n_[1] = tile.n - n_[0];
  }

  __aicore__ __force_inline__ void load(uint32_t address) {
    const uint32_t bytes = least(chunk_, left_), rows = ceil_div(bytes, kFractalBytes);
    piece(address, from_, n_[0], rows);
    if (pieces_ == 2) piece(address + round16(n_[0]) * chunk_, from_ + n_[0] * kFractalBytes, n_[1], rows);
    from_ += uint64_t(chunk_) * n16_;
    left_ -= bytes;
  }

 private:
  __aicore__ __force_inline__ void piece(uint32_t address, uint64_t from, uint32_t n, uint32_t rows) const {
    const uint32_t gap = n16_ - n, column = round16(n);
    if (gap <= 0xffff) {
      copy(address, from, DataCopyParams(uint16_t(rows), uint16_t(n), uint16_t(gap), uint16_t(column - n)));
      return;
    }
    for (uint32_t row = 0; row < rows; ++row) {
      copy(address, from, DataCopyParams(1, uint16_t(n), 0, 0));
      address += column * kFractalBytes, from += uint64_t(n16_) * kFractalBytes;
    }
  }
  __aicore__ __force_inline__ static void copy(uint32_t address, uint64_t from, const DataCopyParams& p) {
    GlobalTensor<T> global;
    global.SetGlobalBuffer((__gm__ T*)from);
    DataCopy(LocalTensor<T>(TPosition::B1, address, 0), global, p);
  }
  uint64_t w_, from_ = 0;
  uint32_t n16_, k_bytes_, chunk_, left_ = 0, pieces_ = 1, n_[2] = {0, 0};
};

// Fills the slots of L1 for one cube core: B chunk by chunk, A's ring ahead of it, the resident rows where they change.
template <typename T>
class Loader {
 public:
  __aicore__ __force_inline__ Loader(GM_ADDR a, GM_ADDR w, const Problem& problem, const Plan& plan, const Tiles& tiles, const L1& l1)
      : l1_(l1), rows_(a, problem, plan), weights_(w, problem, plan), ring_(plan, tiles, l1.slots_a, l1.group, l1.resident), next_(plan, tiles, l1.slots_b, 1, 0) {
    for (uint32_t slot = 0; slot < l1.slots_b; ++slot) SetFlag<HardEvent::MTE1_MTE2>(int(slot));
    for (uint32_t slot = 0; slot < l1.slots_a; ++slot) SetFlag<HardEvent::MTE1_MTE2>(int(kSlotsB + slot));
    if (!next_.done) weights_.enter(next_.tile, next_.chunk);
  }

  // Loads as much as there are slots for that computation issued before gives back: `chunks` of B and `groups` of A are computed.
  __attribute__((noinline)) void run(uint32_t chunks, uint32_t groups) {
    while (!next_.done && chunks_ - chunks < l1_.slots_b) {
      const bool resident = next_.whole && next_.chunk < l1_.resident;
      if (resident && changes(next_.tile)) {
        if (chunks_ != chunks) return;
        load_resident();
      }
      if (!resident && in_group_ == 0 && groups_ == begun_) {
        if (!slot_for_rows(groups)) return;
        WaitFlag<HardEvent::MTE1_MTE2>(int(kSlotsB + ring_.slot));
        load_ring();
      }
      if (!resident) {
        begun_ += in_group_ == 0;
        in_group_ = in_group_ + 1 == l1_.group || next_.chunk + 1 == next_.end ? 0 : in_group_ + 1;
      }
      WaitFlag<HardEvent::MTE1_MTE2>(int(next_.slot));
      // Rows right behind a copy of B: that hides the start of ND2NZ.
      const bool with_rows = groups_ == begun_ && slot_for_rows(groups);
      if (with_rows) WaitFlag<HardEvent::MTE1_MTE2>(int(kSlotsB + ring_.slot));
      weights_.load(l1_.ring_b + next_.slot * l1_.slot_b);
      SetFlag<HardEvent::MTE2_MTE1>(int(next_.slot));
      if (with_rows) load_ring();
      ++chunks_;
      if (next_.advance() && !next_.done) weights_.enter(next_.tile, next_.chunk);
    }
  }

  __aicore__ __force_inline__ void close() {
    for (uint32_t slot = 0; slot < l1_.slots_b; ++slot) WaitFlag<HardEvent::MTE1_MTE2>(int(slot));
    for (uint32_t slot = 0; slot < l1_.slots_a; ++slot) WaitFlag<HardEvent::MTE1_MTE2>(int(kSlotsB + slot));
  }

 private:
  __aicore__ __force_inline__ bool slot_for_rows(uint32_t groups) const { return !ring_.done && groups_ - groups < l1_.slots_a; }
  __aicore__ __force_inline__ bool changes(const Tile& tile) const { return tile.batch != batch_ || tile.row != row_; }

  // The first chunks of new rows, once all computation that read the old ones is over.
  __attribute__((noinline)) void load_resident() {
    SetFlag<HardEvent::MTE1_MTE2>(int(kResidentId));
    WaitFlag<HardEvent::MTE1_MTE2>(int(kResidentId));
    rows_.load(0, next_.tile, 0, l1_.resident);
    SetFlag<HardEvent::MTE2_MTE1>(int(kResidentId));
    batch_ = next_.tile.batch, row_ = next_.tile.row;
  }
  __attribute__((noinline)) void load_ring() {
    rows_.load(l1_.ring_a + ring_.slot * l1_.slot_a, ring_.tile, ring_.chunk, least(ring_.end, ring_.chunk + l1_.group));
    SetFlag<HardEvent::MTE2_MTE1>(int(kSlotsB + ring_.slot));
    ring_.advance();
    ++groups_;
  }

  const L1 l1_;
  Rows<T> rows_;
  Weights<T> weights_;
  Cursor ring_, next_;
  uint32_t chunks_ = 0, groups_ = 0, begun_ = 0, in_group_ = 0;  // loaded; groups of A whose first chunk of B is loaded
  uint32_t batch_ = ~0u, row_ = 0;                               // whose rows are resident
};

}  // namespace matmul

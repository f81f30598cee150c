// L1 of the products: how it is divided, and how A and B come into it. What changes once a tile is worked out once a tile: a chunk of K
// costs the scalar unit fewer cycles than the cube.
//
//   a, row-major ──MTE2 ND2NZ─┬─> slot [0|1|..]: A m16 x chunk, B n16 x chunk
//   w, NZ        ──MTE2 plain─┘
//   a            ──MTE2 ND2NZ───> resident: A m16 x some of the chunks, for successive tiles of the same rows
#pragma once

#include "matmul_schedule.h"

namespace matmul {

constexpr uint32_t kL1Bytes = 512 * 1024;
constexpr uint32_t kSlotsMost = 5, kResidentId = 7;  // event ids: a slot's number; of the resident rows

struct L1 {
  uint32_t slots, slot, chunk_a;  // number of slots, their bytes; A's share, which comes first
  uint32_t resident = 0, base = 0;  // chunks of A that stay, from address 0; the first slot

  // Where a core has several whole tiles, what two slots leave is for resident rows: L2 bounds large products.
  __aicore__ __force_inline__ L1(const Plan& plan, const Tiles& tiles) : slot((tiles.most_m() + tiles.most_n()) * plan.chunk()), chunk_a(tiles.most_m() * plan.chunk()) {
    if (plan.whole() > 1 && tiles.keeps_rows()) resident = least(plan.chunks(), (kL1Bytes - 2 * slot) / chunk_a);
    base = resident * chunk_a;
    slots = least(kSlotsMost, (kL1Bytes - base) / slot);
  }
};

// Walks the chunks of a core's items in order, and the slots that they go to. The resident chunks of whole tiles are spread evenly
// over K, so that the load of L2 is even.
class Cursor {
 public:
  __aicore__ __force_inline__ Cursor(const Plan& plan, const Tiles& tiles, const L1& l1) : slots_(l1.slots), spread_(l1.resident), plan_(plan), tiles_(tiles) { enter(); }
  // True if another item begins.
  __aicore__ __force_inline__ bool advance() {
    slot = slot + 1 == slots_ ? 0 : slot + 1;
    if (++chunk == end) {
      ++ordinal_;
      enter();
      return true;
    }
    if (spread_ != 0 && whole) {
      place += resident;
      phase_ += spread_;
      if (phase_ >= end) phase_ -= end;
      resident = phase_ < spread_;
    }
    return false;
  }
  uint32_t chunk = 0, begin = 0, end = 0, slot = 0;
  uint32_t place = 0;  // of a resident chunk
  bool done = false, whole = false, resident = false;
  Item item{};
  Tile tile{};

 private:
  __attribute__((noinline)) void enter() {
    if (ordinal_ == plan_.items()) {
      done = true;
      return;
    }
    item = plan_.item(ordinal_);
    whole = item.part == Item::kWhole;
    chunk = begin = item.begin, end = item.end;
    phase_ = place = 0;
    resident = whole && spread_ != 0;
    tile = tiles_.at(item.tile);
  }
  uint32_t slots_, spread_, phase_ = 0, ordinal_ = 0;
  const Plan& plan_;
  Tiles tiles_;
};

// Fills the slots for one cube core.
template <typename T>
class Loader {
 public:
  __aicore__ __force_inline__ Loader(GM_ADDR a, GM_ADDR w, const Problem& problem, const Plan& plan, const Tiles& tiles, const L1& l1)
      : at_(plan, tiles, l1), l1_(l1), chunk_(plan.chunk()), k_bytes_(problem.k * sizeof(T)), n16_(round16(problem.n)), a_(uint64_t(a)), w_(uint64_t(w)),
        a_pitch_(problem.a_pitch), a_batch_(problem.a_batch) {
    for (uint32_t slot = 0; slot < l1.slots; ++slot) SetFlag<HardEvent::MTE1_MTE2>(int(slot));
    if (!at_.done) enter();
  }

  // The next chunk, if there is one and a slot that the computation of `computed` chunks, issued before, gives back.
  __attribute__((noinline)) bool load(uint32_t computed) {
    if (at_.done || loaded_ - computed == l1_.slots) return false;
    const bool resident = at_.resident;
    if (resident && stale_ && loaded_ != computed) return false;
    const uint32_t slot = at_.slot, address = l1_.base + slot * l1_.slot, bytes = least(chunk_, left_), rows = ceil_div(bytes, kFractalBytes);
    WaitFlag<HardEvent::MTE1_MTE2>(int(slot));
    // B first: behind a copy the start of ND2NZ is hidden.
    load_weights(address + l1_.chunk_a, b_from_, n_[0], rows);
    if (n_[1] != 0) load_weights(address + l1_.chunk_a + b_second_, b_from_ + n_[0] * kFractalBytes, n_[1], rows);
    if (!resident)
      load_rows(address, a_from_, bytes);
    else if (stale_)
      load_resident();
    SetFlag<HardEvent::MTE2_MTE1>(int(slot));
    ++loaded_;
    left_ -= bytes, a_from_ += bytes, b_from_ += b_step_;
    if (at_.advance() && !at_.done) enter();
    return true;
  }

  __aicore__ __force_inline__ void close() {
    for (uint32_t slot = 0; slot < l1_.slots; ++slot) WaitFlag<HardEvent::MTE1_MTE2>(int(slot));
  }

 private:
  // Before the first chunk of an item.
  __attribute__((noinline)) void enter() {
    const Tile& tile = at_.tile;
    const uint32_t k0 = at_.chunk * chunk_;
    const uint64_t k_rows = uint64_t(tile.batch) * ceil_div(k_bytes_, kFractalBytes) + k0 / kFractalBytes;
    b_from_ = w_ + (k_rows * n16_ + tile.column) * kFractalBytes;
    b_step_ = uint64_t(chunk_) * n16_;
    a_from_ = a_ + (tile.batch * a_batch_ + tile.row * a_pitch_) * sizeof(T) + k0;
    left_ = k_bytes_ - k0;
    // The columns of two blocks side by side lie one block behind the other.
    n_[0] = tile.m > kBlock ? tile.n : tile.block(0).n, n_[1] = tile.n - n_[0];
    b_second_ = round16(n_[0]) * chunk_;
    m_ = tile.m;
    stale_ = at_.resident && (tile.batch != batch_ || tile.row != row_);
  }

  // The resident chunks of new rows, once all computation that read the old ones is over.
  __attribute__((noinline)) void load_resident() {
    SetFlag<HardEvent::MTE1_MTE2>(int(kResidentId));
    WaitFlag<HardEvent::MTE1_MTE2>(int(kResidentId));
    const uint32_t chunks = at_.end;
    if (l1_.resident == chunks && round16(m_) * chunk_ == l1_.chunk_a)  // all of K in one piece
      load_rows(0, a_from_, k_bytes_);
    else
      for (uint32_t chunk = 0, phase = 0, place = 0; chunk < chunks; ++chunk) {
        if (phase < l1_.resident) load_rows(place++ * l1_.chunk_a, a_from_ + chunk * chunk_, least(chunk_, k_bytes_ - chunk * chunk_));
        phase += l1_.resident;
        if (phase >= chunks) phase -= chunks;
      }
    SetFlag<HardEvent::MTE2_MTE1>(int(kResidentId));
    batch_ = at_.tile.batch, row_ = at_.tile.row;
    stale_ = false;
  }

  // `bytes` of the tile's rows as Nz. Row pitches of more than 16 bits are counted in elements of 4 bytes: ND2NZ moves 32 B at a
  // time, whatever they hold. What is rare stands apart: a launch begins by fetching its code.
  __aicore__ __force_inline__ void load_rows(uint32_t address, uint64_t from, uint32_t bytes) const {
    if (a_pitch_ > 0xffff)
      load_wide_rows(address, from, bytes);
    else
      DataCopy(in_l1<T>(address), in_memory<T>(from), Nd2NzParams(1, uint16_t(m_), uint16_t(bytes / sizeof(T)), 0, uint16_t(a_pitch_), uint16_t(round16(m_)), 1, 0));
  }
  __attribute__((noinline)) void load_wide_rows(uint32_t address, uint64_t from, uint32_t bytes) const {
    const Nd2NzParams p(1, uint16_t(m_), uint16_t(ceil_div(bytes, 4)), 0, uint16_t(a_pitch_ * sizeof(T) / 4), uint16_t(round16(m_)), 1, 0);
    DataCopy(in_l1<float>(address), in_memory<float>(from), p);
  }

  // For each 32 B of K n columns lie together. A gap of more than 16 bits takes a copy for each.
  __aicore__ __force_inline__ void load_weights(uint32_t address, uint64_t from, uint32_t n, uint32_t rows) const {
    const uint32_t gap = n16_ - n;
    if (gap > 0xffff)
      load_weights_by_row(address, from, n, rows);
    else
      DataCopy(in_l1<T>(address), in_memory<T>(from), DataCopyParams(uint16_t(rows), uint16_t(n), uint16_t(gap), uint16_t(round16(n) - n)));
  }
  __attribute__((noinline)) void load_weights_by_row(uint32_t address, uint64_t from, uint32_t n, uint32_t rows) const {
    for (uint32_t row = 0; row < rows; ++row) {
      DataCopy(in_l1<T>(address), in_memory<T>(from), DataCopyParams(1, uint16_t(n), 0, 0));
      address += round16(n) * kFractalBytes, from += uint64_t(n16_) * kFractalBytes;
    }
  }

  template <typename U>
  __aicore__ __force_inline__ static LocalTensor<U> in_l1(uint32_t address) { return {TPosition::A1, address, 0}; }
  template <typename U>
  __aicore__ __force_inline__ static GlobalTensor<U> in_memory(uint64_t address) {
    GlobalTensor<U> tensor;
    tensor.SetGlobalBuffer((__gm__ U*)address);
    return tensor;
  }

  Cursor at_;
  const L1 l1_;
  uint32_t loaded_ = 0, chunk_, k_bytes_, n16_;
  uint32_t left_ = 0, m_ = 0, n_[2] = {0, 0}, b_second_ = 0;   // of the present item
  bool stale_ = false;                                         // its resident rows are not there
  uint64_t a_from_ = 0, b_from_ = 0, b_step_ = 0;
  uint64_t a_, w_, a_pitch_, a_batch_;
  uint32_t batch_ = ~0u, row_ = 0;                             // whose rows are resident
};

}  // namespace matmul

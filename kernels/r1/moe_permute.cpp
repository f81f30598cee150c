// Rows by expert. Entry i = token * k + slot goes to expert ids[i]; entries of the experts first_expert .. first_expert + local_experts - 1
// are ordered by expert and, of one expert, by entry. counts int32 [local_experts]: entries of each. In that order: y int8 = the token's
// row of x, y_scale fp32 = its scale, source int32 = the entry. inverse int32 [tokens, k]: an entry's place, or -1.
// Arguments: ids x scale counts y y_scale source inverse histogram tokens k columns first_expert local_experts. columns: a multiple of 32, up
// to 20480. histogram: workspace int32 [chunks, local_experts in whole blocks of 8], a chunk being 4096 entries. Block dimension:
// vector cores.
//
// Every core sorts the whole chunk (Sort32, MrgSort by -expert, stable): no core waits for another, and a place in the sorted list is
// a place of y. With more than one chunk the cores first count, each its share of the experts, and meet at a barrier of all cores;
// then an expert's place in a chunk starts behind its entries in the chunks before. The barrier also comes where some entries are
// not local, between filling inverse with -1 and the places.
//   V: ids -> expert, as fp32; counts = n - sum of min(|expert - e|, 1); sort
//   S: pairs of the core's equal share of the local entries; MTE2: row of x -> ring [0 .. 3]   MTE3: ring -> y, places -> inverse,
//      pieces of up to 64 of y_scale and source
//   UB: | expert 16 KiB | entry 16 KiB | sort A, B 32 KiB each | ring 4 rows | histogram | pieces |
// Operations: none that count. Bytes: 2 x columns + 16 an entry.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kChunk = 4096, kRing = 4, kPiece = 64, kBlock = 8;

struct Arguments {
  GM_ADDR ids;
  GM_ADDR x;
  GM_ADDR scale;
  GM_ADDR counts;
  GM_ADDR y;
  GM_ADDR y_scale;
  GM_ADDR source;
  GM_ADDR inverse;
  GM_ADDR histogram;
  uint32_t tokens, k, columns, first_expert, local_experts;
};

class MoePermute {
 public:
  __aicore__ __force_inline__ explicit MoePermute(const Arguments& a)
      : k_(a.k), columns_(a.columns), entries_(a.tokens * a.k), first_expert_(a.first_expert), experts_(a.local_experts), pitch_(round_up(a.local_experts, kBlock)),
        chunks_(ceil_div(a.tokens * a.k, kChunk)), core_(uint32_t(GetBlockIdx())), cores_(uint32_t(GetBlockNum())) {
    ids_.SetGlobalBuffer((__gm__ int32_t*)a.ids);
    x_.SetGlobalBuffer((__gm__ int8_t*)a.x);
    scale_.SetGlobalBuffer((__gm__ float*)a.scale);
    counts_.SetGlobalBuffer((__gm__ int32_t*)a.counts);
    y_.SetGlobalBuffer((__gm__ int8_t*)a.y);
    y_scale_.SetGlobalBuffer((__gm__ float*)a.y_scale);
    source_.SetGlobalBuffer((__gm__ int32_t*)a.source);
    inverse_.SetGlobalBuffer((__gm__ int32_t*)a.inverse);
    histogram_.SetGlobalBuffer((__gm__ int32_t*)a.histogram);
  }

  __aicore__ __force_inline__ void run() {
    place();
    ArithProgression(entry_, int32_t(0), int32_t(1), int32_t(kChunk));
    barrier();
    const uint32_t local = count_experts();
    if (chunks_ > 1 || local < entries_) {
      clear_inverse();
      SyncAll();
    }
    if (chunks_ > 1) load_histogram();
    for (uint32_t s = 0; s < kRing; ++s) SetFlag<HardEvent::MTE3_MTE2>(int(s));
    for (uint32_t q = 0; q < chunks_; ++q) {
      if (chunks_ > 1) load_experts(q);
      sort(entries_of(q));
      move_share(q, chunks_ > 1 ? local_of(q) : local);
      if (chunks_ > 1) advance(q);
    }
    for (uint32_t s = 0; s < kRing; ++s) WaitFlag<HardEvent::MTE3_MTE2>(int(s));
  }

 private:
  __aicore__ __force_inline__ void place() {
    Space space;
    expert_ = space.place<float>(kChunk), entry_ = space.place<int32_t>(kChunk);
    sorted_ = space.place<float>(2 * kChunk), spare_ = space.place<float>(2 * kChunk);
    for (auto& slot : ring_) slot = space.place<int8_t>(columns_);
    table_ = space.place<int32_t>(pitch_ + kBlock), row_of_table_ = space.place<int32_t>(pitch_ + kBlock);
    own_ = space.place<int32_t>(pitch_ + kBlock);
    result_ = space.place<float>(kLanes), bits_ = space.place<uint8_t>(kChunk / 8);
    scales_ = space.place<float>(kPiece), sources_ = space.place<int32_t>(kPiece), places_ = space.place<int32_t>(kPiece * kBlock);
  }
  __aicore__ __force_inline__ uint32_t entries_of(uint32_t q) const { return least(kChunk, entries_ - q * kChunk); }

  // Scalar reads after the vector unit, vector operations after scalar reads or writes.
  static __aicore__ __force_inline__ void scalar_after_vector() {
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
  }
  static __aicore__ __force_inline__ void vector_after_scalar() {
    SetFlag<HardEvent::S_V>(0);
    WaitFlag<HardEvent::S_V>(0);
  }

  // expert_: the local number of each entry's expert; experts_ if it is not local, experts_ + 1 behind the chunk's end.
  __aicore__ __force_inline__ void load_experts(uint32_t q) const {
    const uint32_t n = entries_of(q), last = n / kLanes * kLanes, whole = round_up(n, kPitchUnit);
    const LocalTensor<int32_t> raw = spare_.ReinterpretCast<int32_t>();
    const LocalTensor<float> other = spare_[kChunk];
    SetFlag<HardEvent::V_MTE2>(0);
    WaitFlag<HardEvent::V_MTE2>(0);
    load_rows(raw, ids_[q * kChunk], 1, n, kChunk, n);
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    Adds(raw, raw, -int32_t(first_expert_), int32_t(n)), barrier();
    Cast(expert_, raw, RoundMode::CAST_RINT, n), Duplicate(other, float(experts_), int32_t(whole)), barrier();
    Mins(expert_, expert_, float(experts_), int32_t(n)), barrier();
    CompareScalar(bits_, expert_, 0.0f, CMPMODE::LT, whole), barrier();
    Select(expert_, bits_, other, expert_, SELMODE::VSEL_TENSOR_TENSOR_MODE, n), barrier();
    if (n > last) {
      const uint64_t behind[2] = {~0ull << (n - last), 0};
      Duplicate(expert_[last], float(experts_ + 1), behind, 1, 1, 8);
      ResetMask();
    }
    const uint32_t filled = round_up(n, kLanes);
    if (whole > filled) Duplicate(expert_[filled], float(experts_ + 1), int32_t(whole - filled));
    barrier();
  }

  // Entries of the chunk in expert_ that have this number.
  __aicore__ __force_inline__ uint32_t count(uint32_t n, uint32_t expert) const {
    uint32_t width = round_up(n, kPitchUnit);
    const uint32_t all = width;
    Adds(spare_, expert_, -float(expert), int32_t(width)), barrier();
    Abs(spare_, spare_, int32_t(width)), barrier();
    Mins(spare_, spare_, 1.0f, int32_t(width)), barrier();
    for (; width > kLanes; width /= kBlock) by_blocks<Total>(spare_, spare_, width), barrier();
    WholeReduceSum<float>(result_, spare_, int32_t(width), 1, 1, 1, 8);
    ResetMask();
    scalar_after_vector();
    return all - uint32_t(result_.GetValue(0));
  }

  // counts and, of more than one chunk, the histogram, for this core's share of the experts. Returns the local entries of a single chunk.
  __aicore__ __force_inline__ uint32_t count_experts() const {
    const uint32_t begin = experts_ * core_ / cores_, end = experts_ * (core_ + 1) / cores_, n = end - begin;
    uint32_t local = 0;
    for (uint32_t e = 0; e < n; ++e) table_.SetValue(e, 0);
    for (uint32_t q = 0; q < chunks_; ++q) {
      load_experts(q);
      for (uint32_t e = 0; e < n; ++e) {
        const int32_t found = int32_t(count(entries_of(q), begin + e));
        own_.SetValue(e, found);
        table_.SetValue(e, table_.GetValue(e) + found);
      }
      if (chunks_ == 1) local = entries_ - count(entries_, experts_);
      if (chunks_ > 1 && n) write(histogram_[q * pitch_ + begin], own_, n);
    }
    if (n) write(counts_[begin], table_, n);
    return local;
  }
  // n values that the scalar unit wrote; it may write there again afterwards.
  template <typename T>
  static __aicore__ __force_inline__ void write(const GlobalTensor<T>& to, const LocalTensor<T>& from, uint32_t n) {
    SetFlag<HardEvent::S_MTE3>(0);
    WaitFlag<HardEvent::S_MTE3>(0);
    store_rows(to, from, 1, n, round_up(n, kBlock), n);
    SetFlag<HardEvent::MTE3_S>(0);
    WaitFlag<HardEvent::MTE3_S>(0);
  }

  __aicore__ __force_inline__ void clear_inverse() const {
    const LocalTensor<int32_t> none = spare_.ReinterpretCast<int32_t>();
    const uint32_t begin = uint32_t(uint64_t(entries_) * core_ / cores_), end = uint32_t(uint64_t(entries_) * (core_ + 1) / cores_);
    Duplicate(none, -1, int32_t(kChunk));
    SetFlag<HardEvent::V_MTE3>(0);
    WaitFlag<HardEvent::V_MTE3>(0);
    for (uint32_t at = begin; at < end; at += kChunk) store_rows(inverse_[at], none, 1, least(kChunk, end - at), kChunk, kChunk);
    SetFlag<HardEvent::MTE3_V>(0);
    WaitFlag<HardEvent::MTE3_V>(0);
  }

  // table_: each expert's first place. A sum over the chunks by the vector unit, one over the experts by the scalar unit.
  __aicore__ __force_inline__ void load_histogram() const {
    Duplicate(table_, 0, int32_t(pitch_));
    barrier();
    for (uint32_t q = 0; q < chunks_; ++q) advance(q);
    scalar_after_vector();
    int32_t first = 0;
    for (uint32_t e = 0; e < experts_; ++e) {
      const int32_t here = table_.GetValue(e);
      table_.SetValue(e, first);
      first += here;
    }
    vector_after_scalar();
  }
  // table_ += the histogram of chunk q.
  __aicore__ __force_inline__ void advance(uint32_t q) const {
    SetFlag<HardEvent::V_MTE2>(0);
    WaitFlag<HardEvent::V_MTE2>(0);
    DataCopy(row_of_table_, histogram_[q * pitch_], pitch_);
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    vector_after_scalar();
    Add(table_, table_, row_of_table_, int32_t(experts_)), barrier();
    scalar_after_vector();
  }
  __aicore__ __force_inline__ uint32_t local_of(uint32_t q) const { return lower_bound(entries_of(q), experts_); }

  // sorted_: pairs (-expert, entry of the chunk), by expert, of one expert by entry. The scalar unit may read them then.
  __aicore__ __force_inline__ void sort(uint32_t n) const {
    const uint32_t groups = round_up(n, kPitchUnit) / 32;
    Muls(expert_, expert_, -1.0f, int32_t(groups * 32)), barrier();
    LocalTensor<float> spare = spare_;
    Sort<float, true>(sorted_, expert_, entry_.ReinterpretCast<uint32_t>(), spare, int32_t(groups));
    barrier();
    scalar_after_vector();
  }
  __aicore__ __force_inline__ uint32_t expert_at(uint32_t s) const { return uint32_t(int32_t(-sorted_.GetValue(2 * s))); }
  // The first of n sorted pairs whose expert is not below this one.
  __aicore__ __force_inline__ uint32_t lower_bound(uint32_t n, uint32_t expert) const {
    uint32_t low = 0;
    for (uint32_t left = n; left;) {
      const uint32_t half = left / 2;
      if (expert_at(low + half) < expert)
        low += half + 1, left -= half + 1;
      else
        left = half;
    }
    return low;
  }

  // This core's share of the chunk's local entries, in pieces of neighbouring places.
  __aicore__ __force_inline__ void move_share(uint32_t q, uint32_t local) {
    const uint32_t begin = uint32_t(uint64_t(local) * core_ / cores_);
    uint32_t end = uint32_t(uint64_t(local) * (core_ + 1) / cores_);
#ifdef BROKEN_LAST_ROW
    if (end == local && end > begin) --end;
#endif
    if (chunks_ == 1) {
      for (uint32_t s = begin; s < end; s += kPiece) move(q, s, least(kPiece, end - s), s);
      return;
    }
    for (uint32_t s = begin; s < end;) {
      const uint32_t expert = expert_at(s), first = s == begin ? lower_bound(local, expert) : s;
      const uint32_t after = least(end, lower_bound(local, expert + 1)), at = uint32_t(table_.GetValue(expert));
      for (; s < after; s += least(kPiece, after - s)) move(q, s, least(kPiece, after - s), at + s - first);
    }
  }

  // n sorted pairs from s on to the places from `at` on.
  __aicore__ __force_inline__ void move(uint32_t q, uint32_t s, uint32_t n, uint32_t at) {
    const LocalTensor<int32_t> pairs = sorted_.ReinterpretCast<int32_t>();
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t entry = q * kChunk + uint32_t(pairs.GetValue(2 * (s + i) + 1)), token = entry / k_;
      WaitFlag<HardEvent::MTE3_MTE2>(int(slot_));
      DataCopy(ring_[slot_], x_[uint64_t(token) * columns_], columns_);
      SetFlag<HardEvent::MTE2_MTE3>(int(slot_));
      WaitFlag<HardEvent::MTE2_MTE3>(int(slot_));
      DataCopy(y_[uint64_t(at + i) * columns_], ring_[slot_], columns_);
      SetFlag<HardEvent::MTE3_MTE2>(int(slot_));
      slot_ = (slot_ + 1) % kRing;
      scales_.SetValue(i, scale_.GetValue(token));
      sources_.SetValue(i, int32_t(entry));
      places_.SetValue(i * kBlock, int32_t(at + i));
    }
    SetFlag<HardEvent::S_MTE3>(0);
    WaitFlag<HardEvent::S_MTE3>(0);
    store_rows(y_scale_[at], scales_, 1, n, kPiece, n);
    store_rows(source_[at], sources_, 1, n, kPiece, n);
    for (uint32_t i = 0; i < n; ++i) store_rows(inverse_[uint32_t(sources_.GetValue(i))], places_[i * kBlock], 1, 1, kBlock, 1);
    SetFlag<HardEvent::MTE3_S>(0);
    WaitFlag<HardEvent::MTE3_S>(0);
  }

  GlobalTensor<int32_t> ids_, counts_, source_, inverse_, histogram_;
  GlobalTensor<int8_t> x_, y_;
  GlobalTensor<float> scale_, y_scale_;
  uint32_t k_, columns_, entries_, first_expert_, experts_, pitch_, chunks_, core_, cores_, slot_ = 0;
  LocalTensor<float> expert_, sorted_, spare_, result_, scales_;
  LocalTensor<int32_t> entry_, table_, row_of_table_, own_, sources_, places_;
  LocalTensor<uint8_t> bits_;
  LocalTensor<int8_t> ring_[kRing];
};

}  // namespace

extern "C" __global__ __aicore__ void moe_permute(GM_ADDR ids, GM_ADDR x, GM_ADDR scale, GM_ADDR counts, GM_ADDR y, GM_ADDR y_scale, GM_ADDR source,
                                                  GM_ADDR inverse, GM_ADDR histogram, uint32_t tokens, uint32_t k, uint32_t columns, uint32_t first_expert,
                                                  uint32_t local_experts) {
  if ASCEND_IS_AIV {
    MoePermute kernel({ids, x, scale, counts, y, y_scale, source, inverse, histogram, tokens, k, columns, first_expert, local_experts});
    kernel.run();
  }
}

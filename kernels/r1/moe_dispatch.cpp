// Dispatch: each token's int8 row, with its scale, to the dies of its k experts; then what the other dies sent here, gathered by expert.
//
// Arguments: ids int32 [tokens, k] (experts), x int8 [tokens, columns], scale fp32 [tokens], window (ours, dies.h), peers, peer_stride (the
//   others'), rank, dies, epoch, tokens, k, columns, local_experts (a die's; die d has experts d * local_experts ..) ->
//   y int8 [rows, columns], y_scale fp32 [rows], origin int32 [rows] (sender * tokens * k + token * k + slot: what combine needs),
//   counts int32 [local_experts]; rows by expert, of one expert by sender, of one sender by entry.
// Block dimension: vector cores, any number.
//
//   window: | lists [dies] | rows [dies][slots][row_stride] |     slots = tokens * min(k, local_experts): as many as one die can send another
//     a list: epoch, then where each expert's rows begin among the sender's, then their number: a power of two of 64 B to 512 B, so that it
//     comes whole and is its own flag. a row: x, then 32 B with the scale, 32 B with the origin.
//
//   1 every core sorts all entries by (expert, entry), so that no core waits for another: at most 4096 entries
//        ids -> key = expert * P + entry -> Sort32, MrgSort      UB: | keys | ids | scores | pairs | merged | scales | ring of rows |
//   2 core c sends the sorted entries c n / cores ..: MTE2 x -> ring -> MTE3 to the place in the die's window
//   3 SyncAll; the lists go out, those of all dies are awaited
//   4 sums of the lists over the senders before each (vector): where (expert, sender) begins in y; core c copies its share of the rows,
//        MTE2 window -> ring -> MTE3 y, y_scale, origin
// Bytes over the fabric: tokens x k x (columns + 64) each way, less the share of the die itself. Operations: none.
#include "dies.h"

namespace {

using namespace AscendC;
using namespace dies;

constexpr uint32_t kTrailer = 64, kEntries = 4096, kLine = 512;
constexpr uint32_t kKeys = 0, kIds = kKeys + kEntries * 4, kScores = kIds + kEntries * 4, kPairs = kScores + kEntries * 4, kMerged = kPairs + kEntries * 8,
                   kScales = kMerged + kEntries * 8, kFirstRing = kScales + kEntries * 4;

struct Arguments {
  Group group;
  uint64_t x, y, y_scale, origin, counts;
  uint32_t tokens, k, columns, local_experts;
};

class Dispatch : Arguments {
 public:
  __aicore__ __force_inline__ explicit Dispatch(const Arguments& arguments) : Arguments(arguments) {}

  __aicore__ __force_inline__ void run(uint64_t ids, uint64_t scale) {
    entries_ = tokens * k;
    slots_ = tokens * (k < local_experts ? k : local_experts);
    bits_ = 0;
    while ((1u << bits_) < entries_) ++bits_;
    words_ = kFlagBytes / 4;
    while (words_ < local_experts + 2) words_ *= 2;
    row_bytes_ = columns + kTrailer;
    row_stride_ = (row_bytes_ + kLine - 1) & ~(kLine - 1);
    sort(ids, scale);
    send();
    SyncAll();
    send_lists();
    await_flags(group, words_ * 4);
    receive();
  }

 private:
  __aicore__ __force_inline__ uint64_t rows_at(uint32_t die, uint32_t sender) const {
    return group.window(die) + ((uint64_t(group.dies) * words_ * 4 + kLine - 1) & ~uint64_t(kLine - 1)) + uint64_t(sender) * slots_ * row_stride_;
  }

  // The sorted keys, negative (the sort is descending), in UB as int32; the scales behind them.
  __aicore__ __force_inline__ void sort(uint64_t ids_at, uint64_t scale_at) {
    const uint32_t padded = (entries_ + 31) & ~31u, experts = local_experts * group.dies;
    const LocalTensor<int32_t> ids = local<int32_t>(kIds, padded);
    const LocalTensor<float> scores = local<float>(kScores, padded), pairs = local<float>(kPairs, 2 * padded);
    LocalTensor<float> merged = local<float>(kMerged, 2 * padded);
    fetch(kScales, scale_at, tokens * 4);
    fetch_for_scalars(kIds, ids_at, entries_ * 4);
    for (uint32_t i = entries_; i < padded; ++i) ids.SetValue(i, int32_t(experts));  // behind every real one
    SetFlag<HardEvent::S_V>(EVENT_ID0);
    WaitFlag<HardEvent::S_V>(EVENT_ID0);
    Cast(scores, ids, RoundMode::CAST_NONE, int32_t(padded));
    ArithProgression(merged, 0.0f, -1.0f, int32_t(padded));
    PipeBarrier<PIPE_V>();
    Muls(scores, scores, -float(1u << bits_), int32_t(padded));
    PipeBarrier<PIPE_V>();
    Add(scores, scores, merged, int32_t(padded));
    PipeBarrier<PIPE_V>();
    Sort<float, true>(pairs, scores, ids.ReinterpretCast<uint32_t>(), merged, int32_t(padded / 32));
    PipeBarrier<PIPE_V>();
    Extract(scores, ids.ReinterpretCast<uint32_t>(), pairs, int32_t(padded / 32));
    PipeBarrier<PIPE_V>();
    Cast(local<int32_t>(kKeys, padded), scores, RoundMode::CAST_RINT, int32_t(padded));
    SetFlag<HardEvent::V_S>(EVENT_ID0);
    WaitFlag<HardEvent::V_S>(EVENT_ID0);
  }
  __aicore__ __force_inline__ uint32_t key(uint32_t place) const { return uint32_t(-local<int32_t>(kKeys, kEntries).GetValue(place)); }
  // The first place at or behind `low` whose expert is not below `expert`.
  __aicore__ __force_inline__ uint32_t place_of(uint32_t expert, uint32_t low) const {
    uint32_t high = entries_;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (key(middle) < expert << bits_) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  __aicore__ __force_inline__ void send() {
    Share share(entries_);
#ifdef BROKEN_LAST_ROW
    if (share.last == entries_) --share.last;
#endif
    if (share.first >= share.last) return prepare_lists();
    Ring ring(kFirstRing, row_bytes_, (kUbBytes - kFirstRing) / row_bytes_);
    uint32_t die = (key(share.first) >> bits_) / local_experts, begin = place_of(die * local_experts, 0);
    for (uint32_t place = share.first; place < share.last; ++place) {
      const uint32_t entry = key(place) & ((1u << bits_) - 1), token = entry / k;
      while (key(place) >> bits_ >= (die + 1) * local_experts) begin = place, ++die;
      const uint32_t row = ring.take();
      fetch(row, x + uint64_t(token) * columns, columns);
      local<float>(row + columns, 8).SetValue(0, local<float>(kScales, tokens).GetValue(token));
      local<int32_t>(row + columns + 32, 8).SetValue(0, int32_t(group.rank * entries_ + entry));
      ring.filled(true);
      put(rows_at(die, group.rank) + uint64_t(place - begin) * row_stride_, row, row_bytes_);
      ring.give();
    }
    prepare_lists();  // while the rows travel
    ring.drain();
  }

  // The lists of the dies that this core tells, one after another in UB, in the scores' place.
  __aicore__ __force_inline__ void prepare_lists() const {
    uint32_t at = 0;
    for (uint32_t die = uint32_t(GetBlockIdx()); die < group.dies; die += uint32_t(GetBlockNum()), at += words_) {
      const LocalTensor<int32_t> list = local<int32_t>(kScores + at * 4, words_);
      const uint32_t begin = place_of(die * local_experts, 0);
      list.SetValue(0, int32_t(group.epoch));
      for (uint32_t e = 0, place = begin; e <= local_experts; ++e) {
        list.SetValue(e + 1, int32_t(place - begin));
        if (e < local_experts) place = place_of(die * local_experts + e + 1, place);
      }
    }
  }
  __aicore__ __force_inline__ void send_lists() const {
    SetFlag<HardEvent::S_MTE3>(EVENT_ID0);  // the ring, which has all flags of this kind, is drained
    WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
    uint32_t at = 0;
    for (uint32_t die = uint32_t(GetBlockIdx()); die < group.dies; die += uint32_t(GetBlockNum()), at += words_)
      put(group.window(die) + group.rank * words_ * 4, kScores + at * 4, (local_experts + 2) * 4);
    PipeBarrier<PIPE_ALL>();
  }

  // begins_[s][e]: the list of sender s; sums_[s][e]: those of senders 0 .. s added, which for the last one is where expert e begins in y.
  __aicore__ __force_inline__ void add_lists(uint32_t at) {
    const uint32_t n = group.dies * words_;
    begins_ = local<int32_t>(at, n);
    LocalTensor<int32_t> from = begins_, to = local<int32_t>(at + n * 4, n);
    fetch(at, group.mine, n * 4);
    SetFlag<HardEvent::MTE2_V>(EVENT_ID0);
    WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
    for (uint32_t step = 1, next = 2; step < group.dies; step *= 2, ++next) {
      const uint32_t shift = step * words_;
      DataCopy(to, from, shift);
      Add(to[shift], from[shift], from, int32_t(n - shift));
      PipeBarrier<PIPE_V>();
      from = to, to = local<int32_t>(at + (2 - next % 2) * n * 4, n);
    }
    sums_ = from;
    SetFlag<HardEvent::V_S>(EVENT_ID0);
    WaitFlag<HardEvent::V_S>(EVENT_ID0);
  }
  // The row of y where expert e begins; of its rows, how many come from senders before s.
  __aicore__ __force_inline__ uint32_t row_of(uint32_t e) const { return uint32_t(sums_.GetValue((group.dies - 1) * words_ + 1 + e)); }
  __aicore__ __force_inline__ uint32_t before(uint32_t e, uint32_t s) const {
    return s == 0 ? 0 : uint32_t(sums_.GetValue((s - 1) * words_ + 2 + e) - sums_.GetValue((s - 1) * words_ + 1 + e));
  }

  __aicore__ __force_inline__ void receive() {
    const uint32_t lists = group.dies * words_ * 4, counts_at = 3 * lists, ring_at = counts_at + 32;
    add_lists(0);
    write_counts(counts_at);
    const Share share(row_of(local_experts));
    if (share.first < share.last) {
      const uint32_t slot = (kUbBytes - ring_at) / 8 & ~31u, slot_rows = slot / row_bytes_;
      Ring ring(ring_at, slot, 8);
      const uint32_t e = last_at_or_below(0, local_experts, share.first, [&](uint32_t i) { return row_of(i); });
      const uint32_t s = last_at_or_below(0, group.dies, share.first - row_of(e), [&](uint32_t i) { return before(e, i); });
      walk(ring, e, s, share, slot_rows);
      ring.drain();
    }
    PipeBarrier<PIPE_ALL>();
  }
  // Rows y[share], from those of sender s for expert e on.
  __aicore__ __force_inline__ void walk(Ring& ring, uint32_t e, uint32_t s, const Share& share, uint32_t slot_rows) const {
    uint32_t row = row_of(e) + before(e, s);
    for (; row < share.last; s = 0, ++e)
      for (; s < group.dies && row < share.last; ++s) {
        const uint32_t begin = uint32_t(begins_.GetValue(s * words_ + 1 + e)), n = uint32_t(begins_.GetValue(s * words_ + 2 + e)) - begin;
        if (n) copy(ring, s, begin, row, n, share, slot_rows);
        row += n;
      }
  }
  // The last i of low .. high - 1 whose value is not above `wanted`; values ascend, the first is not above.
  template <typename Value>
  __aicore__ __force_inline__ uint32_t last_at_or_below(uint32_t low, uint32_t high, uint32_t wanted, Value value) const {
    while (high - low > 1) {
      const uint32_t middle = (low + high) / 2;
      if (value(middle) <= wanted) low = middle;
      else high = middle;
    }
    return low;
  }
  __aicore__ __force_inline__ void write_counts(uint32_t at) const {
    for (uint32_t e = uint32_t(GetBlockIdx()); e < local_experts; e += uint32_t(GetBlockNum())) {
      local<int32_t>(at, 8).SetValue(0, int32_t(row_of(e + 1) - row_of(e)));
      SetFlag<HardEvent::S_MTE3>(EVENT_ID0);
      WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
      put(counts + e * 4, at, 4);
      SetFlag<HardEvent::MTE3_S>(EVENT_ID0);
      WaitFlag<HardEvent::MTE3_S>(EVENT_ID0);
    }
  }
  // Of the n rows that lie in the sender's region from `from` on and go to y from `row` on: those of this core's share.
  __aicore__ __force_inline__ void copy(Ring& ring, uint32_t sender, uint32_t from, uint32_t row, uint32_t n, const Share& share, uint32_t slot_rows) const {
    uint32_t low = row > share.first ? row : share.first;
    const uint32_t high = row + n < share.last ? row + n : share.last;
    for (uint32_t rows; low < high; low += rows) {
      rows = high - low < slot_rows ? high - low : slot_rows;
      const uint32_t at = ring.take();
      fetch(at, rows_at(group.rank, sender) + uint64_t(from + low - row) * row_stride_, row_bytes_, rows, row_stride_ - row_bytes_);
      ring.filled(false);
      put(y + uint64_t(low) * columns, at, columns, rows, kTrailer / 32);
      put(y_scale + low * 4, at + columns, 4, rows, row_bytes_ / 32 - 1);
      put(origin + low * 4, at + columns + 32, 4, rows, row_bytes_ / 32 - 1);
      ring.give();
    }
  }

  LocalTensor<int32_t> begins_, sums_;
  uint32_t entries_, slots_, bits_, words_, row_bytes_, row_stride_;
};

}  // namespace

extern "C" __global__ __aicore__ void moe_dispatch(GM_ADDR ids, GM_ADDR x, GM_ADDR scale, GM_ADDR window, GM_ADDR peers, uint64_t peer_stride, GM_ADDR y, GM_ADDR y_scale,
                                                   GM_ADDR origin, GM_ADDR counts, uint32_t rank, uint32_t dies, uint32_t epoch, uint32_t tokens, uint32_t k,
                                                   uint32_t columns, uint32_t local_experts) {
  if ASCEND_IS_AIV {
    Dispatch kernel({{uint64_t(window), uint64_t(peers), peer_stride, rank, dies, epoch}, uint64_t(x), uint64_t(y), uint64_t(y_scale), uint64_t(origin), uint64_t(counts),
                    tokens, k, columns, local_experts});
    kernel.run(uint64_t(ids), uint64_t(scale));
  }
}

// Dispatch: each token's int8 row, with its scale, to the dies of its k experts; then what the other dies sent here, gathered by expert.
//
// Arguments: ids int32 [tokens, k] (experts), x int8 [tokens, columns], scale fp32 [tokens], window (ours, dies.h), peers, peer_stride (the
//   others'), rank, dies, epoch, tokens, k, columns, local_experts (a die's; die d has experts d * local_experts ..) ->
//   y int8 [rows, columns], y_scale fp32 [rows], origin int32 [rows] (sender * tokens * k + token * k + slot: what combine needs),
//   counts int32 [local_experts]; rows by expert, of one expert by sender, of one sender by entry.
// Block dimension: vector cores, any number.
//
//   (slots = tokens * min(k, local_experts): as many as one die can send another)
//   window: | flags | counts int32 [dies][words] | rows [dies][slots][row_stride] |     a row: x, then 32 B with the scale, 32 B with the origin
//
//   1 every core sorts all entries by (expert, entry), so that no core waits for another: at most 4096 entries
//        ids -> key = expert * P + entry -> Sort32, MrgSort      UB: | keys | ids | scores | pairs | merged | scales | ring of rows |
//   2 core c sends the sorted entries c n / cores ..: MTE2 x -> ring -> MTE3 to the place in the die's window
//   3 SyncAll; die d's counts, then its flag
//   4 all flags awaited; core c copies its share of the rows from the window: MTE2 -> ring -> MTE3 y, y_scale, origin
// Bytes over the fabric: tokens x k x (columns + 64) each way, less the share of the die itself. Operations: none.
#include "dies.h"

namespace {

using namespace AscendC;
using namespace dies;

constexpr uint32_t kTrailer = 64, kEntries = 4096, kDies = 512, kLine = 512;
constexpr uint32_t kKeys = 0, kIds = kKeys + kEntries * 4, kScores = kIds + kEntries * 4, kPairs = kScores + kEntries * 4, kMerged = kPairs + kEntries * 8,
                   kScales = kMerged + kEntries * 8, kFirstRing = kScales + kEntries * 4;
constexpr uint32_t kUbBytes = 192 * 1024;

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
    words_ = (local_experts + 1 + 7) & ~7u;
    row_bytes_ = columns + kTrailer;
    row_stride_ = (row_bytes_ + kLine - 1) & ~(kLine - 1);
    sort(ids, scale);
    send();
    prepare_counts();
    raise_flags(group, [&](uint32_t die) { send_counts(die); });
    await_flags(group);
    receive();
  }

 private:
  __aicore__ __force_inline__ uint64_t counts_at(uint32_t die, uint32_t sender) const {
    return group.window(die) + group.dies * kFlagBytes + uint64_t(sender) * words_ * 4;
  }
  __aicore__ __force_inline__ uint64_t rows_at(uint32_t die, uint32_t sender) const {
    const uint64_t head = (uint64_t(group.dies) * (kFlagBytes + words_ * 4) + kLine - 1) & ~uint64_t(kLine - 1);
    return group.window(die) + head + uint64_t(sender) * slots_ * row_stride_;
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
    if (share.first >= share.last) return;
    const uint32_t slot = (row_bytes_ + 31) & ~31u;
    Ring ring(kFirstRing, slot, (kUbBytes - kFirstRing) / slot);
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
    ring.drain();
  }

  // The counts of the dies whose flags this core writes, one after another in UB, each with its sum behind; in the scores' place.
  __aicore__ __force_inline__ void prepare_counts() const {
    uint32_t at = 0;
    for (uint32_t die = uint32_t(GetBlockIdx()); die < group.dies; die += uint32_t(GetBlockNum()), at += words_) {
      const LocalTensor<int32_t> list = local<int32_t>(kScores + at * 4, words_);
      const uint32_t begin = place_of(die * local_experts, 0);
      uint32_t low = begin;
      for (uint32_t e = 0; e < local_experts; ++e) {
        const uint32_t next = place_of(die * local_experts + e + 1, low);
        list.SetValue(e, int32_t(next - low));
        low = next;
      }
      list.SetValue(local_experts, int32_t(low - begin));
    }
    SetFlag<HardEvent::S_MTE3>(EVENT_ID0);
    WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
  }
  __aicore__ __force_inline__ void send_counts(uint32_t die) const {
    put(counts_at(die, group.rank), kScores + die / uint32_t(GetBlockNum()) * words_ * 4, words_ * 4);
    SetFlag<HardEvent::MTE3_S>(EVENT_ID0);
    WaitFlag<HardEvent::MTE3_S>(EVENT_ID0);
  }

  __aicore__ __force_inline__ void receive() {
    const uint32_t table = 0, lists = group.dies * words_ * 4;
    fetch_for_scalars(table, counts_at(group.rank, 0), lists);
    const LocalTensor<int32_t> count = local<int32_t>(table, group.dies * words_);
    uint32_t begin[kDies], total = 0;
    for (uint32_t sender = 0; sender < group.dies; ++sender) {
      begin[sender] = 0;
      total += uint32_t(count.GetValue(sender * words_ + local_experts));
    }
    const Share share(total);
    const bool last_core = GetBlockIdx() + 1 == GetBlockNum();  // it walks all of them anyway
    const uint32_t sums = (lists + 31) & ~31u, ring_at = sums + words_ * 4;
    const uint32_t slot = (kUbBytes - ring_at) / 8 & ~31u, slot_rows = slot / row_bytes_;
    Ring ring(ring_at, slot, 8);
    uint32_t row = 0;
    for (uint32_t e = 0; e < local_experts && (row < share.last || last_core); ++e) {
      const uint32_t before = row;
      for (uint32_t sender = 0; sender < group.dies; ++sender) {
        const uint32_t n = uint32_t(count.GetValue(sender * words_ + e));
        if (n == 0) continue;
        copy(ring, sender, begin[sender], row, n, share, slot_rows);
        begin[sender] += n, row += n;
      }
      if (last_core) local<int32_t>(sums, words_).SetValue(e, int32_t(row - before));
    }
    if (last_core) {
      SetFlag<HardEvent::S_MTE3>(EVENT_ID0);
      WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
      put(counts, sums, local_experts * 4);
    }
    ring.drain();
    PipeBarrier<PIPE_ALL>();
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

// Logits to tokens. Logits fp32 or bf16 [rows, vocab], vocab up to 262144; token int32 [rows]. Block dimension: vector cores; a row is
// one core's.
//
// | kernel           | arguments                                                                | token                        |
// |------------------|--------------------------------------------------------------------------|------------------------------|
// | argmax_<type>    | logits token rows vocab                                                  | the first largest            |
// | sample_<type>    | logits token uniform rows vocab inverse_temperature top_k top_p          | drawn; top_k up to 512, 0: off |
//
// One pass over the row leaves the largest of every 64 logits ("window"); the answer needs little more:
//   MTE2: 8192 logits -> in [0 | 1]    V: [fp32], largest of blocks of 8, of windows -> M
//   argmax: the first largest of M, then of its window, loaded again.
//   sample: the k largest logits lie in the k windows of the largest M (sorted, of equals the earlier), and of these in the 8-blocks of
//     the k largest block maxima: sort M; load k windows, sort their 8 k block maxima; load k blocks, sort their 8 k logits. All sorts
//     are stable and their operands in ascending order, so that of equals the lower index comes first. Then p = exp((v - v[0]) / temperature), the shortest prefix with at
//     least top_p of the sum, and its first element whose cumulative p exceeds uniform x the prefix: by block sums, then in a block.
//   sample with top_k = 0: the nucleus is every logit from a threshold on, and the token is drawn from it in the order of the vocabulary. A pass gives the
//     row's total mass; where the 512 largest logits reach top_p of it, they give the threshold, otherwise it is bisected, a pass over the
//     row (from the L2) for each step, some 25 of them. The last pass leaves the masses of the windows, through which the draw descends.
//   UB: | in 2 x 32 KiB (windows, blocks) | values 16 KiB | places 16 KiB | sort A, B 32 KiB each | fp32 of bf16 32 KiB | small |
// Operations: 1 a logit. Bytes: the logits once, 4 or 8 a row.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kChunk = 8192, kWindow = 64, kBlock = 8, kMostCandidates = 512, kSortGroup = 32;
constexpr uint32_t kMostValues = 4096;    // that are sorted: windows of a row, or blocks of candidates
constexpr uint32_t kBatch = 128;          // windows loaded at a time
constexpr float kLowest = -__builtin_inff();  // what stands behind a row's end
#ifdef BROKEN_LAST_CHUNK
constexpr uint32_t kDroppedLogits = 16;
#else
constexpr uint32_t kDroppedLogits = 0;
#endif

struct Sampling {
  float inverse_temperature, top_p;
  uint32_t top_k;
};

template <typename T>
class Rows {
  static constexpr bool kWide = std::is_same_v<T, float>;
  static constexpr uint32_t kPerBlock = 32 / sizeof(T);

 public:
  __aicore__ __force_inline__ Rows(GM_ADDR logits, GM_ADDR token, GM_ADDR uniform, uint32_t rows, uint32_t vocab) : rows_(rows), vocab_(vocab) {
    logits_.SetGlobalBuffer((__gm__ T*)logits);
    token_.SetGlobalBuffer((__gm__ int32_t*)token);
    uniform_.SetGlobalBuffer((__gm__ float*)uniform);
    Space space;
    for (uint32_t b = 0; b < 2; ++b) in_[b] = space.place<T>(kChunk);
    wide_ = kWide ? in_[0].template ReinterpretCast<float>() : space.place<float>(kChunk);
    part_ = space.place<float>(kChunk / kBlock);
    value_ = space.place<float>(kMostValues), place_ = space.place<int32_t>(kMostValues);
    sorted_ = space.place<float>(2 * kMostValues), spare_ = space.place<float>(2 * kMostValues);
    list_ = space.place<int32_t>(kMostCandidates), score_ = space.place<float>(kMostCandidates);
    iota_ = space.place<int32_t>(kBlock), small_ = space.place<float>(kLanes);
    out_.place(space, kBlock, 0);
  }

  template <typename Choose>
  __aicore__ __force_inline__ void run(Choose choose) {
    ArithProgression(iota_, int32_t(0), int32_t(1), int32_t(kBlock));
    barrier();
    for (int b = 0; b < 2; ++b) SetFlag<HardEvent::V_MTE2>(b);
    for (uint32_t row = uint32_t(GetBlockIdx()); row < rows_; row += uint32_t(GetBlockNum())) {
      scan(row);
      const uint32_t token = choose(row);
      WaitFlag<HardEvent::MTE3_V>(0);
      out_.buffer.SetValue(0, int32_t(token));
      SetFlag<HardEvent::S_MTE3>(0);
      WaitFlag<HardEvent::S_MTE3>(0);
      store_rows(token_[row], out_.buffer, 1, 1, kBlock, 1);
      SetFlag<HardEvent::MTE3_S>(0);
      WaitFlag<HardEvent::MTE3_S>(0);
      SetFlag<HardEvent::MTE3_V>(0);
    }
    for (int b = 0; b < 2; ++b) WaitFlag<HardEvent::V_MTE2>(b);
    out_.close();
  }

  // The first largest logit of the row that was scanned.
  __aicore__ __force_inline__ uint32_t largest(uint32_t row) const {
    const uint32_t window = first_largest(value_, windows()), first = window * kWindow;
    WaitFlag<HardEvent::V_MTE2>(0);
    load_rows(in_[0], logits_[uint64_t(row) * vocab_ + first], 1, least(kWindow, vocab_ - first), kWindow, kWindow, T(kLowest));
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    const LocalTensor<float> wide = widen(in_[0], wide_, kWindow);
    const uint32_t lane = first_largest(wide, least(kWindow, vocab_ - first));
    SetFlag<HardEvent::V_MTE2>(0);
    return first + lane;
  }

  __aicore__ __force_inline__ uint32_t draw(uint32_t row, const Sampling& s) const {
    find_candidates(row, s.top_k);
    weigh_candidates(s, s.top_k);
    const Prefix nucleus = walk<false>(s.top_p * total(part_, round_up(s.top_k, kLanes) / kBlock), s.top_k);
    const Prefix drawn = walk<true>(uniform_.GetValue(row) * nucleus.sum, nucleus.last + 1);
    return uint32_t(list_.GetValue(drawn.last));
  }

  // The same without top_k.
  __aicore__ __force_inline__ uint32_t draw_of_all(uint32_t row, const Sampling& s) const {
    Weighing weighing{0, kLowest, s.inverse_temperature};
    const uint32_t candidates = least(kMostCandidates, vocab_);
    find_candidates(row, candidates);
    weighing.largest = score_.GetValue(0);
    float mass = mass_of(row, weighing);
    if (s.top_p < 1) {
      weighing.threshold = threshold(row, weighing, s, s.top_p * mass, candidates);
      mass = mass_of(row, weighing);
    }
    const float target = uniform_.GetValue(row) * mass;
    Place place = first_beyond(small_, kLanes, {0, 0}, target);
    place = first_beyond(part_, kBlock, {place.index * kBlock, place.before}, target);
    place = first_beyond(value_, kBlock, {place.index * kBlock, place.before}, target);
    const uint32_t first = place.index * kWindow;
    weigh_window(row, first, weighing);
    return first + first_beyond(sorted_, kWindow, {0, place.before}, target).index;
  }

 private:
  // score_, list_: the k largest logits in descending order, of equals the lower index first.
  __aicore__ __force_inline__ void find_candidates(uint32_t row, uint32_t k) const {
    const uint32_t n = windows(), kept = least(k, n);
    progression(n);
    sort(n), extract(kept), order_list(kept);
    load_windows(row, kept);
    number_blocks(kept);
    sort(kept * kBlock);
    const uint32_t blocks = least(k, least(kept * kBlock, ceil_div(vocab_, kBlock)));
    extract(blocks), order_list(blocks);
    load_blocks(row, blocks);
    number_blocks(blocks);
    sort(blocks * kBlock), extract(k);
  }

  __aicore__ __force_inline__ uint32_t windows() const { return ceil_div(vocab_, kWindow); }

  // fp32 of n elements of x.
  __aicore__ __force_inline__ LocalTensor<float> widen(const LocalTensor<T>& x, const LocalTensor<float>& scratch, uint32_t n) const {
    if constexpr (kWide) {
      return x;
    } else {
      Cast(scratch, x, RoundMode::CAST_NONE, n);
      barrier();
      return scratch;
    }
  }

  // value_ = the largest of every window, the lowest behind the last.
  __aicore__ __force_inline__ void scan(uint32_t row) const {
    Duplicate(value_, kLowest, int32_t(kMostValues));
    barrier();
    each_chunk(row, [&](const LocalTensor<float>& x, uint32_t c, uint32_t n) {
      by_blocks<Largest>(part_, x, n), barrier();
      by_blocks<Largest>(value_[c * (kChunk / kWindow)], part_, n / kBlock), barrier();
    });
  }
  // Calls use(x, c, n) for each chunk of the row: n logits in fp32, a multiple of 512, the lowest behind the row's end.
  template <typename Use>
  __aicore__ __force_inline__ void each_chunk(uint32_t row, Use use) const {
    const uint32_t chunks = ceil_div(vocab_, kChunk);
    load_chunk(row, 0);
    for (uint32_t c = 0; c < chunks; ++c) {
      if (c + 1 < chunks) load_chunk(row, c + 1);
      const uint32_t b = c & 1, n = least(kChunk, vocab_ - c * kChunk), loaded = round_up(n, kPerBlock), whole = round_up(n, kPitchUnit);
      WaitFlag<HardEvent::MTE2_V>(int(b));
      const LocalTensor<float> x = widen(in_[b], wide_, loaded);
      if (whole > loaded) {
        Duplicate(x[loaded], kLowest, int32_t(whole - loaded));
        barrier();
      }
      use(x, c, whole);
      SetFlag<HardEvent::V_MTE2>(int(b));
    }
  }
  __aicore__ __force_inline__ void load_chunk(uint32_t row, uint32_t c) const {
    const uint32_t n = least(kChunk, vocab_ - c * kChunk), dropped = n < kChunk ? least(kDroppedLogits, n - 1) : 0;
    WaitFlag<HardEvent::V_MTE2>(int(c & 1));
    load_rows(in_[c & 1], logits_[uint64_t(row) * vocab_ + c * kChunk], 1, n - dropped, kChunk, n, T(kLowest));
    SetFlag<HardEvent::MTE2_V>(int(c & 1));
  }

  // Position of the first largest of n values; the scalar unit waits for it.
  __aicore__ __force_inline__ uint32_t first_largest(const LocalTensor<float>& x, uint32_t n) const {
    ReduceMax(small_, x, spare_, int32_t(n), true);
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
    return small_.template ReinterpretCast<uint32_t>().GetValue(1);
  }

  __aicore__ __force_inline__ void progression(uint32_t n) const {
    ArithProgression(place_, int32_t(0), int32_t(1), int32_t(round_up(n, kSortGroup)));
    barrier();
  }
  // value_ and place_, n of them, to pairs in sorted_, descending. What fills the last group comes last.
  __aicore__ __force_inline__ void sort(uint32_t n) const {
    const uint32_t groups = ceil_div(n, kSortGroup), last = n / kLanes * kLanes;
    if (n > last) {
      const uint64_t behind[2] = {~0ull << (n - last), 0};
      Duplicate(value_[last], kLowest, behind, 1, 1, 8);
      ResetMask();
      barrier();
    }
    LocalTensor<float> spare = spare_;
    Sort<float, true>(sorted_, value_, place_.template ReinterpretCast<uint32_t>(), spare, int32_t(groups));
    barrier();
  }
  // The first n pairs apart: score_, list_. The scalar unit may read them then.
  __aicore__ __force_inline__ void extract(uint32_t n) const {
    Extract(score_, list_.template ReinterpretCast<uint32_t>(), sorted_, int32_t(ceil_div(n, kSortGroup)));
    barrier();
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
  }
  // list_, n of it, in ascending order, so that of equals in two windows the lower index comes first. Indices are exact in fp32.
  __aicore__ __force_inline__ void order_list(uint32_t n) const {
    Cast(value_, list_, RoundMode::CAST_RINT, n);
    Adds(place_, list_, 0, int32_t(n));
    barrier();
    Muls(value_, value_, -1.0f, int32_t(n));
    barrier();
    sort(n), extract(n);
  }
  // place_ = list_[i] * 8 + 0 .. 7, n of the list.
  __aicore__ __force_inline__ void number_blocks(uint32_t n) const {
    const uint8_t repeats = uint8_t(ceil_div(n, kBlock));
    const LocalTensor<int32_t> first = spare_.template ReinterpretCast<int32_t>();
    Muls(first, list_, int32_t(kBlock), int32_t(repeats * kBlock));
    barrier();
    Brcb(place_, first, repeats, BrcbRepeatParams(1, 8));
    barrier();
    Add(place_, place_, iota_, uint64_t(kLanes), repeats, BinaryRepeatParams(1, 1, 0, 8, 8, 0));
    ResetMask();
    barrier();
  }

  // value_ = the block maxima of n windows of list_.
  __aicore__ __force_inline__ void load_windows(uint32_t row, uint32_t n) const {
    for (uint32_t done = 0, b = 0; done < n; done += kBatch, b ^= 1) {
      const uint32_t now = least(kBatch, n - done);
      WaitFlag<HardEvent::V_MTE2>(int(b));
      bool partial = false;
      uint32_t partial_at = 0, partial_n = 0;
      for (uint32_t i = 0; i < now; ++i) {
        const uint32_t first = uint32_t(list_.GetValue(done + i)) * kWindow, length = least(kWindow, vocab_ - first);
        load_rows(in_[b][i * kWindow], logits_[uint64_t(row) * vocab_ + first], 1, length, kWindow, length, T(kLowest));
        if (length < kWindow) partial = true, partial_at = i * kWindow, partial_n = round_up(length, kPerBlock);
      }
      SetFlag<HardEvent::MTE2_V>(int(b));
      WaitFlag<HardEvent::MTE2_V>(int(b));
      const LocalTensor<float> x = widen(in_[b], wide_, now * kWindow);
      if (partial && partial_n < kWindow) {  // the row's last window is short: nothing behind its end counts
        Duplicate(x[partial_at + partial_n], kLowest, int32_t(kWindow - partial_n));
        barrier();
      }
      by_blocks<Largest>(value_[done * kBlock], x, now * kWindow), barrier();
      SetFlag<HardEvent::V_MTE2>(int(b));
    }
  }

  // value_ = the logits of n blocks of list_.
  __aicore__ __force_inline__ void load_blocks(uint32_t row, uint32_t n) const {
    WaitFlag<HardEvent::V_MTE2>(0);
    for (uint32_t i = 0; i < n; ++i) {
      const uint32_t first = uint32_t(list_.GetValue(i)) * kBlock, length = least(kBlock, vocab_ - first);
      load_rows(in_[0][i * kPerBlock], logits_[uint64_t(row) * vocab_ + first], 1, length, kPerBlock, length, T(kLowest));
    }
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    const LocalTensor<float> x = widen(in_[0], wide_, n * kPerBlock);
    // Of bf16 every second block of fp32 is filling.
    constexpr uint16_t step = kPerBlock / kBlock;
    Copy(value_, x, uint64_t(kLanes), uint8_t(ceil_div(n, kBlock)), CopyRepeatParams(1, step, 8, 8 * step));
    ResetMask();
    barrier();
    SetFlag<HardEvent::V_MTE2>(0);
  }

  // Walks p by blocks and then by elements to the first whose cumulative sum reaches (or exceeds) the target.
  struct Prefix {
    uint32_t last;
    float sum;
  };
  template <bool exceeds>
  __aicore__ __force_inline__ Prefix walk(float target, uint32_t n) const {
    const auto there = [target](float sum) { return exceeds ? sum > target : sum >= target; };
    const uint32_t blocks = ceil_div(n, kBlock);
    float before = 0;
    uint32_t block = 0;
    for (; block + 1 < blocks; ++block) {
      const float sum = before + part_.GetValue(block);
      if (there(sum)) break;
      before = sum;
    }
    uint32_t i = block * kBlock;
    for (;; ++i) {
      before += score_.GetValue(i);
      if (i + 1 == n || there(before)) return {i, before};
    }
  }

  // score_ = the candidates' weights, part_ = their sums by blocks. What fills the last repeat weighs nothing.
  __aicore__ __force_inline__ void weigh_candidates(const Sampling& s, uint32_t n) const {
    const uint32_t whole = round_up(n, kLanes), last = whole - kLanes;
    const float first = score_.GetValue(0);
    Adds(score_, score_, -first, int32_t(whole)), barrier();
    Muls(score_, score_, s.inverse_temperature, int32_t(whole)), barrier();
    Exp(score_, score_, int32_t(whole)), barrier();
    if (n < whole) {
      const uint64_t behind[2] = {~0ull << (n - last), 0};
      Duplicate(score_[last], 0.0f, behind, 1, 1, 8);
      ResetMask();
      barrier();
    }
    by_blocks<Total>(part_, score_, whole), barrier();
  }
  // The sum of n values (a multiple of 8, up to 512); small_ = their sums by blocks. The scalar unit may read them then.
  __aicore__ __force_inline__ float total(const LocalTensor<float>& values, uint32_t n) const {
    by_blocks<Total>(small_, values, round_up(n, kLanes)), barrier();
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
    float sum = 0;
    for (uint32_t i = 0; i < n / kBlock; ++i) sum += small_.GetValue(i);
    return sum;
  }

  // --- without top_k

  struct Weighing {
    float largest, threshold, inverse_temperature;
  };
  // sorted_ = exp((x - largest) / temperature) of n logits (a multiple of 64), 0 below the threshold.
  __aicore__ __force_inline__ void weigh(const LocalTensor<float>& x, uint32_t n, const Weighing& w) const {
    const LocalTensor<uint8_t> kept = spare_.template ReinterpretCast<uint8_t>();
    Adds(sorted_, x, -w.largest, int32_t(n));
    CompareScalar(kept, x, w.threshold, CMPMODE::GE, n), barrier();
    Muls(sorted_, sorted_, w.inverse_temperature, int32_t(n)), barrier();
    Exp(sorted_, sorted_, int32_t(n)), barrier();
    Select(sorted_, kept, sorted_, 0.0f, SELMODE::VSEL_TENSOR_SCALAR_MODE, n), barrier();
  }
  // The weight of all logits from the threshold on; value_ = of each window, part_ and small_ = sums of eight and of 64 windows.
  __aicore__ __force_inline__ float mass_of(uint32_t row, const Weighing& w) const {
    Duplicate(value_, 0.0f, int32_t(kMostValues)), barrier();
    each_chunk(row, [&](const LocalTensor<float>& x, uint32_t c, uint32_t n) {
      weigh(x, n, w);
      by_blocks<Total>(part_, sorted_, n), barrier();
      by_blocks<Total>(value_[c * (kChunk / kWindow)], part_, n / kBlock), barrier();
    });
    by_blocks<Total>(part_, value_, kMostValues), barrier();
    return total(part_, kMostValues / kBlock);
  }
  // sorted_ = the weights of one window.
  __aicore__ __force_inline__ void weigh_window(uint32_t row, uint32_t first, const Weighing& w) const {
    const uint32_t n = least(kWindow, vocab_ - first), loaded = round_up(n, kPerBlock);
    WaitFlag<HardEvent::V_MTE2>(0);
    load_rows(in_[0], logits_[uint64_t(row) * vocab_ + first], 1, n, kWindow, n, T(kLowest));
    SetFlag<HardEvent::MTE2_V>(0);
    WaitFlag<HardEvent::MTE2_V>(0);
    const LocalTensor<float> x = widen(in_[0], wide_, loaded);
    if (loaded < kWindow) Duplicate(x[loaded], kLowest, int32_t(kWindow - loaded)), barrier();
    weigh(x, kWindow, w);
    SetFlag<HardEvent::V_MTE2>(0);
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
  }

  // The largest threshold from which on the logits weigh the target (up to neighbouring numbers of fp32).
  __aicore__ __force_inline__ float threshold(uint32_t row, const Weighing& w, const Sampling& s, float target, uint32_t candidates) const {
    Adds(value_, score_, 0.0f, int32_t(candidates)), barrier();
    weigh_candidates(s, candidates);
    SetFlag<HardEvent::V_S>(0);
    WaitFlag<HardEvent::V_S>(0);
    const Prefix prefix = walk<false>(target, candidates);
    float above = value_.GetValue(prefix.last);
    if (prefix.sum >= target) return above;
    Weighing trial = w;
    float below = above;
    for (float step = 1 / s.inverse_temperature;; step *= 2) {
      trial.threshold = below = above - step;
      if (!(mass_of(row, trial) < target)) break;  // not a number: the search ends as well
      above = below;
    }
    for (;;) {
      trial.threshold = below + (above - below) * 0.5f;
      if (trial.threshold <= below || trial.threshold >= above) return below;
      (mass_of(row, trial) >= target ? below : above) = trial.threshold;
    }
  }

  // The first of n weights from `from` on behind which the sum exceeds the target, and the sum before it; where rounding leaves none, the last with a weight.
  struct Place {
    uint32_t index;
    float before;
  };
  __aicore__ __force_inline__ Place first_beyond(const LocalTensor<float>& weights, uint32_t n, Place from, float target) const {
    Place found = from;
    float sum = from.before;
    for (uint32_t i = from.index; i < from.index + n && sum <= target; ++i) {
      const float weight = weights.GetValue(i);
      if (weight > 0) found = {i, sum};
      sum += weight;
    }
    return found;
  }

  GlobalTensor<T> logits_;
  GlobalTensor<int32_t> token_;
  GlobalTensor<float> uniform_;
  uint32_t rows_, vocab_;
  LocalTensor<T> in_[2];
  LocalTensor<float> wide_, part_, value_, sorted_, spare_, score_, small_;
  LocalTensor<int32_t> place_, list_, iota_;
  Outlet<int32_t> out_;
};

template <typename T>
__aicore__ __force_inline__ void argmax(GM_ADDR logits, GM_ADDR token, uint32_t rows, uint32_t vocab) {
  if ASCEND_IS_AIV {
    Rows<T> kernel(logits, token, nullptr, rows, vocab);
    kernel.run([&](uint32_t row) { return kernel.largest(row); });
  }
}
template <typename T>
__aicore__ __force_inline__ void sample(GM_ADDR logits, GM_ADDR token, GM_ADDR uniform, uint32_t rows, uint32_t vocab, const Sampling& s) {
  if ASCEND_IS_AIV {
    Rows<T> kernel(logits, token, uniform, rows, vocab);
    kernel.run([&](uint32_t row) { return s.top_k ? kernel.draw(row, s) : kernel.draw_of_all(row, s); });
  }
}

}  // namespace

extern "C" __global__ __aicore__ void argmax_fp32(GM_ADDR logits, GM_ADDR token, uint32_t rows, uint32_t vocab) { argmax<float>(logits, token, rows, vocab); }
extern "C" __global__ __aicore__ void argmax_bf16(GM_ADDR logits, GM_ADDR token, uint32_t rows, uint32_t vocab) { argmax<bfloat16_t>(logits, token, rows, vocab); }
extern "C" __global__ __aicore__ void sample_fp32(GM_ADDR logits, GM_ADDR token, GM_ADDR uniform, uint32_t rows, uint32_t vocab, float inverse_temperature,
                                                  uint32_t top_k, float top_p) {
  sample<float>(logits, token, uniform, rows, vocab, {inverse_temperature, top_p, top_k});
}
extern "C" __global__ __aicore__ void sample_bf16(GM_ADDR logits, GM_ADDR token, GM_ADDR uniform, uint32_t rows, uint32_t vocab, float inverse_temperature,
                                                  uint32_t top_k, float top_p) {
  sample<bfloat16_t>(logits, token, uniform, rows, vocab, {inverse_temperature, top_p, top_k});
}

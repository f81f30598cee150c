// DeepSeek's router: s = sigmoid(logits); experts are chosen by c = s + bias: a group's score is the sum of its two largest c, the best
// topk_group groups stay, and of their experts the k largest c are chosen, in descending order; of equals the lower index. Weights: s of
// the chosen / (their sum + 1e-20) * scaling. Up to 32 groups of 2 to 32 experts, topk_group up to 4, k up to 8.
// Arguments: logits (fp32 [tokens, experts]) bias (fp32) ids (int32 [tokens, k]) weights (fp32 [tokens, k]) tokens experts n_group topk_group
// k scaling. Block dimension: vector cores.
//
// A tile is up to 8 tokens. A group has 32 lanes, a repeat of Sort32; lanes without an expert have a bias of -3e38.
//   MTE2: logits -> in    V, every step for all tokens of the tile at once:
//     s = 1 / (1 + exp(-in));  c = s + bias;  Sort32 of every group                       pairs (c, place)
//     Gather of each group's two best, their sum, Sort32                                  the groups' order
//     Gather of the kept groups, Sort32 by their number                                   so that equals of two groups keep their order
//     Gather of their 4 x 8 best pairs, MrgSort (4 lists a token)                         the k best
//     Gather of places, of s and of numbers there; sum by block; divide                   MTE3: ids, weights
//   UB for 256 experts: | in, c, s, 1s, places 8 KiB each | sorted 16 KiB | tables of offsets and the lists, about 20 KiB |
// Operations: 8 an expert. Bytes: 4 an expert, 8 k a token.
#include "row_tiles.h"

namespace {

using namespace row_tiles;

constexpr uint32_t kGroup = 32, kPair = 8, kList = 256;  // lanes of a group; bytes of a pair and of a sorted group
constexpr uint32_t kLists = 4, kBest = 8;                // lists that one merge takes, pairs of each
constexpr uint32_t kSlots = kLists * kBest * 2;          // words of a token's lists
constexpr uint32_t kMostLanes = 4096;                    // of a tile
constexpr float kLowest = -3e38f;
constexpr int32_t kNoGroup = 0x7f000000;                 // behind every group

struct Shape {
  uint32_t tokens, experts, n_group, topk_group, k;
  float scaling;
};

class MoeGate {
 public:
  __aicore__ __force_inline__ MoeGate(GM_ADDR logits, GM_ADDR bias, GM_ADDR ids, GM_ADDR weights, const Shape& shape)
      : shape_(shape), size_(shape.experts / shape.n_group), lanes_(shape.n_group * kGroup), share_(shape.tokens, least(kMostRows, kMostLanes / lanes_)) {
    logits_.SetGlobalBuffer((__gm__ float*)logits);
    bias_.SetGlobalBuffer((__gm__ float*)bias);
    ids_.SetGlobalBuffer((__gm__ int32_t*)ids);
    weights_.SetGlobalBuffer((__gm__ float*)weights);
  }

  __aicore__ __force_inline__ void run() {
    const uint32_t tiles = share_.count();
    if (tiles == 0) return;
    place();
    load_first();
    fill_tables();
    WaitFlag<HardEvent::MTE2_V>(1);
    for (uint32_t i = 0; i < tiles; ++i) compute(share_.slice(i), [&]() {
      SetFlag<HardEvent::V_MTE2>(0);
      if (i + 1 < tiles) load(share_.slice(i + 1));
    });
    WaitFlag<HardEvent::V_MTE2>(0);
    id_.close(), weight_.close();
  }

 private:
  __aicore__ __force_inline__ void place() {
    const uint32_t h = share_.height, n = h * lanes_;
    Space space;
    in_ = space.place<float>(n), c_ = space.place<float>(n), s_ = space.place_across<float>(n), ones_ = space.place<float>(n);
    addend_ = space.place_across<float>(lanes_);
    places_ = space.place<int32_t>(n), sorted_ = space.place<float>(2 * n);
    number_ = space.place<int32_t>(lanes_), iota_ = space.place<int32_t>(kGroup), zeros_ = space.place<int32_t>(kGroup);
    by_list_ = space.place<int32_t>(kGroup), by_pair_ = space.place<int32_t>(kGroup), by_word_ = space.place<int32_t>(kGroup);
    low_ = space.place_small<float>(16), constants_ = space.place_small<int32_t>(8);
    best_ = space.place<int32_t>(h * kGroup), group_places_ = space.place<int32_t>(h * kGroup);
    first_ = space.place<float>(h * kGroup), second_ = space.place_across<float>(h * kGroup), group_sorted_ = space.place<float>(2 * h * kGroup);
    kept_from_ = space.place<int32_t>(h * kGroup), kept_ = space.place<int32_t>(h * kGroup);
    slot_from_ = space.place<int32_t>(h * kSlots), slot_add_ = space.place_across<int32_t>(h * kSlots), slot_ = space.place<int32_t>(h * kSlots);
    lists_ = space.place<float>(h * kSlots), merged_ = space.place<float>(h * kSlots);
    chosen_from_ = space.place<int32_t>(kMostRows * kBest), row_ = space.place_across<int32_t>(kMostRows * kBest);
    chosen_ = space.place<int32_t>(kMostRows * kBest), at_ = space.place<int32_t>(kMostRows * kBest), used_ = space.place_across<float>(kMostRows * kBest);
    sum_ = space.place_small<float>(kMostRows), divisor_ = space.place_across<float>(kMostRows * kBest);
    id_.place(space, kMostRows * kBest, 0), weight_.place(space, kMostRows * kBest, 1);
  }

  // Offset of `to` from the start of the sorted groups, which the gathers below count from.
  template <typename T>
  __aicore__ __force_inline__ int32_t from_sorted(const LocalTensor<T>& to) const { return int32_t(to.address()) - int32_t(sorted_.address()); }

  // table[r][i] = first + r * row_step + i * step from multiples (iota_ times a step) of the first lane on.
  __aicore__ __force_inline__ void rows(const LocalTensor<int32_t>& table, const LocalTensor<int32_t>& multiples, uint32_t width, int32_t first, uint32_t row_step,
                                        uint32_t n) const {
    for (uint32_t r = 0; r < share_.height; ++r) Adds(table[r * width], multiples, first + int32_t(r * row_step), int32_t(n));
  }
  // Lanes `from` .. width - 1 of every row of a table of 32 or 64 lanes a row.
  template <typename T>
  __aicore__ __force_inline__ void set_behind(const LocalTensor<T>& table, uint32_t width, uint32_t from, T value) const {
    if (from >= width) return;
    const uint64_t lanes = ~0ull << from, mask[2] = {width == kLanes ? lanes : (lanes & 0xffffffffu) | lanes << 32, 0};
    Duplicate(table, value, mask, uint8_t(ceil_div(share_.height * width, kLanes)), 1, 8);
    ResetMask();
  }

  // All tables of offsets, once a launch, in a few steps of independent vector operations.
  __aicore__ __force_inline__ void fill_tables() const {
#ifdef BROKEN_LAST_GROUP
    const uint32_t groups = shape_.n_group - 1;
#else
    const uint32_t groups = shape_.n_group;
#endif
    const uint32_t h = share_.height, lists = shape_.n_group * kList, kept = shape_.topk_group;
    ArithProgression(iota_, int32_t(0), int32_t(1), int32_t(kGroup));
    constants_.SetValue(0, kNoGroup), constants_.SetValue(1, 0);
    SetFlag<HardEvent::S_V>(0);
    WaitFlag<HardEvent::S_V>(0);
    barrier();
    Muls(by_list_, iota_, int32_t(kList), int32_t(kGroup)), Muls(by_pair_, iota_, int32_t(kPair), int32_t(kGroup)), Muls(by_word_, iota_, 4, int32_t(kGroup));
    Muls(zeros_, iota_, 0, int32_t(kGroup));
    Duplicate(ones_, 1.0f, int32_t(h * lanes_)), Duplicate(low_, kLowest, 16);
    Duplicate(used_, 1.0f, int32_t(kMostRows * kBest)), barrier();

    rows(best_, by_list_, kGroup, 0, lists, kGroup), rows(group_places_, by_list_, kGroup, 0, 0, kGroup);
    rows(kept_from_, by_pair_, kGroup, from_sorted(group_sorted_) + 4, kList, kGroup);
    for (uint32_t list = 0; list < kLists; ++list) {
      rows(slot_from_[list * 2 * kBest], zeros_, kSlots, from_sorted(group_sorted_) + int32_t(list * kPair + 4), kList, 2 * kBest);
      rows(slot_add_[list * 2 * kBest], by_word_, kSlots, list < kept ? 0 : from_sorted(low_), list < kept ? lists : 0, 2 * kBest);
    }
    rows(chosen_from_, by_pair_, kBest, 4, kList, kBest), rows(row_, zeros_, kBest, 0, lanes_ * 4, kBest);
    for (uint32_t g = 0; g < shape_.n_group; ++g) {
      Adds(number_[g * kGroup], iota_, int32_t(g * size_), int32_t(kGroup));
      Adds(places_[g * kGroup], by_word_, int32_t(g * kGroup * 4), int32_t(kGroup));
    }
    barrier();
    for (uint32_t r = 1; r < h; ++r) Adds(places_[r * lanes_], places_, 0, int32_t(lanes_));
    set_behind(best_, kGroup, groups, from_sorted(low_)), set_behind(kept_from_, kGroup, kept, from_sorted(constants_));
    set_behind(slot_from_, kSlots, kept * 2 * kBest, from_sorted(constants_[1]));
    if (shape_.k < kBest) {  // eight tokens a repeat
      const uint64_t lanes = (0xffull << shape_.k & 0xff) * 0x0101010101010101ull, mask[2] = {lanes, 0};
      Duplicate(used_, 0.0f, mask, 1, 1, 8);
      ResetMask();
    }
    barrier();
  }

  // Lanes without a logit are zero, those without a bias the lowest.
  __aicore__ __force_inline__ void load_first() const {
    Duplicate(addend_, kLowest, int32_t(lanes_));
    if (size_ < kGroup) Duplicate(in_, 0.0f, int32_t(share_.height * lanes_));
    SetFlag<HardEvent::V_MTE2>(0);
    load(share_.slice(0));
    load_rows(addend_, bias_, shape_.n_group, size_, kGroup, size_, kLowest);
    SetFlag<HardEvent::MTE2_V>(1);
  }

  __aicore__ __force_inline__ void load(const Slice& t) const {
    WaitFlag<HardEvent::V_MTE2>(0);
    const uint64_t at = uint64_t(t.first) * shape_.experts;
    if (size_ == kGroup)
      load_rows(in_, logits_[at], 1, t.rows * lanes_, t.rows * lanes_, t.rows * lanes_);
    else
      load_rows(in_, logits_[at], t.rows * shape_.n_group, size_, kGroup, size_);
    SetFlag<HardEvent::MTE2_V>(0);
  }

  template <typename Next>
  __aicore__ __force_inline__ void compute(const Slice& t, Next next) const {
    const int32_t n = int32_t(t.rows * lanes_);
    WaitFlag<HardEvent::MTE2_V>(0);
    Muls(c_, in_, -1.0f, n), barrier();
    next();
    Exp(c_, c_, n), barrier();
    Adds(c_, c_, 1.0f, n), barrier();
    Div(s_, ones_, c_, n), barrier();
    for (uint32_t r = 0; r < t.rows; ++r) Add(c_[r * lanes_], s_[r * lanes_], addend_, int32_t(lanes_));
    barrier();
    Sort32(sorted_, c_, places_.ReinterpretCast<uint32_t>(), int32_t(t.rows * shape_.n_group)), barrier();
    keep_groups(t.rows);
    choose(t.rows);
    write(t);
  }

  template <typename T>
  __aicore__ __force_inline__ void gather(const LocalTensor<T>& to, const LocalTensor<int32_t>& offsets, uint32_t base, uint32_t n) const {
    Gather(to, sorted_.ReinterpretCast<T>(), offsets.ReinterpretCast<uint32_t>(), base, n);
  }

  // kept_: offsets of the lists of the best groups, in the order of the groups, in group_sorted_'s pairs.
  __aicore__ __force_inline__ void keep_groups(uint32_t rows) const {
    const uint32_t n = rows * kGroup;
    gather(first_, best_, 0, n), gather(second_, best_, kPair, n), barrier();
    Add(first_, first_, second_, int32_t(n)), barrier();
    Sort32(group_sorted_, first_, group_places_.ReinterpretCast<uint32_t>(), int32_t(rows)), barrier();
    gather(kept_, kept_from_, 0, n), barrier();
    Cast(first_, kept_, RoundMode::CAST_RINT, n), barrier();
    Muls(first_, first_, -1.0f, int32_t(n)), barrier();
    Sort32(group_sorted_, first_, kept_.ReinterpretCast<uint32_t>(), int32_t(rows)), barrier();
  }

  // chosen_: byte offsets of the chosen in a token's lanes, kBest a token.
  __aicore__ __force_inline__ void choose(uint32_t rows) const {
    const uint32_t n = rows * kSlots;
    gather(slot_, slot_from_, 0, n), barrier();
    Add(slot_, slot_, slot_add_, int32_t(n)), barrier();
    gather(lists_, slot_, 0, n), barrier();
    const uint16_t lengths[4] = {kBest, kBest, kBest, kBest};
    MrgSort(merged_, MrgSortSrcList<float>(lists_, lists_[2 * kBest], lists_[4 * kBest], lists_[6 * kBest]), MrgSort4Info(lengths, false, 15, uint16_t(rows)));
    barrier();
    Gather(chosen_, merged_.ReinterpretCast<int32_t>(), chosen_from_.ReinterpretCast<uint32_t>(), 0, rows * kBest), barrier();
  }

  __aicore__ __force_inline__ void write(const Slice& t) const {
    const uint32_t n = t.rows * kBest;
    id_.open(), weight_.open();
    Gather(id_.buffer, number_, chosen_.ReinterpretCast<uint32_t>(), 0, n);
    Add(at_, chosen_, row_, int32_t(n)), barrier();
    id_.send([&]() { store_rows(ids_[uint64_t(t.first) * shape_.k], id_.buffer, t.rows, shape_.k, kBest, shape_.k); });
    Gather(weight_.buffer, s_, at_.ReinterpretCast<uint32_t>(), 0, n), barrier();
    Mul(weight_.buffer, weight_.buffer, used_, int32_t(n)), barrier();
    BlockReduceSum(sum_, weight_.buffer, 1, int32_t(n), 1, 1, 8), ResetMask();
    barrier();
    Adds(sum_, sum_, 1e-20f, int32_t(kMostRows));
    Muls(weight_.buffer, weight_.buffer, shape_.scaling, int32_t(n)), barrier();
    Brcb(divisor_, sum_, 1, BrcbRepeatParams(1, 8)), barrier();
    Div(weight_.buffer, weight_.buffer, divisor_, int32_t(n));
    weight_.send([&]() { store_rows(weights_[uint64_t(t.first) * shape_.k], weight_.buffer, t.rows, shape_.k, kBest, shape_.k); });
    barrier();
  }

  Shape shape_;
  uint32_t size_, lanes_;
  Share share_;
  GlobalTensor<float> logits_, bias_, weights_;
  GlobalTensor<int32_t> ids_;
  LocalTensor<float> in_, c_, s_, ones_, addend_, sorted_, low_, first_, second_, group_sorted_, lists_, merged_, used_, sum_, divisor_;
  LocalTensor<int32_t> iota_, zeros_, by_list_, by_pair_, by_word_, places_, number_, constants_, best_, group_places_, kept_from_, kept_, slot_from_, slot_add_, slot_, chosen_from_, row_, chosen_, at_;
  Outlet<int32_t> id_;
  Outlet<float> weight_;
};

}  // namespace

extern "C" __global__ __aicore__ void moe_gate(GM_ADDR logits, GM_ADDR bias, GM_ADDR ids, GM_ADDR weights, uint32_t tokens, uint32_t experts, uint32_t n_group,
                                               uint32_t topk_group, uint32_t k, float scaling) {
  if ASCEND_IS_AIV {
    MoeGate kernel(logits, bias, ids, weights, {tokens, experts, n_group, topk_group, k, scaling});
    kernel.run();
  }
}

// Gather by mask, sort of 32, four-way merge.
#include <algorithm>

#include "tests/unit/vector_unit/bench_of_ub.h"
#include "vector_unit/sort.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc = 0xc000, kOther = 0x18000;

TEST_CASE("vreducev2 keeps elements by pattern or by bits of a tensor and counts them") {
  namespace w = isa::vreducev2;
  for (const unsigned bytes : {2u, 4u})
    for (unsigned pattern = 0; pattern < 8; ++pattern)
      for (const bool counted : {false, true}) {
        Bench bench;
        const unsigned n = counted ? 53 : 256 / bytes;
        const std::uint64_t word = w::repeat.put(3) | w::src0_block.put(1) | w::src0_repeat.put(9) | w::src1_repeat.put(2) | w::pattern.put(pattern) | w::use_mask_count.put(counted);
        const pipe::Issued issued = with_mask(issue(bytes == 2 ? Op::vreducev2_b16 : Op::vreducev2_b32, kDst, kSrc, kOther, word), 53, 0);
        const Bytes before = bench.contents();
        bench.run(issued);
        unsigned kept = 0;
        for (unsigned i = 0; i < 3; ++i)
          for (unsigned e = 0; e < n; ++e) {
            const bool keeps[] = {(before[kOther + i * 64 + e / 8] >> (e % 8) & 1) != 0, e % 2 == 0, e % 2 == 1, e % 4 == 0, e % 4 == 1, e % 4 == 2, e % 4 == 3, true};
            if (!keeps[pattern]) continue;
            REQUIRE(std::memcmp(bench.memory.ub.data() + kDst + kept * bytes, before.data() + kSrc + i * 9 * 32 + e * bytes, bytes) == 0);
            ++kept;
          }
        REQUIRE(bench.memory.result.rsvd_cnt == kept);
        REQUIRE(bench.get<std::uint8_t>(kDst + kept * bytes) == before[kDst + kept * bytes]);
      }
}

struct Pair {
  double score;
  std::uint32_t index;
};
Pair pair_at(const Bench& bench, std::uint64_t at, bool half) {
  return {half ? half_value(bench.get<std::uint16_t>(at)) : double{bench.get<float>(at)}, bench.get<std::uint32_t>(at + 4)};
}
bool before(const Pair& a, const Pair& b) { return std::isnan(a.score) ? !std::isnan(b.score) : a.score > b.score; }

TEST_CASE("vbitsort sorts each 32 scores, largest first, equal ones in their order") {
  for (const bool half : {false, true}) {
    Bench bench;
    const unsigned bytes = half ? 2 : 4;
    if (half) bench.fill_half(kSrc, 512);
    else bench.fill_single(kSrc, 512);
    for (unsigned i = 0; i < 160; ++i) bench.put<std::uint32_t>(kOther + 4 * i, 1000 + i);
    bench.run(issue(half ? Op::vbitsort_f16 : Op::vbitsort_f32, kDst, kSrc, kOther, binary_word(5)));
    for (unsigned group = 0; group < 5; ++group) {
      std::vector<Pair> expected;
      for (unsigned i = 0; i < 32; ++i) {
        const std::uint64_t at = kSrc + (32 * group + i) * bytes;
        expected.push_back({half ? half_value(bench.get<std::uint16_t>(at)) : double{bench.get<float>(at)}, 1000 + 32 * group + i});
      }
      std::stable_sort(expected.begin(), expected.end(), before);
      for (unsigned i = 0; i < 32; ++i) {
        const Pair got = pair_at(bench, kDst + group * 256 + 8 * i, half);
        REQUIRE(got.index == expected[i].index);
        REQUIRE((got.score == expected[i].score || std::isnan(got.score)));
      }
    }
  }
}

// A sorted list of n pairs at an address.
std::vector<Pair> put_list(Bench& bench, std::uint64_t at, unsigned n, std::uint32_t tag, bool half) {
  std::vector<Pair> list;
  for (unsigned i = 0; i < n; ++i) list.push_back({half_value(half_bits(std::round(bench.normal(bench.random) * 4) / 4)), tag + i});
  std::stable_sort(list.begin(), list.end(), before);
  for (unsigned i = 0; i < n; ++i) {
    if (half) bench.put<std::uint32_t>(at + 8 * i, half_bits(list[i].score));
    else bench.put<float>(at + 8 * i, static_cast<float>(list[i].score));
    bench.put<std::uint32_t>(at + 8 * i + 4, list[i].index);
  }
  return list;
}

TEST_CASE("vmrgsort4 merges up to four lists and says how many it took of each") {
  namespace w = isa::vmrgsort;
  for (const bool half : {false, true})
    for (const unsigned valid : {0b0011u, 0b0111u, 0b1111u})
      for (const bool stop : {false, true}) {
        Bench bench;
        const unsigned lengths[] = {40, 17, 64, 1};
        std::uint64_t addresses = 0, counts = 0;
        std::vector<std::vector<Pair>> lists(4);
        for (unsigned l = 0; l < 4; ++l) {
          const std::uint64_t at = kSrc + 0x1000 * l;
          addresses |= at / 8 << (16 * l);
          counts |= std::uint64_t{lengths[l]} << (16 * l);
          const auto list = put_list(bench, at, lengths[l], 1000 * l, half);
          if (valid >> l & 1) lists[l] = list;
        }
        bench.run(issue(half ? Op::vmrgsort4_f16 : Op::vmrgsort4_f32, kDst, addresses, counts, w::repeat.put(1) | w::valid.put(valid) | w::exhausted_stop.put(stop)));
        unsigned taken[4] = {};
        for (unsigned i = 0;; ++i) {
          int best = -1;
          for (int l = 0; l < 4; ++l)
            if (taken[l] < lists[l].size() && (best < 0 || before(lists[l][taken[l]], lists[best][taken[best]]))) best = l;
          if (best < 0) break;
          const Pair got = pair_at(bench, kDst + 8 * i, half);
          REQUIRE(got.index == lists[best][taken[best]].index);
          REQUIRE(got.score == lists[best][taken[best]].score);
          if (++taken[best] == lists[best].size() && stop) break;
        }
        for (unsigned l = 0; l < 4; ++l) REQUIRE((bench.memory.result.vms4_sr >> (16 * l) & 0xffff) == taken[l]);
      }
}

TEST_CASE("vmrgsort4 with repeats takes four lists after four lists, which must lie one behind the other") {
  namespace w = isa::vmrgsort;
  Bench bench;
  std::uint64_t addresses = 0, counts = 0;
  std::vector<std::vector<Pair>> expected(2);
  for (unsigned l = 0; l < 8; ++l) {
    const auto list = put_list(bench, kSrc + 128 * l, 16, 100 * l, false);
    expected[l / 4].insert(expected[l / 4].end(), list.begin(), list.end());
    if (l < 4) addresses |= (kSrc + 128 * l) / 8 << (16 * l), counts |= std::uint64_t{16} << (16 * l);
  }
  pipe::Issued issued = issue(Op::vmrgsort4_f32, kDst, addresses, counts, w::repeat.put(2) | w::valid.put(15));
  bench.run(issued);
  for (unsigned i = 0; i < 2; ++i) {
    std::stable_sort(expected[i].begin(), expected[i].end(), before);
    for (unsigned e = 0; e < 64; ++e) REQUIRE(pair_at(bench, kDst + 512 * i + 8 * e, false).index == expected[i][e].index);
  }
  issued.operand[2] ^= 1;
  CHECK(check(issued).kind == FaultKind::illegal_operand);
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

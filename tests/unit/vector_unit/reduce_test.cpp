// Reductions against definitions lane by lane.
#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc = 0xc000;

struct Source {
  const Bench& bench;
  const pipe::Issued& issued;
  unsigned bytes;
  Lanes place;
  unsigned lanes() const { return 256 / bytes; }
  float value(unsigned repeat, unsigned lane) const {
    const std::uint64_t at = place.at(repeat, lane);
    return bytes == 2 ? static_cast<float>(half_value(bench.get<std::uint16_t>(at))) : bench.get<float>(at);
  }
  bool on(unsigned repeat, unsigned lane) const { return active(issued, lanes(), repeat, lane); }
  std::uint32_t bits(float x) const { return bytes == 2 ? half_bits(x) : single_bits(x); }
};

// Neighbours are added, level by level, in fp32.
float tree(std::vector<float> v) {
  while (v.size() > 1) {
    std::vector<float> next;
    for (std::size_t i = 0; i < v.size(); i += 2) next.push_back(v[i] + v[i + 1]);
    v = next;
  }
  return v[0];
}
float sum(const Source& s, unsigned repeat, unsigned first, unsigned n) {
  std::vector<float> v;
  for (unsigned i = first; i < first + n; ++i) v.push_back(s.on(repeat, i) ? s.value(repeat, i) : 0.0f);
  return tree(v);
}
bool any(const Source& s, unsigned repeat, unsigned first, unsigned n) {
  for (unsigned i = first; i < first + n; ++i)
    if (s.on(repeat, i)) return true;
  return false;
}
// The first NaN, otherwise the first extreme.
unsigned extreme(const Source& s, unsigned repeat, unsigned first, unsigned n, bool maximum) {
  unsigned best = ~0u;
  for (unsigned i = first; i < first + n; ++i) {
    if (!s.on(repeat, i)) continue;
    const float x = s.value(repeat, i);
    if (x != x) return i;
    if (best == ~0u || (maximum ? x > s.value(repeat, best) : x < s.value(repeat, best))) best = i;
  }
  return best;
}

std::uint32_t element(const Bytes& ub, std::uint64_t at, unsigned bytes) {
  std::uint32_t x = 0;
  std::memcpy(&x, ub.data() + at, bytes);
  return x;
}

pipe::Issued vary(pipe::Issued issued, unsigned trial, unsigned lanes) {
  if (trial == 1) return with_mask(issued, 0xf0f000ff80010000, 0x0000ffff00000006);
  if (trial == 2) return with_count(issued, 3 * lanes + 11);
  if (trial == 3) return with_mask(issued, 0x7, 0);
  if (trial == 4) return with_mask(issued, 0, 0);
  return issued;
}

template <class F>
void for_each_case(F f) {
  for (const unsigned bytes : {2u, 4u})
    for (unsigned trial = 0; trial < 5; ++trial) {
      INFO("element bytes " << bytes << " trial " << trial);
      Bench bench(kSeed + trial);
      if (bytes == 2) bench.fill_half(kSrc, 8192);
      else bench.fill_single(kSrc, 4096);
      if (trial < 3)  // few edge cases, so that sums are not all NaN
        for (unsigned i = 0; i < 2048; ++i)
          if (bytes == 2) bench.put(kSrc + 2 * i, half_bits(bench.normal(bench.random)));
          else bench.put(kSrc + 4 * i, static_cast<float>(bench.normal(bench.random)));
      f(bench, bytes, trial);
    }
}

TEST_CASE("vcadd sums each repeat by a tree of neighbours") {
  for_each_case([](Bench& bench, unsigned bytes, unsigned trial) {
    const pipe::Issued issued = vary(issue(bytes == 2 ? Op::vcadd_f16 : Op::vcadd_f32, kDst, kSrc, reduce_word(4, 3, 2, 20)), trial, 256 / bytes);
    const Source s{bench, issued, bytes, {kSrc, 2, 20, bytes}};
    const Bytes before = bench.contents();
    bench.run(issued);
    const Bytes after = bench.contents();
    for (unsigned i = 0; i < 4; ++i) {
      const std::uint64_t at = kDst + i * 3 * bytes;
      if (!any(s, i, 0, s.lanes())) { REQUIRE(element(after, at, bytes) == element(before, at, bytes)); continue; }
      REQUIRE(element(after, at, bytes) == s.bits(sum(s, i, 0, s.lanes())));
      REQUIRE((i != 3 || bench.memory.result.acc_val == element(after, at, bytes)));
    }
  });
}

TEST_CASE("vcgadd, vcgmax and vcgmin give eight results a repeat, vcpadd half the lanes") {
  for_each_case([](Bench& bench, unsigned bytes, unsigned trial) {
    for (unsigned which = 0; which < 4; ++which) {
      const Op ops[4][2] = {{Op::vcgadd_f16, Op::vcgadd_f32}, {Op::vcgmax_f16, Op::vcgmax_f32}, {Op::vcgmin_f16, Op::vcgmin_f32}, {Op::vcpadd_f16, Op::vcpadd_f32}};
      const unsigned lanes = 256 / bytes, group = which == 3 ? 2 : 32 / bytes, results = lanes / group;
      const pipe::Issued issued = vary(issue(ops[which][bytes == 4], kDst, kSrc, reduce_word(4, 2)), trial, lanes);
      const Source s{bench, issued, bytes, {kSrc, 1, 8, bytes}};
      const Bytes before = bench.contents();
      bench.run(issued);
      const Bytes after = bench.contents();
      for (unsigned i = 0; i < 4; ++i)
        for (unsigned g = 0; g < results; ++g) {
          const std::uint64_t at = kDst + i * 2 * results * bytes + g * bytes;
          std::uint32_t expected = element(before, at, bytes);
          if (any(s, i, g * group, group)) {
            if (which == 0 || which == 3) expected = s.bits(sum(s, i, g * group, group));
            else expected = s.bits(s.value(i, extreme(s, i, g * group, group, which == 1)));
          }
          REQUIRE(element(after, at, bytes) == expected);
        }
    }
  });
}

TEST_CASE("vcmax and vcmin write value and index in the four orders; the first extreme wins") {
  for_each_case([](Bench& bench, unsigned bytes, unsigned trial) {
    for (const bool maximum : {true, false})
      for (unsigned order = 0; order < 4; ++order) {
        const Op op = maximum ? (bytes == 2 ? Op::vcmax_f16 : Op::vcmax_f32) : (bytes == 2 ? Op::vcmin_f16 : Op::vcmin_f32);
        const unsigned unit = order == 2 ? bytes : order == 3 ? 4 : 2 * bytes;
        const pipe::Issued issued = vary(issue(op, kDst, kSrc, reduce_word(4, 1, 1, 8, order)), trial, 256 / bytes);
        const Source s{bench, issued, bytes, {kSrc, 1, 8, bytes}};
        bench.run(issued);
        const Bytes after = bench.contents();
        for (unsigned i = 0; i < 4; ++i) {
          if (!any(s, i, 0, s.lanes())) continue;
          const unsigned index = extreme(s, i, 0, s.lanes(), maximum);
          const std::uint32_t value = s.bits(s.value(i, index));
          const std::uint64_t at = kDst + i * unit;
          if (order == 0 || order == 2) REQUIRE(element(after, at, bytes) == value);
          if (order == 0) REQUIRE(element(after, at + bytes, bytes) == index);
          if (order == 1) REQUIRE(element(after, at, bytes) == index);
          if (order == 1) REQUIRE(element(after, at + bytes, bytes) == value);
          if (order == 3) REQUIRE(element(after, at, 4) == index);
        }
      }
  });
}

TEST_CASE("MAX_MIN_CNT keeps the extreme of all repeats with its place from the first lane") {
  Bench bench;
  for (unsigned i = 0; i < 256; ++i) bench.put<float>(kSrc + 4 * i, static_cast<float>(i % 7));
  bench.put<float>(kSrc + 4 * 130, 50.0f);
  bench.put<float>(kSrc + 4 * 200, 50.0f);
  bench.run(issue(Op::vcmax_f32, kDst, kSrc, reduce_word(4)));
  CHECK(bench.memory.result.max_min_cnt == (std::uint64_t{130} << 32 | std::bit_cast<std::uint32_t>(50.0f)));
}

TEST_CASE("A reduction may write over its own source") {
  Bench bench;
  for (unsigned i = 0; i < 512; ++i) bench.put<float>(kSrc + 4 * i, static_cast<float>(i));
  bench.run(issue(Op::vcadd_f32, kSrc, kSrc, reduce_word(8)));
  for (unsigned i = 0; i < 8; ++i) CHECK(bench.get<float>(kSrc + 4 * i) == static_cast<float>(64 * 64 * i + 63 * 32));
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

// Element-wise operations of two tensors, and of a tensor and a scalar, against definitions lane by lane.
#include <functional>

#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc0 = 0xc000, kSrc1 = 0x18000;

// Raw bits of the result lane from the raw bits of the sources and the old destination.
using Definition = std::function<std::uint64_t(std::uint64_t, std::uint64_t, std::uint64_t)>;

std::uint64_t read_bits(const Bytes& ub, std::uint64_t at, unsigned bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, ub.data() + at, bytes);
  return value;
}

// What the whole operation does to UB, repeat by repeat, each reading before it writes.
void reference(Bytes& ub, const pipe::Issued& issued, unsigned repeat, const Strides& s, unsigned dst_bytes, unsigned src_bytes,
               const Definition& f, bool scalar) {
  const unsigned lanes = isa::kRepeatBytes / std::max(dst_bytes, src_bytes);
  const Lanes dst{issued.operand[0], s.dst_block, s.dst_repeat, dst_bytes}, a{issued.operand[1], s.src0_block, s.src0_repeat, src_bytes};
  const Lanes b{issued.operand[2], s.src1_block, s.src1_repeat, src_bytes};
  for (unsigned i = 0; i < repeats_of(issued, lanes, repeat); ++i) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> writes;
    for (unsigned lane = 0; lane < lanes; ++lane)
      if (active(issued, lanes, i, lane)) {
        const std::uint64_t second = scalar ? issued.operand[2] : read_bits(ub, b.at(i, lane), src_bytes);
        writes.emplace_back(dst.at(i, lane), f(read_bits(ub, a.at(i, lane), src_bytes), second, read_bits(ub, dst.at(i, lane), dst_bytes)));
      }
    for (const auto& [at, value] : writes) std::memcpy(ub.data() + at, &value, dst_bytes);
  }
}

void compare(const Bytes& expected, const Bench& bench) {
  const Bytes got = bench.contents();
  for (std::size_t i = 0; i < kUbBytes; ++i)
    if (expected[i] != got[i]) FAIL("byte " << i << ": expected " << int{expected[i]} << ", got " << int{got[i]});
}

struct Case {
  const char* name;
  Op op;
  unsigned dst_bytes, src_bytes;
  Definition f;
};

Definition halves(double (*f)(double, double, double)) {
  return [f](std::uint64_t a, std::uint64_t b, std::uint64_t d) {
    const auto v = [](std::uint64_t x) { return half_value(static_cast<std::uint16_t>(x)); };
    return std::uint64_t{half_bits(static_cast<float>(f(v(a), v(b), v(d))))};
  };
}
Definition singles(float (*f)(float, float, float)) {
  return [f](std::uint64_t a, std::uint64_t b, std::uint64_t d) {
    const auto v = [](std::uint64_t x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x)); };
    return std::uint64_t{single_bits(f(v(a), v(b), v(d)))};
  };
}
template <class T>
Definition integers(std::int64_t (*f)(std::int64_t, std::int64_t)) {
  return [f](std::uint64_t a, std::uint64_t b, std::uint64_t) {
    using U = std::make_unsigned_t<T>;
    return std::uint64_t{static_cast<U>(f(static_cast<T>(a), static_cast<T>(b)))};
  };
}
template <class V> V maximum(V a, V b, V) { return a != a || b != b ? static_cast<V>(NAN) : a == 0 && b == 0 ? (std::signbit(a) ? b : a) : std::fmax(a, b); }
template <class V> V minimum(V a, V b, V) { return a != a || b != b ? static_cast<V>(NAN) : a == 0 && b == 0 ? (std::signbit(a) ? a : b) : std::fmin(a, b); }
template <class V> V positive(V x) { return x != x ? x : x > 0 ? x : V{0}; }

// fp16 sums and products of two values are exact in double, and once rounded to fp32 (24 >= 2 * 11 + 2 bits) the second
// rounding changes nothing.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"vadd_f16", Op::vadd_f16, 2, 2, halves([](double a, double b, double) { return a + b; })},
      {"vsub_f16", Op::vsub_f16, 2, 2, halves([](double a, double b, double) { return a - b; })},
      {"vmul_f16", Op::vmul_f16, 2, 2, halves([](double a, double b, double) { return a * b; })},
      {"vdiv_f16", Op::vdiv_f16, 2, 2, halves([](double a, double b, double) { return a / b; })},
      {"vmax_f16", Op::vmax_f16, 2, 2, halves(maximum<double>)},
      {"vmin_f16", Op::vmin_f16, 2, 2, halves(minimum<double>)},
      {"vaddrelu_f16", Op::vaddrelu_f16, 2, 2, halves([](double a, double b, double) { return positive(a + b); })},
      {"vsubrelu_f16", Op::vsubrelu_f16, 2, 2, halves([](double a, double b, double) { return positive(a - b); })},
      {"vmla_f16", Op::vmla_f16, 2, 2, halves([](double a, double b, double d) { return double(static_cast<float>(a * b) + static_cast<float>(d)); })},
      {"vmadd_f16", Op::vmadd_f16, 2, 2, halves([](double a, double b, double d) { return double(static_cast<float>(a * d) + static_cast<float>(b)); })},
      {"vmaddrelu_f16", Op::vmaddrelu_f16, 2, 2, halves([](double a, double b, double d) { return positive(double(static_cast<float>(a * d) + static_cast<float>(b))); })},
      {"vadd_f32", Op::vadd_f32, 4, 4, singles([](float a, float b, float) { return a + b; })},
      {"vsub_f32", Op::vsub_f32, 4, 4, singles([](float a, float b, float) { return a - b; })},
      {"vmul_f32", Op::vmul_f32, 4, 4, singles([](float a, float b, float) { return a * b; })},
      {"vdiv_f32", Op::vdiv_f32, 4, 4, singles([](float a, float b, float) { return a / b; })},
      {"vmax_f32", Op::vmax_f32, 4, 4, singles(maximum<float>)},
      {"vmin_f32", Op::vmin_f32, 4, 4, singles(minimum<float>)},
      {"vaddrelu_f32", Op::vaddrelu_f32, 4, 4, singles([](float a, float b, float) { return positive(a + b); })},
      {"vsubrelu_f32", Op::vsubrelu_f32, 4, 4, singles([](float a, float b, float) { return positive(a - b); })},
      {"vmla_f32", Op::vmla_f32, 4, 4, singles([](float a, float b, float d) { volatile float p = a * b; return p + d; })},
      {"vmadd_f32", Op::vmadd_f32, 4, 4, singles([](float a, float b, float d) { volatile float p = a * d; return p + b; })},
      {"vmaddrelu_f32", Op::vmaddrelu_f32, 4, 4, singles([](float a, float b, float d) { volatile float p = a * d; return positive(p + b); })},
      {"vadd_s16", Op::vadd_s16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return a + b; })},
      {"vsub_s16", Op::vsub_s16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return a - b; })},
      {"vmul_s16", Op::vmul_s16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return a * b; })},
      {"vmax_s16", Op::vmax_s16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return std::max(a, b); })},
      {"vmin_s16", Op::vmin_s16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return std::min(a, b); })},
      {"vadd_s32", Op::vadd_s32, 4, 4, integers<std::int32_t>([](std::int64_t a, std::int64_t b) { return a + b; })},
      {"vsub_s32", Op::vsub_s32, 4, 4, integers<std::int32_t>([](std::int64_t a, std::int64_t b) { return a - b; })},
      {"vmul_s32", Op::vmul_s32, 4, 4, integers<std::int32_t>([](std::int64_t a, std::int64_t b) { return a * b; })},
      {"vmax_s32", Op::vmax_s32, 4, 4, integers<std::int32_t>([](std::int64_t a, std::int64_t b) { return std::max(a, b); })},
      {"vmin_s32", Op::vmin_s32, 4, 4, integers<std::int32_t>([](std::int64_t a, std::int64_t b) { return std::min(a, b); })},
      {"vand_b16", Op::vand_b16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return a & b; })},
      {"vor_b16", Op::vor_b16, 2, 2, integers<std::int16_t>([](std::int64_t a, std::int64_t b) { return a | b; })},
  };
  return all;
}

void prepare(Bench& bench, unsigned bytes) {
  for (std::uint64_t base : {kDst, kSrc0, kSrc1}) {
    if (bytes == 2) bench.fill_half(base, 16384);
    else bench.fill_single(base, 8192);
  }
}

TEST_CASE("Binary operations equal their definitions for random masks, repeats and strides") {
  for (const Case& c : cases()) {
    INFO(c.name << ", seed " << kSeed);
    Bench bench;
    prepare(bench, c.src_bytes);
    const unsigned lanes = isa::kRepeatBytes / c.dst_bytes;
    for (unsigned trial = 0; trial < 14; ++trial) {
      const auto r = [&](unsigned n) { return static_cast<unsigned>(bench.random() % n); };
      Strides s;
      if (trial % 2) s = {1 + r(3), r(4), r(4), r(24), r(24), r(24)};
      if (trial % 2 && s.dst_repeat < 8 * s.dst_block) s.dst_repeat += 8 * s.dst_block;
      const unsigned repeat = trial == 0 ? 0 : trial == 2 ? 20 : r(9);
      pipe::Issued issued = issue(c.op, kDst, kSrc0, kSrc1, binary_word(repeat, s));
      if (trial % 4 == 1) issued = with_mask(issued, bench.random() * 0x100000001ull, bench.random());
      if (trial % 4 == 3) issued = with_count(issued, r(lanes * 6));
      if (trial == 4) issued = with_mask(issued, 0, 0);
      if (trial == 6) { issued = with_mask(issued, 0x1fff, 0); }
      Bytes expected = bench.contents();
      reference(expected, issued, repeat, s, c.dst_bytes, c.src_bytes, c.f, false);
      bench.run(issued);
      compare(expected, bench);
    }
  }
}

TEST_CASE("A binary operation in place, and one that overlaps its source by a block, follow the order of repeats") {
  for (const Op op : {Op::vadd_f16, Op::vadd_f32, Op::vsub_s32}) {
    const Case& c = *std::find_if(cases().begin(), cases().end(), [op](const Case& x) { return x.op == op; });
    for (const std::uint64_t dst : {kSrc0, kSrc1, kSrc0 + 32, kSrc0 + 256, kSrc0 - 32}) {
      Bench bench;
      prepare(bench, c.src_bytes);
      const pipe::Issued issued = issue(op, dst, kSrc0, kSrc1, binary_word(7));
      Bytes expected = bench.contents();
      reference(expected, issued, 7, {}, c.dst_bytes, c.src_bytes, c.f, false);
      bench.run(issued);
      compare(expected, bench);
    }
  }
}

TEST_CASE("vmla_f32f16 reads fp16 factors from half as many blocks and accumulates in fp32") {
  Bench bench;
  bench.fill_single(kDst, 8192);
  bench.fill_half(kSrc0, 8192);
  bench.fill_half(kSrc1, 8192);
  const Strides s{1, 1, 1, 8, 4, 4};
  const Definition f = [](std::uint64_t a, std::uint64_t b, std::uint64_t d) {
    const auto product = static_cast<float>(half_value(static_cast<std::uint16_t>(a)) * half_value(static_cast<std::uint16_t>(b)));
    return std::uint64_t{single_bits(product + std::bit_cast<float>(static_cast<std::uint32_t>(d)))};
  };
  for (const std::uint64_t mask : {~std::uint64_t{0}, std::uint64_t{0x00ff0ff01234cdef}}) {
    const pipe::Issued issued = with_mask(issue(Op::vmla_f32f16, kDst, kSrc0, kSrc1, binary_word(5, s)), mask, 0);
    Bytes expected = bench.contents();
    reference(expected, issued, 5, s, 4, 2, f, false);
    bench.run(issued);
    compare(expected, bench);
  }
}

TEST_CASE("Integer sums, differences and products saturate with CTRL bit 53 and wrap without") {
  Bench bench;
  const auto one = [&](Op op, std::int32_t a, std::int32_t b, std::uint64_t ctrl) {
    bench.put<std::int32_t>(kSrc0, a);
    bench.put<std::int32_t>(kSrc1, b);
    pipe::Issued issued = with_mask(issue(op, kDst, kSrc0, kSrc1, binary_word(1)), 1, 0);
    issued.special.ctrl = ctrl;
    bench.run(issued);
    return bench.get<std::int32_t>(kDst);
  };
  const std::uint64_t saturate = isa::ctrl::int_saturate.put(1);
  CHECK(one(Op::vadd_s32, INT32_MAX, 1, saturate) == INT32_MAX);
  CHECK(one(Op::vadd_s32, INT32_MAX, 1, 0) == INT32_MIN);
  CHECK(one(Op::vsub_s32, INT32_MIN, 1, saturate) == INT32_MIN);
  CHECK(one(Op::vmul_s32, 1 << 20, 1 << 20, saturate) == INT32_MAX);
  CHECK(one(Op::vmul_s32, 1 << 20, 1 << 20, 0) == 0);
}

TEST_CASE("fp16 results saturate with CTRL bit 48: infinity to 65504, NaN to 0") {
  Bench bench;
  const auto one = [&](std::uint16_t a, std::uint16_t b, std::uint64_t ctrl) {
    bench.put<std::uint16_t>(kSrc0, a);
    bench.put<std::uint16_t>(kSrc1, b);
    pipe::Issued issued = with_mask(issue(Op::vadd_f16, kDst, kSrc0, kSrc1, binary_word(1)), 1, 0);
    issued.special.ctrl = ctrl;
    bench.run(issued);
    return bench.get<std::uint16_t>(kDst);
  };
  const std::uint64_t saturate = isa::ctrl::fp_saturate.put(1);
  CHECK(one(0x7bff, 0x7bff, 0) == 0x7c00);
  CHECK(one(0x7bff, 0x7bff, saturate) == 0x7bff);
  CHECK(one(0xfbff, 0xfbff, saturate) == 0xfbff);
  CHECK(one(0x7c00, 0xfc00, 0) == 0x7e00);
  CHECK(one(0x7c00, 0xfc00, saturate) == 0);
}

TEST_CASE("Operations of a tensor and a scalar equal their definitions") {
  struct ScalarCase {
    Case c;
    std::uint64_t scalar;
  };
  const auto two = [](Op op, const char* name, Op as) {
    Case c = *std::find_if(cases().begin(), cases().end(), [as](const Case& x) { return x.op == as; });
    c.op = op;
    c.name = name;
    return c;
  };
  const std::uint16_t half = 0x3e9a;
  const std::uint32_t single = std::bit_cast<std::uint32_t>(-1.37f);
  const std::vector<ScalarCase> all = {
      {two(Op::vadds_f16, "vadds_f16", Op::vadd_f16), half}, {two(Op::vadds_f32, "vadds_f32", Op::vadd_f32), single},
      {two(Op::vadds_s16, "vadds_s16", Op::vadd_s16), 0x7123}, {two(Op::vadds_s32, "vadds_s32", Op::vadd_s32), 0xfffffff0},
      {two(Op::vmuls_f16, "vmuls_f16", Op::vmul_f16), half}, {two(Op::vmuls_f32, "vmuls_f32", Op::vmul_f32), single},
      {two(Op::vmuls_s16, "vmuls_s16", Op::vmul_s16), 77}, {two(Op::vmuls_s32, "vmuls_s32", Op::vmul_s32), 0xdeadbeef},
      {two(Op::vmaxs_f16, "vmaxs_f16", Op::vmax_f16), half}, {two(Op::vmaxs_f32, "vmaxs_f32", Op::vmax_f32), single},
      {two(Op::vmaxs_s16, "vmaxs_s16", Op::vmax_s16), 77}, {two(Op::vmaxs_s32, "vmaxs_s32", Op::vmax_s32), 77},
      {two(Op::vmins_f16, "vmins_f16", Op::vmin_f16), half}, {two(Op::vmins_f32, "vmins_f32", Op::vmin_f32), single},
      {two(Op::vmins_s16, "vmins_s16", Op::vmin_s16), 77}, {two(Op::vmins_s32, "vmins_s32", Op::vmin_s32), 77},
      {two(Op::vaxpy_f16, "vaxpy_f16", Op::vmla_f16), half}, {two(Op::vaxpy_f32, "vaxpy_f32", Op::vmla_f32), single},
      {{"vlrelu_f16", Op::vlrelu_f16, 2, 2, halves([](double a, double b, double) { return a > 0 ? a : a * b; })}, half},
      {{"vlrelu_f32", Op::vlrelu_f32, 4, 4, singles([](float a, float b, float) { return a > 0 ? a : a * b; })}, single},
      {{"vaxpy_f32f16", Op::vaxpy_f32f16, 4, 2, [](std::uint64_t a, std::uint64_t b, std::uint64_t d) {
          const auto product = static_cast<float>(half_value(static_cast<std::uint16_t>(a)) * half_value(static_cast<std::uint16_t>(b)));
          return std::uint64_t{single_bits(product + std::bit_cast<float>(static_cast<std::uint32_t>(d)))};
        }}, half},
  };
  for (const ScalarCase& c : all) {
    INFO(c.c.name);
    Bench bench;
    prepare(bench, c.c.src_bytes);
    if (c.c.dst_bytes != c.c.src_bytes) bench.fill_single(kDst, 8192);
    const unsigned narrow = 8 * c.c.src_bytes / c.c.dst_bytes;
    for (unsigned trial = 0; trial < 4; ++trial) {
      const Strides s = trial == 3 ? Strides{2, 1, 0, 16, narrow, 0} : Strides{1, 1, 0, 8, narrow, 0};
      pipe::Issued issued = issue(c.c.op, kDst, kSrc0, c.scalar, unary_word(6, s.dst_block, s.src0_block, s.dst_repeat, s.src0_repeat));
      if (trial == 1) issued = with_mask(issued, 0x8000ff0100018001, 0x10ff);
      if (trial == 2) issued = with_count(issued, 217);
      Bytes expected = bench.contents();
      reference(expected, issued, 6, s, c.c.dst_bytes, c.c.src_bytes, c.c.f, true);
      bench.run(issued);
      compare(expected, bench);
    }
  }
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

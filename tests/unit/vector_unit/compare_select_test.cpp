// Compare to packed bits, compare to CMPMASK, select.
#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc0 = 0xc000, kSrc1 = 0x18000, kBitsAt = 0x1000;

bool relation(unsigned which, double a, double b) {
  switch (which) {
    case 0: return a < b;
    case 1: return a > b;
    case 2: return a >= b;
    case 3: return a <= b;
    case 4: return a == b;
    default: return a != b;
  }
}
constexpr Op kTensor[6][2] = {{Op::vcmpv_lt_f16, Op::vcmpv_lt_f32}, {Op::vcmpv_gt_f16, Op::vcmpv_gt_f32}, {Op::vcmpv_ge_f16, Op::vcmpv_ge_f32},
                              {Op::vcmpv_le_f16, Op::vcmpv_le_f32}, {Op::vcmpv_eq_f16, Op::vcmpv_eq_f32}, {Op::vcmpv_ne_f16, Op::vcmpv_ne_f32}};
constexpr Op kScalar[6][2] = {{Op::vcmpvs_lt_f16, Op::vcmpvs_lt_f32}, {Op::vcmpvs_gt_f16, Op::vcmpvs_gt_f32}, {Op::vcmpvs_ge_f16, Op::vcmpvs_ge_f32},
                              {Op::vcmpvs_le_f16, Op::vcmpvs_le_f32}, {Op::vcmpvs_eq_f16, Op::vcmpvs_eq_f32}, {Op::vcmpvs_ne_f16, Op::vcmpvs_ne_f32}};
constexpr Op kToMask[6][2] = {{Op::vcmp_lt_f16, Op::vcmp_lt_f32}, {Op::vcmp_gt_f16, Op::vcmp_gt_f32}, {Op::vcmp_ge_f16, Op::vcmp_ge_f32},
                              {Op::vcmp_le_f16, Op::vcmp_le_f32}, {Op::vcmp_eq_f16, Op::vcmp_eq_f32}, {Op::vcmp_ne_f16, Op::vcmp_ne_f32}};

// Two tensors with equal values here and there.
void fill(Bench& bench, unsigned bytes) {
  if (bytes == 2) { bench.fill_half(kSrc0, 2048); bench.fill_half(kSrc1, 2048); }
  else { bench.fill_single(kSrc0, 1024); bench.fill_single(kSrc1, 1024); }
  for (unsigned i = 0; i < 4096; i += 4 * bytes) std::memcpy(bench.memory.ub.data() + kSrc1 + i, bench.memory.ub.data() + kSrc0 + i, bytes);
}
double value(const Bench& bench, std::uint64_t base, unsigned i, unsigned bytes) {
  return bytes == 2 ? half_value(bench.get<std::uint16_t>(base + 2 * i)) : double{bench.get<float>(base + 4 * i)};
}
bool bit(const Bench& bench, std::uint64_t base, unsigned i) { return bench.get<std::uint8_t>(base + i / 8) >> (i % 8) & 1; }

TEST_CASE("vcmpv and vcmpvs write packed bits of whole repeats and ignore the mask") {
  for (unsigned wide = 0; wide < 2; ++wide)
    for (unsigned which = 0; which < 6; ++which) {
      const unsigned bytes = wide ? 4 : 2, lanes = 256 / bytes;
      Bench bench;
      fill(bench, bytes);
      pipe::Issued issued = with_mask(issue(kTensor[which][wide], kDst, kSrc0, kSrc1), 1, 0);
      issued.special.cmp_control = binary_word(5);
      bench.run(issued);
      for (unsigned i = 0; i < 5 * lanes; ++i)
        REQUIRE(bit(bench, kDst, i) == relation(which, value(bench, kSrc0, i, bytes), value(bench, kSrc1, i, bytes)));
      const std::uint64_t scalar = wide ? std::bit_cast<std::uint32_t>(1.0f) : 0x3c00;
      issued = with_mask(issue(kScalar[which][wide], kDst, kSrc0, scalar), 0, 0);
      issued.special.cmp_control = unary_word(4, 1, 2, 8, 16);
      bench.run(issued);
      for (unsigned i = 0; i < 4 * lanes; ++i) {
        const unsigned per_block = 32 / bytes, source = i / per_block * 2 * per_block + i % per_block;
        REQUIRE(bit(bench, kDst, i) == relation(which, value(bench, kSrc0, source, bytes), 1.0));
      }
    }
}

TEST_CASE("s32 compares for equality") {
  Bench bench;
  for (unsigned i = 0; i < 64; i += 3) bench.put(kSrc1 + 4 * i, bench.get<std::uint32_t>(kSrc0 + 4 * i));
  pipe::Issued issued = issue(Op::vcmpv_eq_s32, kDst, kSrc0, kSrc1);
  issued.special.cmp_control = binary_word(1);
  bench.run(issued);
  for (unsigned i = 0; i < 64; ++i) REQUIRE(bit(bench, kDst, i) == (i % 3 == 0));
  issued = issue(Op::vcmpvs_eq_s32, kDst, kSrc0, bench.get<std::uint32_t>(kSrc0 + 20));
  issued.special.cmp_control = unary_word(1);
  bench.run(issued);
  for (unsigned i = 0; i < 64; ++i) REQUIRE(bit(bench, kDst, i) == (i == 5));
}

TEST_CASE("Counter mode gives compares their number of repeats") {
  Bench bench;
  fill(bench, 4);
  pipe::Issued issued = with_count(issue(Op::vcmpv_lt_f32, kDst, kSrc0, kSrc1), 128);
  issued.special.cmp_control = binary_word(0);
  const Bytes before = bench.contents();
  bench.run(issued);
  for (unsigned i = 0; i < 128; ++i) REQUIRE(bit(bench, kDst, i) == relation(0, value(bench, kSrc0, i, 4), value(bench, kSrc1, i, 4)));
  CHECK(bench.get<std::uint8_t>(kDst + 16) == before[kDst + 16]);
}

TEST_CASE("vcmp fills CMPMASK; set_cmpmask and get_cmpmask move it") {
  for (unsigned wide = 0; wide < 2; ++wide)
    for (unsigned which = 0; which < 6; ++which) {
      const unsigned bytes = wide ? 4 : 2, lanes = 256 / bytes;
      Bench bench;
      fill(bench, bytes);
      bench.run(issue(kToMask[which][wide], kSrc0, kSrc1, binary_word(1)));
      for (unsigned i = 0; i < lanes; ++i)
        REQUIRE((bench.memory.result.cmpmask[i / 64] >> (i % 64) & 1) == relation(which, value(bench, kSrc0, i, bytes), value(bench, kSrc1, i, bytes)));
    }
  Bench bench;
  bench.run(issue(Op::set_cmpmask, 0, kSrc0, 0));
  CHECK(bench.memory.result.cmpmask[1] == bench.get<std::uint64_t>(kSrc0 + 8));
  bench.run(issue(Op::get_cmpmask, kDst));
  CHECK(bench.get<std::uint64_t>(kDst) == bench.get<std::uint64_t>(kSrc0));
  CHECK(bench.get<std::uint64_t>(kDst + 8) == bench.get<std::uint64_t>(kSrc0 + 8));
}

TEST_CASE("vsel takes its bits from CMPMASK for each repeat, or streams them from UB") {
  for (unsigned wide = 0; wide < 2; ++wide)
    for (unsigned mode = 0; mode < 3; ++mode)
      for (unsigned trial = 0; trial < 3; ++trial) {
        const unsigned bytes = wide ? 4 : 2, lanes = 256 / bytes;
        Bench bench;
        bench.memory.result.cmpmask[0] = 0x123456789abcdef0;
        bench.memory.result.cmpmask[1] = 0x0f0f3c3c5a5a9696;
        pipe::Issued issued = issue(wide ? Op::vsel_f32 : Op::vsel_f16, kDst, kSrc0, kSrc1, binary_word(3, {}, mode));
        issued.special.sel_mask = kBitsAt;
        if (trial == 1) issued = with_mask(issued, 0xffff0000ff00ff0f, 0xff);
        if (trial == 2) issued = with_count(issued, 2 * lanes + 9);
        const Bytes before = bench.contents();
        bench.run(issued);
        for (unsigned i = 0; i < 3 * lanes; ++i) {
          const unsigned lane = i % lanes;
          const bool taken = mode == 0 ? bench.memory.result.cmpmask[lane / 64] >> (lane % 64) & 1 : bit(bench, kBitsAt, i);
          std::uint32_t expected = 0, got = 0;
          const std::uint64_t from = !active(issued, lanes, i / lanes, lane) ? kDst : taken ? kSrc0 : kSrc1;
          const bool one_value = mode == 1 && from == kSrc1;
          std::memcpy(&expected, before.data() + from + (one_value ? 0 : i * bytes), bytes);
          std::memcpy(&got, bench.memory.ub.data() + kDst + i * bytes, bytes);
          REQUIRE(got == expected);
        }
      }
  pipe::Issued issued = issue(Op::vsel_f32, kDst, kSrc0, kSrc1, binary_word(1, {}, 3));
  CHECK(check(issued).kind == FaultKind::illegal_operand);
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

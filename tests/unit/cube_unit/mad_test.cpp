#include "cube_unit/mad.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "cube_unit/cube_unit.h"
#include "src/mte/number_formats.h"
#include "tests/unit/mte/core_fixture.h"

using namespace vitruvian;
using namespace vitruvian::test;
using cube_unit::Mad;
using cube_unit::MadType;

namespace {

struct Case {
  isa::Op op;
  std::uint32_t m, n, k;
  bool zero_init = false, bias = false;
  std::uint64_t ctrl = 0;
  bool k_align = false;
};

pipe::Issued issued_of(const Case& c) {
  namespace f = isa::mmad;
  pipe::Issued issued;
  issued.op = c.op;
  issued.operand = {0x400, 0x200, 0x400,
                    f::m.put(c.m) | f::n.put(c.n) | f::k.put(c.k) | f::zero_init.put(c.zero_init) | f::bias.put(c.bias) |
                        f::bias_address.put(2) | f::k_align.put(c.k_align)};
  issued.special.ctrl = c.ctrl;
  return issued;
}

// --- the reference: one element at a time, in the words of cube_unit.h

float flushed(float value) { return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value; }

// Fused multiply-add whose result is flushed if it is tiny after rounding with an unbounded exponent.
float fused(float a, float b, float c) {
  a = flushed(a), b = flushed(b), c = flushed(c);
  const float result = std::fma(a, b, c);
  if (std::isnan(result) || std::fabs(result) > 0x1p-126f || result == 0) {
    // A zero may be an underflow: its sign is that of the exact value, which fma gives already.
    return result;
  }
  constexpr float kUp = 0x1p40f;
  const bool scale_a = std::fabs(a) < std::fabs(b);
  const float scaled = std::fma(scale_a ? a * kUp : a, scale_a ? b : b * kUp, c * kUp);
  return std::fabs(scaled) < 0x1p-126f * kUp ? std::copysign(0.0f, result) : result;
}

float to_hf32(float value, bool truncate) {
  if (!std::isfinite(value)) return value;
  value = flushed(value);
  int exponent;
  const double fraction = std::frexp(static_cast<double>(value), &exponent) * 0x1p11;  // 11 bits before the point
  return static_cast<float>(std::ldexp(truncate ? std::trunc(fraction) : std::nearbyint(fraction), exponent - 11));
}

struct Operands {  // what lies in the layouts, as the formulas of cube_unit.h say
  const Case& c;
  const std::uint8_t* a;
  const std::uint8_t* b;
  std::uint32_t c0, bits, k1;

  Operands(const Case& which, const memory::CoreMemory& memory) : c(which), a(memory.l0a.data() + 0x200), b(memory.l0b.data() + 0x400) {
    bits = c.op == isa::Op::mad_f32 ? 32 : c.op == isa::Op::mad_s8 ? 8 : c.op == isa::Op::mad_s4 ? 4 : 16;
    c0 = 256 / bits;
    k1 = c.k_align && bits == 32 ? 2 * up(c.k, 16) : up(c.k, c0);
  }
  std::size_t bit_of_a(std::uint32_t m, std::uint32_t k) const {
    if (c.m == 1) return std::size_t{k} * bits;
    return (std::size_t{m / 16} * k1 + k / c0) * 4096 + (m % 16) * 256 + k % c0 * bits;
  }
  std::size_t bit_of_b(std::uint32_t k, std::uint32_t n) const {
    return (std::size_t{k / c0} * up(c.n, 16) + n / 16) * 4096 + (n % 16) * 256 + k % c0 * bits;
  }
  float real(const std::uint8_t* from, std::size_t bit) const {
    if (c.op == isa::Op::mad_f16) return mte::float_from_f16(get<std::uint16_t>(from, bit / 8));
    if (c.op == isa::Op::mad_bf16) return mte::float_from_bf16(get<std::uint16_t>(from, bit / 8));
    const float value = get<float>(from, bit / 8);
    return isa::ctrl::hf32.get(c.ctrl) ? to_hf32(value, isa::ctrl::hf32_round.get(c.ctrl) != 0) : value;
  }
  std::int64_t integer(const std::uint8_t* from, std::size_t bit) const {
    const std::uint8_t byte = from[bit / 8];
    if (bits == 8) return static_cast<std::int8_t>(byte);
    const int nibble = bit % 8 ? byte >> 4 : byte & 15;
    return nibble >= 8 ? nibble - 16 : nibble;
  }
};

std::uint32_t reference(const Operands& x, std::uint32_t start, std::uint32_t m, std::uint32_t n) {
  const Case& c = x.c;
  if (c.op == isa::Op::mad_s8 || c.op == isa::Op::mad_s4) {
    std::uint32_t sum = start;
    for (std::uint32_t k = 0; k < c.k; ++k)
      sum += static_cast<std::uint32_t>(x.integer(x.a, x.bit_of_a(m, k)) * x.integer(x.b, x.bit_of_b(k, n)));
    return sum;
  }
  float sum = std::bit_cast<float>(start);
  const auto add = [&](std::uint32_t k) {
    sum = k < c.k ? fused(x.real(x.a, x.bit_of_a(m, k)), x.real(x.b, x.bit_of_b(k, n)), sum) : fused(0, 0, sum);
  };
  if (c.op == isa::Op::mad_bf16)
    for (std::uint32_t k = 0; k < c.k; k += 2) add(k + 1), add(k);
  else
    for (std::uint32_t k = 0; k < c.k; ++k) add(k);
  return std::isnan(sum) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(sum);
}

// The L0C that the operation must leave, all of it.
std::vector<std::uint8_t> expected_l0c(const Case& c, const CubeCore& core) {
  std::vector<std::uint8_t> l0c = core.snapshot(core.memory.l0c);
  const Operands x(c, core.memory);
  for (std::uint32_t m = 0; m < c.m; ++m)
    for (std::uint32_t n = 0; n < c.n; ++n) {
      const std::size_t at = 0x400 + (std::size_t{n / 16} * up(c.m, 16) + m / 16) * 1024 + m % 16 * 64 + n % 16 * 4;
      std::uint32_t start = get<std::uint32_t>(l0c.data(), at);
      if (c.zero_init) start = 0;
      if (c.bias) start = get<std::uint32_t>(core.memory.bt.data(), 128 + n * 4);
      put(l0c.data(), at, reference(x, start, m, n));
    }
  return l0c;
}

void check_all_kernels(const Case& c, const CubeCore& core) {
  const std::vector<std::uint8_t> before = core.snapshot(core.memory.l0c), expected = expected_l0c(c, core);
  const cube_unit::KernelList list = cube_unit::runnable_kernels();
  memory::CoreMemory memory = core.memory;
  for (std::size_t i = 0; i < list.size; ++i) {
    std::memcpy(memory.l0c.data(), before.data(), before.size());
    cube_unit::execute_mad(cube_unit::mad_of(issued_of(c)), memory, *list.items[i]);
    std::size_t different = 0, first = 0;
    for (std::size_t at = 0; at < expected.size(); at += 4)
      if (get<std::uint32_t>(memory.l0c.data(), at) != get<std::uint32_t>(expected.data(), at) && different++ == 0) first = at;
    INFO(list.items[i]->name << " op " << static_cast<int>(c.op) << " m " << c.m << " n " << c.n << " k " << c.k << " zero "
                             << c.zero_init << " bias " << c.bias << " first at " << first << std::hex << " got "
                             << get<std::uint32_t>(memory.l0c.data(), first) << " expected "
                             << get<std::uint32_t>(expected.data(), first));
    REQUIRE(different == 0);
  }
}

// Shapes with tails that fit the buffers.
Case random_case(isa::Op op, Random& random) {
  const bool wide = op == isa::Op::mad_f32;
  const auto up_to = [&](std::uint32_t most) { return static_cast<std::uint32_t>(1 + random() % most); };
  Case c{op, up_to(70), up_to(70), up_to(wide ? 60 : 150)};
  if (random() % 4 == 0) c.m = 1;
  c.zero_init = random() % 2;
  c.bias = !c.zero_init && random() % 3 == 0;
  return c;
}

// Values around 1, so that sums stay finite and every rounding shows.
void fill_ordinary(CubeCore& core, isa::Op op, Random& random) {
  std::normal_distribution<float> normal;
  for (memory::Buffer* buffer : {&core.memory.l0a, &core.memory.l0b, &core.memory.l0c, &core.memory.bt})
    for (std::size_t at = 0; at < buffer->size(); at += 4) {
      const float value = normal(random), other = normal(random);
      const bool sums = buffer == &core.memory.l0c || buffer == &core.memory.bt;
      if (op == isa::Op::mad_f32 || sums) put(buffer->data(), at, value);
      else if (op == isa::Op::mad_f16) put(buffer->data(), at, std::uint32_t{mte::f16_from_float(value)} | std::uint32_t{mte::f16_from_float(other)} << 16);
      else put(buffer->data(), at, std::uint32_t{mte::bf16_from_float(value)} | std::uint32_t{mte::bf16_from_float(other)} << 16);
    }
}

// Denormals, borders of the normal range, infinities, NaN, huge values, zeros of both signs.
std::uint32_t nasty_word(Random& random) {
  static constexpr std::uint32_t kSpecial[] = {0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x80800001, 0x00ffffff,
                                               0x3f800000, 0xbf800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc12345,
                                               0x7f812345, 0x1f800000, 0x20000000, 0x9fffffff, 0x5f800000, 0x007f8000};
  return kSpecial[random() % std::size(kSpecial)];
}

void fill_nasty(CubeCore& core, isa::Op op, Random& random, bool finite) {
  for (memory::Buffer* buffer : {&core.memory.l0a, &core.memory.l0b, &core.memory.l0c, &core.memory.bt})
    for (std::size_t at = 0; at < buffer->size(); at += 4) {
      const bool sums = buffer == &core.memory.l0c || buffer == &core.memory.bt;
      std::uint32_t word = nasty_word(random);
      if (finite)  // products and sums near the least normal number
        word = (random() & 0x80ffffffu) | (sums ? random() % 3 << 23 : (62 + random() % 3) << 23 & 0x7f800000u);
      if (op == isa::Op::mad_f16 && !sums)
        word = finite ? random() & 0x83ff83ffu : random() | (random() % 8 ? 0u : 0x7c00u);
      else if (op == isa::Op::mad_bf16 && !sums)
        word = (word & 0xffff0000u) | (finite ? word >> 16 ^ (random() & 0x7fu) : nasty_word(random) >> 16);
      put(buffer->data(), at, word);
    }
}

constexpr isa::Op kFloats[] = {isa::Op::mad_bf16, isa::Op::mad_f16, isa::Op::mad_f32};

}  // namespace

TEST_CASE("mad gives the bits of the documented order on every host path, for random shapes with tails") {
  const unsigned seed = 20261125;
  CAPTURE(seed);
  Random random(seed);
  CubeCore core(random);
  for (const isa::Op op : kFloats) {
    fill_ordinary(core, op, random);
    for (int i = 0; i < 25; ++i) check_all_kernels(random_case(op, random), core);
  }
}

TEST_CASE("mad gives the same bits on denormals, infinities, NaN and huge values on every host path") {
  const unsigned seed = 77;
  CAPTURE(seed);
  Random random(seed);
  CubeCore core(random);
  for (const isa::Op op : kFloats)
    for (const bool finite : {false, true}) {
      fill_nasty(core, op, random, finite);
      for (int i = 0; i < 12; ++i) {
        Case c = random_case(op, random);
        c.k = 1 + random() % 5;
        check_all_kernels(c, core);
        check_all_kernels(random_case(op, random), core);
      }
    }
}

TEST_CASE("a sum just below the least normal number rounds up to it only if 24 bits do") {
  Random random(1);
  CubeCore core(random);
  // 2^-126 as C, minus p: 2^-151 (a tie of 24 bits: kept) and 1.5 * 2^-151 (rounds down: flushed).
  const std::uint32_t least = 0x00800000;
  for (const std::uint32_t b : {0x9f800000u /* -2^-64 */, 0x9fc00000u /* -1.5 * 2^-64 */}) {
    const Case c{isa::Op::mad_bf16, 1, 1, 2};
    put(core.memory.l0a.data(), 0x200, std::uint32_t{0x14000000u >> 16});  // 2^-87 and 0
    put(core.memory.l0b.data(), 0x400, b >> 16);
    put(core.memory.l0c.data(), 0x400, least);
    check_all_kernels(c, core);
    cube_unit::execute_mad(cube_unit::mad_of(issued_of(c)), core.memory, cube_unit::portable_kernels());
    CHECK(get<std::uint32_t>(core.memory.l0c.data(), 0x400) == (b == 0x9f800000u ? least : 0u));
  }
}

TEST_CASE("integer mad is exact modulo 2^32 on every host path") {
  const unsigned seed = 5;
  CAPTURE(seed);
  Random random(seed);
  CubeCore core(random);
  for (int i = 0; i < 40; ++i) check_all_kernels(random_case(isa::Op::mad_s8, random), core);
  for (int i = 0; i < 40; ++i) check_all_kernels(random_case(isa::Op::mad_s4, random), core);
  std::memset(core.memory.l0a.data(), 0x80, core.memory.l0a.size());  // -128 x -128 everywhere
  std::memset(core.memory.l0b.data(), 0x80, core.memory.l0b.size());
  check_all_kernels({isa::Op::mad_s8, 33, 17, 200}, core);
}

TEST_CASE("hf32 rounds the operands first, to nearest even or toward zero, and k_align spaces the fractals of k") {
  Random random(9);
  CubeCore core(random);
  fill_ordinary(core, isa::Op::mad_f32, random);
  for (const std::uint64_t rounding : {0, 1})
    for (const std::uint32_t k : {8u, 23u})
      check_all_kernels({isa::Op::mad_f32, 20, 35, k, true, false, isa::ctrl::hf32.put(1) | isa::ctrl::hf32_round.put(rounding)}, core);
  check_all_kernels({isa::Op::mad_f32, 20, 35, 23, true, false, 0, true}, core);
}

TEST_CASE("mad with m, n or k of zero does nothing and touches nothing") {
  Random random(2);
  CubeCore core(random);
  for (const Case& c : {Case{isa::Op::mad_bf16, 0, 16, 16}, Case{isa::Op::mad_bf16, 16, 0, 16}, Case{isa::Op::mad_bf16, 16, 16, 0}}) {
    const auto before = core.snapshot(core.memory.l0c);
    CHECK(cube_unit::footprint(issued_of(c)).size() == 0);
    CHECK_FALSE(cube_unit::execute(issued_of(c), core.memory));
    CHECK(core.snapshot(core.memory.l0c) == before);
  }
}

TEST_CASE("the footprint of a mad is the fractals of A and B and exactly the elements of C") {
  const memory::Footprint whole = cube_unit::footprint(issued_of({isa::Op::mad_bf16, 33, 40, 20, true}));
  REQUIRE(whole.size() == 4);
  CHECK(whole.find(memory::Space::L0A, false)->total_bytes() == 3 * 2 * 512);
  CHECK(whole.find(memory::Space::L0B, false)->total_bytes() == 2 * 3 * 512);
  CHECK(whole[2].total_bytes() + whole[3].total_bytes() == 33 * 40 * 4);
  const memory::Footprint vector = cube_unit::footprint(issued_of({isa::Op::mad_bf16, 1, 16, 40, false, true}));
  CHECK(vector.find(memory::Space::L0A, false)->total_bytes() == 3 * 32);
  CHECK(vector.find(memory::Space::BT, false)->base == 128);
  CHECK(vector.find(memory::Space::L0C, false) == nullptr);
  const memory::Footprint accumulates = cube_unit::footprint(issued_of({isa::Op::mad_s8, 16, 16, 32}));
  CHECK(accumulates.find(memory::Space::L0C, false)->total_bytes() == 1024);
}

#include "cube_unit/fixpipe.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "cube_unit/cube_unit.h"
#include "src/mte/number_formats.h"
#include "tests/unit/mte/core_fixture.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

struct Case {
  isa::Op op;
  std::uint64_t quant = 0, relu = 0;
  std::uint32_t m = 1, n = 1;
  bool nz2nd = false, split = false;
  std::uint32_t matrices = 1;
  std::uint64_t ctrl = 0;
  bool to_gm() const { return op == isa::Op::copy_matrix_cc_to_gm_f32 || op == isa::Op::copy_matrix_cc_to_gm_s32; }
  bool from_s32() const { return op == isa::Op::copy_matrix_cc_to_gm_s32 || op == isa::Op::copy_matrix_cc_to_cbuf_s32; }
};

constexpr std::uint64_t kSource = 0x800, kInBuffer = 0x2000;
constexpr std::uint32_t kColumnRows = 80;  // rows of a column of fractals in L0C
constexpr std::uint64_t kScalar = 0x3d000000ull /* 1/32 */ | 0x1f8ull << 37 /* -8 */ | 1ull << 46;

std::uint32_t size_of(const Case& c) { return cube_unit::bytes_of(cube_unit::fixpipe_of([&] {
  pipe::Issued issued;
  issued.op = c.op;
  issued.operand[3] = isa::fixpipe::quant_pre.put(c.quant);
  return issued; }()).output); }

std::uint32_t pitch_of(const Case& c) { return c.nz2nd ? c.n + 3 : 96; }  // elements or 32 B

pipe::Issued issued_of(const Case& c) {
  namespace f = isa::fixpipe;
  pipe::Issued issued;
  issued.op = c.op;
  issued.operand = {c.to_gm() ? CubeCore::kGmBase + 0x1000 : kInBuffer, kSource,
                    f::n.put(c.n) | f::m.put(c.m) | f::dst_stride.put(pitch_of(c)),
                    f::src_stride.put(kColumnRows) | f::quant_pre.put(c.quant) | f::relu.put(c.relu) |
                        f::channel_split.put(c.split) | f::nz2nd.put(c.nz2nd)};
  issued.special.ctrl = c.ctrl;
  issued.special.nd_para = isa::nd_para::nd_num.put(c.matrices) | isa::nd_para::src_nd_stride.put(3) | isa::nd_para::dst_nd_stride.put(20000);
  issued.special.quant_pre = kScalar;
  issued.special.fpc = isa::fpc::quant_address.put(3);
  issued.special.lrelu_alpha = 0x3e800000;  // 0.25
  return issued;
}

// One element, in the words of cube_unit.h; the result's low bytes.
std::uint32_t converted(const Case& c, std::uint32_t word, std::uint32_t channel, const memory::CoreMemory& memory) {
  namespace q = isa::quant;
  float x = c.from_s32() ? static_cast<float>(static_cast<std::int32_t>(word)) : std::bit_cast<float>(word);
  const bool vector = c.quant == q::s32_to_s8_vector || c.quant == q::s32_to_f16_vector || c.quant == q::s32_to_s16_vector ||
                      c.quant == q::f32_to_s8_vector;
  const bool none = c.quant == q::none || c.quant == q::f32_to_f16 || c.quant == q::f32_to_bf16;
  if (c.quant == q::none && c.from_s32()) return c.relu == 1 && static_cast<std::int32_t>(word) < 0 ? 0 : word;
  const std::uint64_t parameter = vector ? get<std::uint64_t>(memory.fb.data(), 384 + channel * 8) : kScalar;
  if (!none) x *= std::bit_cast<float>(static_cast<std::uint32_t>(parameter));
  const bool integer = c.quant == q::s32_to_s8_vector || c.quant == q::s32_to_s8_scalar || c.quant == q::f32_to_s8_vector ||
                       c.quant == q::f32_to_s8_scalar || c.quant == q::s32_to_s16_vector || c.quant == q::s32_to_s16_scalar;
  if (c.relu == 2 && x < 0) x *= 0.25f;
  if (!integer && c.relu == 1 && !std::isnan(x) && !(x > 0)) x = 0;
  if (!integer) {
    if (c.quant == q::none) return std::bit_cast<std::uint32_t>(x);
    return c.quant == q::f32_to_bf16 ? mte::bf16_from_float(x) : mte::f16_from_float(x);
  }
  const bool wide = c.quant == q::s32_to_s16_vector || c.quant == q::s32_to_s16_scalar, is_signed = wide || (parameter >> 46 & 1);
  double rounded = std::isnan(x) ? 0 : std::nearbyint(static_cast<double>(x));
  std::int64_t offset = static_cast<std::int64_t>(parameter >> 37 & 0x1ff);
  if (offset >= 256) offset -= 512;
  rounded = std::clamp(rounded, -1e9, 1e9) + static_cast<double>(offset);
  const double low = wide ? -32768 : is_signed ? -128 : 0, high = wide ? 32767 : is_signed ? 127 : 255;
  double result = std::clamp(rounded, low, high);
  if (c.relu == 1 && result < 0) result = 0;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(result));
}

void check_case(const Case& c, CubeCore& core) {
  const std::uint32_t size = size_of(c), width = c.nz2nd ? 4096 : c.split ? 8 : size == 1 ? 32 : 16;
  std::vector<std::uint8_t> expected = c.to_gm() ? core.snapshot_gm() : core.snapshot(core.memory.l1);
  const std::size_t base = c.to_gm() ? 0x1000 : kInBuffer;
  for (std::uint32_t i = 0; i < c.matrices; ++i)
    for (std::uint32_t m = 0; m < c.m; ++m)
      for (std::uint32_t n = 0; n < c.n; ++n) {
        const std::size_t from = kSource + (c.nz2nd ? i * 3 * 1024 : 0) + std::size_t{n / 16} * kColumnRows * 64 + m * 64 + n % 16 * 4;
        const std::uint32_t value = converted(c, get<std::uint32_t>(core.memory.l0c.data(), from), n, core.memory);
        const std::size_t to = base + (c.nz2nd ? (std::size_t{i} * 20000 + std::size_t{m} * pitch_of(c) + n) * size
                                               : std::size_t{n / width} * pitch_of(c) * 32 + (std::size_t{m} * width + n % width) * size);
        std::memcpy(expected.data() + to, &value, size);
      }
  INFO("op " << static_cast<int>(c.op) << " quant " << c.quant << " relu " << c.relu << " m " << c.m << " n " << c.n << " nd " << c.nz2nd);
  const pipe::Issued issued = issued_of(c);
  REQUIRE_FALSE(cube_unit::check(issued));
  REQUIRE_FALSE(cube_unit::execute(issued, core.memory));
  REQUIRE((c.to_gm() ? core.snapshot_gm() : core.snapshot(core.memory.l1)) == expected);
  std::uint64_t written = 0;
  for (const memory::Access& access : cube_unit::footprint(issued))
    if (access.write) written += access.total_bytes();
  REQUIRE(written == std::uint64_t{c.matrices} * c.m * c.n * size);
}

void fill_l0c(CubeCore& core, bool s32, Random& random) {
  std::normal_distribution<float> normal(0, 1000);
  for (std::size_t at = 0; at < core.memory.l0c.size(); at += 4) {
    float value = normal(random);
    if (random() % 50 == 0) value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (s32) put(core.memory.l0c.data(), at, random() % 50 ? static_cast<std::int32_t>(normal(random)) : static_cast<std::int32_t>(random()));
    else put(core.memory.l0c.data(), at, value);
  }
  for (std::size_t at = 0; at < core.memory.fb.size(); at += 8)
    put(core.memory.fb.data(), at, std::bit_cast<std::uint32_t>(0.01f * static_cast<float>(1 + random() % 9)) |
                                       static_cast<std::uint64_t>(random() % 512) << 37 | static_cast<std::uint64_t>(random() % 2) << 46);
}

}  // namespace

TEST_CASE("fixpipe converts and lays out every documented conversion, with tails, to GM and L1") {
  namespace q = isa::quant;
  const unsigned seed = 3;
  CAPTURE(seed);
  Random random(seed);
  CubeCore core(random);
  for (const bool s32 : {false, true}) {
    fill_l0c(core, s32, random);
    const isa::Op gm = s32 ? isa::Op::copy_matrix_cc_to_gm_s32 : isa::Op::copy_matrix_cc_to_gm_f32;
    const isa::Op l1 = s32 ? isa::Op::copy_matrix_cc_to_cbuf_s32 : isa::Op::copy_matrix_cc_to_cbuf_f32;
    const std::vector<std::uint64_t> codes =
        s32 ? std::vector<std::uint64_t>{q::none, q::s32_to_f16_scalar, q::s32_to_f16_vector, q::s32_to_s8_scalar, q::s32_to_s8_vector,
                                         q::s32_to_s16_scalar, q::s32_to_s16_vector}
            : std::vector<std::uint64_t>{q::none, q::f32_to_f16, q::f32_to_bf16, q::f32_to_s8_scalar, q::f32_to_s8_vector};
    for (const std::uint64_t code : codes)
      for (const std::uint64_t relu : {0, 1, 2}) {
        if (relu == 2 && s32 && code == q::none) continue;
        const auto m = static_cast<std::uint32_t>(1 + random() % 40), n = static_cast<std::uint32_t>(1 + random() % 70);
        check_case({gm, code, relu, m, n, true}, core);
        check_case({gm, code, relu, m, n, false}, core);
        check_case({l1, code, relu, m, n, false}, core);
        check_case({gm, code, relu, 20, 32, true, false, 2}, core);
      }
  }
  fill_l0c(core, false, random);
  check_case({isa::Op::copy_matrix_cc_to_gm_f32, q::none, 0, 33, 40, false, true}, core);
}

TEST_CASE("fixpipe adds, maximises and minimises atomically into GM") {
  Random random(4);
  CubeCore core(random);
  Case c{isa::Op::copy_matrix_cc_to_gm_f32, isa::quant::none, 0, 2, 17, true};
  const auto run = [&](std::uint64_t type, std::uint64_t op, float old, float added) {
    for (std::size_t at = 0; at < core.memory.l0c.size(); at += 4) put(core.memory.l0c.data(), at, added);
    const std::size_t size = size_of(c);
    for (std::size_t i = 0; i < 100; ++i) {
      if (size == 4) put(core.gm->at(CubeCore::kGmBase + 0x1000), i * 4, old);
      else put(core.gm->at(CubeCore::kGmBase + 0x1000), i * 2, type == 2 ? mte::f16_from_float(old) : mte::bf16_from_float(old));
    }
    c.ctrl = isa::ctrl::atomic_type.put(type) | isa::ctrl::atomic_op.put(op);
    REQUIRE_FALSE(cube_unit::check(issued_of(c)));
    REQUIRE_FALSE(cube_unit::execute(issued_of(c), core.memory));
    const std::uint8_t* gm = core.gm->at(CubeCore::kGmBase + 0x1000);
    const auto value = [&](std::size_t i) {
      return size == 4 ? get<float>(gm, i * 4) : type == 2 ? mte::float_from_f16(get<std::uint16_t>(gm, i * 2)) : mte::float_from_bf16(get<std::uint16_t>(gm, i * 2));
    };
    CHECK(value(17) == old);      // beyond the n = 17 columns
    CHECK(value(0) == value(36)); // row 1, column 16 at pitch 20
    return value(36);
  };
  CHECK(run(1, 0, 1.5f, 2.0f) == 3.5f);
  CHECK(run(1, 1, 1.5f, 2.0f) == 2.0f);
  CHECK(run(1, 2, 1.5f, 2.0f) == 1.5f);
  c.quant = isa::quant::f32_to_bf16;
  CHECK(run(6, 0, 256.0f, 1.0f) == 256.0f);  // 8 bits: 257 is a tie, to even
  c.quant = isa::quant::f32_to_f16;
  CHECK(run(2, 0, 2048.0f, 3.0f) == 2052.0f);
  c.ctrl = isa::ctrl::atomic_type.put(1);
  CHECK(cube_unit::check(issued_of(c)).kind == FaultKind::illegal_operand);
}

TEST_CASE("fixpipe saturates f16 with CTRL 48 and refuses what it does not do") {
  Random random(6);
  CubeCore core(random);
  put(core.memory.l0c.data(), kSource, 1e6f);
  Case c{isa::Op::copy_matrix_cc_to_gm_f32, isa::quant::f32_to_f16, 0, 1, 1, true};
  REQUIRE_FALSE(cube_unit::execute(issued_of(c), core.memory));
  CHECK(get<std::uint16_t>(core.gm->at(CubeCore::kGmBase + 0x1000), 0) == 0x7c00);
  c.ctrl = isa::ctrl::fp_saturate.put(1);
  REQUIRE_FALSE(cube_unit::execute(issued_of(c), core.memory));
  CHECK(get<std::uint16_t>(core.gm->at(CubeCore::kGmBase + 0x1000), 0) == 0x7bff);
  c.quant = isa::quant::s32_to_s8_scalar;
  CHECK(cube_unit::check(issued_of(c)).kind == FaultKind::unsupported);
  c = {isa::Op::copy_matrix_cc_to_cbuf_f32, isa::quant::f32_to_f16, 0, 1, 1, true};
  CHECK(cube_unit::check(issued_of(c)).kind == FaultKind::unsupported);
  c.nz2nd = false, c.relu = 3;
  CHECK(cube_unit::check(issued_of(c)).kind == FaultKind::unsupported);
}

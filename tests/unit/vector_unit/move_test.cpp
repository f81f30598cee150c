// Fill, broadcast, gather, transpose.
#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

constexpr std::uint64_t kDst = 0x2000, kSrc = 0xc000, kOffsets = 0x18000;

std::uint64_t gather_word(unsigned repeat, std::uint64_t base, unsigned dst_repeat, unsigned dst_block = 0) {
  namespace w = isa::vgather;
  return w::base.put(base) | w::dst_repeat.put(dst_repeat) | w::repeat.put(repeat) | w::dst_block.put(dst_block);
}

TEST_CASE("vector_dup fills active lanes, contiguous, strided and counted") {
  Bench bench;
  for (unsigned trial = 0; trial < 4; ++trial) {
    const Lanes dst{kDst, trial == 3 ? 2u : 1u, trial == 3 ? 20u : 8u, 2};
    pipe::Issued issued = issue(Op::vector_dup_b16, kDst, 0x1230 + trial, unary_word(5, dst.block_stride, 0, dst.repeat_stride, 0));
    if (trial == 1) issued = with_mask(issued, 0xff0100ff, 0x8000000000000000);
    if (trial == 2) issued = with_count(issued, 300);
    const Bytes before = bench.contents();
    bench.run(issued);
    for (unsigned i = 0; i < 5 * 128; ++i) {
      const std::uint64_t at = dst.at(i / 128, i % 128);
      std::uint16_t expected;
      std::memcpy(&expected, before.data() + at, 2);
      REQUIRE(bench.get<std::uint16_t>(at) == (active(issued, 128, i / 128, i % 128) ? 0x1230 + trial : expected));
    }
  }
  bench.run(issue(Op::vector_dup_b32, kDst, 0xdeadbeef, unary_word(3, 1, 0, 8, 0)));
  for (unsigned i = 0; i < 192; ++i) REQUIRE(bench.get<std::uint32_t>(kDst + 4 * i) == 0xdeadbeef);
}

TEST_CASE("vbrcb spreads eight elements over eight blocks") {
  Bench bench;
  bench.run(issue(Op::vbrcb_b32, kDst, kSrc, unary_word(3, 2, 0, 17, 0)));
  for (unsigned i = 0; i < 24; ++i)
    for (unsigned k = 0; k < 8; ++k) REQUIRE(bench.get<std::uint32_t>(kDst + (i / 8 * 17 + i % 8 * 2) * 32 + 4 * k) == bench.get<std::uint32_t>(kSrc + 4 * i));
  bench.run(issue(Op::vbrcb_b16, kDst, kSrc, unary_word(3)));
  for (unsigned i = 0; i < 24; ++i)
    for (unsigned k = 0; k < 16; ++k) REQUIRE(bench.get<std::uint16_t>(kDst + i * 32 + 2 * k) == bench.get<std::uint16_t>(kSrc + 2 * i));
}

TEST_CASE("vgather takes elements at byte offsets from its base") {
  for (const unsigned bytes : {2u, 4u}) {
    const unsigned lanes = 256 / bytes;
    for (unsigned trial = 0; trial < 3; ++trial) {
      Bench bench;
      for (unsigned i = 0; i < 3 * lanes; ++i) bench.put<std::uint32_t>(kOffsets + 4 * i, static_cast<std::uint32_t>(bench.random() % 4096) * bytes);
      pipe::Issued issued = issue(bytes == 2 ? Op::vgather_b16 : Op::vgather_b32, kDst, kOffsets, gather_word(3, kSrc, 9));
      if (trial == 1) issued = with_mask(issued, 0x00ff00ff12345678, 3);
      if (trial == 2) issued = with_count(issued, 2 * lanes + 5);
      const Bytes before = bench.contents();
      bench.run(issued);
      for (unsigned i = 0; i < 3 * lanes; ++i) {
        const std::uint64_t at = kDst + i / lanes * 9 * 32 + i % lanes * bytes;
        const std::uint64_t from = active(issued, lanes, i / lanes, i % lanes) ? kSrc + bench.get<std::uint32_t>(kOffsets + 4 * i) : at;
        REQUIRE(std::memcmp(bench.memory.ub.data() + at, before.data() + from, bytes) == 0);
      }
    }
  }
}

TEST_CASE("vgatherb takes blocks") {
  Bench bench;
  for (unsigned i = 0; i < 24; ++i) bench.put<std::uint32_t>(kOffsets + 4 * i, static_cast<std::uint32_t>(bench.random() % 200) * 32);
  bench.run(issue(Op::vgatherb, kDst, kOffsets, gather_word(3, kSrc, 20, 2)));
  for (unsigned i = 0; i < 24; ++i)
    REQUIRE(std::memcmp(bench.memory.ub.data() + kDst + (i / 8 * 20 + i % 8 * 2) * 32, bench.memory.ub.data() + kSrc + bench.get<std::uint32_t>(kOffsets + 4 * i), 32) == 0);
}

TEST_CASE("A gather outside UB or off its alignment is a fault; the last element of UB is not") {
  Bench bench;
  const pipe::Issued issued = with_mask(issue(Op::vgather_b32, kDst, kOffsets, gather_word(1, 0, 8)), 1, 0);
  bench.put<std::uint32_t>(kOffsets, kUbBytes - 4);
  bench.run(issued);
  CHECK(bench.get<std::uint32_t>(kDst) == bench.get<std::uint32_t>(kUbBytes - 4));
  bench.put<std::uint32_t>(kOffsets, kUbBytes);
  CHECK(execute(issued, bench.memory).kind == FaultKind::out_of_bounds);
  bench.put<std::uint32_t>(kOffsets, 0xfffffffc);
  CHECK(execute(issued, bench.memory).kind == FaultKind::out_of_bounds);
  bench.put<std::uint32_t>(kOffsets, 6);
  CHECK(execute(issued, bench.memory).kind == FaultKind::misaligned);
}

TEST_CASE("vtranspose turns a 16 x 16 square, in place too") {
  Bench bench;
  const Bytes before = bench.contents();
  bench.run(issue(Op::vtranspose_b16, kDst, kSrc));
  bench.run(issue(Op::vtranspose_b16, kSrc, kSrc));
  for (unsigned i = 0; i < 16; ++i)
    for (unsigned j = 0; j < 16; ++j) {
      REQUIRE(std::memcmp(bench.memory.ub.data() + kDst + 32 * i + 2 * j, before.data() + kSrc + 32 * j + 2 * i, 2) == 0);
      REQUIRE(std::memcmp(bench.memory.ub.data() + kSrc + 32 * i + 2 * j, before.data() + kSrc + 32 * j + 2 * i, 2) == 0);
    }
}

// Sixteen destination addresses in VA0..3 and sixteen source addresses in VA4..7.
void set_lists(pipe::Issued& issued, const std::uint64_t (&dst)[16], const std::uint64_t (&src)[16]) {
  issued.special.va = {};
  for (unsigned row = 0; row < 16; ++row) {
    issued.special.va[row / 4] |= dst[row] / 32 << (row % 4 * 16);
    issued.special.va[4 + row / 4] |= src[row] / 32 << (row % 4 * 16);
  }
}

TEST_CASE("scatter_vnchwconv transposes sixteen blocks of lists of addresses") {
  namespace w = isa::vnchwconv;
  Bench bench;
  std::uint64_t dst[16], src[16];
  for (unsigned row = 0; row < 16; ++row) {
    dst[row] = kDst + 32 * (row * 7 % 16);  // any order
    src[row] = kSrc + 1024 * row;
  }
  const Bytes before = bench.contents();
  const auto from = [&](std::uint64_t at) { return before.data() + at; };
  const auto to = [&](std::uint64_t at) { return bench.memory.ub.data() + at; };
  pipe::Issued issued = issue(Op::scatter_vnchwconv_b16, 0, 4, w::repeat.put(2) | w::dst_stride.put(16) | w::src_stride.put(1));
  set_lists(issued, dst, src);
  bench.run(issued);
  for (unsigned i = 0; i < 2; ++i)
    for (unsigned row = 0; row < 16; ++row)
      for (unsigned c = 0; c < 16; ++c) REQUIRE(std::memcmp(to(dst[row] + i * 512 + 2 * c), from(src[c] + i * 32 + 2 * row), 2) == 0);

  issued.op = Op::scatter_vnchwconv_b32;
  bench.run(issued);
  for (unsigned c = 0; c < 8; ++c)  // column c fills blocks 2c and 2c + 1
    for (unsigned row = 0; row < 16; ++row) REQUIRE(std::memcmp(to(dst[2 * c + row / 8] + row % 8 * 4), from(src[row] + 4 * c), 4) == 0);

  issued.op = Op::scatter_vnchwconv_b8;
  issued.operand[2] = w::repeat.put(1) | w::dst_high.put(1);
  bench.run(issued);
  for (unsigned c = 0; c < 16; ++c)
    for (unsigned row = 0; row < 16; ++row) REQUIRE(*to(dst[c] + 16 + row) == *from(src[row] + c));
  issued.operand[0] = 5;
  CHECK(check(issued).kind == FaultKind::illegal_operand);
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

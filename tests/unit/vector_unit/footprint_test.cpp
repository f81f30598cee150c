// What operations touch: masks and counts trim it, strides keep it exact.
#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

std::uint64_t highest(const pipe::Issued& issued, bool write) {
  std::uint64_t high = 0;
  for (const memory::Access& a : footprint(issued))
    if (a.write == write) high = std::max(high, a.high());
  return high;
}

TEST_CASE("Every vector row but UB to UB copies is implemented, and no row of another pipe") {
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) \
  CHECK(implements(Op::op) == (std::string_view(#pipe) == "V" && Op::op != Op::copy_ubuf_to_ubuf));
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text)
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
}

TEST_CASE("A contiguous full-mask operation touches one dense run of each operand") {
  const memory::Footprint f = footprint(issue(Op::vadd_f32, 0x4000, 0, 0x2000, binary_word(5)));
  REQUIRE(f.size() == 3);
  for (const memory::Access& a : f) CHECK(a.total_bytes() == 5 * 256);
  CHECK(highest(issue(Op::vadd_f32, 0x4000, 0, 0x2000, binary_word(5)), true) == 0x4000 + 5 * 256);
}

TEST_CASE("Masks and counts trim the footprint to blocks with an active lane") {
  CHECK(highest(with_mask(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(1)), 0x1ff, 0), true) == 0x4000 + 64);  // 9 lanes: two blocks
  CHECK(highest(with_count(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(1)), 64 * 2 + 1), true) == 0x4000 + 512 + 32);
  CHECK(highest(with_count(issue(Op::vadds_f16, 0x4000, 0, 0, unary_word(1)), 130), false) == 256 + 32);
  CHECK(footprint(with_mask(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(3)), 0, 0)).size() == 0);
  CHECK(footprint(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(0))).size() == 0);
  CHECK(footprint(with_count(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(9)), 0)).size() == 0);
}

TEST_CASE("Conversions touch blocks of both widths") {
  const pipe::Issued issued = issue(Op::vconv_f162f32, 0x4000, 0, unary_word(3, 1, 1, 8, 4));
  CHECK(highest(issued, true) == 0x4000 + 3 * 256);
  CHECK(highest(issued, false) == 3 * 128);
}

TEST_CASE("Strided footprints leave the holes out") {
  // blocks 0, 2, .. 14 of each repeat; another operation on the odd blocks does not overlap
  const memory::Footprint f = footprint(issue(Op::vcopy_b32, 0x4000, 0, unary_word(4, 1, 2, 8, 16)));
  memory::Access odd = *f.find(memory::Space::UB, false);
  odd.base += 32;
  CHECK_FALSE(memory::overlap(odd, *f.find(memory::Space::UB, false)));
  odd.base += 32;
  CHECK(memory::overlap(odd, *f.find(memory::Space::UB, false)));
}

TEST_CASE("Multiply-accumulate reads its destination; a count with a tail needs all eight sets") {
  CHECK(footprint(issue(Op::vmla_f32, 0x4000, 0, 0x2000, binary_word(2))).size() == 4);
  CHECK(footprint(with_count(issue(Op::vmla_f32, 0x4000, 0, 0x2000, binary_word(2)), 70)).size() == 8);
}

TEST_CASE("Reductions write small groups with the alignment of one") {
  const memory::Footprint f = footprint(issue(Op::vcadd_f16, 0x4002, 0, reduce_word(4, 5)));
  const memory::Access* w = f.find(memory::Space::UB, true);
  REQUIRE(w != nullptr);
  CHECK(w->alignment == 2);
  CHECK(w->bytes == 2);
  CHECK(w->n1 == 4);
  CHECK(w->stride1 == 10);
}

TEST_CASE("A gather's source is a bound, its offsets are exact") {
  const memory::Footprint f = footprint(with_count(issue(Op::vgather_b32, 0x4000, 0x100, isa::vgather::dst_repeat.put(8)), 65));
  unsigned bounding = 0;
  for (const memory::Access& a : f) bounding += a.bounding ? 1 : 0;
  CHECK(bounding == 1);
  CHECK(f.find(memory::Space::UB, false)->total_bytes() == 65 * 4);
}

TEST_CASE("Counts beyond the limit are illegal operands") {
  const pipe::Issued issued = with_count(issue(Op::vadds_f32, 0, 0, 0, unary_word(1)), kMaxCount);
  CHECK_FALSE(check(issued));
  CHECK(check(with_count(issued, kMaxCount + 1)).kind == FaultKind::illegal_operand);
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

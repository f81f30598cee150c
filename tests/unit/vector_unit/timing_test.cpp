// Costs: golden sums of the fact sheet, and bank conflicts against the published measurement.
#include "vector_unit/timing.h"

#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "tests/unit/vector_unit/bench_of_ub.h"

namespace vitruvian::vector_unit::test {
namespace {

// The costs that these tests sum; every other class costs one cycle a repeat.
chip::OperationCost cost_of_class(std::string_view name) {
  chip::OperationCost cost;
  cost.trust = chip::Trust::measured;
  const auto set = [&](double head, double per_unit, double tail, double interval) {
    cost.head = head;
    cost.per_unit = per_unit;
    cost.tail = tail;
    cost.interval = interval;
  };
  set(10, 1, 14, 3);
  if (name == "vdiv") set(13, 4, 18, 4);
  if (name == "vcadd_f16") set(14, 7, 32, 7);
  if (name == "vmrgsort4") set(8, 16, 12, 6);
  if (name == "vexp_f16") cost.trust = chip::Trust::assumed;
  return cost;
}
const VectorTiming& timing() {
  static const VectorTiming all(cost_of_class, BankGeometry{});
  return all;
}
pipe::Cost cost_of(const pipe::Issued& issued) { return cost(issued, footprint(issued), timing()); }

std::uint64_t vadd_cycles(std::uint64_t src0, std::uint64_t src1, std::uint64_t dst, const Strides& s = {}) {
  return cost_of(issue(Op::vadd_f32, dst, src0, src1, binary_word(64, s))).latency;
}

TEST_CASE("vadd reproduces the published bank conflicts of UB") {
  // 10 head + 64 repeats x 1 + 14 tail = 88 (silicon 88.4)
  CHECK(vadd_cycles(0, 0x10100, 0x20000) == 88);
  // scenarios 2 and 3, both sources in the same groups: 10 + 64 x 2 + 14 = 152 (silicon 154.2)
  CHECK(vadd_cycles(0, 0x4000, 0x10000) == 152);
  CHECK(vadd_cycles(0, 0x10000, 0x14100) == 152);
  // scenario 4, source and destination block by block in the same banks: writes trail, no loss (silicon 88.4)
  CHECK(vadd_cycles(0, 0x10100, 0x4000) == 88);
  // scenario 5, destination one block further: 64 + (64 - 14 repeats before the first write) = 114, + 24 = 138 (silicon 138.8)
  CHECK(vadd_cycles(0, 0x10100, 0x4020) == 138);
  // scenario 6, in place (silicon 88.4)
  CHECK(vadd_cycles(0, 0x10100, 0x10100) == 88);
  // scenario 8, src0 one block for a repeat, moving with the other source (silicon 88.4)
  CHECK(vadd_cycles(0, 0x10100, 0x10100, {1, 0, 1, 8, 8, 8}) == 88);
  // scenario 7, the block walks through the groups: half of the repeats conflict, 24 + 96 = 120 (silicon 132.6: a known gap)
  CHECK(vadd_cycles(0, 0x10100, 0x10100, {1, 0, 1, 8, 1, 8}) == 120);
}

TEST_CASE("The published measurement is met within two per cent") {
  using Catch::Matchers::WithinRel;
  CHECK_THAT(double(vadd_cycles(0, 0x10100, 0x20000)), WithinRel(88.4, 0.02));
  CHECK_THAT(double(vadd_cycles(0, 0x4000, 0x10000)), WithinRel(154.2, 0.02));
  CHECK_THAT(double(vadd_cycles(0, 0x10100, 0x4000)), WithinRel(88.4, 0.02));
  CHECK_THAT(double(vadd_cycles(0, 0x10100, 0x4020)), WithinRel(138.8, 0.02));
}

TEST_CASE("The chip file of the 910C has every cost class of the unit, and meets the measurement too") {
  using Catch::Matchers::WithinRel;
  const std::shared_ptr<const VectorTiming> chip = make_timing(chip::ChipSpec::load("ascend910c"));
  const auto cycles = [&](std::uint64_t src0, std::uint64_t src1, std::uint64_t dst) {
    const pipe::Issued issued = issue(Op::vadd_f32, dst, src0, src1, binary_word(64));
    return double(cost(issued, footprint(issued), *chip).latency);
  };
  CHECK_THAT(cycles(0, 0x10100, 0x20000), WithinRel(88.4, 0.02));
  CHECK_THAT(cycles(0, 0x4000, 0x10000), WithinRel(154.2, 0.02));
  CHECK_THAT(cycles(0, 0x10100, 0x4000), WithinRel(88.4, 0.02));
  CHECK_THAT(cycles(0, 0x10100, 0x4020), WithinRel(138.8, 0.02));
}

TEST_CASE("Block strides that fold a repeat into few groups cost as many cycles as the fullest group has rows") {
  const auto busy = [](unsigned src_stride, unsigned dst_stride) {
    return cost_of(issue(Op::vadds_f32, 0x20000, 0, 0, unary_word(10, dst_stride, src_stride, 1, 1))).occupancy;
  };
  CHECK(busy(16, 1) == 80);   // 8 blocks in one group: 10 x 8
  CHECK(busy(1, 16) == 80);
  CHECK(busy(8, 1) == 40);    // two groups: 10 x 4
  CHECK(busy(144, 1) == 80);  // 144 = 9 x 16
  CHECK(busy(145, 1) == 10);
  CHECK(busy(0, 1) == 10);    // one block read once
}

TEST_CASE("A square reads its operand once; slow operations hide conflicts") {
  CHECK(cost_of(issue(Op::vmul_f32, 0x20000, 0, 0, binary_word(64))).occupancy == 64);
  CHECK(cost_of(issue(Op::vdiv_f32, 0x20000, 0, 0x4000, binary_word(64))).occupancy == 256);  // 64 x 4, reads need 64 x 2
}

TEST_CASE("Occupancy is at least the interval; latency adds head and tail") {
  const pipe::Cost one = cost_of(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(1)));
  CHECK(one.occupancy == 3);  // max(interval 3, 1)
  CHECK(one.latency == 27);   // 10 + 3 + 14
  CHECK(cost_of(issue(Op::vadds_f32, 0x4000, 0, 0, unary_word(0))).occupancy == 3);
  const pipe::Cost sum = cost_of(issue(Op::vcadd_f16, 0x4000, 0, reduce_word(9)));
  CHECK(sum.occupancy == 63);  // 9 x 7
  CHECK(sum.latency == 109);   // 14 + 63 + 32
  CHECK_FALSE(sum.assumed);
  CHECK(cost_of(issue(Op::vexp_f16, 0x4000, 0, unary_word(1))).assumed);
}

TEST_CASE("Counter mode takes its repeats from the count") {
  CHECK(cost_of(with_count(issue(Op::vadds_f32, 0x10000, 0, 0, unary_word(1)), 64 * 20 + 1)).occupancy == 21);
  CHECK(cost_of(with_count(issue(Op::vadds_f16, 0x10000, 0, 0, unary_word(1)), 128 * 20)).occupancy == 20);
}

TEST_CASE("Merges and transposes are paid by the 256 bytes") {
  namespace w = isa::vmrgsort;
  const std::uint64_t lengths = 64 | 64ull << 16 | 64ull << 32 | 64ull << 48;
  // 256 elements x 8 B = 8 units x 16 = 128
  CHECK(cost_of(issue(Op::vmrgsort4_f32, 0x8000, 0, lengths, w::repeat.put(1) | w::valid.put(15))).occupancy == 128);
  CHECK(cost_of(issue(Op::vtranspose_b16, 0x8000, 0)).occupancy == 3);  // max(interval 3, 2 units)
  CHECK(cost_of(issue(Op::scatter_vnchwconv_b16, 0, 4, isa::vnchwconv::repeat.put(10))).occupancy == 20);
}

TEST_CASE("The periodic count of conflicts equals the count repeat by repeat") {
  Bench bench;  // seed kSeed
  for (unsigned trial = 0; trial < 300; ++trial) {
    const auto r = [&](unsigned n) { return static_cast<unsigned>(bench.random() % n); };
    BankUse use;
    use.reads = 1 + r(3);
    use.repeats = 1 + r(60);
    for (unsigned i = 0; i < use.reads; ++i) use.read[i] = {r(1000), r(20), r(20), 8};
    use.writes = r(2) != 0;
    use.write = {2048 * r(2) + r(1000), 1 + r(3), r(20), 8};
    // Reads alone, from the definition.
    double ports = 0;
    for (unsigned i = 0; i < use.repeats; ++i) {
      unsigned reads[16] = {}, writes[16] = {}, most = 1;
      for (unsigned s = 0; s < use.reads; ++s) {
        bool repeated = false;
        for (unsigned t = 0; t < s; ++t) repeated = repeated || use.read[t] == use.read[s];
        for (unsigned b = 0; b < (use.read[s].block_stride ? 8u : 1u) && !repeated; ++b)
          most = std::max(most, ++reads[(use.read[s].first + i * use.read[s].repeat_stride + b * use.read[s].block_stride) % 16]);
      }
      for (unsigned b = 0; b < 8 && use.writes; ++b)
        most = std::max(most, ++writes[(use.write.first + i * use.write.repeat_stride + b * use.write.block_stride) % 16]);
      ports += most;
    }
    const double got = bank_conflict_cycles(use, {}, 1, 1e9);  // the depth keeps writes out of the count
    REQUIRE(got == ports - use.repeats);
  }
}

}  // namespace
}  // namespace vitruvian::vector_unit::test

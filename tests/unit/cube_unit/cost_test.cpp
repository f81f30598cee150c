#include <catch2/catch_test_macros.hpp>

#include "cube_unit/cube_unit.h"
#include "cube_unit/timing.h"
#include "isa/control_words.h"

using namespace vitruvian;
using namespace vitruvian::cube_unit;

namespace {

// Facts 4: head 21, one tile a cycle, 256 B a cycle from L0A and 128 B from L0B; fixpipe 256 B of L0C a cycle.
const CubeTiming kTiming{{21, 1, 0, 2}, {21, 1, 0, 2}, {71, 1.0 / 256, 0, 2, true}, {20, 1.0 / 256, 0, 2}, 1.0 / 256, 1.0 / 128};

pipe::Issued mad(isa::Op op, std::uint32_t m, std::uint32_t n, std::uint32_t k, std::uint64_t ctrl = 0) {
  namespace f = isa::mmad;
  pipe::Issued issued;
  issued.op = op;
  issued.operand[3] = f::m.put(m) | f::n.put(n) | f::k.put(k);
  issued.special.ctrl = ctrl;
  return issued;
}

pipe::Cost cost(const pipe::Issued& issued) { return cube_unit::cost(issued, footprint(issued), kTiming); }

}  // namespace

TEST_CASE("a mad costs its head and a cycle for each tile of the cube") {
  const pipe::Cost bf16 = cost(mad(isa::Op::mad_bf16, 128, 256, 64));
  CHECK(bf16.occupancy == 512);            // 8 x 16 x 4 tiles
  CHECK(bf16.latency == 533);              // 21 head + 512 tiles
  CHECK_FALSE(bf16.assumed);
  CHECK(cost(mad(isa::Op::mad_s8, 128, 256, 128)).occupancy == 512);   // 8 x 16 x 128/32
  CHECK(cost(mad(isa::Op::mad_s4, 128, 256, 256)).occupancy == 512);   // 8 x 16 x 256/64
  CHECK(cost(mad(isa::Op::mad_f32, 128, 256, 32)).occupancy == 1024);  // 8 x 16 x 32/4
  CHECK(cost(mad(isa::Op::mad_f32, 128, 256, 32, isa::ctrl::hf32.put(1))).occupancy == 512);  // 8 x 16 x 32/8
  CHECK(cost(mad(isa::Op::mad_f32, 128, 256, 25)).occupancy == 1024);  // k rounds up to 32
  CHECK(cost(mad(isa::Op::mad_bf16, 113, 241, 49)).occupancy == 512);  // the tails cost whole tiles
}

TEST_CASE("a thin mad waits for the ports of L0A and L0B") {
  CHECK(cost(mad(isa::Op::mad_bf16, 16, 256, 64)).occupancy == 256);  // 64 tiles, but 32768 B of B / 128
  CHECK(cost(mad(isa::Op::mad_bf16, 256, 16, 64)).occupancy == 128);  // 64 tiles, but 32768 B of A / 256
  CHECK(cost(mad(isa::Op::mad_bf16, 64, 256, 64)).occupancy == 256);  // 256 tiles = 32768 / 128
  CHECK(cost(mad(isa::Op::mad_bf16, 0, 16, 16)).occupancy == 2);      // nothing: the interval
}

TEST_CASE("a fixpipe costs its head and the bytes it reads from L0C") {
  namespace f = isa::fixpipe;
  pipe::Issued issued;
  issued.op = isa::Op::copy_matrix_cc_to_gm_f32;
  issued.operand[2] = f::m.put(128) | f::n.put(256) | f::dst_stride.put(256);
  issued.operand[3] = f::src_stride.put(128) | f::nz2nd.put(1) | f::unit_flag.put(3);
  issued.special.nd_para = isa::nd_para::nd_num.put(1);
  CHECK(cost(issued).occupancy == 512);  // 128 x 256 x 4 B / 256
  CHECK(cost(issued).latency == 583);    // 71 head + 512
  CHECK(cost(issued).assumed);
  CHECK(unit_flag(issued) == 3);
  issued.op = isa::Op::copy_matrix_cc_to_cbuf_f32;
  issued.operand[3] = f::src_stride.put(128);
  CHECK(cost(issued).latency == 532);    // 20 head + 512
}

TEST_CASE("mads on the same small C need a barrier, others do not") {
  const pipe::Issued nine = mad(isa::Op::mad_bf16, 48, 48, 16), ten = mad(isa::Op::mad_bf16, 32, 80, 16);
  CHECK(needs_barrier_between(nine, nine));
  CHECK_FALSE(needs_barrier_between(ten, ten));
  pipe::Issued other = nine;
  other.operand[0] = 1024;
  CHECK_FALSE(needs_barrier_between(nine, other));
  pipe::Issued fresh = nine;
  fresh.operand[3] |= isa::mmad::zero_init.put(1);
  CHECK_FALSE(needs_barrier_between(nine, fresh));
}

TEST_CASE("every chip file prices the cube") {
  for (const std::string& name : chip::ChipSpec::available()) {
    if (name.starts_with("h100")) continue;
    const auto timing = make_timing(chip::ChipSpec::load(name));
    CHECK(timing->mad.per_unit > 0);
    CHECK(timing->l0b_cycles_per_byte > timing->l0a_cycles_per_byte);
  }
}

#include <catch2/catch_test_macros.hpp>

#include "isa/control_words.h"
#include "src/mte/mte.h"
#include "src/mte/timing.h"

using namespace vitruvian;
using namespace vitruvian::mte;

namespace {

pipe::Cost cost(const pipe::Issued& issued, TransferCost row) {
  MteTiming timing;
  timing.row[static_cast<std::size_t>(issued.op)] = row;
  return mte::cost(issued, footprint(issued), timing);
}

}  // namespace

TEST_CASE("a load2D costs its head and its bytes over the width of the path") {
  pipe::Issued issued;
  issued.op = isa::Op::load_cbuf_to_ca;
  issued.operand[2] = isa::load2d::repeat.put(32) | isa::load2d::src_stride.put(1);
  CHECK(cost(issued, {28, 1.0 / 256, 0, 2}).occupancy == 64);   // 32 x 512 B / 256
  CHECK(cost(issued, {28, 1.0 / 256, 0, 2}).latency == 92);     // 28 head + 64
  CHECK(cost(issued, {28, 1.0 / 128, 0, 2}).latency == 156);    // 28 head + 32 x 512 B / 128
  issued.operand[2] = 0;
  CHECK(cost(issued, {28, 1.0 / 256, 0, 2, true}).occupancy == 2);  // nothing moves: the interval
  CHECK(cost(issued, {28, 1.0 / 256, 0, 2, true}).assumed);
}

TEST_CASE("a transfer to BT counts the bytes of BT, ND2NZ the blocks written to L1") {
  pipe::Issued bias;
  bias.op = isa::Op::copy_cbuf_to_bt;
  bias.operand[2] = isa::dma::burst_count.put(1) | isa::dma::burst_length.put(4) | isa::dma::convert.put(1);
  CHECK(cost(bias, {20, 1.0 / 32, 0, 2}).latency == 28);        // 20 head + 4 x 64 B / 32
  pipe::Issued nd;
  nd.op = isa::Op::copy_gm_to_cbuf_multi_nd2nz_b16;
  nd.operand[2] = isa::nd2nz::nd_num.put(1) | isa::nd2nz::n_value.put(10) | isa::nd2nz::d_value.put(17);
  nd.operand[3] = isa::nd2nz::src_d_value.put(64) | isa::nd2nz::dst_c0_stride.put(16) | isa::nd2nz::dst_n_stride.put(1);
  CHECK(cost(nd, {0, 1.0 / 256, 0, 1}).occupancy == 3);         // 10 x 2 x 32 B / 256 = 2.5
}

TEST_CASE("every chip file prices every transfer") {
  for (const std::string& name : chip::ChipSpec::available()) {
    if (name.starts_with("h100")) continue;
    const auto timing = make_timing(chip::ChipSpec::load(name));
    for (std::size_t i = 0; i < timing->row.size(); ++i)
      if (implements(static_cast<isa::Op>(i))) CHECK(timing->row[i].per_byte > 0);
  }
}

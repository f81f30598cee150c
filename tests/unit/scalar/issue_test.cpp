#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

TEST_CASE("four-register operations carry rd, rs1, rs2, rs3 in this order") {
  Core core({make(Op::vadd_f32, a3, a0, a1, 0, 0, a2), show(x0, a0)});
  core.start({1, 2, 3, 4});
  const Stop stop = core.run();
  CHECK(stop.kind == StopKind::issue);
  CHECK(stop.issued.op == Op::vadd_f32);
  CHECK(stop.issued.pipe == isa::Pipe::V);
  CHECK(stop.issued.operand == std::array<std::uint64_t, 4>{4, 1, 2, 3});
  CHECK(stop.issued.pc == kTestCode);
  CHECK(stop.issued.sequence == 0);
  const Stop next = core.run();
  CHECK(next.issued.sequence == 1);
  CHECK(next.issued.operand == std::array<std::uint64_t, 4>{0, 1, 0, 0});
}

TEST_CASE("three-register operations carry rd, rs1, rs2 and do not write rd") {
  Core core({make(Op::copy_gm_to_ubuf, a2, a0, a1), show(a2)});
  core.start({1, 2, 3});
  const Stop stop = core.run();
  CHECK(stop.issued.pipe == isa::Pipe::MTE2);
  CHECK(stop.issued.operand == std::array<std::uint64_t, 4>{3, 1, 2, 0});
  CHECK(core.run().issued.operand[0] == 3);
}

TEST_CASE("synchronisation operations carry immediate and register") {
  for (const Op op : {Op::set_flag, Op::wait_flag, Op::pipe_barrier, Op::ffts_cross_core_sync}) {
    Core core({make(op, 0, a0, 0, 0xf21)});
    core.start({5});
    const Stop stop = core.run();
    CHECK(stop.kind == StopKind::issue);
    CHECK(stop.issued.op == op);
    CHECK(stop.issued.pipe == isa::Pipe::S);
    CHECK(stop.issued.operand == std::array<std::uint64_t, 4>{0xf21, 5, 0, 0});
  }
}

TEST_CASE("wait_flag_dev adds register to immediate; host_print gives the record's address") {
  Core core({make(Op::wait_flag_dev, 0, a0, 0, 3), make(Op::host_print, 0, a0, 0, 0), ret()});
  core.start({5});
  const Stop wait = core.run();
  CHECK(wait.kind == StopKind::wait_dev);
  CHECK(wait.issued.operand[0] == 8);
  const Cycle before = core.unit().time();
  const Stop print = core.run();
  CHECK(print.kind == StopKind::print);
  CHECK(print.issued.operand[0] == 5);
  CHECK(core.unit().time() == before);
  CHECK(core.run().kind == StopKind::end);
  CHECK(core.unit().retired() == 3);
}

TEST_CASE("an issue has retired when it stops; time goes on from where the machine sets it") {
  Core core({show(0), addi(t0, x0, 1), show(t0)});
  core.start({}, {}, 10);
  CHECK(core.run().kind == StopKind::issue);
  CHECK(core.unit().retired() == 1);
  CHECK(core.unit().time() == 12);  // 10 + 2 issue
  core.unit().set_time(100);        // the queue was full
  core.run();
  CHECK(core.unit().time() == 103);  // 100 + 1 addi + 2 issue
  const auto& c = core.unit().counters();
  CHECK(c.execute == 5);  // 2 issue + 1 addi + 2 issue; the wait belongs to the machine
}

#include <cstring>

#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

namespace {

constexpr std::uint64_t kPattern = 0xf1e2'd3c4'b5a6'9788;

template <class T>
T value_at(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Each load of the pattern at `address`, whatever memory that is.
void check_loads(std::uint64_t address) {
  struct Row {
    Op op;
    std::uint64_t expected;
  };
  const Row rows[] = {{Op::lb, 0xffff'ffff'ffff'ff88}, {Op::lbu, 0x88},        {Op::lh, 0xffff'ffff'ffff'9788}, {Op::lhu, 0x9788},
                      {Op::lw, 0xffff'ffff'b5a6'9788}, {Op::lwu, 0xb5a6'9788}, {Op::ld, kPattern}};
  for (const Row& row : rows) {
    Core core({make(Op::sd, 0, a0, a1), make(row.op, t0, a0), show(t0)});
    INFO(isa::mnemonic(row.op) << " at " << address);
    CHECK(core.shown({address, kPattern})[0] == row.expected);
  }
  const Row floats[] = {{Op::flh, 0xffff'ffff'ffff'9788}, {Op::flw, 0xffff'ffff'b5a6'9788}, {Op::fld, kPattern}};
  for (const Row& row : floats) {
    Core core({make(Op::sd, 0, a0, a1), make(row.op, f1, a0), make(Op::fmv_x_d, t0, f1), show(t0)});
    CHECK(core.shown({address, kPattern})[0] == row.expected);
  }
}

void check_stores(std::uint64_t address) {
  struct Row {
    Op op;
    std::uint64_t expected;
  };
  const Row rows[] = {{Op::sb, 0x88}, {Op::sh, 0x9788}, {Op::sw, 0xb5a6'9788}, {Op::sd, kPattern}};
  for (const Row& row : rows) {
    Core core({make(row.op, 0, a0, a1, -8), make(Op::ld, t0, a0, 0, -8), show(t0)});
    CHECK(core.shown({address + 8, kPattern})[0] == row.expected);
  }
  const Row floats[] = {{Op::fsh, 0x9788}, {Op::fsw, 0xb5a6'9788}, {Op::fsd, kPattern}};
  for (const Row& row : floats) {
    Core core({make(row.op, 0, a0, fa0), make(Op::ld, t0, a0), show(t0)});
    CHECK(core.shown({address}, {kPattern})[0] == row.expected);
  }
}

}  // namespace

TEST_CASE("loads extend and stores cut, in every kind of memory") {
  for (const std::uint64_t address : {kPrivateWindow + 0x100, kTestPrivate + 16, kUbWindow + 0x40, kTestData}) {
    check_loads(address);
    check_stores(address);
  }
}

TEST_CASE("UB and global memory accesses stop at their own cycle and act when they are completed") {
  Core core({make(Op::sw, 0, a0, a1), make(Op::lw, t0, a2), show(t0)});
  core.start({0x40, 77, kTestData});
  Stop stop = core.unit().run(100);
  CHECK(stop.kind == StopKind::memory);
  CHECK(stop.access.address == 0x40);
  CHECK(stop.access.bytes == 4);
  CHECK(stop.access.write);
  CHECK(stop.access.space == memory::Space::UB);
  CHECK(core.memory().ub.data()[0x40] == 0);
  CHECK(!core.unit().complete_memory());
  CHECK(core.memory().ub.data()[0x40] == 77);
  stop = core.unit().run(100);
  CHECK(stop.kind == StopKind::memory);
  CHECK(!stop.access.write);
  CHECK(stop.access.space == memory::Space::GM);
  CHECK(core.unit().pc() == kTestCode + 4);
  core.gm().at(kTestData)[0] = 5;  // what another core wrote before this access's cycle
  CHECK(!core.unit().complete_memory());
  CHECK(core.unit().run(100).issued.operand[0] == 5);
}

TEST_CASE("private memory takes effect at once: stack, argument block, the core's copy of the program's data") {
  Core core({make(Op::csrrs, t0, 0, 0, 0x804), make(Op::ld, t1, t0, 0, 8), make(Op::lbu, t2, a0, 0, 8), make(Op::sb, 0, a0, x0, 8), show(t0, t1, t2)});
  for (int launch = 0; launch < 2; ++launch) {  // a launch begins with fresh data
    core.start(Arguments{{kTestPrivate}, {}, {11, 22}});
    const Stop stop = core.unit().run(100);
    REQUIRE(stop.kind == StopKind::issue);
    CHECK(stop.issued.operand == std::array<std::uint64_t, 4>{kPrivateWindow, 22, 42, 0});
  }
}

TEST_CASE("the code can be read but not written") {
  Core core({make(Op::lwu, t0, a0), show(t0), make(Op::sw, 0, a0, x0)});
  core.start({kTestCode});
  CHECK(core.run().issued.operand[0] == isa::encode(make(Op::lwu, t0, a0)));
  const Stop stop = core.run();
  CHECK(stop.fault.kind == FaultKind::out_of_bounds);
  CHECK(stop.fault.detail == "store of 4 bytes at 0x1000001000, in the program's code");
}

TEST_CASE("bounds are exact: the last word of a memory is inside, the next one outside") {
  struct Row {
    std::uint64_t end;
    bool is_aic;
    const char* detail;
  };
  const Row rows[] = {
      {kUbWindow + kTestUbBytes, false, "load of 4 bytes at 0x30000, outside UB of 196608 bytes"},
      {kPrivateWindow + kPrivateBytes, false, "load of 4 bytes at 0x120000, outside the private window, the program and device memory"},
      {kDeviceMemoryBase + (1 << 20), false, "load of 4 bytes at 0x1000100000, outside the private window, the program and device memory"},
  };
  for (const Row& row : rows) {
    Core core({make(Op::lw, t0, a0, 0, -4), make(Op::lw, t0, a0)});
    const Fault fault = core.fault({row.end});
    CHECK(fault.kind == FaultKind::out_of_bounds);
    CHECK(fault.pc == kTestCode + 4);
    CHECK(fault.detail == row.detail);
  }
  Core aic({make(Op::lw, t0, x0, 0, 64)}, test_timing(), true);
  CHECK(aic.fault().detail == "load of 4 bytes at 0x40, in the UB window, and an AIC has no UB");
}

TEST_CASE("misaligned accesses are faults in every kind of memory") {
  for (const std::uint64_t address : {kPrivateWindow + 0x102, kTestPrivate + 18, kUbWindow + 0x42, kTestData + 2}) {
    Core load({make(Op::lw, t0, a0)}), store({make(Op::sd, 0, a0, a1)}), fine({make(Op::lh, t0, a0), show(t0)});
    const Fault fault = load.fault({address});
    CHECK(fault.kind == FaultKind::misaligned);
    CHECK(fault.detail.find("expected a multiple of 4") != std::string::npos);
    CHECK(store.fault({address}).kind == FaultKind::misaligned);
    fine.shown({address});
  }
}

TEST_CASE("unknown bytes are a needs_data fault for loads, and stores make them known") {
  Core core({make(Op::lw, t0, a0), show(t0)});
  core.memory().ub.enable_marks();
  core.memory().ub.mark(0x43, 1, true);
  core.gm().mark(kTestData, 64, true);
  CHECK(core.fault({0x40}).kind == FaultKind::needs_data);
  CHECK(core.shown({0x44})[0] == 0);
  const Fault fault = core.fault({kTestData + 60});
  CHECK(fault.kind == FaultKind::needs_data);
  CHECK(fault.detail == "load of 4 bytes at 0x100000803c in GM: they were not computed in this timing-only run");
  CHECK(core.shown({kTestData + 64})[0] == 0);
  Core writer({make(Op::sw, 0, a0, a1), make(Op::lw, t0, a0), show(t0)});
  writer.memory().ub.enable_marks();
  writer.memory().ub.mark(0x40, 4, true);
  writer.gm().mark(kTestData, 64, true);
  CHECK(writer.shown({0x40, 3})[0] == 3);
  CHECK(writer.shown({kTestData, 4})[0] == 4);
}

TEST_CASE("peek reads what the program sees, and says where nothing is") {
  Core core({make(Op::sw, 0, sp, a0, -4), show(0)});
  core.shown({0x1234});
  std::uint8_t bytes[4] = {};
  CHECK(core.unit().peek(kPrivateWindow + kPrivateBytes - 4, bytes));
  CHECK(value_at<std::uint32_t>(bytes) == 0x1234);
  core.memory().ub.data()[8] = 9;
  CHECK(core.unit().peek(8, bytes));
  CHECK(bytes[0] == 9);
  CHECK(core.unit().peek(kTestCode, bytes));
  CHECK(core.unit().peek(kTestData, bytes));
  CHECK(core.unit().peek(kTestPrivate + 8, bytes));
  CHECK(bytes[0] == 42);
  CHECK(!core.unit().peek(kTestUbBytes - 2, bytes));
  CHECK(!core.unit().peek(kDeviceMemoryBase - 4, bytes));
}

#include "isa/special_registers.h"

#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;
using isa::Spr;

namespace {

isa::Instruction read(std::uint8_t rd, std::uint64_t csr) { return make(Op::csrrs, rd, 0, 0, static_cast<std::int64_t>(csr)); }
isa::Instruction read(std::uint8_t rd, Spr spr) { return read(rd, static_cast<std::uint64_t>(spr)); }

}  // namespace

TEST_CASE("every rw register keeps what is written, and has a place of its own") {
  std::vector<isa::Instruction> code;
  std::vector<Spr> registers;
  for (const isa::SprInfo& info : isa::special_registers())
    if (info.access == isa::SprAccess::rw) registers.push_back(info.spr);
  for (std::size_t i = 0; i < registers.size(); ++i) {
    code.push_back(addi(t0, x0, static_cast<std::int64_t>(100 + i)));
    code.push_back(make(Op::csrrw, 0, t0, 0, static_cast<std::int64_t>(registers[i])));
  }
  for (const Spr spr : registers) {
    code.push_back(read(t0, spr));
    code.push_back(show(t0));
  }
  Core core(code);
  core.start();
  for (std::size_t i = 0; i < registers.size(); ++i) {
    INFO(isa::to_string(registers[i]));
    CHECK(core.run().issued.operand[0] == 100 + i);
  }
}

TEST_CASE("set, clear and swap forms follow the manual") {
  constexpr auto kMask = static_cast<std::int64_t>(Spr::MASK0);
  Core core({make(Op::csrrw, t0, a0, 0, kMask), make(Op::csrrs, t1, a1, 0, kMask), make(Op::csrrc, t2, a2, 0, kMask), read(s0, Spr::MASK0), show(t0, t1, t2, s0),
             make(Op::csrrwi, t0, 21, 0, kMask), make(Op::csrrsi, t1, 10, 0, kMask), make(Op::csrrci, t2, 1, 0, kMask), read(s0, Spr::MASK0), show(t0, t1, t2, s0)});
  core.start({0xf0, 0x0f, 0x3c});
  CHECK(core.run().issued.operand == std::array<std::uint64_t, 4>{~0ull, 0xf0, 0xff, 0xc3});
  CHECK(core.run().issued.operand == std::array<std::uint64_t, 4>{0xc3, 21, 31, 30});
}

TEST_CASE("an issued operation carries the registers as they were at its issue") {
  Core core({make(Op::csrrw, 0, a0, 0, static_cast<std::int64_t>(Spr::MASK1)), make(Op::csrrw, 0, a1, 0, static_cast<std::int64_t>(Spr::CTRL)),
             make(Op::csrrw, 0, a2, 0, static_cast<std::int64_t>(Spr::VA3)), show(0), make(Op::csrrwi, 0, 1, 0, static_cast<std::int64_t>(Spr::MASK1)), show(0)});
  core.start({7, 8, 9});
  const Stop first = core.run();
  CHECK(first.issued.special.mask == std::array<std::uint64_t, 2>{~0ull, 7});
  CHECK(first.issued.special.ctrl == 8);
  CHECK(first.issued.special.va[3] == 9);
  CHECK(core.run().issued.special.mask[1] == 1);
  CHECK(first.issued.special.mask[1] == 7);
}

TEST_CASE("identity registers say what the launch is") {
  Core core({read(t0, Spr::BLOCKID), read(t1, Spr::BLOCKNUM), read(t2, Spr::SUBBLOCKID), read(s0, Spr::SUBBLOCKDIM), show(t0, t1, t2, s0), read(t0, Spr::COREID),
             read(t1, Spr::TASKRATIO), read(t2, Spr::TILING_KEY), read(s0, Spr::PARA_BASE), show(t0, t1, t2, s0)});
  CoreIdentity& identity = core.identity();
  identity.block_id = 3;
  identity.block_num = 8;
  identity.sub_block_id = 1;
  identity.sub_block_dim = 2;
  identity.core_id = 17;
  identity.task_ratio = 2;
  identity.tiling_key = 0x1'0000'0001;
  core.start();
  CHECK(core.run().issued.operand == std::array<std::uint64_t, 4>{3, 8, 1, 2});
  CHECK(core.run().issued.operand == std::array<std::uint64_t, 4>{17, 2, 0x1'0000'0001, kPrivateWindow});
}

TEST_CASE("counters count cycles, system counter ticks and instructions") {
  Core core({addi(t0, x0, 1), read(t0, 0xc00), read(t1, 0xc02), read(t2, Spr::SYS_CNT), read(s0, 0xc01), show(t0, t1, t2, s0)});
  core.start({}, {}, 1'800'000);
  const auto shown = core.run().issued.operand;
  CHECK(shown[0] == 1'800'001);  // start + 1 addi
  CHECK(shown[1] == 2);          // addi, read of cycle
  CHECK(shown[2] == 50'000);     // 1 ms at 50 MHz
  CHECK(shown[3] == 50'005);     // 211 cycles after the start: 1 + 5 + 5 + 200, a tick is 36
}

TEST_CASE("a result register stops until it is complete") {
  Core core({read(t0, Spr::ACC_VAL), read(t1, Spr::RSVD_CNT), read(t2, Spr::MAX_MIN_CNT), read(s0, Spr::VMS4_SR), show(t0, t1, t2, s0)});
  core.start();
  const Stop stop = core.unit().run(10);
  CHECK(stop.kind == StopKind::result);
  core.memory().result = {{0, 0}, 2, 1, 3, 4, false};
  CHECK(!core.unit().complete_result());
  CHECK(core.run().issued.operand == std::array<std::uint64_t, 4>{1, 2, 3, 4});
  core.memory().result.unknown = true;
  const Fault fault = core.fault();
  CHECK(fault.kind == FaultKind::needs_data);
  CHECK(fault.detail == "read of ACC_VAL: it was not computed in this timing-only run");
}

TEST_CASE("unknown registers and writes of read-only ones are illegal instructions") {
  Core unknown({read(t0, 0x7c0)});
  CHECK(unknown.fault().detail == "the core has no special register 0x7c0");
  Core block({make(Op::csrrwi, 0, 1, 0, static_cast<std::int64_t>(Spr::BLOCKID))});
  const Fault fault = block.fault();
  CHECK(fault.kind == FaultKind::illegal_instruction);
  CHECK(fault.detail == "write of the read-only register BLOCKID");
  Core result({make(Op::csrrw, 0, a0, 0, static_cast<std::int64_t>(Spr::ACC_VAL))});
  CHECK(result.fault().kind == FaultKind::illegal_instruction);
  Core cycle({make(Op::csrrs, 0, a0, 0, 0xc00)});
  CHECK(cycle.fault().kind == FaultKind::illegal_instruction);
}

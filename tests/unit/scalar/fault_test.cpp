#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

TEST_CASE("an undecodable word is an illegal instruction that shows the word") {
  Core core({addi(t0, x0, 1)});
  core.append(0xffff'ffff);
  const Fault fault = core.fault();
  CHECK(fault.kind == FaultKind::illegal_instruction);
  CHECK(fault.core == "aiv0");
  CHECK(fault.pipe == "S");
  CHECK(fault.pc == kTestCode + 4);
  CHECK(fault.cycle == 1);
  CHECK(fault.detail == "no instruction has the word 0xffffffff");
  Core zero({});
  zero.append(0, 2);
  CHECK(zero.fault().kind == FaultKind::illegal_instruction);
}

TEST_CASE("leaving the code is out of bounds, by every way out") {
  Core past({addi(t0, x0, 1)});
  const Fault end = past.fault();
  CHECK(end.kind == FaultKind::out_of_bounds);
  CHECK(end.pc == kTestCode + 4);
  CHECK(end.detail == "the program ran past the end of its code [0x1000001000, 0x1000001004)");
  Core jump({make(Op::jalr, 0, a0)});
  const Fault wild = jump.fault({0x1234});
  CHECK(wild.kind == FaultKind::out_of_bounds);
  CHECK(wild.pc == kTestCode);
  CHECK(wild.detail == "jump to 0x1234, outside the code [0x1000001000, 0x1000001004)");
  CHECK(wild.disassembly.find("jalr") != std::string::npos);
  Core near({make(Op::jal, 0, 0, 0, -8)});
  CHECK(near.fault().kind == FaultKind::out_of_bounds);
  Core branch({make(Op::beq, 0, x0, x0, 4094)});
  CHECK(branch.fault().kind == FaultKind::out_of_bounds);
  Core not_taken({make(Op::bne, 0, x0, x0, 4094), ret()});
  not_taken.start();
  CHECK(not_taken.run().kind == StopKind::end);
  Core before({make(Op::beq, 0, x0, x0, -4096)});
  CHECK(before.fault().detail == "jump to 0x1000000000, outside the code [0x1000001000, 0x1000001004)");
}

TEST_CASE("a word that the end of the code cuts off is out of bounds") {
  Core core({});
  core.append(0x0013, 2);  // the lower half of an addi
  CHECK(core.fault().kind == FaultKind::out_of_bounds);
}

TEST_CASE("ebreak is a trap, ecall unsupported") {
  Core trap({make(Op::ebreak)}), call({make(Op::ecall)}), compressed({});
  CHECK(trap.fault().kind == FaultKind::trap);
  CHECK(call.fault().kind == FaultKind::unsupported);
  compressed.append(0x9002, 2);
  CHECK(compressed.fault().kind == FaultKind::trap);
}

TEST_CASE("a fault does not retire its instruction") {
  Core core({addi(t0, x0, 1), make(Op::lw, t0, x0, 0, 2)});
  core.fault();
  CHECK(core.unit().retired() == 1);
  CHECK(core.unit().pc() == kTestCode + 4);
}

// Golden cycle counts. test_timing(): alu 1, mul 3, div 20, fp 4, fdiv 15, taken 4, UB load 8, UB store 2, spr 5, SYS_CNT 200,
// issue 2, data cache hit 6, miss 236, dcci 300.
#include "isa/special_registers.h"
#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

namespace {

// Cycles from start to the end of the kernel, its return included (1 jump of 4 cycles).
Cycle cycles(std::vector<isa::Instruction> code, std::vector<std::uint64_t> arguments = {}, bool is_aic = false) {
  code.push_back(ret());
  Core core(code, test_timing(), is_aic);
  core.start(std::move(arguments), {}, 1000);
  Stop stop = core.run();
  while (stop.kind == StopKind::issue) stop = core.run();
  INFO(stop.fault.report());
  REQUIRE(stop.kind == StopKind::end);
  const FrontEnd::Counters& c = core.unit().counters();
  CHECK(c.execute + c.icache + c.dcache + c.ub + c.load_use + c.branch + c.special == core.unit().time() - 1000);
  return core.unit().time() - 1000;
}

}  // namespace

TEST_CASE("independent integer operations issue one a cycle") {
  CHECK(cycles({addi(t0, x0, 1), addi(t1, x0, 2), addi(t2, x0, 3)}) == 7);  // 3 addi + 4 return
  CHECK(cycles({addi(t0, x0, 1), addi(t0, t0, 2), addi(t0, t0, 3)}) == 7);  // a result of 1 cycle is there for the next one
}

TEST_CASE("results of longer operations are waited for at their use only") {
  CHECK(cycles({make(Op::mul, t0, a0, a1), addi(t1, t0, 1)}) == 8);                    // 3 mul + 1 addi + 4 return
  CHECK(cycles({make(Op::mul, t0, a0, a1), addi(t1, x0, 1), addi(t1, t0, 1)}) == 8);   // the wait hides the first addi
  CHECK(cycles({make(Op::mul, t0, a0, a1), addi(t1, x0, 1)}) == 6);                    // 1 mul + 1 addi + 4 return: nobody waits
  CHECK(cycles({make(Op::divw, t0, a0, a1), addi(t1, t0, 1)}) == 25);                  // 20 div + 1 addi + 4 return
  CHECK(cycles({make(Op::fadd_s, f1, fa0, fa1), make(Op::fmul_s, f2, f1, f1), make(Op::fmv_x_w, t0, f2), addi(t0, t0, 1)}) == 17);  // 4 + 4 + 4 + 1 addi + 4 return
  CHECK(cycles({make(Op::fdiv_s, f1, fa0, fa1), make(Op::fmadd_s, f2, fa0, fa1, 0, 0, f1)}) == 20);  // 15 div, waited for as rs3, + 1 fmadd + 4 return
  CHECK(cycles({make(Op::mul, t0, a0, a1), show(t0)}) == 9);                           // 3 mul + 2 issue + 4 return: rd is a source
  CHECK(cycles({make(Op::mul, t0, a0, a1), show(0, 0, 0, t0)}) == 9);                  // rs3 too
  CHECK(cycles({make(Op::mul, t0, a0, a1), addi(t0, x0, 1), addi(t0, t0, 1)}) == 7);   // the later write counts: 1 + 1 + 1 + 4
}

TEST_CASE("private loads cost a hit at their use, private stores an issue cycle") {
  CHECK(cycles({make(Op::ld, t0, sp, 0, -8), addi(t0, t0, 1)}) == 11);                                 // 6 hit + 1 addi + 4 return
  CHECK(cycles({make(Op::ld, t0, sp, 0, -8), make(Op::ld, t1, sp, 0, -16), addi(t0, t0, 1), addi(t1, t1, 1)}) == 12);  // loads overlap: 1 + 6 + 1 + 4
  CHECK(cycles({make(Op::sd, 0, sp, a0, -8), make(Op::sd, 0, sp, a0, -16)}) == 6);                     // 2 stores + 4 return
}

TEST_CASE("a taken branch costs its cycles, one not taken an issue cycle") {
  CHECK(cycles({make(Op::beq, 0, a0, x0, 8), addi(t0, x0, 1)}, {1}) == 6);   // 1 not taken + 1 addi + 4 return
  CHECK(cycles({make(Op::beq, 0, a0, x0, 8), addi(t0, x0, 1)}, {0}) == 8);   // 4 taken + 4 return
  CHECK(cycles({make(Op::jal, 0, 0, 0, 4)}) == 8);                           // 4 jump + 4 return
  // 3 times round: 3 addi + 2 taken of 4 + 1 not taken + 4 return = 16
  CHECK(cycles({addi(a0, a0, -1), make(Op::bne, 0, a0, x0, -4)}, {3}) == 16);
}

TEST_CASE("UB accesses") {
  CHECK(cycles({make(Op::lw, t0, a0), addi(t0, t0, 1)}, {64}) == 13);                        // 8 load + 1 addi + 4 return
  CHECK(cycles({make(Op::lw, t0, a0), make(Op::lw, t1, a0), make(Op::add, t0, t0, t1)}, {64}) == 14);  // 1 + 8 + 1 add + 4 return
  CHECK(cycles({make(Op::sw, 0, a0, a0), addi(t0, x0, 1)}, {64}) == 7);                      // 2 store + 1 addi + 4 return
}

TEST_CASE("global memory goes through the data cache") {
  CHECK(cycles({make(Op::lw, t0, a0), addi(t0, t0, 1)}, {kTestData}) == 241);                // 236 miss + 1 addi + 4 return
  // miss, then a hit in the same 64 B line: 236 + 6 hit + 1 addi + 4 return
  CHECK(cycles({make(Op::lw, t0, a0), make(Op::lw, t1, a0, 0, 60), addi(t1, t1, 1)}, {kTestData}) == 247);
  CHECK(cycles({make(Op::lw, t0, a0), make(Op::lw, t1, a0, 0, 64)}, {kTestData}) == 476);    // 2 misses + 4 return
  CHECK(cycles({make(Op::sw, 0, a0, a0), make(Op::lw, t1, a0), addi(t1, t1, 1)}, {kTestData}) == 12);  // 1 store brings the line + 6 hit + 1 addi + 4
}

TEST_CASE("dcci throws out a line, or all of them") {
  const auto again = [](isa::Instruction between) { return cycles({make(Op::lw, t0, a0), between, make(Op::lw, t0, a0)}, {kTestData, kTestData + 64}); };
  CHECK(again(make(Op::dcci, 0, a0, 0, 0)) == 776);   // 236 + 300 + 236 + 4
  CHECK(again(make(Op::dcci, 0, a1, 0, 0)) == 541);   // another line: 236 + 300 + 1 hit + 4
  CHECK(again(make(Op::dcci, 0, a1, 0, 1)) == 776);   // the whole cache
  CHECK(again(make(Op::dsb, 0, 0, 0, 0)) == 242);     // 236 + 1 + 1 + 4
}

TEST_CASE("special registers, system counter and issue hold the unit") {
  constexpr auto kMask = static_cast<std::int64_t>(isa::Spr::MASK0), kCounter = static_cast<std::int64_t>(isa::Spr::SYS_CNT);
  CHECK(cycles({make(Op::csrrw, 0, a0, 0, kMask)}) == 9);                        // 5 spr + 4 return
  CHECK(cycles({make(Op::csrrs, t0, 0, 0, kMask), addi(t0, t0, 1)}) == 10);      // 5 spr + 1 addi + 4 return
  CHECK(cycles({make(Op::csrrs, t0, 0, 0, kCounter)}) == 204);                   // 200 SYS_CNT + 4 return
  CHECK(cycles({show(0), make(Op::set_flag, 0, 0, 0, 0x21)}) == 8);              // 2 issue + 2 issue + 4 return
}

TEST_CASE("the time of a memory stop is the cycle at which the access acts") {
  Core core({make(Op::mul, t0, a0, a1), make(Op::sw, 0, a0, t0), addi(t1, x0, 1), make(Op::lw, t2, a0)});
  core.start({64, 2}, {}, 50);
  CHECK(core.unit().run(10).kind == StopKind::memory);
  CHECK(core.unit().time() == 53);  // 50 + 3 mul
  CHECK(!core.unit().complete_memory());
  CHECK(core.unit().time() == 55);  // + 2 UB store
  CHECK(core.unit().run(10).kind == StopKind::memory);
  CHECK(core.unit().time() == 56);  // + 1 addi
}

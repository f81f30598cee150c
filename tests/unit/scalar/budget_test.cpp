// The run-ahead is exact: what stops the core, when and with what does not depend on the budget of run().
#include <fmt/format.h>

#include <random>

#include "isa/special_registers.h"
#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

namespace {

constexpr Op kArithmetic[] = {Op::add, Op::sub, Op::mul, Op::mulh, Op::div, Op::remu, Op::xor_, Op::sltu, Op::sraw, Op::addw, Op::divuw};
constexpr std::uint8_t kBases[] = {sp, a1, a2};
constexpr Op kFloating[] = {Op::fadd_s, Op::fmul_d, Op::fdiv_h, Op::fsub_d};

// A loop of random instructions: a0 counts down, a1 points to UB, a2 to global memory, t0..t2 and s0 hold data.
std::vector<isa::Instruction> random_program(unsigned seed) {
  std::mt19937 random(seed);
  const auto data = [&] { constexpr std::uint8_t registers[] = {t0, t1, t2, s0}; return registers[random() % 4]; };
  const auto pick = [&](const auto& list) { return list[random() % std::size(list)]; };
  std::vector<isa::Instruction> code;
  for (int i = 0; i < 60; ++i) {
    const auto offset = static_cast<std::int64_t>(8 * (random() % 64));
    const std::uint8_t base = pick(kBases);
    const std::int64_t at = base == sp ? -offset - 8 : offset;
    switch (random() % 10) {
      case 0: code.push_back(make(Op::sd, 0, base, data(), at)); break;
      case 1: code.push_back(make(Op::ld, data(), base, 0, at)); break;
      case 2: code.push_back(make(Op::beq, 0, data(), data(), 8)); break;
      case 3: code.push_back(make(Op::csrrw, data(), data(), 0, static_cast<std::int64_t>(isa::Spr::MASK0))); break;
      case 4: code.push_back(show(data(), data(), data(), data())); break;
      case 5: code.push_back(make(pick(kFloating), f1, f1, f2)); break;
      case 6: code.push_back(make(Op::fmv_d_x, f2, data())); break;
      case 7: code.push_back(make(Op::csrrs, data(), 0, 0, random() % 2 ? 0xc00 : 0xc02)); break;
      case 8: code.push_back(make(random() % 2 ? Op::dcci : Op::wait_flag, 0, a2, 0, 0)); break;
      default: code.push_back(make(pick(kArithmetic), data(), data(), data()));
    }
  }
  code.push_back(addi(x0, x0, 0));  // where a branch of the last instruction lands
  code.push_back(addi(a0, a0, -1));
  code.push_back(make(Op::bne, 0, a0, x0, -4 * static_cast<std::int64_t>(code.size())));
  code.push_back(ret());
  return code;
}

// Everything that the machine sees of a run.
std::vector<std::string> observed(const std::vector<isa::Instruction>& code, std::uint64_t budget) {
  ScalarTiming timing = test_timing();
  timing.icache_bytes = 256;
  timing.icache_line = 32;
  timing.icache_ways = 2;
  timing.icache_prefetch = 1;
  Core core(code, timing);
  core.start({20, 64, kTestData, 12345, 678});
  std::vector<std::string> seen;
  for (int stops = 0; stops < 100000; ++stops) {
    const Stop stop = core.unit().run(budget);
    if (stop.kind == StopKind::budget) continue;
    const auto& o = stop.issued.operand;
    seen.push_back(fmt::format("{} at {} pc {:x} retired {} operands {:x} {:x} {:x} {:x} mask {:x} access {:x}", static_cast<int>(stop.kind), core.unit().time(), core.unit().pc(),
                               core.unit().retired(), o[0], o[1], o[2], o[3], stop.issued.special.mask[0], stop.access.address));
    if (stop.kind == StopKind::memory) REQUIRE(!core.unit().complete_memory());
    if (stop.kind == StopKind::cache) core.unit().complete_cache();
    if (stop.kind == StopKind::issue && seen.size() % 7 == 0) core.unit().set_time(core.unit().time() + 13);
    if (stop.kind == StopKind::end || stop.kind == StopKind::fault) break;
  }
  const auto& c = core.unit().counters();
  seen.push_back(fmt::format("{} {} {} {} {} {} {}", c.execute, c.icache, c.dcache, c.ub, c.load_use, c.branch, c.special));
  return seen;
}

}  // namespace

TEST_CASE("cycles, stops and results do not depend on the budget") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto code = random_program(seed);
    const auto whole = observed(code, ~0ull);
    INFO("seed " << seed);
    REQUIRE(whole.size() > 20);
    CHECK(whole[whole.size() - 2].starts_with(std::to_string(static_cast<int>(StopKind::end))));
    for (const std::uint64_t budget : {1, 2, 7, 64}) CHECK(observed(code, budget) == whole);
  }
}

TEST_CASE("a budget stops after that many instructions, and none runs none") {
  Core core({addi(t0, x0, 1), addi(t0, t0, 1), addi(t0, t0, 1), ret()});
  core.start();
  CHECK(core.unit().run(0).kind == StopKind::budget);
  CHECK(core.unit().retired() == 0);
  CHECK(core.unit().run(2).kind == StopKind::budget);
  CHECK(core.unit().retired() == 2);
  CHECK(core.unit().time() == 2);
  CHECK(core.unit().pc() == kTestCode + 8);
  CHECK(core.unit().run(2).kind == StopKind::end);
  CHECK(core.unit().retired() == 4);
}

TEST_CASE("an endless loop comes back at each budget, so that a runaway is caught") {
  Core core({make(Op::jal, 0, 0, 0, 0)});
  core.start();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    CHECK(core.unit().run(1000).kind == StopKind::budget);
    CHECK(core.unit().retired() == 1000 * i);
  }
}

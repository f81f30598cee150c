#include <functional>
#include <limits>
#include <random>

#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

namespace {

__extension__ using Wide = unsigned __int128;
__extension__ using SignedWide = __int128;

constexpr std::uint64_t kMin = 0x8000'0000'0000'0000, kMax = 0x7fff'ffff'ffff'ffff;
constexpr std::uint64_t kEdges[] = {0, 1, 2, 31, 63, 64, 0x7fff'ffff, 0x8000'0000, 0xffff'ffff, 0x1'0000'0000, kMax, kMin, kMin + 1, ~0ull, ~0ull - 1, 0xffff'ffff'8000'0000, 0x0123'4567'89ab'cdef};

std::int64_t s(std::uint64_t x) { return static_cast<std::int64_t>(x); }
std::uint64_t w(std::uint64_t x) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(x))); }
std::uint32_t lo(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::int32_t slo(std::uint64_t x) { return static_cast<std::int32_t>(x); }
std::uint64_t u(std::int64_t x) { return static_cast<std::uint64_t>(x); }

struct Row {
  Op op;
  std::function<std::uint64_t(std::uint64_t, std::uint64_t)> expected;
};

// Divisions in a type wide enough that nothing overflows.
std::uint64_t quotient(SignedWide a, SignedWide b) { return b == 0 ? ~0ull : static_cast<std::uint64_t>(a / b); }
std::uint64_t rest(SignedWide a, SignedWide b) { return b == 0 ? static_cast<std::uint64_t>(a) : static_cast<std::uint64_t>(a % b); }

const std::vector<Row> kRegisterRows = {
    {Op::add, [](auto a, auto b) { return a + b; }},
    {Op::sub, [](auto a, auto b) { return a - b; }},
    {Op::sll, [](auto a, auto b) { return a << (b % 64); }},
    {Op::slt, [](auto a, auto b) { return std::uint64_t{s(a) < s(b)}; }},
    {Op::sltu, [](auto a, auto b) { return std::uint64_t{a < b}; }},
    {Op::xor_, [](auto a, auto b) { return a ^ b; }},
    {Op::srl, [](auto a, auto b) { return a >> (b % 64); }},
    {Op::sra, [](auto a, auto b) { return u(s(a) >> (b % 64)); }},
    {Op::or_, [](auto a, auto b) { return a | b; }},
    {Op::and_, [](auto a, auto b) { return a & b; }},
    {Op::addw, [](auto a, auto b) { return w(a + b); }},
    {Op::subw, [](auto a, auto b) { return w(a - b); }},
    {Op::sllw, [](auto a, auto b) { return w(std::uint64_t{lo(a)} << (b % 32)); }},
    {Op::srlw, [](auto a, auto b) { return w(lo(a) >> (b % 32)); }},
    {Op::sraw, [](auto a, auto b) { return w(u(slo(a) >> (b % 32))); }},
    {Op::mul, [](auto a, auto b) { return a * b; }},
    {Op::mulh, [](auto a, auto b) { return static_cast<std::uint64_t>((SignedWide{s(a)} * s(b)) >> 64); }},
    {Op::mulhsu, [](auto a, auto b) { return static_cast<std::uint64_t>((SignedWide{s(a)} * static_cast<SignedWide>(b)) >> 64); }},
    {Op::mulhu, [](auto a, auto b) { return static_cast<std::uint64_t>((Wide{a} * b) >> 64); }},
    {Op::div, [](auto a, auto b) { return quotient(s(a), s(b)); }},
    {Op::divu, [](auto a, auto b) { return quotient(static_cast<SignedWide>(a), static_cast<SignedWide>(b)); }},
    {Op::rem, [](auto a, auto b) { return rest(s(a), s(b)); }},
    {Op::remu, [](auto a, auto b) { return rest(static_cast<SignedWide>(a), static_cast<SignedWide>(b)); }},
    {Op::mulw, [](auto a, auto b) { return w(a * b); }},
    {Op::divw, [](auto a, auto b) { return w(quotient(slo(a), slo(b))); }},
    {Op::divuw, [](auto a, auto b) { return w(quotient(lo(a), lo(b))); }},
    {Op::remw, [](auto a, auto b) { return w(rest(slo(a), slo(b))); }},
    {Op::remuw, [](auto a, auto b) { return w(rest(lo(a), lo(b))); }},
};

const std::vector<Row> kImmediateRows = {
    {Op::addi, [](auto a, auto i) { return a + i; }},         {Op::slti, [](auto a, auto i) { return std::uint64_t{s(a) < s(i)}; }},
    {Op::sltiu, [](auto a, auto i) { return std::uint64_t{a < i}; }}, {Op::xori, [](auto a, auto i) { return a ^ i; }},
    {Op::ori, [](auto a, auto i) { return a | i; }},          {Op::andi, [](auto a, auto i) { return a & i; }},
    {Op::addiw, [](auto a, auto i) { return w(a + i); }},
};
const std::vector<Row> kShiftRows = {
    {Op::slli, [](auto a, auto i) { return a << i; }},
    {Op::srli, [](auto a, auto i) { return a >> i; }},
    {Op::srai, [](auto a, auto i) { return u(s(a) >> i); }},
};
const std::vector<Row> kShortShiftRows = {
    {Op::slliw, [](auto a, auto i) { return w(std::uint64_t{lo(a)} << i); }},
    {Op::srliw, [](auto a, auto i) { return w(lo(a) >> i); }},
    {Op::sraiw, [](auto a, auto i) { return w(u(slo(a) >> i)); }},
};

void check_immediates(const std::vector<Row>& rows, const std::vector<std::int64_t>& immediates) {
  for (const Row& row : rows)
    for (const std::int64_t imm : immediates) {
      Core core({make(row.op, t0, a0, 0, imm), show(t0)});
      for (const std::uint64_t a : kEdges) {
        INFO(isa::mnemonic(row.op) << ' ' << a << ", " << imm);
        CHECK(core.shown({a})[0] == row.expected(a, u(imm)));
      }
    }
}

}  // namespace

TEST_CASE("register arithmetic equals the host's at every pair of edge values and at random ones") {
  std::mt19937_64 random(20260801);
  for (const Row& row : kRegisterRows) {
    Core core({make(row.op, t0, a0, a1), show(t0)});
    const auto check = [&](std::uint64_t a, std::uint64_t b) {
      const std::uint64_t got = core.shown({a, b})[0];
      INFO(isa::mnemonic(row.op) << ' ' << a << ", " << b << ", seed 20260801");
      CHECK(got == row.expected(a, b));
    };
    for (const std::uint64_t a : kEdges)
      for (const std::uint64_t b : kEdges) check(a, b);
    for (int i = 0; i < 50; ++i) check(random() >> random() % 64, random() >> random() % 64);
  }
}

TEST_CASE("immediate arithmetic equals the host's") {
  check_immediates(kImmediateRows, {0, 1, -1, 7, 2047, -2048});
  check_immediates(kShiftRows, {0, 1, 31, 32, 63});
  check_immediates(kShortShiftRows, {0, 1, 31});
}

TEST_CASE("division follows the manual where the host has no answer") {
  Core core({make(Op::div, t0, a0, a1), make(Op::rem, t1, a0, a1), make(Op::divw, t2, a0, a1), make(Op::remuw, s0, a0, a1), show(t0, t1, t2, s0)});
  CHECK(core.shown({7, 0}) == std::array<std::uint64_t, 4>{~0ull, 7, ~0ull, 7});
  CHECK(core.shown({kMin, ~0ull}) == std::array<std::uint64_t, 4>{kMin, 0, 0, 0});
  CHECK(core.shown({0xffff'ffff'8000'0000, ~0ull})[2] == 0xffff'ffff'8000'0000);
}

TEST_CASE("upper immediates and the program counter") {
  Core core({make(Op::lui, t0, 0, 0, -0x8000'0000ll), make(Op::auipc, t1, 0, 0, 0x1000), make(Op::auipc, t2, 0, 0, -4096), show(t0, t1, t2)});
  const auto shown = core.shown();
  CHECK(shown[0] == 0xffff'ffff'8000'0000);
  CHECK(shown[1] == kTestCode + 4 + 0x1000);
  CHECK(shown[2] == kTestCode + 8 - 0x1000);
}

TEST_CASE("x0 reads as zero whatever is written to it") {
  Core core({addi(x0, x0, 5), make(Op::add, t0, x0, a0), make(Op::lw, x0, sp, 0, -8), show(t0, x0)});
  CHECK(core.shown({9}) == std::array<std::uint64_t, 4>{9, 0, 0, 0});
}

TEST_CASE("branches are taken exactly when their condition holds") {
  const std::vector<std::pair<Op, std::function<bool(std::uint64_t, std::uint64_t)>>> rows = {
      {Op::beq, [](auto a, auto b) { return a == b; }},  {Op::bne, [](auto a, auto b) { return a != b; }},
      {Op::blt, [](auto a, auto b) { return s(a) < s(b); }}, {Op::bge, [](auto a, auto b) { return s(a) >= s(b); }},
      {Op::bltu, [](auto a, auto b) { return a < b; }},  {Op::bgeu, [](auto a, auto b) { return a >= b; }}};
  for (const auto& [op, holds] : rows) {
    Core core({make(op, 0, a0, a1, 8), addi(t0, x0, 1), addi(t1, x0, 2), show(t0, t1)});
    for (const std::uint64_t a : kEdges)
      for (const std::uint64_t b : kEdges) {
        const auto shown = core.shown({a, b});
        INFO(isa::mnemonic(op) << ' ' << a << ", " << b);
        CHECK(shown[0] == (holds(a, b) ? 0u : 1u));
        CHECK(shown[1] == 2);
      }
  }
}

TEST_CASE("jumps link and go to an even address") {
  Core core({make(Op::jal, t0, 0, 0, 8), addi(t2, x0, 1), make(Op::auipc, t1, 0, 0, 0), make(Op::jalr, t1, t1, 0, 13), addi(t2, x0, 3), show(t0, t1, t2)});
  const auto shown = core.shown();
  CHECK(shown[0] == kTestCode + 4);
  CHECK(shown[1] == kTestCode + 16);
  CHECK(shown[2] == 0);
  // A jump through the register that it links reads it first.
  Core same({make(Op::auipc, t0, 0, 0, 0), make(Op::jalr, t0, t0, 0, 8), show(t0)});
  CHECK(same.shown()[0] == kTestCode + 8);
}

TEST_CASE("a kernel's arguments follow lp64d and its return ends the run") {
  Core core({make(Op::ld, t0, sp, 0, 0), make(Op::ld, t1, sp, 0, 8), show(a0, a7, t0, t1), make(Op::fmv_x_d, t0, fa1), show(t0, sp), ret()});
  core.start({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {0, 0x3ff0'0000'0000'0000});
  CHECK(core.run().issued.operand == std::array<std::uint64_t, 4>{1, 8, 9, 10});
  const auto second = core.run().issued.operand;
  CHECK(second[0] == 0x3ff0'0000'0000'0000);
  CHECK(second[1] == kPrivateWindow + kPrivateBytes - 16);
  CHECK(core.run().kind == StopKind::end);
  CHECK(core.unit().retired() == 6);
  CHECK(core.run().kind == StopKind::end);
}

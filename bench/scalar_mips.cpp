// How many million instructions a second the scalar unit runs on this host, by kind of loop.
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include "isa/instruction.h"
#include "src/scalar/front_end.h"

using namespace vitruvian;
using isa::Op;

namespace {

constexpr std::uint64_t kCode = scalar::kDeviceMemoryBase + 0x1000;
constexpr std::uint8_t kT0 = 5, kT1 = 6, kT2 = 7, kA0 = 10, kA1 = 11, kSp = 2;

isa::Instruction make(Op op, std::uint8_t rd, std::uint8_t rs1, std::uint8_t rs2, std::int64_t imm = 0) {
  isa::Instruction in;
  in.op = op;
  in.rd = rd;
  in.rs1 = rs1;
  in.rs2 = rs2;
  in.imm = imm;
  return in;
}

// The body, then a count down and a branch back.
scalar::Program loop(std::vector<isa::Instruction> body) {
  body.push_back(make(Op::addi, kA0, kA0, 0, -1));
  body.push_back(make(Op::bne, 0, kA0, 0, -4 * static_cast<std::int64_t>(body.size())));
  body.push_back(make(Op::jalr, 0, 1, 0));
  scalar::Program program;
  program.code_base = kCode;
  for (const auto& in : body) {
    const std::uint32_t word = isa::encode(in);
    for (unsigned i = 0; i < 4; ++i) program.code.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  }
  return program;
}

void measure(const char* name, const std::vector<isa::Instruction>& body) {
  const scalar::Program program = loop(body);
  memory::DeviceMemory gm(scalar::kDeviceMemoryBase, 1 << 20);
  memory::CoreMemory memory;
  memory.gm = &gm;
  memory.ub = memory::Buffer(memory::Space::UB, 192 * 1024);
  scalar::ScalarTiming timing;
  timing.icache_bytes = 16384;
  timing.icache_line = 128;
  timing.icache_ways = 4;
  timing.icache_miss = 236;
  const auto core = scalar::make_rv64x(scalar::decode_program(program), memory, timing);
  scalar::CoreIdentity identity;
  identity.is_aic = false;
  scalar::Arguments arguments;
  arguments.integer = {3'000'000, scalar::kDeviceMemoryBase};
  core->start(identity, kCode, arguments, 0);
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t stops = 0;
  for (;;) {
    const scalar::Stop stop = core->run(1u << 16);
    if (stop.kind == scalar::StopKind::memory) (void)core->complete_memory();
    if (stop.kind == scalar::StopKind::end) break;
    if (stop.kind == scalar::StopKind::fault) {
      std::printf("%s\n", stop.fault.report().c_str());
      return;
    }
    ++stops;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%-28s %8.1f million instructions/s  %6.1f ns each  %8.2f million stops/s\n", name, static_cast<double>(core->retired()) / seconds * 1e-6,
              seconds * 1e9 / static_cast<double>(core->retired()), static_cast<double>(stops) / seconds * 1e-6);
}

}  // namespace

int main() {
  measure("integer", {make(Op::add, kT0, kT0, kA0), make(Op::slli, kT1, kT0, 0, 3), make(Op::xor_, kT2, kT1, kT0), make(Op::addi, kT0, kT2, 0, 1),
                      make(Op::sub, kT1, kT0, kA0), make(Op::andi, kT2, kT1, 0, 255)});
  measure("integer, multiply, divide", {make(Op::mul, kT0, kT0, kA0), make(Op::divu, kT1, kT0, kA0), make(Op::add, kT2, kT1, kT0)});
  measure("stack loads and stores", {make(Op::sd, 0, kSp, kA0, -16), make(Op::ld, kT0, kSp, 0, -16), make(Op::add, kT1, kT1, kT0), make(Op::sw, 0, kSp, kT1, -8),
                                     make(Op::lw, kT2, kSp, 0, -8)});
  measure("floating point", {make(Op::fcvt_s_w, 0, kA0, 0), make(Op::fadd_s, 1, 1, 0), make(Op::fmul_s, 2, 1, 0), make(Op::fadd_h, 3, 1, 0)});
  measure("global memory load", {make(Op::lw, kT0, kA1, 0), make(Op::add, kT1, kT1, kT0)});
  measure("issue of a vector operation", {make(Op::vadd_f16, kA0, kA1, kT0)});
}

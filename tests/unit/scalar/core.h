// One scalar unit with a small program, for tests: instructions as values, registers seen through an issued operation.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <vector>

#include "isa/instruction.h"
#include "src/scalar/front_end.h"

namespace vitruvian::scalar {

inline constexpr std::uint64_t kTestCode = kDeviceMemoryBase + 0x1000;
inline constexpr std::uint64_t kTestData = kDeviceMemoryBase + 0x8000;     // global memory that tests use
inline constexpr std::uint64_t kTestPrivate = kDeviceMemoryBase + 0x4000;  // run address of .data
inline constexpr std::size_t kTestUbBytes = 192 * 1024;

// Registers by their calling convention names.
enum Register : std::uint8_t { x0 = 0, ra = 1, sp = 2, t0 = 5, t1 = 6, t2 = 7, s0 = 8, a0 = 10, a1, a2, a3, a4, a5, a6, a7 };
enum FloatRegister : std::uint8_t { f0 = 0, f1, f2, f3, fa0 = 10, fa1, fa2 };

inline isa::Instruction make(isa::Op op, std::uint8_t rd = 0, std::uint8_t rs1 = 0, std::uint8_t rs2 = 0, std::int64_t imm = 0, std::uint8_t rm = 0, std::uint8_t rs3 = 0) {
  isa::Instruction in;
  in.op = op;
  in.rd = rd;
  in.rs1 = rs1;
  in.rs2 = rs2;
  in.rs3 = rs3;
  in.imm = imm;
  in.rm = rm;
  return in;
}
inline isa::Instruction addi(std::uint8_t rd, std::uint8_t rs1, std::int64_t imm) { return make(isa::Op::addi, rd, rs1, 0, imm); }
// An operation whose four operands are the values of these registers.
inline isa::Instruction show(std::uint8_t r0, std::uint8_t r1 = 0, std::uint8_t r2 = 0, std::uint8_t r3 = 0) { return make(isa::Op::vadd_f16, r0, r1, r2, 0, 0, r3); }
inline isa::Instruction ret() { return make(isa::Op::jalr, 0, ra); }

// Distinct primes where it helps, so that a sum says where it comes from.
inline ScalarTiming test_timing() {
  ScalarTiming t;
  t.alu = 1;
  t.mul = 3;
  t.div = 20;
  t.fp = 4;
  t.fdiv = 15;
  t.branch_taken = 4;
  t.ub_load = 8;
  t.ub_store = 2;
  t.spr = 5;
  t.sys_cnt = 200;
  t.issue = 2;
  t.dcache_hit = 6;
  t.dcache_miss = 236;
  t.dcci = 300;
  t.icache_miss = 100;
  t.dcache_bytes = 1024;
  t.dcache_line = 64;
  t.dcache_ways = 2;
  t.core_clock = 1.8e9;
  t.system_counter = 5e7;
  return t;
}

class Core {
 public:
  explicit Core(const std::vector<isa::Instruction>& code, const ScalarTiming& timing = test_timing(), bool is_aic = false) : gm_(kDeviceMemoryBase, 1 << 20) {
    program_.code_base = kTestCode;
    program_.private_base = kTestPrivate;
    program_.private_data.assign(256, 0);
    program_.private_data[8] = 42;
    for (const isa::Instruction& in : code) append(isa::encode(in), in.length);
    memory_.gm = &gm_;
    if (!is_aic) memory_.ub = memory::Buffer(memory::Space::UB, kTestUbBytes);
    identity_.is_aic = is_aic;
    identity_.name = is_aic ? "aic0" : "aiv0";
    timing_ = timing;
  }

  void append(std::uint32_t word, unsigned length = 4) {
    for (unsigned i = 0; i < length; ++i) program_.code.push_back(static_cast<std::uint8_t>(word >> (8 * i)));
  }

  void start(const Arguments& arguments, Cycle now = 0) {
    if (!front_end_) front_end_ = make_rv64x(decode_program(program_), memory_, timing_);
    front_end_->start(identity_, kTestCode, arguments, now);
  }
  void start(std::vector<std::uint64_t> integer = {}, std::vector<std::uint64_t> floating = {}, Cycle now = 0) {
    start(Arguments{std::move(integer), std::move(floating), {}}, now);
  }

  // To the next stop that is not answered at once: issue, wait_dev, print, end, fault.
  Stop run(std::uint64_t budget = 1'000'000) {
    for (;;) {
      Stop stop = front_end_->run(budget);
      Fault fault;
      switch (stop.kind) {
        case StopKind::memory: fault = front_end_->complete_memory(); break;
        case StopKind::result: fault = front_end_->complete_result(); break;
        case StopKind::cache: front_end_->complete_cache(); break;
        case StopKind::budget: break;
        default: return stop;
      }
      if (fault) {
        stop.kind = StopKind::fault;
        stop.fault = fault;
        return stop;
      }
    }
  }
  // Starts, and gives the operands of the first issued operation.
  std::array<std::uint64_t, 4> shown(std::vector<std::uint64_t> integer = {}, std::vector<std::uint64_t> floating = {}) {
    start(std::move(integer), std::move(floating));
    const Stop stop = run();
    INFO(stop.fault.report());
    REQUIRE(stop.kind == StopKind::issue);
    return stop.issued.operand;
  }
  Fault fault(std::vector<std::uint64_t> integer = {}) {
    start(std::move(integer));
    Stop stop = run();
    while (stop.kind == StopKind::issue) stop = run();
    REQUIRE(stop.kind == StopKind::fault);
    return stop.fault;
  }

  FrontEnd& unit() { return *front_end_; }
  memory::CoreMemory& memory() { return memory_; }
  memory::DeviceMemory& gm() { return gm_; }
  CoreIdentity& identity() { return identity_; }

 private:
  memory::DeviceMemory gm_;
  memory::CoreMemory memory_;
  Program program_;
  CoreIdentity identity_;
  ScalarTiming timing_;
  std::unique_ptr<FrontEnd> front_end_;
};

}  // namespace vitruvian::scalar

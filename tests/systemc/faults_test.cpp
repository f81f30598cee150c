// A kernel that breaks a rule ends with a report: kind, core, pipe, pc, disassembly, source line, and one sentence.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

// "faulty.cpp:N" of the first line that holds `text` in tests/kernels/faulty.cpp; "text+1" of the line behind it.
std::string line_of(std::string text) {
  const bool next = text.ends_with("+1");
  if (next) text.resize(text.size() - 2);
  std::ifstream file(data_directory() + "/tests/kernels/faulty.cpp");
  std::string line;
  for (int number = 1; std::getline(file, line); ++number)
    if (line.find(text) != std::string::npos) return "faulty.cpp:" + std::to_string(next ? number + 1 : number);
  return "no such line";
}

struct Expected {
  FaultKind kind;
  std::string core, pipe, disassembly, line_text, detail;
};

void check(const Fault& fault, const Expected& expected) {
  INFO(fault.report());
  CHECK(fault.kind == expected.kind);
  CHECK(fault.core == expected.core);
  CHECK(fault.pipe == expected.pipe);
  CHECK(fault.pc != 0);
  CHECK(fault.cycle > 0);
  CHECK(fault.disassembly.find(expected.disassembly) != std::string::npos);
  CHECK(!fault.disassembly.empty());
  CHECK(fault.source_line == line_of(expected.line_text));
  CHECK(fault.detail.find(expected.detail) != std::string::npos);
}

Fault fault_of(const std::string& kernel, const std::vector<Argument>& more = {}, const LaunchOptions& options = {}) {
  Machine machine("faulty");
  std::vector<Argument> arguments{machine.zeros(1 << 20)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return machine.launch(kernel, arguments, options).fault;
}

}  // namespace

TEST_CASE("a transfer outside UB names its range and the size of UB") {
  check(fault_of("reads_outside_ub", {}, {.first_core = 3}),
        {FaultKind::out_of_bounds, "aiv6", "MTE3", "copy_ubuf_to_gm", "DataCopy(to, LocalTensor<float>(TPosition::VECOUT, 160", "reads UB [0x28000, 0x38000): UB has 196608 bytes"});
  check(fault_of("loads_outside_ub"), {FaultKind::out_of_bounds, "aiv0", "S", "lw", "LocalTensor<uint32_t>(TPosition::VECCALC, 192", "outside UB"});
  check(fault_of("mmad_outside_l0a"), {FaultKind::out_of_bounds, "aic0", "M", "mad_f16", "Mmad(LocalTensor<float>", "L0A"});
}

TEST_CASE("a missing wait_flag is a hazard in strict sync, and harmless in automatic") {
  Machine machine("faulty");
  const DeviceAddress x = machine.upload(std::vector<float>(64, 1.5f)), y = machine.zeros(256);
  const LaunchResult strict = machine.launch("misses_wait_flag", {x, y}, {.sync = Sync::strict});
  check(strict.fault, {FaultKind::hazard, "aiv0", "V", "vadd_f32", "Add(out, in, in, 64)", "copy_gm_to_ubuf"});
  CHECK(strict.fault.detail.find(": nothing orders them") != std::string::npos);
  const LaunchResult automatic = machine.launch("misses_wait_flag", {x, y});
  CHECK_FALSE(automatic.fault);
  CHECK(machine.download<float>(y, 64) == std::vector<float>(64, 3.0f));
}

TEST_CASE("a deadlock lists every waiting pipe with its flag and source line") {
  const Fault fault = fault_of("deadlocks");
  INFO(fault.report());
  CHECK(fault.kind == FaultKind::deadlock);
  CHECK(fault.core == "aiv0");
  CHECK(fault.cycle < 12'000);  // the launch and when the last pipe stopped, not when somebody looked
  CHECK(std::count(fault.detail.begin(), fault.detail.end(), '\n') == 2);
  CHECK(fault.detail.find("S waits for the pipes to drain") != std::string::npos);
  CHECK(fault.detail.find("V waits for flag MTE2 -> V, id 0") != std::string::npos);
  CHECK(fault.detail.find("MTE2 waits for flag V -> MTE2, id 1") != std::string::npos);
  CHECK(fault.detail.find("pc 0x0") == std::string::npos);
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = fault.detail.find("faulty.cpp:", at)) != std::string::npos; ++at) ++lines;
  CHECK(lines == 3);
}

TEST_CASE("a deadlock between cores lists each of them") {
  const Fault fault = fault_of("deadlocks_across", {}, {.first_core = 2});
  INFO(fault.report());
  CHECK(fault.kind == FaultKind::deadlock);
  CHECK(fault.detail.find("aic2 S waits for cross-core flag id 1") != std::string::npos);
  CHECK(fault.detail.find("aiv4 S waits for cross-core flag id 2") != std::string::npos);
  CHECK(fault.detail.find("aiv5 S waits for cross-core flag id 2") != std::string::npos);
}

TEST_CASE("an illegal word, a trap, a runaway") {
  check(fault_of("illegal_word"), {FaultKind::illegal_instruction, "aiv0", "S", "", "void illegal_word", "0xffffffff"});
  check(fault_of("fails_assert", {std::uint64_t{1}}), {FaultKind::trap, "aiv0", "S", "ebreak", "ASCENDC_ASSERT(n == 0", "ebreak"});
  CHECK_FALSE(fault_of("fails_assert", {std::uint64_t{0}}));
  check(fault_of("runs_away", {}, {.instruction_limit = 10'000}), {FaultKind::runaway, "aiv0", "S", "", "for (;;)", "10000 instructions"});
}

TEST_CASE("a runaway ends after the same instruction, however far the scalar unit runs ahead") {
  Machine machine("faulty");
  const DeviceAddress out = machine.zeros(4096);
  const LaunchResult far = machine.launch("runs_away", {out}, {.instruction_limit = 12'345});
  const LaunchResult near = machine.launch("runs_away", {out}, {.runahead_limit = 1, .instruction_limit = 12'345});
  CHECK(far.fault.kind == FaultKind::runaway);
  CHECK(far.scalar_instructions == near.scalar_instructions);
  CHECK(far.fault.cycle == near.fault.cycle);
}

TEST_CASE("a flag set twice is misuse in strict sync, whoever sets it") {
  check(fault_of("sets_flag_twice", {}, {.sync = Sync::strict}), {FaultKind::flag_misuse, "aiv0", "MTE2", "set_flag", "SetFlag<HardEvent::MTE2_V>(EVENT_ID3)+1", "set already"});
  check(fault_of("scalar_sets_flag_twice", {}, {.sync = Sync::strict}), {FaultKind::flag_misuse, "aiv0", "S", "set_flag", "SetFlag<HardEvent::S_V>(2)+1", "set already"});
  CHECK_FALSE(fault_of("sets_flag_twice"));
  CHECK_FALSE(fault_of("scalar_sets_flag_twice"));
}

TEST_CASE("misaligned accesses of a pipe and of the scalar unit") {
  check(fault_of("misaligned_ub"), {FaultKind::misaligned, "aiv0", "MTE2", "copy_gm_to_ubuf", "DataCopy(LocalTensor<float>(TPosition::VECIN, 16, 64)", "multiple of 32"});
  check(fault_of("misaligned_load"), {FaultKind::misaligned, "aiv0", "S", "lw", "*(volatile uint32_t*)(out + 2)", "multiple of 4"});
}

TEST_CASE("a cross-core counter that overflows names the sender's instruction and the core that is full") {
  check(fault_of("overflows_counter"), {FaultKind::flag_misuse, "aic0", "FIX", "ffts_cross_core_sync", "CrossCoreSetFlag<2, PIPE_FIX>(6)", "flag 6 of aiv0"});
  check(fault_of("wrong_mode"), {FaultKind::flag_misuse, "aiv0", "MTE3", "ffts_cross_core_sync", "CrossCoreSetFlag<3, PIPE_MTE3>(6)", "mode 3"});
}

TEST_CASE("an operation of the cube on a vector core") {
  check(fault_of("mmad_on_aiv"), {FaultKind::illegal_operand, "aiv0", "S", "mad_f16", "mad_f16", "an AIV has no pipe M"});
}

TEST_CASE("the first fault ends the whole launch and later launches are not affected") {
  Machine machine("faulty");
  const DeviceAddress x = machine.zeros(4096), y = machine.zeros(4096);
  const std::string clean = fingerprint(machine.launch("synchronised", {x, y}));
  CHECK(machine.launch("illegal_word", {x}, {.block_dim = 48}).fault);
  CHECK(machine.launch("deadlocks", {x}, {.block_dim = 48}).fault);
  CHECK(fingerprint(machine.launch("synchronised", {x, y})) == clean);
}

TEST_CASE("a truncated or foreign file is refused with its name") {
  Device device("ascend910c");
  const std::vector<std::uint8_t> whole = file_bytes(compiled("faulty"));
  REQUIRE(whole.size() > 1000);
  for (std::size_t part : {std::size_t{0}, std::size_t{40}, std::size_t{64}, whole.size() / 4, whole.size() / 2, whole.size() - 1}) {
    INFO(part << " of " << whole.size() << " bytes");
    try {
      device.load({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(part)}, "cut.elf");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("cut.elf") != std::string::npos);
    }
  }
  CHECK_THROWS_AS(device.load(std::vector<std::uint8_t>(1000, 0x7f), "noise.elf"), Error);
  CHECK_THROWS_AS(device.load("/does/not/exist.elf"), Error);
}

TEST_CASE("arguments, blocks and cores that do not fit are mistakes of the user, found before anything runs") {
  Machine machine("faulty");
  const DeviceAddress x = machine.zeros(4096);
  const auto refused = [&](const std::string& kernel, const std::vector<Argument>& arguments, const LaunchOptions& options, const std::string& text) {
    try {
      machine.launch(kernel, arguments, options);
      FAIL("accepted: " << text);
    } catch (const Error& error) {
      INFO(error.what());
      CHECK(std::string(error.what()).find(text) != std::string::npos);
    }
  };
  refused("synchronised", {x}, {}, "expected 2 arguments, got 1");
  refused("synchronised", {x, x, x}, {}, "expected 2 arguments, got 3");
  refused("fails_assert", {x, x}, {}, "uint32_t");
  refused("fails_assert", {1.5, std::uint64_t{1}}, {}, "argument 0");
  refused("fails_assert", {x, std::int64_t{-1}}, {}, "uint32_t");
  refused("fails_assert", {x, std::uint64_t{1} << 32}, {}, "uint32_t");
  refused("synchronised", {x, x}, {.block_dim = 0}, "block_dim");
  refused("synchronised", {x, x}, {.block_dim = 65536}, "block_dim");
  refused("synchronised", {x, x}, {.first_core = 24}, "first_core");
  refused("synchronised", {x, x}, {.runahead_limit = 0}, "runahead_limit");
  refused("no_such_kernel", {x, x}, {}, "synchronised");
}

TEST_CASE("a mix kernel with two vector cores does not start on a chip that has one for each cube core") {
  Machine machine("machine", "ascend910c", {{"cores.aiv_per_aic", 1}});
  const DeviceAddress mail = machine.zeros(24 * 256);
  CHECK_THROWS_AS(machine.launch("ping_pong_1_2", {mail, std::uint64_t{1}}, {.block_dim = 24}), Error);
  CHECK_FALSE(machine.launch("ping_pong_1_1", {mail, std::uint64_t{1}}, {.block_dim = 24}).fault);
}

TEST_CASE("the largest instruction limit is no limit") {
  Machine machine("faulty");
  const DeviceAddress x = machine.zeros(4096), y = machine.zeros(4096);
  CHECK_FALSE(machine.launch("synchronised", {x, y}, {.instruction_limit = ~std::uint64_t{0}}).fault);
}

TEST_CASE("a progress callback that says no stops the run with an Error, and the device goes on") {
  Machine machine("machine");
  const DeviceAddress x = machine.zeros(4096);
  const std::string clean = fingerprint(machine.launch("adds", {x, std::uint64_t{5}}));
  int calls = 0;
  LaunchOptions options;
  options.progress = [&](double share) { return share >= 0 && ++calls < 3; };
  CHECK_THROWS_AS(machine.launch("adds", {x, std::uint64_t{100'000}}, options), Error);
  CHECK(calls == 3);
  CHECK(fingerprint(machine.launch("adds", {x, std::uint64_t{5}})) == clean);
}

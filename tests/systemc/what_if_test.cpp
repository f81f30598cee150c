// What-if: a parameter doubled moves a kernel that it binds, and leaves one that it does not bind as it was.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <unistd.h>

#include "src/chip/chip_spec.h"
#include "tests/support/machine.h"
#include "vitruvian/package.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

using Overrides = std::map<std::string, double>;
constexpr std::uint64_t kTile = 65536, kCores = 48;

// Times of the cores alone: the launch command is no part of any of these questions.
double core_us(const LaunchResult& run) {
  INFO(run.fault.report());
  REQUIRE_FALSE(run.fault);
  return run.core_time_us;
}

LaunchResult run(const Overrides& overrides, const std::string& source, const std::string& kernel, std::uint64_t bytes, std::vector<Argument> more,
                 std::uint32_t blocks, L2State l2 = L2State::cold) {
  Device device("ascend910c", overrides);
  const auto module = device.load(compiled(source));
  more.insert(more.begin(), device.allocate(bytes));
  return module->launch(kernel, more, {.block_dim = blocks, .mode = Mode::timing_only, .l2 = l2});
}

// Kernels by what binds them.
double stream_from_hbm(const Overrides& o) { return core_us(run(o, "package", "pulls", kCores * 16 * kTile, {std::uint64_t{16}}, kCores)); }
double stream_from_l2(const Overrides& o) { return core_us(run(o, "package", "pulls", kCores * 16 * kTile, {std::uint64_t{16}}, kCores, L2State::warm)); }
double one_core_from_hbm(const Overrides& o) { return core_us(run(o, "package", "pulls", 64 * kTile, {std::uint64_t{64}}, 1)); }
double one_core_to_l2(const Overrides& o) { return core_us(run(o, "package", "pushes", 64 * kTile, {std::uint64_t{64}}, 1, L2State::warm)); }
double vector_adds(const Overrides& o) { return core_us(run(o, "machine", "adds", kTile, {std::uint64_t{200}}, 8)); }
double scalar_loads(const Overrides& o) { return core_us(run(o, "package", "loads", 1u << 20, {DeviceAddress{0x10'0000'0000}, std::uint64_t{2000}}, 1)); }

double gemm(const Overrides& overrides) {
  static const std::vector<std::uint8_t> elf = [] {
    const std::string path = "/tmp/vitruvian-what-if-" + std::to_string(getpid()) + ".elf";
    compile(data_directory() + "/kernels/lib/gemm.cpp", path);
    std::vector<std::uint8_t> bytes = file_bytes(path);
    std::remove(path.c_str());
    return bytes;
  }();
  Device device("ascend910c", overrides);
  const auto module = device.load(elf, "gemm.elf");
  std::vector<Argument> arguments;
  constexpr std::uint64_t n = 1024;
  for (int i = 0; i < 3; ++i) arguments.push_back(device.allocate(n * n * 2));
  for (int i = 0; i < 3; ++i) arguments.push_back(n);
  return core_us(module->launch("gemm_bf16", arguments, {.block_dim = 4, .mode = Mode::timing_only, .l2 = L2State::warm}));
}

// Two dies: a copy over the link; and a stream from a peer.
double beyond_the_die(const Overrides& overrides, bool peer) {
  Package package("ascend910c", overrides);
  const auto module = package.die(0).load(compiled("package"));
  constexpr std::uint64_t bytes = kCores * 8 * kTile;
  const DeviceAddress from = peer ? package.peer_memory(package.add_peer()) : package.die(1).allocate(bytes);
  const std::vector<Argument> arguments{from, std::uint64_t{8}};
  return core_us(module->launch("pulls", arguments, {.block_dim = kCores, .mode = Mode::timing_only}));
}
double stream_from_die(const Overrides& o) { return beyond_the_die(o, false); }
double stream_from_peer(const Overrides& o) { return beyond_the_die(o, true); }

struct Question {
  const char* parameter;
  double factor;                                        // of the value in the chip file
  double (*bound)(const Overrides&);                    // a kernel bound by it ...
  double least, most;                                   // ... becomes faster by this
  std::vector<double (*)(const Overrides&)> indifferent;
};

double value_of(const char* path) {
  const chip::ChipSpec spec = chip::ChipSpec::load("ascend910c");
  for (std::size_t i = 0; i < static_cast<std::size_t>(chip::Param::kCount); ++i)
    if (std::string_view(chip::info(static_cast<chip::Param>(i)).path) == path) return spec.get(static_cast<chip::Param>(i));
  const std::string row(path);
  return spec.cost(row.substr(6, row.rfind('.') - 6)).per_unit;  // "costs.CLASS.per_unit"
}

}  // namespace

TEST_CASE("doubling a width, a rate or a limit moves the kernels bound by it, and only those") {
  const std::vector<Question> questions = {
      // Activation, precharge and refresh keep their nanoseconds on a faster bus.
      {"hbm.bandwidth", 2, stream_from_hbm, 1.45, 2.05, {vector_adds, stream_from_l2, scalar_loads, gemm}},
      {"l2.slice_width", 0.48, stream_from_l2, 1 / 2.1, 1 / 1.5, {vector_adds, one_core_from_hbm, scalar_loads}},
      {"dma.outstanding_reads", 2, one_core_from_hbm, 1.3, 2.05, {vector_adds, one_core_to_l2, stream_from_hbm, scalar_loads}},
      // 86 B/cycle while slots are free, 64 when they are not: a third of the former is well below the latter, twice the slots well above.
      {"dma.outstanding_writes", 2, one_core_to_l2, 1.2, 1.45, {vector_adds, stream_from_hbm, scalar_loads}},
      {"costs.gm_write.per_unit", 3, one_core_to_l2, 1 / 2.4, 1 / 1.8, {vector_adds, stream_from_hbm, scalar_loads}},
      {"costs.vadd.per_unit", 2, vector_adds, 1 / 2.1, 1 / 1.8, {one_core_from_hbm, stream_from_l2, gemm, scalar_loads}},
      {"costs.mad.per_unit", 2, gemm, 1 / 2.1, 1 / 1.5, {vector_adds, stream_from_hbm, stream_from_l2}},
      {"scalar.dcache.miss", 2, scalar_loads, 1 / 2.05, 1 / 1.6, {vector_adds, one_core_from_hbm, stream_from_hbm}},
      {"die_link.bandwidth", 2, stream_from_die, 1.6, 2.05, {stream_from_peer, stream_from_hbm, vector_adds}},
      {"fabric.bandwidth", 2, stream_from_peer, 1.6, 2.05, {stream_from_die, stream_from_hbm, vector_adds}},
  };
  std::map<double (*)(const Overrides&), double> before;
  const auto time_of = [&](double (*kernel)(const Overrides&)) {
    const auto [at, fresh] = before.try_emplace(kernel, 0);
    if (fresh) at->second = kernel({});
    return at->second;
  };
  for (const Question& question : questions) {
    CAPTURE(question.parameter, question.factor);
    const Overrides changed{{question.parameter, question.factor * value_of(question.parameter)}};
    const double speedup = time_of(question.bound) / question.bound(changed);
    CHECK(speedup >= question.least);
    CHECK(speedup <= question.most);
    for (std::size_t i = 0; i < question.indifferent.size(); ++i) {
      CAPTURE(i);
      CHECK(question.indifferent[i](changed) == Catch::Approx(time_of(question.indifferent[i])).epsilon(0.03));
    }
  }
}

TEST_CASE("an override that no chip has is an error that names the nearest") {
  REQUIRE_THROWS_AS(Device("ascend910c", {{"hbm.bandwith", 1e12}}), Error);
  REQUIRE_THROWS_AS(Package("ascend910c", {{"die_link.latency", 1}}), Error);
}

#include <cmath>
#include <map>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "src/workload/library_kernels.h"

using namespace vitruvian;

namespace {

workload::KernelReport gemm(const std::string& side, const std::string& dtype, const std::map<std::string, double>& overrides = {}) {
  Device device("ascend910c", overrides);
  workload::KernelRequest request;
  request.kernel = "gemm";
  request.parameters = {{"m", side}, {"n", side}, {"k", side}, {"dtype", dtype}};
  request.options.mode = Mode::timing_only;
  return workload::run_library_kernel(device, request);
}

}  // namespace

TEST_CASE("halving the window of DMA requests moves a full-die GEMM by less than 1 %") {
  const double whole = static_cast<double>(gemm("2048", "bf16").run.cycles);
  const double half = static_cast<double>(gemm("2048", "bf16", {{"dma.window", 32}}).run.cycles);
  REQUIRE(std::abs(half / whole - 1) < 0.01);
  // A miss stays unresolved until the DRAM decides it: a smaller window is fewer misses in flight, where nearly all loads miss. The
  // window in use holds all that may be outstanding, so a larger one changes nothing.
  const std::uint64_t small = gemm("1024", "bf16").run.cycles;
  REQUIRE(gemm("1024", "bf16", {{"dma.window", 128}}).run.cycles == small);
  REQUIRE(static_cast<double>(gemm("1024", "bf16", {{"dma.window", 32}}).run.cycles) < 1.03 * static_cast<double>(small));
}

TEST_CASE("a large GEMM uses the cube as published kernels do, and no better") {
  const workload::KernelReport bf16 = gemm("4096", "bf16");
  REQUIRE(bf16.utilization > 0.75);
  REQUIRE(bf16.utilization < 0.95);
  REQUIRE(bf16.run.memory.bytes_read >= 2 * 4096ull * 4096 * 2);  // at least each operand once
  const workload::KernelReport int8 = gemm("4096", "int8");
  REQUIRE(int8.utilization > 0.60);
  REQUIRE(int8.utilization < 0.95);
}

TEST_CASE("a GEMM bound by loads gets slower on a narrower port and not faster on a faster cube") {
  const std::uint64_t base = gemm("2048", "bf16").run.cycles;
  REQUIRE(gemm("2048", "bf16", {{"costs.gm_read_nd2nz.per_unit", 1.0 / 48}}).run.cycles > base * 13 / 10);
  const std::uint64_t cube = gemm("2048", "bf16", {{"costs.mad.per_unit", 0.5}}).run.cycles;
  REQUIRE(cube > base * 8 / 10);
}

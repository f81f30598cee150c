// How fast the emulator runs a bf16 GEMM beside the host's own sgemm of the same shape, in one run on one thread: ratios, since
// machines differ. Usage: bench_gemm_speed [largest] [repeats]; sizes 1024, 2048, ... up to `largest` (default 4096).
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include <cblas.h>
#include <fmt/format.h>

#include "vitruvian/vitruvian.h"

extern "C" void openblas_set_num_threads(int);

namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double sgemm_seconds(int n) {
  const auto cells = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
  const std::vector<float> a(cells, 0.5f), b(cells, 0.25f);
  std::vector<float> c(cells);
  const auto begin = Clock::now();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0f, a.data(), n, b.data(), n, 0.0f, c.data(), n);
  return seconds(begin);
}

vitruvian::LaunchResult emulate(vitruvian::Device& device, vitruvian::Module& module, std::uint64_t n, vitruvian::Mode mode) {
  const std::uint64_t bytes = n * n * 2;
  const auto a = device.allocate(bytes), b = device.allocate(bytes), c = device.allocate(bytes);
  std::vector<std::uint16_t> host(n * n);
  for (std::size_t i = 0; i < host.size(); ++i) host[i] = static_cast<std::uint16_t>(0x3f00 + i * 2654435761u % 256);  // 0.5 .. 1
  device.copy_in(a, host.data(), bytes);
  device.copy_in(b, host.data(), bytes);
  vitruvian::LaunchOptions options;
  options.block_dim = device.aic_count();
  options.mode = mode;
  const std::vector<vitruvian::Argument> arguments{a, b, c, n, n, n};
  auto result = module.launch("gemm_bf16", arguments, options);
  for (const auto address : {a, b, c}) device.free(address);
  if (result.fault) throw vitruvian::Error("the kernel faulted", "bench_gemm_speed", "", result.fault.report());
  return result;
}

}  // namespace

int main(int count, char** words) {
  try {
    const int largest = count > 1 ? std::atoi(words[1]) : 4096, repeats = count > 2 ? std::atoi(words[2]) : 3;
    openblas_set_num_threads(1);
    vitruvian::Device device("ascend910c");
    const std::string elf = fmt::format("/tmp/bench_gemm_speed_{}.elf", static_cast<long>(Clock::now().time_since_epoch().count()));
    vitruvian::compile(vitruvian::data_directory() + "/kernels/lib/gemm.cpp", elf);
    const auto module = device.load(elf);
    std::remove(elf.c_str());
    fmt::print("{:>6} {:>9} {:>9} {:>7} {:>9} {:>7} {:>12} {:>10} {:>9} {:>10}\n", "n", "sgemm s", "full s", "ratio", "timing s", "ratio", "kcycles/s", "Mops/s", "MIPS", "Mreq/s");
    for (int n = 1024; n <= largest; n *= 2) {
      double sgemm = 1e9, full = 1e9, timing = 1e9;
      vitruvian::LaunchResult last;
      for (int r = 0; r < repeats; ++r) {  // the best of each, interleaved, so that a busy neighbour hits all alike
        sgemm = std::min(sgemm, sgemm_seconds(n));
        full = std::min(full, emulate(device, *module, static_cast<std::uint64_t>(n), vitruvian::Mode::full).wall_s);
        last = emulate(device, *module, static_cast<std::uint64_t>(n), vitruvian::Mode::timing_only);
        timing = std::min(timing, last.wall_s);
      }
      const auto rate = [&](std::uint64_t events) { return static_cast<double>(events) / timing * 1e-6; };
      fmt::print("{:>6} {:>9.3f} {:>9.3f} {:>7.2f} {:>9.3f} {:>7.2f} {:>5.0f}/{:<6.0f} {:>10.2f} {:>9.1f} {:>10.2f}\n", n, sgemm, full, full / sgemm, timing, timing / sgemm,
                 static_cast<double>(last.cycles) / full * 1e-3, static_cast<double>(last.cycles) / timing * 1e-3, rate(last.pipe_operations),
                 rate(last.scalar_instructions), rate(last.memory.requests));
    }
    fmt::print("kcycles/s: simulated die cycles per wall second, full/timing-only; Mops/s pipe operations, MIPS scalar instructions, Mreq/s memory requests, all timing-only\n");
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}

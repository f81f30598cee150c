// The C++ API: compile a kernel, run it on an emulated 910C die, read results and counters.
// Usage: example_run_add KERNEL.cpp
#include <cstdio>
#include <numeric>
#include <vector>

#include "vitruvian/vitruvian.h"

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s add_custom.cpp\n", words[0]);
    return 2;
  }
  try {
    vitruvian::compile(words[1], "add_custom.elf");
    vitruvian::Device device("ascend910c");
    const auto module = device.load("add_custom.elf");

    constexpr std::uint32_t kCount = 100'000;
    std::vector<float> x(kCount), y(kCount, 0.5f), z(kCount);
    std::iota(x.begin(), x.end(), 0.0f);
    const std::uint64_t bytes = kCount * sizeof(float);
    const auto dx = device.allocate(bytes), dy = device.allocate(bytes), dz = device.allocate(bytes);
    device.copy_in(dx, x.data(), bytes);
    device.copy_in(dy, y.data(), bytes);

    vitruvian::LaunchOptions options;
    options.block_dim = 8;
    const std::vector<vitruvian::Argument> arguments{dx, dy, dz, std::uint64_t{kCount}};
    const vitruvian::LaunchResult run = module->launch("add_custom", arguments, options);
    if (run.fault) {
      std::fprintf(stderr, "%s\n", run.fault.report().c_str());
      return 3;
    }
    device.copy_out(z.data(), dz, bytes);
    for (std::uint32_t i = 0; i < kCount; ++i)
      if (z[i] != x[i] + y[i]) {
        std::fprintf(stderr, "z[%u] = %g, expected %g\n", i, static_cast<double>(z[i]), static_cast<double>(x[i] + y[i]));
        return 4;
      }
    std::printf("%u sums right in %llu cycles (%.2f us), bound by %s\n", kCount, static_cast<unsigned long long>(run.cycles), run.time_us, run.bound.c_str());
    for (const auto& [name, pipe] : run.pipes())
      std::printf("  %-5s busy %5.1f %%  operations %llu\n", name.c_str(), 100.0 * static_cast<double>(pipe.busy) / static_cast<double>(pipe.total()),
                  static_cast<unsigned long long>(pipe.operations));
    return 0;
  } catch (const vitruvian::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

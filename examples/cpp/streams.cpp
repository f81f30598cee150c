// Two streams on one die through the C++ API: launches in sequence on the same cores, and one that waits for the other stream.
//
//   example_streams examples/cpp/add_custom.cpp
#include <cstdio>
#include <filesystem>
#include <vector>

#include "vitruvian/vitruvian.h"

namespace {

constexpr std::uint64_t kElements = 1 << 20;

vitruvian::ConcurrentLaunch add(vitruvian::Device& device, vitruvian::Module& module, std::uint32_t first_core, std::vector<std::size_t> after) {
  const std::uint64_t bytes = kElements * sizeof(float);
  vitruvian::ConcurrentLaunch launch;
  launch.module = &module;
  launch.kernel = "add_custom";
  launch.arguments = {device.allocate(bytes), device.allocate(bytes), device.allocate(bytes), std::uint64_t{kElements}};
  launch.options.block_dim = 24;  // vector cores: half of the die
  launch.options.first_core = first_core;
  launch.options.mode = vitruvian::Mode::timing_only;
  launch.after = std::move(after);
  return launch;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s add_custom.cpp\n", arguments[0]);
    return 2;
  }
  try {
    const std::string elf = (std::filesystem::temp_directory_path() / "example_streams.elf").string();
    vitruvian::compile(arguments[1], elf);
    vitruvian::Device device("ascend910c");
    const auto module = device.load(elf);
    // 0 and 2 follow each other on groups 0 to 11, 1 runs beside them; 3 waits for both streams.
    std::vector<vitruvian::ConcurrentLaunch> launches{add(device, *module, 0, {}), add(device, *module, 12, {}), add(device, *module, 0, {0}),
                                                      add(device, *module, 12, {1, 2})};
    const double us = 1e6 / device.clock_hz();
    for (const vitruvian::LaunchResult& run : device.run_concurrently(launches)) {
      if (run.fault) return std::puts(run.fault.report().c_str()), 3;
      std::printf("%8.1f to %8.1f us, bound %s\n", static_cast<double>(run.start_cycle) * us, static_cast<double>(run.end_cycle) * us, run.bound.c_str());
    }
  } catch (const vitruvian::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}

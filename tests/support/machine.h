// Test kernels on devices: each source is compiled once in a process, into a temporary folder that goes with it.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "vitruvian/vitruvian.h"

namespace vitruvian::test {

// The ELF of tests/kernels/NAME.cpp.
const std::string& compiled(const std::string& name);
std::vector<std::uint8_t> file_bytes(const std::string& path);

// A device with the kernels of one source.
class Machine {
 public:
  explicit Machine(const std::string& source, const std::string& chip = "ascend910c", const std::map<std::string, double>& overrides = {})
      : device(chip, overrides), module(device.load(compiled(source))) {}

  DeviceAddress zeros(std::uint64_t bytes) {
    const DeviceAddress address = device.allocate(bytes);
    device.fill(address, 0, bytes);
    return address;
  }
  template <typename T>
  DeviceAddress upload(const std::vector<T>& values) {
    const DeviceAddress address = device.allocate(values.size() * sizeof(T));
    device.copy_in(address, values.data(), values.size() * sizeof(T));
    return address;
  }
  template <typename T>
  std::vector<T> download(DeviceAddress from, std::size_t count) {
    std::vector<T> values(count);
    device.copy_out(values.data(), from, count * sizeof(T));
    return values;
  }
  LaunchResult launch(const std::string& kernel, const std::vector<Argument>& arguments, const LaunchOptions& options = {}) {
    return module->launch(kernel, arguments, options);
  }

  Device device;
  std::shared_ptr<Module> module;
};

// A launch that runs beside others, or after those with the numbers in `after`.
inline ConcurrentLaunch launch_of(Machine& machine, const std::string& kernel, const std::vector<Argument>& arguments, std::uint32_t blocks, std::uint32_t first,
                           std::vector<std::size_t> after = {}, Mode mode = Mode::timing_only) {
  ConcurrentLaunch launch;
  launch.module = machine.module.get();
  launch.kernel = kernel;
  launch.arguments = arguments;
  launch.options.block_dim = blocks;
  launch.options.first_core = first;
  launch.options.mode = mode;
  launch.after = std::move(after);
  return launch;
}

inline std::uint64_t stalled(const PipeCounters& pipe, StallReason reason) { return pipe.stall[static_cast<std::size_t>(reason)]; }

// Everything but wall time, in words: equal texts mean equal runs.
std::string fingerprint(const LaunchResult& run);
// Empty, or the first pipe whose busy, stalled and idle cycles do not add up to its core's.
std::string accounting_error(const LaunchResult& run);

}  // namespace vitruvian::test

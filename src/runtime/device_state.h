// What a Device owns; shared with the modules loaded into it.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/noc/l2_path.h"
#include "src/sim/simulation.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::runtime {

// First-fit allocation of device memory in units of 512 B.
class Allocator {
 public:
  Allocator(std::uint64_t base, std::uint64_t bytes) : free_{{base, bytes}}, size_(bytes) {}
  std::uint64_t allocate(std::uint64_t bytes);
  void release(std::uint64_t address);
  // The allocation that contains the address: its start and size, or {0, 0}.
  std::pair<std::uint64_t, std::uint64_t> find(std::uint64_t address) const;

 private:
  std::map<std::uint64_t, std::uint64_t> free_, used_;
  std::uint64_t size_;
};

struct DeviceState {
  DeviceState(const std::string& chip, const std::map<std::string, double>& overrides);
  chip::ChipSpec spec;
  sim::ChipContext context;
  memory::DeviceMemory gm;
  noc::L2Path path;
  Allocator allocator;
  std::mutex launching;
  // Errors: Error if the range is not inside one allocation.
  std::uint8_t* checked(std::uint64_t address, std::uint64_t bytes, const char* what);
};

// One of cube, vector, scalar, mte1, mte2, mte3, fixpipe, hbm, l2, sync, launch.
std::string find_bound(const LaunchResult& result);

// Runs launches together on the device; what Module::launch and Device::run_concurrently share.
std::vector<LaunchResult> run_launches(DeviceState& state, std::span<ConcurrentLaunch> launches);

}  // namespace vitruvian::runtime

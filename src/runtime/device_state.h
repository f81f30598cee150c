// What a Device owns; shared with the modules loaded into it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/noc/die_router.h"
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

struct PackageState;

// Scratch of the device headers (lib/matmul: messages and tiles of each core), at the end of device memory.
inline constexpr std::uint64_t kSystemWorkspaceBytes = 64u << 20;

struct DeviceState {
  DeviceState(const std::string& chip, const std::map<std::string, double>& overrides, std::uint32_t die = 0, PackageState* package = nullptr);
  chip::ChipSpec spec;
  sim::ChipContext context;
  memory::DeviceMemory gm;
  noc::L2Path path;
  Allocator allocator;
  noc::RouterTiming ways;         // beyond the die
  std::uint32_t dies_of_package;  // as the chip describes it
  std::uint32_t die;
  PackageState* package;          // nullptr: a die alone
  std::mutex launching;           // of a die alone
  std::uint64_t system_workspace() const { return gm.base() + gm.size() - kSystemWorkspaceBytes; }
  // Errors: Error if the range is not inside one allocation.
  std::uint8_t* checked(std::uint64_t address, std::uint64_t bytes, const char* what);
};

// What joins the dies of a package; it owns them.
struct PackageState {
  explicit PackageState(const noc::FabricTiming& timing) : fabric(timing) {}
  virtual ~PackageState() = default;
  std::vector<DeviceState*> dies;
  std::mutex launching;
  noc::Fabric fabric;
  std::vector<std::unique_ptr<noc::DieRouter>> routers;
};

// One of cube, vector, scalar, mte1, mte2, mte3, fixpipe, hbm, l2, die_link, fabric, sync, launch.
std::string find_bound(const LaunchResult& result);

// Runs launches together on the device, or the package that it belongs to; what every launch call shares.
std::vector<LaunchResult> run_launches(DeviceState& state, std::span<ConcurrentLaunch> launches);

}  // namespace vitruvian::runtime

namespace vitruvian {

struct Device::State : runtime::DeviceState {
  using DeviceState::DeviceState;
};

}  // namespace vitruvian

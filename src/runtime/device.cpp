#include "vitruvian/vitruvian.h"

#include <cstring>

#include <fmt/format.h>

#include "src/runtime/device_state.h"
#include "src/runtime/module.h"
#include "src/scalar/front_end.h"

namespace vitruvian {

namespace runtime {

namespace {
constexpr std::uint64_t kUnit = isa::kL2LineBytes;
}

std::uint64_t Allocator::allocate(std::uint64_t bytes) {
  const std::uint64_t need = std::max<std::uint64_t>(1, (bytes + kUnit - 1) / kUnit) * kUnit;
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    if (it->second < need) continue;
    const std::uint64_t address = it->first, rest = it->second - need;
    free_.erase(it);
    if (rest) free_[address + need] = rest;
    used_[address] = need;
    return address;
  }
  throw Error("device memory is full", "allocate", fmt::format("{} bytes", bytes), fmt::format("no free range of this size in {} bytes", size_));
}

void Allocator::release(std::uint64_t address) {
  const auto it = used_.find(address);
  if (it == used_.end()) throw Error("not an allocation", "free", "an address from allocate()", fmt::format("{:#x}", address));
  auto at = free_.emplace(it->first, it->second).first;
  used_.erase(it);
  if (const auto next = std::next(at); next != free_.end() && at->first + at->second == next->first) {
    at->second += next->second;
    free_.erase(next);
  }
  if (at != free_.begin()) {
    const auto before = std::prev(at);
    if (before->first + before->second == at->first) {
      before->second += at->second;
      free_.erase(at);
    }
  }
}

std::pair<std::uint64_t, std::uint64_t> Allocator::find(std::uint64_t address) const {
  auto it = used_.upper_bound(address);
  if (it == used_.begin()) return {0, 0};
  --it;
  if (address < it->first + it->second) return {it->first, it->second};
  return {0, 0};
}

DeviceState::DeviceState(const std::string& chip, const std::map<std::string, double>& overrides)
    : spec(chip::ChipSpec::load(chip, overrides)),
      context(spec),
      gm(scalar::kDeviceMemoryBase, spec.get_integer(chip::Param::hbm_bytes)),
      path(noc::L2Timing::from(spec), hbm_model::HbmTiming::from(spec)),
      allocator(gm.base(), gm.size()) {}

std::uint8_t* DeviceState::checked(std::uint64_t address, std::uint64_t bytes, const char* what) {
  const auto [start, size] = allocator.find(address);
  if (size == 0 || address + bytes > start + size)
    throw Error("outside an allocation", what, size ? fmt::format("at most {} bytes at {:#x}", start + size - address, address) : "an allocated address",
                fmt::format("{} bytes at {:#x}", bytes, address));
  return gm.at(address);
}

}  // namespace runtime

struct Device::State : runtime::DeviceState {
  using DeviceState::DeviceState;
};

Device::Device(const std::string& chip, const std::map<std::string, double>& overrides) : state_(std::make_shared<State>(chip, overrides)) {}
Device::~Device() = default;
Device::Device(Device&&) noexcept = default;

const std::string& Device::chip() const { return state_->spec.name(); }
double Device::clock_hz() const { return state_->spec.get(chip::Param::clock); }
std::uint32_t Device::aic_count() const { return state_->context.aic; }
std::uint32_t Device::aiv_count() const { return state_->context.aic * state_->context.aiv_per_aic; }

std::string Device::provenance() const {
  std::string text = fmt::format("chip {} ({}), vitruvian {}", state_->spec.name(), state_->spec.file(), revision());
  for (const auto& [path, value] : state_->spec.overrides()) text += fmt::format(", {}={}", path, value);
  return text;
}

DeviceAddress Device::allocate(std::uint64_t bytes) { return {state_->allocator.allocate(bytes)}; }
void Device::free(DeviceAddress address) { state_->allocator.release(address.value); }

void Device::copy_in(DeviceAddress to, const void* from, std::uint64_t bytes) {
  std::memcpy(state_->checked(to.value, bytes, "copy_in"), from, bytes);
  state_->gm.mark(to.value, bytes, false);
}

void Device::copy_out(void* to, DeviceAddress from, std::uint64_t bytes) {
  std::memcpy(to, state_->checked(from.value, bytes, "copy_out"), bytes);
}

void Device::fill(DeviceAddress to, std::uint8_t value, std::uint64_t bytes) {
  std::memset(state_->checked(to.value, bytes, "fill"), value, bytes);
  state_->gm.mark(to.value, bytes, false);
}

std::uint8_t* Device::host_pointer(DeviceAddress address, std::uint64_t bytes) { return state_->checked(address.value, bytes, "host_pointer"); }

std::shared_ptr<Module> Device::load(const std::string& elf_path) { return runtime::make_module(state_, runtime::Image::load(elf_path)); }

std::shared_ptr<Module> Device::load(std::vector<std::uint8_t> elf, const std::string& name) {
  return runtime::make_module(state_, runtime::Image::parse(std::move(elf), name));
}

std::vector<LaunchResult> Device::run_concurrently(std::span<ConcurrentLaunch> launches) { return runtime::run_launches(*state_, launches); }

std::string Device::hierarchy() const {
  const std::lock_guard turn(state_->launching);
  sim::Simulation simulation(state_->context, state_->gm, state_->path);
  return simulation.hierarchy();
}

}  // namespace vitruvian

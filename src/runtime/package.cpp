#include "vitruvian/package.h"

#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "src/runtime/device_state.h"
#include "src/scalar/front_end.h"

namespace vitruvian {

struct Package::State : runtime::PackageState {
  State(const chip::ChipSpec& spec, const std::string& chip, const std::map<std::string, double>& overrides);

  // The peer's memory. Errors: Error for an unknown peer.
  const memory::DeviceMemory& memory_of(std::uint32_t peer);
  // Host pointer into a peer's memory. Errors: Error outside every peer's.
  std::uint8_t* peer_pointer(DeviceAddress address, std::uint64_t bytes, const char* what);
  bool in_a_die(std::uint64_t address, std::uint64_t bytes) const;

  std::vector<std::unique_ptr<Device::State>> owned;
};

Package::State::State(const chip::ChipSpec& spec, const std::string& chip, const std::map<std::string, double>& overrides)
    : PackageState(noc::FabricTiming::from(spec)) {
  const std::uint64_t count = spec.get_integer(chip::Param::package_dies);
  if (count < 1 || count > 2) throw Error("a package has 1 or 2 dies", "package.dies", "1 or 2", fmt::format("{}", count));
  for (std::uint32_t i = 0; i < count; ++i) {
    owned.push_back(std::make_unique<Device::State>(chip, overrides, i, this));
    Device::State& die = *owned.back();
    dies.push_back(&die);
    routers.push_back(std::make_unique<noc::DieRouter>(die.path, scalar::kDeviceMemoryBase, die.gm, fabric, die.ways));
  }
  for (std::uint32_t i = 0; count == 2 && i < count; ++i) {
    dies[i]->gm.see(dies[1 - i]->gm);
    routers[i]->connect(*routers[1 - i]);
  }
  fabric.on_due([this](const noc::Message& message, memory::Cycle when) {
    for (const auto& router : routers)
      if (router->owns(message.to)) return router->schedule(message, when);
  });
}

const memory::DeviceMemory& Package::State::memory_of(std::uint32_t peer) {
  if (peer >= fabric.peers()) throw Error("no such peer", "Package", fmt::format("below {}", fabric.peers()), fmt::format("{}", peer));
  return fabric.peer(peer).memory;
}

std::uint8_t* Package::State::peer_pointer(DeviceAddress address, std::uint64_t bytes, const char* what) {
  noc::Fabric::Peer* peer = fabric.find(address.value);
  if (!peer || !peer->memory.owns(address.value, bytes))
    throw Error("outside the peers' memory", what, "an address from peer_memory() and bytes inside", fmt::format("{} bytes at {:#x}", bytes, address.value));
  return peer->memory.at(address.value);
}

bool Package::State::in_a_die(std::uint64_t address, std::uint64_t bytes) const {
  for (const runtime::DeviceState* die : dies)
    if (die->gm.owns(address, bytes)) return true;
  return false;
}

Package::Package(const std::string& chip, const std::map<std::string, double>& overrides)
    : state_(std::make_shared<State>(chip::ChipSpec::load(chip, overrides), chip, overrides)) {
  // A module keeps its die, and by it the package, alive.
  for (const auto& die : state_->owned)
    devices_.push_back(std::unique_ptr<Device>(new Device(std::shared_ptr<Device::State>(state_, die.get()))));
}
Package::~Package() = default;
Package::Package(Package&&) noexcept = default;

std::uint32_t Package::dies() const { return static_cast<std::uint32_t>(devices_.size()); }

Device& Package::die(std::uint32_t index) {
  if (index >= dies()) throw Error("no such die", "Package::die", fmt::format("below {}", dies()), fmt::format("{}", index));
  return *devices_[index];
}

std::vector<LaunchResult> Package::run_concurrently(std::span<ConcurrentLaunch> launches) { return runtime::run_launches(*state_->dies.front(), launches); }

std::uint32_t Package::add_peer(const PeerOptions& options) {
  if (options.bytes == 0 || options.bytes > scalar::kDeviceMemoryStride)
    throw Error("a peer's memory", "add_peer", fmt::format("1 to {} bytes", scalar::kDeviceMemoryStride), fmt::format("{}", options.bytes));
  const std::uint64_t window = dies() + state_->fabric.peers();
  const std::uint32_t peer = state_->fabric.add_peer(scalar::kDeviceMemoryBase + window * scalar::kDeviceMemoryStride, options.bytes, options.far);
  for (runtime::DeviceState* die : state_->dies) die->gm.see(state_->fabric.peer(peer).memory);
  return peer;
}

std::uint32_t Package::peers() const { return state_->fabric.peers(); }
DeviceAddress Package::peer_memory(std::uint32_t peer) const { return {state_->memory_of(peer).base()}; }

void Package::copy_in(DeviceAddress to, const void* from, std::uint64_t bytes) {
  std::memcpy(state_->peer_pointer(to, bytes, "copy_in"), from, bytes);
  state_->fabric.find(to.value)->memory.mark(to.value, bytes, false);
}

void Package::copy_out(void* to, DeviceAddress from, std::uint64_t bytes) { std::memcpy(to, state_->peer_pointer(from, bytes, "copy_out"), bytes); }

void Package::program(const PeerMessage& message) {
  const memory::DeviceMemory& memory = state_->memory_of(message.peer);
  noc::Message made;
  made.peer = message.peer;
  made.bytes = message.data.empty() ? message.bytes : message.data.size();
  const auto refuse = [](const char* what, const char* expected, std::uint64_t address) {
    throw Error("a peer's message", what, expected, fmt::format("{:#x}", address));
  };
  if (made.bytes == 0) throw Error("a peer's message", "data, bytes", "at least one byte", "none");
  if (!(message.after_us >= 0)) throw Error("a peer's message", "after_us", "0 or more", fmt::format("{}", message.after_us));
  if (!state_->in_a_die(message.to.value, made.bytes)) refuse("to", "memory of a die of this package", message.to.value);
  if (message.data.empty() && !memory.owns(message.from.value, made.bytes)) refuse("from", "memory of the peer", message.from.value);
  if (message.when && !memory.owns(message.when->address.value, sizeof made.value)) refuse("when", "memory of the peer", message.when->address.value);
  made.after = static_cast<memory::Cycle>(std::llround(state_->dies.front()->spec.cycles_from_us(message.after_us)));
  made.stage = message.stage;
  if (message.when) {
    made.watched = message.when->address.value;
    made.value = message.when->value;
  }
  made.to = message.to.value;
  made.data = message.data;
  made.source = message.from.value;
  state_->fabric.program(std::move(made));
}

void Package::clear_messages() { state_->fabric.clear_messages(); }

std::string Package::hierarchy() const {
  const std::lock_guard turn(state_->launching);
  std::vector<sim::DieParts> parts;
  for (std::size_t i = 0; i < state_->dies.size(); ++i)
    parts.push_back({state_->dies[i]->context, state_->dies[i]->gm, state_->dies[i]->path, state_->routers[i].get()});
  return sim::Simulation(parts).hierarchy();
}

}  // namespace vitruvian

#include "src/noc/fabric.h"

#include <cstring>

namespace vitruvian::noc {

using chip::Param;

Packets Packets::from(const chip::ChipSpec& spec) {
  const auto bytes = [&](Param p) { return static_cast<std::uint32_t>(spec.get_integer(p)); };
  return {bytes(Param::link_packet), bytes(Param::link_header), bytes(Param::link_address)};
}

FabricTiming FabricTiming::from(const chip::ChipSpec& spec) {
  FabricTiming t;
  t.bytes_per_cycle = spec.bytes_per_cycle(spec.get(Param::fabric_bandwidth));
  t.read_latency = spec.cycles_from_us(spec.get(Param::fabric_read_latency));
  t.write_latency = spec.cycles_from_us(spec.get(Param::fabric_write_latency));
  t.far_read_latency = spec.cycles_from_us(spec.get(Param::fabric_far_read_latency));
  t.far_write_latency = spec.cycles_from_us(spec.get(Param::fabric_far_write_latency));
  t.packets = Packets::from(spec);
  return t;
}

RoundTrip RoundTrip::of(double latency) {
  const Tick all = memory::ticks_from(latency);
  return {all / 2, all / 4, all - all / 2 - all / 4};
}

Fabric::Peer::Peer(std::uint64_t base, std::uint64_t bytes, const FabricTiming& t, bool far)
    : memory(base, bytes),
      egress(t.bytes_per_cycle),
      ingress(t.bytes_per_cycle),
      read(RoundTrip::of(far ? t.far_read_latency : t.read_latency)),
      write(RoundTrip::of(far ? t.far_write_latency : t.write_latency)) {}

std::uint32_t Fabric::add_peer(std::uint64_t base, std::uint64_t bytes, bool far) {
  peers_.push_back(std::make_unique<Peer>(base, bytes, timing_, far));
  return peers() - 1;
}

Fabric::Peer* Fabric::find(std::uint64_t address) {
  for (const auto& peer : peers_)
    if (peer->memory.owns(address, 1)) return peer.get();
  return nullptr;
}

void Fabric::start(Cycle now) {
  for (const auto& peer : peers_) {
    peer->egress.reset_clock();
    peer->ingress.reset_clock();
  }
  armed_.assign(messages_.size(), true);
  start_stage(0, now);
}

void Fabric::start_stage(std::uint32_t stage, Cycle now) {
  for (const Message& message : messages_)
    if (!message.watched && message.stage == stage) schedule_(message, now + message.after);
}

bool Fabric::fires(const Message& message, std::uint64_t low, std::uint64_t high) {
  constexpr std::uint64_t kWord = sizeof message.value;
  if (!message.watched || *message.watched < low || *message.watched + kWord > high) return false;
  memory::DeviceMemory& memory = peers_[message.peer]->memory;
  if (memory.any_unknown(*message.watched, kWord)) return true;
  std::uint32_t value = 0;
  std::memcpy(&value, memory.at(*message.watched), kWord);
  return value == message.value;
}

void Fabric::written(std::uint64_t low, std::uint64_t high, Cycle now) {
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    if (!armed_[i] || !fires(messages_[i], low, high)) continue;
    armed_[i] = false;
    schedule_(messages_[i], now + messages_[i].after);
  }
}

}  // namespace vitruvian::noc

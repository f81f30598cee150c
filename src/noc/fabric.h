// The scale-up fabric (UB plane; HCCS on a 910B) at flow level, and the peers behind it.
//
//   die ──egress port──> switches, latency ──> peer 0 .. n: { ports, memory window, programmed messages }
//       <─ingress port──                 <──
//
// Model: the switches never block; every die and every peer has one port in each direction at the raw rate; the published
// latency of a 512 B read or write lies half on the way out and half on the way back, of which half behind the die's ingress
// port. A peer is no machine: its memory answers at once at the rate of its port, and it sends the messages that it was
// programmed with. Approximations: a peer's ports are taken in the order of the calls; a peer's own traffic with others is
// not there unless a message stands for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/noc/link.h"

namespace vitruvian::noc {

using memory::Cycle;

// Times in core cycles.
struct FabricTiming {
  double bytes_per_cycle = 1;  // of a port, each direction
  double read_latency = 0, write_latency = 0, far_read_latency = 0, far_write_latency = 0;
  Packets packets;

  static FabricTiming from(const chip::ChipSpec& spec);
};

// The three parts of a round trip's latency.
struct RoundTrip {
  Tick out = 0, back = 0, rest = 0;  // to the peer; to the die's ingress port; from there to the core
  static RoundTrip of(double latency);
};

// What a peer sends to a die.
struct Message {
  std::uint32_t peer = 0;
  Cycle after = 0;                      // from the launch, or from the write that triggers it
  std::uint32_t stage = 0;              // of the launch that it counts from; 0: from the run's beginning
  std::optional<std::uint64_t> watched; // triggered by a write that covers this address of the peer's window ...
  std::uint32_t value = 0;              // ... and leaves this value there (bytes that a timing-only run did not compute match)
  std::uint64_t to = 0;
  std::vector<std::uint8_t> data;       // sent as it is; empty: what the peer's memory holds at `source` when the message goes
  std::uint64_t source = 0, bytes = 0;
};

class Fabric {
 public:
  explicit Fabric(const FabricTiming& timing) : timing_(timing) {}

  struct Peer {
    Peer(std::uint64_t base, std::uint64_t bytes, const FabricTiming& timing, bool far);
    memory::DeviceMemory memory;
    Link egress, ingress;
    RoundTrip read, write;
  };

  // Adds a peer with memory at this address; far: in another node.
  std::uint32_t add_peer(std::uint64_t base, std::uint64_t bytes, bool far);
  std::uint32_t peers() const { return static_cast<std::uint32_t>(peers_.size()); }
  Peer& peer(std::uint32_t index) { return *peers_[index]; }
  // nullptr: no peer's window.
  Peer* find(std::uint64_t address);
  const FabricTiming& timing() const { return timing_; }

  // Messages stay for every further run until they are cleared. Send: what a die does with one that is due.
  void program(Message message) { messages_.push_back(std::move(message)); }
  void clear_messages() { messages_.clear(); }
  using Schedule = std::function<void(const Message& message, Cycle when)>;
  void on_due(Schedule schedule) { schedule_ = std::move(schedule); }
  // A run begins: idle ports, triggers armed, timed messages of stage 0 scheduled.
  void start(Cycle now);
  // A launch begins: timed messages of its stage.
  void start_stage(std::uint32_t stage, Cycle now);
  // The bytes [low, high) have changed outside the die that wrote them: triggers look.
  void written(std::uint64_t low, std::uint64_t high, Cycle now);

 private:
  bool fires(const Message& message, std::uint64_t low, std::uint64_t high);

  FabricTiming timing_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Message> messages_;
  std::vector<bool> armed_;
  Schedule schedule_;
};

}  // namespace vitruvian::noc

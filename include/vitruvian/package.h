// A package: its dies in one simulation, each with its own HBM, L2 and window of device addresses, a link between them, and
// the scale-up fabric with peers at flow level.
//
//   vitruvian::Package package("ascend910c");
//   auto copy = package.die(0).load("copy.elf");              // a module belongs to a die ...
//   auto x = package.die(0).allocate(n), y = package.die(1).allocate(n);
//   copy->launch("copy", {x, y, n}, {.block_dim = 48});       // ... and its cores reach both dies' memory
#pragma once

#include "vitruvian/vitruvian.h"

namespace vitruvian {

// A peer is a die, of another package, that is not simulated: memory behind the fabric that answers at the fabric's latency and
// rate, and messages that it sends when their time has come.
struct PeerOptions {
  std::uint64_t bytes = std::uint64_t{1} << 30;  // of its memory, sparse
  bool far = false;                              // in another node
};

// Set off by a write of the dies' cores that covers `address` of the peer's memory and leaves `value` there. In timing-only
// runs a value that was not computed matches.
struct PeerTrigger {
  DeviceAddress address;
  std::uint32_t value = 0;
};

// What a peer sends to a die's memory, once for each run. A peer's messages take effect in the order of their sending.
struct PeerMessage {
  std::uint32_t peer = 0;
  double after_us = 0;                           // from the launch command, or from the trigger
  std::uint32_t stage = 0;                       // not 0: from the start of the launch with this LaunchOptions::stage
  std::optional<PeerTrigger> when;
  DeviceAddress to;
  std::vector<std::uint8_t> data;                // empty: `bytes` that the peer's memory holds at `from` when the message goes
  DeviceAddress from;
  std::uint64_t bytes = 0;
};

class Package {
 public:
  // Errors: Error for an unknown chip or override, or a way out of the die that is shorter than the memory model resolves.
  explicit Package(const std::string& chip, const std::map<std::string, double>& overrides = {});
  ~Package();
  Package(Package&&) noexcept;

  std::uint32_t dies() const;
  // Lives as long as the package. A launch on one die runs with the others idle. Errors: Error beyond dies().
  Device& die(std::uint32_t index);
  // Several launches in one simulation: each on the die of its module. Mode, sync and l2 of the first count for all.
  std::vector<LaunchResult> run_concurrently(std::span<ConcurrentLaunch> launches);

  std::uint32_t add_peer(const PeerOptions& options = {});
  std::uint32_t peers() const;
  // The start of a peer's memory, as every die's cores address it. Errors: Error for an unknown peer.
  DeviceAddress peer_memory(std::uint32_t peer) const;
  // The host's access to a peer's memory. Errors: Error outside it.
  void copy_in(DeviceAddress to, const void* from, std::uint64_t bytes);
  void copy_out(void* to, DeviceAddress from, std::uint64_t bytes);
  // Programs a message for every further run; those that are not due before the launches end are not sent.
  // Errors: Error for addresses that are not the peer's or a die's, or a message without bytes.
  void program(const PeerMessage& message);
  void clear_messages();

  std::string hierarchy() const;

 private:
  struct State;
  std::shared_ptr<State> state_;                 // a module of a die keeps it alive
  std::vector<std::unique_ptr<Device>> devices_;
};

}  // namespace vitruvian

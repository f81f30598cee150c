// Where a request of a die's cores goes: to the die's own L2, over the link to the other die's, or over the fabric to a peer.
//
//   cores ──> own window ──────────────────────────> L2Path <──┐ requests of the other die, messages of peers
//         ──> another die's ──outgoing──> die link ──────────> other router
//         ──> a peer's ──outgoing──> fabric egress ──> peer ──> fabric ingress ──incoming──> cores
//
// Model: lines of another die are cached in that die's L2 alone. A read takes the link with its request, its home's L2 as a
// request of its own, and the link back with its data; a write takes its data along and is accepted when its acknowledgement
// is back. Traffic of one direction shares one link, in the order of arrival.
// Approximations: a core's own port is not taken a second time (its DMA spaces its requests by it already).
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "src/noc/fabric.h"
#include "src/noc/l2_path.h"
#include "src/noc/link.h"

namespace vitruvian::noc {

// Times in core cycles.
struct RouterTiming {
  double die_bytes_per_cycle = 1;
  double die_latency = 0;      // one way
  FabricTiming fabric;
  std::uint32_t cores = 1;     // of a die: ports of the L2
  std::uint32_t bucket = 32;
  std::uint32_t line = 512, sector = 128;  // of the L2: requests that a message is cut into

  // Errors: Error where a way is shorter than a bucket of the memory model.
  static RouterTiming from(const chip::ChipSpec& spec);
};

struct RemoteCounters {
  std::uint64_t bytes_read = 0, bytes_written = 0;           // payload that this die's cores asked of others
  std::uint64_t link_wire_bytes = 0, fabric_out_wire_bytes = 0, fabric_in_wire_bytes = 0;
  double link_busy_share = 0, fabric_busy_share = 0;         // the busier direction of each
};

class DieRouter final : public memory::GmPath {
 public:
  // l2_base: the address that the L2 knows the start of the die's memory by. Dies hash their lines alike.
  DieRouter(L2Path& l2, std::uint64_t l2_base, memory::DeviceMemory& memory, Fabric& fabric, const RouterTiming& timing);

  // The other die of the package; each die is told of the other.
  void connect(DieRouter& other) { other_ = &other; }
  // Called when another die has left work here: next_event() has changed.
  void on_work(std::function<void()> wake) { wake_ = std::move(wake); }

  void enqueue(const MemoryRequest& request, Cycle arrival) override;
  Cycle next_event() const override;
  void advance(Cycle now, std::vector<Completion>& completions) override;
  Cycle lookahead() const override { return l2_.lookahead(); }

  // Called before a message overwrites device memory: the runtime may want the old bytes back.
  void before_effect(std::function<void(std::uint64_t address, std::uint64_t bytes)> look) { look_ = std::move(look); }

  // A new run: the clock starts at zero. The L2's own start is the caller's.
  void start();
  // A peer's message that is due then.
  void schedule(const Message& message, Cycle when);
  // This die's cores have written [low, high) outside their die.
  void written(std::uint64_t low, std::uint64_t high, Cycle now) { fabric_.written(low, high, now); }
  bool owns(std::uint64_t address) const { return memory_.owns(address, 1); }
  RemoteCounters counters(Cycle elapsed) const;

 private:
  // What is on its way between here and elsewhere.
  struct Crossing {
    enum class Kind : std::uint8_t { to_die, for_die, to_peer, from_peer } kind = Kind::to_die;
    MemoryRequest request;            // as its core made it
    Fabric::Peer* peer = nullptr;
    std::uint32_t message = 0;        // from_peer
  };
  // A message between its sending and its effect.
  struct Delivery {
    std::uint64_t to = 0;
    std::vector<std::uint8_t> data;
    std::uint32_t peer = 0;
    std::uint32_t pieces = 0;         // not accepted by L2 yet
    Cycle finish = 0;                 // of the last piece, then of the effect
  };
  struct Timer {
    Cycle when = 0;
    std::uint64_t order = 0;          // equal times: as they were made
    const Message* message = nullptr; // to send, or nullptr: delivery to take effect
    std::uint32_t delivery = 0;
    bool operator>(const Timer& other) const { return when != other.when ? when > other.when : order > other.order; }
  };

  void enqueue_here(MemoryRequest request, Cycle arrival);
  std::uint32_t keep(const Crossing& crossing);
  void let_go(std::uint32_t index) { free_.push_back(index); }
  void leave(std::uint32_t index, Cycle arrival);
  void leave_for_peer(std::uint32_t index, const Crossing& crossing, Tick at);
  void come_in(std::uint32_t index, Cycle arrival);
  void arrive(const MemoryRequest& request, Cycle arrival);
  void complete_here(const Completion& completion) {
    ready_.push_back(completion);
    if (wake_) wake_();
  }
  void take(const Completion& completion, std::vector<Completion>& completions);
  void accepted(std::uint32_t delivery, Cycle finish);
  void settle(std::uint32_t peer);
  void send(const Message& message, Cycle now);
  void set_timer(Timer timer);
  void run_timers(Cycle now);

  L2Path& l2_;
  std::uint64_t l2_base_;
  memory::DeviceMemory& memory_;
  Fabric& fabric_;
  DieRouter* other_ = nullptr;
  std::function<void()> wake_;
  std::function<void(std::uint64_t, std::uint64_t)> look_;
  std::uint32_t cores_, line_, sector_;
  Packets packets_;
  Tick die_latency_;
  Link die_link_, egress_, ingress_;
  RequestCalendar outgoing_, incoming_;   // tag: index into crossings_
  std::vector<Crossing> crossings_;
  std::vector<std::uint32_t> free_;
  std::vector<Completion> ready_, from_l2_;
  std::vector<Delivery> deliveries_;
  struct Line {                           // a peer's deliveries take effect in the order of their sending
    std::vector<std::uint32_t> deliveries;
    std::size_t settled = 0;
    Cycle last = 0;
  };
  std::vector<Line> lines_;               // by peer
  std::vector<Timer> timers_;             // a heap, earliest first
  std::uint64_t timer_order_ = 0;
  RemoteCounters counts_;
};

}  // namespace vitruvian::noc

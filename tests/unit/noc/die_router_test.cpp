// The ways out of a die: links, the router between two dies, the fabric and its peers.
#include "src/noc/die_router.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace vitruvian;
using memory::Completion;
using memory::Cycle;
using memory::MemoryRequest;

namespace {

constexpr std::uint64_t kDie1 = 1u << 30, kPeer = 2u << 30, kWindow = 1u << 24;
constexpr std::uint32_t kCores = 8;

// Round numbers: a link of 64 B a cycle and 1000 cycles one way, packets of 128 B with 32 B header and 32 B address.
noc::RouterTiming ways() {
  noc::RouterTiming t;
  t.die_bytes_per_cycle = 64;
  t.die_latency = 1000;
  t.cores = kCores;
  t.fabric = {.bytes_per_cycle = 64, .read_latency = 4000, .write_latency = 4800, .far_read_latency = 8000, .far_write_latency = 8800, .packets = {128, 32, 32}};
  return t;
}

noc::L2Timing l2() {
  noc::L2Timing t;
  t.aic_ports = 2;
  t.aiv_ports = kCores - 2;
  t.slices = 8;
  t.ways = 4;
  t.bytes = 8u * 4 * 512 * 256;
  t.hit_latency = 200;
  t.write_latency = 100;
  t.miss_latency = 400;
  t.slice_bytes_per_cycle = 512;
  t.request_cost = 1;
  t.tlb_reach = kWindow;
  return t;
}

hbm_model::HbmTiming hbm() { return {.stacks = 4, .stack_bytes_per_cycle = 512, .turnaround = 0, .write_batch = 1, .write_queue = 1024}; }

struct Die {
  Die(std::uint64_t base, noc::Fabric& fabric, const noc::RouterTiming& timing) : gm(base, kWindow), l2(::l2(), hbm()), router(l2, 0, gm, fabric, timing) {}
  memory::DeviceMemory gm;
  noc::L2Path l2;
  noc::DieRouter router;
  std::vector<Completion> completions;
};

// Two dies and the fabric, driven as src/sim does it: each die at its own events.
struct Machine {
  explicit Machine(const noc::RouterTiming& timing = ways()) : fabric(timing.fabric), die{{0, fabric, timing}, {kDie1, fabric, timing}} {
    for (int i : {0, 1}) {
      die[i].gm.see(die[1 - i].gm);
      die[i].router.connect(die[1 - i].router);
    }
    fabric.on_due([this](const noc::Message& message, Cycle when) { die[die[0].router.owns(message.to) ? 0 : 1].router.schedule(message, when); });
    start();
  }
  std::uint32_t add_peer(bool far = false) {
    const auto peer = fabric.add_peer(kPeer + fabric.peers() * kDie1, kWindow, far);
    for (Die& d : die) d.gm.see(fabric.peer(peer).memory);
    return peer;
  }
  void start() {
    for (Die& d : die) {
      d.l2.start_cold();
      d.router.start();
      d.completions.clear();
    }
    fabric.start(0);
    now = 0;
  }
  // Runs until nothing is left, or `until`.
  void run(Cycle until = memory::kNever) {
    for (;;) {
      const Cycle next = std::min(die[0].router.next_event(), die[1].router.next_event());
      if (next == memory::kNever || next > until) return;
      now = std::max(now, next);
      for (Die& d : die)
        if (d.router.next_event() <= now) d.router.advance(now, d.completions);
    }
  }
  Cycle last(int i) const {
    Cycle finish = 0;
    for (const Completion& completion : die[i].completions) finish = std::max(finish, completion.finish);
    return finish;
  }
  noc::Fabric fabric;
  Die die[2];
  Cycle now = 0;
};

MemoryRequest request(std::uint64_t address, bool write, std::uint32_t tag = 7, std::uint16_t port = 3) {
  return {.address = address, .tag = tag, .bytes = 512, .port = port, .write = write};
}

// A stream that saturates every link: a request each cycle.
void stream(Machine& machine, int from, std::uint64_t base, bool write, std::uint32_t count, Cycle start = 0) {
  for (std::uint32_t i = 0; i < count; ++i)
    machine.die[from].router.enqueue(request(base + 512 * i, write, i, static_cast<std::uint16_t>(i % kCores)), start + i);
}

double rate(std::uint64_t bytes, Cycle cycles) { return static_cast<double>(bytes) / static_cast<double>(cycles); }

}  // namespace

TEST_CASE("a link carries its raw rate, first come first served") {
  noc::Link link(64);
  REQUIRE(link.pass(memory::ticks(10), 640) == memory::ticks(20));    // 10 + 640 / 64
  REQUIRE(link.pass(memory::ticks(12), 64) == memory::ticks(21));     // behind the first
  REQUIRE(link.pass(memory::ticks(100), 64) == memory::ticks(101));   // idle in between
  REQUIRE(link.wire_bytes() == 768);
  REQUIRE(link.busy() == memory::ticks(12));
}

TEST_CASE("packets add a header to each 128 B, and an address to writes and requests") {
  const noc::Packets p{128, 24, 32};
  REQUIRE(p.data(512) == 512 + 4 * 24);
  REQUIRE(p.write(512) == 512 + 4 * 56);
  REQUIRE(p.data(129) == 129 + 2 * 24);
  REQUIRE(p.request() == 56);
  REQUIRE(p.acknowledgement() == 24);
}

TEST_CASE("a remote read takes the link there, its home's L2 and the link back") {
  Machine machine;
  machine.die[0].router.enqueue(request(kDie1, false), 10);
  machine.run();
  REQUIRE(machine.die[1].completions.empty());
  REQUIRE(machine.die[0].completions.size() == 1);
  const Completion& done = machine.die[0].completions.front();
  REQUIRE(done.tag == 7);
  REQUIRE(done.port == 3);
  REQUIRE_FALSE(done.write);
  REQUIRE(done.finish == 2421);  // 10 + request 64 / 64 + 1000 + miss 400 + data (512 + 4 x 32) / 64 + 1000
}

TEST_CASE("a remote write takes its data along and is accepted with its acknowledgement") {
  Machine machine;
  machine.die[0].router.enqueue(request(kDie1, true), 0);
  machine.run();
  REQUIRE(machine.last(0) == 2113);  // (512 + 4 x 64) / 64 = 12, + 1000 + write 100 + acknowledgement 0.5 + 1000, rounded up
  REQUIRE(machine.die[1].l2.counters(1).bytes_written == 512);
  REQUIRE(machine.die[0].l2.counters(1).requests == 0);
}

TEST_CASE("a line of the other die is cached there, not here") {
  Machine machine;
  machine.die[0].router.enqueue(request(kDie1, false), 0);
  machine.run();
  machine.die[0].router.enqueue(request(kDie1, false), 4000);
  machine.run();
  REQUIRE(machine.last(0) == 4000 + 2211);  // as the first, with a hit: 200 for 400
  REQUIRE(machine.die[0].l2.resident_lines() == 0);
  REQUIRE(machine.die[1].l2.resident_lines() == 1);
}

TEST_CASE("a request of the own die passes the router unchanged") {
  Machine machine;
  noc::L2Path alone(l2(), hbm());
  machine.die[0].router.enqueue(request(4096, false), 10);
  machine.run();
  alone.enqueue(request(4096, false), 10);
  std::vector<Completion> completions;
  alone.advance(alone.next_event(), completions);
  REQUIRE(machine.last(0) == completions.front().finish);
}

TEST_CASE("streams over the link reach its raw rate less the packets' overhead") {
  constexpr std::uint32_t kCount = 20000;
  Machine reads, writes;
  stream(reads, 0, kDie1, false, kCount);
  stream(writes, 0, kDie1, true, kCount);
  reads.run();
  writes.run();
  REQUIRE(rate(512 * kCount, reads.last(0) - 2400) == Catch::Approx(64.0 * 512 / 640).epsilon(0.002));   // 4 headers a line
  REQUIRE(rate(512 * kCount, writes.last(0) - 2100) == Catch::Approx(64.0 * 512 / 768).epsilon(0.002));  // and 4 addresses
  // The wire itself is full: raw rate, in the direction of the data.
  REQUIRE(reads.die[1].router.counters(reads.last(0) - 2400).link_busy_share == Catch::Approx(1).epsilon(0.002));
  REQUIRE(rate(writes.die[0].router.counters(1).link_wire_bytes, writes.last(0) - 2100) == Catch::Approx(64).epsilon(0.002));
  REQUIRE(writes.die[0].router.counters(1).bytes_written == 512 * kCount);
}

TEST_CASE("readers of one die share the link, the two directions do not") {
  constexpr std::uint32_t kCount = 8000;
  Machine one, shared, both;
  stream(one, 0, kDie1, true, kCount);
  one.run();
  // Two streams of one die at once: twice the time.
  stream(shared, 0, kDie1, true, kCount);
  stream(shared, 0, kDie1 + (1u << 23), true, kCount);
  shared.run();
  REQUIRE(rate(shared.last(0) - 2100, one.last(0) - 2100) == Catch::Approx(2).epsilon(0.01));
  // One stream in each direction: only the acknowledgements of the other are in the way, 32 beside 768 B.
  stream(both, 0, kDie1, true, kCount);
  stream(both, 1, 0, true, kCount);
  both.run();
  for (int i : {0, 1}) {
    REQUIRE(both.die[i].router.counters(1).link_wire_bytes == kCount * (768 + 32));
    REQUIRE(both.last(i) > one.last(0));
    REQUIRE(rate(both.last(i) - 2100, one.last(0) - 2100) < 800.0 / 768 + 0.01);
  }
}

TEST_CASE("a peer answers after the latency of its distance") {
  for (const bool far : {false, true}) {
    Machine machine;
    machine.add_peer(far);
    machine.start();
    machine.die[1].router.enqueue(request(kPeer, false), 100);
    machine.run();
    // 1 request + 10 from the peer's port + 10 into the die's
    REQUIRE(machine.last(1) == 100 + (far ? 8000 : 4000) + 21);
    machine.start();
    machine.die[1].router.enqueue(request(kPeer, true), 100);
    machine.run();
    // 12 out + 12 into the peer + two acknowledgements of half a cycle, each to a whole one
    REQUIRE(machine.last(1) == 100 + (far ? 8800 : 4800) + 26);
  }
}

TEST_CASE("the die's port bounds the traffic with many peers, a peer's port that with one") {
  constexpr std::uint32_t kCount = 4000;
  Machine machine;
  for (int i = 0; i < 4; ++i) machine.add_peer();
  machine.start();
  for (std::uint32_t peer = 0; peer < 4; ++peer) stream(machine, 0, kPeer + peer * kDie1, false, kCount, peer);
  machine.run();
  REQUIRE(rate(512 * 4 * kCount, machine.last(0) - 4000) == Catch::Approx(64.0 * 512 / 640).epsilon(0.01));
  // Two dies that read one peer share the peer's port: each has half.
  machine.start();
  stream(machine, 0, kPeer, false, kCount);
  stream(machine, 1, kPeer, false, kCount);
  machine.run();
  REQUIRE(rate(512 * kCount, machine.last(0) - 4000) == Catch::Approx(32.0 * 512 / 640).epsilon(0.02));
}

TEST_CASE("a peer's message arrives whole, after its time, latency and length, and in order") {
  Machine machine;
  const auto peer = machine.add_peer();
  std::vector<std::uint8_t> data(64 * 1024);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7 + 1);
  machine.fabric.program({.peer = peer, .after = 500, .watched = {}, .to = kDie1 + 64, .data = data});
  machine.fabric.program({.peer = peer, .after = 500, .watched = {}, .to = kDie1 + (1 << 20), .data = {42}});
  machine.start();
  // 512 + 4 x 64 = 768 B a line on a port of 64: 12 cycles for each of 128 lines; half and a quarter of 4800, L2 100.
  const Cycle arrives = 500 + 129 * 12 + 3600 + 100;
  machine.run(arrives - 100);
  REQUIRE(*machine.die[1].gm.at(kDie1 + (1 << 20)) == 0);
  REQUIRE(std::memcmp(machine.die[1].gm.at(kDie1 + 64), data.data(), data.size()) != 0);
  machine.run();
  REQUIRE(machine.now < arrives + 100);
  REQUIRE(std::memcmp(machine.die[1].gm.at(kDie1 + 64), data.data(), data.size()) == 0);
  REQUIRE(*machine.die[1].gm.at(kDie1 + (1 << 20)) == 42);
  REQUIRE(machine.die[1].l2.counters(1).bytes_written >= data.size());
}

TEST_CASE("a write with the awaited value sets off a message, another one does not, and each fires once") {
  Machine machine;
  const auto peer = machine.add_peer();
  machine.fabric.program({.peer = peer, .after = 100, .watched = kPeer + 8, .value = 3, .to = 256, .source = kPeer + 4096, .bytes = 16});
  machine.start();
  memory::DeviceMemory& memory = machine.fabric.peer(peer).memory;
  const auto write = [&](std::uint32_t value, Cycle now) {
    std::memcpy(memory.at(kPeer + 8), &value, sizeof value);
    machine.die[0].router.written(kPeer, kPeer + 32, now);
    machine.run();
  };
  std::memset(memory.at(kPeer + 4096), 0x5a, 16);
  write(2, 0);
  REQUIRE(machine.now == 0);
  write(3, 1000);
  REQUIRE(machine.now >= 1100 + 3600);
  REQUIRE(*machine.die[0].gm.at(256) == 0x5a);
  REQUIRE(*machine.die[0].gm.at(271) == 0x5a);
  REQUIRE(*machine.die[0].gm.at(272) == 0);
  std::memset(machine.die[0].gm.at(256), 0, 16);
  write(3, machine.now);
  REQUIRE(*machine.die[0].gm.at(256) == 0);
}

TEST_CASE("a way shorter than a bucket of the memory model is refused") {
  const auto bucket = chip::ChipSpec::load("ascend910c").get(chip::Param::l2_bucket);
  const auto load = [](double cycles) {
    return noc::RouterTiming::from(chip::ChipSpec::load("ascend910c", {{"die_link.latency", cycles / 1.8}}));
  };
  REQUIRE_THROWS_AS(load(bucket - 1), Error);
  REQUIRE_NOTHROW(load(bucket + 1e-6));
}

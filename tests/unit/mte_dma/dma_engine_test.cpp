#include "src/mte/dma_engine.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "src/noc/l2_path.h"

using namespace vitruvian;
using memory::Completion;
using memory::Cycle;
using mte::Direction;
using mte::DmaEngine;
using mte::DmaTiming;
using mte::Transfer;
using mte::TransferDone;

namespace {

// A path without contention: every request takes `latency`; resolves in buckets of 32 cycles.
class FlatPath final : public memory::GmPath {
 public:
  explicit FlatPath(Cycle latency) : latency_(latency) {}
  void enqueue(const memory::MemoryRequest& request, Cycle arrival) override {
    if (!waiting.empty()) REQUIRE(arrival >= waiting.back().second);
    waiting.emplace_back(request, arrival);
    arrivals.push_back(arrival);
    requests.push_back(request);
  }
  Cycle next_event() const override { return waiting.empty() ? memory::kNever : waiting.front().second / 32 * 32 + 32; }
  void advance(Cycle now, std::vector<Completion>& completions) override {
    while (!waiting.empty() && waiting.front().second < now) {
      const auto& [request, arrival] = waiting.front();
      completions.push_back({request.tag, request.port, request.write, arrival + latency_});
      waiting.erase(waiting.begin());
    }
  }
  Cycle lookahead() const override { return latency_; }

  std::vector<std::pair<memory::MemoryRequest, Cycle>> waiting;
  std::vector<Cycle> arrivals;
  std::vector<memory::MemoryRequest> requests;

 private:
  Cycle latency_;
};

std::shared_ptr<DmaTiming> timing() {
  auto t = std::make_shared<DmaTiming>();
  t->request_interval = 3;
  t->read_start = 5;
  t->write_start = 40;
  t->instruction_interval = 20;
  t->nd2nz_start = 100;
  t->nd2nz_row_cost = 4;
  return t;
}

Transfer transfer(std::uint32_t id, std::uint32_t bytes, std::uint32_t rows = 1, std::int64_t stride = 0, Cycle start = 0) {
  Transfer t;
  t.id = id;
  t.start = start;
  t.gm.bytes = bytes;
  t.gm.n0 = rows;
  t.gm.stride0 = stride;
  return t;
}

std::vector<TransferDone> run(DmaEngine& engine, memory::GmPath& path) {
  std::vector<TransferDone> done;
  std::vector<Completion> completions;
  engine.pump(0, path);
  while (path.next_event() != memory::kNever) {
    const Cycle now = path.next_event();
    completions.clear();
    path.advance(now, completions);
    for (const Completion& completion : completions) engine.complete(completion);
    engine.pump(now, path);
    while (const auto one = engine.pop_done()) done.push_back(*one);
  }
  REQUIRE(engine.idle());
  REQUIRE(engine.late() == 0);
  return done;
}

}  // namespace

TEST_CASE("one read: start cost, channel, latency") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::read, false, 7);
  engine.submit(transfer(1, 2048, 1, 0, 10));
  const auto done = run(engine, path);
  REQUIRE(path.arrivals == std::vector<Cycle>{15, 19, 23, 27});  // 10 + 5, then 512 / 128 = 4 each
  REQUIRE(done.size() == 1);
  REQUIRE(done[0].issued == 31);
  REQUIRE(done[0].finish == 227);
  REQUIRE(path.requests[0].port == 7);
  REQUIRE(engine.requests() == 4);
}

TEST_CASE("an AIC has two channels: the interval of requests holds it up") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::read, true, 0);
  engine.submit(transfer(1, 1024));
  run(engine, path);
  REQUIRE(path.arrivals == std::vector<Cycle>{5, 8});
}

TEST_CASE("a request waits for a slot: refused one cycle before the first finish, accepted at it") {
  auto t = timing();
  t->outstanding_reads = 2;
  FlatPath path(200);
  DmaEngine engine(t, Direction::read, false, 0);
  engine.submit(transfer(1, 2048));
  run(engine, path);
  REQUIRE(path.arrivals == std::vector<Cycle>{5, 9, 205, 209});
}

TEST_CASE("steady state of a long read is slots x bytes / latency") {
  auto t = timing();
  t->request_interval = 0;
  FlatPath path(400);
  DmaEngine engine(t, Direction::read, true, 0);
  engine.submit(transfer(1, 512 * 6400));
  const auto done = run(engine, path);
  REQUIRE(done[0].finish == 5 + 99 * 400 + 63 * 2 + 400);  // 100 rounds of 64 slots
}

TEST_CASE("plain instructions keep their interval and their order, an empty one finishes in turn") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::read, false, 0);
  engine.submit(transfer(1, 128));
  engine.submit(transfer(2, 0));
  engine.submit(transfer(3, 128));
  const auto done = run(engine, path);
  REQUIRE(path.arrivals == std::vector<Cycle>{5, 45});  // dispatched at 0, 20, 40
  REQUIRE(done.size() == 3);
  REQUIRE(done[0].finish == 205);
  REQUIRE(done[1].finish == 205);  // never before an earlier one
  REQUIRE(done[2].finish == 245);
}

TEST_CASE("ND2NZ prepares under its predecessor, at most two between preparation and finish") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::read, true, 0);
  for (std::uint32_t i = 0; i < 3; ++i) {
    Transfer t = transfer(i, 512, 10, 1024);
    t.shape = mte::Shape::nd2nz;
    engine.submit(t);
  }
  const auto done = run(engine, path);
  REQUIRE(path.arrivals[0] == 100);
  REQUIRE(path.arrivals[9] == 136);   // rows 4 apart
  REQUIRE(path.arrivals[10] == 140);  // prepared from 20 on; behind the last row of the first
  REQUIRE(done[0].finish == 336);
  REQUIRE(path.arrivals[20] == 436);  // the third waits for the first's finish, then prepares: 336 + 100
}

TEST_CASE("ND2NZ that comes late prepares from its own start") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::read, true, 0);
  for (const Cycle start : {0, 130}) {
    Transfer t = transfer(0, 512, 1, 0, start);
    t.shape = mte::Shape::nd2nz;
    engine.submit(t);
  }
  run(engine, path);
  REQUIRE(path.arrivals == std::vector<Cycle>{100, 230});
}

TEST_CASE("the core's side paces the requests") {
  FlatPath path(100);
  DmaEngine engine(timing(), Direction::write, false, 0);
  Transfer t = transfer(1, 2048);
  t.core_side = 32;  // 64 B a cycle: 8 for each 512 B
  engine.submit(t);
  const auto done = run(engine, path);
  REQUIRE(path.arrivals == std::vector<Cycle>{40, 48, 56, 64});
  REQUIRE(done[0].issued == 72);
}

TEST_CASE("bus bytes round out to 128 B, payload does not") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::read, false, 0);
  engine.submit(transfer(1, 100, 3, 1000));
  run(engine, path);
  REQUIRE(engine.payload_bytes() == 300);
  REQUIRE(engine.bus_bytes() == 128 * 5);  // 0..99; 1000..1023, 1024..1099; 2000..2047, 2048..2099
}

TEST_CASE("the engine's number comes back in its completions") {
  FlatPath path(200);
  DmaEngine engine(timing(), Direction::write, true, 3, 2);
  engine.submit(transfer(1, 512));
  engine.pump(0, path);
  REQUIRE(DmaEngine::engine_of({path.requests[0].tag, 3, true, 0}) == 2);
  REQUIRE_FALSE(engine.waiting());
  REQUIRE_FALSE(engine.pop_done());
  REQUIRE(engine.issued(1) == Cycle{44});
}

TEST_CASE("the window does not change the times of a prompt owner") {
  const auto times = [](std::uint32_t window) {
    auto t = timing();
    t->window = window;
    noc::L2Timing l2;
    l2.aic_ports = 4;
    l2.slices = 4;
    l2.ways = 4;
    l2.bytes = 4u * 4 * 512 * 64;
    l2.hit_latency = 200;
    l2.write_latency = 100;
    l2.miss_latency = 400;
    l2.slice_bytes_per_cycle = 256;
    noc::L2Path path(l2, {.stacks = 2, .stack_bytes_per_cycle = 60});
    DmaEngine engine(t, Direction::read, true, 1);
    for (std::uint32_t i = 0; i < 20; ++i) engine.submit(transfer(i, 2048, 8, 4096 + 32 * i));
    std::vector<Cycle> all;
    for (const TransferDone& one : run(engine, path)) all.push_back(one.finish);
    return all;
  };
  REQUIRE(times(64) == times(16));
}

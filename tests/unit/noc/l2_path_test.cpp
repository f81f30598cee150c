#include "src/noc/l2_path.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

using namespace vitruvian;
using memory::Completion;
using memory::Cycle;
using memory::MemoryRequest;
using noc::L2Path;
using noc::L2Timing;

namespace {

// Round numbers: a hit takes 200 cycles, a write 100, a miss 400; a slice moves 512 B in 2 cycles, HBM a line in 8.
L2Timing timing() {
  L2Timing t;
  t.aic_ports = 2;
  t.aiv_ports = 4;
  t.slices = 8;
  t.ways = 4;
  t.bytes = 8u * 4 * 512 * 64;
  t.hit_latency = 200;
  t.write_latency = 100;
  t.miss_latency = 400;
  t.slice_bytes_per_cycle = 256;
  t.request_cost = 1;
  t.same_line_interval = 5;
  t.merge_delay = 128;
  t.tlb_reach = 1u << 30;
  t.tlb_miss = 0;
  return t;
}

hbm_model::HbmTiming hbm() { return {.stacks = 1, .stack_bytes_per_cycle = 64, .turnaround = 0, .write_batch = 1, .write_queue = 1}; }

MemoryRequest read(std::uint64_t address, std::uint16_t port = 2, std::uint16_t bytes = 512) { return {.address = address, .bytes = bytes, .port = port}; }
MemoryRequest write(std::uint64_t address, std::uint16_t port = 2, std::uint16_t bytes = 512) {
  return {.address = address, .bytes = bytes, .port = port, .write = true};
}

// Finishes of requests that arrive at the given times, in order of arrival.
std::vector<Cycle> finishes(L2Path& path, const std::vector<std::pair<MemoryRequest, Cycle>>& requests) {
  for (const auto& [request, arrival] : requests) path.enqueue(request, arrival);
  std::vector<Completion> completions;
  while (path.next_event() != memory::kNever) path.advance(path.next_event(), completions);
  std::vector<Cycle> result;
  for (const Completion& completion : completions) result.push_back(completion.finish);
  return result;
}

}  // namespace

TEST_CASE("a cold read takes the miss latency, the next one of the line hits") {
  L2Path path(timing(), hbm());
  REQUIRE(finishes(path, {{read(0), 10}, {read(0), 1000}}) == std::vector<Cycle>{410, 1200});
  const MemoryCounters c = path.counters(1200);
  REQUIRE(c.requests == 2);
  REQUIRE(c.l2_hits == 1);
  REQUIRE(c.l2_misses == 1);
  REQUIRE(c.bytes_read == 1024);
  REQUIRE(c.hbm_bytes_read == 512);
  REQUIRE(c.hbm_busy_share == 8.0 / 1200);
}

TEST_CASE("a read of one sector fetches the fill around it") {
  L2Timing t = timing();
  t.fill = 256;
  L2Path path(t, hbm());
  REQUIRE(finishes(path, {{read(128, 2, 128), 0}, {read(0, 2, 128), 1000}, {read(256, 2, 128), 2000}}) == std::vector<Cycle>{400, 1200, 2400});
  REQUIRE(path.counters(1).hbm_bytes_read == 512);
}

TEST_CASE("an AIV port passes 128 B a cycle, an AIC port twice that") {
  L2Path path(timing(), hbm());
  path.warm(0, 1u << 20);
  // Eight lines of one aligned group lie in eight slices: only the port holds them up.
  std::vector<std::pair<MemoryRequest, Cycle>> aiv, aic;
  for (std::uint64_t i = 0; i < 8; ++i) aiv.push_back({read(i * 512, 2), 0}), aic.push_back({read(65536 + i * 512, 1), 0});
  REQUIRE(finishes(path, aiv).back() == 200 + 7 * 4);
  path.start_carried();
  REQUIRE(finishes(path, aic).back() == 200 + 3 * 4);  // two channels: the last pair starts at 12
}

TEST_CASE("requests to one slice are served at its width") {
  L2Path path(timing(), hbm());
  path.warm(0, 1u << 20);
  // The same line by one port: no same-line interval, 512 / 256 = 2 cycles each in the slice, 4 on the port.
  // Four ports, four lines of one slice.
  const vitruvian::memory::AddressHash hash(8);
  std::vector<std::pair<MemoryRequest, Cycle>> requests;
  for (std::uint64_t line = 0; requests.size() < 4; ++line)
    if (hash(line) == 3) requests.push_back({read(line * 512, static_cast<std::uint16_t>(2 + requests.size())), 0});
  REQUIRE(finishes(path, requests) == std::vector<Cycle>{200, 202, 204, 206});
}

TEST_CASE("different cores on one line are served one after another, one core is not held up by itself") {
  L2Path path(timing(), hbm());
  path.warm(0, 4096);
  REQUIRE(finishes(path, {{read(0, 2), 0}, {read(0, 3), 0}, {read(0, 4), 0}}) == std::vector<Cycle>{200, 205, 210});
  path.start_carried();
  REQUIRE(finishes(path, {{read(0, 2, 128), 0}, {read(128, 2, 128), 1}}) == std::vector<Cycle>{200, 201});
}

TEST_CASE("a read of a line in flight waits for its fill and reads memory once") {
  L2Path path(timing(), hbm());
  REQUIRE(finishes(path, {{read(0, 2), 0}, {read(0, 3), 50}}) == std::vector<Cycle>{400, 400});
  REQUIRE(path.merged() == 1);
  REQUIRE(path.counters(1).hbm_bytes_read == 512);
}

TEST_CASE("right behind a miss of the same core a read goes to memory too, from the merge delay on it waits") {
  L2Path path(timing(), hbm());
  REQUIRE(finishes(path, {{read(0, 2, 128), 0}, {read(128, 2, 128), 127}, {read(256, 2, 128), 128}}) == std::vector<Cycle>{400, 527, 400});
  REQUIRE(path.refetched() == 1);
  REQUIRE(path.merged() == 1);
  REQUIRE(path.counters(1).hbm_bytes_read == 1024);
}

TEST_CASE("a write is accepted after the write latency, needs no fetch, and goes to memory when its line is evicted") {
  L2Timing t = timing();
  t.slices = 1;
  t.ways = 2;
  t.bytes = 2 * 512;  // one set of two lines
  L2Path path(t, hbm());
  REQUIRE(finishes(path, {{write(0), 0}, {write(512, 2, 128), 100}, {write(1024), 200}}) == std::vector<Cycle>{100, 200, 300});
  MemoryCounters c = path.counters(300);
  REQUIRE(c.l2_writebacks == 1);
  REQUIRE(c.hbm_bytes_written == 512);
  REQUIRE(c.hbm_bytes_read == 0);
  // The line with one dirty sector writes back one sector.
  finishes(path, {{read(2048), 400}});
  c = path.counters(800);
  REQUIRE(c.l2_writebacks == 2);
  REQUIRE(c.hbm_bytes_written == 640);
}

TEST_CASE("writes of a stream larger than L2 are held to the bandwidth of HBM") {
  L2Path path(timing(), hbm());
  std::vector<Completion> completions;
  Cycle finish = 0;
  constexpr std::uint64_t kLines = 16384;  // 8 MiB through 1 MiB of L2
  for (std::uint64_t i = 0; i < kLines; ++i) {
    path.enqueue(write(i * 512), finish);  // each waits for the one before
    completions.clear();
    path.advance(finish + 1, completions);
    finish = std::max(finish + 1, completions.at(0).finish - 100);
  }
  REQUIRE(finish > (kLines - 2048) * 8 * 98 / 100);
}

TEST_CASE("a read with the bypass hint leaves no line behind, but uses one that is there") {
  L2Path path(timing(), hbm());
  MemoryRequest r = read(0);
  r.bypass = true;
  finishes(path, {{r, 0}});
  REQUIRE(path.resident_lines() == 0);
  finishes(path, {{read(0), 1000}});
  REQUIRE(finishes(path, {{r, 2000}}) == std::vector<Cycle>{2200});
}

TEST_CASE("an atomic write fetches the line that it changes and leaves it dirty") {
  L2Path path(timing(), hbm());
  MemoryRequest r = write(0, 2, 128);
  r.atomic = true;
  REQUIRE(finishes(path, {{r, 0}}) == std::vector<Cycle>{100});
  REQUIRE(path.counters(1).hbm_bytes_read == 128);
  REQUIRE(finishes(path, {{read(0, 2, 128), 1000}}) == std::vector<Cycle>{1200});
}

TEST_CASE("the first touch of a page costs once, also for those that come meanwhile, and nobody else waits") {
  L2Timing t = timing();
  t.tlb_miss = 50;
  L2Path path(t, hbm());
  path.warm(1u << 21, 1u << 20);
  REQUIRE(finishes(path, {{read(0, 2), 0}, {read(1u << 21, 3), 10}, {read(512, 4), 10}, {read(0, 2), 1000}}) ==
          std::vector<Cycle>{450, 210, 450, 1200});  // 0 + 400 + 50; 10 + 200; 10 + 400 + 40 of the walk; 1000 + 200
  path.start_carried();
  REQUIRE(finishes(path, {{read(0, 2), 0}}) == std::vector<Cycle>{200});
  path.start_cold();
  REQUIRE(finishes(path, {{read(0, 2), 0}}) == std::vector<Cycle>{450});
}

TEST_CASE("advance decides nothing that arrives at now or later, and results do not depend on the bucket") {
  const auto run = [](std::uint32_t bucket, Cycle step) {
    L2Timing t = timing();
    t.bucket = bucket;
    L2Path path(t, hbm());
    for (std::uint64_t i = 0; i < 500; ++i) path.enqueue(read(i * 7919 % 64 * 512, static_cast<std::uint16_t>(i % 6)), i * 3 % 1000);
    std::vector<Completion> completions;
    Cycle now = 0;
    while (path.next_event() != memory::kNever) {
      const std::size_t before = completions.size();
      path.advance(now += step, completions);
      for (std::size_t i = before; i < completions.size(); ++i) REQUIRE(completions[i].finish >= path.lookahead());
    }
    std::vector<Cycle> result;
    for (const auto& c : completions) result.push_back(c.finish);
    return result;
  };
  REQUIRE(run(32, 32) == run(64, 64));
  REQUIRE(run(32, 32) == run(16, 7));
}

namespace {

// One stack of the HBM2E behind L2, at the clock of the cores, without refresh for a long time: tRCD 23, tCL 23, 16 bursts of 2.
hbm_model::DramLink dram(double refresh_ns = 1e7) {
  return {hbm_model::DramTiming::from(chip::DramSpec::load("hbm2e_910", {{"timing.tREFI", refresh_ns}})), 1.0};
}

}  // namespace

TEST_CASE("with a DRAM an unloaded miss takes the miss latency but for tRRD, the line hits afterwards, and waiters share its fill") {
  L2Path path(timing(), hbm(), dram());
  // 161 out + 23 tRCD + 4 tRRD_S to the second bank + 23 tCL + 32 data + 161 back = 404; the way is (400 - 78) / 2.
  REQUIRE(finishes(path, {{read(0), 0}, {read(0), 1000}}) == std::vector<Cycle>{404, 1200});
  REQUIRE(path.counters(2000).hbm_bytes_read == 512);
  path.start_cold();
  auto all = finishes(path, {{read(0, 2), 0}, {read(0, 3), 50}});
  REQUIRE(all == std::vector<Cycle>{404, 404});
  REQUIRE(path.merged() == 1);
  REQUIRE(path.counters(2000).hbm_bytes_read == 512);
}

TEST_CASE("with a DRAM no completion is announced after it could have been needed, nor before its arrival plus lookahead") {
  L2Timing t = timing();
  t.slices = 1;
  t.ways = 2;
  t.bytes = 2 * 512 * 64;  // small: dirty lines are evicted all the time
  L2Path path(t, hbm(), dram(3900));
  std::vector<Cycle> arrival;
  std::uint64_t state = 12345;
  const auto next = [&] { return state = state * 6364136223846793005u + 1442695040888963407u, state >> 33; };
  Cycle time = 0;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    MemoryRequest r = next() % 3 == 0 ? write(next() % 4096 * 512, static_cast<std::uint16_t>(i % 6)) : read(next() % 4096 * 512, static_cast<std::uint16_t>(i % 6));
    r.tag = i;
    r.atomic = r.write && next() % 8 == 0;
    r.bypass = next() % 16 == 0;
    path.enqueue(r, time += next() % 16);
    arrival.push_back(time);
  }
  std::vector<char> seen(arrival.size());
  std::vector<Completion> completions;
  Cycle before = 0;
  while (path.next_event() != memory::kNever) {
    const Cycle now = path.next_event();
    REQUIRE(now > before);
    completions.clear();
    path.advance(now, completions);
    for (const Completion& c : completions) {
      REQUIRE(!seen[c.tag]);
      seen[c.tag] = 1;
      REQUIRE(c.finish >= arrival[c.tag] + path.lookahead());
      REQUIRE(c.finish + 1 >= before + path.lookahead());  // certain since the advance before, to a cycle of rounding
    }
    before = now;
  }
  REQUIRE(std::count(seen.begin(), seen.end(), 1) == static_cast<std::ptrdiff_t>(seen.size()));
  REQUIRE(path.counters(before).hbm_bytes_written > 0);
}

TEST_CASE("with a DRAM results do not depend on how far the caller advances at once") {
  const auto run = [](Cycle step) {
    L2Path path(timing(), hbm(), dram(3900));
    for (std::uint32_t i = 0; i < 3000; ++i) {
      MemoryRequest r = i % 3 == 0 ? write(i * 7919 % 65536 * 512, static_cast<std::uint16_t>(i % 6)) : read(i * 7919 % 65536 * 512, static_cast<std::uint16_t>(i % 6));
      r.tag = i;
      path.enqueue(r, i * 3 % 4000);
    }
    std::vector<Completion> completions;
    for (Cycle now = step; path.next_event() != memory::kNever; now += step) path.advance(now, completions);
    std::vector<Cycle> result(3000);
    for (const auto& c : completions) result[c.tag] = c.finish;
    return result;
  };
  REQUIRE((run(32) == run(7)));
  REQUIRE((run(32) == run(1000)));
}

TEST_CASE("with a DRAM a stream of reads is held to its bandwidth") {
  L2Path path(timing(), hbm(), dram(3900));
  std::vector<std::pair<MemoryRequest, Cycle>> requests;
  for (std::uint64_t i = 0; i < 8192; ++i) requests.push_back({read(i * 512, static_cast<std::uint16_t>(i % 6)), i / 6 * 4});
  const auto all = finishes(path, requests);
  const double bytes_per_cycle = 8192 * 512.0 / static_cast<double>(*std::max_element(all.begin(), all.end()));
  REQUIRE(bytes_per_cycle > 256 * 0.85);  // 16 pseudo channels x 16 B
  REQUIRE(bytes_per_cycle < 256 * 0.95);
}

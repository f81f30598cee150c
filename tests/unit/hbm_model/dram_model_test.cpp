#include "hbm_model/dram_model.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <algorithm>
#include <map>
#include <random>
#include <sstream>

#include "hbm_model/replay.h"
#include "vitruvian/error.h"

using namespace vitruvian;
using namespace vitruvian::hbm_model;
using chip::DramSpec;

namespace {

struct Recorder final : CommandSink {
  std::vector<IssuedCommand> commands;
  void issued(const IssuedCommand& command) override { commands.push_back(command); }
};

// One pseudo channel without refresh for a long time: tRCD 14, tRP 14, tRAS 34, tCL 14, burst 2, tRTP 5.
DramTiming quiet(std::map<std::string, double> values = {}) {
  values["timing.tREFI"] = 1e7;
  return DramTiming::from(DramSpec::load("hbm2_1ch", values));
}

std::vector<DramCompletion> finish(DramModel& model) {
  std::vector<DramCompletion> done;
  while (model.next_event() != kNoClock) model.advance(model.next_event(), done);
  return done;
}

// Address of pseudo channel 0 with this bank group, column, bank and row of hbm2_1ch: channel:1 bank_group:2 column:5 bank:2.
std::uint64_t address(std::uint64_t group, std::uint64_t column, std::uint64_t bank, std::uint64_t row) {
  return (group << 1 | column << 3 | bank << 8 | row << 10) << 5;
}

std::vector<TraceRequest> stream(std::size_t count, std::uint64_t step, bool write = false) {
  std::vector<TraceRequest> trace(count);
  for (std::size_t i = 0; i < count; ++i) trace[i] = {i * step, 0, write};
  return trace;
}

std::vector<TraceRequest> scattered(std::size_t count, std::uint64_t bytes) {
  std::mt19937_64 random(20260107);
  std::vector<TraceRequest> trace(count);
  for (auto& request : trace) request.address = random() % bytes;
  return trace;
}

ReplayReport run(const char* chip, const std::vector<TraceRequest>& trace, std::uint32_t bytes = 32, std::uint32_t window = 64) {
  DramModel model(DramTiming::from(DramSpec::load(chip)));
  return replay(model, trace, bytes, window);
}

}  // namespace

TEST_CASE("a read of a closed bank takes tRCD, tCL and the burst; the next one of its row less") {
  DramModel model(quiet());
  model.enqueue({address(0, 0, 0, 3), 32, 1}, 100);
  model.enqueue({address(0, 1, 0, 3), 32, 2}, 100);
  model.enqueue({address(1, 1, 0, 3), 32, 3}, 500);
  const auto done = finish(model);
  REQUIRE(done.size() == 3);
  CHECK(done[0].finish == 100 + 14 + 14 + 2);
  CHECK(done[1].finish == 100 + 14 + 4 + 14 + 2);  // tCCD_L 4
  CHECK(done[2].finish == 500 + 14 + 14 + 2);      // another bank group: another bank
}

TEST_CASE("another row of the bank waits for tRAS, tRP and tRCD") {
  DramModel model(quiet());
  model.enqueue({address(0, 0, 0, 3), 32, 1}, 0);
  model.enqueue({address(0, 0, 0, 4), 32, 2}, 0);
  const auto done = finish(model);
  CHECK(done[1].finish == 34 + 14 + 14 + 14 + 2);  // PRE at tRAS, ACT, RD, data
}

TEST_CASE("nothing is issued before its arrival, nor at now or later") {
  DramModel model(quiet());
  Recorder seen;
  model.observe(&seen);
  model.enqueue({0, 32, 1}, 1000);
  CHECK(model.next_event() == 1001);
  std::vector<DramCompletion> done;
  model.advance(1000, done);
  CHECK(seen.commands.empty());
  model.advance(1001, done);
  REQUIRE(seen.commands.size() == 1);
  CHECK(seen.commands[0].clock == 1000);
  CHECK(model.next_event() == 1000 + 14 + 1);
  model.advance(1000 + 14, done);
  CHECK(done.empty());
}

TEST_CASE("results do not depend on how far the caller advances at once, nor on who watches the commands") {
  struct Watcher final : hbm_model::CommandSink {
    void issued(const hbm_model::IssuedCommand&) override {}
  };
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  const auto run_in_steps = [seed](Clock step, bool watched = false, const char* name = "hbm2e_910") {
    DramModel model(DramTiming::from(DramSpec::load(name)));
    Watcher watcher;
    if (watched) model.observe(&watcher);
    std::mt19937_64 random(seed);
    std::vector<DramCompletion> done;
    Clock now = 0;
    for (std::uint32_t i = 0; i < 20000; ++i) model.enqueue({random() % (1u << 28), 512, i, random() % 3 == 0}, i * 5 / 2 + random() % 64);
    while (model.next_event() != kNoClock) model.advance(now += step, done);
    std::vector<Clock> finishes(20000);
    for (const auto& completion : done) finishes[completion.tag] = completion.finish;
    for (const std::uint64_t commands : model.counters().commands) finishes.push_back(commands);
    finishes.push_back(model.counters().row_hits);
    finishes.push_back(model.counters().last_data);
    return finishes;
  };
  const auto reference = run_in_steps(1);
  // As one value each: 20000 numbers help nobody.
  CHECK((run_in_steps(7) == reference));
  CHECK((run_in_steps(100000) == reference));
  // Unwatched, runs of bursts are issued at once.
  for (const char* name : {"hbm2_1ch", "hbm2e_910", "hbm3"}) CHECK((run_in_steps(1000, true, name) == run_in_steps(1000, false, name)));
}

TEST_CASE("a row hit overtakes an older request of another row, but not for ever") {
  const auto victim_finish = [](double starvation) {
    DramModel model(quiet({{"controller.starvation", starvation}, {"controller.read_queue", 8}}));
    model.enqueue({address(0, 0, 0, 3), 32, 0}, 0);
    model.enqueue({address(0, 0, 0, 4), 32, 1}, 1);
    for (std::uint32_t i = 2; i < 2000; ++i) model.enqueue({address(0, i % 32, 0, 3), 32, i}, 2);
    for (const auto& done : finish(model))
      if (done.tag == 1) return done.finish;
    return Clock{0};
  };
  CHECK(victim_finish(1e6) > 2000 * 4);                    // after all the hits, tCCD_L apart
  CHECK(victim_finish(500) > 500);
  CHECK(victim_finish(500) < 500 + 5 + 14 + 14 + 14 + 2 + 4);
}

TEST_CASE("writes wait for the high watermark and drain to the low one") {
  DramModel model(quiet());
  Recorder seen;
  model.observe(&seen);
  // A read every 2 clocks keeps the read queue busy; a write every 4.
  for (std::uint32_t i = 0; i < 4000; ++i) model.enqueue({address(i % 4, i / 4 % 32, 0, i / 128 % 4), 32, i}, 2 * i);
  for (std::uint32_t i = 0; i < 1000; ++i) model.enqueue({address(i % 4, i / 4 % 32, 1, i / 128 % 4), 32, i, true}, 4 * i);
  finish(model);
  std::size_t run = 0, writes_before = 0;
  std::vector<std::size_t> drains;
  for (const auto& c : seen.commands) {
    if (c.command == Command::WR) ++run, ++writes_before;
    if (c.command == Command::RD && run != 0) drains.push_back(std::exchange(run, 0));
  }
  REQUIRE(drains.size() > 5);
  for (std::size_t i = 0; i + 1 < drains.size(); ++i) CHECK(drains[i] >= 32);  // 48 - 16
  CHECK(model.counters().bytes_written == 1000 * 32);
}

TEST_CASE("a lone write is not kept for ever by a flood of reads") {
  DramModel model(quiet({{"controller.starvation", 300}}));
  Recorder seen;
  model.observe(&seen);
  model.enqueue({address(2, 0, 1, 9), 32, 0, true}, 0);
  for (std::uint32_t i = 1; i < 3000; ++i) model.enqueue({address(i % 4, i / 4 % 32, 0, 3), 32, i}, 0);
  finish(model);
  const auto write = std::find_if(seen.commands.begin(), seen.commands.end(), [](const auto& c) { return c.command == Command::WR; });
  REQUIRE(write != seen.commands.end());
  CHECK(write->clock >= 300);
  CHECK(write->clock < 300 + 100);
}

TEST_CASE("refresh comes once in tREFI, all banks or one by one") {
  for (const char* chip : {"hbm2_1ch", "hbm3"}) {
    const DramSpec spec = DramSpec::load(chip);
    DramModel model(DramTiming::from(spec));
    const auto report = replay(model, stream(400000, 32), 32, 64);
    const DramTiming& t = model.timing();
    const double intervals = static_cast<double>(report.elapsed) / t.refresh_interval * t.channels;
    const auto count = [&](Command c) { return static_cast<double>(report.counters.commands[static_cast<std::size_t>(c)]); };
    const double refreshes = spec.refreshes_per_bank() ? count(Command::REFSB) / t.banks() : count(Command::REF);
    CHECK(refreshes == Catch::Approx(intervals).margin(2.0 * t.channels));
  }
}

TEST_CASE("one channel of HBM2 reaches the bands that cycle-level simulators report: 85 to 95 % in streams, 24 to 32 % at random") {
  const auto sequential = run("hbm2_1ch", stream(500000, 32));
  CHECK(sequential.share_of_peak > 0.85);
  CHECK(sequential.share_of_peak < 0.95);
  CHECK(sequential.row_hit_rate > 0.95);
  const auto writes = run("hbm2_1ch", stream(500000, 32, true));
  CHECK(writes.share_of_peak > 0.85);
  CHECK(writes.share_of_peak < 0.95);
  const auto random = run("hbm2_1ch", scattered(500000, 1u << 30));
  CHECK(random.share_of_peak > 0.24);
  CHECK(random.share_of_peak < 0.32);
  CHECK(random.row_hit_rate < 0.01);
  CHECK(random.latency_mean_ns > 2 * sequential.latency_mean_ns);
}

TEST_CASE("equal bytes with less locality take longer") {
  const auto in_order = run("hbm2_1ch", stream(100000, 32));
  const auto by_row = run("hbm2_1ch", stream(100000, 8192));    // a new row for every request, all bank groups 0
  const auto one_bank = run("hbm2_1ch", stream(100000, 32768));  // always the same bank
  CHECK(by_row.elapsed > 2 * in_order.elapsed);
  CHECK(one_bank.elapsed > 2 * by_row.elapsed);
  CHECK(one_bank.elapsed / 100000 >= 48);  // tRC
}

TEST_CASE("a stack of HBM2E streams 512 B lines at more than nine tenths of its peak") {
  const auto report = run("hbm2e_910", stream(100000, 512), 512, 2048);
  CHECK(report.share_of_peak > 0.93);
  CHECK(report.share_of_peak < 0.98);
}

TEST_CASE("the address map is one-to-one and counts its bits") {
  DramTiming t = DramTiming::from(DramSpec::load("hbm2e_910"));
  const AddressMap map(t);
  CHECK(map.run_bytes() == 256);
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, int> runs;
  constexpr std::uint64_t kBytes = 16u << 20;
  for (std::uint64_t address = 0; address < kBytes; address += map.run_bytes()) {
    const Place p = map(address);
    CHECK(p.channel < t.channels);
    CHECK(p.bank < t.banks());
    ++runs[{p.channel, p.bank, p.row}];
  }
  CHECK(runs.size() == kBytes / t.row_bytes);
  CHECK(std::all_of(runs.begin(), runs.end(), [](const auto& row) { return row.second == 4; }));  // 1 KiB rows, runs of 256 B
  const Place low = map(0), high = map(256);
  CHECK(low.channel == high.channel);
  CHECK(low.bank / t.banks_per_group != high.bank / t.banks_per_group);

  t.map.pop_back();
  CHECK_THROWS_AS(AddressMap(t), Error);
}

TEST_CASE("power-of-two pitches use all channels of a hashed map") {
  const DramTiming t = DramTiming::from(DramSpec::load("hbm2e_910"), 4);
  CHECK(t.channels == 64);
  const AddressMap map(t);
  for (std::uint64_t pitch = 512; pitch <= 1u << 20; pitch *= 2) {
    std::vector<int> hits(t.channels);
    for (std::uint64_t i = 0; i < 6400; ++i) ++hits[map(i * pitch).channel];
    CAPTURE(pitch);
    CHECK(*std::max_element(hits.begin(), hits.end()) < 200);
    CHECK(*std::min_element(hits.begin(), hits.end()) > 40);
  }
}

TEST_CASE("energy is counted by command") {
  DramModel model(quiet());
  for (std::uint32_t i = 0; i < 32; ++i) model.enqueue({address(0, i, 0, 3), 32, i}, 0);
  finish(model);
  const auto energy = model.energy(1000);
  CHECK(energy.activate_nj == Catch::Approx(0.909));                  // one row
  CHECK(energy.read_nj == Catch::Approx(32 * 256 * 3.48 * 1e-3));     // 32 bursts of 256 bits at 2.68 + 0.80 pJ
  CHECK(energy.write_nj == 0);
  CHECK(energy.background_nj == Catch::Approx(2 * 0.030 * 1000));     // two pseudo channels, 1 us
}

TEST_CASE("the clock in use rounds timings in ns up and leaves those in clocks") {
  const DramSpec spec = DramSpec::load("hbm2e_910");
  CHECK(spec.clocks(chip::DramParam::tRCDRD, 1.6e9) == 23);  // 14 x 1.6 = 22.4
  CHECK(spec.clocks(chip::DramParam::tCCD_L, 1.6e9) == 4);
  CHECK(spec.clocks(chip::DramParam::tCCD_L, 3.2e9) == 4);
  CHECK(DramTiming::from(spec, 4).peak_bytes_per_second() == Catch::Approx(1638.4e9));
  CHECK(DramTiming::from(spec, 4, 3.2e9).peak_bytes_per_second() == Catch::Approx(2 * 1638.4e9));
  CHECK(DramTiming::from(DramSpec::load("hbm3")).peak_bytes_per_second() == Catch::Approx(819.2e9));
}

TEST_CASE("a trace may state times, hexadecimal addresses and comments; mistakes give the line") {
  std::istringstream good("# two requests\nREAD 0x40\n\nWRITE 128 12.5 # later\n");
  const auto trace = read_trace(good, "t", 1e9);
  REQUIRE(trace.size() == 2);
  CHECK(trace[0].address == 64);
  CHECK_FALSE(trace[0].write);
  CHECK(trace[1].earliest == 13);
  CHECK(trace[1].write);
  for (const char* bad : {"READ\n", "READ 0\nFETCH 1\n", "READ 12x\n", "READ 1 soon\n", "READ 1 2 3\n", "READ -1\n", "\n"}) {
    std::istringstream in(bad);
    CAPTURE(bad);
    CHECK_THROWS_AS(read_trace(in, "t", 1e9), Error);
  }
  std::istringstream second("READ 0\nFETCH 1\n");
  try {
    read_trace(second, "t", 1e9);
    FAIL("a mistake passed");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("t:2") != std::string::npos);
  }
}

TEST_CASE("a request whose time has not come waits for it") {
  DramModel model(quiet());
  const auto report = replay(model, {{0, 0, false}, {64, 5000, false}}, 32, 64);
  CHECK(report.elapsed == 5000 + 14 + 14 + 2);
}

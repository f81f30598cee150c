#include <catch2/catch_test_macros.hpp>

#include "tests/unit/pipe/fake.h"

using namespace vitruvian;
using namespace vitruvian::pipe;
using namespace vitruvian::pipe::test;
using memory::Space;

TEST_CASE("operations of a pipe overlap by their latency and finish in order") {
  Bench bench;
  bench.work(0, 10, 34);
  bench.work(0, 4, 6);
  bench.run();
  REQUIRE(bench.finished[1] == std::pair<Cycle, Cycle>{0, 34});
  REQUIRE(bench.finished[2] == std::pair<Cycle, Cycle>{10, 34});  // 10 + 6 = 16, but not before the one before it
  REQUIRE(bench.unit.executed == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("a flag carries completion from one pipe to another") {
  Bench bench;
  bench.work(1, 10, 100);
  bench.flag(1, Kind::set_flag, isa::Pipe::V, 2);
  bench.flag(0, Kind::wait_flag, isa::Pipe::MTE2, 2);
  bench.work(0, 10, 34);
  bench.run();
  REQUIRE(bench.finished[4].first == 100 + 6 + 1);  // finish + propagation + the wait's own cycle
  const PipeCounters v = bench.pipes[0].close(bench.now);
  REQUIRE(v.stall[static_cast<std::size_t>(StallReason::flag)] == 106);
  REQUIRE(v.total() == bench.now);
}

TEST_CASE("a barrier drains its pipe") {
  Bench bench;
  bench.work(0, 10, 34);
  bench.barrier(0);
  bench.work(0, 10, 34);
  bench.run();
  REQUIRE(bench.finished[3].first == 34);
}

TEST_CASE("an operation waits for its issue time and for the pipe to be free, not a cycle longer") {
  Bench bench;
  bench.work(0, 10, 12, {}, 5);
  bench.work(0, 10, 12, {}, 7);
  bench.work(0, 10, 12, {}, 40);
  bench.run();
  REQUIRE(bench.finished[1].first == 5);
  REQUIRE(bench.finished[2].first == 15);
  REQUIRE(bench.finished[3].first == 40);
  const PipeCounters v = bench.pipes[0].close(bench.now);
  REQUIRE(v.idle == 5 + 13);  // before the first issue; between the second's end at 27 and 40
  REQUIRE(v.busy == 22 + 12);
}

TEST_CASE("automatic sync holds a conflicting operation back until the earlier one has finished") {
  Bench bench;
  bench.work(1, 10, 100, {access(Space::UB, true, 0, 256)});
  bench.work(0, 10, 34, {access(Space::UB, false, 128, 256), access(Space::UB, true, 1024, 256)});
  bench.run();
  REQUIRE(bench.finished[2].first == 100);
  REQUIRE(bench.waits == 1);
}

TEST_CASE("automatic sync leaves disjoint sets alone, and an earlier reader of another pipe alone with a reader") {
  Bench bench;
  bench.work(1, 10, 100, {access(Space::UB, true, 0, 256)});
  bench.work(0, 10, 34, {access(Space::UB, false, 256, 256)});
  bench.run();
  REQUIRE(bench.finished[2].first == 0);
  REQUIRE(bench.waits == 0);
}

TEST_CASE("automatic sync orders read after write inside the vector pipe") {
  Bench bench;
  bench.work(0, 4, 28, {access(Space::UB, true, 0, 256)});
  bench.work(0, 4, 28, {access(Space::UB, false, 0, 256), access(Space::UB, true, 512, 256)});
  bench.work(0, 4, 28, {access(Space::UB, true, 512, 256)});  // write after write: the pipe keeps the order
  bench.run();
  REQUIRE(bench.finished[2].first == 28);
  REQUIRE(bench.finished[3].first == 32);
}

TEST_CASE("without a clock a fixpipe still takes effect after the mad that it pairs with") {
  Bench bench(isa::Pipe::M, isa::Pipe::FIX);
  bench.shared.settings.timed = false;
  bench.work(0, 10, 20, {access(Space::L0C, true, 0, 1024)})->unit_flag = 3;
  bench.work(1, 10, 20, {access(Space::L0C, false, 0, 1024)})->unit_flag = 3;
  bench.run();
  REQUIRE(bench.finished[1] == std::pair<Cycle, Cycle>{0, 1});
  REQUIRE(bench.finished[2] == std::pair<Cycle, Cycle>{0, 2});  // not in the same cycle, where the order would be chance
  REQUIRE(bench.unit.executed == std::vector<std::uint64_t>{1, 2});
}

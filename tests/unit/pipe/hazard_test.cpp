#include <catch2/catch_test_macros.hpp>

#include "tests/unit/pipe/fake.h"

using namespace vitruvian;
using namespace vitruvian::pipe;
using namespace vitruvian::pipe::test;
using memory::Space;

TEST_CASE("a conflict is found on the strided sets, not on their bounding boxes") {
  HazardTracker tracker;
  Operation first, second;
  first.issued.sequence = 1;
  first.pipe_index = 1;
  memory::Access even = access(Space::UB, true, 0, 32);
  even.n0 = 8;
  even.stride0 = 64;
  first.footprint.add(even);
  tracker.add(&first);
  second.issued.sequence = 2;
  memory::Access odd = even;
  odd.base = 32;
  second.footprint.add(odd);
  REQUIRE(tracker.conflict(second, 0) == nullptr);
  second.footprint.add(access(Space::UB, false, 64, 4));
  REQUIRE(tracker.conflict(second, 0) == &first);
  first.finish = 50;
  REQUIRE(tracker.conflict(second, 49) == &first);
  REQUIRE(tracker.conflict(second, 50) == nullptr);
  tracker.remove(&first);
  REQUIRE(tracker.empty());
}

TEST_CASE("a later operation does not hold an earlier one back") {
  HazardTracker tracker;
  Operation later, earlier;
  later.issued.sequence = 5;
  later.footprint.add(access(Space::L1, true, 0, 64));
  tracker.add(&later);
  earlier.issued.sequence = 4;
  earlier.pipe_index = 1;
  earlier.footprint.add(access(Space::L1, false, 0, 64));
  REQUIRE(tracker.conflict(earlier, 0) == nullptr);
}

TEST_CASE("a scalar access conflicts with an operation until it has retired, not only until it has finished") {
  HazardTracker tracker;
  Operation add;
  add.issued.sequence = 1;
  add.footprint.add(access(Space::UB, true, 0, 256));
  add.finish = 1;
  tracker.add(&add);
  REQUIRE(tracker.conflict(access(Space::UB, false, 128, 4)) == &add);
  REQUIRE(tracker.conflict(access(Space::UB, false, 256, 4)) == nullptr);
  tracker.remove(&add);
  REQUIRE(tracker.conflict(access(Space::UB, false, 128, 4)) == nullptr);
}

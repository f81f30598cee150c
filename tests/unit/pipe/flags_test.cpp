#include <catch2/catch_test_macros.hpp>

#include "src/pipe/cross_core.h"
#include "src/pipe/flags.h"

using namespace vitruvian::pipe;
using vitruvian::memory::kNever;

TEST_CASE("a flag is visible from its time on and a second set is reported") {
  FlagTable flags;
  REQUIRE(flags.visible(1, 4, 3) == kNever);
  REQUIRE(flags.set(1, 4, 3, 10));
  REQUIRE(flags.visible(1, 4, 3) == 10);
  REQUIRE(flags.visible(4, 1, 3) == kNever);
  REQUIRE_FALSE(flags.set(1, 4, 3, 20));
  flags.clear(1, 4, 3);
  REQUIRE(flags.visible(1, 4, 3) == kNever);
}

namespace {
const CrossCoreTiming kTiming{300, 10, 15};
}

TEST_CASE("mode 0 raises every core of the kind once all have sent") {
  CrossCoreScheduler scheduler(kTiming);
  CrossCoreFlags cross(scheduler, 3, true, 2);
  std::vector<CrossCoreFlags::Increment> out;
  REQUIRE(cross.send({0, true, 0}, 0, 5, 100, out));
  REQUIRE(cross.send({1, true, 0}, 0, 5, 100, out));
  REQUIRE(out.empty());
  REQUIRE(cross.send({2, true, 0}, 0, 5, 100, out));
  REQUIRE(out.size() == 3);
  REQUIRE(out[0].when == 100 + 2 * 10 + 300);  // two messages before it in the scheduler, then the way
  for (const auto& increment : out) REQUIRE(cross.apply(increment));
  REQUIRE(cross.take(cross.slot({1, true, 0}), 5));
  REQUIRE_FALSE(cross.take(cross.slot({1, true, 0}), 5));
  REQUIRE_FALSE(cross.take(cross.slot({1, false, 0}), 5));
}

TEST_CASE("mode 2 reaches both AIVs, and the AIC only when both have sent") {
  CrossCoreScheduler scheduler(kTiming);
  CrossCoreFlags cross(scheduler, 2, true, 2);
  std::vector<CrossCoreFlags::Increment> out;
  REQUIRE(cross.send({1, true, 0}, 2, 0, 0, out));
  REQUIRE(out.size() == 2);
  REQUIRE(out[0].slot == cross.slot({1, false, 0}));
  REQUIRE(out[1].slot == cross.slot({1, false, 1}));
  out.clear();
  REQUIRE(cross.send({1, false, 0}, 2, 1, 0, out));
  REQUIRE(out.empty());
  REQUIRE(cross.send({1, false, 0}, 2, 1, 0, out));  // twice from one AIV is not both
  REQUIRE(out.empty());
  REQUIRE(cross.send({1, false, 1}, 2, 1, 0, out));
  REQUIRE(out.size() == 1);
  REQUIRE(out[0].slot == cross.slot({1, true, 0}));
}

TEST_CASE("mode 1 synchronises the AIVs of a group") {
  CrossCoreScheduler scheduler(kTiming);
  CrossCoreFlags cross(scheduler, 2, true, 2);
  std::vector<CrossCoreFlags::Increment> out;
  REQUIRE(cross.send({0, false, 0}, 1, 2, 0, out));
  REQUIRE(cross.send({0, false, 1}, 1, 2, 0, out));
  REQUIRE(out.size() == 2);
  REQUIRE_FALSE(cross.send({0, true, 0}, 1, 2, 0, out));
  REQUIRE_FALSE(cross.send({0, false, 0}, 3, 2, 0, out));
}

TEST_CASE("the counter holds 15 sets and refuses the sixteenth") {
  CrossCoreScheduler scheduler(kTiming);
  CrossCoreFlags cross(scheduler, 1, true, 1);
  const CrossCoreFlags::Increment increment{cross.slot({0, false, 0}), 4, 0};
  for (int i = 0; i < 15; ++i) REQUIRE(cross.apply(increment));
  REQUIRE_FALSE(cross.apply(increment));
  REQUIRE(cross.count(increment.slot, 4) == 15);
}

TEST_CASE("launches share the scheduler: a message of one waits for the messages of the other") {
  CrossCoreScheduler scheduler(kTiming);
  CrossCoreFlags first(scheduler, 1, true, 1), second(scheduler, 1, true, 1);
  std::vector<CrossCoreFlags::Increment> out;
  for (CrossCoreFlags* flags : {&first, &second, &first}) REQUIRE(flags->send({0, true, 0}, 2, 5, 100, out));
  REQUIRE(out.size() == 3);
  REQUIRE(out[0].when == 400);
  REQUIRE(out[1].when == 410);
  REQUIRE(out[2].when == 420);
}

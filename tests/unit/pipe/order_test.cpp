#include <catch2/catch_test_macros.hpp>

#include "src/pipe/order.h"
#include "tests/unit/pipe/fake.h"

using namespace vitruvian;
using namespace vitruvian::pipe;
using namespace vitruvian::pipe::test;
using memory::Space;

namespace {

constexpr unsigned kV = 1, kMte2 = 4, kIn = 1, kLoad = 2;  // pipe codes; tracker pipes: 0 S, 1 V, 2 MTE2

struct Ordered {
  Ordered() : tracker(3, sizes()) {}
  static std::array<std::size_t, memory::kSpaceCount> sizes() {
    std::array<std::size_t, memory::kSpaceCount> s{};
    s[static_cast<std::size_t>(Space::UB)] = 4096;
    return s;
  }
  Operation op(unsigned pipe, memory::Access set) {
    Operation o;
    o.pipe_index = static_cast<std::uint8_t>(pipe - 1);
    o.issued.pipe = pipe == kIn ? isa::Pipe::V : isa::Pipe::MTE2;
    o.footprint.add(set);
    tracker.issued(o);
    return o;
  }
  OrderTracker tracker;
};

}  // namespace

TEST_CASE("strict: a load and a vector read need a flag between them, whatever their times") {
  Ordered o;
  REQUIRE_FALSE(o.tracker.start(o.op(kLoad, access(Space::UB, true, 0, 256))));
  const auto conflict = o.tracker.start(o.op(kIn, access(Space::UB, false, 0, 256)));
  REQUIRE(conflict);
  REQUIRE(conflict.other->pipe == isa::Pipe::MTE2);
}

TEST_CASE("strict: set_flag and wait_flag order what came before with what comes after") {
  Ordered o;
  REQUIRE_FALSE(o.tracker.start(o.op(kLoad, access(Space::UB, true, 0, 256))));
  o.tracker.set_flag(kLoad, {}, kMte2, kV, 0);
  REQUIRE_FALSE(o.tracker.start(o.op(kLoad, access(Space::UB, true, 512, 256))));  // after the set: not covered
  o.tracker.wait_flag(kIn, {}, kMte2, kV, 0);
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, false, 0, 256))));
  REQUIRE(o.tracker.start(o.op(kIn, access(Space::UB, false, 512, 256))));
}

TEST_CASE("strict: a vector read of a vector result needs a barrier, a write over it does not") {
  Ordered o;
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, true, 0, 256))));
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, true, 0, 256))));
  REQUIRE(o.tracker.start(o.op(kIn, access(Space::UB, false, 0, 256))));
  o.tracker.barrier(kIn, {});
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, false, 0, 256))));
}

TEST_CASE("strict: neighbours inside one 32 B block are no conflict") {
  Ordered o;
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, true, 0, 4))));
  REQUIRE_FALSE(o.tracker.scalar_access(access(Space::UB, false, 4, 4), 0));
  REQUIRE(o.tracker.scalar_access(access(Space::UB, false, 0, 4), 0));
}

TEST_CASE("strict: what S knows goes along with an issued operation") {
  Ordered o;
  REQUIRE_FALSE(o.tracker.start(o.op(kLoad, access(Space::UB, true, 0, 256))));
  o.tracker.set_flag(kLoad, {}, kMte2, 0, 3);
  o.tracker.wait_flag(0, {}, kMte2, 0, 3);
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, false, 0, 256))));
}

TEST_CASE("strict: a new program on the core finds everything before it complete, and no old flags") {
  Ordered o;
  REQUIRE_FALSE(o.tracker.start(o.op(kLoad, access(Space::UB, true, 0, 256))));
  o.tracker.restart();
  REQUIRE_FALSE(o.tracker.start(o.op(kIn, access(Space::UB, false, 0, 256))));
  REQUIRE_FALSE(o.tracker.scalar_access(access(Space::UB, true, 1024, 4), 0));
  REQUIRE(o.tracker.start(o.op(kLoad, access(Space::UB, true, 128, 32))));  // and is itself ordered by flags as ever
}

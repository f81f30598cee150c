#include "src/chip/chip_spec.h"
#include "src/scalar/tag_cache.h"
#include "tests/unit/scalar/core.h"

using namespace vitruvian;
using namespace vitruvian::scalar;
using isa::Op;

TEST_CASE("tags are least recently used within a set") {
  TagCache cache(4 * 64, 64, 2);  // 2 sets of 2 ways
  CHECK(!cache.touch(0));
  CHECK(!cache.touch(2));
  CHECK(cache.touch(0));
  CHECK(!cache.touch(4));  // throws out 2, the older one
  CHECK(cache.touch(0));
  CHECK(!cache.touch(2));
  CHECK(!cache.touch(1));  // the other set
  CHECK(cache.touch(2));
  cache.invalidate(2);
  CHECK(!cache.touch(2));
  cache.clear();
  CHECK(!cache.touch(1));
}

TEST_CASE("a cache of no bytes always hits") {
  TagCache cache(0, 64, 4);
  CHECK(!cache.modelled());
  CHECK(cache.touch(1));
}

namespace {

// 64 addi of 4 bytes over lines of 64 B, then a return; 16 instructions a line.
struct Fetch {
  Cycle cycles = 0, icache = 0;
};
Fetch fetch(std::uint64_t icache_bytes, std::uint64_t prefetch, int rounds) {
  ScalarTiming timing = test_timing();
  timing.icache_bytes = icache_bytes;
  timing.icache_line = 64;
  timing.icache_ways = 2;
  timing.icache_prefetch = prefetch;
  std::vector<isa::Instruction> code(62, addi(t0, t0, 1));
  code.push_back(addi(a0, a0, -1));
  code.push_back(make(Op::bne, 0, a0, x0, -63 * 4));
  code.push_back(ret());
  Core core(code, timing);
  core.start({static_cast<std::uint64_t>(rounds)});
  REQUIRE(core.run().kind == StopKind::end);
  return {core.unit().time(), core.unit().counters().icache};
}

}  // namespace

TEST_CASE("instruction lines miss once each while they fit") {
  const Fetch once = fetch(1024, 0, 1);
  CHECK(once.icache == 500);                            // 5 lines of 100: 64 instructions in 4, the return in the 5th
  CHECK(once.cycles == 568);                            // 500 + 63 addi + 1 not taken + 4 return
  CHECK(fetch(1024, 0, 3).icache == 500);               // later rounds hit
  CHECK(fetch(0, 0, 3).icache == 0);                    // not modelled
}

TEST_CASE("lines fetched ahead do not miss") {
  CHECK(fetch(1024, 3, 1).icache == 200);  // line 0 brings 1, 2, 3; line 4 misses
  CHECK(fetch(1024, 1, 1).icache == 300);  // 0, 2, 4
}

TEST_CASE("a loop larger than the cache misses in every round") {
  // 128 B: one set of 2 lines, and a loop of 4 lines in turn: each one misses, then the return's line.
  CHECK(fetch(128, 0, 3).icache == 1300);  // 3 x 4 x 100 + 100
}

TEST_CASE("the timing comes from the chip description, by core kind") {
  const chip::ChipSpec spec = chip::ChipSpec::load("ascend910c");
  const ScalarTiming aic = ScalarTiming::from(spec, true), aiv = ScalarTiming::from(spec, false);
  CHECK(aic.icache_bytes == spec.get_integer(chip::Param::icache_bytes_aic));
  CHECK(aiv.icache_bytes == spec.get_integer(chip::Param::icache_bytes_aiv));
  CHECK(aic.dcache_bytes == spec.get_integer(chip::Param::dcache_bytes_aic));
  CHECK(aiv.dcache_bytes == spec.get_integer(chip::Param::dcache_bytes_aiv));
  CHECK(aic.alu == spec.get_integer(chip::Param::scalar_alu));
  CHECK(aic.core_clock == spec.get(chip::Param::clock));
  for (const chip::Param param : spec.unread()) {
    const std::string path = chip::info(param).path;
    INFO(path);
    CHECK(!path.starts_with("scalar."));
  }
}

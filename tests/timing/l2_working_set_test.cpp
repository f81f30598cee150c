#include "tests/timing/l2_working_set.h"

#include <catch2/catch_test_macros.hpp>

using vitruvian::timing::read_working_set;
using vitruvian::timing::WorkingSet;

// Published: 5 to 6 TB/s for hits, 1.45 to 1.57 TB/s for misses (EX-data_copy). No rate is typed in: slices, ports and DRAM give them.
TEST_CASE("working sets that fit in L2 are read again at 5 to 6 TB/s") {
  for (const std::uint64_t megabytes : {4, 64, 150}) {
    const WorkingSet set = read_working_set("ascend910b1", megabytes * 1'000'000);
    CAPTURE(megabytes, set.repeats);
    CHECK(set.hit_rate > 0.99);
    CHECK(set.terabytes_per_second > 5.0);
    CHECK(set.terabytes_per_second < 6.0);
  }
}

TEST_CASE("working sets beyond the 192 MiB of L2 come from HBM at 1.45 to 1.57 TB/s") {
  for (const std::uint64_t megabytes : {250, 400}) {
    const WorkingSet set = read_working_set("ascend910b1", megabytes * 1'000'000);
    CAPTURE(megabytes);
    CHECK(set.hit_rate < 0.05);
    CHECK(set.terabytes_per_second > 1.45);
    CHECK(set.terabytes_per_second < 1.57);
  }
}

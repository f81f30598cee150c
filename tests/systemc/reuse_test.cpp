// Many simulations in one process: no state and no memory of one is left for the next.
#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <sstream>

#include <unistd.h>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

// Resident bytes of this process.
std::uint64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0, pages = 0;
  file >> all >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("a hundred launches on one device do not grow memory and stay the same") {
  Machine machine("machine");
  const DeviceAddress x = machine.upload(std::vector<float>(48 * 2048 * 2, 0.0f)), mail = machine.zeros(24 * 256);
  std::string first;
  std::uint64_t early = 0;
  for (int i = 0; i < 110; ++i) {
    const std::string now = fingerprint(machine.launch("doubles", {x, std::uint64_t{2}}, {.block_dim = 48})) +
                            fingerprint(machine.launch("ping_pong_1_2", {mail, std::uint64_t{3}}, {.block_dim = 24}));
    if (i == 0) first = now;
    REQUIRE(now == first);
    if (i == 9) early = resident();
  }
  const std::uint64_t late = resident();
  INFO(early << " bytes after 10 launches, " << late << " after 110");
  CHECK(late < early + (std::uint64_t{8} << 20));
}

TEST_CASE("devices that come and go, with and without launches and faults, do not grow memory") {
  std::uint64_t early = 0;
  for (int i = 0; i < 40; ++i) {
    Machine machine("faulty", i % 2 ? "ascend910c" : "ascend910b3");
    const DeviceAddress x = machine.zeros(4096), y = machine.zeros(4096);
    REQUIRE(machine.launch("deadlocks", {x}, {.block_dim = 20}).fault.kind == FaultKind::deadlock);
    REQUIRE_FALSE(machine.launch("synchronised", {x, y}).fault);
    REQUIRE_FALSE(machine.device.hierarchy().empty());
    if (i == 9) early = resident();
  }
  const std::uint64_t late = resident();
  INFO(early << " bytes after 10 devices, " << late << " after 40");
  CHECK(late < early + (std::uint64_t{8} << 20));
}

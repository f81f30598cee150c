// Every number of a chip description is read by some unit.
#include <catch2/catch_test_macros.hpp>

#include "src/runtime/device_state.h"

using namespace vitruvian;

TEST_CASE("a device reads every parameter of its chip") {
  for (const char* chip : {"ascend910c", "ascend910b1", "ascend910b4"}) {
    runtime::DeviceState state(chip, {});
    std::string names;
    for (chip::Param param : state.spec.unread()) names += std::string(chip::info(param).path) + ' ';
    INFO(chip);
    CHECK(names == "");
  }
}

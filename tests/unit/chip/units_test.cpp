#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "src/chip/units.h"
#include "tests/unit/chip/chip_file.h"

namespace vitruvian::chip {

TEST_CASE("friendly units convert to the schema's") {
  struct Row {
    const char* written;
    Unit wanted;
    double factor;
  };
  for (const auto& [written, wanted, factor] : {
           Row{"GHz", Unit::hertz, 1e9}, Row{"MHz", Unit::hertz, 1e6}, Row{"hertz", Unit::hertz, 1},
           Row{"KiB", Unit::bytes, 1024}, Row{"MiB", Unit::bytes, 1048576}, Row{"GiB", Unit::bytes, 1073741824}, Row{"GB", Unit::bytes, 1e9},
           Row{"B/cycle", Unit::bytes_per_cycle, 1}, Row{"us", Unit::ns, 1e3}, Row{"ns", Unit::ns, 1}, Row{"us", Unit::us, 1},
           Row{"ns", Unit::us, 1e-3}, Row{"GB/s", Unit::bytes_per_second, 1e9}, Row{"TB/s", Unit::bytes_per_second, 1e12}, Row{"%", Unit::ratio, 0.01},
       })
    CHECK(conversion(written, wanted) == factor);
}

TEST_CASE("every unit of the schema accepts its own name, and no unit of another dimension") {
  for (const Unit unit : {Unit::count, Unit::hertz, Unit::bytes, Unit::cycles, Unit::bytes_per_cycle, Unit::ns, Unit::us, Unit::bytes_per_second, Unit::ratio})
    CHECK(conversion(to_string(unit), unit) == 1);
  CHECK_FALSE(conversion("GHz", Unit::bytes));
  CHECK_FALSE(conversion("cycles", Unit::ns));  // it would depend on the clock
  CHECK_FALSE(conversion("gb", Unit::bytes));
}

TEST_CASE("conversions to core cycles use the chip's clock") {
  const ChipSpec spec = ChipSpec::load("ascend910b1");           // 1.85 GHz
  CHECK(spec.cycles_from_ns(100) == Catch::Approx(185));         // 100 ns x 1.85
  CHECK(spec.cycles_from_us(3) == Catch::Approx(5550));          // 3000 ns x 1.85
  CHECK(spec.us_from_cycles(1850) == Catch::Approx(1));
  CHECK(spec.bytes_per_cycle(1.85e12) == Catch::Approx(1000));
  CHECK(ChipSpec::load("ascend910b1", {{"clock", 1e9}}).cycles_from_ns(100) == Catch::Approx(100));
}

}  // namespace vitruvian::chip

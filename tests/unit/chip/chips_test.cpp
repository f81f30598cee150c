// What the chip files of this repository say.
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>

#include "src/chip/cost_classes.h"
#include "tests/unit/chip/chip_file.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::chip {

TEST_CASE("every chip loads, under its file's name, with a row for every cost class") {
  const auto names = ChipSpec::available();
  REQUIRE(names == std::vector<std::string>{"ascend910b1", "ascend910b2", "ascend910b3", "ascend910b4", "ascend910c"});
  for (const std::string& name : names) {
    CAPTURE(name);
    const ChipSpec spec = ChipSpec::load(name);
    CHECK(spec.name() == name);
    CHECK_FALSE(spec.description().empty());
    for (const std::string& cost_class : cost_classes()) {
      CAPTURE(cost_class);
      const OperationCost& cost = spec.cost(cost_class);
      CHECK(cost.per_unit > 0);
      CHECK(cost.interval >= 1);
      CHECK_FALSE(cost.source.empty());
    }
    CHECK(spec.costs().size() == cost_classes().size());
  }
}

TEST_CASE("every value has a source, and a derived one its formula") {
  for (const std::string& name : ChipSpec::available()) {
    const ChipSpec spec = ChipSpec::load(name);
    const auto check = [&](const std::string& path, Trust trust, const std::string& source) {
      CAPTURE(name, path, source);
      CHECK_FALSE(source.empty());
      if (trust == Trust::derived) CHECK(source.find_first_of("=/") != std::string::npos);
    };
    for (std::size_t i = 0; i < static_cast<std::size_t>(Param::kCount); ++i) {
      const Param param = static_cast<Param>(i);
      check(info(param).path, spec.value(param).trust, spec.value(param).source);
    }
    for (const auto& [cost_class, cost] : spec.costs()) check("costs." + cost_class, cost.trust, cost.source);
  }
}

TEST_CASE("cores, clock, L2 and HBM are those of the SKU table") {
  struct Row {
    const char* name;
    double ghz;
    std::uint64_t aic, l2_mib, hbm_gib;
    double cube_tflops;  // aic x 8192 x clock
  };
  for (const auto& row : {Row{"ascend910c", 1.80, 24, 192, 64, 353.9}, Row{"ascend910b1", 1.85, 24, 192, 64, 363.7},
                          Row{"ascend910b2", 1.80, 24, 192, 64, 353.9}, Row{"ascend910b3", 1.80, 20, 192, 64, 294.9},
                          Row{"ascend910b4", 1.50, 20, 168, 32, 245.8}}) {
    CAPTURE(row.name);
    const ChipSpec spec = ChipSpec::load(row.name);
    CHECK(spec.get(Param::clock) == Catch::Approx(row.ghz * 1e9));
    CHECK(spec.get_integer(Param::aic_count) == row.aic);
    CHECK(spec.get_integer(Param::aiv_per_aic) == 2);
    CHECK(spec.get_integer(Param::l2_bytes) == row.l2_mib << 20);
    CHECK(spec.get_integer(Param::hbm_bytes) == row.hbm_gib << 30);
    CHECK(static_cast<double>(row.aic) * 8192 * spec.get(Param::clock) / 1e12 == Catch::Approx(row.cube_tflops).epsilon(0.001));
    // Whole sets: 2048 of them in each slice.
    const std::uint64_t set_bytes = spec.get_integer(Param::l2_slices) * spec.get_integer(Param::l2_ways) * spec.get_integer(Param::l2_line);
    CHECK(spec.get_integer(Param::l2_bytes) == set_bytes * 2048);
  }
}

TEST_CASE("the costs of isolated vector instructions are those measured") {
  const ChipSpec spec = ChipSpec::load("ascend910b1");
  const auto isolated = [&](const char* cost_class, double repeats) {
    const OperationCost& cost = spec.cost(cost_class);
    return cost.head + std::max(cost.interval, cost.per_unit * repeats) + cost.tail;
  };
  CHECK(isolated("vadd", 64) == 88);       // 12 head + 64 repeats + 12 tail = 88 (measured 88.4)
  CHECK(isolated("vdiv", 8) == 63);        // 12 + 4 x 8 + 19 = 63
  CHECK(isolated("vcadd_f32", 2) == 60);   // 12 + 7 x 2 + 34 = 60
  CHECK(spec.cost("mad").head == 21);
  CHECK(1 / spec.cost("load2d_l0a").per_unit == 256);
  CHECK(1 / spec.cost("load2d_l0b").per_unit == 128);
}

TEST_CASE("the data directory holds the chip files") {
  CHECK(std::filesystem::exists(std::filesystem::path(data_directory()) / "chips" / "ascend910c.yaml"));
  setenv("VITRUVIAN_HOME", "/somewhere", 1);
  CHECK(data_directory() == "/somewhere");
  unsetenv("VITRUVIAN_HOME");
}

}  // namespace vitruvian::chip

#include "src/chip/dram_spec.h"

#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <sstream>

#include "tests/unit/chip/chip_file.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::chip {

namespace {

std::string shipped(const char* name) {
  std::ifstream in(data_directory() + "/chips/" + name + ".yaml");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string message_of(const std::string& text) {
  const ChipFile file(text);
  try {
    DramSpec::load(file.path());
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("every DRAM description loads, and every value has a source") {
  REQUIRE(DramSpec::available() == std::vector<std::string>{"hbm2_1ch", "hbm2e_910", "hbm3"});
  for (const std::string& name : DramSpec::available()) {
    const DramSpec spec = DramSpec::load(name);
    CHECK(spec.name() == name);
    for (std::size_t i = 0; i < static_cast<std::size_t>(DramParam::kCount); ++i) {
      const auto param = static_cast<DramParam>(i);
      CAPTURE(name, info(param).path);
      CHECK_FALSE(spec.value(param).source.empty());
    }
  }
}

TEST_CASE("mistakes in a DRAM description name what was meant") {
  const std::string good = shipped("hbm2_1ch");
  CHECK(message_of(good).empty());
  CHECK(message_of(replaced(good, "tFAW:", "tFAv:")).find("timing.tFAW") != std::string::npos);
  CHECK(message_of(replaced(good, "value: 30, unit: ns", "value: 30, unit: pJ")).find("wrong unit") != std::string::npos);
  CHECK(message_of(replaced(good, "refresh: all_bank", "refresh: never")).find("all_bank") != std::string::npos);
  CHECK(message_of(replaced(good, "bank_group:2", "group:2")).find("address map") != std::string::npos);
  CHECK(message_of(replaced(good, "write_low:       {value: 16", "write_low:       {value: 60")).find("watermarks") != std::string::npos);
  CHECK(message_of(replaced(good, "kind: dram", "kind: ascend")).find("kind") != std::string::npos);
  CHECK(message_of(replaced(good, "\nhash: none", "")).find("hash") != std::string::npos);
}

TEST_CASE("overrides of a DRAM description are in the unit of the schema") {
  const DramSpec spec = DramSpec::load("hbm2_1ch", {{"timing.tRRD_S", 7.5}});
  CHECK(spec.clocks(DramParam::tRRD_S, 1e9) == 8);
  CHECK(spec.value(DramParam::tRRD_S).overridden);
  CHECK_THROWS_AS(DramSpec::load("hbm2_1ch", {{"timing.tRRD", 7}}), Error);
  CHECK_THROWS_AS(DramSpec::load("hbm2_1ch", {{"organisation.banks", 2.5}}), Error);
}

}  // namespace vitruvian::chip

#include <algorithm>
#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include "src/trace/trace.h"
#include "tests/support/fake_result.h"

using namespace vitruvian;

namespace {

std::vector<std::vector<std::string>> cells(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> row;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

TEST_CASE("op_summary has msprof's columns and means over the cores of a kind") {
  const auto result = test::fake_result();
  const auto rows = cells(trace::op_summary_csv(std::span(&result, 1)));
  REQUIRE(rows.size() == 2);
  REQUIRE(rows[0].size() == rows[1].size());
  auto value = [&](const std::string& heading) { return rows[1][static_cast<std::size_t>(std::find(rows[0].begin(), rows[0].end(), heading) - rows[0].begin())]; };
  CHECK(value("Op Name") == "gemm");
  CHECK(value("Task Duration(us)") == "1.000");
  CHECK(value("Block Dim") == "2");
  CHECK(value("aic_total_cycles") == "900");         // 1000 - 100 on both
  CHECK(value("aic_mac_time(us)") == "0.333");       // 600 / 1800
  CHECK(value("aic_mac_ratio") == "0.667");          // 600 / 900
  CHECK(value("aiv_vec_ratio") == "0.500");          // 450 / 900
  CHECK(value("aic_mte2_ratio") == "0.000");
}

TEST_CASE("pipe utilization has a row for each core and pipe, and its parts add up") {
  const auto rows = cells(trace::pipe_utilization_csv(test::fake_result()));
  REQUIRE(rows.size() == 1 + 6);
  CHECK(rows[2][0] == "aic0");
  CHECK(rows[2][1] == "M");
  CHECK(rows[2][3] == "900");
  std::uint64_t sum = std::stoull(rows[2][4]);
  for (std::size_t i = 7; i + 1 < rows[2].size(); ++i) sum += std::stoull(rows[2][i]);
  CHECK(sum == 900);
}

#include "src/trace/trace.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/fake_result.h"

using namespace vitruvian;
using Catch::Approx;

namespace {

std::vector<nlohmann::json> slices(const LaunchResult& result) {
  std::vector<nlohmann::json> found;
  const auto json = nlohmann::json::parse(trace::chrome_trace(result));
  for (const auto& event : json["traceEvents"])
    if (event["ph"] == "X") found.push_back(event);
  return found;
}

}  // namespace

TEST_CASE("a trace names one process for each core and one thread for each pipe") {
  const auto json = nlohmann::json::parse(trace::chrome_trace(test::fake_result()));
  std::vector<std::string> processes, threads;
  for (const auto& event : json["traceEvents"]) {
    if (event["name"] == "process_name") processes.push_back(event["args"]["name"]);
    if (event["name"] == "thread_name") threads.push_back(event["args"]["name"]);
  }
  CHECK(processes == std::vector<std::string>{"aic0", "aic1", "aiv0"});
  CHECK(threads == std::vector<std::string>{"S", "M", "S", "M", "S", "V"});
}

TEST_CASE("the slices of a pipe are in order and do not overlap, but keep their finish") {
  const auto found = slices(test::fake_result());
  REQUIRE(found.size() == 3);
  CHECK(found[0]["pid"] == 0);
  CHECK(found[0]["ts"].get<double>() == Approx(0.1));   // 180 cycles at 1.8 GHz
  CHECK(found[0]["dur"].get<double>() == Approx(0.1));  // to 360, where the next one starts, not to 400
  CHECK(found[0]["args"]["finish"] == 400);
  CHECK(found[1]["ts"].get<double>() == Approx(0.2));
  CHECK(found[1]["args"]["bytes"] == 512);
  CHECK(found[2]["pid"] == 1);
  CHECK(found[2]["args"]["stall"] == "flag");
}

TEST_CASE("a kernel's name with quotes keeps the JSON whole") {
  auto result = test::fake_result();
  result.kernel = "a\"b\\c\n";
  CHECK(nlohmann::json::parse(trace::chrome_trace(result))["otherData"]["kernel"] == "a\"b\\c");
}

TEST_CASE("a launch without events or clock has no trace") {
  auto untraced = test::fake_result();
  untraced.events.clear();
  CHECK_THROWS_AS(trace::chrome_trace(untraced), Error);
  auto clockless = test::fake_result();
  clockless.cycles = 0;
  CHECK_THROWS_AS(trace::chrome_trace(clockless), Error);
}

TEST_CASE("write_trace writes the file, and says where it cannot") {
  const auto path = std::filesystem::temp_directory_path() / "vitruvian_trace_test.json";
  test::fake_result().write_trace(path.string());
  CHECK(std::filesystem::file_size(path) > 100);
  std::filesystem::remove(path);
  CHECK_THROWS_AS(test::fake_result().write_trace("/nowhere/at/all.json"), Error);
}

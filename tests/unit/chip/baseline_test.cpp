#include <catch2/catch_approx.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fstream>
#include <sstream>

#include "tests/unit/chip/chip_file.h"

namespace vitruvian::chip {

using Catch::Matchers::ContainsSubstring;

namespace {

double kernel_tflops(const BaselineProfile& profile, double m, double n, double k, const char* dtype) {
  return 2 * m * n * k / (profile.gemm(m, n, k, dtype).time_us - profile.launch_us()) / 1e6;
}

std::string h100_text() {
  std::ifstream in(BaselineProfile::load("h100_sxm").file());
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string error_with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  const ChipFile file(text.replace(at, from.size(), to));
  return error_of([&] { BaselineProfile::load(file.path()); });
}

}  // namespace

TEST_CASE("the H100 profile has the dense peaks") {
  const BaselineProfile h100 = BaselineProfile::load("h100_sxm");
  CHECK(BaselineProfile::available() == std::vector<std::string>{"h100_sxm"});
  CHECK(h100.peak("bf16") == 989e12);
  CHECK(h100.peak("fp16") == 989e12);
  CHECK(h100.peak("fp8") == 1979e12);
  CHECK(h100.peak("int8") == 1979e12);
  CHECK(h100.peak("tf32") == 494.5e12);
  CHECK(h100.peak("fp32") == 67e12);
  CHECK(h100.memory_bandwidth() == Catch::Approx(3.35e12));
  CHECK(h100.l2_bytes() == 50 << 20);
  CHECK_THAT(error_of([&] { (void)h100.peak("int4"); }), ContainsSubstring("no peak for 'int4'"));
  for (const auto& [path, provenance] : h100.provenance()) {
    CAPTURE(path);
    CHECK_FALSE(provenance.second.empty());
  }
}

TEST_CASE("measured GEMMs are reproduced within 1 %") {
  const BaselineProfile h100 = BaselineProfile::load("h100_sxm");
  REQUIRE(h100.gemm_points().size() == 14);
  for (const EfficiencyPoint& point : h100.gemm_points()) {
    CAPTURE(point.m, point.n, point.k, point.dtype);
    CHECK(kernel_tflops(h100, point.m, point.n, point.k, point.dtype.c_str()) == Catch::Approx(point.tflops).epsilon(0.01));
  }
  CHECK(kernel_tflops(h100, 2048, 2048, 13312, "fp16") == Catch::Approx(794.5).epsilon(0.01));
  CHECK(kernel_tflops(h100, 4096, 7168, 16384, "int8") == Catch::Approx(1520).epsilon(0.01));
}

TEST_CASE("no prediction beats the roofline, and more work takes more time") {
  const BaselineProfile h100 = BaselineProfile::load("h100_sxm");
  for (const char* dtype : {"bf16", "fp16", "fp8", "int8", "tf32", "fp32"})
    for (double n = 128; n <= 32768; n *= 4)
      for (double k = 128; k <= 32768; k *= 4) {
        double before = 0;
        for (double m = 1; m <= 32768; m *= 2) {
          CAPTURE(dtype, m, n, k);
          const double time = h100.gemm(m, n, k, dtype).time_us;
          CHECK(time - h100.launch_us() >= h100.roofline_us(m, n, k, dtype) * (1 - 1e-12));
          CHECK(kernel_tflops(h100, m, n, k, dtype) * 1e12 <= h100.peak(dtype));
          CHECK(time > before * 0.9);  // where memory bounds the time, a better share may hide a few more rows
          before = time;
        }
      }
}

TEST_CASE("a prediction says what it rests on") {
  const BaselineProfile h100 = BaselineProfile::load("h100_sxm");
  CHECK_THAT(h100.gemm(4096, 4096, 4096, "bf16").basis, ContainsSubstring("2048x2048x13312 bf16 at 794.5 TFLOPS (MAMF"));
  CHECK_THAT(h100.gemm(4096, 4096, 4096, "int8").basis, ContainsSubstring("int8 taken as fp8"));
  CHECK_THAT(h100.gemm(1, 1, 1, "bf16").basis, ContainsSubstring("far from every measured shape"));
  CHECK_THAT(error_of([&] { (void)h100.gemm(0, 1, 1, "bf16"); }), ContainsSubstring("positive m, n, k"));
}

TEST_CASE("a memory-bound kernel takes its bytes at the reached bandwidth, plus launch") {
  const BaselineProfile h100 = BaselineProfile::load("h100_sxm");
  // 3.35 GB / (3.35 TB/s x 0.9) = 1111.1 us, + 2 us
  CHECK(h100.streaming(3.35e9).time_us == Catch::Approx(1111.11 + h100.launch_us()).epsilon(1e-4));
  CHECK(h100.streaming(0).time_us == h100.launch_us());
  CHECK_THROWS_AS(h100.streaming(-1), Error);
}

TEST_CASE("errors of a baseline file name file and line") {
  const std::string text = h100_text();
  CHECK_THAT(error_with(text, "kind: baseline", "kind: ascend"), ContainsSubstring("expected kind: baseline, got ascend"));
  CHECK_THAT(error_with(text, "peaks:", "peeks:"), ContainsSubstring("unknown key 'peeks'; did you mean 'peaks'?"));
  CHECK_THAT(error_with(text, "bf16: {value: 989,", "bf16: {value: many,"), ContainsSubstring("wrong type of 'peaks.bf16'; expected a number, got 'many'"));
  CHECK_THAT(error_with(text, "unit: TFLOPS", "unit: GHz"), ContainsSubstring("wrong unit of 'peaks.bf16'; expected TFLOPS or TOPS, got GHz"));
  CHECK_THAT(error_with(text, "unit: TB/s", "unit: TB"), ContainsSubstring("wrong unit of 'memory.bandwidth'"));
  CHECK_THAT(error_with(text, "value: 0.9, unit: ratio", "value: 1.1, unit: ratio"), ContainsSubstring("'memory.efficiency' is no share"));
  CHECK_THAT(error_with(text, "m: 2048, ", ""), ContainsSubstring("missing 'm'"));
  CHECK_THAT(error_with(text, "dtype: bf16", "dtype: fp4"), ContainsSubstring("a measured GEMM of a type without a peak, got fp4"));
  CHECK_THAT(error_of([] { BaselineProfile::load("h200"); }), ContainsSubstring("unknown baseline 'h200'"));
}

}  // namespace vitruvian::chip

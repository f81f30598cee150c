#include "src/workload/library_kernels.h"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "src/workload/calibration.h"
#include "src/workload/kernel_case.h"

using namespace vitruvian;
using namespace vitruvian::workload;

namespace {

std::uint64_t number(const Argument& argument) { return std::get<std::uint64_t>(argument); }

const std::vector<NamedArgument> kArguments{{"x", std::uint64_t{1}}, {"y", std::uint64_t{2}}, {"n", std::uint64_t{3}}};

}  // namespace

TEST_CASE("arguments go to the kernel's parameters by name, in the kernel's order") {
  const auto bound = bind_arguments("f(n: uint32, x: pointer)", kArguments);
  REQUIRE(bound.size() == 2);
  CHECK(number(bound[0]) == 3);
  CHECK(number(bound[1]) == 1);
  CHECK(bind_arguments("f()", kArguments).size() == 3);  // no names: the runner's order
  CHECK_THROWS_AS(bind_arguments("f(q: pointer)", kArguments), Error);
}

TEST_CASE("an unknown kernel is an error that names those there are") {
  CHECK(get_library_kernel("gemm").name == "gemm");
  try {
    get_library_kernel("gem");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.expected().find("rms_norm") != std::string::npos);
  }
}

TEST_CASE("every calibration run names a kernel and parameters that exist") {
  const auto tables = CalibrationTables::load(data_directory() + "/tests/calibration");
  for (const CalibrationRun& run : tables.runs) {
    INFO(run.name);
    const LibraryKernelInfo& info = get_library_kernel(run.kernel);
    for (const auto& [name, value] : run.parameters) {
      INFO(name);
      CHECK(std::any_of(info.parameters.begin(), info.parameters.end(), [&](const ParameterInfo& parameter) { return parameter.name == name; }));
    }
  }
}

TEST_CASE("a bad parameter value is an error") {
  const Parameters parameters{{"m", "0"}, {"n", "-1"}, {"k", "12x"}, {"good", "12"}, {"dtype", "fp64"}};
  const ParameterReader reader(parameters);
  CHECK(reader.count("good") == 12);
  for (const char* name : {"m", "n", "k"}) CHECK_THROWS_AS(reader.count(name), Error);
  CHECK_THROWS_AS(reader.type("dtype", {ElementType::bf16}), Error);
}

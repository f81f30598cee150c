// Every library kernel: the same cycles in full and timing_only, the same check passed in full and functional_only, the
// same everything with a run-ahead limit of 1, and cycles that add up.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "src/workload/library_kernels.h"
#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;
using workload::KernelReport;
using workload::KernelRequest;

namespace {

// Small shapes with tails; every kernel and type of the library.
const std::vector<KernelRequest> kRequests{
    {.kernel = "gemm", .parameters = {{"m", "300"}, {"n", "270"}, {"k", "333"}, {"dtype", "bf16"}}},
    {.kernel = "gemm", .parameters = {{"m", "128"}, {"n", "512"}, {"k", "512"}, {"dtype", "fp16"}, {"out", "fp32"}}},
    {.kernel = "gemm", .parameters = {{"m", "17"}, {"n", "256"}, {"k", "1000"}, {"b", "nk"}}},
    {.kernel = "gemm", .parameters = {{"m", "200"}, {"n", "300"}, {"k", "400"}, {"dtype", "int8"}}},
    {.kernel = "gemm", .parameters = {{"m", "1"}, {"n", "255"}, {"k", "7"}}},
    {.kernel = "pto_gemm", .parameters = {{"m", "256"}, {"n", "512"}, {"k", "256"}}},
    {.kernel = "vector_add", .parameters = {{"n", "100001"}}},
    {.kernel = "vector_add", .parameters = {{"n", "100001"}, {"dtype", "bf16"}}},
    {.kernel = "vector_add", .parameters = {{"n", "50000"}, {"dtype", "fp32"}}},
    {.kernel = "rms_norm", .parameters = {{"rows", "100"}, {"columns", "1000"}}},
    {.kernel = "rms_norm", .parameters = {{"rows", "50"}, {"columns", "512"}, {"dtype", "fp32"}}},
    {.kernel = "softmax", .parameters = {{"rows", "70"}, {"columns", "1000"}}},
    {.kernel = "softmax", .parameters = {{"rows", "49"}, {"columns", "333"}, {"dtype", "fp16"}}},
};

std::string name_of(const KernelRequest& request) {
  std::string name = request.kernel;
  for (const auto& [key, value] : request.parameters) name += ' ' + key + '=' + value;
  return name;
}

KernelReport run(KernelRequest request, const LaunchOptions& options) {
  Device device("ascend910c");
  request.options = options;
  return workload::run_library_kernel(device, request);
}

}  // namespace

TEST_CASE("library kernels are the same in all modes") {
  const KernelRequest request = GENERATE(from_range(kRequests));
  INFO(name_of(request));
  const KernelReport full = run(request, {});
  CHECK(full.run.fault.report() == Fault{}.report());
  CHECK(full.passed());
  CHECK(accounting_error(full.run) == "");
  const KernelReport timing = run(request, {.mode = Mode::timing_only});
  CHECK(timing.run.fault.report() == Fault{}.report());
  CHECK(timing.run.cycles == full.run.cycles);
  CHECK(accounting_error(timing.run) == "");
  const KernelReport functional = run(request, {.mode = Mode::functional_only});
  CHECK(functional.run.fault.report() == Fault{}.report());
  REQUIRE(functional.accuracy);
  CHECK(functional.accuracy->max_rel_error == full.accuracy->max_rel_error);
}

TEST_CASE("library kernels do not depend on how far the scalar unit runs ahead, nor on the run before") {
  const KernelRequest request = GENERATE(from_range(kRequests));
  INFO(name_of(request));
  const std::string first = fingerprint(run(request, {}).run);
  CHECK(fingerprint(run(request, {}).run) == first);
  CHECK(fingerprint(run(request, {.runahead_limit = 1}).run) == first);
}

TEST_CASE("library kernels are fully synchronised: strict sync finds nothing and takes the same cycles") {
  const KernelRequest request = GENERATE(from_range(kRequests));
  INFO(name_of(request));
  const KernelReport automatic = run(request, {}), strict = run(request, {.sync = Sync::strict});
  CHECK(strict.run.fault.report() == Fault{}.report());
  CHECK(strict.run.cycles == automatic.run.cycles);
  CHECK(automatic.run.hazard_waits == 0);
  CHECK(strict.passed());
}

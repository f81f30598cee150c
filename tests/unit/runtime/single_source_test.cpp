// The lexical split of sources that hold kernels and host code.
#include "src/runtime/single_source.h"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "vitruvian/error.h"
#include "vitruvian/vitruvian.h"

namespace {

vitruvian::runtime::SplitSource split(const std::string& text) {
  return vitruvian::runtime::split_source(text, "k.cpp", "/nowhere", vitruvian::data_directory() + "/kernels/include");
}
bool has(const std::string& text, const std::string& word) { return text.find(word) != std::string::npos; }

const std::string kKernel = R"(#include <cstdint>
#include <vector>
#include "acl/acl.h"
#include "kernel_operator.h"
constexpr int TILE = 8;  // not a launch: <<<
/* kernel<<<1, 2, 3>>>(4); */
class Op {
 public:
  __aicore__ inline void Run() { const char* text = "<<<{"; }
};
extern "C" __global__ __aicore__ void add(GM_ADDR x, uint32_t n) { Op op; op.Run(); }
)";

}  // namespace

TEST_CASE("a source without launches is left alone") {
  CHECK_FALSE(split(kKernel).has_host_code);
}

TEST_CASE("host functions go to the host, kernels to the device, constants to both") {
  const std::string text = kKernel + R"(namespace demo {
int helper(std::vector<int> v) { return v.size() ? v[0] : 0; }
void add_do(uint32_t blocks, void* stream, uint8_t* x) {
  add<<<blocks + helper({1, 2}), nullptr, stream>>>(x, (uint32_t)'(');
}
}  // namespace demo
int main() { demo::add_do(1, nullptr, nullptr); }
)";
  const auto s = split(text);
  REQUIRE(s.has_host_code);
  CHECK(std::count(s.device.begin(), s.device.end(), '\n') == std::count(text.begin(), text.end(), '\n'));
  CHECK(std::count(s.host.begin(), s.host.end(), '\n') == std::count(text.begin(), text.end(), '\n'));
  for (const char* word : {"class Op", "void add(", "kernel_operator.h", "TILE = 8", "namespace demo {", "<cstdint>"}) CHECK(has(s.device, word));
  for (const char* word : {"main", "helper", "add_do", "<vector>", "acl/acl.h"}) CHECK_FALSE(has(s.device, word));
  for (const char* word : {"main", "helper", "add_do", "<vector>", "acl/acl.h", "TILE = 8", "aclrtlaunch_add(static_cast<uint32_t>(blocks + helper({1, 2})),  stream, x, (uint32_t)'(')"})
    CHECK(has(s.host, word));
  for (const char* word : {"class Op", "__global__", "kernel_operator.h"}) CHECK_FALSE(has(s.host, word));
}

TEST_CASE("a launch without arguments, and over several lines") {
  const auto s = split("__global__ __aicore__ void f() {}\nvoid g(void* s) {\n  f<<<8,\n     nullptr,\n     s>>>();\n}\n");
  CHECK(has(s.host, "aclrtlaunch_f(static_cast<uint32_t>(8), \n     s)"));
  CHECK(std::count(s.host.begin(), s.host.end(), '\n') >= 6);
}

TEST_CASE("a launch that cannot be read is the user's mistake, with its line") {
  for (const char* launch : {"f<<<8, s>>>()", "f<half><<<8, nullptr, s>>>()", "f<<<8, nullptr, s>>>"}) {
    INFO(launch);
    try {
      split("__global__ __aicore__ void f() {}\nvoid g(void* s) {\n  " + std::string(launch) + ";\n}\n");
      FAIL("accepted");
    } catch (const vitruvian::Error& error) {
      CHECK(has(error.what(), "k.cpp:3"));
    }
  }
}

#include "src/workload/element_type.h"

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "vitruvian/error.h"

using namespace vitruvian;
using namespace vitruvian::workload;

TEST_CASE("bf16 rounds to the nearest even") {
  CHECK(float_to_bf16(1.0f) == 0x3f80);
  CHECK(float_to_bf16(1.0f + 0x1p-8f) == 0x3f80);              // tie: down to even
  CHECK(float_to_bf16(1.0f + 0x3p-8f) == 0x3f82);              // tie: up to even
  CHECK(float_to_bf16(1.0f + 0x1p-8f + 0x1p-20f) == 0x3f81);   // above the tie
  CHECK(float_to_bf16(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(std::isnan(bf16_to_float(float_to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  for (std::uint32_t bits = 0; bits < 0x7f80; ++bits) REQUIRE(float_to_bf16(bf16_to_float(static_cast<std::uint16_t>(bits))) == bits);
}

TEST_CASE("random data repeat with their seed, differ with another, and stay in range") {
  for (ElementType type : {ElementType::f32, ElementType::f16, ElementType::bf16, ElementType::s8, ElementType::s32}) {
    constexpr std::uint64_t kCount = 1001;  // not a whole number of random words
    std::vector<std::uint8_t> a(kCount * bytes_of(type)), b(a.size()), c(a.size());
    fill_random(type, a.data(), kCount, 7);
    fill_random(type, b.data(), kCount, 7);
    fill_random(type, c.data(), kCount, 8);
    CHECK(a == b);
    CHECK(a != c);
    std::vector<float> values(kCount);
    load_as_float(type, a.data(), 0, values);
    double sum = 0;
    const double limit = type == ElementType::s8 ? 128 : type == ElementType::s32 ? 32768 : 1;
    for (float value : values) {
      REQUIRE(std::abs(static_cast<double>(value)) <= limit);
      sum += static_cast<double>(value);
    }
    CHECK(std::abs(sum / kCount) < 0.1 * limit);
  }
}

TEST_CASE("the words of the types read back") {
  CHECK(element_type_from("bf16") == ElementType::bf16);
  CHECK(element_type_from("int8") == ElementType::s8);
  CHECK_THROWS_AS(element_type_from("float"), Error);
}

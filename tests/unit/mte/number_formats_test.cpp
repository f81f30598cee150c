#include "src/mte/number_formats.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

using namespace vitruvian::mte;

TEST_CASE("every f16 and bf16 survives the way to f32 and back") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float f16 = float_from_f16(half), bf16 = float_from_bf16(half);
    if (std::isnan(f16) ? !std::isnan(float_from_f16(f16_from_float(f16))) : f16_from_float(f16) != half) ++wrong;
    if (std::isnan(bf16) ? !std::isnan(float_from_bf16(bf16_from_float(bf16))) : bf16_from_float(bf16) != half) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("a value between two f16 goes to the nearer, a tie to the even one") {
  int wrong = 0;
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {  // positive finite, denormals too
    const double low = static_cast<double>(float_from_f16(static_cast<std::uint16_t>(bits)));
    const double high = bits == 0x7bff ? 65536.0 : static_cast<double>(float_from_f16(static_cast<std::uint16_t>(bits + 1)));
    const auto middle = static_cast<float>((low + high) / 2);
    if (f16_from_float(middle) != (bits % 2 ? bits + 1 : bits)) ++wrong;
    if (f16_from_float(std::nextafter(middle, 0.0f)) != bits) ++wrong;
    if (f16_from_float(std::nextafter(middle, 1e9f)) != bits + 1) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(bf16_from_float(1.00390625f) == 0x3f80);  // 1 + 2^-8: tie, to even
  CHECK(bf16_from_float(1.01171875f) == 0x3f82);  // 1 + 3 * 2^-8: tie, to even
}

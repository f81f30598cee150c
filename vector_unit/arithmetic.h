// Scalar definitions of the arithmetic that several families share.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "vector_unit/half.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

template <class T>
inline constexpr bool kIsFloat = std::is_floating_point_v<T>;

// Two's complement wrap-around: computed unsigned.
template <class T>
inline T wrap(std::uint32_t value) { return static_cast<T>(value); }
template <class T>
inline T clamp_to(std::int64_t value) {
  constexpr std::int64_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return static_cast<T>(value < low ? low : value > high ? high : value);
}

struct Add {
  template <class T> static T of(T a, T b) {
    if constexpr (kIsFloat<T>) return a + b;
    else return wrap<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  }
  template <class T> static T saturated(T a, T b) { return clamp_to<T>(std::int64_t{a} + b); }
};
struct Sub {
  template <class T> static T of(T a, T b) {
    if constexpr (kIsFloat<T>) return a - b;
    else return wrap<T>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
  }
  template <class T> static T saturated(T a, T b) { return clamp_to<T>(std::int64_t{a} - b); }
};
struct Mul {
  template <class T> static T of(T a, T b) {
    if constexpr (kIsFloat<T>) return a * b;
    else return wrap<T>(static_cast<std::uint32_t>(a) * static_cast<std::uint32_t>(b));
  }
  template <class T> static T saturated(T a, T b) { return clamp_to<T>(std::int64_t{a} * b); }
};
struct Div {
  static float of(float a, float b) { return a / b; }
};
// A NaN on either side gives NaN; of two zeros max takes +0, min takes -0.
struct Max {
  template <class T> static T of(T a, T b) {
    if constexpr (!kIsFloat<T>) return a > b ? a : b;
    else {
      const std::uint32_t x = std::bit_cast<std::uint32_t>(a), y = std::bit_cast<std::uint32_t>(b);
      const float larger = a > b ? a : b;
      const float equal = std::bit_cast<float>(x & y);
      const float result = a == b ? equal : larger;
      return a != a ? a : result;
    }
  }
};
struct Min {
  template <class T> static T of(T a, T b) {
    if constexpr (!kIsFloat<T>) return a < b ? a : b;
    else {
      const std::uint32_t x = std::bit_cast<std::uint32_t>(a), y = std::bit_cast<std::uint32_t>(b);
      const float smaller = a < b ? a : b;
      const float equal = std::bit_cast<float>(x | y);
      const float result = a == b ? equal : smaller;
      return a != a ? a : result;
    }
  }
};
// max(x, 0): -0 gives +0, NaN stays NaN.
template <class T>
inline T relu(T x) {
  if constexpr (kIsFloat<T>) return x > 0 || x != x ? x : T{0};
  else return x > 0 ? x : T{0};
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL

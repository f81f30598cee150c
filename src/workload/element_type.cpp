#include "src/workload/element_type.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "vitruvian/error.h"

namespace vitruvian::workload {
namespace {

// GCC calls binary16 _Float16, which ISO C++20 does not know.
__extension__ typedef _Float16 Half;

// SplitMix64: a counter in, 64 good bits out, so that any part of an array can be made alone.
std::uint64_t mixed(std::uint64_t counter) {
  std::uint64_t z = counter * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

template <typename T>
T at(const std::uint8_t* from, std::uint64_t index) {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

template <typename T, typename Make>
void fill_from_words(std::uint8_t* to, std::uint64_t count, std::uint64_t seed, Make make) {
  constexpr std::uint64_t kPerWord = 4;  // 16 random bits an element
  const std::uint64_t base = mixed(seed) | 1;
  for (std::uint64_t i = 0; i < count; i += kPerWord) {
    std::uint64_t word = mixed(base + i / kPerWord);
    for (std::uint64_t j = i; j < std::min(i + kPerWord, count); ++j, word >>= 16) {
      const T value = make(static_cast<std::uint16_t>(word));
      std::memcpy(to + j * sizeof(T), &value, sizeof(T));
    }
  }
}

}  // namespace

ElementType element_type_from(const std::string& word) {
  for (ElementType type : {ElementType::f32, ElementType::f16, ElementType::bf16, ElementType::s8, ElementType::s32})
    if (word == to_string(type)) return type;
  throw Error("unknown element type", "dtype", "fp32, fp16, bf16, int8 or int32", "'" + word + "'");
}

const char* to_string(ElementType type) {
  switch (type) {
    case ElementType::f32: return "fp32";
    case ElementType::f16: return "fp16";
    case ElementType::bf16: return "bf16";
    case ElementType::s8: return "int8";
    case ElementType::s32: return "int32";
  }
  return "?";
}

const char* symbol_suffix(ElementType type) {
  switch (type) {
    case ElementType::f32: return "f32";
    case ElementType::f16: return "f16";
    case ElementType::bf16: return "bf16";
    case ElementType::s8: return "s8";
    case ElementType::s32: return "s32";
  }
  return "?";
}

std::uint64_t bytes_of(ElementType type) {
  switch (type) {
    case ElementType::f32:
    case ElementType::s32: return 4;
    case ElementType::f16:
    case ElementType::bf16: return 2;
    case ElementType::s8: return 1;
  }
  return 0;
}

double unit_roundoff(ElementType type) {
  switch (type) {
    case ElementType::f32: return 0x1p-24;
    case ElementType::f16: return 0x1p-11;
    case ElementType::bf16: return 0x1p-8;
    default: return 0;
  }
}

double smallest_error(ElementType type) { return type == ElementType::f16 ? 0x1p-25 : type == ElementType::s8 || type == ElementType::s32 ? 0 : 0x1p-134; }

double cube_type_ratio(ElementType type) {
  switch (type) {
    case ElementType::s8: return 2;
    case ElementType::f32: return 0.25;
    default: return 1;
  }
}

float bf16_to_float(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

std::uint16_t float_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

void load_as_float(ElementType type, const std::uint8_t* from, std::uint64_t first, std::span<float> out) {
  const std::uint8_t* begin = from + first * bytes_of(type);
  switch (type) {
    case ElementType::f32: std::memcpy(out.data(), begin, out.size_bytes()); break;
    case ElementType::f16:
      for (std::uint64_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(at<Half>(begin, i));
      break;
    case ElementType::bf16:
      for (std::uint64_t i = 0; i < out.size(); ++i) out[i] = bf16_to_float(at<std::uint16_t>(begin, i));
      break;
    case ElementType::s8:
      for (std::uint64_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(at<std::int8_t>(begin, i));
      break;
    case ElementType::s32:
      for (std::uint64_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(at<std::int32_t>(begin, i));
      break;
  }
}

void fill_random(ElementType type, std::uint8_t* to, std::uint64_t count, std::uint64_t seed, float scale) {
  // Odd multiples of 2^-16: symmetric around zero, never zero.
  auto uniform = [scale](std::uint16_t bits) { return (static_cast<float>(bits) - 32767.5f) * (0x1p-15f * scale); };
  switch (type) {
    case ElementType::f32: fill_from_words<float>(to, count, seed, uniform); break;
    case ElementType::f16: fill_from_words<Half>(to, count, seed, [&](std::uint16_t bits) { return static_cast<Half>(uniform(bits)); }); break;
    case ElementType::bf16: fill_from_words<std::uint16_t>(to, count, seed, [&](std::uint16_t bits) { return float_to_bf16(uniform(bits)); }); break;
    case ElementType::s8: fill_from_words<std::int8_t>(to, count, seed, [](std::uint16_t bits) { return static_cast<std::int8_t>(bits >> 8); }); break;
    case ElementType::s32: fill_from_words<std::int32_t>(to, count, seed, [](std::uint16_t bits) { return static_cast<std::int32_t>(bits) - 0x8000; }); break;
  }
}

}  // namespace vitruvian::workload

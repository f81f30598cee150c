// The portable kernels: plain C++, the reference of all others.
#include <bit>
#include <cmath>
#include <cstring>

#include "cube_unit/kernels.h"
#include "src/mte/number_formats.h"

namespace vitruvian::cube_unit {
namespace {

constexpr std::size_t kLanes = 16, kWords = 8, kWord = 4, kRow = 32, kRowOfC = 64;

float flushed(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x7f800000u) == 0 ? std::bit_cast<float>(bits & 0x80000000u) : value;
}

// a * b + c rounded once to 24 bits, then flushed. The product is exact in double; the sum is rounded to odd there, so that
// the rounding to float is the only one that counts.
float fused(float a, float b, float c) {
  const double product = static_cast<double>(flushed(a)) * static_cast<double>(flushed(b));
  const double addend = static_cast<double>(flushed(c));
  double sum = product + addend;
  if (!std::isfinite(sum)) return static_cast<float>(sum);
  const double part = sum - product;
  const double error = (product - (sum - part)) + (addend - part);
  if (error != 0) {
    auto bits = std::bit_cast<std::uint64_t>(sum);
    if ((bits & 1) == 0) sum = std::bit_cast<double>((error > 0) == (sum > 0) ? bits + 1 : bits - 1);
  }
  constexpr double kLeastKept = 0x1p-126 - 0x1p-151;  // from here on 24 bits round up to the smallest normal number
  if (std::fabs(sum) < kLeastKept) return std::copysign(0.0f, static_cast<float>(std::copysign(1.0, sum)));
  return static_cast<float>(sum);
}

template <typename Element>
Element read(const std::uint8_t* from) {
  Element value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

struct FloatDot {
  using Sum = float;
  static float add(float sum, const std::uint8_t* a, const std::uint8_t* b) { return fused(read<float>(a), read<float>(b), sum); }
  static float finish(float sum) { return std::isnan(sum) ? std::bit_cast<float>(0x7fc00000u) : flushed(sum); }
};

struct ByteDot {
  using Sum = std::uint32_t;
  static std::uint32_t add(std::uint32_t sum, const std::uint8_t* a, const std::uint8_t* b) {
    for (std::size_t i = 0; i < kWord; ++i)
      sum += static_cast<std::uint32_t>(read<std::int8_t>(a + i) * read<std::int8_t>(b + i));
    return sum;
  }
  static std::uint32_t finish(std::uint32_t sum) { return sum; }
};

template <typename Dot>
void block(const Block& work) {
  using Sum = typename Dot::Sum;
  for (std::uint32_t column = 0; column < work.columns; ++column)
    for (std::size_t row = 0; row < work.rows; ++row) {
      std::uint8_t* c = work.c[column] + row * kRowOfC;
      Sum sum[kLanes];
      std::memcpy(sum, work.start[column] ? work.start[column] : c, sizeof(Sum) * work.lanes[column]);
      for (std::size_t step = 0; step < work.steps; ++step) {
        const std::uint8_t* a = work.a + step / kWords * work.a_fractal + row * kRow + step % kWords * kWord;
        const std::uint8_t* b = work.b[column] + step * kLanes * kWord;
        for (std::size_t lane = 0; lane < work.lanes[column]; ++lane) sum[lane] = Dot::add(sum[lane], a, b + lane * kWord);
      }
      for (std::size_t lane = 0; lane < work.lanes[column]; ++lane) sum[lane] = Dot::finish(sum[lane]);
      std::memcpy(c, sum, sizeof(Sum) * work.lanes[column]);
    }
}

void pack(std::uint8_t* to, const std::uint8_t* fractal) {
  for (std::size_t lane = 0; lane < kLanes; ++lane)
    for (std::size_t word = 0; word < kWords; ++word)
      std::memcpy(to + (word * kLanes + lane) * kWord, fractal + lane * kRow + word * kWord, kWord);
}

void widen_f16(float* to, const std::uint16_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = mte::float_from_f16(from[i]);
}

void widen_bf16(float* to, const std::uint16_t* from, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 2) {
    to[i] = mte::float_from_bf16(from[i + 1]);
    to[i + 1] = mte::float_from_bf16(from[i]);
  }
}

void narrow_f16(std::uint16_t* to, const float* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = mte::f16_from_float(from[i]);
}

void narrow_bf16(std::uint16_t* to, const float* from, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = mte::bf16_from_float(from[i]);
}

}  // namespace

const KernelSet& portable_kernels() {
  static const KernelSet set{"portable", pack, block<FloatDot>, nullptr, block<ByteDot>, false,
                             widen_f16, widen_bf16, narrow_f16, narrow_bf16, false};
  return set;
}

}  // namespace vitruvian::cube_unit

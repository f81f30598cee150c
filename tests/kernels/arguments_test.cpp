// Arguments by the calling convention lp64d, as the stock compiler expects them.
#include <catch2/catch_test_macros.hpp>

#include <bit>

#include "tests/support/machine.h"

using namespace vitruvian;
using namespace vitruvian::test;

namespace {

std::uint64_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }
std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }
template <typename T>
std::uint64_t low(T value, unsigned width) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) & (width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1);
}
template <typename T>
Argument bytes_of(const T& value) {
  std::vector<std::uint8_t> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

std::vector<std::uint64_t> echo(const std::string& kernel, const std::vector<Argument>& arguments, std::size_t words) {
  Machine machine("arguments");
  const DeviceAddress out = machine.zeros(words * 8);
  std::vector<Argument> all{out};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const LaunchResult run = machine.launch(kernel, all);
  CHECK(run.fault.report() == Fault{}.report());
  return machine.download<std::uint64_t>(out, words);
}

}  // namespace

TEST_CASE("a value of every scalar type arrives, beyond the registers too") {
  const std::int64_t i8 = -100, i16 = -30000, i32 = -2'000'000'000, i64 = -9'000'000'000'000'000'000;
  const std::uint64_t u8 = 250, u16 = 65000, u32 = 4'000'000'000, u64 = 18'000'000'000'000'000'000u;
  const auto out = echo("scalars", {i8, u8, i16, u16, i32, u32, i64, u64, std::uint64_t{1}, 0.5, 1.25f, -2.5}, 14);
  CHECK(out[0] == low(i8, 8));
  CHECK(out[1] == u8);
  CHECK(out[2] == low(i16, 16));
  CHECK(out[3] == u16);
  CHECK(out[4] == low(i32, 32));
  CHECK(out[5] == u32);
  CHECK(out[6] == low(i64, 64));
  CHECK(out[7] == u64);
  CHECK(out[8] == 1);
  CHECK(out[9] == 0x3800);
  CHECK(out[10] == bits(1.25f));
  CHECK(out[11] == bits(-2.5));
  CHECK(out[12] == low(i8 + i16 + i32 + i64, 64));
  CHECK(out[13] == u8 + u16 + u32 + u64 + 1);
}

TEST_CASE("the ninth and tenth floating-point argument travel in integer registers") {
  const auto out = echo("ten_floats", {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, std::int64_t{10}}, 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(out[i] == bits(static_cast<float>(i + 1)));
}

TEST_CASE("structs of integers go in one register, in two, or by reference") {
  struct Small { std::uint32_t a; std::uint8_t b; };
  struct Middle { std::uint64_t a; std::uint32_t b; };
  struct Large { std::uint32_t rows, columns; float scale; std::uint64_t strides[3]; };
  const auto out = echo("integer_structs", {bytes_of(Small{7, 8}), bytes_of(Middle{9, 10}), bytes_of(Large{11, 12, 0.5f, {13, 14, 15}}), std::uint64_t{16}}, 10);
  CHECK(out == std::vector<std::uint64_t>{7, 8, 9, 10, 11, 12, bits(0.5f), 13, 15, 16});
}

TEST_CASE("structs of one or two floating-point members go in floating-point registers") {
  struct OneFloat { float a; };
  struct TwoFloats { float a; double b; };
  struct Mixed { std::int32_t a; float b; };
  struct Nested { OneFloat x; std::uint16_t y; };
  struct ThreeFloats { float a, b, c; };
  const auto out = echo("float_structs", {bytes_of(OneFloat{1}), bytes_of(TwoFloats{2, 3}), bytes_of(Mixed{-4, 5}), bytes_of(Nested{{6}, 0x4700}), bytes_of(ThreeFloats{8, 0, 9}), 10.0}, 10);
  CHECK(out == std::vector<std::uint64_t>{bits(1.0f), bits(2.0f), bits(3.0), low(-4, 32), bits(5.0f), bits(6.0f), 0x4700, bits(8.0f), bits(9.0f), bits(10.0f)});
}

TEST_CASE("a bfloat16_t is a struct of two bytes") {
  CHECK(echo("bfloat16", {bytes_of(std::uint16_t{0x3fc0})}, 1)[0] == bits(1.5f));
}

TEST_CASE("a struct of the wrong size is refused") {
  Machine machine("arguments");
  const DeviceAddress out = machine.zeros(64);
  CHECK_THROWS_AS(machine.launch("bfloat16", {out, std::vector<std::uint8_t>(3)}), Error);
  CHECK_THROWS_AS(machine.launch("bfloat16", {out, std::uint64_t{0x3fc0}}), Error);
}

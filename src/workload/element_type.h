// Element types of tensors on the host: sizes, roundings, and whole arrays to and from fp32.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace vitruvian::workload {

enum class ElementType : std::uint8_t { f32, f16, bf16, s8, s32 };

// "fp32", "fp16", "bf16", "int8", "int32". Errors: Error for another word.
ElementType element_type_from(const std::string& word);
const char* to_string(ElementType type);
// As the names of library kernels have it: "f32", "f16", "bf16", "s8", "s32".
const char* symbol_suffix(ElementType type);
std::uint64_t bytes_of(ElementType type);
// Largest relative error of one rounding to the type; 0 for integers.
double unit_roundoff(ElementType type);
// Half the distance of the type's subnormals: the error of a rounding near zero.
double smallest_error(ElementType type);
// The cube's rate relative to fp16: its 16x16x16 multiply-adds a cycle double for int8 and quarter for fp32.
double cube_type_ratio(ElementType type);

float bf16_to_float(std::uint16_t bits);
std::uint16_t float_to_bf16(float value);  // to nearest even

// Elements [first, first + out.size()) of the array at `from`, exactly (int32 beyond 24 bits rounds).
void load_as_float(ElementType type, const std::uint8_t* from, std::uint64_t first, std::span<float> out);

// Fills `count` elements with seeded random values: uniform in [-scale, scale) for floats, all values of int8.
void fill_random(ElementType type, std::uint8_t* to, std::uint64_t count, std::uint64_t seed, float scale = 1.0f);

}  // namespace vitruvian::workload

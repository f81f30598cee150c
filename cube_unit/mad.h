// Private to cube_unit: a mad operation with its operands taken apart.
#pragma once

#include <cstddef>

#include "cube_unit/kernels.h"
#include "isa/control_words.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::cube_unit {

enum class MadType : std::uint8_t { f16, bf16, f32, hf32, s8, s4 };

struct Mad {
  MadType type{};
  std::uint32_t m = 0, n = 0, k = 0;
  std::uint32_t m1 = 0, n1 = 0, k1 = 0;  // fractals in each direction
  bool zero_init = false, bias = false, truncate_hf32 = false;
  std::uint64_t a = 0, b = 0, c = 0, bias_address = 0;

  bool empty() const { return m == 0 || n == 0 || k == 0; }
  bool is_vector() const { return m == 1; }
};

bool is_mad(isa::Op op);
Mad mad_of(const pipe::Issued& issued);
// k elements in a 32 B row of a fractal.
std::uint32_t elements_of_row(MadType type);
// Cube tiles of a mad; for costs.
std::uint64_t tiles_of(const Mad& mad);
std::uint64_t bytes_of_a(const Mad& mad);
std::uint64_t bytes_of_b(const Mad& mad);

void footprint_mad(const Mad& mad, memory::Footprint& footprint);
// Runs on the best kernels of this host, or on those given (tests, benchmarks).
void execute_mad(const Mad& mad, memory::CoreMemory& memory, const KernelSet& kernels);

}  // namespace vitruvian::cube_unit

// Private to cube_unit: a fixpipe operation with its operands taken apart.
#pragma once

#include "cube_unit/kernels.h"
#include "isa/control_words.h"
#include "src/memory/core_memory.h"
#include "src/mte/gm_atomic.h"
#include "src/pipe/issued.h"

namespace vitruvian::cube_unit {

enum class Output : std::uint8_t { f32, s32, f16, bf16, s16, s8 };
enum class Scaling : std::uint8_t { none, scalar, vector };
enum class Relu : std::uint8_t { none = 0, normal = 1, leaky = 2, leaky_vector = 3 };

struct Fixpipe {
  bool from_s32 = false;
  bool known_code = true;      // quant_pre is a code of this source type
  Output output = Output::f32;
  Scaling scaling = Scaling::none;
  Relu relu = Relu::none;
  bool channel_split = false, nz2nd = false, saturate_f16 = false;
  memory::Space dst_space = memory::Space::GM;
  std::uint32_t m = 0, n = 0, matrices = 1;
  std::uint64_t src = 0, dst = 0;
  std::uint64_t src_column = 0, src_matrix = 0;              // bytes
  std::uint64_t dst_row = 0, dst_column = 0, dst_matrix = 0; // bytes
  std::uint64_t parameter = 0, parameters = 0;               // scalar word; FB address of the per-channel words
  float alpha = 0;
  mte::Atomic atomic;

  bool empty() const { return m == 0 || n == 0 || matrices == 0; }
};

bool is_fixpipe(isa::Op op);
Fixpipe fixpipe_of(const pipe::Issued& issued);
std::uint32_t bytes_of(Output output);
// Elements of a destination column (Nz forms).
std::uint32_t column_of(const Fixpipe& fixpipe);

pipe::OperandFault check_fixpipe(const Fixpipe& fixpipe);
void footprint_fixpipe(const Fixpipe& fixpipe, memory::Footprint& footprint);
void execute_fixpipe(const Fixpipe& fixpipe, memory::CoreMemory& memory, const KernelSet& kernels);

}  // namespace vitruvian::cube_unit

// The rows of instructions.def as one constexpr array, indexed by Op. Private to isa/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "isa/formats.h"
#include "isa/instruction.h"

namespace vitruvian::isa {

struct Row {
  Op op = Op::illegal;
  const char* mnemonic = "illegal";
  Format format{};
  std::uint32_t code = 0;
  std::string_view text, source, cost;
  Pipe pipe = Pipe::S;
  bool is_pipe_operation = false;
  std::uint32_t fixed_mask = 0;

  // Does the row own this word (already cut to the row's length)?
  constexpr bool matches(std::uint32_t word) const {
    if ((word & fixed_mask) != code) return false;
    for (const Excluded& excluded : info(format).excluded)
      if (excluded.mask != 0 && (word & excluded.mask) == excluded.value) return false;
    return true;
  }
};

inline constexpr std::size_t kRowCount = static_cast<std::size_t>(Op::kCount);

// Row 0 is Op::illegal: it has no encoding.
inline constexpr std::array<Row, kRowCount> kRows = [] {
  constexpr std::string_view manual = "RISC-V ISA manual";
  std::array<Row, kRowCount> rows{{
      {},
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) \
  {Op::op, #op, Format::format, code, text, source, #cost, Pipe::pipe, true, info(Format::format).fixed_mask()},
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text) \
  {Op::op, mnemonic, Format::format, code, text, manual, {}, Pipe::S, false, info(Format::format).fixed_mask()},
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
  }};
  return rows;
}();

constexpr const Row& row_of(Op op) { return kRows[static_cast<std::size_t>(op)]; }

}  // namespace vitruvian::isa

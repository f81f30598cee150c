// The control operands of vreducev2, vbitsort and vmrgsort4, taken apart.
#pragma once

#include <array>
#include <cstdint>

#include "isa/control_words.h"
#include "src/pipe/issued.h"

namespace vitruvian::vector_unit {

// vreducev2: which elements of a repeat are kept.
struct Keep {
  std::uint32_t repeats = 0;
  std::uint32_t elements = 0;  // of a repeat
  unsigned pattern = 0;        // 0: bits from src1
  std::uint32_t src1_repeat = 0;  // bytes
};
Keep keep_of(const pipe::Issued& issued, unsigned element_bits);
// 1: even places, 2: odd places, 3..6: one of four, 7: all.
constexpr bool pattern_keeps(unsigned pattern, std::uint32_t place) {
  switch (pattern) {
    case 1: return place % 2 == 0;
    case 2: return place % 2 == 1;
    case 7: return true;
    default: return place % 4 == pattern - 3;
  }
}

// A score and its index, as vbitsort writes and vmrgsort4 merges them: score first, index in the upper four bytes.
inline constexpr unsigned kSortElementBytes = 8;
inline constexpr unsigned kSortGroup = 32;

// vmrgsort4: up to four lists.
struct Merge {
  std::array<std::uint64_t, 4> address{};  // bytes
  std::array<std::uint32_t, 4> length{};   // elements; zero for a list that is not valid
  std::uint32_t repeats = 0;
  unsigned valid = 0;
  bool stop_when_exhausted = false;
  std::uint32_t total() const { return length[0] + length[1] + length[2] + length[3]; }
};
Merge merge_of(const std::array<std::uint64_t, 4>& operand);

}  // namespace vitruvian::vector_unit

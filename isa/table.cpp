// Compile-time proof that the table is an encoding: formats in order, codes inside their fixed bits, no two rows overlap.
#include "isa/table.h"

#include <utility>

namespace vitruvian::isa {
namespace {

constexpr bool formats_are_in_order() {
  for (std::size_t i = 0; i < kFormats.size(); ++i)
    if (static_cast<std::size_t>(kFormats[i].id) != i) return false;
  return true;
}
static_assert(formats_are_in_order(), "kFormats must be in the order of enum Format");

constexpr bool pieces_are_disjoint(const FormatInfo& format) {
  std::uint32_t taken = 0;
  for (const Piece& piece : format.pieces) {
    const std::uint32_t bits = ((1u << piece.width) - 1u) << piece.lo;
    if ((taken & bits) != 0) return false;
    taken |= bits;
  }
  return true;
}

constexpr bool codes_fit_their_formats() {
  for (const Row& row : kRows) {
    if (row.op == Op::illegal) continue;
    if ((row.code & ~row.fixed_mask) != 0 || !pieces_are_disjoint(info(row.format))) return false;
    const bool low_bits_say_32 = (row.code & 3) == 3;
    if (low_bits_say_32 != (info(row.format).length == 4)) return false;
  }
  return true;
}
static_assert(codes_fit_their_formats(), "a code has operand bits set, a format's pieces overlap, or a length is wrong");

// Does one of `row`'s exclusions rule out each word in which the bits `mask` have the values `fixed`?
constexpr bool excludes(const Row& row, std::uint32_t mask, std::uint32_t fixed) {
  for (const Excluded& excluded : info(row.format).excluded)
    if (excluded.mask != 0 && (excluded.mask & ~mask) == 0 && (fixed & excluded.mask) == excluded.value) return true;
  return false;
}

constexpr bool overlap(const Row& a, const Row& b) {
  if (((a.code ^ b.code) & a.fixed_mask & b.fixed_mask) != 0) return false;
  const std::uint32_t mask = a.fixed_mask | b.fixed_mask, fixed = a.code | b.code;
  return !excludes(a, mask, fixed) && !excludes(b, mask, fixed);
}

constexpr bool rows_are_disjoint(std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last && i < kRowCount; ++i)
    for (std::size_t j = i + 1; j < kRowCount; ++j)
      if (overlap(kRows[i], kRows[j])) return false;
  return true;
}

// In slices, since compilers limit the steps of one constant evaluation.
constexpr std::size_t kSlice = 32;
template <std::size_t slice>
constexpr bool slice_is_disjoint = rows_are_disjoint(1 + slice * kSlice, 1 + (slice + 1) * kSlice);
template <std::size_t... slices>
constexpr bool all_disjoint(std::index_sequence<slices...>) {
  return (slice_is_disjoint<slices> && ...);
}
static_assert(all_disjoint(std::make_index_sequence<kRowCount / kSlice + 1>{}), "two rows of instructions.def overlap");

}  // namespace
}  // namespace vitruvian::isa

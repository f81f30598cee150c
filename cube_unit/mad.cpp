#include "cube_unit/mad.h"

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "cube_unit/flush_mode.h"

namespace vitruvian::cube_unit {
namespace {

constexpr std::uint32_t kSide = isa::kFractalSide, kFractal = isa::kFractalBytes, kRow = isa::kBlockBytes;
constexpr std::uint32_t kWord = 4, kWordsOfRow = kRow / kWord, kFractalOfC = kSide * kSide * kWord, kRowOfC = kSide * kWord;
constexpr std::uint32_t kBiasUnit = 64;

std::uint32_t up(std::uint32_t value, std::uint32_t unit) { return (value + unit - 1) / unit; }

// Host memory of one mad, kept from one to the next.
struct Scratch {
  std::vector<std::uint8_t> a, a_wide, b, b_wide, bias;
  std::vector<std::int32_t> row_offset;
};

template <typename Element>
Element* room(std::vector<Element>& buffer, std::size_t count) {
  if (buffer.size() < count) buffer.resize(count);
  return buffer.data();
}

// How the k elements of a mad map to the words of the kernels.
struct Plan {
  const Mad& mad;
  const KernelSet& kernels;
  BlockKernel block;
  bool widen;                 // 16-bit elements become f32 words
  std::uint32_t in_word;      // elements of a word, after widening
  std::uint32_t steps;        // words of k
  std::uint32_t k1;           // fractals of k, after widening
  std::uint32_t rows_of_fractal() const { return mad.is_vector() ? 1 : kSide; }
};

Plan plan_of(const Mad& mad, const KernelSet& kernels) {
  Plan plan{mad, kernels, kernels.f32, false, 1, mad.k, mad.k1};
  if (mad.type == MadType::f16 || (mad.type == MadType::bf16 && !kernels.bf16)) {
    plan.widen = true;
    if (mad.type == MadType::bf16) plan.steps = up(mad.k, 2) * 2;
    plan.k1 = mad.k1 * 2;
  } else if (mad.type == MadType::bf16) {
    plan.block = kernels.bf16;
    plan.in_word = 2;
    plan.steps = up(mad.k, 2);
  } else if (mad.type == MadType::s8 || mad.type == MadType::s4) {
    plan.block = kernels.s8;
    plan.in_word = 4;
    plan.steps = up(mad.k, 4);
    if (mad.type == MadType::s4) plan.k1 = mad.k1 * 2;
  }
  return plan;
}

// --- rewriting fractals: `rows` rows of 32 B in, one or two fractals out

float to_hf32(float value, bool truncate) {
  constexpr std::uint32_t kDropped = 13, kHalfLess = (1u << (kDropped - 1)) - 1;  // 23 - 10 mantissa bits
  auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7f800000u) == 0x7f800000u) return value;
  if (!truncate) bits += kHalfLess + ((bits >> kDropped) & 1u);
  return std::bit_cast<float>(bits >> kDropped << kDropped);
}

void round_to_hf32(std::uint8_t* to, const std::uint8_t* from, std::size_t count, bool truncate) {
  for (std::size_t i = 0; i < count; ++i) {
    float value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    value = to_hf32(value, truncate);
    std::memcpy(to + i * sizeof value, &value, sizeof value);
  }
}

// 16-bit rows to two fractals of f32.
void widen_fractal(const Plan& plan, std::uint8_t* to, const std::uint8_t* from) {
  const WidenKernel widen = plan.mad.type == MadType::f16 ? plan.kernels.widen_f16 : plan.kernels.widen_bf16;
  const std::uint32_t rows = plan.rows_of_fractal();
  float wide[kSide * kSide];
  std::uint16_t narrow[kSide * kSide];
  std::memcpy(narrow, from, rows * kRow);
  widen(wide, narrow, std::size_t{rows} * kSide);
  for (std::uint32_t row = 0; row < rows; ++row)
    for (std::uint32_t half = 0; half < 2; ++half)
      std::memcpy(to + (half * rows + row) * kRow, wide + row * kSide + half * kWordsOfRow, kRow);
}

// s4 rows (low nibble first) to two fractals of s8.
void widen_nibbles(const Plan& plan, std::uint8_t* to, const std::uint8_t* from) {
  const std::uint32_t rows = plan.rows_of_fractal();
  const auto extended = [](unsigned nibble) { return static_cast<std::uint8_t>((nibble ^ 8u) - 8u); };
  for (std::uint32_t row = 0; row < rows; ++row)
    for (std::uint32_t i = 0; i < kRow; ++i) {
      const unsigned byte = from[row * kRow + i];
      const std::uint32_t at = 2 * i, half = at / kRow;
      std::uint8_t* out = to + (half * rows + row) * kRow + at % kRow;
      out[0] = extended(byte & 15u);
      out[1] = extended(byte >> 4);
    }
}

void rewrite_fractal(const Plan& plan, std::uint8_t* to, const std::uint8_t* from) {
  if (plan.widen) return widen_fractal(plan, to, from);
  if (plan.mad.type == MadType::s4) return widen_nibbles(plan, to, from);
  round_to_hf32(to, from, std::size_t{plan.rows_of_fractal()} * kWordsOfRow, plan.mad.truncate_hf32);
}

bool rewrites(const Plan& plan) { return plan.widen || plan.mad.type == MadType::s4 || plan.mad.type == MadType::hf32; }

// --- A

// The last bf16 of an odd k has no partner: what lies there must not count.
void clear_partner(const Plan& plan, std::uint8_t* a, std::uint32_t rows_stride) {
  const std::uint32_t missing = plan.mad.k;  // the element after the last
  for (std::uint32_t m1 = 0; m1 < plan.mad.m1; ++m1)
    for (std::uint32_t row = 0; row < plan.rows_of_fractal(); ++row) {
      std::uint8_t* rows = a + std::size_t{m1} * plan.k1 * rows_stride + row * kRow;
      if (plan.widen) {  // the pair is swapped: the partner is the word before the last element's
        const std::uint32_t word = missing - 1;
        std::memset(rows + word / kWordsOfRow * rows_stride + word % kWordsOfRow * kWord, 0, kWord);
      } else {
        std::memset(rows + missing / kSide * rows_stride + missing % kSide * 2, 0, 2);
      }
    }
}

// A as the kernels read it: in place where the words are right already.
const std::uint8_t* prepare_a(const Plan& plan, const std::uint8_t* a, Scratch& scratch) {
  const Mad& mad = plan.mad;
  const bool odd_pair = mad.type == MadType::bf16 && mad.k % 2 != 0;
  if (!rewrites(plan) && !odd_pair) return a;
  const std::size_t fractal = std::size_t{plan.rows_of_fractal()} * kRow;
  const std::size_t count = std::size_t{mad.m1} * mad.k1, growth = plan.k1 / mad.k1;
  std::uint8_t* copy = room(scratch.a, count * growth * fractal);
  if (rewrites(plan))
    for (std::size_t i = 0; i < count; ++i) rewrite_fractal(plan, copy + i * growth * fractal, a + i * fractal);
  else
    std::memcpy(copy, a, count * fractal);
  if (odd_pair) clear_partner(plan, copy, static_cast<std::uint32_t>(fractal));
  return copy;
}

// -128 * the sum of each row of A over the words that the kernels read.
const std::int32_t* row_offsets(const Plan& plan, const std::uint8_t* a, Scratch& scratch) {
  const std::uint32_t rows = plan.rows_of_fractal(), fractal = rows * kRow;
  std::int32_t* offsets = room(scratch.row_offset, std::size_t{plan.mad.m1} * kSide);
  for (std::uint32_t m1 = 0; m1 < plan.mad.m1; ++m1)
    for (std::uint32_t row = 0; row < rows; ++row) {
      const std::uint8_t* from = a + std::size_t{m1} * plan.k1 * fractal + row * kRow;
      std::int32_t sum = 0;
      for (std::uint32_t left = plan.steps * kWord; left > 0; from += fractal) {
        const std::uint32_t bytes = left < kRow ? left : kRow;
        for (std::uint32_t i = 0; i < bytes; ++i) sum += static_cast<std::int8_t>(from[i]);
        left -= bytes;
      }
      offsets[m1 * kSide + row] = -128 * sum;
    }
  return offsets;
}

// --- B

// Elements of the last word beyond k become zero (128 in excess form); for float words there is none.
void clear_tail(const Plan& plan, std::uint8_t* last_step) {
  const Mad& mad = plan.mad;
  if (plan.widen) {
    if (mad.type == MadType::bf16 && mad.k % 2 != 0) std::memset(last_step - kSide * kWord, 0, kSide * kWord);
    return;
  }
  const std::uint32_t used = mad.k % plan.in_word;
  if (used == 0) return;
  const std::uint32_t size = kWord / plan.in_word;
  for (std::uint32_t lane = 0; lane < kSide; ++lane)
    std::memset(last_step + lane * kWord + used * size, 0, (plan.in_word - used) * size);
}

// Packs column n1 of fractals of B.
void pack_column(const Plan& plan, std::uint8_t* to, const std::uint8_t* b, std::uint32_t n1) {
  const Mad& mad = plan.mad;
  const std::uint32_t growth = plan.k1 / mad.k1;
  const std::uint32_t needed = up(plan.steps, kWordsOfRow * growth);  // fractals of the source that hold k
  for (std::uint32_t k1 = 0; k1 < needed; ++k1) {
    const std::uint8_t* fractal = b + (std::size_t{k1} * mad.n1 + n1) * kFractal;
    std::uint8_t* packed = to + std::size_t{k1} * growth * kFractal;
    if (!rewrites(plan)) {
      plan.kernels.pack(packed, fractal);
      continue;
    }
    std::uint8_t wide[2 * kFractal];
    Mad whole = mad;
    whole.m = kSide;  // B's fractals have 16 rows even where A is a vector
    const Plan of_b{whole, plan.kernels, plan.block, plan.widen, plan.in_word, plan.steps, plan.k1};
    rewrite_fractal(of_b, wide, fractal);
    for (std::uint32_t i = 0; i < growth; ++i) plan.kernels.pack(packed + i * kFractal, wide + i * kFractal);
  }
  clear_tail(plan, to + std::size_t{plan.steps - 1} * kSide * kWord);
  if (plan.kernels.s8_excess && plan.in_word == 4)
    for (std::size_t i = 0; i < std::size_t{plan.steps} * kSide * kWord; ++i) to[i] ^= 0x80u;
}

// --- C

alignas(64) constexpr std::array<std::uint8_t, kRowOfC> kZeros{};

const std::uint8_t* start_of_column(const Mad& mad, memory::CoreMemory& memory, std::uint32_t n1, std::uint32_t lanes,
                                    Scratch& scratch) {
  if (mad.bias) {
    std::uint8_t* bias = room(scratch.bias, std::size_t{mad.n1} * kRowOfC) + n1 * kRowOfC;
    std::memcpy(bias, memory.bt.data() + mad.bias_address + n1 * kRowOfC, lanes * kWord);
    return bias;
  }
  return mad.zero_init ? kZeros.data() : nullptr;
}

}  // namespace

void execute_mad(const Mad& mad, memory::CoreMemory& memory, const KernelSet& kernels) {
  if (mad.empty()) return;
  thread_local Scratch scratch;
  const Plan plan = plan_of(mad, kernels);
  const FlushMode flush(kernels.needs_flush_mode);
  const std::uint8_t* a = prepare_a(plan, memory.l0a.data() + mad.a, scratch);
  const bool excess = kernels.s8_excess && plan.in_word == 4;
  const std::int32_t* offsets = excess ? row_offsets(plan, a, scratch) : nullptr;
  const std::uint8_t* b = memory.l0b.data() + mad.b;
  const std::size_t column_bytes = std::size_t{plan.k1} * kFractal;
  std::uint8_t* packed = room(scratch.b, column_bytes * kBlockColumns);
  const std::uint32_t a_fractal = plan.rows_of_fractal() * kRow;

  for (std::uint32_t n1 = 0; n1 < mad.n1; n1 += kBlockColumns) {
    Block block{};
    block.columns = std::min(kBlockColumns, mad.n1 - n1);
    block.steps = plan.steps;
    block.a_fractal = a_fractal;
    for (std::uint32_t j = 0; j < block.columns; ++j) {
      block.lanes[j] = std::min(kSide, mad.n - (n1 + j) * kSide);
      block.start[j] = start_of_column(mad, memory, n1 + j, block.lanes[j], scratch);
      block.b[j] = packed + j * column_bytes;
      pack_column(plan, packed + j * column_bytes, b, n1 + j);
    }
    for (std::uint32_t m1 = 0; m1 < mad.m1; ++m1) {
      block.rows = std::min(kSide, mad.m - m1 * kSide);
      block.a = a + std::size_t{m1} * plan.k1 * a_fractal;
      block.row_offset = offsets ? offsets + std::size_t{m1} * kSide : nullptr;
      for (std::uint32_t j = 0; j < block.columns; ++j)
        block.c[j] = memory.l0c.data() + mad.c + (std::size_t{n1 + j} * mad.m1 + m1) * kFractalOfC;
      plan.block(block);
    }
  }
}

// --- operands

bool is_mad(isa::Op op) {
  using enum isa::Op;
  return op == mad_f16 || op == mad_bf16 || op == mad_f32 || op == mad_s8 || op == mad_s4;
}

std::uint32_t elements_of_row(MadType type) {
  switch (type) {
    case MadType::f32:
    case MadType::hf32: return 8;
    case MadType::s8: return 32;
    case MadType::s4: return 64;
    default: return 16;
  }
}

namespace {

MadType type_of(const pipe::Issued& issued) {
  using enum isa::Op;
  switch (issued.op) {
    case mad_f16: return MadType::f16;
    case mad_bf16: return MadType::bf16;
    case mad_s8: return MadType::s8;
    case mad_s4: return MadType::s4;
    default: return isa::ctrl::hf32.get(issued.special.ctrl) ? MadType::hf32 : MadType::f32;
  }
}

}  // namespace

Mad mad_of(const pipe::Issued& issued) {
  namespace f = isa::mmad;
  const std::uint64_t word = issued.operand[3];
  Mad mad;
  mad.type = type_of(issued);
  mad.m = static_cast<std::uint32_t>(f::m.get(word));
  mad.k = static_cast<std::uint32_t>(f::k.get(word));
  mad.n = static_cast<std::uint32_t>(f::n.get(word));
  mad.m1 = up(mad.m, kSide);
  mad.n1 = up(mad.n, kSide);
  mad.k1 = up(mad.k, elements_of_row(mad.type));
  const bool is_float32 = mad.type == MadType::f32 || mad.type == MadType::hf32;
  if (is_float32 && f::k_align.get(word)) mad.k1 = up(mad.k1, 2) * 2;
  mad.bias = f::bias.get(word) != 0;
  mad.zero_init = f::zero_init.get(word) != 0;
  mad.truncate_hf32 = isa::ctrl::hf32_round.get(issued.special.ctrl) != 0;
  mad.c = issued.operand[0] & 0xffffffffu;  // C's address is 31:0 of its register (facts: machine code 1)
  mad.a = issued.operand[1];
  mad.b = issued.operand[2];
  mad.bias_address = f::bias_address.get(word) * kBiasUnit;
  return mad;
}

std::uint64_t tiles_of(const Mad& mad) {
  constexpr std::uint32_t kTilesOfF32Row = 2;  // 16 x 16 x 4 a cycle out of rows of 8
  const std::uint64_t tiles = std::uint64_t{mad.m1} * mad.n1 * mad.k1;
  return mad.type == MadType::f32 ? tiles * kTilesOfF32Row : tiles;
}

std::uint64_t bytes_of_a(const Mad& mad) {
  return std::uint64_t{mad.k1} * (mad.is_vector() ? kRow : mad.m1 * kFractal);
}

std::uint64_t bytes_of_b(const Mad& mad) { return std::uint64_t{mad.k1} * mad.n1 * kFractal; }

void footprint_mad(const Mad& mad, memory::Footprint& footprint) {
  if (mad.empty()) return;
  const auto add = [&](memory::Space space, bool write, std::uint16_t alignment, std::uint64_t base, std::uint64_t bytes,
                       std::uint32_t n0, std::int64_t stride0) {
    memory::Access access;
    access.space = space;
    access.write = write;
    access.alignment = alignment;
    access.bytes = static_cast<std::uint32_t>(bytes);
    access.n0 = n0;
    access.stride0 = stride0;
    access.base = base;
    footprint.add(access);
  };
  using memory::Space;
  add(Space::L0A, false, isa::kFractalBytes, mad.a, bytes_of_a(mad), 1, 0);
  add(Space::L0B, false, isa::kFractalBytes, mad.b, bytes_of_b(mad), 1, 0);
  if (mad.bias) add(Space::BT, false, kBiasUnit, mad.bias_address, std::uint64_t{mad.n} * kWord, 1, 0);
  const std::uint32_t whole = mad.n / kSide, tail = mad.n % kSide;
  const std::uint64_t column = std::uint64_t{mad.m1} * kFractalOfC;
  constexpr std::uint16_t kAlignmentOfC = 64;
  for (const bool write : {false, true}) {
    if (!write && (mad.zero_init || mad.bias)) continue;
    add(Space::L0C, write, kAlignmentOfC, mad.c, std::uint64_t{mad.m} * kRowOfC, whole, static_cast<std::int64_t>(column));
    if (tail) add(Space::L0C, write, kAlignmentOfC, mad.c + whole * column, std::uint64_t{tail} * kWord, mad.m, kRowOfC);
  }
}

}  // namespace vitruvian::cube_unit

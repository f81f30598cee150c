// A vector operation taken apart: operands with strides in bytes, lanes, repeats and masks; and the table that leads
// from an operation to its shape and its kernel. Independent of the host's vector width.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "isa/instruction.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::vector_unit {

inline constexpr unsigned kBlocks = isa::kRepeatBytes / isa::kBlockBytes;
inline constexpr unsigned kMaxLanes = 128;
// Elements that counter mode accepts; far beyond any UB, it bounds the work of one operation.
inline constexpr std::uint64_t kMaxCount = 1u << 20;

// How an operation reads its operands and control word.
enum class Shape : std::uint8_t {
  none,            // not an operation of this unit
  binary,          // dst, src0, src1, vector-binary word
  scalar,          // dst, src, scalar bits, unary word
  unary,           // dst, src, unary word (conversions and shifts too)
  select,          // as binary; mode in the word
  compare,         // dst bits, src0, src1; vector-binary word in CMP_CONTROL
  compare_scalar,  // dst bits, src, scalar bits; unary word in CMP_CONTROL
  compare_mask,    // src0, src1, vector-binary word -> CMPMASK
  set_cmpmask,     // -, src, -
  get_cmpmask,     // dst, -, -
  reduce_sum,      // one result a repeat
  reduce_extreme,  // value and index a repeat
  reduce_block,    // eight results a repeat
  reduce_pair,     // half the lanes
  fill,            // dst, scalar bits, unary word
  broadcast,       // vbrcb
  gather,          // vgather
  gather_blocks,   // vgatherb
  nchw,            // scatter_vnchwconv
  transpose,       // vtranspose
  keep,            // vreducev2
  sort,            // vbitsort
  merge,           // vmrgsort4
};

// Lanes 0..63 and 64..127.
struct Mask {
  std::array<std::uint64_t, 2> word{0, 0};

  static Mask first(unsigned lanes) {
    const auto ones = [](unsigned n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; };
    return {{ones(lanes), lanes > 64 ? ones(lanes - 64) : 0}};
  }
  bool test(unsigned lane) const { return (word[lane >> 6] >> (lane & 63)) & 1; }
  bool any() const { return (word[0] | word[1]) != 0; }
  unsigned count() const { return static_cast<unsigned>(std::popcount(word[0]) + std::popcount(word[1])); }
  // `width` lanes (a power of two, at most 64) from `lane`, a multiple of width.
  std::uint64_t slice(unsigned lane, unsigned width) const {
    const std::uint64_t bits = word[lane >> 6] >> (lane & 63);
    return width >= 64 ? bits : bits & ((std::uint64_t{1} << width) - 1);
  }
  bool operator==(const Mask&) const = default;
};

// One tensor operand in UB. bits == 0: absent.
struct Operand {
  std::uint64_t base = 0;
  std::uint32_t block_stride = 0, repeat_stride = 0;  // bytes
  std::uint8_t bits = 0;                              // of an element

  unsigned lanes_per_block() const { return isa::kBlockBytes * 8 / bits; }
  unsigned bytes(unsigned lanes) const { return lanes * bits / 8; }
  // Repeats follow one another without holes.
  bool dense(unsigned lanes, std::uint32_t repeats) const {
    return (block_stride == isa::kBlockBytes || bytes(lanes) <= isa::kBlockBytes) && (repeats <= 1 || repeat_stride == bytes(lanes));
  }
};

struct Job {
  Operand dst, src0, src1;
  bool reads_dst = false;
  std::uint32_t lanes = 0;    // of a full repeat
  std::uint32_t repeats = 0;
  Mask mask, last;            // of every repeat but the last, and of the last
  std::uint32_t dense_lanes = 0;  // active lanes if they are 0 .. dense_lanes-1 without a hole over all repeats, otherwise 0
  std::uint64_t scalar = 0;
  std::uint64_t word = 0;     // control word
  bool int_saturate = false;  // CTRL
  bool fp_saturate = false;
  bool convert_saturate = false;
  const pipe::SpecialState* special = nullptr;
  const std::array<std::uint64_t, 4>* operand = nullptr;

  const Mask& mask_of(std::uint32_t repeat) const { return repeat + 1 == repeats ? last : mask; }
};

// What a kernel may touch.
struct Core {
  std::uint8_t* ub = nullptr;
  std::uint64_t ub_bytes = 0;
  memory::ResultRegisters* result = nullptr;
  pipe::OperandFault* fault = nullptr;
};

using Kernel = void (*)(const Job&, const Core&);

struct Entry {
  Shape shape = Shape::none;
  std::uint8_t dst_bits = 0, src_bits = 0;
  bool reads_dst = false;
  Kernel kernel = nullptr;
};

class Table {
 public:
  void set(isa::Op op, const Entry& entry) { entries_[static_cast<std::size_t>(op)] = entry; }
  const Entry& operator[](isa::Op op) const { return entries_[static_cast<std::size_t>(op)]; }

 private:
  std::array<Entry, static_cast<std::size_t>(isa::Op::kCount)> entries_{};
};

// The kernels are compiled once for every host and once more for hosts with AVX2 and F16C (CMakeLists.txt): same sources,
// same bits.
namespace baseline {
Table make_table();
}
namespace avx2 {
Table make_table();
}
bool host_has_avx2();
const Table& table();  // the widest that this host runs

Job make_job(const pipe::Issued& issued, const Entry& entry);

}  // namespace vitruvian::vector_unit

// A UB with random contents and the means to run one vector operation on it, on every level of the host's kernels.
#pragma once

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "isa/control_words.h"
#include "vector_unit/job.h"
#include "vector_unit/vector_unit.h"

namespace vitruvian::vector_unit::test {

using isa::Op;
using Bytes = std::vector<std::uint8_t>;
inline constexpr std::uint32_t kSeed = 20261125;
inline constexpr std::size_t kUbBytes = 192 * 1024;

// --- fp16 by definition, in double
inline double half_value(std::uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const double sign = h & 0x8000 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::nan("") : sign * INFINITY;
  return exponent ? sign * std::ldexp(1024 + mantissa, exponent - 25) : sign * std::ldexp(mantissa, -24);
}
// Nearest even by definition: nearbyint at the quantum of the value.
inline std::uint16_t half_bits(double x) {
  if (std::isnan(x)) return 0x7e00;
  const unsigned sign = std::signbit(x) ? 0x8000 : 0;
  const double a = std::fabs(x);
  if (a >= 65520) return static_cast<std::uint16_t>(sign | 0x7c00);
  const int e = a < 0x1p-14 ? -14 : std::ilogb(a);
  const double rounded = std::nearbyint(std::ldexp(a, 10 - e));  // units of the last place
  const unsigned bits = e == -14 && rounded < 1024 ? static_cast<unsigned>(rounded)
                                                   : static_cast<unsigned>((e + 15) << 10) + static_cast<unsigned>(rounded) - 1024;
  return static_cast<std::uint16_t>(sign | bits);
}
inline float bfloat_value(std::uint16_t b) { return std::bit_cast<float>(std::uint32_t{b} << 16); }
inline std::uint32_t single_bits(float x) { return x != x ? 0x7fc00000u : std::bit_cast<std::uint32_t>(x); }

// --- control words
struct Strides {
  unsigned dst_block = 1, src0_block = 1, src1_block = 1, dst_repeat = 8, src0_repeat = 8, src1_repeat = 8;
};
inline std::uint64_t binary_word(unsigned repeat, const Strides& s = {}, unsigned mode = 0) {
  namespace w = isa::vector_binary;
  return w::repeat.put(repeat) | w::dst_block.put(s.dst_block) | w::src0_block.put(s.src0_block) | w::src1_block.put(s.src1_block) |
         w::dst_repeat.put(s.dst_repeat) | w::src0_repeat.put(s.src0_repeat) | w::src1_repeat.put(s.src1_repeat) | w::select_mode.put(mode);
}
inline std::uint64_t unary_word(unsigned repeat, unsigned dst_block = 1, unsigned src_block = 1, unsigned dst_repeat = 8, unsigned src_repeat = 8) {
  namespace w = isa::vector_unary;
  return w::repeat.put(repeat) | w::dst_block.put(dst_block) | w::src_block.put(src_block) | w::dst_repeat.put(dst_repeat) | w::src_repeat.put(src_repeat);
}
inline std::uint64_t reduce_word(unsigned repeat, unsigned dst_repeat = 1, unsigned src_block = 1, unsigned src_repeat = 8, unsigned order = 0) {
  namespace w = isa::vector_reduce;
  return w::repeat.put(repeat) | w::dst_repeat.put(dst_repeat) | w::src_block.put(src_block) | w::src_repeat.put(src_repeat) | w::order.put(order);
}

inline pipe::Issued issue(Op op, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0, std::uint64_t d = 0) {
  pipe::Issued issued;
  issued.op = op;
  issued.pipe = isa::Pipe::V;
  issued.operand = {a, b, c, d};
  return issued;
}
inline pipe::Issued with_mask(pipe::Issued issued, std::uint64_t low, std::uint64_t high) {
  issued.special.mask = {low, high};
  return issued;
}
inline pipe::Issued with_count(pipe::Issued issued, std::uint64_t count) {
  issued.special.mask = {count, 0};
  issued.special.ctrl |= isa::ctrl::mask_counter.put(1);
  return issued;
}

class Bench {
 public:
  explicit Bench(std::uint32_t seed = kSeed) : random(seed) {
    memory.ub = memory::Buffer(memory::Space::UB, kUbBytes);
    for (std::size_t i = 0; i < kUbBytes; i += 4) {
      const std::uint32_t word = random();
      std::memcpy(memory.ub.data() + i, &word, 4);
    }
  }

  template <class T>
  T get(std::uint64_t address) const {
    T value;
    std::memcpy(&value, memory.ub.data() + address, sizeof value);
    return value;
  }
  template <class T>
  void put(std::uint64_t address, T value) { std::memcpy(memory.ub.data() + address, &value, sizeof value); }
  Bytes contents() const { return Bytes(memory.ub.data(), memory.ub.data() + kUbBytes); }
  // Random values of moderate size with the edge cases sprinkled in.
  void fill_half(std::uint64_t address, unsigned n) {
    static constexpr std::uint16_t edges[] = {0, 0x8000, 0x7c00, 0xfc00, 0x7e01, 0x7d55, 1, 0x8001, 0x03ff, 0x7bff, 0xfbff, 0x3c00};
    for (unsigned i = 0; i < n; ++i)
      put<std::uint16_t>(address + 2 * i, random() % 5 ? half_bits(normal(random)) : edges[random() % std::size(edges)]);
  }
  void fill_single(std::uint64_t address, unsigned n) {
    static constexpr std::uint32_t edges[] = {0, 0x80000000, 0x7f800000, 0xff800000, 0x7fa00001, 1, 0x80000001, 0x007fffff, 0x7f7fffff, 0xff7fffff, 0x3f800000};
    for (unsigned i = 0; i < n; ++i)
      put<std::uint32_t>(address + 4 * i, random() % 5 ? std::bit_cast<std::uint32_t>(static_cast<float>(normal(random))) : edges[random() % std::size(edges)]);
  }

  // Executes as the machine would, then again at the baseline level: the same bits.
  void run(const pipe::Issued& issued) {
    REQUIRE(implements(issued.op));
    REQUIRE_FALSE(check(issued));
    const Bytes before = contents();
    const memory::ResultRegisters registers = memory.result;
    REQUIRE_FALSE(execute(issued, memory));
    const Bytes after = contents();
    require_inside_footprint(issued, before, after);

    memory::ResultRegisters again = registers;
    Bytes ub = before;
    ub.resize(kUbBytes + 64);
    pipe::OperandFault fault;
    static const Table portable = baseline::make_table();
    const Entry& entry = portable[issued.op];
    entry.kernel(make_job(issued, entry), {ub.data(), kUbBytes, &again, &fault});
    REQUIRE(std::memcmp(ub.data(), after.data(), kUbBytes) == 0);
    REQUIRE(again.acc_val == memory.result.acc_val);
    REQUIRE(again.max_min_cnt == memory.result.max_min_cnt);
    REQUIRE(again.cmpmask[0] == memory.result.cmpmask[0]);
  }

  // Every changed byte lies in a written set.
  static void require_inside_footprint(const pipe::Issued& issued, const Bytes& before, const Bytes& after) {
    const memory::Footprint sets = footprint(issued);
    std::vector<bool> may(kUbBytes, false);
    for (const memory::Access& a : sets) {
      if (!a.write) continue;
      REQUIRE(a.base % a.alignment == 0);
      for (std::uint32_t i1 = 0; i1 < a.n1; ++i1)
        for (std::uint32_t i0 = 0; i0 < a.n0; ++i0) {
          const std::uint64_t at = a.base + static_cast<std::uint64_t>(i1 * a.stride1 + i0 * a.stride0);
          for (std::uint32_t b = 0; b < a.bytes && at + b < kUbBytes; ++b) may[at + b] = true;
        }
    }
    for (std::size_t i = 0; i < kUbBytes; ++i)
      if (before[i] != after[i] && !may[i]) FAIL("byte " << i << " was written outside the footprint");
  }

  std::mt19937 random;
  std::normal_distribution<double> normal{0, 3};
  memory::CoreMemory memory;
};

// The address of a lane of a strided operand.
struct Lanes {
  std::uint64_t base;
  unsigned block_stride, repeat_stride, element_bytes;  // strides in blocks
  std::uint64_t at(unsigned repeat, unsigned lane) const {
    const unsigned per_block = isa::kBlockBytes / element_bytes;
    return base + (std::uint64_t{repeat} * repeat_stride + std::uint64_t{lane / per_block} * block_stride) * isa::kBlockBytes +
           lane % per_block * element_bytes;
  }
};
inline bool active(const pipe::Issued& issued, unsigned lanes, unsigned repeat, unsigned lane) {
  if (isa::ctrl::mask_counter.get(issued.special.ctrl)) return std::uint64_t{repeat} * lanes + lane < issued.special.mask[0];
  return issued.special.mask[lane / 64] >> (lane % 64) & 1;
}
inline unsigned repeats_of(const pipe::Issued& issued, unsigned lanes, unsigned field) {
  if (!isa::ctrl::mask_counter.get(issued.special.ctrl)) return field;
  return static_cast<unsigned>((issued.special.mask[0] + lanes - 1) / lanes);
}

}  // namespace vitruvian::vector_unit::test

// Bank conflicts of UB inside one vector operation.
//
//   UB = groups x banks x rows of 32 B; block number = ((bank * rows) + row) * groups + group
//
// Each cycle a group gives one row to reads and one to writes, and a bank serves a read or a write.
//  * reads: a repeat needs as many cycles as the fullest group has distinct rows to read; a block read twice counts once
//    (the same strides and base, or block stride 0);
//  * writes: the same of the destination, in the shadow of the reads of a later repeat;
//  * read against write: a repeat whose blocks to read and to write share a bank loses one cycle, because the writes in
//    flight then alternate with the reads. Two exceptions. (1) A source whose blocks lie pairwise in the banks of the
//    destination's blocks: the hardware lets the writes trail by one repeat, no loss. (2) The repeat needs several read
//    cycles anyway and one of its sources shares no bank: the write takes that cycle.
//    The repeats read before the first write comes out (the pipeline's depth, `tail` cycles) meet no write.
// Of the published measurement (64 repeats of fp32 vadd, head + tail = 24, tail 14) this gives 88, 152, 88 and 138 cycles
// for scenarios 1, 2, 4 and 5 where silicon takes 88.4, 154.2, 88.4 and 138.8; scenario 3 as 2; scenarios 6 and 8 give 88.
// (With tail 12, as in the chip files, scenario 5 gives 140.)
// Approximation: scenario 7 (a broadcast row that walks through the groups) gives 120 where silicon takes 132.6.
// Approximation: conflicts with other pipes' accesses to UB are not modelled.
// Source: facts 2 and 5; bank_conflict_ub example of the public documentation.
#pragma once

#include <array>
#include <cstdint>

namespace vitruvian::vector_unit {

struct BankGeometry {
  static constexpr unsigned kMaxGroups = 16, kMaxBanksOfGroup = 4;
  unsigned groups = 16;  // a power of two
  unsigned rows = 128;   // of a bank
  bool operator==(const BankGeometry&) const = default;
};

// The blocks of one operand: block b of repeat i has number first + i * repeat_stride + b * block_stride.
struct BlockStream {
  std::uint64_t first = 0;
  std::uint64_t block_stride = 0, repeat_stride = 0;
  unsigned blocks = 0;
  bool operator==(const BlockStream&) const = default;
};

struct BankUse {
  std::array<BlockStream, 3> read{};
  unsigned reads = 0;
  BlockStream write;
  bool writes = false;
  std::uint32_t repeats = 0;
  bool operator==(const BankUse&) const = default;
};

// Cycles that conflicts add to an operation which otherwise takes `per_repeat` cycles a repeat. Cycles of a slow operation
// hide its conflicts. `depth`: cycles from a read to its write.
double bank_conflict_cycles(const BankUse& use, const BankGeometry& geometry, double per_repeat, double depth);

}  // namespace vitruvian::vector_unit

#include "vector_unit/bank_conflict.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace vitruvian::vector_unit {

namespace {

using GroupCounts = std::array<std::uint8_t, BankGeometry::kMaxGroups>;
using BankSet = std::uint64_t;  // bit bank * groups + group

// A block stride of 0 reads one block.
unsigned distinct_blocks(const BlockStream& s) { return s.block_stride == 0 ? std::min(s.blocks, 1u) : s.blocks; }

void count_groups(const BlockStream& s, std::uint32_t repeat, unsigned groups, GroupCounts& counts) {
  std::uint64_t block = s.first + repeat * s.repeat_stride;
  for (unsigned b = 0; b < distinct_blocks(s); ++b, block += s.block_stride) ++counts[block & (groups - 1)];
}

unsigned fullest(const GroupCounts& counts) { return *std::max_element(counts.begin(), counts.end()); }

BankSet banks_of(const BlockStream& s, std::uint32_t repeat, const BankGeometry& g) {
  BankSet set = 0;
  std::uint64_t block = s.first + repeat * s.repeat_stride;
  for (unsigned b = 0; b < distinct_blocks(s); ++b, block += s.block_stride) {
    const std::uint64_t bank = block / (std::uint64_t{g.groups} * g.rows) % BankGeometry::kMaxBanksOfGroup;
    set |= BankSet{1} << (bank * g.groups + (block & (g.groups - 1)));
  }
  return set;
}

// Which rows of banks ("bank" of a group) a stream ever touches, as a bit set; cheap and never too small.
unsigned bank_rows(const BlockStream& s, std::uint32_t repeats, const BankGeometry& g) {
  const std::uint64_t last = s.first + (repeats - 1) * s.repeat_stride + (s.blocks ? s.blocks - 1 : 0) * s.block_stride;
  const std::uint64_t per_bank = std::uint64_t{g.groups} * g.rows;
  unsigned set = 0;
  for (std::uint64_t bank = s.first / per_bank; bank <= last / per_bank && bank < BankGeometry::kMaxBanksOfGroup; ++bank) set |= 1u << bank;
  return set;
}

// Exception 1: block by block in the same banks.
bool trails(const BlockStream& read, const BlockStream& write, const BankGeometry& g) {
  const std::uint64_t per_bank = std::uint64_t{g.groups} * g.rows;
  return read.blocks == write.blocks && read.block_stride == write.block_stride && read.repeat_stride == write.repeat_stride &&
         (read.first & (g.groups - 1)) == (write.first & (g.groups - 1)) && read.first / per_bank == write.first / per_bank;
}

bool is_repeated(const BankUse& use, unsigned i) {
  for (unsigned j = 0; j < i; ++j)
    if (use.read[j] == use.read[i]) return true;
  return false;
}

// Repeats after which the pattern of groups starts again. Streams that move together keep their conflicts: only
// differences of repeat strides count.
std::uint32_t period_of(const BankUse& use, unsigned groups) {
  std::uint64_t common = groups;
  const std::uint64_t reference = use.reads ? use.read[0].repeat_stride : use.write.repeat_stride;
  for (unsigned i = 1; i < use.reads; ++i) common = std::gcd(common, (use.read[i].repeat_stride - reference) & (groups - 1));
  if (use.writes) common = std::gcd(common, (use.write.repeat_stride - reference) & (groups - 1));
  return groups / static_cast<std::uint32_t>(common);
}

unsigned port_cycles(const BankUse& use, std::uint32_t repeat, unsigned groups) {
  GroupCounts reads{}, writes{};
  for (unsigned i = 0; i < use.reads; ++i)
    if (!is_repeated(use, i)) count_groups(use.read[i], repeat, groups, reads);
  if (use.writes) count_groups(use.write, repeat, groups, writes);
  return std::max({fullest(reads), fullest(writes), 1u});
}

// Does a repeat lose a cycle to a write? Sources that trail are not asked.
bool loses_cycle(const BankUse& use, std::uint32_t repeat, unsigned asked, unsigned cycles, const BankGeometry& g) {
  const BankSet written = banks_of(use.write, repeat, g);
  unsigned meet = 0, free = 0;
  for (unsigned i = 0; i < use.reads; ++i) {
    const bool shares = asked >> i & 1 && (banks_of(use.read[i], repeat, g) & written) != 0;
    (shares ? meet : free) += 1;
  }
  return meet > 0 && (cycles == 1 || free == 0);
}

// Cycles lost to writes from repeat `first` on. Where no stream leaves its bank row, one period tells all.
double stalls_of(const BankUse& use, std::uint32_t first, unsigned asked, const std::array<unsigned, BankGeometry::kMaxGroups>& cycles,
                 std::uint32_t period, const BankGeometry& g) {
  bool periodic = std::popcount(bank_rows(use.write, use.repeats, g)) == 1;
  for (unsigned i = 0; i < use.reads; ++i) periodic = periodic && std::popcount(bank_rows(use.read[i], use.repeats, g)) == 1;
  double stalls = 0;
  if (periodic) {
    for (std::uint32_t phase = 0; phase < period && first + phase < use.repeats; ++phase)
      if (loses_cycle(use, first + phase, asked, cycles[(first + phase) % period], g))
        stalls += (use.repeats - first - phase + period - 1) / period;
    return stalls;
  }
  for (std::uint32_t i = first; i < use.repeats; ++i) stalls += loses_cycle(use, i, asked, cycles[i % period], g) ? 1 : 0;
  return stalls;
}

// The count itself.
double count_cycles(const BankUse& use, const BankGeometry& g, double per_repeat, double depth) {
  const std::uint32_t period = std::min(period_of(use, g.groups), use.repeats);
  std::array<unsigned, BankGeometry::kMaxGroups> cycles{};
  double ports = 0;
  for (std::uint32_t phase = 0; phase < period; ++phase) {
    cycles[phase] = port_cycles(use, phase, g.groups);
    ports += cycles[phase] * double((use.repeats - phase + period - 1) / period);
  }
  double stalls = 0;
  unsigned asked = 0;
  if (use.writes) {
    const unsigned written = bank_rows(use.write, use.repeats, g);
    for (unsigned i = 0; i < use.reads; ++i)
      if ((bank_rows(use.read[i], use.repeats, g) & written) != 0 && !trails(use.read[i], use.write, g)) asked |= 1u << i;
  }
  if (asked) {
    const double each = std::max(ports / use.repeats, per_repeat);
    const auto first = static_cast<std::uint32_t>(std::min(std::floor(depth / std::max(each, 1.0)), double(use.repeats)));
    stalls = stalls_of(use, first, asked, cycles, period, g);
  }
  return std::max(0.0, ports + stalls - per_repeat * use.repeats);
}

// Streams of the common kind: contiguous, moving together, at most two reads, no bank row in common with the destination
// but trailing. Their conflicts are one comparison.
bool is_plain(const BankUse& use, const BankGeometry& g, double& cycles_of_repeat) {
  for (unsigned i = 0; i < use.reads; ++i) {
    const BlockStream& s = use.read[i];
    if (s.block_stride != 1 || s.blocks > g.groups / 2 || s.repeat_stride != use.read[0].repeat_stride) return false;
    if (use.writes && (bank_rows(s, use.repeats, g) & bank_rows(use.write, use.repeats, g)) != 0 && !trails(s, use.write, g)) return false;
  }
  if (use.reads > 2 || (use.writes && (use.write.block_stride != 1 || use.write.blocks > g.groups / 2))) return false;
  cycles_of_repeat = 1;
  if (use.reads == 2 && !(use.read[0] == use.read[1])) {
    const std::uint64_t distance = (use.read[1].first - use.read[0].first) & (g.groups - 1);
    if (distance < use.read[0].blocks || g.groups - distance < use.read[1].blocks) cycles_of_repeat = 2;
  }
  return true;
}

// The rest is remembered: kernels issue the same operation in loops.
struct Remembered {
  BankUse use;
  BankGeometry geometry;
  double per_repeat = 0, depth = 0, cycles = 0;
};

std::size_t slot_of(const BankUse& use, std::size_t slots) {
  std::uint64_t hash = use.repeats;
  const auto mix = [&hash](const BlockStream& s) { hash = (hash ^ (s.first << 20 ^ s.repeat_stride << 10 ^ s.block_stride)) * 0x9e3779b97f4a7c15u; };
  for (const BlockStream& s : use.read) mix(s);
  mix(use.write);
  return hash >> 32 & (slots - 1);
}

}  // namespace

double bank_conflict_cycles(const BankUse& use, const BankGeometry& geometry, double per_repeat, double depth) {
  if (use.repeats == 0) return 0;
  double plain = 0;
  if (is_plain(use, geometry, plain)) return std::max(0.0, (plain - per_repeat) * use.repeats);
  static thread_local std::array<Remembered, 256> memory;
  Remembered& known = memory[slot_of(use, memory.size())];
  if (!(known.use == use && known.geometry == geometry && known.per_repeat == per_repeat && known.depth == depth))
    known = {use, geometry, per_repeat, depth, count_cycles(use, geometry, per_repeat, depth)};
  return known.cycles;
}

}  // namespace vitruvian::vector_unit

#include "cube_unit/cube_unit.h"

#include <algorithm>
#include <cmath>

#include "cube_unit/fixpipe.h"
#include "cube_unit/mad.h"
#include "cube_unit/timing.h"

namespace vitruvian::cube_unit {
namespace {

pipe::Cost cost_of(const UnitCost& row, double least, double units) {
  const double occupancy = std::ceil(std::max({row.interval, row.per_unit * units, least}));
  return {static_cast<std::uint64_t>(occupancy), static_cast<std::uint64_t>(std::ceil(row.head + occupancy + row.tail)), row.assumed};
}

// Nothing to do costs an issue slot only.
pipe::Cost cost_of_nothing(const UnitCost& row) {
  const auto interval = static_cast<std::uint64_t>(std::ceil(row.interval));
  return {interval, interval, row.assumed};
}

pipe::Cost cost_of_mad(const Mad& mad, const CubeTiming& timing) {
  const bool single = mad.type == MadType::f32 || mad.type == MadType::hf32;
  const UnitCost& row = single ? timing.mad_f32 : timing.mad;
  if (mad.empty()) return cost_of_nothing(row);
  const double ports = std::max(static_cast<double>(bytes_of_a(mad)) * timing.l0a_cycles_per_byte,
                                static_cast<double>(bytes_of_b(mad)) * timing.l0b_cycles_per_byte);
  return cost_of(row, ports, static_cast<double>(tiles_of(mad)));
}

pipe::OperandFault unsupported() {
  return {FaultKind::unsupported, "this instruction is neither a mad nor a fixpipe operation that this version executes"};
}

}  // namespace

bool implements(isa::Op op) { return is_mad(op) || is_fixpipe(op); }

pipe::OperandFault check(const pipe::Issued& issued) {
  if (is_fixpipe(issued.op)) return check_fixpipe(fixpipe_of(issued));
  if (!is_mad(issued.op)) return unsupported();
  return {};
}

memory::Footprint footprint(const pipe::Issued& issued) {
  memory::Footprint result;
  if (is_mad(issued.op)) footprint_mad(mad_of(issued), result);
  if (is_fixpipe(issued.op)) footprint_fixpipe(fixpipe_of(issued), result);
  return result;
}

pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint, const CubeTiming& timing) {
  if (is_mad(issued.op)) return cost_of_mad(mad_of(issued), timing);
  const memory::Access* read = footprint.find(memory::Space::L0C, false);
  const bool to_gm = fixpipe_of(issued).dst_space == memory::Space::GM;
  const UnitCost& row = to_gm ? timing.fix_gm : timing.fix_l1;
  if (!read) return cost_of_nothing(row);
  return cost_of(row, 0, static_cast<double>(read->total_bytes()));
}

pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory) {
  if (is_mad(issued.op)) {
    execute_mad(mad_of(issued), memory, host_kernels());
    return {};
  }
  if (!is_fixpipe(issued.op)) return unsupported();
  execute_fixpipe(fixpipe_of(issued), memory, host_kernels());
  return {};
}

unsigned unit_flag(const pipe::Issued& issued) {
  if (is_mad(issued.op)) return static_cast<unsigned>(isa::mmad::unit_flag.get(issued.operand[3]));
  if (is_fixpipe(issued.op)) return static_cast<unsigned>(isa::fixpipe::unit_flag.get(issued.operand[3]));
  return 0;
}

bool needs_barrier_between(const pipe::Issued& earlier, const pipe::Issued& later) {
  constexpr std::uint64_t kFractalsInFlight = 10;  // facts 4, "dependent mmads"
  if (!is_mad(earlier.op) || !is_mad(later.op)) return false;
  const Mad first = mad_of(earlier), second = mad_of(later);
  if (first.empty() || second.empty() || second.zero_init || second.bias || first.c != second.c) return false;
  return std::uint64_t{second.m1} * second.n1 < kFractalsInFlight;
}

}  // namespace vitruvian::cube_unit

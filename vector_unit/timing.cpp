#include "vector_unit/timing.h"

#include <algorithm>
#include <cmath>

#include "isa/control_words.h"
#include "vector_unit/sort.h"
#include "vector_unit/vector_unit.h"

namespace vitruvian::vector_unit {

namespace {

// Cost class of every pipe operation, from the one table.
constexpr auto kCostClass = [] {
  std::array<std::string_view, static_cast<std::size_t>(isa::Op::kCount)> classes{};
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) classes[static_cast<std::size_t>(isa::Op::op)] = #cost;
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text)
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
  return classes;
}();

std::uint32_t units_of_bytes(std::uint64_t bytes) {
  return static_cast<std::uint32_t>((bytes + isa::kRepeatBytes - 1) / isa::kRepeatBytes);
}

// Units of 256 B (one repeat) that the cost class counts.
std::uint32_t units_of(const Job& job, Shape shape) {
  switch (shape) {
    case Shape::nchw: return job.repeats * units_of_bytes(isa::kFractalBytes);
    case Shape::transpose: return units_of_bytes(isa::kFractalBytes);
    case Shape::keep: return job.repeats * units_of_bytes(job.src0.bytes(job.lanes));
    case Shape::merge: return job.repeats * units_of_bytes(std::uint64_t{merge_of(*job.operand).total()} * kSortElementBytes);
    default: return job.repeats;
  }
}

// Shapes whose block accesses follow the strides of the control word; of the others the bank model knows nothing.
bool has_strided_blocks(Shape shape) {
  switch (shape) {
    case Shape::binary:
    case Shape::scalar:
    case Shape::unary:
    case Shape::select:
    case Shape::compare:
    case Shape::compare_scalar:
    case Shape::compare_mask:
    case Shape::reduce_sum:
    case Shape::reduce_extreme:
    case Shape::reduce_block:
    case Shape::reduce_pair:
    case Shape::fill: return true;
    default: return false;
  }
}

BlockStream stream_of(const Job& job, const Operand& operand) {
  const unsigned blocks = (operand.bytes(job.lanes) + isa::kBlockBytes - 1) / isa::kBlockBytes;
  return {operand.base / isa::kBlockBytes, operand.block_stride / isa::kBlockBytes, operand.repeat_stride / isa::kBlockBytes,
          std::min(blocks, kBlocks)};
}

BankUse use_of(const Job& job) {
  BankUse use;
  use.repeats = job.repeats;
  if (job.src0.bits) use.read[use.reads++] = stream_of(job, job.src0);
  if (job.src1.bits) use.read[use.reads++] = stream_of(job, job.src1);
  if (job.reads_dst) use.read[use.reads++] = stream_of(job, job.dst);
  use.writes = job.dst.bits >= 4 && job.dst.block_stride != 0;  // reductions and compares write less than a block a repeat
  if (use.writes) use.write = stream_of(job, job.dst);
  return use;
}

}  // namespace

VectorTiming::VectorTiming(const Lookup& lookup, BankGeometry geometry) : banks(geometry) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (!implements(static_cast<isa::Op>(i))) continue;
    const chip::OperationCost cost = lookup(kCostClass[i]);
    operations[i] = {cost.head, cost.per_unit, cost.tail, cost.interval, cost.trust == chip::Trust::assumed};
  }
}

pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint&, const VectorTiming& timing) {
  const Entry& entry = table()[issued.op];
  const Job job = make_job(issued, entry);
  const OperationTiming& own = timing.operations[static_cast<std::size_t>(issued.op)];
  double busy = own.per_unit * units_of(job, entry.shape);
  if (has_strided_blocks(entry.shape)) busy += bank_conflict_cycles(use_of(job), timing.banks, own.per_unit, own.tail);
  busy = std::max(own.interval, busy);
  pipe::Cost result;
  result.occupancy = static_cast<std::uint64_t>(std::ceil(busy));
  result.latency = static_cast<std::uint64_t>(std::ceil(own.head + busy + own.tail));
  result.assumed = own.assumed;
  return result;
}

}  // namespace vitruvian::vector_unit

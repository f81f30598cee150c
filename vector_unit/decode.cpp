// From an issued operation to its job: control words, masks, repeats; and the check of operand fields.
#include <algorithm>
#include <string>

#include "isa/control_words.h"
#include "vector_unit/job.h"
#include "vector_unit/reduce.h"
#include "vector_unit/sort.h"
#include "vector_unit/vector_unit.h"

namespace vitruvian::vector_unit {

namespace {

using isa::Word;

std::uint32_t blocks(Word field) { return static_cast<std::uint32_t>(field) * isa::kBlockBytes; }

Operand operand_of(std::uint64_t base, unsigned bits, Word block_stride, Word repeat_stride) {
  return {base, blocks(block_stride), blocks(repeat_stride), static_cast<std::uint8_t>(bits)};
}

void set_binary(Job& job, const Entry& entry, std::uint64_t dst, std::uint64_t src0, std::uint64_t src1, Word word) {
  namespace w = isa::vector_binary;
  job.word = word;
  job.dst = operand_of(dst, entry.dst_bits, w::dst_block.get(word), w::dst_repeat.get(word));
  job.src0 = operand_of(src0, entry.src_bits, w::src0_block.get(word), w::src0_repeat.get(word));
  job.src1 = operand_of(src1, entry.src_bits, w::src1_block.get(word), w::src1_repeat.get(word));
  job.repeats = static_cast<std::uint32_t>(w::repeat.get(word));
}

void set_unary(Job& job, const Entry& entry, std::uint64_t dst, std::uint64_t src, Word word) {
  namespace w = isa::vector_unary;
  job.word = word;
  job.dst = operand_of(dst, entry.dst_bits, w::dst_block.get(word), w::dst_repeat.get(word));
  job.src0 = operand_of(src, entry.src_bits, w::src_block.get(word), w::src_repeat.get(word));
  job.repeats = static_cast<std::uint32_t>(w::repeat.get(word));
}

// Packed result bits: lanes / 8 bytes a repeat, one repeat after the other.
void set_bit_destination(Job& job, std::uint64_t dst) { job.dst = {dst, 0, job.lanes / 8, 1}; }

void set_reduction(Job& job, const Entry& entry, const std::array<std::uint64_t, 4>& operand) {
  namespace w = isa::vector_reduce;
  const Word word = job.word = operand[2];
  const unsigned element = entry.src_bits / 8u;
  unsigned unit = element;
  if (entry.shape == Shape::reduce_extreme) unit = extreme_bytes(static_cast<ExtremeOrder>(w::order.get(word)), element);
  if (entry.shape == Shape::reduce_block) unit = element * kBlocks;
  if (entry.shape == Shape::reduce_pair) unit = isa::kRepeatBytes / 2;
  job.dst = {operand[0], 0, static_cast<std::uint32_t>(w::dst_repeat.get(word)) * unit, entry.dst_bits};
  job.src0 = operand_of(operand[1], entry.src_bits, w::src_block.get(word), w::src_repeat.get(word));
  job.repeats = static_cast<std::uint32_t>(w::repeat.get(word));
}

void set_gather(Job& job, const Entry& entry, const std::array<std::uint64_t, 4>& operand) {
  namespace w = isa::vgather;
  const Word word = job.word = operand[2];
  const bool by_block = entry.shape == Shape::gather_blocks;
  job.dst = operand_of(operand[0], entry.dst_bits, by_block ? w::dst_block.get(word) : 1, w::dst_repeat.get(word));
  const unsigned offsets = by_block ? kBlocks : job.lanes;  // of 32 bits, one repeat after the other
  job.src0 = {operand[1], isa::kBlockBytes, offsets * static_cast<unsigned>(sizeof(std::uint32_t)), 32};
  job.repeats = static_cast<std::uint32_t>(w::repeat.get(word));
}

void set_keep(Job& job, const pipe::Issued& issued, const Entry& entry) {
  namespace w = isa::vreducev2;
  const Word word = job.word = issued.operand[3];
  const Keep keep = keep_of(issued, entry.src_bits);
  job.dst = {issued.operand[0], isa::kBlockBytes, 0, entry.dst_bits};
  job.src0 = operand_of(issued.operand[1], entry.src_bits, w::src0_block.get(word), w::src0_repeat.get(word));
  job.src1 = {issued.operand[2], 0, keep.src1_repeat, 1};
  job.repeats = keep.repeats;
  job.lanes = keep.elements;
}

void set_lists(Job& job, const pipe::Issued& issued, const Entry& entry) {
  job.word = issued.operand[3];
  if (entry.shape == Shape::merge) {
    job.dst = {issued.operand[0], 0, 0, 64};
    job.repeats = static_cast<std::uint32_t>(isa::vmrgsort::repeat.get(job.word));
    return;
  }
  constexpr std::uint32_t index_bytes = kSortGroup * sizeof(std::uint32_t);
  job.dst = {issued.operand[0], 0, kSortGroup * kSortElementBytes, 64};
  job.src0 = {issued.operand[1], 0, kSortGroup * entry.src_bits / 8u, entry.src_bits};
  job.src1 = {issued.operand[2], 0, index_bytes, 32};
  job.repeats = static_cast<std::uint32_t>(isa::vector_binary::repeat.get(job.word));
}

// Shapes whose lanes follow the vector mask.
bool masked(Shape shape) {
  switch (shape) {
    case Shape::binary:
    case Shape::scalar:
    case Shape::unary:
    case Shape::select:
    case Shape::compare_mask:
    case Shape::reduce_sum:
    case Shape::reduce_extreme:
    case Shape::reduce_block:
    case Shape::reduce_pair:
    case Shape::fill:
    case Shape::gather: return true;
    default: return false;
  }
}

void set_masks(Job& job, Shape shape, const pipe::SpecialState& special) {
  const Mask full = Mask::first(std::min(job.lanes, kMaxLanes));
  const bool counts = isa::ctrl::mask_counter.get(special.ctrl) != 0;
  const bool compares = shape == Shape::compare || shape == Shape::compare_scalar;
  job.mask = job.last = full;
  if (!masked(shape) && !(compares && counts)) return;
  if (counts) {
    const std::uint64_t count = std::min(special.mask[0], kMaxCount);
    job.repeats = static_cast<std::uint32_t>((count + job.lanes - 1) / job.lanes);
    if (compares || count == 0) return;
    job.last = Mask::first(static_cast<unsigned>(count - std::uint64_t{job.repeats - 1} * job.lanes));
    job.dense_lanes = static_cast<std::uint32_t>(count);
    return;
  }
  job.mask = job.last = {{special.mask[0] & full.word[0], special.mask[1] & full.word[1]}};
  if (!job.mask.any()) job.repeats = 0;
  const unsigned active = job.mask.count();
  if (job.mask == full) job.dense_lanes = job.lanes * job.repeats;
  else if (job.repeats == 1 && job.mask == Mask::first(active)) job.dense_lanes = active;
}

}  // namespace

Keep keep_of(const pipe::Issued& issued, unsigned element_bits) {
  namespace w = isa::vreducev2;
  const Word word = issued.operand[3];
  const bool counts = w::use_mask_count.get(word) || isa::ctrl::mask_counter.get(issued.special.ctrl);
  Keep keep;
  keep.repeats = static_cast<std::uint32_t>(w::repeat.get(word));
  keep.elements = counts ? static_cast<std::uint32_t>(std::min(issued.special.mask[0], kMaxCount)) : isa::kRepeatBytes * 8 / element_bits;
  keep.pattern = static_cast<unsigned>(w::pattern.get(word));
  keep.src1_repeat = blocks(w::src1_repeat.get(word));
  return keep;
}

Merge merge_of(const std::array<std::uint64_t, 4>& operand) {
  Merge merge;
  merge.repeats = static_cast<std::uint32_t>(isa::vmrgsort::repeat.get(operand[3]));
  merge.valid = static_cast<unsigned>(isa::vmrgsort::valid.get(operand[3]));
  merge.stop_when_exhausted = isa::vmrgsort::exhausted_stop.get(operand[3]) != 0;
  for (unsigned list = 0; list < 4; ++list) {
    merge.address[list] = (operand[1] >> (16 * list) & 0xffff) * kSortElementBytes;
    if (merge.valid >> list & 1) merge.length[list] = static_cast<std::uint32_t>(operand[2] >> (16 * list) & 0xffff);
  }
  return merge;
}

Job make_job(const pipe::Issued& issued, const Entry& entry) {
  Job job;
  const auto& operand = issued.operand;
  const std::uint64_t ctrl = issued.special.ctrl;
  job.special = &issued.special;
  job.operand = &issued.operand;
  job.reads_dst = entry.reads_dst;
  job.int_saturate = isa::ctrl::int_saturate.get(ctrl) != 0;
  job.fp_saturate = isa::ctrl::fp_saturate.get(ctrl) != 0;
  job.convert_saturate = job.fp_saturate || isa::ctrl::convert_saturate.get(ctrl) != 0;
  job.lanes = isa::kRepeatBytes * 8 / std::max<unsigned>({entry.dst_bits, entry.src_bits, 1});
  switch (entry.shape) {
    case Shape::select:
    case Shape::binary:
      set_binary(job, entry, operand[0], operand[1], operand[2], operand[3]);
      if (entry.shape == Shape::select && isa::vector_binary::select_mode.get(job.word) == 1)
        job.src1.block_stride = job.src1.repeat_stride = 0;  // one value for all
      break;
    case Shape::scalar:
      set_unary(job, entry, operand[0], operand[1], operand[3]);
      job.scalar = operand[2];
      break;
    case Shape::unary: set_unary(job, entry, operand[0], operand[1], operand[2]); break;
    case Shape::compare:
      set_binary(job, entry, operand[0], operand[1], operand[2], issued.special.cmp_control);
      set_bit_destination(job, operand[0]);
      break;
    case Shape::compare_scalar:
      set_unary(job, entry, operand[0], operand[1], issued.special.cmp_control);
      set_bit_destination(job, operand[0]);
      job.scalar = operand[2];
      break;
    case Shape::compare_mask:
      set_binary(job, entry, 0, operand[0], operand[1], operand[2]);
      job.dst = {};
      job.repeats = std::min(job.repeats, 1u);
      break;
    case Shape::set_cmpmask: job.src0 = {operand[1], isa::kBlockBytes, 0, 8}; job.repeats = 1; break;
    case Shape::get_cmpmask: job.dst = {operand[0], isa::kBlockBytes, 0, 8}; job.repeats = 1; break;
    case Shape::reduce_sum:
    case Shape::reduce_extreme:
    case Shape::reduce_block:
    case Shape::reduce_pair: set_reduction(job, entry, operand); break;
    case Shape::fill:
      set_unary(job, entry, operand[0], 0, operand[2]);
      job.src0 = {};
      job.scalar = operand[1];
      break;
    case Shape::broadcast:
      set_unary(job, entry, operand[0], operand[1], operand[2]);
      job.src0 = {operand[1], isa::kBlockBytes, kBlocks * entry.src_bits / 8u, entry.src_bits};
      break;
    case Shape::gather:
    case Shape::gather_blocks: set_gather(job, entry, operand); break;
    case Shape::nchw:
      job.word = operand[2];
      job.dst.repeat_stride = blocks(isa::vnchwconv::dst_stride.get(job.word));
      job.src0.repeat_stride = blocks(isa::vnchwconv::src_stride.get(job.word));
      job.repeats = static_cast<std::uint32_t>(isa::vnchwconv::repeat.get(job.word));
      break;
    case Shape::transpose:
      job.dst = {operand[0], isa::kBlockBytes, 0, 16};
      job.src0 = {operand[1], isa::kBlockBytes, 0, 16};
      job.repeats = 1;
      break;
    case Shape::keep: set_keep(job, issued, entry); break;
    case Shape::sort:
    case Shape::merge: set_lists(job, issued, entry); break;
    case Shape::none: break;
  }
  set_masks(job, entry.shape, issued.special);
  return job;
}

namespace {

pipe::OperandFault illegal(std::string detail) { return {FaultKind::illegal_operand, std::move(detail)}; }

pipe::OperandFault check_merge(const pipe::Issued& issued) {
  const Merge merge = merge_of(issued.operand);
  if (merge.repeats <= 1) return {};
  bool chained = merge.valid == 0xf && !merge.stop_when_exhausted;
  for (unsigned list = 1; list < 4; ++list)
    chained = chained && merge.length[list] == merge.length[0] &&
              merge.address[list] == merge.address[list - 1] + std::uint64_t{merge.length[0]} * kSortElementBytes;
  if (chained) return {};
  return illegal("vmrgsort4 with repeat " + std::to_string(merge.repeats) +
                 ": expected four valid lists of one length, one behind the other, without exhausted-stop");
}

pipe::OperandFault check_lists(const pipe::Issued& issued) {
  constexpr std::uint64_t registers = 4, last = 8 - registers;  // sixteen addresses, four in a VA register
  for (unsigned i = 0; i < 2; ++i)
    if (issued.operand[i] > last) return illegal("VA register " + std::to_string(issued.operand[i]) + ": expected the first of four, 0.." + std::to_string(last));
  return {};
}

}  // namespace

pipe::OperandFault check(const pipe::Issued& issued) {
  const Entry& entry = table()[issued.op];
  const bool counts = isa::ctrl::mask_counter.get(issued.special.ctrl) || entry.shape == Shape::keep;
  if (counts && (masked(entry.shape) || entry.shape == Shape::compare || entry.shape == Shape::compare_scalar) &&
      issued.special.mask[0] > kMaxCount)
    return illegal("counter mode with " + std::to_string(issued.special.mask[0]) + " elements: expected at most " + std::to_string(kMaxCount));
  switch (entry.shape) {
    case Shape::select:
      if (isa::vector_binary::select_mode.get(issued.operand[3]) > 2) return illegal("select mode 3: expected 0, 1 or 2");
      return {};
    case Shape::keep: {
      const Keep keep = keep_of(issued, entry.src_bits);
      if (keep.pattern > 7) return illegal("pattern " + std::to_string(keep.pattern) + ": expected 0..7");
      if (keep.elements != isa::kRepeatBytes * 8u / entry.src_bits && issued.special.mask[0] > kMaxCount)
        return illegal("mask count " + std::to_string(issued.special.mask[0]) + ": expected at most " + std::to_string(kMaxCount));
      return {};
    }
    case Shape::merge: return check_merge(issued);
    case Shape::nchw: return check_lists(issued);
    default: return {};
  }
}

}  // namespace vitruvian::vector_unit

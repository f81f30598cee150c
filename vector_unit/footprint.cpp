// The bytes of UB that an operation reads and writes.
#include <algorithm>
#include <bit>

#include "isa/control_words.h"
#include "vector_unit/job.h"
#include "vector_unit/reduce.h"
#include "vector_unit/sort.h"
#include "vector_unit/vector_unit.h"

namespace vitruvian::vector_unit {

namespace {

using memory::Access;
using memory::Footprint;
using memory::Space;

// UB addresses have 18 bits: the bound of a gather whose offsets are not known before it runs.
constexpr std::uint32_t kUbAddressSpace = 1u << 18;

Access set_of(bool write, std::uint64_t base, std::uint32_t bytes, std::uint32_t n0, std::int64_t stride0, std::uint32_t n1,
              std::int64_t stride1, std::uint16_t alignment = isa::kBlockBytes) {
  Access access;
  access.space = Space::UB;
  access.write = write;
  access.alignment = alignment;
  access.base = base;
  access.bytes = bytes;
  access.n0 = n0;
  access.n1 = n1;
  access.stride0 = stride0;
  access.stride1 = stride1;
  // Runs that lie on each other are one run; runs that touch are one longer run.
  if (access.n1 > 1 && access.stride1 == 0) access.n1 = 1;
  if (access.n0 > 1 && access.stride0 == 0) access.n0 = 1;
  if (access.n0 > 1 && access.stride0 == access.bytes) {
    access.bytes *= access.n0;
    access.n0 = 1;
    access.stride0 = 0;
  }
  return access;
}

// The blocks that hold lanes `low` .. `high` - 1, over the repeats first .. first + n - 1.
void add_blocks(Footprint& to, const Operand& operand, bool write, unsigned low, unsigned high, std::uint32_t first, std::uint32_t n) {
  if (n == 0 || operand.bits == 0) return;
  const unsigned width = operand.lanes_per_block(), from = low / width, until = (high + width - 1) / width;
  const std::uint64_t base = operand.base + std::uint64_t{first} * operand.repeat_stride + std::uint64_t{from} * operand.block_stride;
  to.add(set_of(write, base, isa::kBlockBytes, until - from, operand.block_stride, n, operand.repeat_stride));
}

struct Span {
  unsigned low = 0, high = 0;
};
Span span_of(const Mask& mask) {
  Span span;
  span.low = static_cast<unsigned>(mask.word[0] ? std::countr_zero(mask.word[0]) : 64 + std::countr_zero(mask.word[1]));
  span.high = static_cast<unsigned>(mask.word[1] ? 128 - std::countl_zero(mask.word[1]) : 64 - std::countl_zero(mask.word[0]));
  return span;
}

// A tensor under the job's masks. The last repeat is its own set where its mask differs.
void add_tensor(Footprint& to, const Job& job, const Operand& operand, bool write) {
  if (job.repeats == 0 || operand.bits == 0) return;
  const bool differs = !(job.mask == job.last);
  const Span body = span_of(job.mask), tail = span_of(job.last);
  const std::uint32_t whole = differs ? job.repeats - 1 : job.repeats;
  add_blocks(to, operand, write, body.low, body.high, 0, whole);
  if (differs) add_blocks(to, operand, write, tail.low, tail.high, whole, 1);
}

// Results of a reduction: `bytes` a repeat.
void add_results(Footprint& to, const Job& job, std::uint32_t bytes, std::uint16_t alignment) {
  to.add(set_of(true, job.dst.base, bytes, 1, 0, job.repeats, job.dst.repeat_stride, alignment));
}

void add_reduction(Footprint& to, const Job& job, Shape shape) {
  const unsigned element = job.src0.bits / 8u;
  add_tensor(to, job, job.src0, false);
  if (job.repeats == 0) return;
  if (shape == Shape::reduce_sum) return add_results(to, job, element, static_cast<std::uint16_t>(element));
  if (shape == Shape::reduce_extreme) {
    const unsigned bytes = extreme_bytes(static_cast<ExtremeOrder>(isa::vector_reduce::order.get(job.word)), element);
    return add_results(to, job, bytes, static_cast<std::uint16_t>(bytes));
  }
  // Results of groups without an active lane are not written.
  const unsigned group = shape == Shape::reduce_block ? job.src0.lanes_per_block() : 2;
  const auto alignment = static_cast<std::uint16_t>(shape == Shape::reduce_block ? element * kBlocks : isa::kBlockBytes);
  const auto results = [&](const Mask& mask, std::uint32_t first, std::uint32_t n) {
    if (n == 0) return;
    const Span span = span_of(mask);
    const unsigned from = span.low / group, until = (span.high + group - 1) / group;
    const std::uint64_t skipped = std::uint64_t{from} * element;
    to.add(set_of(true, job.dst.base + std::uint64_t{first} * job.dst.repeat_stride + skipped, (until - from) * element, 1, 0, n,
                  job.dst.repeat_stride, skipped ? static_cast<std::uint16_t>(element) : alignment));
  };
  const bool differs = !(job.mask == job.last);
  results(job.mask, 0, differs ? job.repeats - 1 : job.repeats);
  if (differs) results(job.last, job.repeats - 1, 1);
}

void add_compare(Footprint& to, const Job& job) {
  add_tensor(to, job, job.src0, false);
  add_tensor(to, job, job.src1, false);
  to.add(set_of(true, job.dst.base, job.lanes / 8, 1, 0, job.repeats, job.dst.repeat_stride, 1));
}

void add_select_stream(Footprint& to, const Job& job) {
  if (isa::vector_binary::select_mode.get(job.word) == 0 || job.repeats == 0) return;
  const unsigned last = (span_of(job.last).high + 7) / 8, before = (job.repeats - 1) * (job.lanes / 8);
  to.add(set_of(false, job.special->sel_mask, before + last, 1, 0, 1, 0, 1));
}

// The source of a gather: anywhere from the base on.
void add_gather(Footprint& to, const Job& job, Shape shape) {
  if (shape == Shape::gather) {
    add_tensor(to, job, job.dst, true);
    if (job.repeats) {
      const Span last = span_of(job.last);
      const std::uint32_t before = (job.repeats - 1) * job.src0.repeat_stride;
      to.add(set_of(false, job.src0.base, before + last.high * 4, 1, 0, 1, 0));
    }
  } else {
    add_blocks(to, job.dst, true, 0, kBlocks * job.dst.lanes_per_block(), 0, job.repeats);
    to.add(set_of(false, job.src0.base, job.src0.repeat_stride, 1, 0, job.repeats, job.src0.repeat_stride));
  }
  if (job.repeats == 0) return;
  const auto base = static_cast<std::uint32_t>(std::min<std::uint64_t>(isa::vgather::base.get(job.word), kUbAddressSpace));
  Access source = set_of(false, base, kUbAddressSpace - base, 1, 0, 1, 0, 1);
  source.bounding = true;
  to.add(source);
}

// Sixteen blocks at any sixteen addresses: exact when they are evenly spaced, otherwise bounded.
void add_list(Footprint& to, const Job& job, unsigned operand, std::uint32_t repeat_stride, bool write) {
  std::array<std::uint64_t, isa::kFractalSide> address;
  for (unsigned row = 0; row < address.size(); ++row)
    address[row] = (job.special->va[(*job.operand)[operand] + row / 4] >> (row % 4 * 16) & 0xffff) * isa::kBlockBytes;
  const auto stride = static_cast<std::int64_t>(address[1]) - static_cast<std::int64_t>(address[0]);
  bool even = true;
  for (unsigned row = 1; row < address.size(); ++row)
    even = even && static_cast<std::int64_t>(address[row]) - static_cast<std::int64_t>(address[row - 1]) == stride;
  const auto rows = static_cast<std::uint32_t>(address.size());
  if (even) return to.add(set_of(write, address[0], isa::kBlockBytes, rows, stride, job.repeats, repeat_stride));
  const auto [low, high] = std::minmax_element(address.begin(), address.end());
  Access access = set_of(write, *low, static_cast<std::uint32_t>(*high - *low) + isa::kBlockBytes, 1, 0, job.repeats, repeat_stride);
  access.bounding = true;
  to.add(access);
}

void add_keep(Footprint& to, const Job& job) {
  if (job.repeats == 0 || job.lanes == 0) return;
  add_blocks(to, job.src0, false, 0, job.lanes, 0, job.repeats);
  const auto pattern = static_cast<unsigned>(isa::vreducev2::pattern.get(job.word));
  if (pattern == 0) to.add(set_of(false, job.src1.base, (job.lanes + 7) / 8, 1, 0, job.repeats, job.src1.repeat_stride));
  std::uint64_t kept = job.lanes;
  if (pattern >= 1 && pattern <= 2) kept = (job.lanes + (pattern == 1 ? 1 : 0)) / 2;
  if (pattern >= 3 && pattern <= 6) kept = (job.lanes + 6 - pattern) / 4;
  Access written = set_of(true, job.dst.base, static_cast<std::uint32_t>(kept * job.repeats * job.dst.bits / 8), 1, 0, 1, 0);
  written.bounding = pattern == 0;
  to.add(written);
}

void add_merge(Footprint& to, const Job& job) {
  const Merge merge = merge_of(*job.operand);
  const std::uint32_t all = merge.total() * kSortElementBytes;
  for (unsigned list = 0; list < 4; ++list)
    to.add(set_of(false, merge.address[list], merge.length[list] * kSortElementBytes, 1, 0, merge.repeats, all, kSortElementBytes));
  Access written = set_of(true, job.dst.base, all, 1, 0, merge.repeats, all);
  written.bounding = merge.stop_when_exhausted;
  to.add(written);
}

}  // namespace

Footprint footprint(const pipe::Issued& issued) {
  const Entry& entry = table()[issued.op];
  const Job job = make_job(issued, entry);
  Footprint touched;
  switch (entry.shape) {
    case Shape::select: add_select_stream(touched, job); [[fallthrough]];
    case Shape::binary:
    case Shape::scalar:
    case Shape::unary:
    case Shape::fill:
    case Shape::compare_mask:
      add_tensor(touched, job, job.src0, false);
      add_tensor(touched, job, job.src1, false);
      if (job.reads_dst) add_tensor(touched, job, job.dst, false);
      add_tensor(touched, job, job.dst, true);
      break;
    case Shape::compare:
    case Shape::compare_scalar: add_compare(touched, job); break;
    case Shape::set_cmpmask: touched.add(set_of(false, job.src0.base, 2 * sizeof(std::uint64_t), 1, 0, 1, 0, 16)); break;
    case Shape::get_cmpmask: touched.add(set_of(true, job.dst.base, 2 * sizeof(std::uint64_t), 1, 0, 1, 0, 16)); break;
    case Shape::reduce_sum:
    case Shape::reduce_extreme:
    case Shape::reduce_block:
    case Shape::reduce_pair: add_reduction(touched, job, entry.shape); break;
    case Shape::broadcast:
      touched.add(set_of(false, job.src0.base, job.src0.repeat_stride, 1, 0, job.repeats, job.src0.repeat_stride));
      add_blocks(touched, job.dst, true, 0, kBlocks * job.dst.lanes_per_block(), 0, job.repeats);
      break;
    case Shape::gather:
    case Shape::gather_blocks: add_gather(touched, job, entry.shape); break;
    case Shape::nchw:
      add_list(touched, job, 1, job.src0.repeat_stride, false);
      add_list(touched, job, 0, job.dst.repeat_stride, true);
      break;
    case Shape::transpose:
      touched.add(set_of(false, job.src0.base, isa::kFractalBytes, 1, 0, 1, 0));
      touched.add(set_of(true, job.dst.base, isa::kFractalBytes, 1, 0, 1, 0));
      break;
    case Shape::keep: add_keep(touched, job); break;
    case Shape::sort:
      touched.add(set_of(false, job.src0.base, job.src0.repeat_stride, 1, 0, job.repeats, job.src0.repeat_stride));
      touched.add(set_of(false, job.src1.base, job.src1.repeat_stride, 1, 0, job.repeats, job.src1.repeat_stride));
      touched.add(set_of(true, job.dst.base, job.dst.repeat_stride, 1, 0, job.repeats, job.dst.repeat_stride));
      break;
    case Shape::merge: add_merge(touched, job); break;
    case Shape::none: break;
  }
  return touched;
}

}  // namespace vitruvian::vector_unit

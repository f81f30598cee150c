// Operations that move elements without arithmetic: fill, broadcast, gather, transpose.
#include <string>

#include "isa/control_words.h"
#include "vector_unit/lanes.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

namespace {

using isa::Op;

template <class U>
void fill(const Job& job, const Core& core) {
  const auto scalar = scalar_value<U>(job.scalar);
  if (job.dense_lanes && job.dst.dense(job.lanes, job.repeats)) {
    auto* to = reinterpret_cast<typename U::Value*>(core.ub + job.dst.base);
    std::fill(to, to + job.dense_lanes, scalar);
    return;
  }
  typename U::Value room[kMaxLanes];
  std::fill(room, room + job.lanes, scalar);
  for (std::uint32_t i = 0; i < job.repeats; ++i) scatter(core, job.dst, i, job.mask_of(i), job.lanes, room);
}

template <class U>
void broadcast(const Job& job, const Core& core) {
  using V = typename U::Value;
  V block[isa::kBlockBytes / sizeof(V)], values[kBlocks];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    std::memcpy(values, core.ub + job.src0.base + std::uint64_t{i} * job.src0.repeat_stride, sizeof values);
    std::uint8_t* to = core.ub + job.dst.base + std::uint64_t{i} * job.dst.repeat_stride;
    for (const V value : values) {
      std::fill(std::begin(block), std::end(block), value);
      std::memcpy(to, block, sizeof block);
      to += job.dst.block_stride;
    }
  }
}

[[gnu::cold, gnu::noinline]] void refuse(const Core& core, std::uint64_t address, unsigned bytes) {
  const bool misaligned = address % bytes != 0;
  core.fault->kind = misaligned ? FaultKind::misaligned : FaultKind::out_of_bounds;
  core.fault->detail = "gathered address " + std::to_string(address) +
                       (misaligned ? " is not a multiple of " + std::to_string(bytes)
                                   : " + " + std::to_string(bytes) + " lies outside UB of " + std::to_string(core.ub_bytes) + " bytes");
}
// Aligned to its size and in UB.
template <unsigned kBytes>
bool can_read(const Core& core, std::uint64_t address) {
  return address % kBytes == 0 && address + kBytes <= core.ub_bytes;
}

template <class U>
void gather(const Job& job, const Core& core) {
  using V = typename U::Value;
  const std::uint64_t base = isa::vgather::base.get(job.word);
  V room[kMaxLanes] = {};
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    const Mask& mask = job.mask_of(i);
    const std::uint8_t* offsets = core.ub + job.src0.base + std::uint64_t{i} * job.src0.repeat_stride;
    for (unsigned lane = 0; lane < job.lanes; ++lane) {
      if (!mask.test(lane)) continue;
      std::uint32_t offset;
      std::memcpy(&offset, offsets + lane * sizeof offset, sizeof offset);
      if (!can_read<sizeof(V)>(core, base + offset)) [[unlikely]] return refuse(core, base + offset, sizeof(V));
      std::memcpy(&room[lane], core.ub + base + offset, sizeof(V));
    }
    scatter(core, job.dst, i, mask, job.lanes, room);
  }
}

void gather_blocks(const Job& job, const Core& core) {
  const std::uint64_t base = isa::vgather::base.get(job.word);
  std::uint8_t room[kBlocks][isa::kBlockBytes];
  std::uint32_t offsets[kBlocks];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    std::memcpy(offsets, core.ub + job.src0.base + std::uint64_t{i} * job.src0.repeat_stride, sizeof offsets);
    for (unsigned block = 0; block < kBlocks; ++block) {
      if (!can_read<isa::kBlockBytes>(core, base + offsets[block])) return refuse(core, base + offsets[block], isa::kBlockBytes);
      std::memcpy(room[block], core.ub + base + offsets[block], isa::kBlockBytes);
    }
    std::uint8_t* to = core.ub + job.dst.base + std::uint64_t{i} * job.dst.repeat_stride;
    for (unsigned block = 0; block < kBlocks; ++block) std::memcpy(to + block * job.dst.block_stride, room[block], isa::kBlockBytes);
  }
}

// --- transposes of sixteen blocks
inline constexpr unsigned kRows = isa::kFractalSide;

template <class U>
void transpose_rows(const std::uint8_t (&in)[kRows][isa::kBlockBytes], std::uint8_t (&out)[kRows][isa::kBlockBytes]) {
  // 16 bits: element (row, column) goes to row `column`. 32 bits: column c fills the two blocks 2c and 2c+1.
  constexpr unsigned size = sizeof(typename U::Value), columns = isa::kBlockBytes / size, per_block = columns;
  for (unsigned row = 0; row < kRows; ++row)
    for (unsigned column = 0; column < columns; ++column) {
      const unsigned block = column * (kRows / per_block) + row / per_block;
      std::memcpy(out[block] + row % per_block * size, in[row] + column * size, size);
    }
}

std::uint64_t list_address(const Job& job, unsigned operand, unsigned row) {
  const std::uint64_t va = job.special->va[(*job.operand)[operand] + row / 4];
  return (va >> (row % 4 * 16) & 0xffff) * isa::kBlockBytes;
}

template <class U>
void transpose_lists(const Job& job, const Core& core) {
  std::uint8_t in[kRows][isa::kBlockBytes], out[kRows][isa::kBlockBytes];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    for (unsigned row = 0; row < kRows; ++row)
      std::memcpy(in[row], core.ub + list_address(job, 1, row) + std::uint64_t{i} * job.src0.repeat_stride, isa::kBlockBytes);
    transpose_rows<U>(in, out);
    for (unsigned row = 0; row < kRows; ++row)
      std::memcpy(core.ub + list_address(job, 0, row) + std::uint64_t{i} * job.dst.repeat_stride, out[row], isa::kBlockBytes);
  }
}

// 8 bits: sixteen columns of one half of the source blocks become one half of each destination block.
void transpose_bytes(const Job& job, const Core& core) {
  constexpr unsigned half = isa::kBlockBytes / 2;
  const unsigned from = isa::vnchwconv::src_high.get(job.word) ? half : 0, to = isa::vnchwconv::dst_high.get(job.word) ? half : 0;
  std::uint8_t in[kRows][half], out[kRows][half];
  for (std::uint32_t i = 0; i < job.repeats; ++i) {
    for (unsigned row = 0; row < kRows; ++row)
      std::memcpy(in[row], core.ub + list_address(job, 1, row) + std::uint64_t{i} * job.src0.repeat_stride + from, half);
    for (unsigned row = 0; row < kRows; ++row)
      for (unsigned column = 0; column < half; ++column) out[column][row] = in[row][column];
    for (unsigned row = 0; row < kRows; ++row)
      std::memcpy(core.ub + list_address(job, 0, row) + std::uint64_t{i} * job.dst.repeat_stride + to, out[row], half);
  }
}

void transpose_square(const Job& job, const Core& core) {
  std::uint8_t in[kRows][isa::kBlockBytes], out[kRows][isa::kBlockBytes];
  std::memcpy(in, core.ub + job.src0.base, sizeof in);
  transpose_rows<U16>(in, out);
  std::memcpy(core.ub + job.dst.base, out, sizeof out);
}

}  // namespace

void add_move(Table& table) {
  table.set(Op::vector_dup_b16, {Shape::fill, 16, 16, false, fill<U16>});
  table.set(Op::vector_dup_b32, {Shape::fill, 32, 32, false, fill<U32>});
  table.set(Op::vbrcb_b16, {Shape::broadcast, 16, 16, false, broadcast<U16>});
  table.set(Op::vbrcb_b32, {Shape::broadcast, 32, 32, false, broadcast<U32>});
  table.set(Op::vgather_b16, {Shape::gather, 16, 16, false, gather<U16>});
  table.set(Op::vgather_b32, {Shape::gather, 32, 32, false, gather<U32>});
  table.set(Op::vgatherb, {Shape::gather_blocks, 32, 32, false, gather_blocks});
  table.set(Op::scatter_vnchwconv_b8, {Shape::nchw, 8, 8, false, transpose_bytes});
  table.set(Op::scatter_vnchwconv_b16, {Shape::nchw, 16, 16, false, transpose_lists<U16>});
  table.set(Op::scatter_vnchwconv_b32, {Shape::nchw, 32, 32, false, transpose_lists<U32>});
  table.set(Op::vtranspose_b16, {Shape::transpose, 16, 16, false, transpose_square});
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL

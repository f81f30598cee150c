// Copies in bursts: 32 B blocks, byte-aligned with padding, L1 -> BT and FB, UB -> UB, and the fills.
#include <cstring>

#include "src/mte/gm_atomic.h"
#include "src/mte/number_formats.h"
#include "src/mte/routes.h"

namespace vitruvian::mte {
namespace {

// Bytes of one unit of burst length and gap.
constexpr std::uint32_t kBiasUnit = 64, kFixpipeUnit = 128;

std::uint32_t unit_of(Space dst) {
  return dst == Space::BT ? kBiasUnit : dst == Space::FB ? kFixpipeUnit : isa::kBlockBytes;
}

// A burst copy in bytes. A converting L1 -> BT copy counts its units in BT: half as many bytes in L1 (ours).
struct Bursts {
  std::uint32_t count, src_bytes, dst_bytes;
  std::int64_t src_stride, dst_stride;
  bool convert;
};

Bursts bursts_of(const pipe::Issued& issued, const Route& route) {
  const std::uint64_t word = issued.operand[2];
  const bool convert = route.dst == Space::BT && isa::dma::convert.get(word) != 0;
  const std::uint32_t dst_unit = unit_of(route.dst), src_unit = convert ? dst_unit / 2 : dst_unit;
  const auto length = static_cast<std::uint32_t>(isa::dma::burst_length.get(word));
  return {static_cast<std::uint32_t>(isa::dma::burst_count.get(word)), length * src_unit, length * dst_unit,
          static_cast<std::int64_t>((length + isa::dma::src_gap.get(word)) * src_unit),
          static_cast<std::int64_t>((length + isa::dma::dst_gap.get(word)) * dst_unit), convert};
}

// A byte-aligned copy: GM rows of `bytes`, UB rows of `ub_bytes` = padding + row rounded up to 32 B.
struct AlignedRows {
  std::uint32_t count, bytes, left, right, ub_bytes;
  std::int64_t gm_stride, ub_stride;
  bool fill;
};

AlignedRows aligned_rows_of(const pipe::Issued& issued, const Route& route) {
  const std::uint64_t word = issued.operand[2], gaps = issued.operand[3];
  const bool reads_gm = route.src == Space::GM;
  AlignedRows rows{};
  rows.count = static_cast<std::uint32_t>(isa::dma_align::burst_count.get(word));
  rows.bytes = static_cast<std::uint32_t>(isa::dma_align::burst_length.get(word));
  if (reads_gm) {
    rows.left = static_cast<std::uint32_t>(isa::dma_align::left_pad.get(word)) * route.element;
    rows.right = static_cast<std::uint32_t>(isa::dma_align::right_pad.get(word)) * route.element;
  }
  rows.ub_bytes = (rows.left + rows.bytes + rows.right + isa::kBlockBytes - 1) / isa::kBlockBytes * isa::kBlockBytes;
  if (rows.bytes == 0) rows.count = 0;
  const std::uint64_t src_gap = isa::dma_align::src_gap.get(gaps), dst_gap = isa::dma_align::dst_gap.get(gaps);
  rows.gm_stride = static_cast<std::int64_t>(rows.bytes + (reads_gm ? src_gap : dst_gap));
  rows.ub_stride = static_cast<std::int64_t>(rows.ub_bytes + (reads_gm ? dst_gap : src_gap) * isa::kBlockBytes);
  rows.fill = isa::dma_align::fill.get(word) != 0;
  return rows;
}

memory::Access rows_access(Space space, bool write, std::uint64_t base, std::uint32_t bytes, std::uint32_t count,
                           std::int64_t stride) {
  memory::Access access;
  access.space = space;
  access.write = write;
  access.alignment = alignment_of(space);
  access.bytes = bytes;
  access.n0 = count;
  access.stride0 = stride;
  access.base = base;
  return access;
}

// L1 side of the BT and FB copies keeps L1's own alignment.
void convert_row(std::uint8_t* dst, const std::uint8_t* src, std::uint32_t dst_bytes) {
  for (std::uint32_t i = 0; i < dst_bytes / 4; ++i) {
    std::uint16_t half;
    std::memcpy(&half, src + 2 * i, sizeof half);
    const float value = float_from_f16(half);
    std::memcpy(dst + 4 * i, &value, sizeof value);
  }
}

void write_pad(std::uint8_t* dst, std::uint32_t bytes, std::uint64_t value, std::uint32_t element) {
  for (std::uint32_t at = 0; at < bytes; at += element) std::memcpy(dst + at, &value, element);
}

void read_row(std::uint8_t* dst, const std::uint8_t* src, const AlignedRows& rows, std::uint64_t pad, std::uint32_t element) {
  if (rows.left) write_pad(dst, rows.left, pad, element);
  std::memcpy(dst + rows.left, src, rows.bytes);
  const std::uint32_t end = rows.left + rows.bytes;
  if (rows.right) write_pad(dst + end, rows.right, pad, element);
  const std::uint32_t tail = rows.ub_bytes - end - rows.right;
  if (tail) std::memset(dst + end + rows.right, 0, tail);
}

struct Fill {
  std::uint32_t repeat, bytes;
  std::int64_t stride;
};

Fill fill_of(const pipe::Issued& issued, const Route& route) {
  const std::uint64_t word = issued.operand[2];
  const std::uint64_t unit = route.dst == Space::L1 ? isa::kBlockBytes : isa::kFractalBytes;
  const std::uint64_t blocks = isa::set2d::blocks.get(word);
  return {static_cast<std::uint32_t>(isa::set2d::repeat.get(word)), static_cast<std::uint32_t>(blocks * unit),
          static_cast<std::int64_t>((blocks + isa::set2d::gap.get(word)) * unit)};
}

}  // namespace

pipe::OperandFault check_copy(const pipe::Issued& issued, const Route& route) {
  if (route.dst == Space::GM) {
    const unsigned element = element_bytes(atomic_of(issued.special.ctrl).type);
    if (element > 1 && issued.operand[0] % element != 0)
      return {FaultKind::misaligned, "atomic write: the GM address is not a multiple of its element"};
  }
  return {};
}

void footprint_copy(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  const Bursts bursts = bursts_of(issued, route);
  footprint.add(rows_access(route.src, false, issued.operand[1], bursts.src_bytes, bursts.count, bursts.src_stride));
  footprint.add(rows_access(route.dst, true, issued.operand[0], bursts.dst_bytes, bursts.count, bursts.dst_stride));
}

void execute_copy(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const Bursts bursts = bursts_of(issued, route);
  if (bursts.count == 0 || bursts.src_bytes == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, issued.operand[0]);
  const std::uint8_t* src = pointer(memory, route.src, issued.operand[1]);
  const Atomic atomic = route.dst == Space::GM ? atomic_of(issued.special.ctrl) : Atomic{};
  for (std::uint32_t i = 0; i < bursts.count; ++i, dst += bursts.dst_stride, src += bursts.src_stride) {
    if (bursts.convert)
      convert_row(dst, src, bursts.dst_bytes);
    else if (route.src == route.dst)
      std::memmove(dst, src, bursts.src_bytes);
    else
      write_gm(dst, src, bursts.src_bytes, atomic);
  }
}

pipe::OperandFault check_align(const pipe::Issued& issued, const Route& route) {
  const AlignedRows rows = aligned_rows_of(issued, route);
  if (rows.bytes % route.element != 0) return {FaultKind::illegal_operand, "the burst length is not a multiple of the element"};
  if (rows.left > isa::kBlockBytes || rows.right > isa::kBlockBytes)
    return {FaultKind::illegal_operand, "a padding is longer than 32 B"};
  const std::uint64_t gm = issued.operand[route.src == Space::GM ? 1 : 0];
  if (gm % route.element != 0) return {FaultKind::misaligned, "the GM address is not a multiple of the element"};
  return {};
}

void footprint_align(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  const AlignedRows rows = aligned_rows_of(issued, route);
  const auto count = rows.count;
  if (route.src == Space::GM) {
    footprint.add(rows_access(Space::GM, false, issued.operand[1], rows.bytes, count, rows.gm_stride));
    footprint.add(rows_access(Space::UB, true, issued.operand[0], rows.ub_bytes, count, rows.ub_stride));
  } else {
    footprint.add(rows_access(Space::UB, false, issued.operand[1], rows.bytes, count, rows.ub_stride));
    footprint.add(rows_access(Space::GM, true, issued.operand[0], rows.bytes, count, rows.gm_stride));
  }
}

void execute_align(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const AlignedRows rows = aligned_rows_of(issued, route);
  if (rows.count == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, issued.operand[0]);
  const std::uint8_t* src = pointer(memory, route.src, issued.operand[1]);
  if (route.src == Space::GM) {
    const std::uint64_t pad = rows.fill ? issued.special.mov_pad_value : 0;
    for (std::uint32_t i = 0; i < rows.count; ++i, dst += rows.ub_stride, src += rows.gm_stride)
      read_row(dst, src, rows, pad, route.element);
    return;
  }
  const Atomic atomic = atomic_of(issued.special.ctrl);
  for (std::uint32_t i = 0; i < rows.count; ++i, dst += rows.gm_stride, src += rows.ub_stride)
    write_gm(dst, src, rows.bytes, atomic);
}

void footprint_fill(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  const Fill fill = fill_of(issued, route);
  footprint.add(rows_access(route.dst, true, issued.operand[0], fill.bytes, fill.repeat, fill.stride));
}

void execute_fill(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const Fill fill = fill_of(issued, route);
  if (fill.repeat == 0 || fill.bytes == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, issued.operand[0]);
  for (std::uint32_t i = 0; i < fill.repeat; ++i, dst += fill.stride)
    write_pad(dst, fill.bytes, issued.operand[1], route.element);
}

}  // namespace vitruvian::mte

// load2D: 512 B fractals from L1 or GM into L0A, L0B, as they are or transposed.
//
// A transposing load handles squares: b16 one fractal (16 x 16); b8 two fractals one above the other (32 x 32);
// b32 two fractals side by side (16 x 16). start, src_stride count squares; the gaps count fractals.
#include <cstring>

#include "src/mte/routes.h"
#include "src/mte/transpose.h"

namespace vitruvian::mte {
namespace {

struct Squares {
  std::uint32_t repeat, fractals;  // fractals of a square
  std::uint64_t src, dst;          // addresses of the first fractals
  std::int64_t src_stride, dst_stride, src_fractal, dst_fractal;
};

bool has_second_word(isa::Op op) {
  return op != isa::Op::load_cbuf_to_ca_t_b16 && op != isa::Op::load_cbuf_to_cb_t_b16;
}

Squares squares_of(const pipe::Issued& issued, const Route& route) {
  namespace f = isa::load2d;
  const std::uint64_t word = issued.operand[2];
  const bool two_words = route.kind == Kind::transpose && has_second_word(issued.op);
  const std::uint64_t second = two_words ? issued.operand[3] : 0;
  const bool square = route.kind == Kind::transpose;
  constexpr std::int64_t kBytes = isa::kFractalBytes;
  Squares s{};
  s.fractals = square && route.element != 2 ? 2 : 1;
  s.repeat = static_cast<std::uint32_t>(f::repeat.get(word));
  const auto fractals = static_cast<std::int64_t>(s.fractals);
  const auto stride = static_cast<std::int64_t>(f::src_stride.get(word)) * fractals * kBytes;
  s.src_stride = f::decrement.get(word) ? -stride : stride;
  s.src = issued.operand[1] + f::start.get(word) * s.fractals * isa::kFractalBytes;
  s.dst = issued.operand[0];
  s.dst_stride = static_cast<std::int64_t>(1 + f::dst_gap.get(word)) * kBytes;
  s.src_fractal = static_cast<std::int64_t>(1 + f::src_fractal_gap.get(second)) * kBytes;
  s.dst_fractal = static_cast<std::int64_t>(1 + f::dst_fractal_gap.get(second)) * kBytes;
  return s;
}

void footprint_squares(const Squares& s, const Route& route, memory::Footprint& footprint) {
  memory::Access read;
  read.space = route.src;
  read.alignment = alignment_of(route.src);
  read.bytes = isa::kFractalBytes;
  read.base = s.src;
  read.n0 = s.repeat, read.stride0 = s.src_stride;
  read.n1 = s.fractals, read.stride1 = s.src_fractal;
  footprint.add(read);
  memory::Access write = read;
  write.space = route.dst;
  write.write = true;
  write.alignment = alignment_of(route.dst);
  write.base = s.dst;
  write.stride0 = s.dst_stride;
  write.stride1 = s.dst_fractal;
  footprint.add(write);
}

// in[r][c] lies in fractal r / 16, out[c][r] in fractal c / 16.
void transpose_square_b8(std::uint8_t* dst, const std::uint8_t* src, const Squares& s) {
  constexpr std::size_t kSide = 16;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      transpose_16x16_b8(dst + static_cast<std::int64_t>(j) * s.dst_fractal + i * kSide, isa::kBlockBytes,
                         src + static_cast<std::int64_t>(i) * s.src_fractal + j * kSide, isa::kBlockBytes);
}

// in[r][c] lies in fractal c / 8, out[c][r] in fractal r / 8.
void transpose_square_b32(std::uint8_t* dst, const std::uint8_t* src, const Squares& s) {
  constexpr std::size_t kHalf = isa::kFractalBytes / 2;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j)
      transpose_8x8_b32(dst + static_cast<std::int64_t>(i) * s.dst_fractal + j * kHalf,
                        src + static_cast<std::int64_t>(j) * s.src_fractal + i * kHalf);
}

}  // namespace

void footprint_load2d(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  footprint_squares(squares_of(issued, route), route, footprint);
}

void footprint_transpose(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  footprint_squares(squares_of(issued, route), route, footprint);
}

void execute_load2d(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const Squares s = squares_of(issued, route);
  if (s.repeat == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, s.dst);
  const std::uint8_t* src = pointer(memory, route.src, s.src);
  if (s.src_stride == isa::kFractalBytes && s.dst_stride == isa::kFractalBytes) {
    std::memcpy(dst, src, std::size_t{s.repeat} * isa::kFractalBytes);
    return;
  }
  for (std::uint32_t i = 0; i < s.repeat; ++i, dst += s.dst_stride, src += s.src_stride)
    std::memcpy(dst, src, isa::kFractalBytes);
}

void execute_transpose(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const Squares s = squares_of(issued, route);
  if (s.repeat == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, s.dst);
  const std::uint8_t* src = pointer(memory, route.src, s.src);
  for (std::uint32_t i = 0; i < s.repeat; ++i, dst += s.dst_stride, src += s.src_stride) {
    if (route.element == 2)
      transpose_16x16_b16(dst, src);
    else if (route.element == 1)
      transpose_square_b8(dst, src, s);
    else
      transpose_square_b32(dst, src, s);
  }
}

}  // namespace vitruvian::mte

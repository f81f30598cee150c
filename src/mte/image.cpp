// load3D (img2col): an L1 feature map [c1][H][W][32 B] seen as the matrix [positions][c1, kh, kw, c0], of which
// m_extent x k_extent elements from (m_start, k_start) go to L0 in fractals of 16 positions x 32 B.
//
//   to L0A, plain:     A = matrix            fractals in the order (m, k), as they are         (Zz)
//   to L0A, transpose: A = matrix^T, b16     fractals in the order (k, m), each transposed     (Zz)
//   to L0B, plain:     B = matrix^T          fractals in the order (k, m), as they are         (Zn)
//   to L0B, transpose: B = matrix, b16       fractals in the order (m, k), each transposed     (Zn)
//
// Which of the forms the transpose bit means for L0B is not public: ours. Positions beyond the last one are zero, blocks in
// the padding hold PADDING. Approximation: no repeat mode (L3D_RPT times > 1 is unsupported).
#include <algorithm>
#include <cstring>

#include "src/mte/routes.h"
#include "src/mte/transpose.h"

namespace vitruvian::mte {
namespace {

struct Image {
  std::int64_t width, height, pad_left, pad_top, stride_w, stride_h, dilation_w, dilation_h, filter_w, filter_h;
  std::int64_t out_width, out_height;
  std::uint32_t m_start, m_fractals, k_first, k_fractals;
  bool transpose, k_outer;
};

Image image_of(const pipe::Issued& issued, const Route& route) {
  namespace f = isa::load3d;
  const std::uint64_t a = issued.operand[2], b = issued.operand[3];
  const std::uint64_t map = f::fmatrix_b.get(b) ? issued.special.fmatrix_b : issued.special.fmatrix;
  const auto signed_of = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  Image image{};
  image.width = signed_of(isa::fmatrix::width.get(map));
  image.height = signed_of(isa::fmatrix::height.get(map));
  image.pad_left = signed_of(isa::fmatrix::pad_left.get(map));
  image.pad_top = signed_of(isa::fmatrix::pad_top.get(map));
  image.stride_w = std::max<std::int64_t>(1, signed_of(f::stride_w.get(b)));
  image.stride_h = std::max<std::int64_t>(1, signed_of(f::stride_h.get(b)));
  image.dilation_w = std::max<std::int64_t>(1, signed_of(f::dilation_w.get(b)));
  image.dilation_h = std::max<std::int64_t>(1, signed_of(f::dilation_h.get(b)));
  image.filter_w = std::max<std::int64_t>(1, signed_of(f::filter_w_low.get(b) | f::filter_w_high.get(b) << 8));
  image.filter_h = std::max<std::int64_t>(1, signed_of(f::filter_h_low.get(b) | f::filter_h_high.get(b) << 8));
  const std::int64_t span_w = image.width + image.pad_left + signed_of(isa::fmatrix::pad_right.get(map)) -
                              (image.dilation_w * (image.filter_w - 1) + 1);
  const std::int64_t span_h = image.height + image.pad_top + signed_of(isa::fmatrix::pad_bottom.get(map)) -
                              (image.dilation_h * (image.filter_h - 1) + 1);
  image.out_width = span_w < 0 ? 0 : span_w / image.stride_w + 1;
  image.out_height = span_h < 0 ? 0 : span_h / image.stride_h + 1;
  const auto up = [](std::uint64_t value, std::uint64_t unit) { return static_cast<std::uint32_t>((value + unit - 1) / unit); };
  const std::uint64_t c0 = isa::kBlockBytes / route.element;
  image.m_start = static_cast<std::uint32_t>(f::m_start.get(a));
  image.m_fractals = up(f::m_extent.get(a), isa::kFractalSide);
  image.k_first = static_cast<std::uint32_t>(f::k_start.get(a) / c0);
  image.k_fractals = up(f::k_extent.get(a), c0);
  image.transpose = f::transpose.get(b) != 0;
  image.k_outer = image.transpose == (route.dst == Space::L0A);
  return image;
}

bool is_pointwise(const Image& image) {
  return image.filter_w == 1 && image.filter_h == 1 && image.stride_w == 1 && image.stride_h == 1 &&
         image.out_width == image.width && image.out_height == image.height && image.pad_left == 0 && image.pad_top == 0;
}

// Byte offset in L1 of the block of position m and column k of blocks; negative in the padding.
std::int64_t block_offset(const Image& image, std::int64_t m, std::int64_t k) {
  const std::int64_t taps = image.filter_w * image.filter_h;
  const std::int64_t c1 = k / taps, tap = k % taps;
  const std::int64_t h = m / image.out_width * image.stride_h - image.pad_top + tap / image.filter_w * image.dilation_h;
  const std::int64_t w = m % image.out_width * image.stride_w - image.pad_left + tap % image.filter_w * image.dilation_w;
  if (h < 0 || h >= image.height || w < 0 || w >= image.width) return -1;
  return ((c1 * image.height + h) * image.width + w) * isa::kBlockBytes;
}

void gather_fractal(std::uint8_t* dst, const std::uint8_t* src, const Image& image, std::uint32_t m1, std::uint32_t k1,
                    std::uint64_t padding, unsigned element) {
  const std::int64_t positions = image.out_width * image.out_height;
  const std::int64_t first = std::int64_t{image.m_start} + std::int64_t{m1} * isa::kFractalSide;
  const std::int64_t k = std::int64_t{image.k_first} + k1;
  if (is_pointwise(image) && first + isa::kFractalSide <= positions) {
    std::memcpy(dst, src + (k * positions + first) * isa::kBlockBytes, isa::kFractalBytes);
    return;
  }
  for (std::int64_t row = 0; row < isa::kFractalSide; ++row, dst += isa::kBlockBytes) {
    if (first + row >= positions) {
      std::memset(dst, 0, isa::kBlockBytes);
      continue;
    }
    const std::int64_t offset = block_offset(image, first + row, k);
    if (offset >= 0)
      std::memcpy(dst, src + offset, isa::kBlockBytes);
    else
      for (unsigned at = 0; at < isa::kBlockBytes; at += element) std::memcpy(dst + at, &padding, element);
  }
}

}  // namespace

pipe::OperandFault check_image(const pipe::Issued& issued, const Route& route) {
  const Image image = image_of(issued, route);
  const std::uint64_t c0 = isa::kBlockBytes / route.element;
  if (image.transpose && route.element != 2)
    return {FaultKind::unsupported, "load3D transposes 16-bit elements only"};
  if (isa::l3d_repeat::times.get(issued.special.l3d_rpt) > 1)
    return {FaultKind::unsupported, "load3D with a repeat (L3D_RPT times > 1)"};
  if (isa::load3d::k_start.get(issued.operand[2]) % c0 != 0)
    return {FaultKind::illegal_operand, "load3D: k_start is not a multiple of the elements of a 32 B block"};
  if (image.m_fractals && image.k_fractals && (image.out_width == 0 || image.out_height == 0))
    return {FaultKind::illegal_operand, "load3D: the filter is larger than the padded feature map of FMATRIX"};
  return {};
}

void footprint_image(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  const Image image = image_of(issued, route);
  if (image.m_fractals == 0 || image.k_fractals == 0) return;
  memory::Access read;
  read.space = Space::L1;
  read.alignment = isa::kBlockBytes;
  const std::int64_t pixels = image.width * image.height, taps = image.filter_w * image.filter_h;
  read.stride0 = pixels * isa::kBlockBytes;
  const std::int64_t c1 = image.k_first / taps;
  read.n0 = static_cast<std::uint32_t>((std::int64_t{image.k_first} + image.k_fractals - 1) / taps - c1 + 1);
  if (is_pointwise(image)) {
    const std::int64_t rows = std::min<std::int64_t>(std::int64_t{image.m_fractals} * isa::kFractalSide, pixels - image.m_start);
    read.bytes = rows > 0 ? static_cast<std::uint32_t>(rows * isa::kBlockBytes) : 0;
    read.base = issued.operand[1] + static_cast<std::uint64_t>((c1 * pixels + image.m_start) * isa::kBlockBytes);
  } else {  // the channels that are read, whole: a bound
    read.bounding = true;
    read.bytes = static_cast<std::uint32_t>(pixels * isa::kBlockBytes);
    read.base = issued.operand[1] + static_cast<std::uint64_t>(c1 * pixels * isa::kBlockBytes);
  }
  footprint.add(read);
  memory::Access write;
  write.space = route.dst;
  write.write = true;
  write.alignment = isa::kFractalBytes;
  write.bytes = image.m_fractals * image.k_fractals * isa::kFractalBytes;
  write.base = issued.operand[0];
  footprint.add(write);
}

void execute_image(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const Image image = image_of(issued, route);
  if (image.m_fractals == 0 || image.k_fractals == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, issued.operand[0]);
  const std::uint8_t* src = pointer(memory, Space::L1, issued.operand[1]);
  for (std::uint32_t m1 = 0; m1 < image.m_fractals; ++m1)
    for (std::uint32_t k1 = 0; k1 < image.k_fractals; ++k1) {
      const std::size_t place = image.k_outer ? std::size_t{k1} * image.m_fractals + m1 : std::size_t{m1} * image.k_fractals + k1;
      std::uint8_t* fractal = dst + place * isa::kFractalBytes;
      if (!image.transpose) {
        gather_fractal(fractal, src, image, m1, k1, issued.special.padding, route.element);
        continue;
      }
      std::uint8_t plain[isa::kFractalBytes];
      gather_fractal(plain, src, image, m1, k1, issued.special.padding, route.element);
      transpose_16x16_b16(fractal, plain);
    }
}

}  // namespace vitruvian::mte

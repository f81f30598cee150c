#include "src/memory/space.h"

#include <algorithm>
#include <numeric>

namespace vitruvian::memory {

const char* to_string(Space space) {
  static constexpr const char* names[] = {"GM", "UB", "L1", "L0A", "L0B", "L0C", "BT", "FB"};
  return names[static_cast<std::size_t>(space)];
}

namespace {

// Signed extent of the run starts relative to base.
struct Extent {
  std::int64_t low = 0, high = 0;
};

Extent extent_of(const Access& a) {
  const std::int64_t s0 = a.n0 ? a.stride0 * (std::int64_t{a.n0} - 1) : 0;
  const std::int64_t s1 = a.n1 ? a.stride1 * (std::int64_t{a.n1} - 1) : 0;
  return {std::min<std::int64_t>(0, s0) + std::min<std::int64_t>(0, s1), std::max<std::int64_t>(0, s0) + std::max<std::int64_t>(0, s1)};
}

// Merges levels whose runs are contiguous, so that dense sets become one run.
Access normalised(Access a) {
  if (a.n0 == 1) { a.n0 = a.n1; a.stride0 = a.stride1; a.n1 = 1; a.stride1 = 0; }
  if (a.n0 > 1 && a.stride0 == std::int64_t{a.bytes} && std::uint64_t{a.bytes} * a.n0 <= 0xffffffffu) {
    a.bytes *= a.n0;
    a.n0 = a.n1;
    a.stride0 = a.stride1;
    a.n1 = 1;
    a.stride1 = 0;
    if (a.n0 > 1 && a.stride0 == std::int64_t{a.bytes} && std::uint64_t{a.bytes} * a.n0 <= 0xffffffffu) {
      a.bytes *= a.n0;
      a.n0 = 1;
    }
  }
  return a;
}

// Does [begin, begin + bytes) meet any run of the arithmetic progression base + i * stride, i < n?
bool meets(std::int64_t begin, std::int64_t bytes, std::int64_t base, std::int64_t run, std::int64_t stride, std::int64_t n) {
  if (stride < 0) { base += stride * (n - 1); stride = -stride; }
  if (stride == 0 || n == 1) return begin < base + run && base < begin + bytes;
  // smallest i with base + i * stride + run > begin
  const std::int64_t gap = begin - base - run + 1;
  const std::int64_t i = gap <= 0 ? 0 : (gap + stride - 1) / stride;
  return i < n && base + i * stride < begin + bytes;
}

}  // namespace

std::uint64_t Access::low() const { return base + static_cast<std::uint64_t>(extent_of(*this).low); }
std::uint64_t Access::high() const { return base + static_cast<std::uint64_t>(extent_of(*this).high) + bytes; }

bool overlap(const Access& first, const Access& second) {
  if (first.space != second.space || first.empty() || second.empty()) return false;
  if (first.high() <= second.low() || second.high() <= first.low()) return false;
  Access a = normalised(first), b = normalised(second);
  const auto runs = [](const Access& x) { return std::uint64_t{x.n0} * x.n1; };
  if (runs(a) > runs(b)) std::swap(a, b);
  // Every run of the smaller set against the progressions of the larger one.
  for (std::uint32_t i1 = 0; i1 < a.n1; ++i1)
    for (std::uint32_t i0 = 0; i0 < a.n0; ++i0) {
      const auto begin = static_cast<std::int64_t>(a.base) + i1 * a.stride1 + i0 * a.stride0;
      for (std::uint32_t j1 = 0; j1 < b.n1; ++j1)
        if (meets(begin, a.bytes, static_cast<std::int64_t>(b.base) + j1 * b.stride1, b.bytes, b.stride0, b.n0)) return true;
    }
  return false;
}

}  // namespace vitruvian::memory

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

struct Range {
  std::int64_t first = 0, end = 0;
};

// Which i < n have an extent [base + i * stride, base + i * stride + size) that meets [begin, end)?
Range meeting(std::int64_t begin, std::int64_t end, std::int64_t base, std::int64_t size, std::int64_t stride, std::int64_t n) {
  if (stride == 0 || n == 1) return begin < base + size && base < end ? Range{0, n} : Range{};
  const bool falls = stride < 0;
  if (falls) { base += stride * (n - 1); stride = -stride; }
  const auto ceil_divide = [](std::int64_t a, std::int64_t b) { return a <= 0 ? 0 : (a + b - 1) / b; };
  const std::int64_t first = ceil_divide(begin - base - size + 1, stride);
  const std::int64_t last = std::min(n, ceil_divide(end - base, stride));
  if (first >= last) return {};
  return falls ? Range{n - last, n - first} : Range{first, last};
}

// Does [begin, end) meet a run of the set?
bool meets(std::int64_t begin, std::int64_t end, const Access& b) {
  const auto base = static_cast<std::int64_t>(b.base);
  const std::int64_t reach = b.stride0 * (std::int64_t{b.n0} - 1);
  const std::int64_t low = base + std::min<std::int64_t>(0, reach);
  const Range rows = meeting(begin, end, low, std::max(reach, -reach) + b.bytes, b.stride1, b.n1);
  for (std::int64_t j = rows.first; j < rows.end; ++j) {
    const Range runs = meeting(begin, end, base + j * b.stride1, b.bytes, b.stride0, b.n0);
    if (runs.first < runs.end) return true;
  }
  return false;
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
  // Every run of the smaller set against the rows of the larger one that it can meet.
  for (std::uint32_t i1 = 0; i1 < a.n1; ++i1)
    for (std::uint32_t i0 = 0; i0 < a.n0; ++i0) {
      const auto begin = static_cast<std::int64_t>(a.base) + i1 * a.stride1 + i0 * a.stride0;
      if (meets(begin, begin + a.bytes, b)) return true;
    }
  return false;
}

}  // namespace vitruvian::memory

// Address spaces of a core and the strided sets of bytes that an operation touches in them.
#pragma once

#include <array>
#include <cstdint>

#include "vitruvian/error.h"

namespace vitruvian::memory {

enum class Space : std::uint8_t { GM, UB, L1, L0A, L0B, L0C, BT, FB, kCount };
inline constexpr int kSpaceCount = static_cast<int>(Space::kCount);
const char* to_string(Space space);

// One strided set: n1 x n0 runs of `bytes` bytes; run (i1, i0) begins at base + i1 * stride1 + i0 * stride0.
// Strides include the moved bytes ("stride", not "gap"). n0 == 0 or n1 == 0 or bytes == 0 touches nothing.
struct Access {
  Space space = Space::GM;
  bool write = false;
  // Not the exact set but a bound of it (gather with offsets from memory): delays in auto sync, no fault in strict sync.
  bool bounding = false;
  std::uint16_t alignment = 1;  // required alignment of base in bytes: 1, 2, 4, 32, 64, 512
  std::uint32_t bytes = 0;
  std::uint32_t n0 = 1;
  std::uint32_t n1 = 1;
  std::int64_t stride0 = 0;
  std::int64_t stride1 = 0;
  std::uint64_t base = 0;

  bool empty() const { return bytes == 0 || n0 == 0 || n1 == 0; }
  std::uint64_t total_bytes() const { return std::uint64_t{bytes} * n0 * n1; }
  // [low, high) of all bytes touched; strides may be negative only by wrap-around and are treated as signed.
  std::uint64_t low() const;
  std::uint64_t high() const;
};

// True if the two sets share a byte (exact for the strided sets, not the bounding boxes) in the same space.
bool overlap(const Access& a, const Access& b);

// What one operation reads and writes. At most 8 sets.
class Footprint {
 public:
  void add(const Access& access) {
    if (access.empty()) return;
    ensure(size_ < items_.size(), "a footprint has at most 8 accesses");
    items_[size_++] = access;
  }
  const Access* begin() const { return items_.data(); }
  const Access* end() const { return items_.data() + size_; }
  std::size_t size() const { return size_; }
  const Access& operator[](std::size_t i) const { return items_[i]; }
  // The first access in this space with this direction, or nullptr.
  const Access* find(Space space, bool write) const {
    for (const Access& a : *this)
      if (a.space == space && a.write == write) return &a;
    return nullptr;
  }

 private:
  std::array<Access, 8> items_{};
  std::size_t size_ = 0;
};

}  // namespace vitruvian::memory

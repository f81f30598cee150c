// Cuts the strided rows of a GM access into bus requests.
#pragma once

#include <cstdint>

#include "src/memory/space.h"

namespace vitruvian::mte {

// Sizes of bus requests (architecture).
inline constexpr std::uint32_t kSmallestRequest = 128;
inline constexpr std::uint32_t kLargestRequest = 512;

struct Piece {
  std::uint64_t address = 0;   // aligned to bytes
  std::uint16_t bytes = 0;     // on the bus
  std::uint16_t payload = 0;   // of them asked for
  bool first_of_row = false;
};

// Each row is cut from its own first byte: the largest of 512, 256, 128 B that its address is aligned to and that it still
// fills; an end that is no whole 128 B block rounds out to it. Contiguous short rows become one row first.
// Source: facts 3.3 (request sizes, row merge).
class RequestSplitter {
 public:
  RequestSplitter() = default;
  RequestSplitter(const memory::Access& gm, bool write, std::uint32_t largest = kLargestRequest)
      : base_(gm.base), row_bytes_(gm.bytes), n0_(gm.n0), n1_(gm.n1), stride0_(gm.stride0), stride1_(gm.stride1), largest_(largest) {
    if (gm.empty()) {
      n1_ = 0;
      return;
    }
    merge(write);
    row_ = base_;
    cursor_ = row_;
  }

  bool done() const { return i1_ == n1_; }
  bool at_row_start() const { return cursor_ == row_; }

  // What the next request carries on the bus.
  std::uint32_t next_bytes() const {
    const std::uint64_t left = row_ + row_bytes_ - cursor_;
    std::uint32_t size = largest_;
    while (size > kSmallestRequest && (cursor_ % size != 0 || left < size)) size /= 2;
    return size;
  }

  Piece next() {
    Piece piece;
    piece.first_of_row = at_row_start();
    const std::uint64_t left = row_ + row_bytes_ - cursor_;
    const std::uint32_t size = next_bytes();
    piece.address = cursor_ & ~std::uint64_t{size - 1};
    piece.bytes = static_cast<std::uint16_t>(size);
    const std::uint64_t reach = piece.address + size - cursor_;
    piece.payload = static_cast<std::uint16_t>(reach < left ? reach : left);
    cursor_ += piece.payload;
    if (cursor_ == row_ + row_bytes_) next_row();
    return piece;
  }

 private:
  // Reads merge contiguous rows of these sizes only, writes all up to 256 B.
  static bool mergeable(std::uint64_t bytes, bool write) {
    constexpr std::uint64_t limit = 256;
    if (write) return bytes <= limit;
    return bytes == 32 || bytes == 64 || (bytes >= 128 && bytes <= limit && bytes % 32 == 0);
  }

  void merge(bool write) {
    if (!mergeable(row_bytes_, write)) return;
    if (n0_ > 1 && stride0_ != static_cast<std::int64_t>(row_bytes_)) return;
    row_bytes_ *= n0_;
    n0_ = 1;
    if (n1_ > 1 && stride1_ != static_cast<std::int64_t>(row_bytes_)) return;
    row_bytes_ *= n1_;
    n1_ = 1;
  }

  void next_row() {
    if (++i0_ == n0_) {
      i0_ = 0;
      ++i1_;
    }
    row_ = base_ + static_cast<std::uint64_t>(i1_ * stride1_ + i0_ * stride0_);
    cursor_ = row_;
  }

  std::uint64_t base_ = 0, row_bytes_ = 0;
  std::uint32_t n0_ = 0, n1_ = 0;
  std::int64_t stride0_ = 0, stride1_ = 0;
  std::uint32_t largest_ = kLargestRequest;
  std::uint32_t i0_ = 0, i1_ = 0;
  std::uint64_t row_ = 0, cursor_ = 0;
};

}  // namespace vitruvian::mte

// Columns of one row-major bf16 matrix into columns of another: y[r, y_offset + i] = x[r, x_offset + i] for i < columns.
// Arguments: x, y, rows, columns, x_stride, x_offset, y_stride, y_offset (elements). Block dimension: vector cores, any number.
//
// Core b takes a stretch of rows, in pieces:  MTE2 x -> ring of 8 slots of 16 KiB in UB -> MTE3 y
// Bytes: 4 an element. Operations: none.
#include "transfers.h"

namespace {

using namespace AscendC;
using namespace transfers;

constexpr uint32_t kSlot = 16 * 1024, kMostRows = 4095;  // rows of one instruction

__aicore__ __force_inline__ void copy(uint64_t x, uint64_t y, uint32_t rows, uint32_t columns, uint32_t x_stride, uint32_t y_stride) {
#ifdef BROKEN_LAST_ROW
  --rows;
#endif
  const Share share(rows);
  const uint32_t bytes = columns * 2, padded = (bytes + 31) & ~31u, fitting = kSlot / padded, most = fitting < kMostRows ? fitting : kMostRows;
  Ring ring(0, kSlot, 8);
  for (uint32_t row = share.first, n; row < share.last; row += n) {
    n = share.last - row < most ? share.last - row : most;
    const uint32_t slot = ring.take();
    fetch(slot, x + uint64_t(row) * x_stride * 2, bytes, n, (x_stride - columns) * 2);
    ring.filled(false);
    put(y + uint64_t(row) * y_stride * 2, slot, bytes, n, 0, (y_stride - columns) * 2);
    ring.give();
  }
  ring.drain();
}

}  // namespace

extern "C" __global__ __aicore__ void strided_copy(GM_ADDR x, GM_ADDR y, uint32_t rows, uint32_t columns, uint32_t x_stride, uint32_t x_offset, uint32_t y_stride,
                                                   uint32_t y_offset) {
  if ASCEND_IS_AIV copy(uint64_t(x) + x_offset * 2, uint64_t(y) + y_offset * 2, rows, columns, x_stride, y_stride);
}

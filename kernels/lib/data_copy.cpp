// Transfers alone, no computation: the published DataCopy example (asc-devkit, best practices, data_copy), and a reader of a
// working set for L2. All fp16. The matrix is rows x columns; its rows are split evenly over the cores in whole tile rows.
//
// | kernel          | core | route                                  | what a copy moves             |
// |-----------------|------|----------------------------------------|-------------------------------|
// | data_copy_ub    | AIV  | GM -> UB, DataCopyPad                  | tile_m rows of tile_n elements |
// | data_copy_nd2nz | AIC  | GM -> L1, ND -> NZ                     | tile_m rows of tile_n elements |
// | data_copy_l1    | AIC  | GM -> L1, plain (columns % 16 == 0)    | tile_m rows of tile_n elements |
// | data_copy_out   | AIV  | UB -> GM, DataCopyPad                  | tile_m rows of tile_n elements |
//
// Order: for each of `slices` equal parts of the columns, `rounds` times: all its tiles. The text gives parts and rounds, and not the order of tiles: here down the core's rows, then along. wait = 1 lets each
// copy finish before the next one is issued: a latency, not a rate.
// Bytes: 2 x rows x columns x rounds.
#include "kernel_operator.h"

namespace {

using namespace AscendC;

enum class Route { ub, nd2nz, l1, out };

struct Shape {
  uint32_t rows, columns, tile_m, tile_n, slices, rounds, wait;
};

template <Route route>
class TileCopy {
 public:
  __aicore__ __force_inline__ TileCopy(GM_ADDR matrix, const Shape& shape) : shape_(shape) {
    matrix_.SetGlobalBuffer((__gm__ half*)matrix);
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    const uint32_t tiles = (shape.rows + shape.tile_m - 1) / shape.tile_m, share = (tiles + cores - 1) / cores * shape.tile_m;
    first_ = core * share < shape.rows ? core * share : shape.rows;
    last_ = shape.rows - first_ < share ? shape.rows : first_ + share;
  }

  __aicore__ __force_inline__ void run() {
    const uint32_t width = (shape_.columns + shape_.slices - 1) / shape_.slices;
    for (uint32_t begin = 0; begin < shape_.columns; begin += width) {
      const uint32_t end = shape_.columns - begin < width ? shape_.columns : begin + width;
      for (uint32_t round = 0; round < shape_.rounds; ++round) pass(begin, end);
    }
  }

 private:
  __aicore__ __force_inline__ void pass(uint32_t begin, uint32_t end) {
    for (uint32_t column = begin; column < end; column += shape_.tile_n)
      for (uint32_t row = first_; row < last_; row += shape_.tile_m) {
        const uint32_t m = last_ - row < shape_.tile_m ? last_ - row : shape_.tile_m, n = end - column < shape_.tile_n ? end - column : shape_.tile_n;
        copy(matrix_[uint64_t(row) * shape_.columns + column], m, n);
        if (shape_.wait) PipeBarrier<route == Route::out ? PIPE_MTE3 : PIPE_MTE2>();
      }
  }

  __aicore__ __force_inline__ void copy(const GlobalTensor<half>& at, uint32_t m, uint32_t n) {
    const int64_t gap = int64_t(shape_.columns - n) * 2;
    const LocalTensor<half> ub(TPosition::VECIN, 0, m * n), l1(TPosition::A1, 0, m * n);
    if constexpr (route == Route::ub)
      DataCopyPad(ub, at, DataCopyExtParams(m, n * 2, gap, 0), DataCopyPadExtParams<half>());
    else if constexpr (route == Route::out)
      DataCopyPad(at, ub, DataCopyExtParams(m, n * 2, 0, gap));
    else if constexpr (route == Route::nd2nz)
      DataCopy(l1, at, Nd2NzParams(1, uint16_t(m), uint16_t(n), 0, uint16_t(shape_.columns), uint16_t((m + 15) / 16 * 16), 1, 0));
    else
      DataCopy(l1, at, DataCopyParams(uint16_t(m), uint16_t(n / 16), uint16_t(gap / 32), 0));
  }

  GlobalTensor<half> matrix_;
  Shape shape_;
  uint32_t first_, last_;
};

}  // namespace

extern "C" __global__ __aicore__ void data_copy_ub(GM_ADDR matrix, uint32_t rows, uint32_t columns, uint32_t tile_m, uint32_t tile_n, uint32_t slices,
                                                   uint32_t rounds, uint32_t wait) {
  if ASCEND_IS_AIV TileCopy<Route::ub>(matrix, {rows, columns, tile_m, tile_n, slices, rounds, wait}).run();
}
extern "C" __global__ __aicore__ void data_copy_out(GM_ADDR matrix, uint32_t rows, uint32_t columns, uint32_t tile_m, uint32_t tile_n, uint32_t slices,
                                                    uint32_t rounds, uint32_t wait) {
  if ASCEND_IS_AIV TileCopy<Route::out>(matrix, {rows, columns, tile_m, tile_n, slices, rounds, wait}).run();
}
extern "C" __global__ __aicore__ void data_copy_nd2nz(GM_ADDR matrix, uint32_t rows, uint32_t columns, uint32_t tile_m, uint32_t tile_n, uint32_t slices,
                                                      uint32_t rounds, uint32_t wait) {
  if ASCEND_IS_AIC TileCopy<Route::nd2nz>(matrix, {rows, columns, tile_m, tile_n, slices, rounds, wait}).run();
}
extern "C" __global__ __aicore__ void data_copy_l1(GM_ADDR matrix, uint32_t rows, uint32_t columns, uint32_t tile_m, uint32_t tile_n, uint32_t slices,
                                                   uint32_t rounds, uint32_t wait) {
  if ASCEND_IS_AIC TileCopy<Route::l1>(matrix, {rows, columns, tile_m, tile_n, slices, rounds, wait}).run();
}

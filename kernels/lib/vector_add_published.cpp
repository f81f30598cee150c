// The published add example (asc-devkit, best practices, add_high_performance), cases 1 to 4: z = x + y, fp16, rows split
// evenly over the vector cores, x, y and z in buffers of their own at the published UB addresses (so that the bank conflicts
// of the example are there too).
//
//   case 1: one core. The next x and y load when V has read these: MTE2 and V in turn, MTE3 beside them.
//   cases 2, 3: 48 cores, one tile after the other: the next load waits for the store.
//   case 4: two sets of buffers, each with its own event.
// The text does not say where the events of cases 1 to 3 lie; its times do: MTE2 and V fill 98 % of case 1, MTE2, V and MTE3
// 96 % of cases 2 and 3. overlap_store = 1: as in case 1.
// Operations: count. Bytes: 3 x count x 2.
#include "kernel_operator.h"

namespace {

using namespace AscendC;

class PublishedAdd {
 public:
  static constexpr uint32_t kBuffer = 16384;  // elements: the example's MAX_DATA_COPY_LEN

  __aicore__ __force_inline__ PublishedAdd(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t rows, uint32_t columns, uint32_t tile, uint32_t buffers, uint32_t overlap_store)
      : tile_(tile), buffers_(buffers), overlap_store_(overlap_store) {
    const uint32_t core = uint32_t(GetBlockIdx()), cores = uint32_t(GetBlockNum());
    const uint32_t share = rows / cores, longer = rows % cores;
    const uint64_t first = uint64_t(core) * share + (core < longer ? core : longer);
    length_ = (share + (core < longer)) * columns;
    x_.SetGlobalBuffer((__gm__ half*)x + first * columns);
    y_.SetGlobalBuffer((__gm__ half*)y + first * columns);
    z_.SetGlobalBuffer((__gm__ half*)z + first * columns);
  }

  __aicore__ __force_inline__ void run() {
    for (uint32_t id = 0; id < buffers_; ++id) {
      SetFlag<HardEvent::V_MTE2>(int(id));
      SetFlag<HardEvent::MTE3_V>(int(id));
      SetFlag<HardEvent::MTE3_MTE2>(int(id));
    }
    uint32_t buffer = 0;
    for (uint32_t at = 0; at < length_; at += tile_) {
      step(at, length_ - at < tile_ ? length_ - at : tile_, buffer);
      buffer = buffer + 1 == buffers_ ? 0 : buffer + 1;
    }
    for (uint32_t id = 0; id < buffers_; ++id) {
      WaitFlag<HardEvent::V_MTE2>(int(id));
      WaitFlag<HardEvent::MTE3_V>(int(id));
      WaitFlag<HardEvent::MTE3_MTE2>(int(id));
    }
  }

 private:
  __aicore__ __force_inline__ void step(uint32_t at, uint32_t n, uint32_t buffer) {
    const uint32_t base = buffer * 3 * kBuffer * 2;
    const LocalTensor<half> x(TPosition::VECIN, base, kBuffer), y(TPosition::VECIN, base + kBuffer * 2, kBuffer), z(TPosition::VECOUT, base + 2 * kBuffer * 2, kBuffer);
    const int id = int(buffer);
    WaitFlag<HardEvent::V_MTE2>(id);
    if (!overlap_store_) WaitFlag<HardEvent::MTE3_MTE2>(id);
    DataCopy(x, x_[at], n);
    DataCopy(y, y_[at], n);
    SetFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE3_V>(id);
    Add(z, x, y, int32_t(n));
    SetFlag<HardEvent::V_MTE2>(id);
    SetFlag<HardEvent::V_MTE3>(id);
    WaitFlag<HardEvent::V_MTE3>(id);
    DataCopy(z_[at], z, n);
    SetFlag<HardEvent::MTE3_V>(id);
    if (!overlap_store_) SetFlag<HardEvent::MTE3_MTE2>(id);
  }

  GlobalTensor<half> x_, y_, z_;
  uint32_t length_, tile_, buffers_, overlap_store_;
};

}  // namespace

extern "C" __global__ __aicore__ void vector_add_published(GM_ADDR x, GM_ADDR y, GM_ADDR z, uint32_t rows, uint32_t columns, uint32_t tile, uint32_t buffers,
                                                           uint32_t overlap_store) {
  if ASCEND_IS_AIV PublishedAdd(x, y, z, rows, columns, tile, buffers, overlap_store).run();
}

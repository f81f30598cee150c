// The published matmul examples (asc-devkit, best practices, matmul_basic_api_high_performance and cases 3 to 8 of
// matmul_high_performance): C[m, n] = A[m, k] x B, fp16, fp32 sums, B stored as [n, k], base tile 128 x 256 x 64 (m, n, k).
//
//   GM --MTE2 ND2NZ--> L1: A in two slots of step_a base blocks, B in two slots of step_b, each slot with its own events
//      --MTE1 load3d--> L0A, L0B [0 | 1] --M--> L0C (the whole of it) --FIX--> GM
//
// Cores: a grid of split_m x split_n blocks of C, block = core % split_m down, core / split_m across. rounds = 2 is the
// example's L2 split: a core's block is half as high and it works on two, one after the other.
// Within a block the tiles go down m, then across n (the API's default order); each tile begins with its first two packets,
// the next ones are fetched after the mmad that frees their slot, B first. unit_flag = 0: mmad and fixpipe meet by events.
// A core's block is a whole number of tiles wide (8192 / 6 -> 1536, and 512 for the last), as published; so the cores of the
// last column finish early, and the mean core time is 0.89 of the longest.
// Operations: 2 m n k. Bytes: (m k + k n + m n) x 2.
#include "kernel_operator.h"

namespace {

using namespace AscendC;

constexpr uint32_t kBaseM = 128, kBaseN = 256, kBaseK = 64, kFractal = 16;
constexpr uint32_t kL1Slot = 128 * 1024, kL1B = 2 * kL1Slot, kL0Slot = 32 * 1024;

struct Problem {
  uint32_t m, n, k, split_m, split_n, rounds, step_a, step_b, unit_flag;
};

__aicore__ __force_inline__ uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
__aicore__ __force_inline__ uint32_t ceil_div(uint32_t a, uint32_t b) { return (a + b - 1) / b; }
__aicore__ __force_inline__ uint32_t whole_fractals(uint32_t a) { return ceil_div(a, kFractal) * kFractal; }

class PublishedMatmul {
 public:
  __aicore__ __force_inline__ PublishedMatmul(GM_ADDR a, GM_ADDR b, GM_ADDR c, const Problem& p) : p_(p) {
    a_.SetGlobalBuffer((__gm__ half*)a);
    b_.SetGlobalBuffer((__gm__ half*)b);
    c_.SetGlobalBuffer((__gm__ half*)c);
  }

  __aicore__ __force_inline__ void run() {
    SetLoadDataPaddingValue<uint16_t>(0);
    for (int id = 0; id < 4; ++id) SetFlag<HardEvent::MTE1_MTE2>(id);
    for (int id = 0; id < 2; ++id) SetFlag<HardEvent::M_MTE1>(id);
    const uint32_t core = uint32_t(GetBlockIdx()), height = ceil_div(p_.m, p_.split_m * p_.rounds), width = ceil_div(ceil_div(p_.n, p_.split_n), kBaseN) * kBaseN;
    const uint32_t n_first = core / p_.split_m * width;
    for (uint32_t round = 0; round < p_.rounds; ++round) {
      const uint32_t m_first = (core % p_.split_m + round * p_.split_m) * height;
      if (m_first >= p_.m || n_first >= p_.n) continue;
      const uint32_t m_end = least(p_.m, m_first + height), n_end = least(p_.n, n_first + width);
      for (uint32_t n0 = n_first; n0 < n_end; n0 += kBaseN)
        for (uint32_t m0 = m_first; m0 < m_end; m0 += kBaseM) tile(m0, least(kBaseM, m_end - m0), n0, least(kBaseN, n_end - n0));
    }
    for (int id = 0; id < 4; ++id) WaitFlag<HardEvent::MTE1_MTE2>(id);
    for (int id = 0; id < 2; ++id) WaitFlag<HardEvent::M_MTE1>(id);
  }

 private:
  __aicore__ __force_inline__ void tile(uint32_t m0, uint32_t m, uint32_t n0, uint32_t n) {
    m0_ = m0, m_ = m, n0_ = n0, n_ = n;
    const uint32_t blocks = ceil_div(p_.k, kBaseK), packets_a = ceil_div(blocks, p_.step_a), packets_b = ceil_div(blocks, p_.step_b);
    uint32_t next_a = 0, next_b = 0;
    const LocalTensor<float> c(TPosition::CO1, 0, kBaseM * kBaseN);
    fetch_a(next_a++), fetch_b(next_b++);
    for (uint32_t block = 0, in_a = 0, in_b = 0; block < blocks; ++block) {
      compute(c, block, in_a, in_b, block + 1 == blocks);
      if (++in_b == p_.step_b) in_b = 0, read_b_ ^= 1;
      if (++in_a == p_.step_a) in_a = 0, read_a_ ^= 1;
      // Packets that are whole in L1 or being read, and one more.
      while (next_b < packets_b && next_b <= (block + 1) / p_.step_b + 1) fetch_b(next_b++);
      while (next_a < packets_a && next_a <= (block + 1) / p_.step_a + 1) fetch_a(next_a++);
    }
    if (blocks % p_.step_a) read_a_ ^= 1;
    if (blocks % p_.step_b) read_b_ ^= 1;
    store(c);
  }

  __aicore__ __force_inline__ void fetch(const GlobalTensor<half>& from, uint32_t slot, uint32_t address, uint32_t rows, uint32_t packet, uint32_t step, uint32_t height) {
    const uint32_t k0 = packet * step * kBaseK, k = least(step * kBaseK, p_.k - k0);
    WaitFlag<HardEvent::MTE1_MTE2>(int(slot));
    DataCopy(LocalTensor<half>(TPosition::A1, address, height * k), from[k0], Nd2NzParams(1, uint16_t(rows), uint16_t(k), 0, uint16_t(p_.k), uint16_t(height), 1, 0));
    SetFlag<HardEvent::MTE2_MTE1>(int(slot));
  }
  __aicore__ __force_inline__ void fetch_a(uint32_t packet) {
    fetch(a_[uint64_t(m0_) * p_.k], write_a_, write_a_ * kL1Slot, m_, packet, p_.step_a, whole_fractals(m_));
    write_a_ ^= 1;
  }
  __aicore__ __force_inline__ void fetch_b(uint32_t packet) {
    fetch(b_[uint64_t(n0_) * p_.k], 2 + write_b_, kL1B + write_b_ * kL1Slot, n_, packet, p_.step_b, whole_fractals(n_));
    write_b_ ^= 1;
  }

  // One base block of K: L1 -> L0 -> L0C.
  __aicore__ __force_inline__ void compute(const LocalTensor<float>& c, uint32_t block, uint32_t in_a, uint32_t in_b, bool last) {
    const uint32_t k = least(kBaseK, p_.k - block * kBaseK), l0 = l0_;
    const bool whole_a = last || in_a + 1 == p_.step_a, whole_b = last || in_b + 1 == p_.step_b;
    WaitFlag<HardEvent::M_MTE1>(int(l0));
    if (in_a == 0) WaitFlag<HardEvent::MTE2_MTE1>(int(read_a_));
    if (in_b == 0) WaitFlag<HardEvent::MTE2_MTE1>(int(2 + read_b_));
    const LocalTensor<half> a2(TPosition::A2, l0 * kL0Slot, 0), b2(TPosition::B2, l0 * kL0Slot, 0);
    load(a2, read_a_ * kL1Slot, whole_fractals(m_), in_a, p_.step_a, k);
    load(b2, kL1B + read_b_ * kL1Slot, whole_fractals(n_), in_b, p_.step_b, k);
    if (whole_a) SetFlag<HardEvent::MTE1_MTE2>(int(read_a_));
    if (whole_b) SetFlag<HardEvent::MTE1_MTE2>(int(2 + read_b_));
    SetFlag<HardEvent::MTE1_M>(int(l0));
    WaitFlag<HardEvent::MTE1_M>(int(l0));
    Mmad(c, a2, b2, MmadParams(uint16_t(m_), uint16_t(n_), uint16_t(k), uint8_t(p_.unit_flag ? (last ? 3 : 2) : 0), false, block == 0));
    SetFlag<HardEvent::M_MTE1>(int(l0));
    l0_ ^= 1;
  }

  // Nz -> Zz or Zn: the packet is a feature map of 1 x height pixels with a channel for each k, the filter 1 x 1.
  __aicore__ __force_inline__ void load(const LocalTensor<half>& to, uint32_t address, uint32_t height, uint32_t block, uint32_t step, uint32_t k) {
    LoadData3DParamsV2<half> p;
    p.l1H = 1, p.l1W = uint16_t(height), p.channelSize = uint16_t(step * kBaseK);
    p.kExtension = uint16_t(whole_fractals(k)), p.mExtension = uint16_t(height);
    p.kStartPt = uint16_t(block * kBaseK), p.mStartPt = 0;
    LoadData(to, LocalTensor<half>(TPosition::A1, address, 0), p);
  }

  __aicore__ __force_inline__ void store(const LocalTensor<float>& c) {
    if (!p_.unit_flag) {
      SetFlag<HardEvent::M_FIX>(0);
      WaitFlag<HardEvent::M_FIX>(0);
    }
    FixpipeParamsV220 p;
    p.nSize = uint16_t(n_), p.mSize = uint16_t(m_), p.srcStride = uint16_t(whole_fractals(m_)), p.dstStride = p_.n;
    p.quantPre = F322F16;
    p.unitFlag = p_.unit_flag ? 3 : 0;
    Fixpipe<half, float, CFG_ROW_MAJOR>(c_[uint64_t(m0_) * p_.n + n0_], c, p);
    if (!p_.unit_flag) {
      SetFlag<HardEvent::FIX_M>(0);
      WaitFlag<HardEvent::FIX_M>(0);
    }
  }

  GlobalTensor<half> a_, b_, c_;
  Problem p_;
  uint32_t m0_ = 0, m_ = 0, n0_ = 0, n_ = 0;
  uint32_t read_a_ = 0, read_b_ = 0, write_a_ = 0, write_b_ = 0, l0_ = 0;
};

}  // namespace

extern "C" __global__ __aicore__ void matmul_published(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k, uint32_t split_m, uint32_t split_n,
                                                       uint32_t rounds, uint32_t step_a, uint32_t step_b, uint32_t unit_flag) {
  if ASCEND_IS_AIC PublishedMatmul(a, b, c, {m, n, k, split_m, split_n, rounds, step_a, step_b, unit_flag}).run();
}

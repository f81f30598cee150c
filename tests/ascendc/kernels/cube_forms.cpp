// The ways through the cube core: each form of a copy to L1, a load to L0, a product and a way out.
#include "kernel_operator.h"

using namespace AscendC;

namespace {

template <typename T>
__aicore__ inline LocalTensor<T> at(TPosition position, uint32_t address, uint32_t count) {
  return LocalTensor<T>(position, address, count);
}
template <typename T>
__aicore__ inline GlobalTensor<T> global(GM_ADDR address) {
  GlobalTensor<T> view;
  view.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(address));
  return view;
}
// A flag holds one set: two uses of an event that nothing orders take two ids.
template <HardEvent event, event_t id = EVENT_ID0>
__aicore__ inline void order() {
  SetFlag<event>(id);
  WaitFlag<event>(id);
}

constexpr uint32_t kB1 = 64 * 1024;     // place of B in L1
constexpr uint32_t kTable = 128 * 1024;  // place of tables in L1

enum Way { kV220, kLegacy, kCo12, kRaw, kNz };

struct Form {
  Way way = kV220;
  bool transposed_load = false;  // LoadDataWithTranspose for B
  bool bias = false, relu = false, accumulate = false;
  QuantMode_t quant = NoQuant;
  uint64_t scale = 0;
};

// Row-major A [m, k] and B [k, n] to L1 as columns of fractals.
template <typename T>
__aicore__ inline void to_l1(GM_ADDR a, GM_ADDR b, uint16_t m, uint16_t n, uint16_t k) {
  DataCopy(at<T>(TPosition::A1, 0, m * k), global<T>(a), Nd2NzParams(1, m, k, 0, k, m, 1, 0));
  DataCopy(at<T>(TPosition::B1, kB1, n * k), global<T>(b), Nd2NzParams(1, k, n, 0, n, k, 1, 0));
  order<HardEvent::MTE2_MTE1>();
}

// Nz in L1 -> Zz in L0A, Zn in L0B (16-bit elements).
template <typename T>
__aicore__ inline void to_l0(uint16_t m, uint16_t n, uint16_t k, bool with_transpose) {
  const uint32_t mf = m / 16, nf = n / 16, kf = k / 16;
  for (uint32_t i = 0; i < mf; ++i)
    LoadData(at<T>(TPosition::A2, i * kf * 512, kf * 256), at<T>(TPosition::A1, i * 512, 0), LoadData2DParams(0, kf, mf, 0, 0, false, 0));
  for (uint32_t i = 0; i < kf; ++i) {
    if (with_transpose)
      LoadDataWithTranspose(at<T>(TPosition::B2, i * nf * 512, nf * 256), at<T>(TPosition::B1, kB1 + i * 512, 0), LoadData2dTransposeParams(0, nf, kf, 0, 0));
    else
      LoadData(at<T>(TPosition::B2, i * nf * 512, nf * 256), at<T>(TPosition::B1, kB1 + i * 512, 0), LoadData2DParams(0, nf, kf, 0, 0, true, 0));
  }
  order<HardEvent::MTE1_M>();
}

template <typename Out>
__aicore__ inline void out_of_l0c(GM_ADDR out, uint16_t m, uint16_t n, const Form& form) {
  const auto c = at<float>(TPosition::CO1, 0, m * n);
  order<HardEvent::M_FIX>();
  if (form.way == kV220) {
    FixpipeParamsV220 p(n, m, m, n, form.relu);
    p.quantPre = form.quant, p.deqScalar = form.scale;
    Fixpipe<Out, float, CFG_ROW_MAJOR>(global<Out>(out), c, p);
  } else if (form.way == kNz) {
    FixpipeParamsV220 p(n, m, m, m * 16 * sizeof(Out) / 32, form.relu);
    Fixpipe<Out, float, CFG_NZ>(global<Out>(out), c, p);
  } else if (form.way == kLegacy) {
    FixpipeParams<float> p(n / 16, m * 16 * sizeof(float) / 32, 0, n);
    p.nz2ndParams.nz2ndEn = true, p.nz2ndParams.originalNSize = n;
    p.reluEn = form.relu, p.quantParams = QuantParams(form.quant);
    Fixpipe(global<Out>(out), c, p);
  } else if (form.way == kCo12) {
    SetFixpipeNz2ndFlag(1, 0, 0);
    DataCopy(global<Out>(out), c, DataCopyCO12DstParams(n, m, n, m, form.quant, form.relu ? 1 : 0, false, true));
  } else {
    set_nd_para(1);
    copy_matrix_cc_to_gm((__gm__ Out*)out, (__cc__ float*)0, 0, n, m, n, m, 0, form.quant, form.relu ? 1 : 0, false, true);
  }
  PipeBarrier<PIPE_ALL>();
}

template <typename T, typename Out>
__aicore__ inline void product(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR out, uint16_t m, uint16_t n, uint16_t k, const Form& form) {
  to_l1<T>(a, b, m, n, k);
  if (form.bias) {
    const auto in_l1 = at<half>(TPosition::C1, kTable, n);
    DataCopy(in_l1, global<half>(bias), n);
    order<HardEvent::MTE2_MTE1, EVENT_ID1>();
    DataCopy(at<float>(TPosition::C2, 0, n), in_l1, DataCopyParams(1, n * sizeof(float) / 64, 0, 0));
  }
  to_l0<T>(m, n, k, form.transposed_load);
  const auto c = at<float>(TPosition::CO1, 0, m * n);
  const auto la = at<T>(TPosition::A2, 0, m * k), lb = at<T>(TPosition::B2, 0, n * k);
  MmadParams p(m, n, k, 0, false, true);
  if (form.bias)
    Mmad(c, la, lb, at<float>(TPosition::C2, 0, n), p);
  else if (form.way == kRaw)
    mad((__cc__ float*)0, (__ca__ T*)0, (__cb__ T*)0, m, k, n, 0, false, false, true);
  else
    Mmad(c, la, lb, p);
  if (form.accumulate) {
    PipeBarrier<PIPE_M>();
    p.cmatrixInitVal = false;
    Mmad(c, la, lb, p);
  }
  out_of_l0c<Out>(out, m, n, form);
}

}  // namespace

extern "C" __global__ __aicore__ void products(GM_ADDR a, GM_ADDR b, GM_ADDR bias, GM_ADDR out, uint32_t m, uint32_t n, uint32_t k, uint32_t number) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  if ASCEND_IS_AIC {
    SetHF32Mode(false);
    SetHF32TransMode(false);
    SetMMLayoutTransform(false);
    Form form;
    switch (number) {
      case 0: return product<half, float>(a, b, bias, out, m, n, k, form);
      case 1: form.transposed_load = true; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 2: form.bias = true; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 3: form.accumulate = true; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 4: form.way = kLegacy; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 5: form.way = kCo12; form.relu = true; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 6: form.way = kRaw; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 7: form.way = kNz; return product<half, float>(a, b, bias, out, m, n, k, form);
      case 8: form.quant = F322F16; return product<half, half>(a, b, bias, out, m, n, k, form);
      case 9: form.quant = F322BF16; return product<bfloat16_t, bfloat16_t>(a, b, bias, out, m, n, k, form);
      case 10: form.relu = true; return product<bfloat16_t, float>(a, b, bias, out, m, n, k, form);
      case 11: SetAtomicAdd<float>(); product<half, float>(a, b, bias, out, m, n, k, form); SetAtomicNone(); return;
    }
  }
}

// Fills of L1 and L0A: out = a constant times B; then of L0B.
extern "C" __global__ __aicore__ void filled(GM_ADDR b, GM_ADDR out) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  if ASCEND_IS_AIC {
    constexpr uint16_t n = 32, k = 32;
    to_l1<half>(b, b, n, n, k);
    to_l0<half>(n, n, k, false);
    order<HardEvent::M_MTE1>();
    Fill(at<half>(TPosition::A2, 0, n * k), InitConstValueParams<half>(1, 4, 0, half(2.0f)));
    order<HardEvent::MTE1_M>();
    Mmad(at<float>(TPosition::CO1, 0, n * n), at<half>(TPosition::A2, 0, n * k), at<half>(TPosition::B2, 0, n * k), MmadParams(n, n, k, 0, false, true));
    out_of_l0c<float>(out, n, n, Form());
    // L1: every other block of the first column of fractals, then B as A.
    InitConstValue(at<half>(TPosition::A1, 0, n * k), InitConstValueParams<half>(16, 1, 1, half(1.0f)));
    order<HardEvent::MTE2_MTE1>();
    to_l0<half>(n, n, k, false);
    order<HardEvent::M_MTE1>();
    InitConstValue(at<half>(TPosition::B2, 0, n * k), InitConstValueParams<half>(2, 2, 0, half(0.5f)));
    order<HardEvent::MTE1_M>();
    Mmad(at<float>(TPosition::CO1, 0, n * n), at<half>(TPosition::A2, 0, n * k), at<half>(TPosition::B2, 0, n * k), MmadParams(n, n, k, false, 0, false, false, false));
    out_of_l0c<float>(out + n * n * sizeof(float), n, n, Form());
    DumpTensor(at<half>(TPosition::A1, 0, 16), 3, 16);
  }
}

// 8-bit products, and a convolution through load3D: a 4 x 4 image of 16 channels under a 2 x 2 filter.
extern "C" __global__ __aicore__ void others(GM_ADDR a, GM_ADDR b, GM_ADDR out, uint32_t number) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIC_ONLY);
  if ASCEND_IS_AIC {
    if (number == 0) {  // int8: A [16, 32], B given as [n = 16, k = 32], so that no transposition is needed
      DataCopy(at<int8_t>(TPosition::A1, 0, 512), global<int8_t>(a), Nd2NzParams(1, 16, 32, 0, 32, 16, 1, 0));
      DataCopy(at<int8_t>(TPosition::B1, kB1, 512), global<int8_t>(b), Nd2NzParams(1, 16, 32, 0, 32, 16, 1, 0));
      order<HardEvent::MTE2_MTE1>();
      LoadData(at<int8_t>(TPosition::A2, 0, 512), at<int8_t>(TPosition::A1, 0, 512), LoadData2dParams(0, 1, 1, 0, 0, false, 0));
      LoadData(at<int8_t>(TPosition::B2, 0, 512), at<int8_t>(TPosition::B1, kB1, 512), LoadData2dParams(0, 1, 1, 0, 0, false, 0));
      order<HardEvent::MTE1_M>();
      Mmad(at<int32_t>(TPosition::CO1, 0, 256), at<int8_t>(TPosition::A2, 0, 512), at<int8_t>(TPosition::B2, 0, 512), MmadParams(16, 16, 32, 0, false, true));
      order<HardEvent::M_FIX>();
      Fixpipe<int32_t, int32_t, CFG_ROW_MAJOR>(global<int32_t>(out), at<int32_t>(TPosition::CO1, 0, 256), FixpipeParamsV220(16, 16, 16, 16, false));
      PipeBarrier<PIPE_ALL>();
      return;
    }
    // NC1HWC0 image: 16 places of 16 channels. Output 3 x 3 places (m = 9), k = 4 filter places x 16 channels.
    DataCopy(at<half>(TPosition::A1, 0, 256), global<half>(a), 256);
    DataCopy(at<half>(TPosition::B1, kB1, 1024), global<half>(b), Nd2NzParams(1, 64, 16, 0, 16, 64, 1, 0));
    order<HardEvent::MTE2_MTE1>();
    SetLoadDataPaddingValue(half(0.0f));
    LoadData3DParamsV2<half> p;
    p.l1H = 4, p.l1W = 4, p.channelSize = 16, p.kExtension = 64, p.mExtension = 16;
    p.filterW = 2, p.filterH = 2;
    LoadData(at<half>(TPosition::A2, 0, 1024), at<half>(TPosition::A1, 0, 256), p);
    for (uint32_t i = 0; i < 4; ++i)
      LoadData(at<half>(TPosition::B2, i * 512, 256), at<half>(TPosition::B1, kB1 + i * 512, 0), LoadData2DParams(0, 1, 1, 0, 0, true, 0));
    order<HardEvent::MTE1_M>();
    Mmad(at<float>(TPosition::CO1, 0, 256), at<half>(TPosition::A2, 0, 1024), at<half>(TPosition::B2, 0, 1024), MmadParams(9, 16, 64, 0, false, true));
    out_of_l0c<float>(out, 9, 16, Form());
  }
}

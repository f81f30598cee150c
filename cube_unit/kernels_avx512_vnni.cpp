// AVX-512 with BF16 and VNNI: bf16 pairs by VDPBF16PS, s8 by VPDPBUSD.
#include "cube_unit/kernels_avx512_block.h"

namespace vitruvian::cube_unit {
namespace {

struct Bf16Dot {
  static __m512i add(__m512i sum, __m512i a, __m512i b) {
    return _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), (__m512bh)a, (__m512bh)b));
  }
  static __m512i finish(__m512i sum, int) { return FloatDot::finish(sum, 0); }
};

// B holds b + 128 as unsigned bytes; the row offset takes 128 * sum(a) away again.
struct ByteDot {
  static __m512i add(__m512i sum, __m512i a, __m512i b) { return _mm512_dpbusd_epi32(sum, b, a); }
  static __m512i finish(__m512i sum, int offset) { return _mm512_add_epi32(sum, _mm512_set1_epi32(offset)); }
};

}  // namespace

const KernelSet& avx512_vnni_kernels() {
  static const KernelSet set = [] {
    KernelSet kernels = avx512_kernels();
    kernels.name = "avx512_vnni";
    kernels.bf16 = block<Bf16Dot>;
    kernels.s8 = block<ByteDot>;
    kernels.s8_excess = true;
    return kernels;
  }();
  return set;
}

}  // namespace vitruvian::cube_unit

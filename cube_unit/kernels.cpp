#include "cube_unit/kernels.h"

namespace vitruvian::cube_unit {

KernelList runnable_kernels() {
  KernelList list{{&portable_kernels(), nullptr, nullptr, nullptr}, 1};
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
  if (avx2) list.items[list.size++] = &avx2_kernels();
  if (avx512) list.items[list.size++] = &avx512_kernels();
  if (vnni) list.items[list.size++] = &avx512_vnni_kernels();
#endif
  return list;
}

const KernelSet& host_kernels() {
  static const KernelSet& best = [] () -> const KernelSet& {
    const KernelList list = runnable_kernels();
    return *list.items[list.size - 1];
  }();
  return best;
}

}  // namespace vitruvian::cube_unit

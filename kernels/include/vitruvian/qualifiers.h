// Keywords of the kernel language as macros, the core kind of this compilation pass, and the task type of a kernel.
//
// A kernel source is compiled twice, with ASC_CORE=0 for the cube core (AIC) and ASC_CORE=1 for the vector core (AIV).
#pragma once

#ifndef ASC_CORE
#error "compile device code with `vitruvian cc`: it defines ASC_CORE for the two passes"
#endif

// Without debug information of their own: an instruction belongs to the kernel's line that called the API.
#define VITRUVIAN_INLINE inline __attribute__((always_inline, nodebug))
#define VITRUVIAN_LAMBDA __attribute__((always_inline, nodebug))
#define VITRUVIAN_STRINGIZE_(x) #x
#define VITRUVIAN_STRINGIZE(x) VITRUVIAN_STRINGIZE_(x)

// Each kernel lies in a section of its own, so that the link keeps exactly the entries of each core kind.
// A failed assert or a misused queue: Fault{trap}.
[[noreturn]] VITRUVIAN_INLINE void vitruvian_stop() {
  asm volatile("ebreak");
  __builtin_unreachable();
}

#define __global__ __attribute__((used, section(".text.vitruvian_kernel." VITRUVIAN_STRINGIZE(__COUNTER__))))
#define __aicore__
#define __host_aicore__
#define __gm__
#define __ubuf__
#define __cbuf__
#define __ca__
#define __cb__
#define __cc__
#define __fbuf__
#define __biasbuf__
#define __inline__ inline
#define __force_inline__ inline __attribute__((always_inline))
#define __inout_pipe__(...)
#define __in_pipe__(...)
#define __out_pipe__(...)
#define __sync_alias__
#define __sync_noalias__
#define __check_sync_alias__
#ifndef __restrict__
#define __restrict__ __restrict
#endif
#define GM_ADDR __gm__ unsigned char*

enum CoreType { AIC = 0, AIV = 1 };
inline constexpr CoreType g_coreType = ASC_CORE == 0 ? AIC : AIV;
// Used as `if ASCEND_IS_AIV { ... }`.
#define ASCEND_IS_AIC constexpr(g_coreType == AIC)
#define ASCEND_IS_AIV constexpr(g_coreType == AIV)
#define ASCEND_IS_NOT_AIC constexpr(g_coreType != AIC)
#define ASCEND_IS_NOT_AIV constexpr(g_coreType != AIV)

enum KernelMetaType {
  KERNEL_TYPE_AIV_ONLY = 0,
  KERNEL_TYPE_AIC_ONLY = 1,
  KERNEL_TYPE_MIX_AIV_1_0 = 2,
  KERNEL_TYPE_MIX_AIC_1_0 = 3,
  KERNEL_TYPE_MIX_AIC_1_1 = 4,
  KERNEL_TYPE_MIX_AIC_1_2 = 5,
};
// Leaves a record {address, type} in a section that `vitruvian cc` reads and the link drops.
#define KERNEL_TASK_TYPE_DEFAULT(type)                                                                               \
  asm volatile("0: .pushsection .vitruvian.task_type,\"e\",@progbits\n .dword 0b, %0\n .popsection" ::"i"(            \
      static_cast<int>(type)))
#define KERNEL_TASK_TYPE(key, type) KERNEL_TASK_TYPE_DEFAULT(type)

// GEMM on the cube cores: C[m, n] = A[m, k] x B, all row-major, any m, n, k >= 1 (k, n <= 65535), no padding by the caller.
//
// | kernel         | A, B        | B stored as | C    | arguments        |
// |----------------|-------------|-------------|------|------------------|
// | gemm_bf16      | bf16        | [k, n]      | bf16 | a b c m n k      |
// | gemm_f16       | fp16        | [k, n]      | fp16 | a b c m n k      |
// | gemm_bf16_f32  | bf16        | [k, n]      | fp32 | a b c m n k      |
// | gemm_f16_f32   | fp16        | [k, n]      | fp32 | a b c m n k      |
// | gemm_bf16_nt   | bf16        | [n, k]      | bf16 | a b c m n k      |
// | pto_gemm       | fp16        | [n, k]      | fp32 | a b c m n k      |
//
// pto_gemm is the published PTO schedule: base tile 128 x 64 x 256 (m, k, n), 4 K steps cached in L1, double buffers, a
// grid of 4 x 6 cores, and events between mmad and fixpipe (the text names no unit flag); the others use the tile order of gemm.h.
// Operations: 2 m n k. Bytes with an ideal cache: (m k + k n) x size + m n x output size; each core reads
// k (tile m + tile n) elements for a tile. Tiling and synchronisation: gemm.h.
#include "gemm.h"

extern "C" __global__ __aicore__ void gemm_bf16(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  gemm::run<bfloat16_t, bfloat16_t>(a, b, c, m, n, k);
}
extern "C" __global__ __aicore__ void gemm_f16(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  gemm::run<half, half>(a, b, c, m, n, k);
}
extern "C" __global__ __aicore__ void gemm_bf16_f32(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  gemm::run<bfloat16_t, float>(a, b, c, m, n, k);
}
extern "C" __global__ __aicore__ void gemm_f16_f32(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  gemm::run<half, float>(a, b, c, m, n, k);
}
extern "C" __global__ __aicore__ void gemm_bf16_nt(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  gemm::run<bfloat16_t, bfloat16_t, true>(a, b, c, m, n, k);
}
extern "C" __global__ __aicore__ void pto_gemm(GM_ADDR a, GM_ADDR b, GM_ADDR c, uint32_t m, uint32_t n, uint32_t k) {
  gemm::run<half, float, true, gemm::Grid, gemm::Handshake::events>(a, b, c, m, n, k);
}

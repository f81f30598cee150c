// C = leaky_relu(A x B + bias) on two core groups, in the shape of the public host programs: tiling on the host, acl calls,
// a launch through the host function of the kernel's file.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "acl/acl.h"
#include "tiling/platform/platform_ascendc.h"
#include "tiling/tiling_api.h"

#define CHECK_ACL(x)                                                              \
  do {                                                                            \
    const aclError result = (x);                                                  \
    if (result != ACL_SUCCESS) {                                                  \
      std::fprintf(stderr, "%s:%d: aclError %d: %s\n", __FILE__, __LINE__, result, aclGetRecentErrMsg()); \
      return 1;                                                                   \
    }                                                                             \
  } while (0)

void matmul_leakyrelu_custom_do(uint32_t blockDim, void* stream, uint8_t* a, uint8_t* b, uint8_t* bias, uint8_t* c, uint8_t* workspace, uint8_t* tiling);

constexpr int M = 1024, N = 640, K = 256;

// Vector cores in pairs share a cube core.
std::vector<uint8_t> GenerateTiling(int vectorCores) {
  using namespace matmul_tiling;
  MultiCoreMatmulTiling api(*platform_ascendc::PlatformAscendCManager::GetInstance());
  api.SetDim(vectorCores);
  api.SetAType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT16, false);
  api.SetBType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT16, false);
  api.SetCType(TPosition::VECIN, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetBiasType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT);
  api.SetOrgShape(M, N, K);
  api.SetShape(M, N, K);
  api.SetBias(true);
  api.SetTraverse(MatrixTraverse::FIRSTM);
  api.SetBufferSpace(-1, -1, -1);
  optiling::TCubeTiling tiling;
  if (api.GetTiling(tiling) == -1) return {};
  std::vector<uint8_t> bytes(tiling.GetDataSize());
  tiling.SaveToBuffer(bytes.data(), bytes.size());
  return bytes;
}

int main() {
  std::vector<aclFloat16> a(M * K), b(K * N);
  std::vector<float> bias(N), c(M * N);
  for (int i = 0; i < M * K; ++i) a[i] = aclFloatToFloat16(static_cast<float>(i * 7 % 33 - 16) / 8);
  for (int i = 0; i < K * N; ++i) b[i] = aclFloatToFloat16(static_cast<float>(i * 5 % 29 - 14) / 16);
  for (int i = 0; i < N; ++i) bias[i] = static_cast<float>(i % 11) - 5;

  CHECK_ACL(aclInit(nullptr));
  CHECK_ACL(aclrtSetDevice(0));
  aclrtStream stream = nullptr;
  CHECK_ACL(aclrtCreateStream(&stream));
  aclrtEvent begin = nullptr, end = nullptr;
  CHECK_ACL(aclrtCreateEvent(&begin));
  CHECK_ACL(aclrtCreateEvent(&end));

  const uint32_t blocks = 2;
  const std::vector<uint8_t> tiling = GenerateTiling(2 * blocks);
  if (tiling.empty()) return 1;
  const size_t workspaceBytes = 16 * 1024 * 1024;
  uint8_t *aDevice, *bDevice, *biasDevice, *cDevice, *workspace, *tilingDevice;
  CHECK_ACL(aclrtMalloc((void**)&aDevice, a.size() * 2, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK_ACL(aclrtMalloc((void**)&bDevice, b.size() * 2, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK_ACL(aclrtMalloc((void**)&biasDevice, bias.size() * 4, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK_ACL(aclrtMalloc((void**)&cDevice, c.size() * 4, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK_ACL(aclrtMalloc((void**)&workspace, workspaceBytes, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK_ACL(aclrtMalloc((void**)&tilingDevice, tiling.size(), ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK_ACL(aclrtMemcpy(aDevice, a.size() * 2, a.data(), a.size() * 2, ACL_MEMCPY_HOST_TO_DEVICE));
  CHECK_ACL(aclrtMemcpy(bDevice, b.size() * 2, b.data(), b.size() * 2, ACL_MEMCPY_HOST_TO_DEVICE));
  CHECK_ACL(aclrtMemcpy(biasDevice, bias.size() * 4, bias.data(), bias.size() * 4, ACL_MEMCPY_HOST_TO_DEVICE));
  CHECK_ACL(aclrtMemcpy(tilingDevice, tiling.size(), tiling.data(), tiling.size(), ACL_MEMCPY_HOST_TO_DEVICE));

  CHECK_ACL(aclrtRecordEvent(begin, stream));
  matmul_leakyrelu_custom_do(blocks, stream, aDevice, bDevice, biasDevice, cDevice, workspace, tilingDevice);
  CHECK_ACL(aclrtRecordEvent(end, stream));
  CHECK_ACL(aclrtSynchronizeStream(stream));
  CHECK_ACL(aclrtMemcpy(c.data(), c.size() * 4, cDevice, c.size() * 4, ACL_MEMCPY_DEVICE_TO_HOST));

  int wrong = 0;
  for (int i = 0; i < M; ++i)
    for (int j = 0; j < N; ++j) {
      double sum = bias[j];
      for (int k = 0; k < K; ++k) sum += double{aclFloat16ToFloat(a[i * K + k])} * aclFloat16ToFloat(b[k * N + j]);
      const double want = sum > 0 ? sum : 0.001 * sum;
      if (!(std::fabs(c[i * N + j] - want) <= 1e-3 * std::fabs(want) + 1e-4)) ++wrong;
    }
  float ms = 0;
  CHECK_ACL(aclrtEventElapsedTime(&ms, begin, end));
  std::printf("%d of %d elements wrong, %.1f us emulated\n", wrong, M * N, ms * 1000);

  for (uint8_t* pointer : {aDevice, bDevice, biasDevice, cDevice, workspace, tilingDevice}) CHECK_ACL(aclrtFree(pointer));
  CHECK_ACL(aclrtDestroyEvent(begin));
  CHECK_ACL(aclrtDestroyEvent(end));
  CHECK_ACL(aclrtDestroyStream(stream));
  CHECK_ACL(aclrtResetDevice(0));
  CHECK_ACL(aclFinalize());
  return wrong == 0 && ms > 0 ? 0 : 1;
}

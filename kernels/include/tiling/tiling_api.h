// Host tiling of the high-level library under its public names: a host program describes a product and gets a TCubeTiling.
//
//   matmul_tiling::MultiCoreMatmulTiling api;
//   api.SetDim(2);  api.SetAType(TPosition::GM, CubeFormat::ND, DataType::DT_FLOAT16);  ...  api.SetShape(m, n, k);
//   optiling::TCubeTiling data;  api.GetTiling(data);  data.SaveToBuffer(buffer, size);
#pragma once

#include <cstdint>
#include <cstring>

#include "kernel_tiling/kernel_tiling.h"
#include "tiling/platform/platform_ascendc.h"
#include "tiling/vector_tiling.h"

namespace matmul_tiling {

enum class TPosition : std::int32_t {
  GM, A1, A2, B1, B2, C1, C2, CO1, CO2, VECIN, VECOUT, VECCALC, LCM = VECCALC, SPM, SHM = SPM, TSCM, MAX
};
enum class CubeFormat : std::int32_t { ND = 1, NZ, ZN, ZZ, NN, VECTOR, ND_ALIGN };
enum class DataType : std::int32_t { DT_FLOAT = 0, DT_FLOAT16 = 1, DT_INT8 = 2, DT_INT32 = 3, DT_BF16 = 27, DT_BFLOAT16 = 27, DT_INT4 = 29 };
enum class MatrixTraverse : std::int32_t { NOSET = 0, FIRSTM = 1, FIRSTN = 2 };
enum class ScheduleType : std::int32_t { INNER_PRODUCT = 0, OUTER_PRODUCT = 1 };

// One operand: where it lives, how, of what.
struct MatrixInfo {
  TPosition position = TPosition::GM;
  CubeFormat format = CubeFormat::ND;
  DataType type = DataType::DT_FLOAT16;
  bool transposed = false;
};

// What a product is, and what the caller fixes; -1 leaves the choice.
struct MatmulProblem {
  MatrixInfo a, b, c, bias;
  std::int32_t m = -1, n = -1, k = -1;                  // of the whole product
  std::int32_t org_m = -1, org_n = -1, org_ka = -1, org_kb = -1;
  std::int32_t single_m = -1, single_n = -1, single_k = -1;
  std::int32_t base_m = -1, base_n = -1, base_k = -1;
  std::int32_t align_m = -1, align_n = -1;
  std::int64_t l1_bytes = -1, l0c_bytes = -1, ub_bytes = -1;
  std::int32_t cores = 1;
  bool has_bias = false;
  MatrixTraverse traverse = MatrixTraverse::NOSET;
};
// Errors: vitruvian::Error for a shape or split that no tiling fits.
::TCubeTiling choose_tiling(const MatmulProblem& problem, const platform_ascendc::PlatformAscendC& platform);

}  // namespace matmul_tiling

namespace optiling {

// TCubeTiling as the host's tiling data: get_ and set_ for each field, and its bytes.
class TCubeTiling {
 public:
#define VITRUVIAN_TILING_FIELD(name)                                      \
  std::int32_t get_##name() const { return data_.name; }                  \
  void set_##name(std::int32_t value) { data_.name = value; }
  VITRUVIAN_TILING_FIELD(usedCoreNum) VITRUVIAN_TILING_FIELD(M) VITRUVIAN_TILING_FIELD(N) VITRUVIAN_TILING_FIELD(Ka) VITRUVIAN_TILING_FIELD(Kb)
  VITRUVIAN_TILING_FIELD(singleCoreM) VITRUVIAN_TILING_FIELD(singleCoreN) VITRUVIAN_TILING_FIELD(singleCoreK)
  VITRUVIAN_TILING_FIELD(baseM) VITRUVIAN_TILING_FIELD(baseN) VITRUVIAN_TILING_FIELD(baseK)
  VITRUVIAN_TILING_FIELD(depthA1) VITRUVIAN_TILING_FIELD(depthB1) VITRUVIAN_TILING_FIELD(stepM) VITRUVIAN_TILING_FIELD(stepN)
  VITRUVIAN_TILING_FIELD(isBias) VITRUVIAN_TILING_FIELD(transLength) VITRUVIAN_TILING_FIELD(iterateOrder) VITRUVIAN_TILING_FIELD(shareMode)
  VITRUVIAN_TILING_FIELD(shareL1Size) VITRUVIAN_TILING_FIELD(shareL0CSize) VITRUVIAN_TILING_FIELD(shareUbSize)
  VITRUVIAN_TILING_FIELD(batchM) VITRUVIAN_TILING_FIELD(batchN) VITRUVIAN_TILING_FIELD(singleBatchM) VITRUVIAN_TILING_FIELD(singleBatchN)
  VITRUVIAN_TILING_FIELD(stepKa) VITRUVIAN_TILING_FIELD(stepKb) VITRUVIAN_TILING_FIELD(depthAL1CacheUB) VITRUVIAN_TILING_FIELD(depthBL1CacheUB)
  VITRUVIAN_TILING_FIELD(dbL0A) VITRUVIAN_TILING_FIELD(dbL0B) VITRUVIAN_TILING_FIELD(dbL0C) VITRUVIAN_TILING_FIELD(BatchNum)
#undef VITRUVIAN_TILING_FIELD
  std::uint32_t GetDataSize() const { return sizeof data_; }
  void SaveToBuffer(void* to, std::uint64_t capacity) const {
    if (capacity >= sizeof data_) std::memcpy(to, &data_, sizeof data_);
  }
  ::TCubeTiling& data() { return data_; }

 private:
  ::TCubeTiling data_;
};

}  // namespace optiling

namespace matmul_tiling {

// The builder of a product. Setters return 0, or -1 for a value that cannot be; GetTiling returns 0, or -1 where nothing fits.
class MatmulApiTiling {
 public:
  MatmulApiTiling() : platform_(*platform_ascendc::PlatformAscendCManager::GetInstance()) {}
  explicit MatmulApiTiling(const platform_ascendc::PlatformAscendC& platform) : platform_(platform) {}
  virtual ~MatmulApiTiling() = default;

  std::int32_t SetAType(TPosition pos, CubeFormat format, DataType type, bool isTrans = false) { return problem_.a = {pos, format, type, isTrans}, 0; }
  std::int32_t SetBType(TPosition pos, CubeFormat format, DataType type, bool isTrans = false) { return problem_.b = {pos, format, type, isTrans}, 0; }
  std::int32_t SetCType(TPosition pos, CubeFormat format, DataType type) { return problem_.c = {pos, format, type, false}, 0; }
  std::int32_t SetBiasType(TPosition pos, CubeFormat format, DataType type) { return problem_.bias = {pos, format, type, false}, 0; }
  virtual std::int32_t SetShape(std::int32_t m, std::int32_t n, std::int32_t k) { return problem_.m = m, problem_.n = n, problem_.k = k, 0; }
  std::int32_t SetOrgShape(std::int32_t m, std::int32_t n, std::int32_t k) { return SetOrgShape(m, n, k, k); }
  std::int32_t SetOrgShape(std::int32_t m, std::int32_t n, std::int32_t ka, std::int32_t kb) {
    return problem_.org_m = m, problem_.org_n = n, problem_.org_ka = ka, problem_.org_kb = kb, 0;
  }
  std::int32_t SetBias(bool isBias = false) { return problem_.has_bias = isBias, 0; }
  std::int32_t EnableBias(bool isBias = false) { return SetBias(isBias); }
  std::int32_t SetTraverse(MatrixTraverse traverse) { return problem_.traverse = traverse, 0; }
  std::int32_t SetFixSplit(std::int32_t baseM = -1, std::int32_t baseN = -1, std::int32_t baseK = -1) {
    return problem_.base_m = baseM, problem_.base_n = baseN, problem_.base_k = baseK, 0;
  }
  std::int32_t SetBufferSpace(std::int32_t l1 = -1, std::int32_t l0c = -1, std::int32_t ub = -1, std::int32_t = -1) {
    return problem_.l1_bytes = l1, problem_.l0c_bytes = l0c, problem_.ub_bytes = ub, 0;
  }
  // Errors of the problem: printed to stderr, since the public interface only has a number.
  virtual std::int64_t GetTiling(::TCubeTiling& tiling);
  std::int64_t GetTiling(optiling::TCubeTiling& tiling) { return GetTiling(tiling.data()); }

 protected:
  MatmulProblem problem_;
  platform_ascendc::PlatformAscendC platform_;
};

class MultiCoreMatmulTiling : public MatmulApiTiling {
 public:
  using MatmulApiTiling::MatmulApiTiling;
  // Vector cores of a mix kernel, cube cores of a cube-only one.
  std::int32_t SetDim(std::int32_t dim) { return dim < 1 ? -1 : (problem_.cores = dim, 0); }
  std::int32_t SetSingleShape(std::int32_t m = -1, std::int32_t n = -1, std::int32_t k = -1) {
    return problem_.single_m = m, problem_.single_n = n, problem_.single_k = k, 0;
  }
  std::int32_t SetAlignSplit(std::int32_t m, std::int32_t n, std::int32_t) { return problem_.align_m = m, problem_.align_n = n, 0; }
  // K is never split over cores here: only false is accepted.
  std::int32_t EnableMultiCoreSplitK(bool on) { return on ? -1 : 0; }
  std::int32_t GetCoreNum(std::int32_t& dim, std::int32_t& m_dim, std::int32_t& n_dim);
};

}  // namespace matmul_tiling

// The template arguments of Matmul<>: operand types and configurations, by their public names.
#pragma once

#include "kernel_operator.h"
#include "kernel_tiling/kernel_tiling.h"

namespace AscendC {

enum class LayoutMode : std::uint8_t { NONE, BSNGD, SBNGD, BNGS1S2, NORMAL };
enum class IterateMode : std::uint8_t { ITERATE_MODE_NORMAL, ITERATE_MODE_ALL, ITERATE_MODE_BATCH, ITERATE_MODE_N_BATCH, ITERATE_MODE_DEFAULT };
enum class IterateOrder : std::uint8_t { ORDER_M, ORDER_N, UNDEF };

template <TPosition position, CubeFormat layout, typename Type, bool is_transposed = false, LayoutMode batch_layout = LayoutMode::NONE, bool share = false,
          TPosition source = TPosition::GM>
struct MatmulType {
  static constexpr TPosition pos = position;
  static constexpr CubeFormat format = layout;
  using T = Type;
  static constexpr bool isTrans = is_transposed;
  static constexpr LayoutMode layoutMode = batch_layout;
  static constexpr bool ibShare = share;
  static constexpr TPosition srcPos = source;
};

// The fields choose schedules of the vendor's library; ours has one schedule, so they are accepted and only doNorm's family exists.
struct MatmulConfig {
  bool doNorm = true, doBasicBlock = false, doMultiDataLoad = false;
  std::uint32_t basicM = 0, basicN = 0, basicK = 0;
  bool intrinsicsCheck = false, isNBatch = false, enVecND2NZ = false, doSpecialBasicBlock = false;
  std::uint32_t doMTE2Preload = 0, singleCoreM = 0, singleCoreN = 0, singleCoreK = 0;
  std::uint32_t stepM = 0, stepN = 0, baseMN = 0;
  bool singleCoreMN = false, enUnitFlag = false, isPerTensor = false, hasAntiQuantOffset = false, doIBShareNorm = false, doSpecialMDL = false,
       enableInit = true;
  std::uint32_t batchMode = 0;
  bool enableEnd = true, enableGetTensorC = true, enableSetOrgShape = true, enableSetBias = true, enableSetTail = true, enableQuantVector = true,
       enableSetDefineData = true;
  std::uint32_t iterateMode = 0;
  bool enableReuse = true, enableUBReuse = true, enableL1CacheUB = false, intraBlockPartSum = false;
  IterateOrder iterateOrder = IterateOrder::UNDEF;
  std::uint32_t scheduleType = 0;
  bool enableDoubleCache = false, isBiasBatch = true, enableStaticPadZeros = false, isPartialOutput = false, enableMixDualMaster = false, isA2B2Shared = false,
       isEnableChannelSplit = false, enableKdimReorderLoad = false;
};

constexpr MatmulConfig GetNormalConfig(bool intrinsicsLimit = false, bool batchLoop = false, bool isVecND2NZ = false, std::uint32_t = 0, bool = true,
                                       IterateOrder order = IterateOrder::UNDEF, std::uint32_t = 0, bool enUnitFlag = true) {
  MatmulConfig config;
  config.intrinsicsCheck = intrinsicsLimit, config.isNBatch = batchLoop, config.enVecND2NZ = isVecND2NZ, config.iterateOrder = order,
  config.enUnitFlag = enUnitFlag;
  return config;
}
constexpr MatmulConfig GetMDLConfig(bool intrinsicsLimit = false, bool batchLoop = false, std::uint32_t preload = 0, bool isVecND2NZ = false,
                                    bool isPerTensor = false, bool hasOffset = false, bool enUnitFlag = false) {
  MatmulConfig config;
  config.doNorm = false, config.doMultiDataLoad = true, config.intrinsicsCheck = intrinsicsLimit, config.isNBatch = batchLoop,
  config.doMTE2Preload = preload, config.enVecND2NZ = isVecND2NZ, config.isPerTensor = isPerTensor, config.hasAntiQuantOffset = hasOffset,
  config.enUnitFlag = enUnitFlag;
  return config;
}
constexpr MatmulConfig GetBasicConfig(std::uint32_t basicM, std::uint32_t basicN, std::uint32_t basicK, bool = false, bool = false, bool = false) {
  MatmulConfig config;
  config.doNorm = false, config.doBasicBlock = true, config.basicM = basicM, config.basicN = basicN, config.basicK = basicK;
  return config;
}
constexpr MatmulConfig GetIBShareNormConfig() {
  MatmulConfig config;
  config.doIBShareNorm = true;
  return config;
}
inline constexpr MatmulConfig CFG_NORM = GetNormalConfig();
inline constexpr MatmulConfig CFG_MDL = GetMDLConfig();
inline constexpr MatmulConfig MM_CFG_BB = GetBasicConfig(128, 128, 128);
inline constexpr MatmulConfig CFG_IBSHARE_NORM = GetIBShareNormConfig();

}  // namespace AscendC

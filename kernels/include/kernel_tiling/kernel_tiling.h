// Tiling structs of the high-level API, field names as public: plain data that the host computes (tiling/tiling_api.h,
// vitruvian/tiling.h) and a kernel reads. Included by device and host code.
#pragma once

#include <cstdint>

// How one Matmul<> object cuts C[M, N] = A[M, Ka] x B[Kb, N] + bias: single* is the part of one core, base* the tile of one Iterate().
struct TCubeTiling {
  std::int32_t usedCoreNum = 0;
  std::int32_t M = 0, N = 0, Ka = 0, Kb = 0;
  std::int32_t singleCoreM = 0, singleCoreN = 0, singleCoreK = 0;
  std::int32_t baseM = 0, baseN = 0, baseK = 0;
  std::int32_t depthA1 = 0, depthB1 = 0, stepM = 0, stepN = 0;
  std::int32_t isBias = 0, transLength = 0, iterateOrder = 0, shareMode = 0;
  std::int32_t shareL1Size = 0, shareL0CSize = 0, shareUbSize = 0;
  std::int32_t batchM = 0, batchN = 0, singleBatchM = 0, singleBatchN = 0;
  std::int32_t stepKa = 0, stepKb = 0, depthAL1CacheUB = 0, depthBL1CacheUB = 0;
  std::int32_t dbL0A = 0, dbL0B = 0, dbL0C = 0;
  std::int32_t ALayoutInfoB = 0, ALayoutInfoS = 0, ALayoutInfoN = 0, ALayoutInfoG = 0, ALayoutInfoD = 0;
  std::int32_t BLayoutInfoB = 0, BLayoutInfoS = 0, BLayoutInfoN = 0, BLayoutInfoG = 0, BLayoutInfoD = 0;
  std::int32_t CLayoutInfoB = 0, CLayoutInfoS1 = 0, CLayoutInfoN = 0, CLayoutInfoG = 0, CLayoutInfoS2 = 0;
  std::int32_t BatchNum = 0, mxTypePara = 0;
};

struct SoftMaxTiling {
  std::uint32_t srcM = 0, srcK = 0, srcSize = 0, outMaxM = 0, outMaxK = 0, outMaxSize = 0;
  std::uint32_t splitM = 0, splitK = 0, splitSize = 0, reduceM = 0, reduceK = 0, reduceSize = 0;
  std::uint32_t rangeM = 0, tailM = 0, tailSplitSize = 0, tailReduceSize = 0;
};

struct RmsNormTiling {
  std::uint32_t bLength = 0, sLength = 0, hLength = 0, originalHLength = 0;
  float reciprocalOfHLength = 0;
  std::uint32_t mainBshLength = 0, mainBsLength = 0, mainBsLengthAlign = 0, loopRound = 0, inputTailPos = 0;
  std::uint32_t tailBshLength = 0, tailBsLength = 0;
};

struct LayerNormTiling {
  std::uint32_t bLength = 0, sLength = 0, hLength = 0, originalHLength = 0;
  std::uint32_t inputXSize = 0, meanVarSize = 0, numberOfTmpBuf = 0, meanTmpTensorPos = 0, meanTmpTensorSize = 0;
  std::uint32_t varianceTmpTensorPos = 0, varianceTmpTensorSize = 0, tmpBufSize = 0, oneTmpSize = 0;
  std::uint32_t firstTmpStartPos = 0, secondTmpStartPos = 0, thirdTmpStartPos = 0;
  std::uint32_t loopRound = 0, inputRoundSize = 0, inputTailSize = 0, inputTailPos = 0, meanVarRoundSize = 0, meanVarTailSize = 0, meanVarTailPos = 0;
  std::uint32_t bshCurLength = 0, bsCurLength = 0;
  float lastDimValueBack = 0;
};

struct PadTiling {
  std::uint32_t srcHeight = 0, srcWidth = 0, srcOriWidth = 0, widthWithoutLastBlock = 0, blocksPerRow = 0;
  std::uint32_t heightTiling = 0, heightFractal = 0, heightFractalTail = 0;
  std::uint32_t mainLoopOffset = 0, tailBlockOffset = 0, tmpBuffer1BlockNum = 0, tmpBuffer1RowNum = 0, tmpBuffer2Offset = 0;
  std::uint32_t widthTiling = 0, widthFractal = 0, widthFractalTail = 0, widthFractalTailAlingned = 0;
  std::uint32_t brcbTiling = 0, brcbFractal = 0, brcbFractalTail = 0, maxRepeatTimes = 0, brcbTilingRepeatTimes = 0, brcbTilingRepeatTimesTail = 0;
};

struct UnPadTiling {
  std::uint32_t srcHeight = 0, srcWidth = 0, tmpBuffer1BlockNum = 0, tmpBuffer1RowNum = 0, tmpBuffer2Offset = 0, widthTiling = 0, widthFractal = 0,
                widthFractalTail = 0;
};

namespace AscendC {
namespace tiling {
using ::LayerNormTiling;
using ::PadTiling;
using ::RmsNormTiling;
using ::SoftMaxTiling;
using ::TCubeTiling;
using ::UnPadTiling;
}  // namespace tiling
}  // namespace AscendC

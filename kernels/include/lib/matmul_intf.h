// Matmul<> and what kernels write around it, under the public names (clean room).
#pragma once

#include "kernel_operator.h"
#include "lib/matmul/matmul.h"

// On the AIC of a mix kernel the body ends here: the core serves its vector cores instead.
#define REGIST_MATMUL_OBJ(tpipe, workspace, ...)                                        \
  if (AscendC::matmul_library::regist(tpipe, workspace, __VA_ARGS__)) return

namespace matmul {
using namespace AscendC;
}
using AscendC::GetSysWorkSpacePtr;
using AscendC::GetTPipePtr;

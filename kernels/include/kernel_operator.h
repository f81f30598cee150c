// The device-side API of Vitruvian under its public Ascend C names (clean room: written from public documentation).
//
//   kernel_operator.h
//     qualifiers.h types.h enums.h     the language: keywords, element types, pipes, modes
//     intrinsics.h                     one function for each pipe instruction (isa/instructions.def), special registers
//     synchronisation.h system.h       flags, barriers, core indices, masks, atomics
//     tensor.h pipe_queue.h            GlobalTensor, LocalTensor, TPipe, TQue, TBuf
//     data_copy.h vector_*.h cube.h    transfers, vector unit, cube unit; fixpipe_forms.h: older spellings
//     workspace.h tiling_data.h        workspaces, software barriers, tensor lists; tiling data of a launch
//     cce.h                            the raw intrinsics by their public names
//     debug.h runtime.h                printf, what the compiler calls
//   lib/high_level.h                   softmax, norms, activations, reductions, padding (lib/matmul_intf.h apart: Matmul<>)
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "vitruvian/qualifiers.h"
#include "vitruvian/types.h"
#include "vitruvian/enums.h"
#include "vitruvian/intrinsics.h"
#include "vitruvian/synchronisation.h"
#include "vitruvian/system.h"
#include "vitruvian/tensor.h"
#include "vitruvian/pipe_queue.h"
#include "vitruvian/data_copy.h"
#include "vitruvian/vector_arithmetic.h"
#include "vitruvian/vector_convert.h"
#include "vitruvian/vector_reduce.h"
#include "vitruvian/vector_move.h"
#include "vitruvian/vector_gather.h"
#include "vitruvian/vector_compare.h"
#include "vitruvian/vector_sort.h"
#include "vitruvian/vector_transpose.h"
#include "vitruvian/cube.h"
#include "vitruvian/fixpipe_forms.h"
#include "vitruvian/workspace.h"
#include "vitruvian/tiling_data.h"
#include "vitruvian/cce.h"
#include "vitruvian/debug.h"
#include "vitruvian/runtime.h"
#include "lib/high_level.h"

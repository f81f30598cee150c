// The cube unit and the fixpipe of an AIC.
//
//    L0A (Zz) ══256 B══╗
//                      ╠══> [ 16 x 16 x k0 ] ══> L0C (Nz, fp32 or int32) ══> [ FIX: quantise, relu, layout ] ══> GM, L1
//    L0B (Zn) ══128 B══╝        ^ BT (bias)                                       ^ FB (per-channel parameters)
#pragma once

#include <memory>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::cube_unit {

struct CubeTiming;
std::shared_ptr<const CubeTiming> make_timing(const chip::ChipSpec& spec);

// Operations of pipes M and FIX (mad_*, copy_matrix_cc_to_*). copy_cbuf_to_fbuf belongs to src/mte.
bool implements(isa::Op op);
pipe::OperandFault check(const pipe::Issued& issued);
memory::Footprint footprint(const pipe::Issued& issued);
// mad: head + tiles. fixpipe: the core-side part (L0C read, conversion); requests to GM are timed by src/mte's DMA engine.
pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint, const CubeTiming& timing);
pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory);

// Unit-flag mode of a mad or fixpipe operation: 0 off, 2 keep, 3 set (mad) or release (fixpipe).
unsigned unit_flag(const pipe::Issued& issued);
// True if two mads on the same C need a PIPE_M barrier: fewer than 10 fractals in C.
bool needs_barrier_between(const pipe::Issued& earlier, const pipe::Issued& later);

}  // namespace vitruvian::cube_unit

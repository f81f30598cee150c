// The memory transfer engines: MTE1 (L1 -> L0A, L0B, BT), MTE2 (GM -> L1, UB, L0), MTE3 (UB, L1 -> GM), L1 -> FB of FIX,
// UB -> UB of V: what a transfer touches, what it costs on the core's side, and what bytes it moves.
#pragma once

#include <memory>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::mte {

struct MteTiming;
std::shared_ptr<const MteTiming> make_timing(const chip::ChipSpec& spec);

bool implements(isa::Op op);
pipe::OperandFault check(const pipe::Issued& issued);
// GM sets come out as the strided rows that the DMA engine splits into requests.
memory::Footprint footprint(const pipe::Issued& issued);
// Core-side cost. For transfers with a GM side: occupancy is the core-side minimum, the DMA engine adds the rest.
pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint, const MteTiming& timing);
pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory);

}  // namespace vitruvian::mte

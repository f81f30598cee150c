// The vector unit of an AIV: UB -> UB, 256 B a cycle.
//
//      UB (48 banks, 16 groups x 3) ══256 B══> [ 8 blocks x 32 B lanes ] ══256 B══> UB
//
// Every instruction works in repeats of 8 blocks of 32 B; block and repeat strides in blocks; a mask selects lanes.
#pragma once

#include <cstdint>
#include <memory>

#include "src/chip/chip_spec.h"
#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::vector_unit {

// Costs in core cycles, carved from the chip description once.
struct VectorTiming;
std::shared_ptr<const VectorTiming> make_timing(const chip::ChipSpec& spec);

// True if this version executes the operation; the machine reports Fault{unsupported} otherwise.
bool implements(isa::Op op);
// Operand fields outside their documented ranges.
pipe::OperandFault check(const pipe::Issued& issued);
// The bytes read and written in UB, with masks, repeats and strides applied (masked-out lanes of a repeat may be
// included, as whole blocks are read and written under a byte mask).
memory::Footprint footprint(const pipe::Issued& issued);
// Occupancy and latency, bank conflicts of UB included.
pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint, const VectorTiming& timing);
// Performs the operation. Only operands found at run time (gather offsets) can fault here.
pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory);

}  // namespace vitruvian::vector_unit

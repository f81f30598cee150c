// The vector unit of an AIV: UB -> UB, 256 B a cycle.
//
//      UB (48 banks, 16 groups x 3) ══256 B══> [ 8 blocks x 32 B lanes ] ══256 B══> UB
//
// Every instruction works in repeats of 8 blocks of 32 B; block and repeat strides in blocks; a mask selects lanes.
// An operation takes max(interval, per_unit * repeats + UB bank conflicts) cycles of its pipe (bank_conflict.h); its results
// are visible head and tail cycles around that. All sources of a repeat are read before it is written, repeats in order.
//
// Rules, and what we chose where the public documents are silent ("ours"):
//  * Masks. Normal mode: the bits apply to each repeat. Counter mode (CTRL 56): MASK0 elements in all, at most 2^20 (ours),
//    the repeat field is ignored. Repeat 0 or an empty mask does nothing. vcmpv and vcmpvs ignore the mask and compute
//    whole repeats; vbrcb, vgatherb, transposes, sorts and vreducev2 have no mask.
//  * fp16 is computed in fp32 and rounded once, to nearest even; denormals are kept; results that are NaN are the canonical
//    quiet NaN (0x7e00, 0x7fc00000). Multiply-accumulate rounds the product to fp32, then the sum (ours). vabs, vcopy, vsel and
//    other moves keep bits. max(+0, -0) = +0, min = -0; a NaN wins (ours). CTRL 48 turns fp16 infinities into 65504 and NaN
//    into 0 (ours: arithmetic and conversions); conversions to fp16 and bf16 do so with CTRL 59, 60 as well (ours).
//  * Integers wrap; with CTRL 53 add, sub and mul saturate. Integer narrowing always saturates; float to integer saturates, NaN gives 0.
//  * exp and ln: our own polynomials in double (transcendental.h), within 0.51 ulp of fp32; sqrt, 1/x exact; 1/sqrt(x) in double.
//    The hardware's rec and rsqrt are approximate.
//  * Conversions: the wider type has 256 B a repeat, the narrower proportionally fewer blocks. s4: lower nibble first.
//    vconv_deq: s32 times the fp16 DEQSCALE, one rounding.
//  * Reductions. vcadd, vcgadd, vcpadd: tree of neighbours in fp32, one rounding; masked lanes count as 0; a group without an
//    active lane writes nothing (ours). Destination repeat stride in results: 1 element (vcadd), 2 elements or 1 (vcmax,
//    vcmin with value and index, or value), 4 B (index only), 8 elements (vcg*), 128 B (vcpadd). First extreme wins, a NaN
//    before all (ours). ACC_VAL: the last repeat's sum. MAX_MIN_CNT: the extreme of all repeats, index = repeat * lanes + lane (ours).
//  * vcmp: lanes off under the mask are 0 in CMPMASK (ours); one repeat only. vsel mode 1: the one value is the element at src1 in UB (ours).
//  * Gather: offsets are consecutive, 32 bits a lane; each address must be in UB and aligned to its element. vnchwconv: an
//    operand names the first of four VA registers (ours). vreducev2 counter form: bit 39 or CTRL 56, MASK0 elements a repeat.
//    Sort and merge: equal scores keep their order, the lower list first; a NaN is the largest score; the bytes between
//    an fp16 score and its index are 0 (ours). vmrgsort4, vreducev2 and transposes are paid by 256 B.
//  * Approximations: unaligned tails in counter mode cost nothing extra; gathers, sorts and transposes have no bank conflicts;
//    the footprint of a gather's source, of kept elements under a mask tensor, of scattered VA lists and of a merge that may
//    stop is `bounding`: a bound that may reach beyond what is touched, even beyond UB, so do not bounds-check it. Kernels check
//    gathers and vreducev2 themselves.
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

#include "src/mte/mte.h"

#include <algorithm>
#include <cmath>

#include "src/mte/gm_atomic.h"
#include "src/mte/routes.h"
#include "src/mte/timing.h"

namespace vitruvian::mte {

bool implements(isa::Op op) { return route_of(op).kind != Kind::none; }

pipe::OperandFault check(const pipe::Issued& issued) {
  const Route route = route_of(issued.op);
  if (route.dst == Space::GM && !valid(atomic_of(issued.special.ctrl)))
    return {FaultKind::illegal_operand, "CTRL selects an atomic type or operation that does not exist"};
  switch (route.kind) {
    case Kind::none: return {FaultKind::unsupported, "this instruction is not a transfer that this version executes"};
    case Kind::copy: return check_copy(issued, route);
    case Kind::align: return check_align(issued, route);
    case Kind::image: return check_image(issued, route);
    default: return {};
  }
}

namespace {

// Bytes written; where the written set is only a bound, the bytes read.
std::uint64_t bytes_moved(const memory::Footprint& footprint) {
  std::uint64_t written = 0, read = 0;
  bool bound = false;
  for (const memory::Access& access : footprint) {
    (access.write ? written : read) += access.total_bytes();
    bound |= access.write && access.bounding;
  }
  return bound ? read : written;
}

}  // namespace

memory::Footprint footprint(const pipe::Issued& issued) {
  memory::Footprint result;
  const Route route = route_of(issued.op);
  switch (route.kind) {
    case Kind::none: break;
    case Kind::copy: footprint_copy(issued, route, result); break;
    case Kind::align: footprint_align(issued, route, result); break;
    case Kind::nd2nz: footprint_nd2nz(issued, route, result); break;
    case Kind::load2d: footprint_load2d(issued, route, result); break;
    case Kind::transpose: footprint_transpose(issued, route, result); break;
    case Kind::image: footprint_image(issued, route, result); break;
    case Kind::fill: footprint_fill(issued, route, result); break;
  }
  return result;
}

pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint, const MteTiming& timing) {
  const TransferCost& row = timing.row[static_cast<std::size_t>(issued.op)];
  const double occupancy = std::ceil(std::max(row.interval, row.per_byte * static_cast<double>(bytes_moved(footprint))));
  const double latency = std::ceil(row.head + occupancy + row.tail);
  return {static_cast<std::uint64_t>(occupancy), static_cast<std::uint64_t>(latency), row.assumed};
}

pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory) {
  const Route route = route_of(issued.op);
  switch (route.kind) {
    case Kind::none: return {FaultKind::unsupported, "this instruction is not a transfer that this version executes"};
    case Kind::copy: execute_copy(issued, route, memory); break;
    case Kind::align: execute_align(issued, route, memory); break;
    case Kind::nd2nz: execute_nd2nz(issued, route, memory); break;
    case Kind::load2d: execute_load2d(issued, route, memory); break;
    case Kind::transpose: execute_transpose(issued, route, memory); break;
    case Kind::image: execute_image(issued, route, memory); break;
    case Kind::fill: execute_fill(issued, route, memory); break;
  }
  return {};
}

}  // namespace vitruvian::mte

// What the machine asks of a unit (vector, cube and fixpipe, transfer engines): four pure functions, no clock inside.
#pragma once

#include "src/memory/core_memory.h"
#include "src/pipe/issued.h"

namespace vitruvian::pipe {

class Unit {
 public:
  virtual ~Unit() = default;
  virtual OperandFault check(const Issued& issued) const = 0;
  virtual memory::Footprint footprint(const Issued& issued) const = 0;
  virtual Cost cost(const Issued& issued, const memory::Footprint& footprint) const = 0;
  virtual OperandFault execute(const Issued& issued, memory::CoreMemory& memory) const = 0;
};

}  // namespace vitruvian::pipe

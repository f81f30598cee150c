// Private to src/mte and its tests: the costs of the transfers, carved from the chip description once.
#pragma once

#include <array>
#include <cstddef>

#include "isa/instruction.h"

namespace vitruvian::mte {

// One row of the cost table per instruction; the unit of all of them is a byte of the destination.
struct TransferCost {
  double head = 0, per_byte = 0, tail = 0, interval = 1;
  bool assumed = false;
};

struct MteTiming {
  std::array<TransferCost, static_cast<std::size_t>(isa::Op::kCount)> row{};
};

}  // namespace vitruvian::mte

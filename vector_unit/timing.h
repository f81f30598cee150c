// Costs of the vector unit in core cycles.
#pragma once

#include <array>
#include <functional>
#include <string_view>

#include "src/chip/chip_spec.h"
#include "vector_unit/bank_conflict.h"
#include "vector_unit/job.h"

namespace vitruvian::vector_unit {

struct OperationTiming {
  double head = 0, per_unit = 0, tail = 0, interval = 1;
  bool assumed = false;
};

struct VectorTiming {
  using Lookup = std::function<chip::OperationCost(std::string_view cost_class)>;
  // Asks the lookup once for each cost class of the operations that this unit implements.
  VectorTiming(const Lookup& lookup, BankGeometry banks);

  std::array<OperationTiming, static_cast<std::size_t>(isa::Op::kCount)> operations{};
  BankGeometry banks;
};

}  // namespace vitruvian::vector_unit

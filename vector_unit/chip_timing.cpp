// The vector unit's timing from a chip description.
#include <string>

#include "vector_unit/timing.h"
#include "vector_unit/vector_unit.h"

namespace vitruvian::vector_unit {

std::shared_ptr<const VectorTiming> make_timing(const chip::ChipSpec& spec) {
  BankGeometry banks;
  banks.groups = static_cast<unsigned>(spec.get_integer(chip::Param::ub_bank_groups));
  const std::uint64_t count = spec.get_integer(chip::Param::ub_banks), bytes = spec.get_integer(chip::Param::ub_bytes);
  if (banks.groups == 0 || banks.groups > BankGeometry::kMaxGroups || (banks.groups & (banks.groups - 1)) != 0 || count % banks.groups != 0 ||
      count / banks.groups > BankGeometry::kMaxBanksOfGroup)
    throw Error("bank structure of UB", "ub.bank_groups", "a power of two up to 16 that divides ub.banks, at most 4 banks in a group",
                std::to_string(banks.groups) + " groups of " + std::to_string(count) + " banks");
  banks.rows = static_cast<unsigned>(bytes / count / isa::kBlockBytes);
  return std::make_shared<const VectorTiming>([&spec](std::string_view name) { return spec.cost(name); }, banks);
}

}  // namespace vitruvian::vector_unit

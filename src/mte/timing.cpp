#include "src/mte/timing.h"

#include "src/mte/mte.h"

namespace vitruvian::mte {

std::shared_ptr<const MteTiming> make_timing(const chip::ChipSpec& spec) {
  auto timing = std::make_shared<MteTiming>();
  for (std::size_t i = 0; i < timing->row.size(); ++i) {
    const auto op = static_cast<isa::Op>(i);
    if (!implements(op)) continue;
    const chip::OperationCost& cost = spec.cost(isa::cost_class(op));
    timing->row[i] = {cost.head, cost.per_unit, cost.tail, cost.interval, cost.trust == chip::Trust::assumed};
  }
  return timing;
}

}  // namespace vitruvian::mte

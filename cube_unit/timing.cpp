#include "cube_unit/timing.h"

#include "cube_unit/cube_unit.h"

namespace vitruvian::cube_unit {

std::shared_ptr<const CubeTiming> make_timing(const chip::ChipSpec& spec) {
  const auto row = [&](isa::Op op) {
    const chip::OperationCost& cost = spec.cost(isa::cost_class(op));
    return UnitCost{cost.head, cost.per_unit, cost.tail, cost.interval, cost.trust == chip::Trust::assumed};
  };
  using enum isa::Op;
  return std::make_shared<CubeTiming>(CubeTiming{row(mad_bf16), row(mad_f32), row(copy_matrix_cc_to_gm_f32),
                                                 row(copy_matrix_cc_to_cbuf_f32), row(load_cbuf_to_ca).per_unit,
                                                 row(load_cbuf_to_cb).per_unit});
}

}  // namespace vitruvian::cube_unit

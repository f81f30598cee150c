#include "src/sim/units.h"

#include "cube_unit/cube_unit.h"
#include "src/mte/mte.h"
#include "vector_unit/vector_unit.h"

namespace vitruvian::sim {

namespace {

// One adapter for the three families of pure functions.
template <typename Timing, auto Check, auto Footprint, auto CostOf, auto Execute>
class Adapter final : public pipe::Unit {
 public:
  explicit Adapter(std::shared_ptr<const Timing> timing) : timing_(std::move(timing)) {}
  pipe::OperandFault check(const pipe::Issued& issued) const override { return Check(issued); }
  memory::Footprint footprint(const pipe::Issued& issued) const override { return Footprint(issued); }
  pipe::Cost cost(const pipe::Issued& issued, const memory::Footprint& footprint) const override {
    return CostOf(issued, footprint, *timing_);
  }
  pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory) const override {
    return Execute(issued, memory);
  }

 private:
  std::shared_ptr<const Timing> timing_;
};

using Vector = Adapter<vector_unit::VectorTiming, vector_unit::check, vector_unit::footprint, vector_unit::cost, vector_unit::execute>;
using Cube = Adapter<cube_unit::CubeTiming, cube_unit::check, cube_unit::footprint, cube_unit::cost, cube_unit::execute>;
using Mte = Adapter<mte::MteTiming, mte::check, mte::footprint, mte::cost, mte::execute>;

}  // namespace

UnitTable::UnitTable(const chip::ChipSpec& spec) {
  units_.push_back(std::make_unique<Vector>(vector_unit::make_timing(spec)));
  units_.push_back(std::make_unique<Cube>(cube_unit::make_timing(spec)));
  units_.push_back(std::make_unique<Mte>(mte::make_timing(spec)));
  for (std::size_t i = 1; i < by_op_.size(); ++i) {
    const auto op = static_cast<isa::Op>(i);
    if (!isa::is_pipe_operation(op)) continue;
    if (vector_unit::implements(op)) by_op_[i] = units_[0].get();
    else if (cube_unit::implements(op)) by_op_[i] = units_[1].get();
    else if (mte::implements(op)) by_op_[i] = units_[2].get();
  }
}

}  // namespace vitruvian::sim

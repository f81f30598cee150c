// The units of a chip behind one table: operation -> unit. Pure; one object serves all cores.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "src/chip/chip_spec.h"
#include "src/pipe/unit.h"

namespace vitruvian::sim {

class UnitTable {
 public:
  explicit UnitTable(const chip::ChipSpec& spec);
  // nullptr: this version does not execute the operation.
  const pipe::Unit* find(isa::Op op) const { return by_op_[static_cast<std::size_t>(op)]; }

 private:
  std::vector<std::unique_ptr<pipe::Unit>> units_;
  std::array<const pipe::Unit*, static_cast<std::size_t>(isa::Op::kCount)> by_op_{};
};

}  // namespace vitruvian::sim

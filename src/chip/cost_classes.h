// The cost classes that a chip file must have a row for: those that the table of instructions names.
#pragma once

#include <set>
#include <string>

namespace vitruvian::chip {

// All cost classes of isa/instructions.def but `sync`, whose costs are the parameters pipes.flag_* and pipes.barrier.
const std::set<std::string, std::less<>>& cost_classes();

}  // namespace vitruvian::chip

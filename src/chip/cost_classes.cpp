#include "src/chip/cost_classes.h"

namespace vitruvian::chip {

const std::set<std::string, std::less<>>& cost_classes() {
  static const std::set<std::string, std::less<>> classes = [] {
    std::set<std::string, std::less<>> found{
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) #cost,
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text)
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
    };
    found.erase("sync");
    return found;
  }();
  return classes;
}

}  // namespace vitruvian::chip

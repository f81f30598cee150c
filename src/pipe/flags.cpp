#include "src/pipe/flags.h"

#include <algorithm>

namespace vitruvian::pipe {

bool FlagTable::set(unsigned source, unsigned destination, unsigned id, Cycle visible) {
  Cycle& when = when_[index(source, destination, id)];
  const bool fresh = when == memory::kNever;
  when = std::min(when, visible);
  return fresh;
}

Cycle FlagTable::visible(unsigned source, unsigned destination, unsigned id) const { return when_[index(source, destination, id)]; }

void FlagTable::clear(unsigned source, unsigned destination, unsigned id) { when_[index(source, destination, id)] = memory::kNever; }

}  // namespace vitruvian::pipe

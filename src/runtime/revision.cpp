#include "revision.h"

#include "vitruvian/vitruvian.h"

namespace vitruvian {

std::string revision() { return VITRUVIAN_REVISION; }

}  // namespace vitruvian

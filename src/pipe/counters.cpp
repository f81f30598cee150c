#include <numeric>

#include "vitruvian/vitruvian.h"

namespace vitruvian {

std::uint64_t PipeCounters::total() const { return busy + std::accumulate(stall.begin(), stall.end(), std::uint64_t{0}) + idle; }

}  // namespace vitruvian

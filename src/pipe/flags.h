// Flags between the pipes of a core: one bit for each (source pipe, destination pipe, id), with the time it becomes visible.
#pragma once

#include <array>
#include <cstdint>

#include "isa/instruction.h"
#include "src/memory/gm_path.h"

namespace vitruvian::pipe {

using memory::Cycle;

inline constexpr unsigned kPipeCodes = 11;  // codes 0 (S) to 10 (FIX)
inline constexpr unsigned kMaxFlagIds = 16;

class FlagTable {
 public:
  // Returns false if the flag was set already (a second set without a wait is undefined on the hardware).
  bool set(unsigned source, unsigned destination, unsigned id, Cycle visible);
  // When the flag becomes visible; kNever if it is not set.
  Cycle visible(unsigned source, unsigned destination, unsigned id) const;
  void clear(unsigned source, unsigned destination, unsigned id);
  void reset() { when_.fill(memory::kNever); }
  FlagTable() { reset(); }

 private:
  static std::size_t index(unsigned source, unsigned destination, unsigned id) {
    return (source * kPipeCodes + destination) * kMaxFlagIds + id;
  }
  std::array<Cycle, kPipeCodes * kPipeCodes * kMaxFlagIds> when_;
};

}  // namespace vitruvian::pipe

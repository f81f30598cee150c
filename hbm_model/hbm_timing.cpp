#include "hbm_model/hbm_model.h"

namespace vitruvian::hbm_model {

using chip::Param;

HbmTiming HbmTiming::from(const chip::ChipSpec& spec) {
  HbmTiming t;
  t.stacks = static_cast<std::uint32_t>(spec.get_integer(Param::hbm_stacks));
  t.interleave = static_cast<std::uint32_t>(spec.get_integer(Param::l2_line));
  t.stack_bytes_per_cycle = spec.bytes_per_cycle(spec.get(Param::hbm_bandwidth)) * spec.get(Param::hbm_efficiency) / t.stacks;
  t.turnaround = spec.cycles_from_ns(spec.get(Param::hbm_turnaround));
  t.write_batch = static_cast<std::uint32_t>(spec.get_integer(Param::hbm_write_batch));
  t.write_queue = static_cast<std::uint32_t>(spec.get_integer(Param::hbm_write_queue));
  return t;
}

}  // namespace vitruvian::hbm_model

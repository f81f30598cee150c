#include "src/noc/l2_path.h"

namespace vitruvian::noc {

using chip::Param;

L2Timing L2Timing::from(const chip::ChipSpec& spec) {
  const auto count = [&](Param p) { return static_cast<std::uint32_t>(spec.get_integer(p)); };
  // Slice clocks to core cycles: the slices have a clock of their own.
  const double slice_clock = spec.get(Param::clock) / spec.get(Param::l2_slice_clock);
  L2Timing t;
  t.aic_ports = count(Param::aic_count);
  t.aiv_ports = t.aic_ports * count(Param::aiv_per_aic);
  t.read_channels_aic = count(Param::read_channels_aic);
  t.read_channels_aiv = count(Param::read_channels_aiv);
  t.channel_bytes_per_cycle = spec.get(Param::channel_width);
  t.slices = count(Param::l2_slices);
  t.ways = count(Param::l2_ways);
  t.line = count(Param::l2_line);
  t.sector = count(Param::l2_sector);
  t.bytes = spec.get_integer(Param::l2_bytes);
  t.fill = count(Param::l2_fill);
  t.merge_delay = spec.get(Param::l2_merge_delay);
  t.hit_latency = spec.get(Param::l2_hit_latency);
  t.write_latency = spec.get(Param::l2_write_latency);
  t.miss_latency = spec.get(Param::l2_miss_latency);
  t.slice_bytes_per_cycle = spec.get(Param::l2_slice_width) / slice_clock;
  t.request_cost = spec.get(Param::l2_request_cost) * slice_clock;
  t.same_line_interval = spec.get(Param::l2_same_line_interval);
  t.tlb_page = spec.get_integer(Param::tlb_page);
  t.tlb_reach = spec.get_integer(Param::hbm_bytes);
  t.tlb_miss = spec.get(Param::tlb_miss);
  t.bucket = count(Param::l2_bucket);
  return t;
}

}  // namespace vitruvian::noc

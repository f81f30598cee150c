#include "src/scalar/front_end.h"

namespace vitruvian::scalar {

ScalarTiming ScalarTiming::from(const chip::ChipSpec& spec, bool is_aic) {
  using chip::Param;
  ScalarTiming t;
  t.alu = spec.get_integer(Param::scalar_alu);
  t.mul = spec.get_integer(Param::scalar_mul);
  t.div = spec.get_integer(Param::scalar_div);
  t.fp = spec.get_integer(Param::scalar_fp);
  t.fdiv = spec.get_integer(Param::scalar_fdiv);
  t.branch_taken = spec.get_integer(Param::scalar_branch_taken);
  t.ub_load = spec.get_integer(Param::scalar_ub_load);
  t.ub_store = spec.get_integer(Param::scalar_ub_store);
  t.spr = spec.get_integer(Param::scalar_spr);
  t.sys_cnt = spec.get_integer(Param::scalar_sys_cnt);
  t.issue = spec.get_integer(Param::scalar_issue);
  t.dcache_hit = spec.get_integer(Param::dcache_hit);
  t.dcache_miss = spec.get_integer(Param::dcache_miss);
  t.dcci = spec.get_integer(Param::dcci_latency);
  t.icache_miss = spec.get_integer(Param::icache_miss);
  t.icache_bytes = spec.get_integer(is_aic ? Param::icache_bytes_aic : Param::icache_bytes_aiv);
  t.icache_line = spec.get_integer(Param::icache_line);
  t.icache_ways = spec.get_integer(Param::icache_ways);
  t.icache_prefetch = spec.get_integer(Param::icache_prefetch);
  t.dcache_bytes = spec.get_integer(is_aic ? Param::dcache_bytes_aic : Param::dcache_bytes_aiv);
  t.dcache_line = spec.get_integer(Param::dcache_line);
  t.dcache_ways = spec.get_integer(Param::dcache_ways);
  t.core_clock = spec.get(Param::clock);
  t.system_counter = spec.get(Param::system_counter);
  return t;
}

}  // namespace vitruvian::scalar

#include <cmath>

#include "src/workload/library_kernels.h"

namespace vitruvian::workload {
namespace {

using Json = nlohmann::ordered_json;

Json pipes_json(const LaunchResult& run) {
  Json pipes = Json::object();
  for (const auto& [name, pipe] : run.pipes()) {
    Json stalls = Json::object();
    for (std::size_t i = 0; i < pipe.stall.size(); ++i)
      if (pipe.stall[i] != 0) stalls[to_string(static_cast<StallReason>(i))] = pipe.stall[i];
    pipes[name] = {{"busy", pipe.busy}, {"stalls", std::move(stalls)}, {"idle", pipe.idle}, {"operations", pipe.operations}, {"bytes", pipe.bytes}};
  }
  return pipes;
}

Json fault_json(const Fault& fault) {
  return {{"kind", to_string(fault.kind)}, {"core", fault.core},           {"pipe", fault.pipe},     {"pc", fault.pc}, {"cycle", fault.cycle},
          {"disassembly", fault.disassembly}, {"source_line", fault.source_line}, {"detail", fault.detail}};
}

// JSON has no infinity: an output that is not a number is written as a word.
Json number_or_word(double value) { return std::isfinite(value) ? Json(value) : Json("infinite"); }

Json memory_json(const MemoryCounters& memory) {
  return {{"requests", memory.requests},           {"l2_hits", memory.l2_hits},
          {"l2_misses", memory.l2_misses},         {"l2_writebacks", memory.l2_writebacks},
          {"hbm_bytes_read", memory.hbm_bytes_read}, {"hbm_bytes_written", memory.hbm_bytes_written},
          {"l2_busy_share", memory.l2_busy_share}, {"hbm_busy_share", memory.hbm_busy_share},
          {"remote_bytes_read", memory.remote_bytes_read}, {"remote_bytes_written", memory.remote_bytes_written},
          {"die_link_busy_share", memory.die_link_busy_share}, {"fabric_busy_share", memory.fabric_busy_share}};
}

}  // namespace

nlohmann::ordered_json to_json(const KernelReport& report) {
  const LaunchResult& run = report.run;
  Json json{{"kernel", report.kernel}, {"symbol", run.kernel}, {"parameters", report.parameters}, {"seed", report.seed}, {"chip", run.chip}, {"mode", run.mode},
            {"sync", run.sync},     {"l2", run.l2},                    {"cycles", run.cycles}, {"time_us", run.time_us},
            {"core_time_us", run.core_time_us}, {"tflops", report.tflops}, {"utilization", report.utilization},
            {"bandwidth_bytes_per_s", report.bandwidth}, {"bound", run.bound}};
  if (report.accuracy) {
    json["max_rel_error"] = number_or_word(report.accuracy->max_rel_error);
    json["max_rel_error_bound"] = report.accuracy->bound;
    json["passed"] = report.passed();
  } else {
    json["max_rel_error"] = nullptr;
  }
  json["max_rel_error_formula"] = report.error_formula;
  json["wall_s"] = run.wall_s;
  json["pipe_operations"] = run.pipe_operations;
  json["scalar_instructions"] = run.scalar_instructions;
  json["pipes"] = pipes_json(run);
  json["memory"] = memory_json(run.memory);
  json["h100_time_us"] = report.h100_time_us;
  json["h100_basis"] = report.h100_basis;
  json["ratio_to_h100"] = report.ratio_to_h100;
  json["assumed_share"] = run.assumed_share;
  if (run.fault) json["fault"] = fault_json(run.fault);
  return json;
}

}  // namespace vitruvian::workload

#include "src/workload/calibration.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vitruvian::workload {
namespace {

constexpr const char* kRepeated = "repeated";
constexpr int kLaunchesBefore = 3;

bool works(const CoreCounters& core) {
  return std::any_of(core.pipes.begin(), core.pipes.end(), [](const PipeCounters& pipe) { return pipe.pipe != "S" && pipe.operations > 0; });
}

double busy_cycles(const PipeCounters& pipe) {
  // A profiler's pipe time runs while an instruction is in the pipe: also while it waits for its last data.
  return static_cast<double>(pipe.busy + pipe.stall[static_cast<std::size_t>(StallReason::memory)]);
}

// Mean over the cores that did anything. Cores of the other kind, which only start and end, are not in a profiler's mean.
template <typename Value>
double mean_of_cores(const LaunchResult& run, Value value) {
  double sum = 0;
  std::size_t count = 0;
  for (const CoreCounters& core : run.cores)
    if (works(core)) sum += value(core), ++count;
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

double core_cycles(const CoreCounters& core) { return static_cast<double>(core.finished - core.start); }

double pipe_cycles(const CoreCounters& core, const std::string& name) {
  for (const PipeCounters& pipe : core.pipes)
    if (pipe.pipe == name) return busy_cycles(pipe);
  return 0;
}

struct Metric {
  const char* name;
  double (*value)(const KernelReport&, double clock_hz);
};

double busy_us(const KernelReport& report, double clock_hz, const char* pipe) {
  return mean_of_cores(report.run, [&](const CoreCounters& core) { return pipe_cycles(core, pipe); }) / clock_hz * 1e6;
}
template <char... letters>
double busy(const KernelReport& report, double clock_hz) {
  static constexpr char name[] = {letters..., 0};
  return busy_us(report, clock_hz, name);
}
template <char... letters>
double ratio(const KernelReport& report, double clock_hz) { return 100 * busy<letters...>(report, clock_hz) / report.run.time_us; }
template <char... letters>
double cycles_of(const KernelReport& report, double) {
  static constexpr char name[] = {letters..., 0};
  const auto pipes = report.run.pipes();
  const PipeCounters& pipe = pipes.at(name);
  return busy_cycles(pipe) / static_cast<double>(pipe.operations);
}

double core_time_us(const KernelReport& report, double clock_hz) { return mean_of_cores(report.run, core_cycles) / clock_hz * 1e6; }
double moved(const MemoryCounters& memory) { return static_cast<double>(memory.bytes_read + memory.bytes_written); }
double terabytes(double bytes, double us) { return bytes / us * 1e-6; }

const Metric kMetrics[] = {
    {"task_time", [](const KernelReport& r, double) { return r.run.time_us; }},
    {"aicore_time", core_time_us},
    {"max_core_time", [](const KernelReport& r, double hz) {
       double longest = 0;
       for (const CoreCounters& core : r.run.cores) longest = std::max(longest, works(core) ? core_cycles(core) : 0);
       return longest / hz * 1e6;
     }},
    {"total_cycles", [](const KernelReport& r, double) {
       double sum = 0;
       for (const CoreCounters& core : r.run.cores) sum += works(core) ? core_cycles(core) : 0;
       return sum;
     }},
    {"busy_V", busy<'V'>}, {"busy_M", busy<'M'>}, {"busy_MTE1", busy<'M', 'T', 'E', '1'>}, {"busy_MTE2", busy<'M', 'T', 'E', '2'>},
    {"busy_MTE3", busy<'M', 'T', 'E', '3'>}, {"busy_FIX", busy<'F', 'I', 'X'>},
    {"ratio_M", ratio<'M'>}, {"ratio_MTE1", ratio<'M', 'T', 'E', '1'>}, {"ratio_MTE2", ratio<'M', 'T', 'E', '2'>}, {"ratio_FIX", ratio<'F', 'I', 'X'>},
    {"cycles_MTE1", cycles_of<'M', 'T', 'E', '1'>}, {"cycles_MTE2", cycles_of<'M', 'T', 'E', '2'>}, {"cycles_MTE3", cycles_of<'M', 'T', 'E', '3'>},
    {"read_bandwidth", [](const KernelReport& r, double hz) { return terabytes(static_cast<double>(r.run.memory.bytes_read), busy<'M', 'T', 'E', '2'>(r, hz)); }},
    {"mixed_bandwidth", [](const KernelReport& r, double hz) { return terabytes(moved(r.run.memory), busy<'M', 'T', 'E', '2'>(r, hz)); }},
    {"core_bandwidth", [](const KernelReport& r, double hz) { return terabytes(moved(r.run.memory), core_time_us(r, hz)); }},
    {"core_gigabytes", [](const KernelReport& r, double hz) {
       const auto cores = std::count_if(r.run.cores.begin(), r.run.cores.end(), works);
       return 1e3 * terabytes(moved(r.run.memory), core_time_us(r, hz)) / static_cast<double>(cores);
     }},
    {"hit_rate", [](const KernelReport& r, double) {
       const auto& memory = r.run.memory;
       return 100 * static_cast<double>(memory.l2_hits) / static_cast<double>(memory.l2_hits + memory.l2_misses);
     }},
    {"throughput", [](const KernelReport& r, double) { return r.useful_operations / r.run.time_us * 1e-6; }},
    {"compulsory_bandwidth", [](const KernelReport& r, double) { return r.useful_bytes / r.run.time_us * 1e-3; }},
};

KernelReport emulate(Device& device, const CalibrationRun& run) {
  KernelRequest request;
  request.kernel = run.kernel;
  request.parameters = run.parameters;
  request.options.mode = Mode::timing_only;
  // "repeated": profiled runs follow each other, so L2 holds what identical launches left, dirty lines included; the state
  // settles within a few.
  const bool repeated = run.l2 == kRepeated;
  for (int i = 0; repeated && i < kLaunchesBefore; ++i) {
    request.options.l2 = i == 0 ? L2State::cold : L2State::carried;
    run_library_kernel(device, request);
  }
  request.options.l2 = repeated ? L2State::carried : l2_state_from(run.l2);
  return run_library_kernel(device, request);
}

void add_results(const CalibrationTables& tables, const CalibrationRun& run, const KernelReport& report, double clock_hz, Calibration& calibration) {
  for (const Measurement& row : tables.rows) {
    if (row.run != run.name) continue;
    CalibrationResult result;
    result.run = &run;
    result.row = &row;
    result.bound = report.run.bound;
    result.assumed_share = report.run.assumed_share;
    result.fault = report.run.fault;
    if (!result.fault) {
      result.emulated = metric_value(row.metric, report, clock_hz);
      result.error = result.emulated / row.value - 1;
    }
    calibration.results.push_back(result);
  }
}

void add(ErrorSummary& summary, const CalibrationResult& result) {
  ++summary.rows;
  summary.mean_absolute += std::abs(result.error);  // a sum until finish()
  if (std::abs(result.error) <= std::abs(summary.worst)) return;
  summary.worst = result.error;
  summary.worst_row = result.run->name + " " + result.row->metric;
}

void finish(ErrorSummary& summary) {
  if (summary.rows) summary.mean_absolute /= static_cast<double>(summary.rows);
}

}  // namespace

const std::vector<std::string>& metrics() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Metric& metric : kMetrics) list.emplace_back(metric.name);
    return list;
  }();
  return names;
}

double metric_value(const std::string& metric, const KernelReport& report, double clock_hz) {
  for (const Metric& each : kMetrics)
    if (metric == each.name) return each.value(report, clock_hz);
  throw Error("unknown metric", "metric", fmt::format("one of {}", fmt::join(metrics(), ", ")), "'" + metric + "'");
}

Calibration run_calibration(const CalibrationTables& tables, const CalibrationOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<const CalibrationRun*> chosen;
  for (const CalibrationRun& run : tables.runs)
    if ((!options.fast || run.fast) && (run.group + " " + run.name).find(options.only) != std::string::npos) chosen.push_back(&run);
  Calibration calibration;
  std::set<std::string> provenance;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const CalibrationRun& run = *chosen[i];
    if (options.progress) options.progress(run, static_cast<double>(i) / static_cast<double>(chosen.size()));
    // A device of its own: nothing of the run before is in L2 or the page table.
    Device device(run.chip, options.overrides);
    provenance.insert(device.provenance());
    add_results(tables, run, emulate(device, run), device.clock_hz(), calibration);
  }
  calibration.provenance.assign(provenance.begin(), provenance.end());
  calibration.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return calibration;
}

CalibrationSummary summarise(const std::vector<CalibrationResult>& results) {
  CalibrationSummary summary;
  for (const CalibrationResult& result : results)
    if (!result.fault && result.row->flag.empty()) summary.groups[result.run->group];
  for (const auto& [group, unused] : summary.groups) summary.without_group[group];
  for (const CalibrationResult& result : results) {
    if (result.fault) continue;
    if (!result.row->flag.empty()) {
      add(summary.flagged, result);
      continue;
    }
    add(summary.all, result);
    if (!result.row->used) add(summary.independent, result);
    for (auto& [group, each] : summary.groups) add(group == result.run->group ? each : summary.without_group[group], result);
  }
  for (ErrorSummary* each : {&summary.all, &summary.independent, &summary.flagged}) finish(*each);
  for (auto& [group, each] : summary.groups) finish(each);
  for (auto& [group, each] : summary.without_group) finish(each);
  return summary;
}

}  // namespace vitruvian::workload

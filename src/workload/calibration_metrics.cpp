// What a published number measures, as a function of a run's report: one line for each metric.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/workload/calibration.h"

namespace vitruvian::workload {
namespace {

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
    {"payload_rate", [](const KernelReport& r, double) { return r.useful_bytes / r.run.core_time_us * 1e-3; }},
    {"transfer_time_MTE2", [](const KernelReport& r, double hz) { return cycles_of<'M', 'T', 'E', '2'>(r, hz) / hz * 1e6; }},
    {"transfer_time_MTE3", [](const KernelReport& r, double hz) { return cycles_of<'M', 'T', 'E', '3'>(r, hz) / hz * 1e6; }},
    {"hit_rate", [](const KernelReport& r, double) {
       const auto& memory = r.run.memory;
       return 100 * static_cast<double>(memory.l2_hits) / static_cast<double>(memory.l2_hits + memory.l2_misses);
     }},
    {"throughput", [](const KernelReport& r, double) { return r.useful_operations / r.run.time_us * 1e-6; }},
    {"compulsory_bandwidth", [](const KernelReport& r, double) { return r.useful_bytes / r.run.time_us * 1e-3; }},
};

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

}  // namespace vitruvian::workload

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "src/trace/trace.h"

namespace vitruvian::trace {
namespace {

// msprof's word for each pipe, in its order of columns.
struct Column {
  const char* pipe;
  const char* word;
};
constexpr std::array kAicColumns{Column{"M", "mac"}, Column{"S", "scalar"}, Column{"MTE1", "mte1"}, Column{"MTE2", "mte2"}, Column{"FIX", "fixpipe"}};
constexpr std::array kAivColumns{Column{"V", "vec"}, Column{"S", "scalar"}, Column{"MTE2", "mte2"}, Column{"MTE3", "mte3"}};

// Mean over the cores of one kind.
struct Means {
  double cores = 0, cycles = 0;
  std::map<std::string, double, std::less<>> busy;
};

Means means_of(const LaunchResult& result, bool aic) {
  Means means;
  for (const CoreCounters& core : result.cores) {
    if (core.is_aic != aic) continue;
    means.cores += 1;
    means.cycles += static_cast<double>(core.end - core.start);
    for (const PipeCounters& pipe : core.pipes) means.busy[pipe.pipe] += static_cast<double>(pipe.busy);
  }
  const double divisor = std::max(means.cores, 1.0);
  means.cycles /= divisor;
  for (auto& [name, cycles] : means.busy) cycles /= divisor;
  return means;
}

double us_per_cycle(const LaunchResult& result) { return result.cycles == 0 ? 0 : result.time_us / static_cast<double>(result.cycles); }

template <typename Columns>
void append_pipes(fmt::memory_buffer& out, const Columns& columns, const Means& means, double scale) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, ",{:.3f},{:.0f}", means.cycles * scale, means.cycles);
  for (const Column& column : columns) {
    const auto busy = means.busy.find(std::string_view(column.pipe));
    const double cycles = busy == means.busy.end() ? 0 : busy->second;
    fmt::format_to(to, ",{:.3f},{:.3f}", cycles * scale, means.cycles == 0 ? 0 : cycles / means.cycles);
  }
}

template <typename Columns>
void append_header(fmt::memory_buffer& out, const char* kind, const char* time, const Columns& columns) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, ",{}(us),{}_total_cycles", time, kind);
  for (const Column& column : columns) fmt::format_to(to, ",{0}_{1}_time(us),{0}_{1}_ratio", kind, column.word);
}

}  // namespace

std::string op_summary_csv(std::span<const LaunchResult> results) {
  fmt::memory_buffer out;
  out.append(std::string_view("Op Name,Task Duration(us),Block Dim"));
  append_header(out, "aic", "aicore_time", kAicColumns);
  append_header(out, "aiv", "aiv_time", kAivColumns);
  out.push_back('\n');
  for (const LaunchResult& result : results) {
    const Means aic = means_of(result, true), aiv = means_of(result, false);
    fmt::format_to(std::back_inserter(out), "{},{:.3f},{:.0f}", result.kernel, result.time_us, aic.cores > 0 ? aic.cores : aiv.cores);
    append_pipes(out, kAicColumns, aic, us_per_cycle(result));
    append_pipes(out, kAivColumns, aiv, us_per_cycle(result));
    out.push_back('\n');
  }
  return fmt::to_string(out);
}

std::string pipe_utilization_csv(const LaunchResult& result) {
  fmt::memory_buffer out;
  auto to = std::back_inserter(out);
  out.append(std::string_view("core,pipe,operations,total_cycles,busy_cycles,busy_time(us),busy_ratio"));
  for (std::size_t i = 0; i < static_cast<std::size_t>(StallReason::kCount); ++i)
    fmt::format_to(to, ",stall_{}", to_string(static_cast<StallReason>(i)));
  out.append(std::string_view(",idle,bytes\n"));
  for (const CoreCounters& core : result.cores) {
    for (const PipeCounters& pipe : core.pipes) {
      const double total = static_cast<double>(std::max<std::uint64_t>(pipe.total(), 1));
      fmt::format_to(to, "{},{},{},{},{},{:.3f},{:.4f}", core.core, pipe.pipe, pipe.operations, pipe.total(), pipe.busy,
                     static_cast<double>(pipe.busy) * us_per_cycle(result), static_cast<double>(pipe.busy) / total);
      for (std::uint64_t cycles : pipe.stall) fmt::format_to(to, ",{}", cycles);
      fmt::format_to(to, ",{},{}\n", pipe.idle, pipe.bytes);
    }
  }
  return fmt::to_string(out);
}

}  // namespace vitruvian::trace

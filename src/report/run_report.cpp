#include "src/report/run_report.h"

#include <algorithm>

#include <fmt/format.h>

namespace vitruvian::report {
namespace {

// The stall reasons that a launch shows, so that the table has no empty columns.
std::vector<std::size_t> reasons_seen(const std::map<std::string, PipeCounters>& pipes) {
  std::vector<std::size_t> seen;
  for (std::size_t reason = 0; reason < static_cast<std::size_t>(StallReason::kCount); ++reason)
    if (std::any_of(pipes.begin(), pipes.end(), [&](const auto& entry) { return entry.second.stall[reason] != 0; })) seen.push_back(reason);
  return seen;
}

std::string share_of(std::uint64_t part, std::uint64_t whole) { return whole == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(whole)); }

}  // namespace

Table pipe_table(const LaunchResult& result) {
  const auto pipes = result.pipes();
  const auto reasons = reasons_seen(pipes);
  std::vector<std::string> headings{"<pipe", "operations", "busy cycles", "busy"};
  for (std::size_t reason : reasons) headings.emplace_back(to_string(static_cast<StallReason>(reason)));
  headings.insert(headings.end(), {"idle", "bytes"});
  Table table(headings);
  for (const auto& [name, pipe] : pipes) {
    std::vector<std::string> row{name, grouped(pipe.operations), grouped(pipe.busy), share_of(pipe.busy, pipe.total())};
    for (std::size_t reason : reasons) row.push_back(share_of(pipe.stall[reason], pipe.total()));
    row.insert(row.end(), {share_of(pipe.idle, pipe.total()), pipe.bytes == 0 ? "" : grouped(pipe.bytes)});
    table.add(std::move(row));
  }
  return table;
}

Table core_table(const LaunchResult& result) {
  Table table({"<core", "start", "end", "instructions", "<busiest pipe", "busy"});
  for (const CoreCounters& core : result.cores) {
    const auto busiest = std::max_element(core.pipes.begin(), core.pipes.end(), [](const auto& a, const auto& b) { return a.busy < b.busy; });
    const bool has = busiest != core.pipes.end();
    table.add({core.core, grouped(core.start), grouped(core.end), grouped(core.instructions), has ? busiest->pipe : "",
               has ? share_of(busiest->busy, busiest->total()) : ""});
  }
  return table;
}

std::string memory_lines(const LaunchResult& result) {
  const MemoryCounters& memory = result.memory;
  return fmt::format("L2   {} requests, {} hits, {} written back; busy {}\nHBM  {:.1f} MB read, {:.1f} MB written; busy {}\n", grouped(memory.requests),
                     share_of(memory.l2_hits, memory.l2_hits + memory.l2_misses), grouped(memory.l2_writebacks), percent(memory.l2_busy_share),
                     static_cast<double>(memory.hbm_bytes_read) * 1e-6, static_cast<double>(memory.hbm_bytes_written) * 1e-6,
                     percent(memory.hbm_busy_share));
}

std::string headline(const LaunchResult& result) {
  std::string text = fmt::format("{} on {}: ", result.kernel, result.chip);
  if (result.fault) return text + fmt::format("fault {} on {} at cycle {}", to_string(result.fault.kind), result.fault.core, result.fault.cycle);
  if (result.cycles == 0) return text + fmt::format("done, no clock ({})", result.mode);
  text += fmt::format("{} cycles, {:.2f} us, bound by {} ({}{}, l2 {}, sync {})", grouped(result.cycles), result.time_us, result.bound, result.mode,
                      result.reran_in_full ? " after timing_only met needs_data" : "", result.l2, result.sync);
  return text;
}

std::string summary(const LaunchResult& result) {
  std::string text = headline(result) + "\n";
  if (result.fault) text += result.fault.report() + "\n";
  if (result.cycles == 0) return text;
  text += pipe_table(result).text() + memory_lines(result);
  if (result.hazard_waits != 0) text += fmt::format("{} operations waited for an earlier conflicting one (sync auto)\n", grouped(result.hazard_waits));
  if (result.assumed_share > 0) text += fmt::format("{} of the busy cycles rest on assumed values\n", percent(result.assumed_share));
  return text;
}

}  // namespace vitruvian::report

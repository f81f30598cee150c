#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "isa/instruction.h"
#include "src/trace/trace.h"

namespace vitruvian::trace {
namespace {

// Only names that we make pass through here; a kernel's name may hold anything a linker accepts.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

void append_names(fmt::memory_buffer& out, const LaunchResult& result) {
  auto to = std::back_inserter(out);
  for (std::size_t core = 0; core < result.cores.size(); ++core) {
    const CoreCounters& counters = result.cores[core];
    fmt::format_to(to, "{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{},\"args\":{{\"name\":{}}}}},\n", core, quoted(counters.core));
    fmt::format_to(to, "{{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":{0},\"args\":{{\"sort_index\":{0}}}}},\n", core);
    for (std::size_t pipe = 0; pipe < counters.pipes.size(); ++pipe) {
      fmt::format_to(to, "{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":{}}}}},\n", core, pipe,
                     quoted(counters.pipes[pipe].pipe));
      fmt::format_to(to, "{{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":{0},\"tid\":{1},\"args\":{{\"sort_index\":{1}}}}},\n", core, pipe);
    }
  }
}

void append_slice(fmt::memory_buffer& out, const TraceEvent& event, std::uint64_t end, double us_per_cycle) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, FMT_COMPILE("{{\"ph\":\"X\",\"name\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":{:.5f},\"dur\":{:.5f},\"args\":{{\"pc\":\"{:#x}\","
                                 "\"issue\":{},\"start\":{},\"finish\":{}"),
                 isa::mnemonic(static_cast<isa::Op>(event.op)), event.core, event.pipe, static_cast<double>(event.start) * us_per_cycle,
                 static_cast<double>(end - event.start) * us_per_cycle, event.pc, event.issue, event.start, event.finish);
  if (event.bytes != 0) fmt::format_to(to, FMT_COMPILE(",\"bytes\":{}"), event.bytes);
  if (event.stall != StallReason::kCount) fmt::format_to(to, FMT_COMPILE(",\"stall\":\"{}\""), to_string(event.stall));
  out.append(std::string_view("}},\n"));
}

}  // namespace

std::string chrome_trace(const LaunchResult& result) {
  if (result.events.empty()) throw Error("the launch kept no trace events", result.kernel, "a launch with trace on, in a mode with a clock", "none");
  if (result.cycles == 0) throw Error("the launch has no clock", result.kernel, "a launch in full or timing_only mode", result.mode);
  const double us_per_cycle = result.time_us / static_cast<double>(result.cycles);

  std::vector<TraceEvent> events = result.events;
  std::stable_sort(events.begin(), events.end(), [](const TraceEvent& a, const TraceEvent& b) {
    return std::pair(a.core, a.pipe) != std::pair(b.core, b.pipe) ? std::pair(a.core, a.pipe) < std::pair(b.core, b.pipe) : a.start < b.start;
  });
  fmt::memory_buffer out;
  fmt::format_to(std::back_inserter(out), "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"kernel\":{},\"chip\":{},\"mode\":{},\"cycles\":{}}},\n\"traceEvents\":[\n",
                 quoted(result.kernel), quoted(result.chip), quoted(result.mode), result.cycles);
  append_names(out, result);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const TraceEvent& event = events[i];
    const bool last_of_pipe = i + 1 == events.size() || events[i + 1].core != event.core || events[i + 1].pipe != event.pipe;
    const std::uint64_t end = last_of_pipe ? event.finish : std::min(event.finish, events[i + 1].start);
    append_slice(out, event, std::max(end, event.start), us_per_cycle);
  }
  out.resize(out.size() - 2);  // the last comma: JSON allows none
  out.append(std::string_view("\n]}\n"));
  return fmt::to_string(out);
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) throw Error("cannot write the file", path, "a writable path", "");
}

}  // namespace vitruvian::trace

#include "tests/support/machine.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <tuple>

namespace vitruvian::test {

namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "vitruvian-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
};

}  // namespace

const std::string& compiled(const std::string& name) {
  static const Folder folder;
  static std::map<std::string, std::string> done;
  const auto [row, fresh] = done.try_emplace(name);
  if (fresh) {
    row->second = (folder.path / (name + ".elf")).string();
    compile((fs::path(data_directory()) / "tests" / "kernels" / (name + ".cpp")).string(), row->second);
  }
  return row->second;
}

std::vector<std::uint8_t> file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string fingerprint(const LaunchResult& run) {
  std::ostringstream out;
  out << run.kernel << ' ' << run.cycles << ' ' << run.core_time_us << ' ' << run.hazard_waits << ' ' << run.pipe_operations << ' '
      << run.scalar_instructions << ' ' << run.assumed_share << ' ' << run.bound << ' ' << run.fault.report() << '\n';
  for (const CoreCounters& core : run.cores) {
    out << core.core << ' ' << core.start << ' ' << core.end << ' ' << core.instructions << '\n';
    for (const PipeCounters& pipe : core.pipes) {
      out << "  " << pipe.pipe << ' ' << pipe.operations << ' ' << pipe.busy << ' ' << pipe.idle << ' ' << pipe.bytes << ' ' << pipe.assumed_busy;
      for (std::uint64_t cycles : pipe.stall) out << ' ' << cycles;
      out << '\n';
    }
  }
  const MemoryCounters& m = run.memory;
  out << m.requests << ' ' << m.l2_hits << ' ' << m.l2_misses << ' ' << m.l2_writebacks << ' ' << m.bytes_read << ' ' << m.bytes_written << ' '
      << m.hbm_bytes_read << ' ' << m.hbm_bytes_written << ' ' << m.l2_busy_share << ' ' << m.hbm_busy_share << '\n';
  // Events of one cycle come in no particular order.
  std::vector<TraceEvent> events = run.events;
  std::sort(events.begin(), events.end(), [](const TraceEvent& a, const TraceEvent& b) {
    return std::tie(a.finish, a.start, a.core, a.pipe, a.issue) < std::tie(b.finish, b.start, b.core, b.pipe, b.issue);
  });
  for (const TraceEvent& event : events)
    out << event.core << ' ' << int{event.pipe} << ' ' << event.op << ' ' << event.pc << ' ' << event.issue << ' ' << event.start << ' ' << event.finish << '\n';
  for (const std::string& line : run.printed) out << line << '\n';
  return out.str();
}

std::string accounting_error(const LaunchResult& run) {
  for (const CoreCounters& core : run.cores)
    for (const PipeCounters& pipe : core.pipes)
      if (pipe.total() != core.end - core.start) {
        std::ostringstream out;
        out << core.core << ' ' << pipe.pipe << ": busy " << pipe.busy << ", idle " << pipe.idle << ", all " << pipe.total() << " of " << core.end - core.start << " cycles";
        return out.str();
      }
  return {};
}

}  // namespace vitruvian::test

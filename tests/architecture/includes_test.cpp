// Folders depend on each other one way. The graph is read from the #include lines; this table is its documentation.
#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Folders = std::set<std::string>;

// Every folder may include the public headers (include/vitruvian) and itself. cube_unit takes from src/mte what a fixpipe
// shares with a transfer: element formats and atomics on global memory. hbm_model lies below src/noc, which owns it.
const std::map<std::string, Folders> kAllowed{
    {"isa", {}},
    {"include", {}},
    {"kernels", {}},  // headers that host programs share with device code: acl, tiling structs
    {"src/chip", {"isa"}},
    {"src/memory", {}},
    {"src/pipe", {"isa", "src/memory"}},
    {"hbm_model", {"src/chip", "src/memory"}},
    {"src/noc", {"hbm_model", "src/chip", "src/memory"}},
    {"src/scalar", {"isa", "src/chip", "src/memory", "src/pipe"}},
    {"src/mte", {"isa", "src/chip", "src/memory", "src/pipe"}},
    {"cube_unit", {"isa", "src/chip", "src/memory", "src/pipe", "src/mte"}},
    {"vector_unit", {"isa", "src/chip", "src/memory", "src/pipe"}},
    {"src/trace", {"isa"}},
    {"src/sim", {"isa", "hbm_model", "src/chip", "src/memory", "src/pipe", "src/noc", "src/scalar", "src/mte", "cube_unit", "vector_unit"}},
    {"src/runtime", {"isa", "src/chip", "src/memory", "src/noc", "hbm_model", "src/scalar", "src/sim", "src/trace", "kernels"}},
    {"src/tiling", {"kernels", "src/chip"}},
    {"src/acl", {"kernels", "src/runtime"}},
    {"src/report", {"src/chip", "src/trace"}},
    {"src/workload", {"isa", "src/chip", "src/memory", "src/report", "src/trace", "src/runtime"}},
    {"src/cli", {"isa", "hbm_model", "src/chip", "src/report", "src/trace", "src/runtime", "src/workload"}},
    {"src/python", {"isa", "src/cli", "src/chip", "src/report", "src/trace", "src/runtime", "src/workload", "src/tiling", "kernels"}},
};

// "src/pipe" of "src/pipe/order.h", "isa" of "isa/formats.h".
std::string folder_of(const std::string& path) {
  const std::size_t first = path.find('/');
  if (first == std::string::npos) return "";
  return path.substr(0, first) == "src" ? path.substr(0, path.find('/', first + 1)) : path.substr(0, first);
}

std::vector<fs::path> sources_under(const std::string& folder) {
  std::vector<fs::path> files;
  const fs::path root = fs::path(SOURCE_TREE) / folder;
  if (!fs::exists(root)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string kind = entry.path().extension();
    if (kind == ".h" || kind == ".cpp" || kind == ".def") files.push_back(entry.path());
  }
  return files;
}

std::string place_of(const fs::path& path) { return path.lexically_relative(SOURCE_TREE).string(); }

// Calls visit(line number, match) for each line of the file that the pattern fits.
template <typename Visit>
void for_matches(const fs::path& path, const std::regex& pattern, Visit visit) {
  std::ifstream file(path);
  std::smatch match;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number)
    if (std::regex_search(line, match, pattern)) visit(number, match);
}

// Does `to` reach `from` over allowed edges? Then the table has a cycle.
bool reaches(const std::string& start, const std::string& goal) {
  for (const std::string& next : kAllowed.at(start))
    if (next == goal || reaches(next, goal)) return true;
  return false;
}

}  // namespace

TEST_CASE("the table of dependencies has no cycle") {
  for (const auto& [folder, allowed] : kAllowed) {
    INFO(folder);
    CHECK_FALSE(reaches(folder, folder));
  }
}

TEST_CASE("each folder includes only what lies below it") {
  const std::regex quoted("^\\s*#\\s*include\\s+\"([^\"]+)\"");
  std::size_t seen = 0;
  for (const auto& [folder, allowed] : kAllowed) {
    if (folder == "kernels") continue;  // device headers: their own include path, nothing of the emulator
    for (const fs::path& path : sources_under(folder))
      for_matches(path, quoted, [&](int number, const std::smatch& match) {
        const std::string target = folder_of(match[1]);
        ++seen;
        if (target.empty() || target == "vitruvian" || target == "include" || target == folder || allowed.contains(target)) return;
        FAIL_CHECK(place_of(path) << ':' << number << ": " << folder << " includes " << match[1]);
      });
  }
  CHECK(seen > 300);  // the sources were found
}

TEST_CASE("every folder of sources is in the table") {
  for (const std::string parent : {"", "src"})
    for (const auto& entry : fs::directory_iterator(fs::path(SOURCE_TREE) / parent)) {
      const std::string folder = place_of(entry.path());
      if (!entry.is_directory() || !fs::exists(entry.path() / "CMakeLists.txt")) continue;
      if (folder == "tests" || folder == "bench" || folder == "examples") continue;  // users of the library
      INFO(folder);
      CHECK(kAllowed.contains(folder));
    }
}

TEST_CASE("SystemC is included in src/sim and nowhere else, and src/sim/simulation.h is free of it") {
  const std::regex systemc("^\\s*#\\s*include\\s*[<\"](systemc|tlm|sysc/)");
  std::set<std::string> files;
  for (const char* folder : {"src", "isa", "include", "hbm_model", "cube_unit", "vector_unit", "tests", "bench", "examples", "kernels", "python"})
    for (const fs::path& path : sources_under(folder)) for_matches(path, systemc, [&](int, const std::smatch&) { files.insert(place_of(path)); });
  CHECK(!files.empty());
  for (const std::string& file : files) {
    INFO(file);
    if (file == "examples/dram_platform.cpp") continue;  // a user's own SystemC platform around the DRAM target
    if (file == "tests/systemc/dram_target_test.cpp") continue;
    CHECK(file.starts_with("src/sim/"));
    CHECK(file != "src/sim/simulation.h");
    CHECK(file != "src/sim/core_model.h");
  }
}

TEST_CASE("no latency of the chip stands in the code: a duration in cycles is 0, 1 or read from the chip description") {
  // `Cycle name = 24`, `Cycle name{24}`, `{24, 8}` of a Cost.
  const std::regex literal("\\b(Cycle|Cost)\\s+(\\w+)\\s*(=|\\{)\\s*\\{?\\s*([0-9][0-9']*)");
  // Not durations of the chip: how long a simulation runs between two looks at progress.
  const Folders allowed{"kSlice"};
  std::size_t seen = 0;
  for (const char* folder : {"src/pipe", "src/sim", "src/scalar", "src/mte", "src/noc", "src/memory", "hbm_model", "cube_unit", "vector_unit"})
    for (const fs::path& path : sources_under(folder))
      for_matches(path, literal, [&](int number, const std::smatch& match) {
        ++seen;
        const std::string value = match[4];
        if (value == "0" || value == "1" || allowed.contains(match[2])) return;
        FAIL_CHECK(place_of(path) << ':' << number << ": " << match[0]);
      });
  CHECK(seen > 20);
}

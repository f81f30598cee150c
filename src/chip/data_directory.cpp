#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "vitruvian/error.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian {

namespace {

namespace fs = std::filesystem;

bool has_chips(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "chips", ignored);
}

// The folder of the shared object or executable that this code lies in.
fs::path own_folder() {
  Dl_info place{};
  if (dladdr(reinterpret_cast<const void*>(&data_directory), &place) == 0 || place.dli_fname == nullptr) return {};
  std::error_code problem;
  fs::path file = fs::canonical(place.dli_fname, problem);
  if (problem) file = fs::canonical("/proc/self/exe", problem);  // dli_fname of an executable is argv[0], maybe found by PATH
  return problem ? fs::path{} : file.parent_path();
}

}  // namespace

std::string data_directory() {
  if (const char* home = std::getenv("VITRUVIAN_HOME"); home != nullptr && *home != '\0') return home;
  if (has_chips(VITRUVIAN_SOURCE_DIR)) return VITRUVIAN_SOURCE_DIR;
  const fs::path folder = own_folder();
  for (const char* relative : {"../share/vitruvian", "share/vitruvian", "data"}) {
    const fs::path candidate = (folder / relative).lexically_normal();
    if (has_chips(candidate)) return candidate.string();
  }
  throw Error("the chip files are missing", folder.string(), "VITRUVIAN_HOME set to the folder that holds chips/", {});
}

}  // namespace vitruvian

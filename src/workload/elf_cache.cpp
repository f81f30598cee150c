#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include "src/workload/library_kernels.h"

namespace vitruvian::workload {
namespace {

namespace fs = std::filesystem;

// FNV-1a: a name for contents, not a safeguard.
class ContentHash {
 public:
  void add(std::string_view text) {
    for (char c : text) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    state_ = (state_ ^ 0xffu) * 0x100000001b3u;  // "ab" "c" differs from "a" "bc"
  }
  void add_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error("cannot read the file", path.string(), "a readable file of Vitruvian's data directory", "");
    add(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  void add_folder(const fs::path& folder) {
    std::vector<fs::path> files;
    if (fs::exists(folder))
      for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      if (file.extension() == ".cpp" && folder.filename() == "isa") continue;
      add(file.lexically_relative(folder).string());
      add_file(file);
    }
  }
  std::string text() const { return fmt::format("{:016x}", state_); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

fs::path cache_directory() {
  if (const char* place = std::getenv("VITRUVIAN_CACHE")) return place;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "vitruvian";
  return fs::temp_directory_path() / "vitruvian";
}

}  // namespace

std::string cached_elf(const std::string& source, const std::vector<std::string>& flags) {
  const fs::path data = data_directory();
  const fs::path path = data / "kernels" / "lib" / source;
  ContentHash hash;
  hash.add(revision());
  hash.add(path.string());  // its line tables hold the path
  for (const std::string& flag : flags) hash.add(flag);
  hash.add_folder(data / "kernels" / "lib");
  hash.add_folder(data / "kernels" / "r1");
  hash.add_folder(data / "kernels" / "include");
  hash.add_folder(data / "isa");
  const fs::path cache = cache_directory();
  const fs::path elf = cache / fmt::format("{}-{}.elf", fs::path(source).stem().string(), hash.text());
  if (fs::exists(elf)) return elf.string();

  std::error_code error;
  fs::create_directories(cache, error);
  if (error) throw Error("cannot make the cache of compiled kernels", cache.string(), "a writable folder, or VITRUVIAN_CACHE set to one", error.message());
  // Renamed when whole, so that two processes may compile at once.
  const fs::path partial = cache / fmt::format("{}.{}.part", elf.filename().string(), ::getpid());
  compile(path.string(), partial.string(), {.flags = flags});
  fs::rename(partial, elf);
  return elf.string();
}

}  // namespace vitruvian::workload

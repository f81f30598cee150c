// A chip file of a test: written to a temporary folder of its own, removed with the object.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "src/chip/chip_spec.h"
#include "vitruvian/error.h"

namespace vitruvian::chip {

class ChipFile {
 public:
  explicit ChipFile(const std::string& text, const std::string& name = "test.yaml") {
    static std::atomic<int> count = 0;
    folder_ = std::filesystem::temp_directory_path() / ("vitruvian_chip_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(folder_);
    add(text, name);
    path_ = folder_ / name;
  }
  ~ChipFile() { std::filesystem::remove_all(folder_); }
  ChipFile(const ChipFile&) = delete;

  void add(const std::string& text, const std::string& name) { std::ofstream(folder_ / name) << text; }
  std::string path() const { return path_.string(); }
  std::string folder() const { return folder_.string(); }

 private:
  std::filesystem::path folder_, path_;
};

// A description that differs from the 910B1 by `text`, which starts at line 4.
inline std::string on_910b1(const std::string& text) { return "name: test\nkind: ascend\nbase: ascend910b1\n" + text; }

// The message of the Error that `action` throws.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  FAIL("no Error was thrown");
  return {};
}

}  // namespace vitruvian::chip

#include "src/cli/command_line.h"

#include <cstdio>
#include <exception>
#include <string_view>

#include <fmt/format.h>

#include "src/cli/command.h"
#include "src/cli/hand_over.h"
#include "src/cli/progress.h"
#include "src/workload/library_kernels.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::cli {

std::map<std::string, std::string> assignments(const std::vector<std::string>& words) {
  std::map<std::string, std::string> values;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos) throw Error("not an assignment", "command line", "name=value", "'" + word + "'");
    values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return values;
}

std::map<std::string, double> overrides_from(const std::vector<std::string>& words) {
  std::map<std::string, double> values;
  for (const auto& [path, text] : assignments(words)) {
    std::size_t used = 0;
    try {
      values[path] = std::stod(text, &used);
    } catch (const std::logic_error&) {
      used = 0;
    }
    if (used == 0 || used != text.size()) throw Error("bad value of an override", path, "a number", "'" + text + "'");
  }
  return values;
}

namespace {

bool is_library_kernel(std::string_view name) {
  for (const workload::LibraryKernelInfo& info : workload::library_kernels())
    if (info.name == name) return true;
  return false;
}

// Before CLI11 sees them, since --help behind an R1 kernel's name is that kernel's.
void hand_over_what_python_serves(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return;
  if (words[0] == "r1") hand_over(words, "`vitruvian r1`");
  if (words[0] == "kernel" && words.size() > 1 && !words[1].starts_with('-') && !is_library_kernel(words[1]))
    hand_over(words, "kernel '" + words[1] + "', none of the C++ library,");
}

int run(int argc, char** argv) {
  hand_over_what_python_serves(argc, argv);
  CLI::App app{"Vitruvian: a cycle-approximate emulator of a Huawei Ascend 910C-class accelerator.", "vitruvian"};
  app.set_version_flag("--version", revision());
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all subcommands");
  app.footer("vitruvian r1 --help: DeepSeek-R1's kernels, a small model, serving (in the Python package).");
  int status = kDone;
  add_kernel(app, status);
  add_cc(app, status);
  add_disasm(app, status);
  add_chips(app, status);
  add_accuracy(app, status);
  add_hbm(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    fmt::print(stderr, "vitruvian: {}; see --help\n", error.what());
    return kUserMistake;
  }
  return status;
}

}  // namespace

int command_line(int argc, char** argv) {
  stop_runs_on_interrupt();
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "vitruvian: {}\n", error.what());
    return kUserMistake;
  } catch (const std::exception& error) {
    fmt::print(stderr, "vitruvian: {}\n", error.what());
    return kBug;
  }
}

}  // namespace vitruvian::cli

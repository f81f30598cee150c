// vitruvian: the command line. Errors print one line on stderr.
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "src/cli/command.h"
#include "src/cli/progress.h"
#include "vitruvian/vitruvian.h"

// SystemC's library wants this symbol of the program that links it; it is never called, since main is ours. Weak, so that
// a definition elsewhere counts.
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int, char**) { return 0; }

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

int run(int argc, char** argv) {
  CLI::App app{"Vitruvian: a cycle-approximate emulator of a Huawei Ascend 910C-class accelerator.", "vitruvian"};
  app.set_version_flag("--version", revision());
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help of all subcommands");
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
}  // namespace vitruvian::cli

int main(int argc, char** argv) {
  vitruvian::cli::stop_runs_on_interrupt();
  try {
    return vitruvian::cli::run(argc, argv);
  } catch (const vitruvian::Error& error) {
    fmt::print(stderr, "vitruvian: {}\n", error.what());
    return vitruvian::cli::kUserMistake;
  } catch (const std::exception& error) {
    fmt::print(stderr, "vitruvian: {}\n", error.what());
    return vitruvian::cli::kBug;
  }
}

// The door of src/cli: one function for each subcommand adds it to the application; its callback returns by exception
// or sets the exit status. 0 done, 2 a user's mistake, 3 a fault of the kernel, 4 a failed check, 1 a bug of ours.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace vitruvian::cli {

inline constexpr int kDone = 0, kBug = 1, kUserMistake = 2, kKernelFault = 3, kCheckFailed = 4;

void add_cc(CLI::App& app, int& status);
void add_disasm(CLI::App& app, int& status);
void add_kernel(CLI::App& app, int& status);
void add_chips(CLI::App& app, int& status);
void add_accuracy(CLI::App& app, int& status);
void add_hbm(CLI::App& app, int& status);

// "name=value" words to a map. Errors: Error for a word without '='.
std::map<std::string, std::string> assignments(const std::vector<std::string>& words);
// "path=number" words, as --override takes them.
std::map<std::string, double> overrides_from(const std::vector<std::string>& words);

}  // namespace vitruvian::cli

// The table of docs/memory_calibration.md: l2_working_set [chip] [path=value ...]
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <string>

#include "tests/timing/l2_working_set.h"

int main(int argc, char** argv) {
  std::string chip = "ascend910b1";
  std::map<std::string, double> overrides;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto equals = argument.find('=');
    if (equals == std::string::npos) chip = argument;
    else overrides[argument.substr(0, equals)] = std::strtod(argument.c_str() + equals + 1, nullptr);
  }
  fmt::print("| working set | times in a pass | rate, passes 2 to 4 | hits |\n|--:|--:|--:|--:|\n");
  for (const std::uint64_t megabytes : {4, 64, 150, 180, 195, 205, 250, 400}) {
    const auto set = vitruvian::timing::read_working_set(chip, megabytes * 1'000'000, overrides);
    fmt::print("| {:.1f} MB | {} | {:.2f} TB/s | {:.1f} % |\n", static_cast<double>(set.bytes) * 1e-6, set.repeats, set.terabytes_per_second, 100 * set.hit_rate);
  }
}

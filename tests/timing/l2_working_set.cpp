#include "tests/timing/l2_working_set.h"

#include <algorithm>

#include "src/workload/library_kernels.h"

namespace vitruvian::timing {

namespace {

constexpr std::uint64_t kColumns = 8192, kRowBytes = 2 * kColumns, kLeastPass = 64'000'000;

struct Reads {
  double us = 0, hits = 0, requests = 0, bytes = 0;
};

Reads run(Device& device, std::uint64_t rows, std::uint32_t rounds) {
  workload::KernelRequest request;
  request.kernel = "data_copy";
  request.parameters = {{"route", "ub"}, {"rows", std::to_string(rows)}, {"columns", std::to_string(kColumns)}, {"tile_m", "1"},
                        {"tile_n", std::to_string(kColumns)}, {"rounds", std::to_string(rounds)}};
  request.options.mode = Mode::timing_only;
  const LaunchResult result = workload::run_library_kernel(device, request).run;
  const auto& memory = result.memory;
  return {result.time_us, static_cast<double>(memory.l2_hits), static_cast<double>(memory.l2_hits + memory.l2_misses), static_cast<double>(memory.bytes_read)};
}

}  // namespace

WorkingSet read_working_set(const std::string& chip, std::uint64_t bytes, const std::map<std::string, double>& overrides) {
  Device device(chip, overrides);
  const auto cores = std::uint64_t{device.aiv_count()};
  const std::uint64_t rows = std::max<std::uint64_t>(bytes / kRowBytes / cores, 1) * cores;
  WorkingSet set;
  set.bytes = rows * kRowBytes;
  set.repeats = static_cast<std::uint32_t>((kLeastPass + set.bytes - 1) / set.bytes);
  const Reads once = run(device, rows, set.repeats), four = run(device, rows, 4 * set.repeats);
  set.terabytes_per_second = (four.bytes - once.bytes) / (four.us - once.us) * 1e-6;
  set.hit_rate = (four.hits - once.hits) / (four.requests - once.requests);
  return set;
}

}  // namespace vitruvian::timing

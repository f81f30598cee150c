#include "src/workload/calibration_jobs.h"

#include <chrono>
#include <set>

#include <nlohmann/json.hpp>

#include "src/workload/processes.h"
#include "vitruvian/package.h"

namespace vitruvian::workload {
namespace {

constexpr const char* kRepeated = "repeated";
constexpr int kLaunchesBefore = 3;

// A device alone, or die 0 of a package for a run that reaches beyond its die.
template <typename Machine>
KernelReport launch(Machine& machine, const CalibrationRun& run) {
  KernelRequest request;
  request.kernel = run.kernel;
  request.parameters = run.parameters;
  request.options.mode = Mode::timing_only;
  // "repeated": profiled runs follow each other, so L2 holds what identical launches left, dirty lines included; the state
  // settles within a few.
  const bool repeated = run.l2 == kRepeated;
  for (int i = 0; repeated && i < kLaunchesBefore; ++i) {
    request.options.l2 = i == 0 ? L2State::cold : L2State::carried;
    run_library_kernel(machine, request);
  }
  request.options.l2 = repeated ? L2State::carried : l2_state_from(run.l2);
  return run_library_kernel(machine, request);
}

Emulation figures(const CalibrationJob& job, const KernelReport& report, const Device& device) {
  Emulation emulation;
  emulation.bound = report.run.bound;
  emulation.assumed_share = report.run.assumed_share;
  emulation.provenance = device.provenance();
  if (report.run.fault) {
    emulation.fault = report.run.fault.report();
    return emulation;
  }
  for (const std::string& metric : job.metrics) emulation.values.push_back(metric_value(metric, report, device.clock_hz()));
  return emulation;
}

Emulation emulate(const CalibrationJob& job) {
  const auto begin = std::chrono::steady_clock::now();
  Emulation emulation;
  if (reaches_beyond_die(job.run->kernel, job.run->parameters)) {
    Package package(job.run->chip, job.overrides);
    emulation = figures(job, launch(package, *job.run), package.die(0));
  } else {
    Device device(job.run->chip, job.overrides);
    emulation = figures(job, launch(device, *job.run), device);
  }
  emulation.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return emulation;
}

std::string to_text(const Emulation& e) { return nlohmann::json{e.values, e.bound, e.fault, e.provenance, e.assumed_share, e.wall_s}.dump(); }

Emulation from_text(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  return {json[0].get<std::vector<double>>(), json[1].get<std::string>(), json[2].get<std::string>(), json[3].get<std::string>(), json[4].get<double>(), json[5].get<double>()};
}

// Everything that an emulation depends on.
std::string key_of(const CalibrationJob& job) {
  return nlohmann::json{job.run->kernel, job.run->parameters, job.run->chip, job.run->l2, job.overrides, job.metrics}.dump();
}

}  // namespace

std::vector<Emulation> emulate(const std::vector<CalibrationJob>& jobs, unsigned workers, const std::function<void(double share)>& progress) {
  std::map<std::string, std::size_t> known;
  std::vector<std::size_t> piece_of, first;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto [at, is_new] = known.try_emplace(key_of(jobs[i]), first.size());
    if (is_new) first.push_back(i);
    piece_of.push_back(at->second);
  }
  // Here and not in each worker: a kernel that many jobs run is compiled once.
  std::set<std::pair<std::string, Parameters>> kernels;
  for (std::size_t i : first) kernels.emplace(jobs[i].run->kernel, jobs[i].run->parameters);
  for (const auto& [kernel, parameters] : kernels) compile_library_kernel(kernel, parameters);

  const auto texts = in_processes(
      first.size(), workers, [&](std::size_t piece) { return to_text(emulate(jobs[first[piece]])); },
      [&](std::size_t done) {
        if (progress) progress(static_cast<double>(done) / static_cast<double>(first.size()));
      });
  std::vector<Emulation> emulations;
  for (std::size_t piece : piece_of) emulations.push_back(from_text(texts[piece]));
  return emulations;
}

CalibrationJob job_of(const CalibrationTables& tables, const CalibrationRun& run, const std::map<std::string, double>& overrides) {
  CalibrationJob job{&run, overrides, {}};
  for (const Measurement& row : tables.rows)
    if (row.run == run.name) job.metrics.push_back(row.metric);
  return job;
}

void add_results(const CalibrationTables& tables, const CalibrationRun& run, const Emulation& emulation, std::vector<CalibrationResult>& results) {
  std::size_t next = 0;
  for (const Measurement& row : tables.rows) {
    if (row.run != run.name) continue;
    CalibrationResult result;
    result.run = &run;
    result.row = &row;
    result.bound = emulation.bound;
    result.assumed_share = emulation.assumed_share;
    result.fault = emulation.fault;
    if (emulation.fault.empty()) {
      result.emulated = emulation.values.at(next++);
      result.error = result.emulated / row.value - 1;
    }
    results.push_back(result);
  }
}

}  // namespace vitruvian::workload

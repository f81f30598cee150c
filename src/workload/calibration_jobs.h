// Emulations of published runs, several at once in processes of their own (private to src/workload).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/workload/calibration.h"

namespace vitruvian::workload {

struct CalibrationJob {
  const CalibrationRun* run = nullptr;
  std::map<std::string, double> overrides;
  std::vector<std::string> metrics;          // wanted of it
};

struct Emulation {
  std::vector<double> values;                // of the job's metrics, in their order; none after a fault
  std::string bound, fault, provenance;
  double assumed_share = 0, wall_s = 0;
};

// A device or package of its own for each job, timing only: nothing of the job before is in L2 or the page table. Equal jobs run once.
std::vector<Emulation> emulate(const std::vector<CalibrationJob>& jobs, unsigned workers, const std::function<void(double share)>& progress = {});

// A job that wants what the rows of this run measure, and its emulation as one result for each of these rows.
CalibrationJob job_of(const CalibrationTables& tables, const CalibrationRun& run, const std::map<std::string, double>& overrides);
void add_results(const CalibrationTables& tables, const CalibrationRun& run, const Emulation& emulation, std::vector<CalibrationResult>& results);

}  // namespace vitruvian::workload

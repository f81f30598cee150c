// The door of src/trace: the events and counters of a launch, written for other people's tools.
//
//   LaunchResult --+-- events   --> Chrome / Perfetto JSON   (one process for each core, one thread for each pipe)
//                  +-- counters --> msprof-style CSV         (op_summary: a row a launch; pipe_utilization: a row a core)
//
// Both are pure functions of a finished result: nothing here runs while the machine does.
// Approximation: Perfetto wants the slices of a thread not to overlap, but a pipe starts its next operation before the
// results of the last one are visible. A slice therefore ends where the next one starts; its arguments keep the finish.
#pragma once

#include <span>
#include <string>

#include "vitruvian/vitruvian.h"

namespace vitruvian::trace {

// The whole JSON text. Errors: Error for a result without events or without a clock (functional_only).
std::string chrome_trace(const LaunchResult& result);

// Columns as msprof's op_summary: duration, then for both core kinds the mean time and ratio of each pipe.
std::string op_summary_csv(std::span<const LaunchResult> results);

// Columns as msprof's pipe utilization: a row for each core of the launch.
std::string pipe_utilization_csv(const LaunchResult& result);

// Errors: Error if the file cannot be written.
void write_file(const std::string& path, const std::string& text);

}  // namespace vitruvian::trace

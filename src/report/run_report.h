// What a launch did, as tables for people.
#pragma once

#include <string>

#include "src/report/table.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::report {

// A row for each pipe: operations, busy, the stall reasons that occur, idle, as shares of the cores that have the pipe.
Table pipe_table(const LaunchResult& result);
// A row for each core: kind, start, end, instructions, its busiest pipe.
Table core_table(const LaunchResult& result);
// L2 and HBM: requests, hits, bytes, busy shares; one line each.
std::string memory_lines(const LaunchResult& result);
// "gemm on ascend910c: 623 101 cycles, 346.2 us, bound by cube (full, l2 cold, sync auto)" or the fault's first line.
std::string headline(const LaunchResult& result);
// Headline, pipes and memory: what repr() and the CLI print.
std::string summary(const LaunchResult& result);

}  // namespace vitruvian::report

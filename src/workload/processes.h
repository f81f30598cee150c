// Independent pieces of work, each in a process of its own: one process simulates one thing at a time (SystemC has one context).
//
//   results = in_processes(count, workers, work, done):   work(i) -> text, at most `workers` at once, results by index
//
// With one worker everything runs in the caller's process, and no process starts.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace vitruvian::workload {

// `work` must leave no state that the caller needs: its text is all that comes back. `done` is called with the number of finished pieces.
// Errors: Error with the message of the first piece that threw or whose process died; the others are stopped.
std::vector<std::string> in_processes(std::size_t count, unsigned workers, const std::function<std::string(std::size_t)>& work,
                                      const std::function<void(std::size_t)>& done = {});

// As many workers as the machine has cores.
unsigned available_workers();

}  // namespace vitruvian::workload

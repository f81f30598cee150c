// A progress bar on stderr for runs of more than two seconds; silent where stderr is no terminal.
#pragma once

#include <chrono>
#include <string>

namespace vitruvian::cli {

class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  // Shows the share done; false once the user pressed Ctrl-C.
  bool show(double share);

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  Clock::time_point begun_, shown_;
  bool on_terminal_, drawn_ = false;
};

// From now on Ctrl-C ends the running launch instead of the process; a second one ends the process.
void stop_runs_on_interrupt();

}  // namespace vitruvian::cli

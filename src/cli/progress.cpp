#include "src/cli/progress.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>

#include <unistd.h>

#include <fmt/format.h>

namespace vitruvian::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto kSilence = 2s;
constexpr auto kRefresh = 100ms;
constexpr int kWidth = 40;

std::atomic<bool> interrupted{false};

}  // namespace

ProgressBar::ProgressBar(std::string label) : label_(std::move(label)), begun_(Clock::now()), shown_(begun_), on_terminal_(::isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

bool ProgressBar::show(double share) {
  const auto now = Clock::now();
  if (on_terminal_ && now - begun_ > kSilence && now - shown_ > kRefresh) {
    shown_ = now;
    drawn_ = true;
    share = std::clamp(share, 0.0, 1.0);
    const double seconds = std::chrono::duration<double>(now - begun_).count();
    const std::string done(static_cast<std::size_t>(share * kWidth), '#');
    fmt::print(stderr, "\r{} [{:<{}}] {:3.0f} %  {:.0f} s\x1b[K", label_, done, kWidth, share * 100, seconds);
    std::fflush(stderr);
  }
  return !interrupted;
}

void stop_runs_on_interrupt() {
  std::signal(SIGINT, [](int) {
    interrupted = true;
    std::signal(SIGINT, SIG_DFL);
  });
}

}  // namespace vitruvian::cli

#include "src/workload/processes.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include "vitruvian/error.h"

namespace vitruvian::workload {
namespace {

// What a worker's text begins with: it did its work, or says why not.
constexpr char kDone = '+', kFailed = '-';

void write_all(int to, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t written = write(to, text.data() + at, text.size() - at);
    if (written < 0 && errno != EINTR) return;  // the caller is gone: nobody to tell
    if (written > 0) at += static_cast<std::size_t>(written);
  }
}

[[noreturn]] void work_and_leave(int to, const std::function<std::string(std::size_t)>& work, std::size_t index) {
  std::string text;
  try {
    text = kDone + work(index);
  } catch (const std::exception& error) {
    text = kFailed + std::string(error.what());
  }
  write_all(to, text);
  _exit(0);  // no destructors: what the caller has open is the caller's
}

struct Worker {
  std::size_t index;
  pid_t process;
  int from;
  std::string text;
};

// The processes at work; those still there when it goes are stopped.
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (const Worker& worker : workers_) {
      kill(worker.process, SIGKILL);  // nothing of it is wanted, its handlers included
      close(worker.from);
      waitpid(worker.process, nullptr, 0);
    }
  }
  std::size_t size() const { return workers_.size(); }

  void start(std::size_t index, const std::function<std::string(std::size_t)>& work) {
    int ends[2];
    if (pipe(ends) != 0) throw Error("cannot start a worker", "pipe", "", "");
    std::fflush(nullptr);  // or the worker would hold what is not yet printed
    const pid_t process = fork();
    if (process == 0) {
      close(ends[0]);
      work_and_leave(ends[1], work, index);
    }
    close(ends[1]);
    if (process < 0) {
      close(ends[0]);
      throw Error("cannot start a worker", "fork", "", "");
    }
    workers_.push_back({index, process, ends[0], {}});
  }

  // Waits until a worker has ended, and gives its index and text.
  std::pair<std::size_t, std::string> next() {
    for (;;) {
      std::vector<pollfd> files;
      for (const Worker& worker : workers_) files.push_back({worker.from, POLLIN, 0});
      if (poll(files.data(), files.size(), -1) < 0) continue;  // a signal
      for (std::size_t i = 0; i < files.size(); ++i)
        if (files[i].revents != 0 && has_ended(workers_[i])) return take(i);
    }
  }

 private:
  static bool has_ended(Worker& worker) {
    char buffer[4096];
    const ssize_t count = read(worker.from, buffer, sizeof buffer);
    if (count > 0) worker.text.append(buffer, static_cast<std::size_t>(count));
    return count == 0 || (count < 0 && errno != EINTR);
  }
  std::pair<std::size_t, std::string> take(std::size_t i) {
    const Worker worker = workers_[i];
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    close(worker.from);
    waitpid(worker.process, nullptr, 0);
    if (worker.text.empty()) throw Error("a worker died", fmt::format("piece {}", worker.index), "a result", "");
    if (worker.text.front() == kFailed) throw Error("a worker failed", fmt::format("piece {}", worker.index), "a result", worker.text.substr(1));
    return {worker.index, worker.text.substr(1)};
  }

  std::vector<Worker> workers_;
};

}  // namespace

unsigned available_workers() { return std::max(1u, std::thread::hardware_concurrency()); }

std::vector<std::string> in_processes(std::size_t count, unsigned workers, const std::function<std::string(std::size_t)>& work, const std::function<void(std::size_t)>& done) {
  std::vector<std::string> results(count);
  if (workers <= 1) {
    for (std::size_t i = 0; i < count; ++i) {
      results[i] = work(i);
      if (done) done(i + 1);
    }
    return results;
  }
  Pool pool;
  for (std::size_t next = 0, finished = 0; finished < count;) {
    while (next < count && pool.size() < workers) pool.start(next++, work);
    auto [index, text] = pool.next();
    results[index] = std::move(text);
    ++finished;
    if (done) done(finished);
  }
  return results;
}

}  // namespace vitruvian::workload

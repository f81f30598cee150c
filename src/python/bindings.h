// The door of src/python: each function adds one group of bindings to vitruvian._core. The module is thin: NumPy arrays,
// marks like vt.out and everything that a notebook shows live in python/vitruvian.
#pragma once

#include <chrono>
#include <optional>

#include <pybind11/pybind11.h>

#include "vitruvian/vitruvian.h"

namespace vitruvian::python {

void bind_device(pybind11::module_& module);
void bind_package(pybind11::module_& module);
void bind_results(pybind11::module_& module);
void bind_chips(pybind11::module_& module);
void bind_tiling(pybind11::module_& module);

// Watches a run from Python: looks for Ctrl-C, calls the user's progress function, and keeps what they raise until the
// run has unwound. Make it with the GIL held; `run(launch)` calls `launch` without it.
class RunWatch {
 public:
  explicit RunWatch(pybind11::object progress) : progress_(std::move(progress)) {}
  std::function<bool(double)> callback() {
    return [this](double share) { return look(share); };
  }
  // What stopped the run counts more than the Error by which the runtime says that it was stopped.
  template <typename Launch>
  auto run(Launch launch) {
    try {
      pybind11::gil_scoped_release released;
      auto result = launch();
      if (!error_) return result;
    } catch (const Error&) {
      if (!error_) throw;
    }
    throw std::move(*error_);
  }

 private:
  bool look(double share);

  pybind11::object progress_;
  std::optional<pybind11::error_already_set> error_;
  std::chrono::steady_clock::time_point looked_{};
};

// Launch options from keyword arguments. Errors: Error for an unknown word or name.
LaunchOptions options_from(const pybind11::dict& keywords);
// Launches of one simulation; each item is (module, kernel, arguments, keywords[, positions of those that must end first]).
std::vector<ConcurrentLaunch> launches_from(const pybind11::sequence& items);

}  // namespace vitruvian::python

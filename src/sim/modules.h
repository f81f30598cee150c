// The sc_modules of a chip: each is thin, it waits, calls a pure model, notifies. One sc_time tick is one AI-core cycle.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "src/sim/core_model.h"

namespace vitruvian::sim {

inline Cycle now_cycle() { return sc_core::sc_time_stamp().value(); }

// A process that runs a step function whenever it is woken; waking earlier replaces a later wake-up.
class Stepper : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Stepper);
  Stepper(sc_core::sc_module_name name, std::function<void(Cycle)> step) : sc_module(name), step_(std::move(step)) {
    SC_METHOD(process);
    sensitive << wake_;
    dont_initialize();
  }
  void wake(Cycle when) {
    const Cycle now = now_cycle();
    if (when <= now) wake_.notify(sc_core::SC_ZERO_TIME);
    else wake_.notify(sc_core::sc_time::from_value(when - now));
  }

 private:
  void process() { step_(now_cycle()); }
  sc_core::sc_event wake_;
  std::function<void(Cycle)> step_;
};

// A place in the hierarchy that holds state of the pure models: a buffer, an L2 slice, an HBM stack.
class Place : public sc_core::sc_module {
 public:
  explicit Place(sc_core::sc_module_name name) : sc_module(name) {}
};

// A core: S, its pipes and its buffers.
class CoreModule : public sc_core::sc_module {
 public:
  // The model lives for one launch, the module as long as the chip.
  CoreModule(sc_core::sc_module_name name, const std::unique_ptr<CoreModel>& model) : sc_module(name) {
    scalar = std::make_unique<Stepper>("S", [&model](Cycle now) { model->step_scalar(now); });
    for (unsigned i = 0; i < model->pipe_count(); ++i)
      pipes.push_back(std::make_unique<Stepper>(model->pipe(i).name().c_str(), [&model, i](Cycle now) { model->step_pipe(i, now); }));
    static const std::vector<const char*> aic{"L1", "L0A", "L0B", "L0C", "BT", "FB"}, aiv{"UB"};
    for (const char* buffer : model->is_aic() ? aic : aiv) buffers.push_back(std::make_unique<Place>(buffer));
  }
  std::unique_ptr<Stepper> scalar;
  std::vector<std::unique_ptr<Stepper>> pipes;
  std::vector<std::unique_ptr<Place>> buffers;
};

// A core group: one AIC and its AIVs.
class GroupModule : public sc_core::sc_module {
 public:
  explicit GroupModule(sc_core::sc_module_name name) : sc_module(name) {}
  std::vector<std::unique_ptr<CoreModule>> cores;
};

// The memory system: L2 slices, HBM stacks and, in a package, the ways out of the die as places, one process that advances the pure model.
class MemoryModule : public sc_core::sc_module {
 public:
  MemoryModule(sc_core::sc_module_name name, unsigned slices, unsigned stacks, bool in_package, std::function<void(Cycle)> advance)
      : sc_module(name) {
    path = std::make_unique<Stepper>("noc", std::move(advance));
    for (unsigned i = 0; i < slices; ++i) places.push_back(std::make_unique<Place>(("l2_slice" + std::to_string(i)).c_str()));
    for (unsigned i = 0; i < stacks; ++i) places.push_back(std::make_unique<Place>(("hbm_stack" + std::to_string(i)).c_str()));
    if (!in_package) return;
    for (const char* way : {"die_link", "fabric_port"}) places.push_back(std::make_unique<Place>(way));
  }
  std::unique_ptr<Stepper> path;
  std::vector<std::unique_ptr<Place>> places;
};

}  // namespace vitruvian::sim

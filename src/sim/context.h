// SystemC's global simulation context as an object: a new one for each simulation, so that many simulations live in one
// process, one after another. A lock serialises them: SystemC is not thread safe.
#pragma once

#include <cstdlib>
#include <mutex>
#include <systemc>

namespace vitruvian::sim {

class SystemCContext {
 public:
  SystemCContext() : lock_(quiet_mutex()), before_(sc_core::sc_curr_simcontext), default_before_(sc_core::sc_default_global_context) {
    sc_core::sc_curr_simcontext = sc_core::sc_default_global_context = new sc_core::sc_simcontext();
  }
  ~SystemCContext() {
    delete sc_core::sc_curr_simcontext;
    sc_core::sc_curr_simcontext = before_;
    sc_core::sc_default_global_context = default_before_;
  }
  SystemCContext(const SystemCContext&) = delete;
  SystemCContext& operator=(const SystemCContext&) = delete;

 private:
  // The banner of SystemC is printed with the first context unless the environment says otherwise.
  static std::mutex& quiet_mutex() {
    static std::mutex one;
    static const int once = setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
    (void)once;
    return one;
  }
  std::unique_lock<std::mutex> lock_;
  sc_core::sc_simcontext* before_;
  sc_core::sc_simcontext* default_before_;
};

}  // namespace vitruvian::sim

// A DRAM model as a TLM-2.0 target, for platforms of your own (examples/dram_platform.cpp).
//
//   initiator ──b_transport or nb_transport──> socket ── DramTarget: one clock process ──> hbm_model::DramModel
//
// Model: a transaction enters the pure model after its annotated delay; b_transport returns when its last data have left the pins (read) or
// a write queue has taken it (write). The socket turns non-blocking calls into blocking ones, each in a process of its own, so
// an initiator of either style may have many outstanding. Data live in a sparse store and are moved when the transaction ends.
// Approximations: no byte-enable timing; no DMI, since it would pass the model by.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include "hbm_model/dram_model.h"

namespace vitruvian::sim {

class DramTarget final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(DramTarget);
  tlm_utils::simple_target_socket<DramTarget> socket{"socket"};

  DramTarget(sc_core::sc_module_name name, hbm_model::DramTiming timing);
  const hbm_model::DramModel& model() const { return model_; }

 private:
  struct Waiter {
    sc_core::sc_event done;
    hbm_model::Clock finish = 0;
  };

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void run();
  void move_data(tlm::tlm_generic_payload& payload, unsigned length);
  bool refused(tlm::tlm_generic_payload& payload) const;
  hbm_model::Clock clock_at(const sc_core::sc_time& time) const;
  sc_core::sc_time time_of(hbm_model::Clock clock) const { return period_ * static_cast<double>(clock); }

  static constexpr std::uint64_t kPage = 4096;
  hbm_model::DramModel model_;
  sc_core::sc_time period_;
  sc_core::sc_event changed_;
  std::vector<std::unique_ptr<Waiter>> waiters_;
  std::vector<std::uint32_t> free_;
  std::vector<hbm_model::DramCompletion> completions_;
  std::unordered_map<std::uint64_t, std::vector<unsigned char>> pages_;
};

}  // namespace vitruvian::sim

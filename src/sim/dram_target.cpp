#include "src/sim/dram_target.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace vitruvian::sim {

DramTarget::DramTarget(sc_core::sc_module_name name, hbm_model::DramTiming timing)
    : sc_module(name), model_(std::move(timing)), period_(1.0 / model_.timing().clock, sc_core::SC_SEC) {
  socket.register_b_transport(this, &DramTarget::b_transport);
  socket.register_transport_dbg(this, &DramTarget::transport_dbg);
  SC_THREAD(run);
}

// The first clock that is not before `time`.
hbm_model::Clock DramTarget::clock_at(const sc_core::sc_time& time) const {
  const std::uint64_t period = period_.value();
  return (time.value() + period - 1) / period;
}

bool DramTarget::refused(tlm::tlm_generic_payload& payload) const {
  const std::uint64_t bytes = model_.timing().bytes();
  if (payload.get_address() >= bytes || payload.get_data_length() > bytes - payload.get_address()) {
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  } else if (payload.get_byte_enable_ptr() != nullptr) {
    payload.set_response_status(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  } else if (payload.get_streaming_width() < payload.get_data_length() || payload.get_data_length() == 0) {
    payload.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
  } else {
    return false;
  }
  return true;
}

void DramTarget::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (payload.is_read() || payload.is_write()) {
    if (refused(payload)) return;
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(waiters_.size()));
      waiters_.push_back(std::make_unique<Waiter>());
    }
    const std::uint32_t tag = free_.back();
    free_.pop_back();
    model_.enqueue({payload.get_address(), payload.get_data_length(), tag, payload.is_write()}, clock_at(sc_core::sc_time_stamp() + delay));
    changed_.notify(sc_core::SC_ZERO_TIME);
    Waiter& waiter = *waiters_[tag];
    sc_core::wait(waiter.done);
    move_data(payload, payload.get_data_length());
    free_.push_back(tag);
    delay = sc_core::SC_ZERO_TIME;
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

// Commands before the next clock are decided: transactions of this very moment may still come.
void DramTarget::run() {
  for (;;) {
    const hbm_model::Clock next = model_.next_event();
    if (next == hbm_model::kNoClock) {
      wait(changed_);
      continue;
    }
    const sc_core::sc_time at = time_of(next), now = sc_core::sc_time_stamp();
    if (at > now) {
      wait(at - now, changed_);
      if (sc_core::sc_time_stamp() < at) continue;  // a transaction came first: it may be sooner
    }
    completions_.clear();
    model_.advance(next, completions_);
    for (const hbm_model::DramCompletion& done : completions_) {
      const sc_core::sc_time finish = std::max(time_of(done.finish), sc_core::sc_time_stamp());
      waiters_[done.tag]->done.notify(finish - sc_core::sc_time_stamp());
    }
  }
}

unsigned DramTarget::transport_dbg(tlm::tlm_generic_payload& payload) {
  if (payload.get_address() >= model_.timing().bytes()) return 0;
  const auto length = static_cast<unsigned>(std::min<std::uint64_t>(payload.get_data_length(), model_.timing().bytes() - payload.get_address()));
  move_data(payload, length);
  return length;
}

void DramTarget::move_data(tlm::tlm_generic_payload& payload, unsigned length) {
  for (unsigned moved = 0; moved < length;) {
    const std::uint64_t address = payload.get_address() + moved, offset = address % kPage;
    const auto part = static_cast<unsigned>(std::min<std::uint64_t>(kPage - offset, length - moved));
    auto& page = pages_[address / kPage];
    if (page.empty()) page.resize(kPage);
    if (payload.is_write()) std::memcpy(page.data() + offset, payload.get_data_ptr() + moved, part);
    else std::memcpy(payload.get_data_ptr() + moved, page.data() + offset, part);
    moved += part;
  }
}

}  // namespace vitruvian::sim

// One elaboration: a SystemC context lives once in a process, so all cases share one platform and one simulation.
#include <catch2/catch_test_macros.hpp>

#include <cstring>
#include <functional>

#include "src/sim/dram_target.h"

#include <tlm_utils/simple_initiator_socket.h>

using namespace vitruvian;

namespace {

class Initiator : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Initiator> socket{"socket"};
  explicit Initiator(sc_core::sc_module_name name) : sc_module(name) {}
  void thread(std::function<void()> body) { sc_core::sc_spawn(std::move(body)); }
  // Returns when the transaction ends.
  tlm::tlm_response_status transport(tlm::tlm_command command, std::uint64_t address, unsigned char* data, unsigned bytes, double delay_ns = 0) {
    tlm::tlm_generic_payload payload;
    sc_core::sc_time delay(delay_ns, sc_core::SC_NS);
    payload.set_command(command);
    payload.set_address(address);
    payload.set_data_ptr(data);
    payload.set_data_length(bytes);
    payload.set_streaming_width(bytes);
    socket->b_transport(payload, delay);
    CHECK(delay == sc_core::SC_ZERO_TIME);
    return payload.get_response_status();
  }
};

double now_ns() { return sc_core::sc_time_stamp().to_seconds() * 1e9; }

}  // namespace

TEST_CASE("a TLM-2.0 initiator sees the model's times, its own data, and errors beyond the memory") {
  sim::DramTarget dram("dram", hbm_model::DramTiming::from(chip::DramSpec::load("hbm2_1ch")));
  Initiator initiator("initiator");
  initiator.socket.bind(dram.socket);
  double first = 0, second = 0, refused = -1;
  tlm::tlm_response_status beyond = tlm::TLM_OK_RESPONSE;
  unsigned char written[64], read[64] = {}, debug[64] = {}, none[32];
  for (unsigned i = 0; i < 64; ++i) written[i] = static_cast<unsigned char>(3 * i + 1);
  initiator.thread([&] {
    initiator.transport(tlm::TLM_READ_COMMAND, 0, none, 32, 100);
    first = now_ns();  // 100 + tRCD 14 + tCL 14 + burst 2 = 130
    initiator.transport(tlm::TLM_READ_COMMAND, 1 << 8, none, 32);  // the same row: tCL 14 + burst 2
    second = now_ns();
    initiator.transport(tlm::TLM_WRITE_COMMAND, 5000 * 32 - 16, written, 64);  // over the end of a page of the store
    initiator.transport(tlm::TLM_READ_COMMAND, 5000 * 32 - 16, read, 64);
    tlm::tlm_generic_payload payload;
    payload.set_command(tlm::TLM_READ_COMMAND);
    payload.set_address(5000 * 32 - 16);
    payload.set_data_ptr(debug);
    payload.set_data_length(64);
    CHECK(initiator.socket->transport_dbg(payload) == 64);
    const double before = now_ns();
    unsigned char data[32];
    tlm::tlm_generic_payload far;
    sc_core::sc_time delay;
    far.set_command(tlm::TLM_READ_COMMAND);
    far.set_address(std::uint64_t{1} << 30);
    far.set_data_ptr(data);
    far.set_data_length(32);
    far.set_streaming_width(32);
    initiator.socket->b_transport(far, delay);
    beyond = far.get_response_status();
    refused = now_ns() - before;
  });
  sc_core::sc_start();
  CHECK(first == 130);
  CHECK(second == 146);
  CHECK(std::memcmp(read, written, 64) == 0);
  CHECK(std::memcmp(debug, written, 64) == 0);
  CHECK(beyond == tlm::TLM_ADDRESS_ERROR_RESPONSE);
  CHECK(refused == 0);
  CHECK(dram.model().counters().bytes_written == 3 * 32);
}

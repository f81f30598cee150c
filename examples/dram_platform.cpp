// A platform of your own around Vitruvian's DRAM model: an initiator with many TLM-2.0 transactions outstanding.
//
//   dram_platform [chip]        default hbm2_1ch
#include <fmt/format.h>

#include "src/sim/dram_target.h"
#include "vitruvian/error.h"

#include <tlm_utils/simple_initiator_socket.h>

namespace {

constexpr unsigned kThreads = 32, kRequests = 2000, kBytes = 32;

// Keeps `kThreads` reads in flight, each thread walking with its own stride.
class Reader : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Reader> socket{"socket"};
  Reader(sc_core::sc_module_name name, std::uint64_t base, std::uint64_t stride) : sc_module(name), base_(base), stride_(stride) {
    for (unsigned thread = 0; thread < kThreads; ++thread) sc_core::sc_spawn([this, thread] { read(thread); });
  }

 private:
  void read(unsigned thread) {
    unsigned char data[kBytes];
    for (unsigned i = 0; i < kRequests; ++i) {
      tlm::tlm_generic_payload payload;
      sc_core::sc_time delay;
      payload.set_command(tlm::TLM_READ_COMMAND);
      payload.set_address(base_ + (std::uint64_t{i} * kThreads + thread) * stride_);
      payload.set_data_ptr(data);
      payload.set_data_length(kBytes);
      payload.set_streaming_width(kBytes);
      socket->b_transport(payload, delay);
      if (payload.is_response_error()) SC_REPORT_ERROR(name(), payload.get_response_string().c_str());
    }
    if (++done_ == kThreads)
      fmt::print("{}: {} reads of {} B in {}\n", name(), kThreads * kRequests, kBytes, sc_core::sc_time_stamp().to_string());
  }
  std::uint64_t base_, stride_;
  unsigned done_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  using namespace vitruvian;
  const auto spec = chip::DramSpec::load(argc > 1 ? argv[1] : "hbm2_1ch");
  sim::DramTarget dram("dram", hbm_model::DramTiming::from(spec));
  Reader stream("stream", 0, kBytes);
  stream.socket.bind(dram.socket);
  sc_core::sc_start();
  const auto counters = dram.model().counters();
  const double seconds = sc_core::sc_time_stamp().to_seconds();
  fmt::print("{:.1f} GB/s of {:.1f}, {:.1f} % row hits\n", static_cast<double>(counters.bytes_read) / seconds * 1e-9,
             dram.model().timing().peak_bytes_per_second() * 1e-9, 100 * counters.row_hit_rate());
} catch (const vitruvian::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 2;
}

// One direction of a link, in packets: first come first served, at its raw rate.
//
//   payload ──> packets of up to 128 B, each with a header; with an address where it goes with one ──rate──> last byte out
//
// Model: what crosses occupies the link for its bytes on the wire; the latency of the way belongs to the caller, since a link
// between dies and a port of the fabric have different ones. Approximations: no credits, no retries, no arbitration between
// kinds of packets: calls come in the order of arrival.
#pragma once

#include <cstdint>

#include "src/chip/chip_spec.h"
#include "src/memory/ticks.h"

namespace vitruvian::noc {

using memory::Tick;

// How payload becomes bytes on a wire.
struct Packets {
  std::uint32_t payload = 128;  // of a packet, at most
  std::uint32_t header = 0;
  std::uint32_t address = 0;    // on top, for writes and read requests

  static Packets from(const chip::ChipSpec& spec);
  std::uint64_t data(std::uint64_t bytes) const { return bytes + count(bytes) * header; }                // of a read
  std::uint64_t write(std::uint64_t bytes) const { return bytes + count(bytes) * (header + address); }
  std::uint64_t request() const { return std::uint64_t{header} + address; }
  std::uint64_t acknowledgement() const { return header; }

 private:
  std::uint64_t count(std::uint64_t bytes) const { return (bytes + payload - 1) / payload; }
};

class Link {
 public:
  explicit Link(double bytes_per_cycle) : rate_(bytes_per_cycle) {}

  // Sends bytes that are there at `at`; returns when the last one has left.
  Tick pass(Tick at, std::uint64_t wire_bytes) {
    const Tick time = rate_.time(wire_bytes);
    free_ = (at > free_ ? at : free_) + time;
    busy_ += time;
    wire_bytes_ += wire_bytes;
    return free_;
  }
  void reset_clock() { free_ = busy_ = wire_bytes_ = 0; }

  Tick busy() const { return busy_; }
  std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  memory::ByteRate rate_;
  Tick free_ = 0, busy_ = 0;
  std::uint64_t wire_bytes_ = 0;
};

}  // namespace vitruvian::noc

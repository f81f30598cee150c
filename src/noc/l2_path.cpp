#include "src/noc/l2_path.h"

#include <algorithm>
#include <bit>

#include "vitruvian/error.h"

namespace vitruvian::noc {

namespace {

unsigned shift_of(std::uint64_t size, const char* what) {
  ensure(std::has_single_bit(size), what);
  return static_cast<unsigned>(std::countr_zero(size));
}

std::uint32_t sets_of(const L2Timing& t) { return static_cast<std::uint32_t>(t.bytes / t.slices / t.ways / t.line); }

}  // namespace

L2Path::L2Path(const L2Timing& timing, const hbm_model::HbmTiming& hbm)
    : timing_(timing),
      calendar_(timing.bucket),
      tags_(timing.slices, sets_of(timing), timing.ways),
      hbm_(hbm),
      channel_rate_(timing.channel_bytes_per_cycle),
      slice_rate_(timing.slice_bytes_per_cycle),
      hit_latency_(memory::ticks_from(timing.hit_latency)),
      write_latency_(memory::ticks_from(timing.write_latency)),
      miss_latency_(memory::ticks_from(timing.miss_latency)),
      request_cost_(memory::ticks_from(timing.request_cost)),
      merge_delay_(memory::ticks_from(timing.merge_delay)),
      same_line_interval_(memory::ticks_from(timing.same_line_interval)),
      tlb_miss_(memory::ticks_from(timing.tlb_miss)),
      line_shift_(shift_of(timing.line, "an L2 line is a power of two of bytes")),
      sector_shift_(shift_of(timing.sector, "an L2 sector is a power of two of bytes")),
      page_shift_(shift_of(timing.tlb_page, "a page is a power of two of bytes")),
      page_mask_(std::bit_ceil(std::max<std::uint64_t>(timing.tlb_reach >> page_shift_, 1)) - 1),
      lookahead_(std::min({hit_latency_, write_latency_, miss_latency_}) >> memory::kTickBits),
      ports_(timing.aic_ports + timing.aiv_ports),
      slices_(timing.slices),
      page_ready_(page_mask_ + 1, kUntouched) {
  ensure(timing.line / timing.sector <= 8, "an L2 line has at most 8 sectors");
  ensure(timing.read_channels_aic <= 4 && timing.read_channels_aiv <= 4, "a core has at most 4 read channels");
  ensure(timing.bucket <= lookahead_, "the bucket of the memory model is no longer than the smallest latency");
}

void L2Path::advance(Cycle now, std::vector<Completion>& completions) {
  calendar_.drain(now, [&](const MemoryRequest& request, Cycle arrival) {
    completions.push_back({request.tag, request.port, request.write, serve(request, arrival)});
  });
}

Cycle L2Path::serve(const MemoryRequest& request, Cycle arrival) {
  const std::uint64_t line = request.address >> line_shift_;
  const std::uint32_t slice = tags_.slice_of(line);
  const Tick at = pass_slice(slices_[slice], request, pass_port(request, memory::ticks(arrival)));
  ++counts_.requests;
  (request.write ? counts_.bytes_written : counts_.bytes_read) += request.bytes;
  const Tick finish = request.write ? serve_write(request, line, slice, at) : serve_read(request, line, slice, at);
  return memory::cycle_after(finish + page_delay(request.address, at));
}

Tick L2Path::pass_port(const MemoryRequest& request, Tick at) {
  if (request.port >= ports_.size()) return at;  // from outside the die
  Port& port = ports_[request.port];
  Tick* channel = &port.write;
  if (!request.write) {
    const std::uint32_t channels = request.port < timing_.aic_ports ? timing_.read_channels_aic : timing_.read_channels_aiv;
    channel = std::min_element(port.read, port.read + channels);
  }
  const Tick start = std::max(*channel, at);
  *channel = start + channel_rate_.time(request.bytes);
  return start;
}

Tick L2Path::pass_slice(Slice& slice, const MemoryRequest& request, Tick at) {
  const Tick time = std::max(request_cost_, slice_rate_.time(request.bytes));
  Tick& path = request.write ? slice.write : slice.read;
  const Tick start = std::max({at, slice.control, path});
  slice.control = start + request_cost_;
  path = start + time;
  slice.busy += time;
  if (request.atomic) slice.read = std::max(slice.read, start) + time;  // reads the old value too
  return start;
}

// The first touch of a page waits for the walk, and so do the requests that come meanwhile.
Tick L2Path::page_delay(std::uint64_t address, Tick at) {
  Tick& ready = page_ready_[address >> page_shift_ & page_mask_];
  if (ready == kUntouched) [[unlikely]] ready = at + tlb_miss_;
  return ready > at ? ready - at : 0;
}

Tick L2Path::line_delay(L2Line& entry, std::uint16_t port, Tick at) {
  Tick delay = 0;
  if (entry.port != port && entry.next_service > at) delay = entry.next_service - at;
  entry.next_service = at + delay + same_line_interval_;
  return delay;
}

std::uint8_t L2Path::sectors_of(std::uint64_t address, std::uint32_t bytes) const {
  const auto first = static_cast<unsigned>((address & (timing_.line - 1)) >> sector_shift_);
  const auto count = (bytes + timing_.sector - 1) >> sector_shift_;
  return static_cast<std::uint8_t>(((1u << count) - 1) << first);
}

std::uint32_t L2Path::bytes_of(std::uint8_t sectors) const {
  return static_cast<std::uint32_t>(std::popcount(sectors)) << sector_shift_;
}

Tick L2Path::serve_read(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, Tick at) {
  const L2Tags::Index index = tags_.find(slice, line);
  const std::uint8_t wanted = sectors_of(request.address, request.bytes);
  if (index == L2Tags::kNone || (tags_.at(index).valid & wanted) != wanted) return read_missing(request, line, slice, index, at);

  L2Line& entry = tags_.at(index);
  const Tick hit = at + hit_latency_ + line_delay(entry, request.port, at);
  ++counts_.l2_hits;
  entry.port = request.port;
  if (entry.ready <= hit) return hit;

  // In flight: waits for the fill. Right behind a miss of the same core the miss is not on record yet.
  if (entry.fill_port != request.port || at >= entry.missed + merge_delay_) {
    ++merged_;
    return entry.ready;
  }
  ++refetched_;
  const Tick wait = hbm_.read(line << line_shift_, timing_.fill, at);
  return std::max(entry.ready, at + miss_latency_ + wait);
}

Tick L2Path::read_missing(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, L2Tags::Index index, Tick at) {
  ++counts_.l2_misses;
  if (request.bypass && index == L2Tags::kNone) return at + miss_latency_ + hbm_.read(request.address, request.bytes, at);

  Tick stall = 0;
  if (index == L2Tags::kNone) index = place(line, slice, at, stall);
  L2Line& entry = tags_.at(index);
  const std::uint32_t fill = std::max<std::uint32_t>(timing_.fill, request.bytes);
  const std::uint64_t first = request.address & ~std::uint64_t{fill - 1};
  entry.port = entry.fill_port = request.port;
  entry.missed = at;
  return fetch(entry, line, sectors_of(first, fill), at) + stall;
}

// Reads the absent ones of these sectors from HBM; returns when their data are at the core.
Tick L2Path::fetch(L2Line& entry, std::uint64_t line, std::uint8_t sectors, Tick at) {
  const auto absent = static_cast<std::uint8_t>(sectors & ~entry.valid);
  entry.valid = static_cast<std::uint8_t>(entry.valid | sectors);
  entry.ready = std::max(entry.ready, at + miss_latency_ + hbm_.read(line << line_shift_, bytes_of(absent), at));
  return entry.ready;
}

Tick L2Path::serve_write(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, Tick at) {
  const std::uint8_t sectors = sectors_of(request.address, request.bytes);
  L2Tags::Index index = tags_.find(slice, line);
  const bool present = index != L2Tags::kNone;
  ++(present ? counts_.l2_hits : counts_.l2_misses);
  Tick stall = 0;
  if (!present) {
    if (request.bypass && !request.atomic) return at + write_latency_ + hbm_.write(request.address, request.bytes, at);
    index = place(line, slice, at, stall);
  }
  L2Line& entry = tags_.at(index);
  const Tick delay = line_delay(entry, request.port, at);
  entry.port = request.port;
  // A read-modify-write needs the old sectors; the core does not wait for them.
  if (request.atomic && (entry.valid & sectors) != sectors) fetch(entry, line, sectors, at);
  entry.valid = static_cast<std::uint8_t>(entry.valid | sectors);
  entry.dirty = static_cast<std::uint8_t>(entry.dirty | sectors);
  return at + write_latency_ + delay + stall;
}

// Takes a way for an absent line; the dirty sectors that it held go to HBM.
L2Tags::Index L2Path::place(std::uint64_t line, std::uint32_t slice, Tick at, Tick& stall) {
  Evicted evicted;
  const L2Tags::Index index = tags_.allocate(slice, line, evicted);
  if (evicted.dirty != 0) {
    ++counts_.l2_writebacks;
    stall = hbm_.write(evicted.line << line_shift_, bytes_of(evicted.dirty), at);
  }
  return index;
}

void L2Path::reset_clock() {
  calendar_.clear();
  hbm_.reset_clock();
  std::fill(ports_.begin(), ports_.end(), Port{});
  std::fill(slices_.begin(), slices_.end(), Slice{});
  counts_ = {};
  merged_ = refetched_ = 0;
}

void L2Path::start_cold() {
  reset_clock();
  tags_.clear();
  std::fill(page_ready_.begin(), page_ready_.end(), kUntouched);
}

void L2Path::start_carried() {
  reset_clock();
  tags_.reset_clock();
  for (Tick& ready : page_ready_)
    if (ready != kUntouched) ready = 0;
}

void L2Path::warm(std::uint64_t address, std::uint64_t bytes) {
  if (bytes == 0) return;
  const std::uint64_t first = address >> line_shift_, last = (address + bytes - 1) >> line_shift_;
  for (std::uint64_t line = first; line <= last; ++line) {
    const std::uint32_t slice = tags_.slice_of(line);
    L2Tags::Index index = tags_.find(slice, line);
    Evicted evicted;
    if (index == L2Tags::kNone) index = tags_.allocate(slice, line, evicted);
    tags_.at(index).valid = sectors_of(0, timing_.line);
  }
  for (std::uint64_t page = address >> page_shift_; page <= (address + bytes - 1) >> page_shift_; ++page)
    page_ready_[page & page_mask_] = 0;
}

MemoryCounters L2Path::counters(Cycle elapsed) const {
  MemoryCounters c = counts_;
  c.hbm_bytes_read = hbm_.counters().bytes_read;
  c.hbm_bytes_written = hbm_.counters().bytes_written;
  if (elapsed == 0) return c;
  Tick busy = 0;
  for (const Slice& slice : slices_) busy += slice.busy;
  const double all = static_cast<double>(memory::ticks(elapsed));
  c.l2_busy_share = static_cast<double>(busy) / all / static_cast<double>(slices_.size());
  c.hbm_busy_share = static_cast<double>(hbm_.counters().busy) / all / hbm_.stacks();
  return c;
}

}  // namespace vitruvian::noc

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

// The fill time of a line that the DRAM has not decided yet: the flag, and the number of the transfer.
constexpr Tick kInFlight = Tick{1} << 63;

std::uint32_t sets_of(const L2Timing& t) { return static_cast<std::uint32_t>(t.bytes / t.slices / t.ways / t.line); }

}  // namespace

L2Path::L2Path(const L2Timing& timing, const hbm_model::HbmTiming& hbm, const std::optional<hbm_model::DramLink>& dram)
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
  if (!dram) return;
  dram_ = std::make_unique<hbm_model::DramModel>(dram->timing);
  clocks_per_tick_ = dram->clocks_per_cycle / memory::kTicksPerCycle;
  const hbm_model::DramTiming& t = dram->timing;
  const Tick idle = tick_of(t.row_to_read + t.read_latency + std::uint64_t{timing.fill} / t.burst_bytes * t.burst);
  // What the DRAM leaves of a miss, half each way. A DRAM that takes it all (a what-if with a slow clock) lengthens the miss:
  // a way is never shorter than the bucket in which L2 decides.
  way_out_ = std::max(miss_latency_ > idle ? (miss_latency_ - idle) / 2 : 0, memory::ticks(timing.bucket));
  way_back_ = way_out_;
}

void L2Path::advance(Cycle now, std::vector<Completion>& completions) {
  calendar_.drain(
      now, [&](const MemoryRequest& request, Cycle arrival) { serve(request, arrival, completions); },
      [&](const MemoryRequest& request) {
        const std::uint64_t line = request.address >> line_shift_;
        tags_.prefetch(tags_.slice_of(line), line);
      });
  if (dram_) settle(now, completions);
}

// The DRAM has something to decide when L2's clock plus the way out reaches its next event; once in a bucket is soon enough,
// since data take longer than that on their way back.
Cycle L2Path::next_event() const {
  const Cycle arrivals = calendar_.next();
  const hbm_model::Clock event = dram_ ? dram_->next_event() : hbm_model::kNoClock;
  if (event == hbm_model::kNoClock) return arrivals;
  const Tick at = tick_of(event);
  const Cycle first = at > way_out_ ? memory::cycle_after(at - way_out_) : 0;
  return std::min(arrivals, (first / timing_.bucket + 1) * timing_.bucket);
}

// Lets the DRAM decide all that no later request can change: those arrive at L2 at `now` at the earliest.
void L2Path::settle(Cycle now, std::vector<Completion>& completions) {
  dram_done_.clear();
  dram_->advance(static_cast<hbm_model::Clock>(static_cast<double>(memory::ticks(now) + way_out_) * clocks_per_tick_), dram_done_);
  for (const hbm_model::DramCompletion& done : dram_done_) {
    const PendingRequests::Transfer& transfer = pending_.transfer(done.tag);
    Tick ready = 0, stall = 0;
    if (done.write) {
      const Tick accepted = tick_of(done.finish - dram_->lookahead());
      stall = accepted > transfer.arrival + memory::kTicksPerCycle ? accepted - transfer.arrival : 0;  // rounding is no stall
    } else {
      ready = tick_of(done.finish) + way_back_;
      if (transfer.index != L2Tags::kNone && tags_.at(transfer.index).ready == (kInFlight | done.tag)) tags_.at(transfer.index).ready = ready;
    }
    pending_.close(done.tag, ready, stall, [&](const Completion& completion) { completions.push_back(completion); });
  }
}

// Reads memory, for a line or past L2: when the data are at the core, or, with a DRAM, the soonest that they can be.
Tick L2Path::read_memory(std::uint64_t address, std::uint32_t bytes, Tick at, L2Tags::Index index) {
  if (!dram_) return at + miss_latency_ + hbm_.read(address, bytes, at);
  const std::uint32_t transfer = pending_.open(index, at + way_out_);
  dram_->enqueue({address, bytes, transfer, false}, dram_clock(at + way_out_));
  pending_.wait(transfer);
  return at + way_out_ + way_back_;
}

// Posts a write; returns the stall as far as it is known.
Tick L2Path::write_memory(std::uint64_t address, std::uint32_t bytes, Tick at) {
  if (!dram_) return hbm_.write(address, bytes, at);
  const std::uint32_t transfer = pending_.open(L2Tags::kNone, at + way_out_);
  dram_->enqueue({address, bytes, transfer, true}, dram_clock(at + way_out_));
  pending_.wait(transfer);
  return 0;
}

void L2Path::serve(const MemoryRequest& request, Cycle arrival, std::vector<Completion>& completions) {
  const std::uint64_t line = request.address >> line_shift_;
  const std::uint32_t slice = tags_.slice_of(line);
  const Tick at = pass_slice(slices_[slice], request, pass_port(request, memory::ticks(arrival)));
  ++counts_.requests;
  (request.write ? counts_.bytes_written : counts_.bytes_read) += request.bytes;
  const Tick finish = request.write ? serve_write(request, line, slice, at) : serve_read(request, line, slice, at);
  const Tick delay = page_delay(request.address, at);
  if (pending_.waiting()) pending_.park(request, finish, delay);
  else completions.push_back({request.tag, request.port, request.write, memory::cycle_after(finish + delay)});
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
    if (entry.ready < kInFlight) return entry.ready;
    pending_.wait(static_cast<std::uint32_t>(entry.ready & ~kInFlight));
    return hit;
  }
  ++refetched_;
  const Tick ready = read_memory(line << line_shift_, timing_.fill, at, L2Tags::kNone);
  return entry.ready < kInFlight ? std::max(entry.ready, ready) : ready;
}

Tick L2Path::read_missing(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, L2Tags::Index index, Tick at) {
  ++counts_.l2_misses;
  if (request.bypass && index == L2Tags::kNone) return read_memory(request.address, request.bytes, at, L2Tags::kNone);

  Tick stall = 0;
  if (index == L2Tags::kNone) index = place(line, slice, at, stall);
  L2Line& entry = tags_.at(index);
  const std::uint32_t fill = std::max<std::uint32_t>(timing_.fill, request.bytes);
  const std::uint64_t first = request.address & ~std::uint64_t{fill - 1};
  entry.port = entry.fill_port = request.port;
  entry.missed = at;
  return fetch(entry, index, line, sectors_of(first, fill), at) + stall;
}

// Reads the absent ones of these sectors from HBM; returns when their data are at the core.
Tick L2Path::fetch(L2Line& entry, L2Tags::Index index, std::uint64_t line, std::uint8_t sectors, Tick at) {
  const auto absent = static_cast<std::uint8_t>(sectors & ~entry.valid);
  entry.valid = static_cast<std::uint8_t>(entry.valid | sectors);
  const Tick ready = read_memory((line << line_shift_) + first_byte_of(absent), bytes_of(absent), at, index);
  if (dram_) {
    entry.ready = kInFlight | pending_.latest();
    return ready;
  }
  entry.ready = std::max(entry.ready, ready);
  return entry.ready;
}

Tick L2Path::serve_write(const MemoryRequest& request, std::uint64_t line, std::uint32_t slice, Tick at) {
  const std::uint8_t sectors = sectors_of(request.address, request.bytes);
  L2Tags::Index index = tags_.find(slice, line);
  const bool present = index != L2Tags::kNone;
  ++(present ? counts_.l2_hits : counts_.l2_misses);
  Tick stall = 0;
  if (!present) {
    if (request.bypass && !request.atomic) return at + write_latency_ + write_memory(request.address, request.bytes, at);
    index = place(line, slice, at, stall);
  }
  L2Line& entry = tags_.at(index);
  const Tick delay = line_delay(entry, request.port, at);
  entry.port = request.port;
  // A read-modify-write needs the old sectors; the core does not wait for them.
  if (request.atomic && (entry.valid & sectors) != sectors) {
    fetch(entry, index, line, sectors, at);
    if (dram_) pending_.forget_latest();
  }
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
    stall = write_memory((evicted.line << line_shift_) + first_byte_of(evicted.dirty), bytes_of(evicted.dirty), at);
  }
  return index;
}

void L2Path::reset_clock() {
  calendar_.clear();
  hbm_.reset_clock();
  if (dram_) dram_->reset();
  pending_.clear();
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
  c.hbm_bytes_read = dram_ ? dram_->counters().bytes_read : hbm_.counters().bytes_read;
  c.hbm_bytes_written = dram_ ? dram_->counters().bytes_written : hbm_.counters().bytes_written;
  if (elapsed == 0) return c;
  Tick busy = 0;
  for (const Slice& slice : slices_) busy += slice.busy;
  const double all = static_cast<double>(memory::ticks(elapsed));
  c.l2_busy_share = static_cast<double>(busy) / all / static_cast<double>(slices_.size());
  if (!dram_) {
    c.hbm_busy_share = static_cast<double>(hbm_.counters().busy) / all / hbm_.stacks();
    return c;
  }
  const hbm_model::DramTiming& t = dram_->timing();
  const double bursts = static_cast<double>(c.hbm_bytes_read + c.hbm_bytes_written) / t.burst_bytes;
  c.hbm_busy_share = bursts * t.burst / (all * clocks_per_tick_) / t.channels;
  return c;
}

}  // namespace vitruvian::noc

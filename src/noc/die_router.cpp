#include "src/noc/die_router.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include "vitruvian/error.h"

namespace vitruvian::noc {

using chip::Param;

RouterTiming RouterTiming::from(const chip::ChipSpec& spec) {
  RouterTiming t;
  t.die_bytes_per_cycle = spec.bytes_per_cycle(spec.get(Param::die_link_bandwidth));
  t.die_latency = spec.cycles_from_ns(spec.get(Param::die_link_latency));
  t.fabric = FabricTiming::from(spec);
  t.cores = static_cast<std::uint32_t>(spec.get_integer(Param::aic_count) * (1 + spec.get_integer(Param::aiv_per_aic)));
  t.bucket = static_cast<std::uint32_t>(spec.get_integer(Param::l2_bucket));
  t.line = static_cast<std::uint32_t>(spec.get_integer(Param::l2_line));
  t.sector = static_cast<std::uint32_t>(spec.get_integer(Param::l2_sector));
  // Dies and peers resolve their requests in buckets: what one sends must not reach another's past.
  const auto check = [&](double cycles, const char* what) {
    if (cycles < t.bucket) throw Error("the way is too short for the memory model", what, std::to_string(t.bucket) + " cycles or more", std::to_string(cycles));
  };
  check(t.die_latency, "die_link.latency");
  for (const double latency : {t.fabric.read_latency, t.fabric.write_latency, t.fabric.far_read_latency, t.fabric.far_write_latency})
    check(latency / 4, "fabric latencies, a quarter of them");
  return t;
}

DieRouter::DieRouter(L2Path& l2, std::uint64_t l2_base, memory::DeviceMemory& memory, Fabric& fabric, const RouterTiming& timing)
    : l2_(l2),
      l2_base_(l2_base),
      memory_(memory),
      fabric_(fabric),
      cores_(timing.cores),
      line_(timing.line),
      sector_(timing.sector),
      packets_(timing.fabric.packets),
      die_latency_(memory::ticks_from(timing.die_latency)),
      die_link_(timing.die_bytes_per_cycle),
      egress_(timing.fabric.bytes_per_cycle),
      ingress_(timing.fabric.bytes_per_cycle),
      outgoing_(timing.bucket),
      incoming_(timing.bucket) {}

void DieRouter::start() {
  for (Link* link : {&die_link_, &egress_, &ingress_}) link->reset_clock();
  outgoing_.clear();
  incoming_.clear();
  crossings_.clear();
  free_.clear();
  ready_.clear();
  deliveries_.clear();
  lines_.assign(fabric_.peers(), {});
  timers_.clear();
  timer_order_ = 0;
  counts_ = {};
}

std::uint32_t DieRouter::keep(const Crossing& crossing) {
  if (free_.empty()) {
    crossings_.push_back(crossing);
    return static_cast<std::uint32_t>(crossings_.size() - 1);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  crossings_[index] = crossing;
  return index;
}

// ---------------------------------------------------------------- out of the die

void DieRouter::enqueue(const MemoryRequest& request, Cycle arrival) {
  if (memory_.owns(request.address, 1)) return enqueue_here(request, arrival);
  Crossing crossing;
  crossing.request = request;
  crossing.peer = fabric_.find(request.address);
  crossing.kind = crossing.peer ? Crossing::Kind::to_peer : Crossing::Kind::to_die;
  ensure(crossing.peer || (other_ && other_->owns(request.address)), "a request goes to a window that the die sees");
  (request.write ? counts_.bytes_written : counts_.bytes_read) += request.bytes;
  MemoryRequest leaving = request;
  leaving.tag = keep(crossing);
  outgoing_.push(leaving, arrival);
}

void DieRouter::enqueue_here(MemoryRequest request, Cycle arrival) {
  request.address += l2_base_ - memory_.base();
  l2_.enqueue(request, arrival);
}

// The turn of a crossing on the way out: a request of our cores, or our answer to the other die.
void DieRouter::leave(std::uint32_t index, Cycle arrival) {
  const Crossing crossing = crossings_[index];
  const MemoryRequest& request = crossing.request;
  const Tick at = memory::ticks(arrival);
  if (crossing.kind == Crossing::Kind::to_peer) return leave_for_peer(index, crossing, at);
  let_go(index);
  if (crossing.kind == Crossing::Kind::to_die) {
    const Tick out = die_link_.pass(at, request.write ? packets_.write(request.bytes) : packets_.request());
    other_->arrive(request, memory::cycle_after(out + die_latency_));
  } else {
    const Tick out = die_link_.pass(at, request.write ? packets_.acknowledgement() : packets_.data(request.bytes));
    other_->complete_here({request.tag, request.port, request.write, memory::cycle_after(out + die_latency_)});
  }
}

// The whole trip to the peer and back to our ingress port, where the answer waits for its turn in time order.
void DieRouter::leave_for_peer(std::uint32_t index, const Crossing& crossing, Tick at) {
  const MemoryRequest& request = crossing.request;
  Fabric::Peer& peer = *crossing.peer;
  const RoundTrip& way = request.write ? peer.write : peer.read;
  const Tick out = egress_.pass(at, request.write ? packets_.write(request.bytes) : packets_.request()) + way.out;
  const Tick there = request.write ? peer.ingress.pass(out, packets_.write(request.bytes)) : out;
  const Tick back = peer.egress.pass(there, request.write ? packets_.acknowledgement() : packets_.data(request.bytes)) + way.back;
  MemoryRequest answer = request;
  answer.tag = index;
  incoming_.push(answer, memory::cycle_after(back));
}

// ---------------------------------------------------------------- into the die

// A request of the other die: a request of our L2 like any other, from a port behind our own cores'.
void DieRouter::arrive(const MemoryRequest& request, Cycle arrival) {
  Crossing crossing;
  crossing.kind = Crossing::Kind::for_die;
  crossing.request = request;
  MemoryRequest here = request;
  here.tag = keep(crossing);
  here.port = static_cast<std::uint16_t>(cores_ + request.port);
  enqueue_here(here, arrival);
  if (wake_) wake_();
}

// The turn of a crossing on our ingress port of the fabric.
void DieRouter::come_in(std::uint32_t index, Cycle arrival) {
  const Crossing crossing = crossings_[index];
  const MemoryRequest& request = crossing.request;
  const RoundTrip& way = request.write ? crossing.peer->write : crossing.peer->read;
  const Tick at = memory::ticks(arrival);
  if (crossing.kind == Crossing::Kind::to_peer) {
    let_go(index);
    const Tick in = ingress_.pass(at, request.write ? packets_.acknowledgement() : packets_.data(request.bytes));
    ready_.push_back({request.tag, request.port, request.write, memory::cycle_after(in + way.rest)});
    return;
  }
  const Tick in = ingress_.pass(at, packets_.write(request.bytes));
  MemoryRequest here = request;
  here.tag = index;
  here.port = static_cast<std::uint16_t>(2 * cores_);
  enqueue_here(here, memory::cycle_after(in + way.rest));
}

// A completion of the L2: our core's, or of a crossing that goes on.
void DieRouter::take(const Completion& completion, std::vector<Completion>& completions) {
  if (completion.port < cores_) {
    completions.push_back(completion);
    return;
  }
  const Crossing crossing = crossings_[completion.tag];
  if (crossing.kind == Crossing::Kind::from_peer) {
    let_go(completion.tag);
    return accepted(crossing.message, completion.finish);
  }
  MemoryRequest answer = crossing.request;
  answer.tag = completion.tag;
  outgoing_.push(answer, completion.finish);
}

void DieRouter::advance(Cycle now, std::vector<Completion>& completions) {
  run_timers(now);
  outgoing_.drain(now, [this](const MemoryRequest& request, Cycle arrival) { leave(request.tag, arrival); });
  incoming_.drain(now, [this](const MemoryRequest& request, Cycle arrival) { come_in(request.tag, arrival); });
  // The L2 moves at its own events only: a die that nobody visits is advanced as one alone.
  if (l2_.next_event() <= now) {
    from_l2_.clear();
    l2_.advance(now, from_l2_);
    for (const Completion& completion : from_l2_) take(completion, completions);
  }
  completions.insert(completions.end(), ready_.begin(), ready_.end());
  ready_.clear();
}

Cycle DieRouter::next_event() const {
  if (!ready_.empty()) return 0;  // at once
  Cycle next = std::min({l2_.next_event(), outgoing_.next(), incoming_.next()});
  if (!timers_.empty()) next = std::min(next, timers_.front().when);
  return next;
}

// ---------------------------------------------------------------- messages of peers

void DieRouter::set_timer(Timer timer) {
  timer.order = timer_order_++;
  timers_.push_back(timer);
  std::push_heap(timers_.begin(), timers_.end(), std::greater<>());
}

void DieRouter::schedule(const Message& message, Cycle when) {
  set_timer({when, 0, &message, 0});
  if (wake_) wake_();
}

void DieRouter::run_timers(Cycle now) {
  while (!timers_.empty() && timers_.front().when <= now) {
    const Timer timer = timers_.front();
    std::pop_heap(timers_.begin(), timers_.end(), std::greater<>());
    timers_.pop_back();
    if (timer.message) {
      send(*timer.message, now);
      continue;
    }
    Delivery& delivery = deliveries_[timer.delivery];
    if (delivery.data.empty()) continue;
    if (look_) look_(delivery.to, delivery.data.size());
    std::memcpy(memory_.at(delivery.to), delivery.data.data(), delivery.data.size());
    memory_.mark(delivery.to, delivery.data.size(), false);
    delivery.data = {};
  }
}

// Cut into aligned requests: whole lines where it fills them, else sectors.
void DieRouter::send(const Message& message, Cycle now) {
  Fabric::Peer& peer = fabric_.peer(message.peer);
  const auto number = static_cast<std::uint32_t>(deliveries_.size());
  Delivery& delivery = deliveries_.emplace_back();
  delivery.peer = message.peer;
  delivery.to = message.to;
  delivery.data = message.data;
  if (delivery.data.empty()) {
    const std::uint8_t* from = peer.memory.at(message.source);
    delivery.data.assign(from, from + message.bytes);
  }
  const std::uint64_t end = message.to + delivery.data.size();
  for (std::uint64_t at = message.to & ~std::uint64_t{sector_ - 1}; at < end; ++delivery.pieces) {
    Crossing crossing;
    crossing.kind = Crossing::Kind::from_peer;
    crossing.peer = &peer;
    crossing.message = number;
    crossing.request.address = at;
    crossing.request.bytes = static_cast<std::uint16_t>(at % line_ == 0 && end - at >= line_ ? line_ : sector_);
    crossing.request.write = true;
    at += crossing.request.bytes;
    const Tick out = peer.egress.pass(memory::ticks(now), packets_.write(crossing.request.bytes)) + peer.write.out;
    crossing.request.tag = keep(crossing);
    incoming_.push(crossing.request, memory::cycle_after(out));
  }
  lines_[message.peer].deliveries.push_back(number);
  settle(message.peer);  // an empty message has nothing to wait for
}

void DieRouter::accepted(std::uint32_t number, Cycle finish) {
  Delivery& delivery = deliveries_[number];
  delivery.finish = std::max(delivery.finish, finish);
  if (--delivery.pieces == 0) settle(delivery.peer);
}

void DieRouter::settle(std::uint32_t peer) {
  Line& line = lines_[peer];
  for (; line.settled < line.deliveries.size(); ++line.settled) {
    const std::uint32_t number = line.deliveries[line.settled];
    Delivery& delivery = deliveries_[number];
    if (delivery.pieces != 0) return;
    line.last = std::max(line.last, delivery.finish);
    set_timer({line.last, 0, nullptr, number});
  }
}

RemoteCounters DieRouter::counters(Cycle elapsed) const {
  RemoteCounters c = counts_;
  c.link_wire_bytes = die_link_.wire_bytes();
  c.fabric_out_wire_bytes = egress_.wire_bytes();
  c.fabric_in_wire_bytes = ingress_.wire_bytes();
  if (elapsed == 0) return c;
  const double all = static_cast<double>(memory::ticks(elapsed));
  c.link_busy_share = static_cast<double>(std::max(die_link_.busy(), other_ ? other_->die_link_.busy() : 0)) / all;
  c.fabric_busy_share = static_cast<double>(std::max(egress_.busy(), ingress_.busy())) / all;
  return c;
}

}  // namespace vitruvian::noc

#include "src/mte/dma_engine.h"

#include <algorithm>
#include <array>

#include "src/memory/ticks.h"
#include "src/mte/dma_slots.h"
#include "src/mte/request_splitter.h"
#include "vitruvian/error.h"

namespace vitruvian::mte {

using memory::ByteRate;
using memory::Tick;
using memory::ticks;

namespace {

// A request's tag: engine, slots less one, number of its transfer.
constexpr unsigned kEngineShift = 24, kSlotsShift = 22;
constexpr std::uint32_t kSequenceMask = (1u << kSlotsShift) - 1, kMostSlots = 1u << (kEngineShift - kSlotsShift);

struct Active {
  Transfer transfer;
  RequestSplitter rows;
  std::uint32_t unresolved = 0;
  bool begun = false;
  Cycle dispatch = 0;          // begins to prepare
  Tick first_issue = 0;        // of its first request
  std::uint64_t presented = 0; // payload bytes of the requests with an issue time
  ByteRate core_rate;          // pace of the core's side
  bool paced = false;
  std::uint32_t slot_bytes = 0; // that one slot covers
  std::optional<Cycle> issued;
  Cycle finish = 0;
  bool resolved = false;

  std::uint32_t slots(std::uint32_t bytes) const { return (bytes + slot_bytes - 1) / slot_bytes; }
};

// A queue of transfers by running number, in a ring that grows: no allocation once warm.
class TransferQueue {
 public:
  std::uint32_t first() const { return first_; }
  std::uint32_t end() const { return end_; }
  bool empty() const { return first_ == end_; }
  Active& at(std::uint32_t number) { return ring_[number & (ring_.size() - 1)]; }
  const Active& at(std::uint32_t number) const { return ring_[number & (ring_.size() - 1)]; }
  bool holds(std::uint32_t number) const { return number - first_ < end_ - first_; }
  Active& push() {
    if (end_ - first_ == ring_.size()) grow();
    Active& slot = at(end_++);
    slot = {};
    return slot;
  }
  void pop() { ++first_; }

 private:
  void grow() {
    std::vector<Active> larger(ring_.size() * 2);
    for (std::uint32_t n = first_; n != end_; ++n) larger[n & (larger.size() - 1)] = at(n);
    ring_ = std::move(larger);
  }
  std::vector<Active> ring_ = std::vector<Active>(8);
  std::uint32_t first_ = 0, end_ = 0;
};

}  // namespace

struct DmaEngine::State {
  State(std::shared_ptr<const DmaTiming> t, Direction d, bool is_aic, std::uint16_t p, std::uint8_t e)
      : timing(std::move(t)), write(d == Direction::write), port(p), engine(e), slots(write ? timing->outstanding_writes : timing->outstanding_reads) {
    const std::uint32_t channels = write ? 1 : is_aic ? timing->read_channels_aic : timing->read_channels_aiv;
    channel = ByteRate(timing->channel_bytes_per_cycle * channels);
    request_interval = write ? 0 : memory::ticks_from(timing->request_interval);
    row_cost = memory::ticks_from(timing->nd2nz_row_cost);
    ensure(timing->store_tag * kMostSlots >= kLargestRequest, "a store takes one to four slots");
    ensure(timing->nd2nz_in_flight >= 1 && timing->nd2nz_in_flight <= kMostInFlight, "1 to 8 ND2NZ instructions are in flight");
  }

  std::shared_ptr<const DmaTiming> timing;
  bool write;
  std::uint16_t port;
  std::uint8_t engine;
  DmaSlots slots;
  ByteRate channel;
  Tick request_interval = 0, row_cost = 0;

  TransferQueue queue;
  std::uint32_t issuing = 0;             // number of the transfer whose requests go out
  Tick turn = 0;                         // earliest issue time of the next request
  Cycle last_dispatch = 0, last_issued = 0, last_finish = 0;
  bool any = false;                      // there was a transfer before
  std::array<Cycle, kMostInFlight> finishes{};  // of the last transfers that resolved, by number
  std::uint32_t resolved = 0;            // transfers that have resolved
  Cycle lookahead = 0, now = 0;          // of the last pump()
  std::uint64_t requests = 0, payload = 0, bus = 0, late = 0;

  std::optional<Cycle> dispatch_time(const Active& active) const;
  Tick start_cost(const Active& active) const;
  std::optional<Tick> next_issue() const;
  std::uint32_t slot_bytes(const Transfer& transfer) const;
  void begin(Active& active);
  void present(Active& active, Tick at, Cycle now, memory::GmPath& path);
  void end_issue(Active& active);
  void resolve_ready();
};

// Reads, the fixpipe's writes and packets beyond the die hold one slot each.
std::uint32_t DmaEngine::State::slot_bytes(const Transfer& transfer) const {
  return write && !transfer.far && !transfer.fixpipe ? timing->store_tag : transfer.largest;
}

// When the next transfer begins to prepare its requests; empty while that depends on an unknown finish.
std::optional<Cycle> DmaEngine::State::dispatch_time(const Active& active) const {
  const Cycle start = active.transfer.start;
  if (!any) return start;
  const Cycle earliest = last_dispatch + timing->instruction_interval;
  if (active.transfer.shape == Shape::plain) return std::max({start, earliest, last_issued});
  // Behind a transfer that was still issuing when this one could start: it prepares meanwhile.
  Cycle dispatch = start == last_issued ? earliest : std::max(start, earliest);
  if (issuing >= timing->nd2nz_in_flight) {
    const std::uint32_t before = issuing - timing->nd2nz_in_flight;
    if (before >= resolved) return std::nullopt;
    dispatch = std::max(dispatch, finishes[before % kMostInFlight]);
  }
  return dispatch;
}

Tick DmaEngine::State::start_cost(const Active& active) const {
  if (active.transfer.shape == Shape::nd2nz) return ticks(timing->nd2nz_start);
  if (active.transfer.fixpipe) return 0;  // the fixpipe's own head was measured to the end
  return ticks(write ? timing->write_start : timing->read_start);
}

// The issue time of the next request, if there is one and its time is known.
std::optional<Tick> DmaEngine::State::next_issue() const {
  if (issuing == queue.end()) return std::nullopt;
  const Active& active = queue.at(issuing);
  if (!active.transfer.far && slots.unresolved() >= timing->window) return std::nullopt;
  Tick at = turn;
  if (!active.begun) {
    const std::optional<Cycle> dispatch = dispatch_time(active);
    if (!dispatch) return std::nullopt;
    at = std::max({at, ticks(*dispatch) + start_cost(active), ticks(active.transfer.start)});
  }
  if (active.rows.done()) return at;  // an empty transfer takes no slot
  const std::optional<Cycle> slot = slots.next_free(lookahead, now, active.slots(active.rows.next_bytes()));
  if (!slot) return std::nullopt;
  return std::max(at, ticks(*slot));
}

void DmaEngine::State::begin(Active& active) {
  active.begun = true;
  active.dispatch = dispatch_time(active).value();
  last_dispatch = active.dispatch;
  any = true;
  if (active.transfer.core_side != 0 && !active.transfer.gm.empty()) {
    active.paced = true;
    active.core_rate = ByteRate(static_cast<double>(active.transfer.gm.total_bytes()) / static_cast<double>(active.transfer.core_side));
  }
}

void DmaEngine::State::present(Active& active, Tick at, Cycle now, memory::GmPath& path) {
  if (memory::cycle_after(at) < now) {
    ++late;
    at = ticks(now);
  }
  const Piece piece = active.rows.next();
  Tick core_side = active.paced ? active.core_rate.time(piece.payload) : 0;
  if (piece.first_of_row && active.transfer.shape == Shape::nd2nz) core_side += row_cost;
  const Tick gap = std::max({channel.time(piece.bytes), request_interval, core_side});
  const std::uint32_t taken = active.slots(piece.bytes);
  const Cycle arrival = memory::cycle_after(at + gap - gap / taken);
  if (active.presented == 0) active.first_issue = at;
  active.presented += piece.payload;
  slots.take(arrival, taken);
  ++active.unresolved;
  ++requests;
  payload += piece.payload;
  bus += piece.bytes;
  turn = at + gap;
  const std::uint32_t tag = std::uint32_t{engine} << kEngineShift | (taken - 1) << kSlotsShift | (issuing & kSequenceMask);
  path.enqueue({piece.address, tag, piece.bytes, port, write, active.transfer.atomic, active.transfer.bypass}, arrival);
}

// All requests of the transfer have their issue times: the next one's turn.
void DmaEngine::State::end_issue(Active& active) {
  last_issued = memory::cycle_after(turn);
  active.issued = last_issued;
  ++issuing;
  resolve_ready();
}

// Transfers whose requests all have their finish, in order: an empty one waits for those before it.
void DmaEngine::State::resolve_ready() {
  for (; resolved != issuing && queue.at(resolved).unresolved == 0; ++resolved) {
    Active& active = queue.at(resolved);
    active.resolved = true;
    active.finish = last_finish = std::max({active.finish, last_finish, active.issued.value()});
    finishes[resolved % kMostInFlight] = active.finish;
  }
}

DmaEngine::DmaEngine(std::shared_ptr<const DmaTiming> timing, Direction direction, bool is_aic, std::uint16_t port, std::uint8_t engine)
    : state_(std::make_unique<State>(std::move(timing), direction, is_aic, port, engine)) {}
DmaEngine::~DmaEngine() = default;
DmaEngine::DmaEngine(DmaEngine&&) noexcept = default;

void DmaEngine::submit(const Transfer& transfer) {
  Active& active = state_->queue.push();
  active.transfer = transfer;
  active.rows = RequestSplitter(transfer.gm, state_->write, transfer.largest);
  active.slot_bytes = state_->slot_bytes(transfer);
}

void DmaEngine::pump(Cycle now, memory::GmPath& path) {
  State& s = *state_;
  s.lookahead = path.lookahead();
  s.now = now;
  while (const std::optional<Tick> at = s.next_issue()) {
    Active& active = s.queue.at(s.issuing);
    if (!active.begun) s.begin(active);
    if (active.rows.done()) s.turn = std::max(s.turn, *at);
    else s.present(active, *at, now, path);
    if (active.rows.done()) s.end_issue(active);
  }
}

bool DmaEngine::waiting() const { return state_->issuing != state_->queue.end(); }
bool DmaEngine::idle() const { return state_->queue.empty(); }
bool DmaEngine::wants_pump() const { return state_->next_issue().has_value(); }

void DmaEngine::complete(const memory::Completion& completion) {
  State& s = *state_;
  s.slots.resolve(completion.finish, (completion.tag >> kSlotsShift & (kMostSlots - 1)) + 1);
  const std::uint32_t number = s.queue.first() + ((completion.tag - s.queue.first()) & kSequenceMask);
  ensure(s.queue.holds(number), "a memory completion belongs to a transfer in flight");
  Active& active = s.queue.at(number);
  active.finish = std::max(active.finish, completion.finish);
  if (--active.unresolved == 0) s.resolve_ready();
}

std::optional<Cycle> DmaEngine::issued(std::uint32_t id) const {
  const TransferQueue& queue = state_->queue;
  for (std::uint32_t n = queue.first(); n != queue.end(); ++n)
    if (queue.at(n).transfer.id == id) return queue.at(n).issued;
  return std::nullopt;
}

Cycle DmaEngine::expected_issue(std::uint32_t id, Cycle now) const {
  const TransferQueue& queue = state_->queue;
  for (std::uint32_t n = queue.first(); n != queue.end(); ++n) {
    const Active& active = queue.at(n);
    if (active.transfer.id != id) continue;
    if (active.issued) return std::max(now, *active.issued);
    // At the pace so far; before there is one, at the pace of the core's side.
    if (active.presented == 0) return std::max(now, active.transfer.start + active.transfer.core_side);
    const double share = static_cast<double>(active.presented) / static_cast<double>(active.transfer.gm.total_bytes());
    const auto spent = static_cast<double>(state_->turn - active.first_issue);
    return std::max(now, memory::cycle_after(active.first_issue + static_cast<Tick>(spent / share)));
  }
  return now;
}

std::optional<TransferDone> DmaEngine::pop_done() {
  TransferQueue& queue = state_->queue;
  if (queue.empty() || !queue.at(queue.first()).resolved) return std::nullopt;
  const Active& active = queue.at(queue.first());
  const TransferDone done{active.transfer.id, active.issued.value(), active.finish};
  queue.pop();
  return done;
}

std::uint64_t DmaEngine::requests() const { return state_->requests; }
std::uint64_t DmaEngine::payload_bytes() const { return state_->payload; }
std::uint64_t DmaEngine::bus_bytes() const { return state_->bus; }
std::uint64_t DmaEngine::late() const { return state_->late; }

}  // namespace vitruvian::mte

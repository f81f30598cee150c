#include "hbm_model/pseudo_channel.h"

#include <algorithm>
#include <bit>

#include "vitruvian/error.h"

namespace vitruvian::hbm_model {

namespace {

constexpr std::size_t at(Command command) { return static_cast<std::size_t>(command); }
constexpr std::uint32_t bit(std::uint32_t bank) { return 1u << bank; }
constexpr bool is_column(Command command) { return command == Command::RD || command == Command::WR; }
// Sequence numbers wrap; those in a queue are close to each other.
constexpr bool older(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

}  // namespace

void PseudoChannel::Arrivals::insert(const Access& access, Clock arrival) {
  list.push_back({arrival, access});
  // Mostly in order: an earlier one moves up a few places.
  for (std::size_t i = list.size() - 1; i > head && list[i - 1].arrival > arrival; --i) std::swap(list[i], list[i - 1]);
}

void PseudoChannel::Arrivals::pop() {
  constexpr std::size_t kCompact = 1024;
  if (++head == list.size()) {
    list.clear();
    head = 0;
  } else if (head >= kCompact && 2 * head > list.size()) {
    list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(head));
    head = 0;
  }
}

PseudoChannel::PseudoChannel(const DramTiming& timing, std::uint32_t index)
    : timing_(timing),
      index_(index),
      banks_(timing.banks()),
      bank_bits_(static_cast<std::uint32_t>(std::countr_zero(timing.banks_per_group))),
      group_mask_((1u << timing.banks_per_group) - 1),
      capacity_{timing.read_queue, timing.write_queue},
      turn_(timing.write_high - timing.write_low),
      per_bank_(timing.refresh_per_bank),
      refresh_interval_(per_bank_ ? std::max(1u, timing.refresh_interval / timing.banks()) : timing.refresh_interval),
      first_refresh_(refresh_interval_) {
  ensure(capacity_[0] + capacity_[1] < kNone, "the queues of a pseudo channel are small");
  for (const Constraint& c : timing.constraints) {
    rules_[at(c.from)].push_back({c.to, c.scope, c.cycles});
    if (c.from != c.to || !is_column(c.from)) continue;
    const Direction d = c.from == Command::RD ? kRead : kWrite;
    std::uint32_t& distance = c.scope == Scope::group ? same_group_[d] : other_group_[d];
    distance = std::max(distance, c.cycles);
  }
  pool_.resize(capacity_[0] + capacity_[1]);
  free_.reserve(pool_.size());
  reset();
}

void PseudoChannel::reset() {
  std::fill(&ready_bank_[0][0], &ready_bank_[0][0] + kCommands * kMaxBanks, Clock{0});
  std::fill(&ready_group_[0][0], &ready_group_[0][0] + kCommands * kMaxBanks, Clock{0});
  std::fill(std::begin(ready_channel_), std::end(ready_channel_), Clock{0});
  std::fill(std::begin(activates_), std::end(activates_), kNoClock);
  oldest_activate_ = 0;
  row_bus_ = column_bus_ = 0;
  std::fill(std::begin(bank_), std::end(bank_), Bank{});
  masks_[kRead] = masks_[kWrite] = {};
  open_ = 0;
  free_.clear();
  for (std::size_t i = pool_.size(); i-- > 0;) free_.push_back(static_cast<std::uint16_t>(i));
  queued_[0] = queued_[1] = 0;
  sequence_ = 0;
  arrivals_.list.clear();
  arrivals_.head = 0;
  time_ = 0;
  next_ = kNoClock;
  direction_ = kRead;
  turn_served_ = turn_;  // the first drain waits for no turn of the reads
  drain_floor_ = 0;
  oldest_write_ = kNoClock;
  refresh_due_ = first_refresh_;
  refresh_bank_ = 0;
  counters_ = {};
}

void PseudoChannel::push(const Access& access, Clock arrival) {
  arrivals_.insert(access, arrival);
  next_ = std::min(next_, std::max(arrival, time_));
}

void PseudoChannel::run(Clock now, std::vector<Finished>& finished, CommandSink* sink) {
  for (;;) {
    admit(finished);
    choose_direction();
    const Clock arrival = next_arrival();
    const bool idle = queued_[kRead] + queued_[kWrite] == 0;
    if (idle && arrival == kNoClock) {
      next_ = kNoClock;  // refreshes of an idle time are made up for when the next request comes
      return;
    }
    const Streamed streamed = sink == nullptr ? stream(std::min(arrival, now), finished) : Streamed::unclear;
    if (streamed == Streamed::some) continue;
    if (streamed == Streamed::none && arrival < now) {
      time_ = arrival;
      continue;
    }
    const Choice choice = choose();
    const Clock event = std::min(arrival, choice.clock);
    if (event >= now) {
      next_ = event;
      return;
    }
    time_ = event;
    if (choice.clock < arrival) issue(choice, finished, sink);
  }
}

// What choose() would choose one by one, as long as that is plain: until `limit`, a refresh or the turn of aged writes, while no other
// bank gets ready and no request has waited too long, the candidates are the oldest hit of each bank group and one row command.
// Stops behind the end of a request and behind a row command, since both change who is a candidate.
PseudoChannel::Streamed PseudoChannel::stream(const Clock before, std::vector<Finished>& finished) {
  const Command command = direction_ == kRead ? Command::RD : Command::WR;
  Clock limit = std::min(before, refresh_due_);
  if (direction_ == kRead && queued_[kWrite] != 0) limit = std::min(limit, oldest_write_ + timing_.starvation);
  Clock free = std::max({time_, column_bus_, ready_channel_[at(command)]});
  Leader leaders[kMaxBanks];
  Leader* const end = find_leaders(leaders, free, limit);
  Choice row{limit, Command::ACT, 0, sequence_};
  choose_row(row);

  std::uint32_t issued = 0;
  for (;;) {
    Leader* best = nullptr;
    Clock clock = kNoClock;
    for (Leader* leader = leaders; leader != end; ++leader) {
      const Clock soonest = std::max(free, leader->ready);
      if (soonest > clock || (soonest == clock && !older(leader->age, best->age))) continue;
      best = leader;
      clock = soonest;
    }
    const bool column = clock < std::min(limit, row.clock);
    if (column && best->entry->bursts != 1) {
      --best->entry->bursts;
      if (!best->entry->opened_row) ++counters_.row_hits;
      best->entry->opened_row = false;
      best->last = time_ = clock;
      best->ready = clock + same_group_[direction_];
      free = clock + other_group_[direction_];
      ++issued;
      continue;
    }
    if (issued != 0) note_stream(command, leaders, end, issued);
    if (!column && (row.clock >= limit || row.clock >= clock)) {
      if (issued != 0) return Streamed::some;
      return limit == before && std::min(row.clock, clock) >= before ? Streamed::none : Streamed::unclear;
    }
    time_ = column ? clock : row.clock;
    issue(column ? Choice{clock, command, best->bank, best->age} : row, finished, nullptr);
    return Streamed::some;
  }
}

// Enters the bursts of a stream as issue() does one by one: of each bank the last one counts.
void PseudoChannel::note_stream(Command command, const Leader* leaders, const Leader* end, std::uint32_t issued) {
  for (const Leader* leader = leaders; leader != end; ++leader)
    if (leader->last != 0) note(command, leader->bank, leader->last);
  counters_.accesses += issued;
  counters_.commands[at(command)] += issued;
  column_bus_ = time_ + 1;
  counters_.last_data = std::max(counters_.last_data, time_ + (direction_ == kRead ? timing_.read_latency : timing_.write_latency) + timing_.burst);
}

// The oldest of the hits of each bank group that can go from `from` on, and in `limit` the time from which there may be another one.
PseudoChannel::Leader* PseudoChannel::find_leaders(Leader* leader, Clock from, Clock& limit) {
  const std::size_t c = at(direction_ == kRead ? Command::RD : Command::WR);
  const Masks& masks = masks_[direction_];
  for (std::uint32_t rest = masks.column; rest != 0;) {
    const std::uint32_t group = static_cast<std::uint32_t>(std::countr_zero(rest)) >> bank_bits_;
    std::uint32_t banks = rest & group_mask_ << (group << bank_bits_);
    rest &= ~banks;
    *leader = {ready_group_[c][group], 0, 0, 0, nullptr};
    for (; banks != 0; banks &= banks - 1) {
      const auto bank = static_cast<std::uint32_t>(std::countr_zero(banks));
      const BankQueue& queue = bank_[bank].queue[direction_];
      if ((masks.conflict & bit(bank)) != 0) limit = std::min(limit, pool_[queue.head].arrival + timing_.starvation);
      if (ready_bank_[c][bank] > from) {
        limit = std::min(limit, ready_bank_[c][bank]);
        continue;
      }
      Entry& hit = pool_[queue.hit];
      if (leader->entry == nullptr || older(hit.sequence, leader->age)) leader->bank = bank, leader->age = hit.sequence, leader->entry = &hit;
    }
    if (leader->entry != nullptr) ++leader;
  }
  return leader;
}

// When the first of the waiting requests arrives; kNoClock if it finds no place in its queue: those behind it wait as well.
Clock PseudoChannel::next_arrival() const {
  if (arrivals_.empty()) return kNoClock;
  const Direction d = arrivals_.front().access.write ? kWrite : kRead;
  return queued_[d] < capacity_[d] ? arrivals_.front().arrival : kNoClock;
}

void PseudoChannel::admit(std::vector<Finished>& finished) {
  while (next_arrival() <= time_) admit_one(finished);
}

void PseudoChannel::admit_one(std::vector<Finished>& finished) {
  const auto [arrival, access] = arrivals_.front();
  const Direction direction = access.write ? kWrite : kRead;
  arrivals_.pop();
  const std::uint16_t index = free_.back();
  free_.pop_back();
  Bank& bank = bank_[access.bank];
  BankQueue& queue = bank.queue[direction];
  pool_[index] = {arrival, sequence_++, access.owner, access.row, queue.tail, kNone, access.bank, access.bursts, access.bursts, false};
  (queue.tail == kNone ? queue.head : pool_[queue.tail].following) = index;
  queue.tail = index;
  if (bank.open && bank.row == access.row && queue.hits++ == 0) queue.hit = index;
  if (direction == kWrite && queued_[kWrite] == 0) oldest_write_ = arrival;
  queued_[direction] += access.bursts;
  update_masks(access.bank, direction);
  if (direction == kWrite) {
    // Accepted for good. As late as the earliest read could be, so that callers have one smallest latency for both.
    finished.push_back({access.owner, time_ + timing_.read_latency + timing_.burst});
  }
}

// Asking twice at one time gives the same answer: a turn that has just begun is not over yet.
void PseudoChannel::choose_direction() {
  const std::uint32_t reads = queued_[kRead], writes = queued_[kWrite];
  if (direction_ == kRead) {
    if (writes == 0) return;
    const bool aged = time_ >= oldest_write_ + timing_.starvation;
    // Reads too have their turn, even if writes come faster than they drain.
    if (reads != 0 && !aged && (writes < timing_.write_high || turn_served_ < turn_)) return;
    direction_ = kWrite;
    drain_floor_ = aged ? 0 : timing_.write_low;
  } else {
    // A drain ends with its batch, even if further writes keep coming.
    if (reads == 0 || (writes > drain_floor_ && turn_served_ < turn_)) return;
    direction_ = kRead;
    oldest_write_ = time_;
  }
  turn_served_ = 0;
  ++counters_.turnarounds;
}

PseudoChannel::Choice PseudoChannel::choose() const {
  Choice best;
  choose_column(best);
  // A row command must be sooner than the column command: that bounds the search.
  Choice row = {best.clock, Command::ACT, 0, best.age};
  choose_row(row);
  if (row.clock < best.clock) best = row;
  if (best.clock < refresh_due_) return best;
  const Choice refresh = refresh_step();
  return refresh.clock < best.clock ? refresh : best;
}

void PseudoChannel::choose_column(Choice& best) const {
  const Masks& masks = masks_[direction_];
  best.command = direction_ == kRead ? Command::RD : Command::WR;
  const std::size_t c = at(best.command);
  const Clock from = std::max({time_, column_bus_, ready_channel_[c]});
  std::uint32_t rest = masks.column;
  while (rest != 0) {
    const std::uint32_t group = static_cast<std::uint32_t>(std::countr_zero(rest)) >> bank_bits_;
    std::uint32_t banks = rest & group_mask_ << (group << bank_bits_);
    rest &= ~banks;
    const Clock group_clock = std::max(from, ready_group_[c][group]);
    if (group_clock > best.clock) continue;  // none of its banks can be sooner
    for (; banks != 0; banks &= banks - 1) {
      const auto bank = static_cast<std::uint32_t>(std::countr_zero(banks));
      const Clock clock = std::max(group_clock, ready_bank_[c][bank]);
      if (clock > best.clock || held_for_refresh(bank, clock)) continue;
      const BankQueue& queue = bank_[bank].queue[direction_];
      if ((masks.conflict & bit(bank)) != 0 && clock >= pool_[queue.head].arrival + timing_.starvation) continue;
      const std::uint32_t age = pool_[queue.hit].sequence;
      if (clock == best.clock && !older(age, best.age)) continue;
      best.clock = clock;
      best.bank = bank;
      best.age = age;
    }
  }
}

void PseudoChannel::choose_row(Choice& best) const {
  const Masks& masks = masks_[direction_];
  const std::uint32_t wanting = masks.row | masks.conflict;
  Clock from = std::max(time_, row_bus_);
  const auto consider = [&](Command command, std::uint32_t bank) {
    const Entry& head = pool_[bank_[bank].queue[direction_].head];
    Clock clock = std::max(from, ready(command, bank));
    // Hits go first until the oldest request of the bank has waited long enough.
    if ((masks.conflict & bit(bank)) != 0) clock = std::max(clock, head.arrival + timing_.starvation);
    if (clock > best.clock || held_for_refresh(bank, clock)) return;
    if (clock == best.clock && !older(head.sequence, best.age)) return;
    best = {clock, command, bank, head.sequence};
  };
  for (std::uint32_t rest = wanting & open_; rest != 0; rest &= rest - 1)
    consider(Command::PRE, static_cast<std::uint32_t>(std::countr_zero(rest)));

  const Clock fourth = activates_[oldest_activate_];
  if (fourth != kNoClock) from = std::max(from, fourth + timing_.four_activates);
  if (std::max(from, ready_channel_[at(Command::ACT)]) > best.clock) return;  // no bank can be sooner
  for (std::uint32_t rest = wanting & ~open_; rest != 0; rest &= rest - 1)
    consider(Command::ACT, static_cast<std::uint32_t>(std::countr_zero(rest)));
}

PseudoChannel::Choice PseudoChannel::refresh_step() const {
  Choice step;
  step.clock = std::max({refresh_due_, time_, row_bus_});
  if (per_bank_) {
    step.bank = refresh_bank_;
    step.command = (open_ & bit(refresh_bank_)) != 0 ? Command::PRE : Command::REFSB;
    step.clock = std::max(step.clock, ready(step.command, refresh_bank_));
    return step;
  }
  step.command = open_ != 0 ? Command::PREA : Command::REF;
  if (open_ == 0) step.clock = std::max(step.clock, ready_channel_[at(Command::REF)]);
  for (std::uint32_t rest = open_; rest != 0; rest &= rest - 1)
    step.clock = std::max(step.clock, ready(Command::PRE, static_cast<std::uint32_t>(std::countr_zero(rest))));
  return step;
}

// Enters a command into the times that the constraints derive from it.
void PseudoChannel::note(Command command, std::uint32_t bank, Clock clock) {
  for (const Rule& rule : rules_[at(command)]) {
    Clock* ready = &ready_channel_[at(rule.to)];
    if (rule.scope == Scope::bank) ready = &ready_bank_[at(rule.to)][bank];
    if (rule.scope == Scope::group) ready = &ready_group_[at(rule.to)][bank >> bank_bits_];
    *ready = std::max(*ready, clock + rule.cycles);
  }
}

void PseudoChannel::issue(const Choice& choice, std::vector<Finished>& finished, CommandSink* sink) {
  const auto [clock, command, bank, age] = choice;
  (is_column(command) ? column_bus_ : row_bus_) = clock + 1;
  ++counters_.commands[at(command)];
  if (command != Command::PREA) note(command, bank, clock);
  switch (command) {
    case Command::RD:
    case Command::WR: transfer(bank, clock, finished); break;
    case Command::ACT: activate(bank); break;
    case Command::PRE: precharge(bank); break;
    case Command::PREA:
      for (std::uint32_t rest = open_; rest != 0; rest &= rest - 1) {
        const auto open = static_cast<std::uint32_t>(std::countr_zero(rest));
        note(Command::PRE, open, clock);
        precharge(open);
      }
      break;
    case Command::REF:
    case Command::REFSB:
      refresh_due_ += refresh_interval_;
      if (++refresh_bank_ == banks_) refresh_bank_ = 0;
      break;
  }
  if (sink != nullptr) [[unlikely]] sink->issued({clock, index_, bank, bank_[bank].row, command});
}

void PseudoChannel::activate(std::uint32_t index) {
  Bank& bank = bank_[index];
  Entry& cause = pool_[bank.queue[direction_].head];
  bank.open = true;
  bank.row = cause.row;
  cause.opened_row = true;
  open_ |= bit(index);
  activates_[oldest_activate_] = time_;
  oldest_activate_ = (oldest_activate_ + 1) % 4;
  for (const Direction d : {kRead, kWrite}) find_hits(bank, d), update_masks(index, d);
}

void PseudoChannel::precharge(std::uint32_t index) {
  Bank& bank = bank_[index];
  bank.open = false;
  open_ &= ~bit(index);
  for (const Direction d : {kRead, kWrite}) find_hits(bank, d), update_masks(index, d);
}

void PseudoChannel::find_hits(Bank& bank, Direction direction) {
  BankQueue& queue = bank.queue[direction];
  queue.hits = 0;
  queue.hit = kNone;
  if (!bank.open) return;
  for (std::uint16_t i = queue.head; i != kNone; i = pool_[i].following)
    if (pool_[i].row == bank.row && queue.hits++ == 0) queue.hit = i;
}

// One burst of the oldest hit.
void PseudoChannel::transfer(std::uint32_t index, Clock clock, std::vector<Finished>& finished) {
  const std::uint16_t chosen = bank_[index].queue[direction_].hit;
  Entry& entry = pool_[chosen];
  const Clock end = clock + (direction_ == kRead ? timing_.read_latency : timing_.write_latency) + timing_.burst;
  counters_.last_data = std::max(counters_.last_data, end);
  ++counters_.accesses;
  if (!entry.opened_row) ++counters_.row_hits;
  entry.opened_row = false;  // its further bursts do hit
  if (--entry.bursts != 0) return;
  turn_served_ += entry.all_bursts;
  if (direction_ == kRead) finished.push_back({entry.owner, end});
  remove(chosen, direction_);
}

void PseudoChannel::remove(std::uint16_t index, Direction direction) {
  const Entry& entry = pool_[index];
  Bank& bank = bank_[entry.bank];
  BankQueue& queue = bank.queue[direction];
  (entry.previous == kNone ? queue.head : pool_[entry.previous].following) = entry.following;
  (entry.following == kNone ? queue.tail : pool_[entry.following].previous) = entry.previous;
  // It was the oldest hit: the next one lies behind it.
  queue.hit = kNone;
  if (--queue.hits != 0)
    for (queue.hit = entry.following; pool_[queue.hit].row != bank.row;) queue.hit = pool_[queue.hit].following;
  free_.push_back(index);
  queued_[direction] -= entry.all_bursts;
  update_masks(entry.bank, direction);
}

void PseudoChannel::update_masks(std::uint32_t index, Direction direction) {
  const Bank& bank = bank_[index];
  const BankQueue& queue = bank.queue[direction];
  Masks& masks = masks_[direction];
  const auto set = [&](std::uint32_t& mask, bool on) { mask = (mask & ~bit(index)) | (on ? bit(index) : 0); };
  set(masks.column, queue.hits != 0);
  set(masks.row, queue.head != kNone && queue.hits == 0);
  set(masks.conflict, queue.hits != 0 && queue.hit != queue.head);
}

}  // namespace vitruvian::hbm_model

// One pseudo channel with its controller: queues, banks, and the decision which command comes next.
//
//   arrivals (one FIFO) ──> read queue, write queue ──FR-FCFS──> row bus (ACT PRE REF), column bus (RD WR) ──> 16 banks ──> data bus
//
// Model: of the requests in the queue of the present direction, the command that can issue first is issued, a column command before
// a row command, the oldest request among equals; rows stay open until another row of the bank is wanted and no queued request of this
// direction hits. What finds its queue full waits at the door, and what comes after it too. Writes wait until the high watermark, age,
// or an idle read queue starts a drain. Refresh is issued when due, as soon as its banks close, in all pseudo channels at the same time: staggered, it would hold up every transfer that spans channels.
// Approximations: the two pseudo channels of a channel do not contend for command slots (each has every other one); a drain
// opens no rows for reads; no request looks into the other queue for its data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hbm_model/dram_timing.h"

namespace vitruvian::hbm_model {

struct IssuedCommand {
  Clock clock = 0;
  std::uint32_t channel = 0, bank = 0, row = 0;
  Command command = Command::ACT;
};

// Sees the command stream; commands of one pseudo channel come in order of time.
class CommandSink {
 public:
  virtual ~CommandSink() = default;
  virtual void issued(const IssuedCommand& command) = 0;
};

// Bursts in one row of one bank.
struct Access {
  std::uint32_t owner = 0;         // the model's request
  std::uint32_t row = 0;
  std::uint8_t bank = 0;
  std::uint8_t bursts = 1;
  bool write = false;
};

// An access is over: its last data are on the pins (read) or it has its place in the write queue (write).
struct Finished {
  std::uint32_t owner;
  Clock clock;
};

struct ChannelCounters {
  std::uint64_t commands[kCommands] = {};
  std::uint64_t row_hits = 0, accesses = 0;   // bursts that found their row open without an ACT of their own
  std::uint64_t turnarounds = 0;
  Clock last_data = 0;                        // the data bus is free from then on
};

class PseudoChannel {
 public:
  PseudoChannel(const DramTiming& timing, std::uint32_t index);

  void push(const Access& access, Clock arrival);
  // The next time at which something can happen; kNoClock when nothing waits.
  Clock next() const { return next_; }
  // Issues every command before `now`.
  void run(Clock now, std::vector<Finished>& finished, CommandSink* sink);
  void reset();

  const ChannelCounters& counters() const { return counters_; }

 private:
  static constexpr std::uint16_t kNone = 0xffff;
  static constexpr std::size_t kMaxBanks = 16;
  enum Direction : std::uint8_t { kRead, kWrite };

  struct Entry {
    Clock arrival = 0;
    std::uint32_t sequence = 0;
    std::uint32_t owner = 0, row = 0;
    std::uint16_t previous = kNone, following = kNone;  // of the bank's list
    std::uint8_t bank = 0, bursts = 0, all_bursts = 0;
    bool opened_row = false;                            // an ACT was issued for it
  };
  struct BankQueue {
    std::uint16_t head = kNone, tail = kNone, hit = kNone;  // oldest, youngest, oldest that hits the open row
    std::uint16_t hits = 0;
  };
  struct Bank {
    std::uint32_t row = 0;
    bool open = false;
    BankQueue queue[2];
  };
  struct Masks {
    std::uint32_t column = 0;    // banks with a hit
    std::uint32_t row = 0;       // banks that need an ACT or PRE
    std::uint32_t conflict = 0;  // banks with hits whose oldest request wants another row
  };
  struct Arrivals {
    struct Waiting {
      Clock arrival;
      Access access;
    };
    std::vector<Waiting> list;   // ordered by arrival from `head` on
    std::size_t head = 0;
    bool empty() const { return head == list.size(); }
    const Waiting& front() const { return list[head]; }
    void insert(const Access& access, Clock arrival);
    void pop();
  };
  struct Rule {
    Command to;
    Scope scope;
    std::uint32_t cycles;
  };
  struct Choice {
    Clock clock = kNoClock;
    Command command = Command::ACT;
    std::uint32_t bank = 0;
    std::uint32_t age = 0;       // sequence of the request, for ties
  };

  // A candidate for the next column command: the oldest hit of a bank group.
  struct Leader {
    Clock ready, last;           // no command before it; its last one in this stream, 0 for none
    std::uint32_t bank, age;
    Entry* entry;
  };

  enum class Streamed { some, none, unclear };  // none: no command can issue before the limit

  Streamed stream(Clock before, std::vector<Finished>& finished);
  Leader* find_leaders(Leader* leader, Clock from, Clock& limit);
  void note_stream(Command command, const Leader* leaders, const Leader* end, std::uint32_t issued);
  void admit(std::vector<Finished>& finished);
  void admit_one(std::vector<Finished>& finished);
  Clock next_arrival() const;
  void choose_direction();
  Choice choose() const;
  void choose_column(Choice& best) const;
  void choose_row(Choice& best) const;
  Choice refresh_step() const;
  bool held_for_refresh(std::uint32_t bank, Clock at) const {
    return at >= refresh_due_ && (!per_bank_ || bank == refresh_bank_);
  }
  Clock ready(Command command, std::uint32_t bank) const {
    const auto c = static_cast<std::size_t>(command);
    return std::max(std::max(ready_bank_[c][bank], ready_group_[c][bank >> bank_bits_]), ready_channel_[c]);
  }
  void issue(const Choice& choice, std::vector<Finished>& finished, CommandSink* sink);
  void note(Command command, std::uint32_t bank, Clock at);
  void activate(std::uint32_t bank);
  void precharge(std::uint32_t bank);
  void transfer(std::uint32_t bank, Clock at, std::vector<Finished>& finished);
  void remove(std::uint16_t index, Direction direction);
  void find_hits(Bank& bank, Direction direction);
  void update_masks(std::uint32_t bank, Direction direction);

  // What does not change.
  const DramTiming& timing_;
  std::uint32_t index_;
  std::uint32_t banks_, bank_bits_, group_mask_;
  std::uint32_t capacity_[2];
  std::uint32_t turn_;           // bursts served before the other direction may have its turn
  std::vector<Rule> rules_[kCommands];
  std::uint32_t same_group_[2] = {}, other_group_[2] = {};   // distance of two bursts of a direction
  bool per_bank_;
  Clock refresh_interval_, first_refresh_;

  // Time before which no command of a kind may issue.
  Clock ready_bank_[kCommands][kMaxBanks];
  Clock ready_group_[kCommands][kMaxBanks];
  Clock ready_channel_[kCommands];
  Clock activates_[4];           // the last four
  std::uint32_t oldest_activate_;
  Clock row_bus_, column_bus_;

  Bank bank_[kMaxBanks];
  Masks masks_[2];
  std::uint32_t open_;           // bank mask
  std::vector<Entry> pool_;
  std::vector<std::uint16_t> free_;
  std::uint32_t queued_[2];      // bursts, as the capacities
  std::uint32_t sequence_;
  Arrivals arrivals_;

  Clock time_, next_;
  Direction direction_;
  std::uint32_t turn_served_;    // bursts since the direction changed
  std::uint32_t drain_floor_;    // queued writes at which this drain ends
  Clock oldest_write_;           // a lower bound of the arrival of the writes that wait
  Clock refresh_due_;
  std::uint32_t refresh_bank_;
  ChannelCounters counters_;
};

}  // namespace vitruvian::hbm_model

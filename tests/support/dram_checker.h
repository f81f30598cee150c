// Verifies a DRAM command stream against the JEDEC rules, apart from the model: its own reading of the description, its own
// bookkeeping (the last time of every command in every scope, the state of every bank, the data bus), none of the model's tables.
#pragma once

#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "hbm_model/pseudo_channel.h"
#include "src/chip/dram_spec.h"

namespace vitruvian::test {

using hbm_model::Clock;
using hbm_model::Command;

class DramChecker final : public hbm_model::CommandSink {
 public:
  explicit DramChecker(const chip::DramSpec& spec) {
    using P = chip::DramParam;
    const double clock = spec.get(P::clock);
    const auto t = [&](P p) { return static_cast<std::int64_t>(spec.clocks(p, clock)); };
    burst_ = static_cast<std::int64_t>(spec.get(P::burst) / spec.get(P::transfers));
    groups_ = spec.get_count(P::bank_groups);
    per_group_ = spec.get_count(P::banks);
    rcd_read_ = t(P::tRCDRD), rcd_write_ = t(P::tRCDWR), rp_ = t(P::tRP), ras_ = t(P::tRAS), rc_ = t(P::tRC);
    rrd_s_ = t(P::tRRD_S), rrd_l_ = t(P::tRRD_L), faw_ = t(P::tFAW), ccd_s_ = t(P::tCCD_S), ccd_l_ = t(P::tCCD_L);
    wtr_s_ = t(P::tWTR_S), wtr_l_ = t(P::tWTR_L), rtw_ = t(P::tRTW), rtp_ = t(P::tRTP), wr_ = t(P::tWR);
    rfc_ = t(P::tRFC), rfc_sb_ = t(P::tRFCsb), rrefd_ = t(P::tRREFD), refi_ = t(P::tREFI), cl_ = t(P::tCL), cwl_ = t(P::tCWL);
    channels_.resize(spec.get_count(P::stacks) * spec.get_count(P::channels) * spec.get_count(P::pseudo_channels));
    for (Channel& channel : channels_) channel.banks.resize(groups_ * per_group_);
  }

  void issued(const hbm_model::IssuedCommand& command) override {
    Channel& channel = channels_.at(command.channel);
    now_ = static_cast<std::int64_t>(command.clock);
    shown_ = &command;
    ++commands_;
    if (now_ < channel.last) fail("time order");
    channel.last = now_;
    const bool column = command.command == Command::RD || command.command == Command::WR;
    std::int64_t& bus = column ? channel.column_bus : channel.row_bus;
    after(bus, 1, "one command a clock");
    bus = now_;
    switch (command.command) {
      case Command::ACT: activate(channel, command.bank, command.row); break;
      case Command::PRE: precharge(channel, channel.banks.at(command.bank)); break;
      case Command::PREA:
        for (Bank& bank : channel.banks)
          if (bank.open) precharge(channel, bank);
        break;
      case Command::RD: transfer(channel, command, false); break;
      case Command::WR: transfer(channel, command, true); break;
      case Command::REF: refresh(channel); break;
      case Command::REFSB: refresh_bank(channel, command.bank); break;
    }
  }

  std::uint64_t commands() const { return commands_; }
  std::uint64_t violations() const { return violations_; }
  const std::string& first() const { return first_; }      // the first violation
  const std::string& last_rule() const { return rule_; }   // the name of the latest

 private:
  static constexpr std::int64_t kLongAgo = -(std::int64_t{1} << 60);
  struct Bank {
    bool open = false;
    std::uint32_t row = 0;
    std::int64_t act = kLongAgo, pre = kLongAgo, read = kLongAgo, write = kLongAgo, refresh = kLongAgo, refreshed = 0;
  };
  struct Channel {
    std::vector<Bank> banks;
    std::vector<std::int64_t> acts;  // all of them, the latest last
    std::int64_t last = 0, row_bus = kLongAgo, column_bus = kLongAgo, refresh = kLongAgo, refreshed = 0, any_refresh_bank = kLongAgo;
    std::int64_t data_end = kLongAgo;
    bool data_written = false;
  };

  void fail(const std::string& rule) {
    rule_ = rule;
    if (violations_++ == 0)
      first_ = fmt::format("{}: {} of channel {} bank {} row {} at {}", rule, hbm_model::to_string(shown_->command), shown_->channel, shown_->bank, shown_->row, now_);
  }
  void after(std::int64_t earlier, std::int64_t distance, const char* rule) {
    if (now_ < earlier + distance) fail(rule);
  }
  bool same_group(std::size_t a, std::size_t b) const { return a / per_group_ == b / per_group_; }

  void activate(Channel& channel, std::uint32_t index, std::uint32_t row) {
    Bank& bank = channel.banks.at(index);
    if (bank.open) fail("ACT of an open bank");
    after(bank.act, rc_, "tRC");
    after(bank.pre, rp_, "tRP");
    after(bank.refresh, rfc_sb_, "tRFCsb");
    after(channel.refresh, rfc_, "tRFC");
    for (std::size_t other = 0; other < channel.banks.size(); ++other) {
      if (other == index) continue;
      after(channel.banks[other].act, same_group(other, index) ? rrd_l_ : rrd_s_, same_group(other, index) ? "tRRD_L" : "tRRD_S");
      after(channel.banks[other].refresh, rrefd_, "tRREFD");
    }
    if (channel.acts.size() >= 4) after(channel.acts[channel.acts.size() - 4], faw_, "tFAW");
    channel.acts.push_back(now_);
    bank.open = true;
    bank.row = row;
    bank.act = now_;
  }

  void precharge(Channel&, Bank& bank) {
    if (!bank.open) fail("PRE of a closed bank");
    after(bank.act, ras_, "tRAS");
    after(bank.read, rtp_, "tRTP");
    after(bank.write, cwl_ + burst_ + wr_, "tWR");
    bank.open = false;
    bank.pre = now_;
  }

  void transfer(Channel& channel, const hbm_model::IssuedCommand& command, bool write) {
    Bank& bank = channel.banks.at(command.bank);
    if (!bank.open) fail("column command of a closed bank");
    if (bank.row != command.row) fail("column command of another row");
    after(bank.act, write ? rcd_write_ : rcd_read_, write ? "tRCDWR" : "tRCDRD");
    for (std::size_t other = 0; other < channel.banks.size(); ++other) {
      const bool group = same_group(other, command.bank);
      const Bank& b = channel.banks[other];
      after(write ? b.write : b.read, group ? ccd_l_ : ccd_s_, group ? "tCCD_L" : "tCCD_S");
      if (!write) after(b.write, cwl_ + burst_ + (group ? wtr_l_ : wtr_s_), group ? "tWTR_L" : "tWTR_S");
    }
    const std::int64_t data = now_ + (write ? cwl_ : cl_);
    if (data < channel.data_end + (write && !channel.data_written ? rtw_ : 0)) fail(write && !channel.data_written ? "tRTW" : "data bus");
    channel.data_end = data + burst_;
    channel.data_written = write;
    (write ? bank.write : bank.read) = now_;
  }

  void refresh(Channel& channel) {
    for (const Bank& bank : channel.banks) {
      if (bank.open) fail("REF with an open bank");
      after(bank.pre, rp_, "tRP");
    }
    after(channel.refresh, rfc_, "tRFC");
    due(channel.refreshed);
    channel.refresh = now_;
  }

  void refresh_bank(Channel& channel, std::uint32_t index) {
    Bank& bank = channel.banks.at(index);
    if (bank.open) fail("REFSB of an open bank");
    after(bank.pre, rp_, "tRP");
    after(bank.act, rc_, "tRC");
    after(bank.refresh, rfc_sb_, "tRFCsb");
    for (const Bank& other : channel.banks)
      if (&other != &bank) after(other.act, rrefd_, "tRREFD"), after(other.refresh, rrefd_, "tRREFD");
    due(bank.refreshed);
    bank.refresh = now_;
  }

  // The standard lets a controller postpone up to eight refreshes.
  void due(std::int64_t& refreshed) {
    if (now_ > refreshed + 9 * refi_) fail("tREFI");
    refreshed = now_;
  }

  std::vector<Channel> channels_;
  std::size_t groups_ = 0, per_group_ = 0;
  std::int64_t burst_, rcd_read_, rcd_write_, rp_, ras_, rc_, rrd_s_, rrd_l_, faw_, ccd_s_, ccd_l_, wtr_s_, wtr_l_, rtw_, rtp_, wr_, rfc_, rfc_sb_,
      rrefd_, refi_, cl_, cwl_;
  std::int64_t now_ = 0;
  const hbm_model::IssuedCommand* shown_ = nullptr;
  std::uint64_t commands_ = 0, violations_ = 0;
  std::string first_, rule_;
};

}  // namespace vitruvian::test

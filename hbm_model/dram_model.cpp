#include "hbm_model/dram_model.h"

#include <algorithm>

#include "vitruvian/error.h"

namespace vitruvian::hbm_model {

DramModel::DramModel(DramTiming timing) : timing_(std::move(timing)), map_(timing_) {
  channels_.reserve(timing_.channels);
  for (std::uint32_t i = 0; i < timing_.channels; ++i) channels_.emplace_back(timing_, i);
  next_.assign(timing_.channels, kNoClock);
}

void DramModel::enqueue(const DramRequest& request, Clock arrival) {
  std::uint32_t owner;
  if (free_.empty()) {
    owner = static_cast<std::uint32_t>(requests_.size());
    requests_.emplace_back();
  } else {
    owner = free_.back();
    free_.pop_back();
  }
  const std::uint64_t burst = map_.burst_bytes(), run = map_.run_bytes();
  std::uint64_t address = request.address & ~(burst - 1);
  const std::uint64_t end = (request.address + std::max(request.bytes, 1u) + burst - 1) & ~(burst - 1);
  std::uint32_t runs = 0;
  while (address < end) {
    const std::uint64_t stop = std::min(end, (address | (run - 1)) + 1);
    const Place place = map_(address);
    const Access access{owner, place.row, static_cast<std::uint8_t>(place.bank), static_cast<std::uint8_t>((stop - address) / burst), request.write};
    channels_[place.channel].push(access, arrival);
    next_[place.channel] = channels_[place.channel].next();
    address = stop;
    ++runs;
  }
  requests_[owner] = {request.tag, runs, 0, request.write};
}

Clock DramModel::next_event() const {
  const Clock first = *std::min_element(next_.begin(), next_.end());
  return first == kNoClock ? kNoClock : first + 1;
}

void DramModel::advance(Clock now, std::vector<DramCompletion>& completions) {
  for (std::size_t i = 0; i < next_.size(); ++i) {
    if (next_[i] >= now) continue;
    channels_[i].run(now, finished_, sink_);
    next_[i] = channels_[i].next();
  }
  for (const Finished& run : finished_) {
    Request& request = requests_[run.owner];
    request.finish = std::max(request.finish, run.clock);
    if (--request.open != 0) continue;
    completions.push_back({request.tag, request.write, request.finish});
    free_.push_back(run.owner);
  }
  finished_.clear();
}

void DramModel::reset() {
  for (PseudoChannel& channel : channels_) channel.reset();
  std::fill(next_.begin(), next_.end(), kNoClock);
  requests_.clear();
  free_.clear();
  finished_.clear();
}

DramCounters DramModel::counters() const {
  DramCounters sum;
  for (const PseudoChannel& channel : channels_) {
    const ChannelCounters& c = channel.counters();
    for (std::size_t i = 0; i < kCommands; ++i) sum.commands[i] += c.commands[i];
    sum.accesses += c.accesses;
    sum.row_hits += c.row_hits;
    sum.turnarounds += c.turnarounds;
    sum.last_data = std::max(sum.last_data, c.last_data);
  }
  sum.bytes_read = sum.commands[static_cast<std::size_t>(Command::RD)] * timing_.burst_bytes;
  sum.bytes_written = sum.commands[static_cast<std::size_t>(Command::WR)] * timing_.burst_bytes;
  return sum;
}

EnergyReport DramModel::energy(Clock elapsed) const {
  constexpr double kNanoPerPico = 1e-3;
  const DramCounters c = counters();
  const auto nj = [&](Command command, double pj) { return static_cast<double>(c.commands[static_cast<std::size_t>(command)]) * pj * kNanoPerPico; };
  EnergyReport report;
  report.activate_nj = nj(Command::ACT, timing_.energy.activate_pj);
  report.read_nj = nj(Command::RD, timing_.energy.read_pj);
  report.write_nj = nj(Command::WR, timing_.energy.write_pj);
  report.refresh_nj = nj(Command::REF, timing_.energy.refresh_pj) + nj(Command::REFSB, timing_.energy.refresh_bank_pj);
  report.background_nj = timing_.energy.background_watt * timing_.ns(elapsed);
  return report;
}

}  // namespace vitruvian::hbm_model

#include "hbm_model/replay.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>

#include <fmt/format.h>

#include "vitruvian/error.h"

namespace vitruvian::hbm_model {

namespace {

constexpr double kNsPerSecond = 1e9;

std::uint64_t address_of(std::string_view word, const std::string& where) {
  const bool hex = word.starts_with("0x") || word.starts_with("0X");
  const std::string_view digits = hex ? word.substr(2) : word;
  std::uint64_t address = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address, hex ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size()) throw Error("bad address", where, "a decimal or 0x number", std::string(word));
  return address;
}

Clock time_of(const std::string& word, double clock, const std::string& where) {
  double ns = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ns);
  if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(ns) || ns < 0)
    throw Error("bad time", where, "nanoseconds from the start", word);
  return static_cast<Clock>(std::ceil(ns * clock / kNsPerSecond));
}

double percentile(std::vector<std::uint32_t>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void summarise_latency(ReplayReport& report, std::vector<std::uint32_t>& latency, double ns_per_clock) {
  std::sort(latency.begin(), latency.end());
  const double sum = std::accumulate(latency.begin(), latency.end(), 0.0);
  report.latency_mean_ns = sum / static_cast<double>(latency.size()) * ns_per_clock;
  report.latency_p50_ns = percentile(latency, 0.5) * ns_per_clock;
  report.latency_p99_ns = percentile(latency, 0.99) * ns_per_clock;
  report.latency_max_ns = latency.back() * ns_per_clock;
}

// The requests outstanding: when each place is free, and when its request entered.
class Window {
 public:
  explicit Window(std::uint32_t size) : entered_(size) {
    for (std::uint32_t place = 0; place < size; ++place) free_.push_back({0, place});
  }
  bool full() const { return free_.empty(); }
  Clock first_free() const { return free_.front().first; }
  std::uint32_t enter(Clock at) {
    std::pop_heap(free_.begin(), free_.end(), std::greater<>{});
    const std::uint32_t place = free_.back().second;
    free_.pop_back();
    entered_[place] = at;
    return place;
  }
  // Returns the latency.
  std::uint32_t leave(std::uint32_t place, Clock at) {
    free_.push_back({at, place});
    std::push_heap(free_.begin(), free_.end(), std::greater<>{});
    return static_cast<std::uint32_t>(at - entered_[place]);
  }

 private:
  std::vector<std::pair<Clock, std::uint32_t>> free_;  // a heap, the earliest first
  std::vector<Clock> entered_;
};

}  // namespace

std::vector<TraceRequest> read_trace(std::istream& in, const std::string& name, double clock) {
  std::vector<TraceRequest> trace;
  std::string line, kind, address, time, more;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line);
    kind.clear(), address.clear(), time.clear(), more.clear();
    if (!(words >> kind)) continue;
    words >> address >> time >> more;
    const std::string where = fmt::format("{}:{}", name, number);
    if ((kind != "READ" && kind != "WRITE") || !more.empty()) throw Error("not a request of a trace", where, "READ|WRITE address [time]", line);
    trace.push_back({address_of(address, where), time.empty() ? 0 : time_of(time, clock, where), kind == "WRITE"});
  }
  if (trace.empty()) throw Error("the trace has no requests", name, "lines of READ|WRITE address [time]", {});
  return trace;
}

std::vector<TraceRequest> read_trace(const std::string& path, double clock) {
  std::ifstream in(path);
  if (!in) throw Error("cannot read the trace", path, {}, {});
  return read_trace(in, path, clock);
}

ReplayReport replay(DramModel& model, const std::vector<TraceRequest>& trace, std::uint32_t bytes, std::uint32_t window) {
  if (window == 0 || bytes == 0) throw Error("a replay needs a window and a size of its requests", "hbm", "1 or more", {});
  Window places(window);
  const std::uint64_t burst_mask = model.timing().burst_bytes - 1;
  std::vector<std::uint32_t> latency;
  latency.reserve(trace.size());
  std::vector<DramCompletion> completions;
  std::size_t sent = 0;
  Clock entered = 0, first = kNoClock;
  const auto begun = std::chrono::steady_clock::now();
  while (latency.size() < trace.size()) {
    // Whatever the model decides from here on is over at `known` or later: all places that are free before it are at hand.
    const Clock next = model.next_event();
    const Clock known = next == kNoClock ? kNoClock : next - 1 + model.lookahead();
    if (sent < trace.size() && !places.full() && places.first_free() < known) {
      const TraceRequest& request = trace[sent++];
      entered = std::max({entered, places.first_free(), request.earliest});
      first = std::min(first, entered);
      model.enqueue({request.address & ~burst_mask, bytes, places.enter(entered), request.write}, entered);
      continue;
    }
    completions.clear();
    model.advance(known, completions);
    for (const DramCompletion& done : completions) latency.push_back(places.leave(done.tag, done.finish));
  }
  model.advance(kNoClock - 1, completions);  // the writes that were accepted
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;

  ReplayReport report;
  report.requests = trace.size();
  report.counters = model.counters();
  report.elapsed = report.counters.last_data - first;
  const double seconds = static_cast<double>(report.elapsed) / model.timing().clock;
  const double moved = static_cast<double>(report.counters.bytes_read + report.counters.bytes_written);
  report.bandwidth_gbs = moved / seconds * 1e-9;
  report.share_of_peak = moved / seconds / model.timing().peak_bytes_per_second();
  report.row_hit_rate = report.counters.row_hit_rate();
  report.requests_per_second = static_cast<double>(trace.size()) / wall.count();
  report.energy = model.energy(report.elapsed);
  summarise_latency(report, latency, kNsPerSecond / model.timing().clock);
  return report;
}

}  // namespace vitruvian::hbm_model

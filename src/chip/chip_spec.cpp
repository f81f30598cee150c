#include "src/chip/chip_spec.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "src/chip/nearest.h"
#include "vitruvian/error.h"

namespace vitruvian::chip {

namespace {

constexpr double kNsPerSecond = 1e9, kUsPerSecond = 1e6;

constexpr std::array kParams{
#define VITRUVIAN_PARAM(identifier, path, unit, meaning) ParamInfo{#identifier, path, Unit::unit, meaning},
#include "src/chip/chip_spec.def"
#undef VITRUVIAN_PARAM
};

std::size_t index(Param param) { return static_cast<std::size_t>(param); }

}  // namespace

const char* to_string(Trust trust) {
  switch (trust) {
    case Trust::published: return "published";
    case Trust::measured: return "measured";
    case Trust::derived: return "derived";
    case Trust::assumed: return "assumed";
  }
  return "?";
}

const char* to_string(Unit unit) {
  switch (unit) {
    case Unit::count: return "count";
    case Unit::hertz: return "hertz";
    case Unit::bytes: return "bytes";
    case Unit::cycles: return "cycles";
    case Unit::bytes_per_cycle: return "bytes_per_cycle";
    case Unit::ns: return "ns";
    case Unit::us: return "us";
    case Unit::bytes_per_second: return "bytes_per_second";
    case Unit::ratio: return "ratio";
    case Unit::clocks: return "clocks";
    case Unit::pj: return "pj";
    case Unit::pj_per_bit: return "pj_per_bit";
    case Unit::mw: return "mw";
  }
  return "?";
}

const ParamInfo& info(Param param) {
  ensure(param < Param::kCount, "a parameter is one of the schema");
  return kParams[index(param)];
}

double ChipSpec::get(Param param) const {
  read_[index(param)] = true;
  return values_[index(param)].value;
}

std::uint64_t ChipSpec::get_integer(Param param) const {
  const double number = get(param);
  ensure(number >= 0 && number == std::floor(number), fmt::format("{} is a whole number", info(param).path));
  return static_cast<std::uint64_t>(number);
}

bool ChipSpec::is_assumed(Param param) const { return values_[index(param)].trust == Trust::assumed; }

const OperationCost& ChipSpec::cost(std::string_view cost_class) const {
  const auto row = costs_.find(cost_class);
  if (row != costs_.end()) return row->second;
  std::vector<std::string> known;
  for (const auto& [name, cost] : costs_) known.push_back(name);
  throw Error(fmt::format("no cost row '{}'", cost_class), file_, fmt::format("a class such as '{}'", nearest(cost_class, known)), {});
}

double ChipSpec::cycles_from_ns(double ns) const { return ns * get(Param::clock) / kNsPerSecond; }

double ChipSpec::bytes_per_cycle(double bytes_per_second) const { return bytes_per_second / get(Param::clock); }

double ChipSpec::us_from_cycles(double cycles) const { return cycles / get(Param::clock) * kUsPerSecond; }

std::vector<Param> ChipSpec::unread() const {
  std::vector<Param> params;
  for (std::size_t i = 0; i < read_.size(); ++i)
    if (!read_[i]) params.push_back(static_cast<Param>(i));
  return params;
}

}  // namespace vitruvian::chip

#include "src/chip/units.h"

#include <array>

namespace vitruvian::chip {

namespace {

struct Word {
  std::string_view word;
  Unit unit;
  double factor;
};

constexpr double kKibi = 1024, kMebi = kKibi * kKibi, kGibi = kMebi * kKibi;

// The first word of a unit is the schema's own name of it.
constexpr std::array kWords{
    Word{"count", Unit::count, 1},
    Word{"hertz", Unit::hertz, 1},
    Word{"Hz", Unit::hertz, 1},
    Word{"kHz", Unit::hertz, 1e3},
    Word{"MHz", Unit::hertz, 1e6},
    Word{"GHz", Unit::hertz, 1e9},
    Word{"bytes", Unit::bytes, 1},
    Word{"B", Unit::bytes, 1},
    Word{"kB", Unit::bytes, 1e3},
    Word{"MB", Unit::bytes, 1e6},
    Word{"GB", Unit::bytes, 1e9},
    Word{"KiB", Unit::bytes, kKibi},
    Word{"MiB", Unit::bytes, kMebi},
    Word{"GiB", Unit::bytes, kGibi},
    Word{"cycles", Unit::cycles, 1},
    Word{"cycle", Unit::cycles, 1},
    Word{"bytes_per_cycle", Unit::bytes_per_cycle, 1},
    Word{"B/cycle", Unit::bytes_per_cycle, 1},
    Word{"ns", Unit::ns, 1},
    Word{"us", Unit::ns, 1e3},
    Word{"ms", Unit::ns, 1e6},
    Word{"us", Unit::us, 1},
    Word{"ns", Unit::us, 1e-3},
    Word{"ms", Unit::us, 1e3},
    Word{"bytes_per_second", Unit::bytes_per_second, 1},
    Word{"B/s", Unit::bytes_per_second, 1},
    Word{"MB/s", Unit::bytes_per_second, 1e6},
    Word{"GB/s", Unit::bytes_per_second, 1e9},
    Word{"TB/s", Unit::bytes_per_second, 1e12},
    Word{"GiB/s", Unit::bytes_per_second, kGibi},
    Word{"ratio", Unit::ratio, 1},
    Word{"%", Unit::ratio, 1e-2},
    Word{"clocks", Unit::clocks, 1},
    Word{"nCK", Unit::clocks, 1},
    Word{"pj", Unit::pj, 1},
    Word{"pJ", Unit::pj, 1},
    Word{"nJ", Unit::pj, 1e3},
    Word{"pj_per_bit", Unit::pj_per_bit, 1},
    Word{"pJ/bit", Unit::pj_per_bit, 1},
    Word{"mw", Unit::mw, 1},
    Word{"mW", Unit::mw, 1},
    Word{"W", Unit::mw, 1e3},
};

}  // namespace

std::optional<double> conversion(std::string_view written, Unit wanted) {
  for (const Word& row : kWords)
    if (row.unit == wanted && row.word == written) return row.factor;
  return std::nullopt;
}

std::string accepted_words(Unit wanted) {
  std::string words;
  for (const Word& row : kWords) {
    if (row.unit != wanted) continue;
    if (!words.empty()) words += ", ";
    words += row.word;
  }
  return words;
}

}  // namespace vitruvian::chip

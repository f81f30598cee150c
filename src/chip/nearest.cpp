#include "src/chip/nearest.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace vitruvian::chip {

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string nearest(std::string_view word, std::span<const std::string> known) {
  // Of equally near words the one with the longer common beginning: "vad" is "vadd" rather than "mad".
  const auto rank = [word](const std::string& a) {
    const auto common = std::mismatch(word.begin(), word.end(), a.begin(), a.end()).first - word.begin();
    return std::pair{edit_distance(word, a), -common};
  };
  const auto closer = [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); };
  const auto best = std::min_element(known.begin(), known.end(), closer);
  return best == known.end() ? std::string{} : *best;
}

}  // namespace vitruvian::chip

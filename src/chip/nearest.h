// Which of some known words a user probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vitruvian::chip {

// Smallest number of inserted, removed or replaced characters that turns one word into the other.
std::size_t edit_distance(std::string_view from, std::string_view to);

// The known word nearest to `word` by edit distance, then by common beginning, then the first. Empty if nothing is known.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace vitruvian::chip

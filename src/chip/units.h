// Units that a chip file may write, and their conversion to the unit of the schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/chip/chip_spec.h"

namespace vitruvian::chip {

// The number to multiply a value in `written` by, to have it in `wanted`; empty if `written` is of another dimension or
// no unit at all. KiB, MiB and GiB are binary, kB, MB and GB decimal.
std::optional<double> conversion(std::string_view written, Unit wanted);

// "Hz, MHz, GHz": the words that conversion() accepts for a unit of the schema.
std::string accepted_words(Unit wanted);

}  // namespace vitruvian::chip

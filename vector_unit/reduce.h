// What vcmax and vcmin write, by the order field of the reduction word.
#pragma once

#include <cstdint>

namespace vitruvian::vector_unit {

enum class ExtremeOrder : std::uint8_t { value_index, index_value, value, index };

// Bytes of one result group of vcmax and vcmin, which is also the unit of their destination repeat stride: a pair of
// elements, one element, or a 32-bit index.
constexpr unsigned extreme_bytes(ExtremeOrder order, unsigned element_bytes) {
  switch (order) {
    case ExtremeOrder::value: return element_bytes;
    case ExtremeOrder::index: return sizeof(std::uint32_t);
    default: return 2 * element_bytes;
  }
}

}  // namespace vitruvian::vector_unit

// The table of one host level.
#include "vector_unit/lanes.h"

namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL {

Table make_table() {
  Table table;
  add_binary(table);
  add_scalar(table);
  add_unary(table);
  add_convert(table);
  add_compare_select(table);
  add_reduce(table);
  add_move(table);
  add_sort(table);
  return table;
}

}  // namespace vitruvian::vector_unit::VITRUVIAN_VECTOR_LEVEL

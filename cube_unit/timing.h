// Private to cube_unit and its tests: the costs of the cube and the fixpipe, carved from the chip description once.
#pragma once

namespace vitruvian::cube_unit {

struct UnitCost {
  double head = 0, per_unit = 0, tail = 0, interval = 1;
  bool assumed = false;
};

struct CubeTiming {
  UnitCost mad, mad_f32;            // unit: a tile of the cube
  UnitCost fix_gm, fix_l1;          // unit: a byte of L0C read
  double l0a_cycles_per_byte = 0;   // ports of L0A and L0B: the widths of the paths that fill them
  double l0b_cycles_per_byte = 0;
};

}  // namespace vitruvian::cube_unit

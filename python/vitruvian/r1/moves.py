"""Moves of activations between layouts."""

from __future__ import annotations

import numpy as np

from .elementwise import VectorKernel
from .kernel import BF16, Buffer, Parameter


class StridedCopy(VectorKernel):
    """y[r, y_offset + i] = x[r, x_offset + i] for i < columns, bf16: a head's rotated part beside its absorbed one, halves of a concatenation.

    Bytes: 4 an element. Operations: none."""

    name, summary, source = "strided_copy", "columns of one matrix into columns of another", "strided_copy.cpp"
    parameters = {
        "rows": Parameter(12288, "rows"), "columns": Parameter(64, "columns copied, up to 8192"), "x_stride": Parameter(192, "columns of x"),
        "x_offset": Parameter(128, "first column in x", minimum=0), "y_stride": Parameter(576, "columns of y"), "y_offset": Parameter(512, "first column in y", minimum=0),
    }
    error_formula = "elements of y that differ"
    broken_flags = ("-DBROKEN_LAST_ROW",)
    test_grid = (dict(rows=100), dict(rows=3, columns=512, x_stride=576, x_offset=0, y_stride=512, y_offset=0), dict(rows=1, columns=17, x_stride=40, x_offset=3, y_stride=30, y_offset=13),
                 dict(rows=700, columns=7168, x_stride=7168, x_offset=0, y_stride=14336, y_offset=7168))

    def validate(self):
        if self.columns > 8192:
            self.reject("columns", "a whole number up to 8192")
        for side in "xy":
            if self.values[f"{side}_offset"] + self.columns > self.values[f"{side}_stride"]:
                self.reject(f"{side}_stride", f"at least {side}_offset + columns")

    def symbol(self):
        return "strided_copy"

    def buffers(self, device, groups):
        return {"x": Buffer("in", (self.rows, self.x_stride), BF16), "y": Buffer("inout", (self.rows, self.y_stride), BF16)}

    def scalars(self, device, groups):
        return dict(self.values)

    def random(self, rng):
        return {name: rng.standard_normal((self.rows, self.values[f"{name}_stride"]), np.float32).astype(BF16) for name in "xy"}

    def reference(self, inputs):
        y = inputs["y"].copy()
        y[:, self.y_offset : self.y_offset + self.columns] = inputs["x"][:, self.x_offset : self.x_offset + self.columns]
        return {"y": y}

    def compare(self, outputs, inputs, reference):
        return float(np.count_nonzero(outputs["y"] != reference["y"])), 0.5

    def operations(self):
        return 0.0

    def bytes(self):
        return 4.0 * self.rows * self.columns

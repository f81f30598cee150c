"""Between dies: all-gather and reduce-scatter, which prefill needs (exchange.py)."""

from __future__ import annotations

import math

import numpy as np

from .elementwise import FP32, INT8
from .exchange import DIES, RANK, Exchange
from .kernel import BF16, UNIT_ROUNDOFF, Buffer, Parameter


class AllGather(Exchange):
    """y[die] = x of that die: every die's rows at every die (gather_scatter.cpp). HBM: x once, y once. Fabric: (ep - 1) x the block each way."""

    name, summary, source = "all_gather", "every die's rows at every die", "gather_scatter.cpp"
    parameters = {
        "rows": Parameter(256, "rows of a die"), "columns": Parameter(7168, "features"), "dtype": Parameter("bf16", "type of x", ("bf16", "int8")), **DIES,
    }
    error_formula = "elements that differ, here and at the peers"
    broken_flags = ("-DBROKEN_LAST_CHUNK",)
    test_grid = (dict(rows=33, columns=256, ep=4), dict(rows=5, columns=7168, dtype="int8", ep=3), dict(rows=1, columns=100, ep=8), dict(rows=3, columns=64, ep=1))

    def element(self) -> np.dtype:
        return BF16 if self.dtype == "bf16" else INT8

    def symbol(self):
        return "all_gather"

    @property
    def block(self) -> int:
        """Bytes of a die's rows."""
        return self.rows * self.columns * self.element().itemsize

    def buffers(self, device, groups):
        return {
            "x": Buffer("in", (self.rows, self.columns), self.element()), "window": Buffer("workspace", (self.head,), np.dtype(np.uint8)),
            "y": Buffer("out", (self.ep, self.rows, self.columns), self.element()),
        }

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "bytes": self.block}

    def numbers(self, rng, shape) -> np.ndarray:
        return rng.standard_normal(shape, np.float32).astype(BF16) if self.dtype == "bf16" else rng.integers(-127, 128, shape, dtype=np.int8)

    def random(self, rng):
        every = self.numbers(rng, (self.ep, self.rows, self.columns))
        return {"every": every, "x": every[RANK]}

    def messages(self, die, arrays, inputs):
        return self.pieces(arrays["y"].address + die * self.block, inputs["every"][die] if inputs else np.zeros(self.block, np.uint8))

    def reference(self, inputs):
        return {"y": inputs["every"], "sent": np.repeat(inputs["x"][None], self.ep - 1, axis=0)}

    def collect(self, device, arrays, inputs, names):
        sent = [peer.read(self.head + RANK * self.block, (self.rows, self.columns), self.element()) for peer in self.peers(device)]
        return {"y": arrays["y"].numpy(), "sent": np.array(sent, self.element()).reshape(-1, self.rows, self.columns)}

    def compare(self, outputs, inputs, reference):
        return float(sum(np.count_nonzero(outputs[name] != wanted) for name, wanted in reference.items())), 0.5

    def fabric_bytes(self):
        return float((self.ep - 1) * self.block)

    def bytes(self):
        return float((self.ep + 1) * self.block)


class ReduceScatter(Exchange):
    """y = sum over the dies of their block of this die's number: x bf16 [ep, rows, columns] -> y bf16 [rows, columns], summed in fp32 in the
    dies' order (gather_scatter.cpp). HBM: x and y once. Fabric: (ep - 1) x the block each way."""

    name, summary, source = "reduce_scatter", "sum over the dies, a block for each", "gather_scatter.cpp"
    parameters = {"rows": Parameter(256, "rows of a block"), "columns": Parameter(7168, "features"), **DIES}
    error_formula = "max |y - ref| / (|ref| + c max |ref|), c = dies x 2^-16; infinite where a block at a peer differs"
    broken_flags = ("-DBROKEN_LAST_CHUNK",)
    test_grid = (dict(rows=33, columns=256, ep=4), dict(rows=5, columns=7168, ep=3), dict(rows=1, columns=100, ep=8), dict(rows=3, columns=64, ep=1), dict(rows=3, columns=80, ep=32))

    def symbol(self):
        return "reduce_scatter"

    @property
    def block(self) -> int:
        return self.rows * self.columns * 2

    def buffers(self, device, groups):
        return {
            "x": Buffer("in", (self.ep, self.rows, self.columns), BF16), "window": Buffer("workspace", (self.head + self.ep * self.block,), np.dtype(np.uint8)),
            "y": Buffer("out", (self.rows, self.columns), BF16),
        }

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "elements": self.rows * self.columns}

    def random(self, rng):
        shape = (self.ep, self.rows, self.columns)
        x, every = (rng.standard_normal(shape, np.float32).astype(BF16) for _ in range(2))
        every[RANK] = x[RANK]
        return {"x": x, "every": every}

    def messages(self, die, arrays, inputs):
        return self.pieces(arrays["window"].address + self.head + die * self.block, inputs["every"][die] if inputs else np.zeros(self.block, np.uint8))

    def reference(self, inputs):
        return {"y": inputs["every"].astype(np.float64).sum(axis=0), "sent": np.delete(inputs["x"], RANK, axis=0)}

    def collect(self, device, arrays, inputs, names):
        sent = [peer.read(self.head + RANK * self.block, (self.rows, self.columns), BF16) for peer in self.peers(device)]
        return {"y": arrays["y"].numpy(), "sent": np.array(sent, BF16).reshape(-1, self.rows, self.columns)}

    def compare(self, outputs, inputs, reference):
        error, bound = super().compare({"y": outputs["y"]}, inputs, {"y": reference["y"]})
        return (error if np.array_equal(outputs["sent"], reference["sent"]) else math.inf), bound

    def accumulation(self):
        return self.ep * UNIT_ROUNDOFF[FP32]

    def fabric_bytes(self):
        return float((self.ep - 1) * self.block)

    def operations(self):
        return float(self.ep * self.rows * self.columns)

    def bytes(self):
        return float((self.ep + 1) * self.block)

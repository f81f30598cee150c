"""Matrix products: INT8 and BF16 linear layers, batched and grouped GEMM.

All four are one engine (kernels/r1/matmul.h): a sequence of output tiles, dealt to the cube cores round by round; the tiles that
do not fill a round are split along K among all cores, whose partial sums the vector cores add.
"""

import math

import numpy as np

from .kernel import BF16, UNIT_ROUNDOFF, Buffer, Parameter, R1Kernel
from .layout import FRACTAL_BYTES, FRACTAL_ROWS, pack_weight, unpack_weight

F32, S8, S32 = np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.int32)

# Global memory of a core group: a ring of finished tiles of accumulators, and partial sums (kernels/r1/matmul.h: kRing, kParts).
_TILE_BYTES, _RING, _PARTS = 128 * 1024, 2, 2


def packed_shape(n: int, k: int, dtype: np.dtype) -> tuple[int, int, int]:
    """Of pack_weight() of a weight [n, k]."""
    c0 = FRACTAL_BYTES // dtype.itemsize
    return -(-k // c0), -(-n // FRACTAL_ROWS) * FRACTAL_ROWS, c0


def product(a: np.ndarray, w: np.ndarray) -> np.ndarray:
    """a [m, k] x w [n, k]^T in fp64: int8 exactly (fp32 holds sums of 1024 products), others with fp32 sums of 1024 terms."""
    total = np.zeros((a.shape[0], w.shape[0]))
    for k0 in range(0, a.shape[1], 1024):
        total += a[:, k0:k0 + 1024].astype(np.float32) @ w[:, k0:k0 + 1024].astype(np.float32).T
    return total


def random_quantised(rng: np.random.Generator, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """int8 values of a roughly normal distribution and a scale for each row."""
    values = np.clip(np.rint(rng.standard_normal((rows, columns), np.float32) * 40), -127, 127).astype(np.int8)
    return values, rng.uniform(0.5, 2, rows).astype(np.float32) / 127


def random_packed(rng: np.random.Generator, n: int, k: int, dtype: np.dtype) -> np.ndarray:
    if dtype == S8:
        return pack_weight(random_quantised(rng, n, k)[0])
    return pack_weight((rng.standard_normal((n, k), np.float32) / math.sqrt(k)).astype(dtype))


class Product(R1Kernel):
    """What the products share: workspace, error measure and roofline; subclasses list their products as (a, w, where in y)."""

    core_kind = "mix"
    error_formula = "max |y - ref| / (|ref| + c |a| |w|), c = 0 for int8, 16 sqrt(k) 2^-24 / u for sums of floats; u: half a unit of y's type"
    broken_flags = ("-DMATMUL_DROP_K_TILE",)
    k: int

    def workspace(self, groups: int) -> Buffer:
        return Buffer("workspace", (groups * (_RING + _PARTS) * _TILE_BYTES,), S8)

    def magnitudes(self, inputs) -> np.ndarray:
        """|a| |w| of every output."""
        raise NotImplementedError

    def compare(self, outputs, inputs, reference):
        """Every element by itself: one rounding to the output's type and two fp32 summations of k terms (src/workload/gemm_reference.h) or, for
        int8, whose sums are exact, three fp32 roundings."""
        wanted, got = reference["y"], np.asarray(outputs["y"])
        unit, real, scale = UNIT_ROUNDOFF[got.dtype], got.astype(np.float64), np.abs(wanted)
        if self.operation_type == "int8":
            bound = unit + 3 * UNIT_ROUNDOFF[F32]
        else:
            bound, scale = unit, scale + 16 * math.sqrt(self.k) * UNIT_ROUNDOFF[F32] / unit * self.magnitudes(inputs)
        distance = np.abs(real - wanted)
        if not np.isfinite(real).all() or (distance[scale == 0] > 0).any():
            return math.inf, bound
        return float(np.max(distance / np.where(scale > 0, scale, 1), initial=0)), bound


class LinearInt8(Product):
    """y[m, n] = (a[m, k] x w[n, k]^T) * a_scale[m] * w_scale[n].

    a int8 [m, k], a_scale fp32 [m], w int8 packed by pack_weight, w_scale fp32 [n] -> y bf16 [m, n]. The cube sums in int32, exactly;
    the vector cores scale finished blocks while the cube goes on. Tiles: matmul.h. Operations 2 m n k; bytes n k + m k + 2 m n + scales.
    """

    name = "linear_int8"
    summary = "INT8 linear layer: int8 activations and weights, scales for tokens and channels, bf16 out"
    source = "linear.cpp"
    operation_type = "int8"
    parameters = {
        "m": Parameter(64, "tokens"),
        "n": Parameter(1536, "outputs"),
        "k": Parameter(7168, "inputs"),
    }
    test_grid = (
        dict(m=7, n=200, k=300),
        dict(m=1, n=16, k=32),
        dict(m=40, n=576, k=2100),
        dict(m=150, n=320, k=512),
        dict(m=260, n=264, k=3000),
        dict(m=300, n=272, k=257),
        dict(m=17, n=1536, k=2560),
    )

    def symbol(self):
        return "linear_int8"

    def buffers(self, device, groups):
        return {
            "a": Buffer("in", (self.m, self.k), S8),
            "a_scale": Buffer("in", (self.m,), F32),
            "w": Buffer("in", packed_shape(self.n, self.k, S8), S8),
            "w_scale": Buffer("in", (self.n,), F32),
            "y": Buffer("out", (self.m, self.n), BF16),
            "workspace": self.workspace(groups),
        }

    def scalars(self, device, groups):
        return {"m": self.m, "n": self.n, "k": self.k}

    def random(self, rng):
        a, a_scale = random_quantised(rng, self.m, self.k)
        return {"a": a, "a_scale": a_scale, "w": random_packed(rng, self.n, self.k, S8),
                "w_scale": rng.uniform(0.5, 2, self.n).astype(np.float32) / 127}

    def reference(self, inputs):
        sums = product(inputs["a"], unpack_weight(inputs["w"], self.n, self.k))
        return {"y": sums * inputs["a_scale"].astype(np.float64)[:, None] * inputs["w_scale"].astype(np.float64)}

    def operations(self):
        return 2.0 * self.m * self.n * self.k

    def bytes(self):
        return float(self.n * self.k + self.m * self.k + 2 * self.m * self.n + 4 * (self.m + self.n))


class LinearBf16(Product):
    """y[m, n] = a[m, k] x w[n, k]^T, fp32 sums.

    a bf16 [m, k], w bf16 packed by pack_weight -> y [m, n] in bf16 (rounded on the way out of L0C) or fp32 (the router).
    Tiles: matmul.h. Operations 2 m n k; bytes 2 n k + 2 m k + (2 or 4) m n.
    """

    name = "linear_bf16"
    summary = "BF16 linear layer, bf16 or fp32 out: router, LM head"
    source = "linear.cpp"
    parameters = {
        "m": Parameter(64, "tokens"),
        "n": Parameter(256, "outputs"),
        "k": Parameter(7168, "inputs"),
        "out": Parameter("bf16", "type of y", ("bf16", "fp32")),
    }
    test_grid = (
        dict(m=1, n=256, k=512, out="fp32"),
        dict(m=9, n=200, k=300),
        dict(m=40, n=576, k=1100, out="fp32"),
        dict(m=150, n=320, k=1024),
        dict(m=300, n=272, k=130),
    )

    def symbol(self):
        return "linear_bf16" if self.out == "bf16" else "linear_bf16_f32"

    def buffers(self, device, groups):
        return {
            "a": Buffer("in", (self.m, self.k), BF16),
            "w": Buffer("in", packed_shape(self.n, self.k, BF16), BF16),
            "y": Buffer("out", (self.m, self.n), BF16 if self.out == "bf16" else F32),
            "workspace": self.workspace(groups),
        }

    def scalars(self, device, groups):
        return {"m": self.m, "n": self.n, "k": self.k}

    def random(self, rng):
        return {"a": rng.standard_normal((self.m, self.k), np.float32).astype(BF16), "w": random_packed(rng, self.n, self.k, BF16)}

    def reference(self, inputs):
        return {"y": product(inputs["a"], unpack_weight(inputs["w"], self.n, self.k))}

    def magnitudes(self, inputs):
        return product(np.abs(inputs["a"]), np.abs(unpack_weight(inputs["w"], self.n, self.k)))

    def operations(self):
        return 2.0 * self.m * self.n * self.k

    def bytes(self):
        return float(2 * self.n * self.k + 2 * self.m * self.k + self.m * self.n * (2 if self.out == "bf16" else 4))


class BatchedGemm(Product):
    """y[t, h, :n] = a[t, h, :k] x w[h]^T for each head h; what lies beyond the first n of y's a_width columns stays.

    a bf16 [tokens, heads, a_width], w bf16 [heads, packed (n, k)] -> y bf16 [tokens, heads, y_width]. Absorbed W_UK: k = 128, n = 512,
    a_width 192 (the query before its rotated part), y_width 576. W_UV: k = 512, n = 128, a_width 512, y_width 128.
    Operations 2 tokens heads n k; bytes 2 heads (n k + tokens (n + k)).
    """

    name = "batched_gemm"
    summary = "one BF16 product for each head: absorbed W_UK and W_UV"
    source = "batched_gemm.cpp"
    parameters = {
        "tokens": Parameter(96, "tokens"),
        "heads": Parameter(128, "heads"),
        "n": Parameter(512, "outputs of a head"),
        "k": Parameter(128, "inputs of a head"),
        "a_width": Parameter(192, "columns of a head in a, at least k"),
        "y_width": Parameter(576, "columns of a head in y, at least n"),
    }
    test_grid = (
        dict(tokens=33, heads=5, n=512, k=128),
        dict(tokens=1, heads=2, n=64, k=32, a_width=48, y_width=72),
        dict(tokens=20, heads=128, n=128, k=512, a_width=512, y_width=128),
        dict(tokens=140, heads=3, n=120, k=100, a_width=100, y_width=130),
    )

    def validate(self):
        if self.a_width < self.k:
            self.reject("a_width", f"at least k = {self.k}")
        if self.y_width < self.n:
            self.reject("y_width", f"at least n = {self.n}")
        if self.heads * self.a_width > 0xffff and self.a_width % 2:
            self.reject("a_width", "an even number where a token has more than 65535 elements")

    def symbol(self):
        return "batched_gemm"

    def buffers(self, device, groups):
        return {
            "a": Buffer("in", (self.tokens, self.heads, self.a_width), BF16),
            "w": Buffer("in", (self.heads, *packed_shape(self.n, self.k, BF16)), BF16),
            "y": Buffer("inout", (self.tokens, self.heads, self.y_width), BF16),
            "workspace": self.workspace(groups),
        }

    def scalars(self, device, groups):
        return {"tokens": self.tokens, "heads": self.heads, "n": self.n, "k": self.k, "a_width": self.a_width, "y_width": self.y_width}

    def random(self, rng):
        return {"a": rng.standard_normal((self.tokens, self.heads, self.a_width), np.float32).astype(BF16),
                "w": np.stack([random_packed(rng, self.n, self.k, BF16) for _ in range(self.heads)]),
                "y": rng.standard_normal((self.tokens, self.heads, self.y_width), np.float32).astype(BF16)}

    def _products(self, inputs, change):
        return np.stack([product(change(inputs["a"][:, h, :self.k]), change(unpack_weight(inputs["w"][h], self.n, self.k)))
                         for h in range(self.heads)], axis=1)

    def reference(self, inputs):
        return {"y": self._products(inputs, lambda x: x)}

    def magnitudes(self, inputs):
        return self._products(inputs, np.abs)

    def compare(self, outputs, inputs, reference):
        error, bound = super().compare({"y": outputs["y"][:, :, :self.n]}, inputs, reference)
        untouched = np.array_equal(outputs["y"][:, :, self.n:], inputs["y"][:, :, self.n:])
        return (error if untouched else math.inf), bound

    def operations(self):
        return 2.0 * self.tokens * self.heads * self.n * self.k

    def bytes(self):
        return 2.0 * self.heads * (self.n * self.k + self.tokens * (self.n + self.k))


class GroupedGemm(Product):
    """The rows of group g times its own weight: y[r] = a[r] x w[g]^T (* a_scale[r] * w_scale[g]); rows of a group lie together, in group order.

    a int8 or bf16 [sum of rows, k], a_scale fp32 [sum of rows], w [groups, packed (n, k)], w_scale fp32 [groups, n], rows int32 [groups] (read on
    the device: any histogram, empty groups too) -> y bf16 [sum of rows, n]; bf16 has no scales. tile: rows x columns of an
    output tile, or auto. Operations 2 sum(rows) n k; bytes: weights of the groups that have rows, a, y, scales.
    """

    name = "grouped_gemm"
    summary = "one product for each expert, row counts in device memory"
    source = "grouped_gemm.cpp"
    operation_type = "int8"
    parameters = {
        "groups": Parameter(4, "groups (experts)"),
        "m": Parameter(2048, "mean rows of a group", minimum=0),
        "n": Parameter(7168, "outputs"),
        "k": Parameter(4096, "inputs"),
        "dtype": Parameter("int8", "type of a and w", ("int8", "bf16")),
        "tile": Parameter("auto", "ROWSxCOLUMNS of an output tile, or auto"),
        "skew": Parameter("none", "row counts: all equal, random, or with a heavy head", ("none", "uniform", "zipf")),
        "rows": Parameter("", "row counts, comma-separated, instead of m and skew"),
    }
    broken_flags = ("-DMATMUL_DROP_K_TILE", "-DMATMUL_DROP_GROUP")
    test_grid = (
        dict(rows="5,0,33,1", n=160, k=320),
        dict(rows="140,17,0", n=272, k=256, tile="128x152"),
        dict(rows="140,0,150", n=160, k=2080),
        dict(groups=6, m=24, n=128, k=200, skew="zipf"),
        dict(rows="0,0", n=64, k=64),
        dict(rows="5,0,33,1", n=160, k=320, dtype="bf16"),
    )

    def validate(self):
        if self.rows:
            try:
                self.counts = np.array([int(part) for part in self.rows.split(",")], np.int32)
            except (ValueError, OverflowError):
                self.reject("rows", "whole numbers of 32 bits, comma-separated")
            if (self.counts < 0).any():
                self.reject("rows", "numbers from 0 on")
            self.groups = self.values["groups"] = len(self.counts)
        else:
            self.counts = self.histogram()
        self.operation_type = self.dtype
        self.tile_shape = (0, 0)
        if self.tile != "auto":
            try:
                self.tile_shape = tuple(int(part) for part in self.tile.split("x", 1))
                good = len(self.tile_shape) == 2 and all(16 <= size <= 256 for size in self.tile_shape) and self.tile_shape[0] % 16 == 0
            except ValueError:
                good = False
            if not good or min(self.tile_shape) > 128 or self.tile_shape[1] % 8:
                self.reject("tile", "auto, or ROWSxCOLUMNS such as 128x256: 16 to 256 each, one of them at most 128, rows in sixteens, columns in eights")

    def histogram(self) -> np.ndarray:
        """Row counts with the mean m, from a fixed seed: rows choose their group with equal chances, or with chances 1 / rank."""
        total = self.groups * self.m
        if self.skew == "none":
            return np.full(self.groups, self.m, np.int32)
        rng = np.random.default_rng(1)
        weight = np.ones(self.groups) if self.skew == "uniform" else rng.permutation(1 / np.arange(1.0, self.groups + 1))
        return rng.multinomial(total, weight / weight.sum()).astype(np.int32)

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    def element(self) -> np.dtype:
        return S8 if self.dtype == "int8" else BF16

    def symbol(self):
        return f"grouped_gemm_{self.dtype}"

    def buffers(self, device, groups):
        scales = self.dtype == "int8"
        return {
            "a": Buffer("in", (self.total, self.k), self.element()),
            **({"a_scale": Buffer("in", (self.total,), F32)} if scales else {}),
            "w": Buffer("in", (self.groups, *packed_shape(self.n, self.k, self.element())), self.element()),
            **({"w_scale": Buffer("in", (self.groups, self.n), F32)} if scales else {}),
            "rows": Buffer("in", (self.groups,), S32),
            "y": Buffer("out", (self.total, self.n), BF16),
            "workspace": self.workspace(groups),
        }

    def scalars(self, device, groups):
        return {"groups": self.groups, "n": self.n, "k": self.k, "tile_m": self.tile_shape[0], "tile_n": self.tile_shape[1]}

    def control(self, rng):
        return {"rows": self.counts}

    def random(self, rng):
        inputs = {"rows": self.counts, "w": np.stack([random_packed(rng, self.n, self.k, self.element()) for _ in range(self.groups)])}
        if self.dtype == "int8":
            inputs["a"], inputs["a_scale"] = random_quantised(rng, self.total, self.k)
            inputs["w_scale"] = rng.uniform(0.5, 2, (self.groups, self.n)).astype(np.float32) / 127
        else:
            inputs["a"] = rng.standard_normal((self.total, self.k), np.float32).astype(BF16)
        return inputs

    def _products(self, inputs, change):
        y, first = np.zeros((self.total, self.n)), 0
        for group, rows in enumerate(self.counts):
            part = slice(first, first + rows)
            first += rows
            y[part] = product(change(inputs["a"][part]), change(unpack_weight(inputs["w"][group], self.n, self.k)))
            if self.dtype == "int8":
                y[part] *= inputs["a_scale"][part].astype(np.float64)[:, None] * inputs["w_scale"][group].astype(np.float64)
        return y

    def reference(self, inputs):
        return {"y": self._products(inputs, lambda x: x)}

    def magnitudes(self, inputs):
        return self._products(inputs, np.abs)

    def operations(self):
        return 2.0 * self.total * self.n * self.k

    def bytes(self):
        size, used = self.element().itemsize, int((self.counts > 0).sum())
        scales = 4 * (self.total + used * self.n) if self.dtype == "int8" else 0
        return float(size * (used * self.n * self.k + self.total * self.k) + 2 * self.total * self.n + scales)

"""Curves of the H100 baseline: how long a kernel of a family takes as a function of its shape.

    point: shape, measured --> Curve.columns(shape) --> least squares --> coefficients --> value = columns . coefficients

A curve is a sum of terms, each a cost that has a cause (tensor time at peak, bytes at peak bandwidth, start of a tile) times one
coefficient that says how far from its ideal the silicon is. The coefficients are those of least relative squares over the
published points that are not held out; there is no coefficient for a row or a kernel. Maxima inside the columns depend on the
coefficients, so a fit repeats until the bound of no point changes.
Approximations: SMs finish together but for whole waves of tiles; a GEMM's stores follow its products instead of hiding under
them (published rows with many stores and few products say so); the split of K over SMs is not modelled.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass, field
from typing import ClassVar, Mapping, Sequence

import numpy as np

_ROUNDS = 20            # of a fit whose bounds change; five are enough for the carried points
_MICRO = 1e6
# Tiles a Hopper GEMM chooses from: wgmma takes 64 rows at a time and multiples of 8 columns up to 256.
_TILE_ROWS, _TILE_COLUMNS = (64, 128), tuple(range(16, 257, 16))
_TILE_ELEMENTS = 128 * 256   # accumulators that the registers of two consumer warp groups hold
_ATTENTION_ROWS = 128   # rows of a query tile, and the granularity of the causal diagonal
_TILE_WIDTH = 256       # columns of K and V that the start of a query tile is counted for
POINT_TYPES = {"bf16": "bf16", "fp16": "bf16", "fp8": "fp8", "int8": "fp8"}   # same peak and same bytes
_INPUT_BYTES = {"bf16": 2, "fp8": 1}
_OUTPUT_BYTES = 2       # 8-bit GEMMs write 16-bit results, as DeepGEMM's do
_SCALE_GROUP, _SCALE_BYTES = 128, 4   # FP8 activations carry a scale for each 128 elements


@dataclass(frozen=True)
class Machine:
    """The device's numbers, from its profile and the `device` rows of the points. Rates are a second, times in us."""

    peaks: Mapping[str, float]
    memory_bandwidth: float
    memory_bytes: float
    l2_bytes: float
    launch_us: float
    sms: int
    nvlink_bandwidth: float
    nvlink_domain: int


@dataclass(frozen=True)
class Point:
    """One published or measured row; `shape` holds the numbers of its shape column."""

    family: str
    kernel: str
    device: str
    shape: Mapping[str, float]
    dtype: str
    value: float
    unit: str
    held_out: bool
    stands_for: str
    source: str
    driver: str = ""
    date: str = ""


@dataclass
class Curve:
    """Subclasses name their terms (name -> meaning of the coefficient) and give columns() and target()."""

    machine: Machine
    coefficients: np.ndarray = field(default_factory=lambda: np.zeros(0))
    terms: ClassVar[dict[str, str]] = {}
    ideals: ClassVar[tuple[str, ...]] = ()   # terms whose column is the least time there can be

    def columns(self, shape: Mapping[str, float], dtype: str) -> np.ndarray:
        """What each coefficient multiplies, for one shape; may look at the coefficients for a maximum."""
        raise NotImplementedError

    def target(self, point: Point) -> float:
        """The quantity of the columns that the point measured."""
        raise NotImplementedError

    def value(self, shape: Mapping[str, float], dtype: str = "") -> float:
        return float(self.columns(shape, dtype) @ self.coefficients)

    def fit(self, points: Sequence[Point]) -> "Curve":
        """Errors: ValueError where there are no points to fit on."""
        points = [point for point in points if not point.held_out]
        if not points:
            raise ValueError(f"{type(self).__name__} has no points to fit on")
        self.coefficients = np.ones(len(self.terms))
        targets = np.array([self.target(point) for point in points])
        for _ in range(_ROUNDS):
            columns = np.array([self.columns(point.shape, point.dtype) for point in points])
            # A ratio to an ideal is at least 1: only what exceeds it is solved for.
            least = np.array([1.0 if term in self.ideals else 0.0 for term in self.terms])
            found = least + _non_negative(columns / targets[:, None], 1 - columns @ least / targets)
            # A term that bounds no point says nothing of its coefficient: it stays at its ideal.
            found = np.where(columns.any(axis=0), found, 1.0)
            if np.allclose(found, self.coefficients, rtol=1e-9):
                break
            self.coefficients = found
        return self

    def error(self, point: Point) -> float:
        """Relative error of the curve at a point, in time: predicted / measured - 1."""
        return self.value(point.shape, point.dtype) / self.target(point) - 1


def _non_negative(matrix: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Least squares with coefficients of 0 or more: of the few subsets of terms, the best whose solution is none below 0."""
    best, least = np.zeros(matrix.shape[1]), math.inf
    used = [column for column in range(matrix.shape[1]) if matrix[:, column].any()]
    for count in range(len(used), 0, -1):
        for chosen in itertools.combinations(used, count):
            part = matrix[:, chosen]
            solution = np.linalg.lstsq(part, wanted, rcond=None)[0]
            misfit = float(np.sum((part @ solution - wanted) ** 2))
            if (solution >= 0).all() and misfit < least:
                least, best = misfit, np.zeros(matrix.shape[1])
                best[list(chosen)] = solution
    return best


@functools.lru_cache(maxsize=4096)
def best_tile(rows: tuple[float, ...], n: float, sms: int, flops_of_sm: float, bytes_of_sm: float, element: int) -> tuple[float, float]:
    """Seconds for one step of K on the busiest SM, of the best tile over all groups of rows: its products, its loads from L2.

    Two tiles below each other share the columns' operand (a cluster of two with multicast); a single row of tiles has none to share."""
    best, choice = math.inf, (0.0, 0.0)
    for tile_m, tile_n in itertools.product(_TILE_ROWS, _TILE_COLUMNS):
        row_tiles = [math.ceil(m / tile_m) for m in rows if m]
        if tile_m * tile_n > _TILE_ELEMENTS or not row_tiles:
            continue
        waves = math.ceil(sum(row_tiles) * math.ceil(n / tile_n) / sms)
        sharers = 2 if max(row_tiles) > 1 else 1
        products = waves * 2 * tile_m * tile_n / flops_of_sm
        loads = waves * (tile_m + tile_n / sharers) * element / bytes_of_sm
        # Of two tiles with the same bound the one that asks less of the other resource.
        worst = max(products, loads) + 1e-3 * min(products, loads)
        if worst < best:
            best, choice = worst, (products, loads)
    return choice


class GemmCurve(Curve):
    """Terms in us: start + max(products, L2 loads, memory reads) + writes. Shapes: m or rows (of the groups), n, k, groups."""

    terms = {
        "start": "us before the first tile and after the last",
        "bf16": "time of the products over that at the tensor peak",
        "fp8": "time of the products over that at the tensor peak",
        "l2": "time of the tiles' loads over that at the L2 rate of the resident curve",
        "memory": "time of the bytes over that at the memory's peak",
    }
    ideals = ("bf16", "fp8", "l2", "memory")

    def __init__(self, machine: Machine, l2_bandwidth: float):
        super().__init__(machine)
        self.l2_bandwidth = l2_bandwidth

    @staticmethod
    def rows(shape: Mapping) -> tuple[float, ...]:
        if "rows" in shape:
            return tuple(shape["rows"])
        return (shape["m"],) * int(shape.get("groups", 1))

    def parts(self, shape: Mapping, dtype: str) -> dict[str, float]:
        """Each cost in us at its ideal; products and loads in whole waves of tiles."""
        kind, rows, n, k, sms = POINT_TYPES[dtype], self.rows(shape), shape["n"], shape["k"], self.machine.sms
        products, loads = best_tile(rows, n, sms, self.machine.peaks[kind] / sms, self.l2_bandwidth / sms, _INPUT_BYTES[kind])
        weights = n * k * sum(1 for m in rows if m)   # an empty group reads nothing
        reads = (sum(rows) * k + weights) * _INPUT_BYTES[kind] / self.machine.memory_bandwidth
        writes = sum(rows) * n * _OUTPUT_BYTES / self.machine.memory_bandwidth
        return {kind: products * k * _MICRO, "l2": loads * k * _MICRO, "memory": reads * _MICRO, "writes": writes * _MICRO}

    def bound(self, shape: Mapping, dtype: str) -> str:
        """The largest of the costs that overlap: bf16 or fp8 (the tensor cores), l2, memory."""
        parts, scale = self.parts(shape, dtype), dict(zip(self.terms, self.coefficients))
        return max((name for name in parts if name != "writes"), key=lambda name: parts[name] * scale[name])

    def columns(self, shape: Mapping, dtype: str) -> np.ndarray:
        parts, bound = self.parts(shape, dtype), self.bound(shape, dtype)
        row = {name: 0.0 for name in self.terms} | {"start": 1.0, bound: parts[bound]}
        row["memory"] += parts["writes"]
        return np.array(list(row.values()))

    def target(self, point: Point) -> float:
        shape = point.shape
        return 2 * sum(self.rows(shape)) * shape["n"] * shape["k"] / (point.value * 1e12) * _MICRO


class AttentionCurve(Curve):
    """Terms in us: products + exponentials + starts of query tiles.
    Shapes: lengths (or batch and length), heads, qk_dim, v_dim, causal."""

    terms = {
        "products": "time of the products over that at the tensor peak",
        "scores": "us for a million scores on one SM beside their products (exponentials and sums)",
        "tile": "us for the start and end of a tile of 128 queries on one SM, for 256 columns of K and V together",
        "causal": "further share of the products' time under a causal mask (tiles of unequal length)",
    }
    ideals = ("products",)

    @staticmethod
    def lengths(shape: Mapping) -> tuple[float, ...]:
        return tuple(shape["lengths"]) if "lengths" in shape else (shape["length"],) * int(shape["batch"])

    @staticmethod
    def operations(shape: Mapping) -> float:
        """Useful ones; a causal mask halves them, as the published figures count."""
        pairs = sum(length * length for length in AttentionCurve.lengths(shape)) * shape["heads"]
        return 2 * pairs * (shape["qk_dim"] + shape["v_dim"]) / (2 if shape.get("causal", 1) else 1)

    def columns(self, shape: Mapping, dtype: str) -> np.ndarray:
        tiles = scores = 0.0
        for length in self.lengths(shape):
            blocks = math.ceil(length / _ATTENTION_ROWS)
            tiles += blocks * shape["heads"]
            # Tiles on the diagonal are computed whole and masked.
            steps = blocks * (blocks + 1) / 2 if shape.get("causal", 1) else blocks * blocks
            scores += steps * _ATTENTION_ROWS**2 * shape["heads"]
        sms = self.machine.sms
        # Causal tiles differ and fill each other's gaps; equal ones come in whole waves.
        waves = tiles / sms if shape.get("causal", 1) else math.ceil(tiles / sms)
        scores_of_sm = scores / tiles * max(waves, 1.0)
        width = shape["qk_dim"] + shape["v_dim"]
        products = 2 * scores_of_sm * width / (self.machine.peaks["bf16"] / sms) * _MICRO
        return np.array([products, scores_of_sm / 1e6, max(waves, 1.0) * width / _TILE_WIDTH, products if shape.get("causal", 1) else 0.0])

    def target(self, point: Point) -> float:
        return self.operations(point.shape) / (point.value * 1e12) * _MICRO


class StreamCurve(Curve):
    """The share of the memory's peak that a stream does not reach, by its share of reads: turning the bus between reads and writes costs."""

    terms = {"lost": "share of peak lost by any stream", "turns": "further share lost by half reads and half writes"}

    def __init__(self, machine: Machine, peak_of_device: Mapping[str, float]):
        super().__init__(machine)
        self.peak_of_device = peak_of_device

    def columns(self, shape: Mapping, dtype: str = "") -> np.ndarray:
        reads = shape["read_share"]
        return np.array([1.0, 4 * reads * (1 - reads)])

    def share(self, read_share: float) -> float:
        return 1 - self.value({"read_share": read_share})

    def target(self, point: Point) -> float:
        return 1 - point.value * 1e9 / self.peak_of_device[point.device]

    def error(self, point: Point) -> float:
        return (1 - self.target(point)) / self.share(point.shape["read_share"]) - 1   # of the time


class ResidentCurve(Curve):
    """us to read a data set again and again: from L2 while it fits, from memory when it does not, a line between. Shape: kilobytes."""

    terms = {"l2": "us for a GB from L2", "memory": "us for a GB from the measured device's memory"}
    fits_below = gone_above = 0.0   # bytes

    def hit_share(self, nbytes: float) -> float:
        return min(max((self.gone_above - nbytes) / (self.gone_above - self.fits_below), 0.0), 1.0)

    def columns(self, shape: Mapping, dtype: str = "") -> np.ndarray:
        nbytes = shape["kilobytes"] * 1024
        hits = self.hit_share(nbytes)
        return np.array([hits, 1 - hits]) * nbytes * 1e-9

    def target(self, point: Point) -> float:
        return point.shape["kilobytes"] * 1024 / (point.value * 1e9) * _MICRO

    def fit(self, points: Sequence[Point]) -> "ResidentCurve":
        """The two knees are searched at 5 % of L2's size, the two rates solved for each."""
        least, best = math.inf, None
        steps = self.machine.l2_bytes * np.arange(0.6, 1.8, 0.05)
        for low, high in itertools.combinations(steps, 2):
            self.fits_below, self.gone_above = low, high
            super().fit(points)
            misfit = sum(self.error(point) ** 2 for point in points if not point.held_out)
            if misfit < least:
                least, best = misfit, (low, high, self.coefficients)
        self.fits_below, self.gone_above, self.coefficients = best
        return self

    @property
    def l2_bandwidth(self) -> float:
        return 1e9 / self.coefficients[0] * _MICRO


class ExchangeCurve(Curve):
    """us of dispatch and combine: what a rank sends over what its NIC carries. Shape: tokens, columns, k."""

    terms = {"rate": "us for a GB that a rank sends"}

    @staticmethod
    def payload(shape: Mapping, dtype: str) -> float:
        """Every copy counts, the few that stay on the rank too, as the published bandwidths do."""
        row = shape["columns"] * (1 + _SCALE_BYTES / _SCALE_GROUP if POINT_TYPES[dtype] == "fp8" else 2)
        return shape["tokens"] * shape["k"] * row

    def columns(self, shape: Mapping, dtype: str) -> np.ndarray:
        return np.array([self.payload(shape, dtype) * 1e-9])

    def target(self, point: Point) -> float:
        return point.value


class DecodeCurve(Curve):
    """us to read the latent cache over that at the memory's peak; its products are the attention curve's. Points: memory-bound decodes."""

    terms = {"memory": "time of the cache's bytes over that at the memory's peak"}
    ideals = ("memory",)

    def columns(self, shape: Mapping, dtype: str = "") -> np.ndarray:
        return np.array([1.0])

    def target(self, point: Point) -> float:
        return self.machine.memory_bandwidth / (point.value * 1e9)

"""What an H100 would take: from measurements on one where chips/h100_sxm_measured.csv has them, else from curves over published
points (chips/h100_sxm_points.csv). Every prediction says which.

    point -> share of its own roofline that the silicon reached       share(shape) = mean of the points' shares, weighted by
    prediction = roofline / share + launch                            1 / distance^4 in doublings of each dimension

A family has points of its own: GEMM (DeepGEMM, MAMF), attention (FlashAttention-3, by sequence length, head size, causal or not), MLA
decode (FlashMLA, memory-bound; where compute binds, attention's share at the same sequence length), reads by size, exchanges
(DeepEP). Rows with held_out = 1 never enter a curve; held_out_errors() predicts them, docs/h100.md lists them.
Approximations: the exchanges' points are for EP 8, their rate is taken for any EP; the reads' curve is an H100 PCIe's, as shares of
its memory bandwidth, L2's part scaled by nothing.
"""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass
from pathlib import Path

from ... import _core

NAME = "h100_sxm"
PCIE_BANDWIDTH = 2.039e12          # of the card that the reads were measured on: stas00/ml-engineering lists 2.0 TB/s, RRZE's file 2039 GB/s
TYPE_DISTANCE = 3.0                # of a point of another type or masking, in doublings
FAR = 3.0                          # doublings beyond which no point is near
_SIZES = {"bf16": 2, "fp8": 1, "int8": 1}


@dataclass(frozen=True)
class Prediction:
    time_us: float
    kind: str                      # measured or curve
    basis: str
    roofline_us: float

    @property
    def share(self) -> float:
        """Of its roofline."""
        return self.roofline_us / self.time_us if self.time_us else 0.0


@dataclass(frozen=True)
class Point:
    family: str
    dtype: str
    shape: tuple[float, ...]
    causal: int
    share: float                   # of the roofline; GB/s for rates
    held_out: bool
    source: str
    value: float
    unit: str
    measured: bool = False         # here, not published


def folder() -> Path:
    return Path(_core.data_directory()) / "chips"


class Profile:
    """chips/h100_sxm.yaml: peaks, memory, launch."""

    def __init__(self):
        import yaml

        with open(folder() / f"{NAME}.yaml", encoding="utf-8") as file:
            data = yaml.safe_load(file)
        scale = {"TFLOPS": 1e12, "TOPS": 1e12, "TB/s": 1e12, "GB": 1e9, "MiB": 2**20, "us": 1.0, "ratio": 1.0}
        value = lambda entry: entry["value"] * scale[entry["unit"]]  # noqa: E731
        self.peaks = {name: value(entry) for name, entry in data["peaks"].items()}
        self.bandwidth, self.bytes, self.l2_bytes = (value(data["memory"][name]) for name in ("bandwidth", "bytes", "l2_bytes"))
        self.launch_us = value(data["launch"]["overhead"])

    def roofline_us(self, operations: float, bytes: float, dtype: str) -> float:
        return max(operations / self.peaks[dtype], bytes / self.bandwidth) * 1e6


@functools.lru_cache
def profile() -> Profile:
    return Profile()


def gemm_work(m: float, n: float, k: float, dtype: str) -> tuple[float, float]:
    """Operations and compulsory bytes; results are 16-bit."""
    return 2.0 * m * n * k, (m * k + k * n) * _SIZES[dtype] + 2 * m * n


def attention_work(sequence: float, qk: float, v: float, causal: int, heads: float = 1, batch: float = 1) -> tuple[float, float]:
    pairs = sequence * sequence * (0.5 if causal else 1.0)
    return 2.0 * batch * heads * pairs * (qk + v), 2.0 * batch * heads * sequence * 2 * (qk + v)


def _share(row: dict, shape: tuple[float, ...]) -> float:
    """A row's value as a share of its roofline, or as it is for rates."""
    value, h = float(row["value"]), profile()
    if row["family"] == "gemm":
        operations, size = gemm_work(*shape, row["dtype"])
    elif row["family"] == "attention":
        operations, size = attention_work(shape[0], shape[1], shape[2], int(row["causal"]))
    else:
        return value
    took_us = value if row["unit"] == "us" else operations / (value * 1e12) * 1e6
    return h.roofline_us(operations, size, row["dtype"]) / took_us


def _read(path: Path, measured: bool) -> list[Point]:
    points = []
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            shape = tuple(float(row[name]) for name in "abc" if row[name])
            source = row.get("source") or f"{row['device']}, driver {row['driver']}, {row['date']}"
            points.append(Point(row["family"], row["dtype"], shape, int(row["causal"] or 0), _share(row, shape), row.get("held_out") == "1", source,
                                float(row["value"]), row["unit"], measured))
    return points


@functools.lru_cache
def points() -> tuple[Point, ...]:
    found = _read(folder() / f"{NAME}_points.csv", False)
    measured = folder() / f"{NAME}_measured.csv"
    return tuple(found + (_read(measured, True) if measured.exists() else []))


def blend(family: str, shape: tuple[float, ...], dtype: str = "", causal: int = 0, without_held_out: bool = True) -> tuple[float, Point, bool]:
    """The share at a shape, the nearest point, and whether any is near."""
    weights = total = 0.0
    best, nearest = math.inf, None
    for point in points():
        if point.family != family or len(point.shape) != len(shape) or point.held_out and without_held_out:
            continue
        shape2 = sum(math.log2(a / b) ** 2 for a, b in zip(shape, point.shape))
        distance2 = shape2 + (0 if not dtype or point.dtype == dtype else TYPE_DISTANCE**2) + (0 if point.causal == causal else TYPE_DISTANCE**2)
        weight = 1 / max(distance2, 1e-9) ** 2
        weights, total = weights + weight, total + weight * point.share
        if distance2 < best:
            best, nearest = distance2, point
    if nearest is None:
        _core.fail("the H100 profile has no points", family, "a family of chips/h100_sxm_points.csv", family)
    return total / weights, nearest, best > FAR**2


def _exact(family: str, shape: tuple[float, ...], dtype: str, causal: int = 0) -> Point | None:
    return next((point for point in points() if point.measured and (point.family, point.shape, point.dtype, point.causal) == (family, shape, dtype, causal)), None)


def _predict(family: str, shape, dtype: str, roofline_us: float, causal: int = 0, what: str = "") -> Prediction:
    shape = tuple(float(size) for size in shape)
    exact = _exact(family, shape, dtype, causal)
    if exact is not None:
        return Prediction(roofline_us / exact.share + profile().launch_us, "measured", f"measured: {exact.source}", roofline_us)
    share, nearest, far = blend(family, shape, dtype, causal)
    basis = f"{share:.0%} of the roofline{what}, from the curve; nearest {'x'.join(f'{size:g}' for size in nearest.shape)} {nearest.dtype} ({nearest.source})"
    return Prediction(roofline_us / share + profile().launch_us, "curve", basis + ("; far from every point" if far else ""), roofline_us)


def gemm(m: float, n: float, k: float, dtype: str, groups: int = 1) -> Prediction:
    """`groups` products of the same shape in one launch. int8 counts as fp8: same peak, same bytes."""
    dtype = "fp8" if dtype == "int8" else dtype
    operations, size = gemm_work(m, n, k, dtype)
    return _predict("gemm", (max(m, 1), n, k), dtype, profile().roofline_us(groups * operations, groups * size, dtype))


def streaming(bytes: float) -> Prediction:
    """A kernel that only moves bytes: half a unit of reading and writing at the reads' curve, in shares of the memory bandwidth."""
    kilobytes = max(bytes / 1e3, 1.0)
    exact = _exact("copy", (kilobytes,), "bf16")
    if exact is not None:
        return Prediction(bytes / exact.value / 1e3 + profile().launch_us, "measured", f"measured: {exact.source}", bytes / profile().bandwidth * 1e6)
    rate, nearest, _ = blend("read", (kilobytes,))
    share = rate * 1e9 / PCIE_BANDWIDTH
    # Smaller than L2, a kernel's inputs come from the one before it; its rate is L2's.
    return Prediction(bytes / (share * profile().bandwidth) * 1e6 + profile().launch_us, "curve",
                      f"{share:.2f} of the memory bandwidth at {kilobytes / 1e3:.1f} MB ({nearest.source})", bytes / profile().bandwidth * 1e6)


def mla_decode(batch: float, heads: float, kv: float, queries: float) -> Prediction:
    operations = 2.0 * batch * queries * heads * kv * (576 + 512)
    size = 2.0 * (batch * kv * 576 + batch * queries * heads * (576 + 512))
    h = profile()
    exact = _exact("mla_decode", (float(batch), float(heads), float(kv)), "bf16", int(queries))
    if exact is not None:
        return Prediction(exact.value + h.launch_us, "measured", f"measured: {exact.source}", h.roofline_us(operations, size, "bf16"))
    memory = next(point for point in points() if point.family == "mla_decode" and not point.measured)
    share, nearest, _ = blend("attention", (float(kv), 256.0, 256.0), "bf16", 0)
    compute_us, memory_us = operations / (h.peaks["bf16"] * share) * 1e6, size / (memory.value * 1e9) * 1e6
    basis = (f"compute-bound: {share:.0%} of the peak, FlashAttention-3 at head 256 ({nearest.source})" if compute_us > memory_us
             else f"memory-bound: {memory.value:g} GB/s ({memory.source})")
    return Prediction(max(compute_us, memory_us) + h.launch_us, "curve", basis, h.roofline_us(operations, size, "bf16"))


def mla_prefill(batch: float, tokens: float, heads: float) -> Prediction:
    operations, size = attention_work(tokens, 192, 128, 1, heads, batch)
    return _predict("attention", (tokens, 192, 128), "bf16", profile().roofline_us(operations, size, "bf16"), 1)


def exchange(family: str, tokens: float, k: float, columns: float) -> Prediction:
    """DeepEP's dispatch (fp8) or combine (bf16): the rate of the published EP 8 row, whatever the EP."""
    point = next(point for point in points() if point.family == "dispatch")
    size = lambda rows, slots, width: rows * slots * width * (1 if family == "dispatch" else 2)  # noqa: E731
    rate = point.shape[0] * point.shape[1] * point.shape[2] / point.value  # bytes a us, of the dispatch row
    took = size(tokens, k, columns) / rate
    return Prediction(took, "curve", f"{rate / 1e3:.0f} GB/s a GPU, DeepEP low-latency at EP 8 ({point.source})", took)


# --- kernels of ours

def of_kernel(kernel: str, parameters: dict, bytes: float) -> Prediction:
    """What stands for one of our kernels on an H100; bytes: its compulsory traffic, for those that only move it."""
    p = parameters
    if kernel == "linear_int8":
        return gemm(p["m"], p["n"], p["k"], "fp8")
    if kernel == "linear_bf16":
        return gemm(p["m"], p["n"], p["k"], "bf16")
    if kernel == "batched_gemm":
        return gemm(p["tokens"], p["n"], p["k"], "bf16", p["heads"])
    if kernel == "grouped_gemm":
        rows = [int(count) for count in str(p["rows"]).split(",")] if p.get("rows") else [p["m"]] * p["groups"]
        return gemm(max(sum(rows) / len(rows), 1), p["n"], p["k"], p["dtype"], len(rows))
    if kernel == "mla_decode":
        return mla_decode(p["batch"], p["heads"], p["kv"], p["q"])
    if kernel == "mla_prefill":
        return mla_prefill(p["batch"], p["tokens"], p["heads"])
    if kernel in ("moe_dispatch", "moe_combine_remote"):
        return exchange("dispatch" if kernel == "moe_dispatch" else "combine", p["tokens"], p["k"], p["columns"])
    return streaming(bytes)


# --- how good the curves are

def held_out_errors() -> list[dict]:
    """The rows that no curve has seen, and what the curves say."""
    rows = []
    for point in points():
        if not point.held_out:
            continue
        if point.family in ("gemm", "attention", "read"):
            share, _, _ = blend(point.family, point.shape, point.dtype, point.causal)
            predicted = point.value * share / point.share
        else:
            predicted = exchange(point.family, *point.shape).time_us
        rows.append({"family": point.family, "dtype": point.dtype, "shape": "x".join(f"{size:g}" for size in point.shape) + (" causal" if point.causal else ""),
                     "published": point.value, "predicted": predicted, "unit": point.unit, "error": predicted / point.value - 1, "source": point.source})
    return rows


def page() -> str:
    """docs/h100.md."""
    rows = held_out_errors()
    lines = ["# The H100 beside us", "",
             "Written by `vitruvian r1 h100 --write` from `chips/h100_sxm_points.csv` (published points, each with its source) and, where it exists, "
             "`chips/h100_sxm_measured.csv` (made by `bench/h100/measure.py` on a real H100). `python/vitruvian/r1/serving/baseline.py` says how a time comes from them. "
             "No H100 was at hand for this page: every prediction rests on a curve." if not any(point.measured for point in points()) else
             "Written by `vitruvian r1 h100 --write`; measurements of `chips/h100_sxm_measured.csv` count where they have the shape, the curves elsewhere.", "",
             "Rows that no curve was fitted on, predicted:", "", "| family | type | shape | published | predicted | unit | error |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['family']} | {row['dtype']} | {row['shape']} | {row['published']:g} | {row['predicted']:.4g} | {row['unit']} | {row['error']:+.1%} |")
    by_family: dict[str, list[float]] = {}
    for row in rows:
        by_family.setdefault(row["family"], []).append(abs(row["error"]))
    lines += ["", "| family | held-out rows | mean absolute error | worst |", "|---|---|---|---|"]
    lines += [f"| {family} | {len(errors)} | {sum(errors) / len(errors):.1%} | {max(errors):.1%} |" for family, errors in by_family.items()]
    every = [abs(row["error"]) for row in rows]
    lines += [f"| all | {len(every)} | {sum(every) / len(every):.1%} | {max(every):.1%} |", "",
              "Weak spots: MLA decode rests on one memory-bound row and, where compute binds, on FlashAttention-3's share at head size 256; the exchanges on one row at "
              "EP 8; small kernels on an assumed launch of 2 us; `read` is an H100 PCIe, whose L2 and HBM meet the SXM's only as shares of the bandwidth."]
    return "\n".join(lines) + "\n"

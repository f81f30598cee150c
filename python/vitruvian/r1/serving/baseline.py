"""What one H100 would take for a kernel: the column beside the emulated die.

    chips/h100_sxm.yaml            peaks, bandwidth, capacity, launch        -+
    chips/h100_sxm_points.csv      published rows, some of them held out     -+-> curves --> predict(family, **shape)
    chips/h100_sxm_measured.csv    bench/h100/measure.py's rows, if present  -+

    Baseline("h100_sxm").predict("gemm", m=64, n=4096, k=7168, dtype="fp8")

A prediction says whether it is a curve's or measured, what it rests on and how far the curve was off on rows that it had not
seen. docs/h100.md (written by `python -m vitruvian.r1.serving.baseline --write`) has the rows, the fits and the errors.
Approximations: those of baseline_curves.py; a kernel alone on the device, its operands in memory unless `resident` says L2.
"""

from __future__ import annotations

import argparse
import csv
import functools
import inspect
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Mapping

import yaml

from ... import _core
from ..layout import LATENT, ROPE
from .baseline_curves import POINT_TYPES, AttentionCurve, Curve, DecodeCurve, ExchangeCurve, GemmCurve, Machine, Point, ResidentCurve, StreamCurve
from .baseline_kernels import family_and_shape

_UNITS = {"TFLOPS": 1e12, "TOPS": 1e12, "TB/s": 1e12, "GB": 1e9, "MiB": 2**20, "us": 1.0, "ratio": 1.0}
_MICRO = 1e6
_DECODE_ROWS = 64      # rows of a wgmma: heads x queries of a request are padded to it
_SAME_DOUBLINGS = 1e-6  # shapes are written with twelve digits
_NEAR_DOUBLINGS = 1.0  # a measured point this far away, in doublings of the shape's numbers, still scales the curve

# Kernels that stream, with the share of reads in what they move (types of the R1 library: bf16 in and out, int8 or fp8 when quantised).
STREAMING = {
    "streaming": 0.5, "rms_norm": 0.5, "rms_norm_quant": 2 / 3, "quantize": 2 / 3, "swiglu": 2 / 3, "swiglu_quant": 0.8, "rope": 0.5, "routing": 0.9,
    "moe_gate": 0.9, "moe_permute": 0.5, "moe_combine": 0.9, "embedding": 0.5, "cast": 0.5, "add": 2 / 3, "kv_cache_write": 0.5,
}


@dataclass(frozen=True)
class Prediction:
    """time_us with the launch, kernel_us without; basis: "curve" or "measured"; source: on what it rests, in a sentence.

    error_bar: root of the mean square relative error of the family's curve on held-out rows (None where there were none); bound:
    compute, l2, memory, network or latency (None when measured)."""

    time_us: float
    basis: str
    family: str
    source: str
    error_bar: float | None
    kernel_us: float
    bound: str | None = None

    def __repr__(self) -> str:
        bar = f" +- {self.error_bar:.0%}" if self.error_bar is not None else ", no held-out row"
        return f"{self.family}: {self.time_us:.2f} us ({self.basis}{bar}; {self.source})"


def _numbers(text: str) -> dict[str, float]:
    return {key: float(value) for key, value in (word.split("=") for word in text.split() if "=" in word)}


def read_points(path: Path) -> list[Point]:
    """Errors: vt.Error with the line of a row that cannot be read."""
    points = []
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                texts = [row.get(name) or "" for name in ("stands_for_h100", "source", "driver", "date")]
                points.append(Point(row["family"], row["kernel"], row["device"], _numbers(row["shape"]), row["dtype"], float(row["value"]), row["unit"],
                                    row["held_out"] == "yes", *texts))
            except (KeyError, TypeError, ValueError) as error:
                text = " ".join(str(value) for value in row.values())[:80]
                _core.fail("bad row of a baseline's points", f"{path}: {text}", "a row like the others", str(error))
    return points


def _machine(path: Path, points: list[Point]) -> Machine:
    with open(path, encoding="utf-8") as file:
        profile = yaml.safe_load(file)

    def value(leaf: Mapping) -> float:
        return float(leaf["value"]) * _UNITS[leaf["unit"]]

    device = {point.kernel: point.value for point in points if point.family == "device" and point.device == "NVIDIA H100 SXM"}
    memory = profile["memory"]
    return Machine(
        peaks={dtype: value(leaf) for dtype, leaf in profile["peaks"].items()}, memory_bandwidth=value(memory["bandwidth"]),
        memory_bytes=value(memory["bytes"]), l2_bytes=value(memory["l2_bytes"]), launch_us=value(profile["launch"]["overhead"]), sms=int(device["SMs"]),
        nvlink_bandwidth=device["NVLink bandwidth"] * 1e9, nvlink_domain=int(device["NVLink domain"]))


class Baseline:
    """A fitted baseline profile. Attributes: name, machine (peaks, capacity, launch), points, curves, measured.

    Errors: vt.Error for a name without a profile, an unknown family, a shape that makes no sense."""

    def __init__(self, name: str = "h100_sxm", folder: str | Path | None = None):
        folder = Path(folder or Path(_core.data_directory()) / "chips")
        profile, table, measured = (folder / f"{name}{end}" for end in (".yaml", "_points.csv", "_measured.csv"))
        if not profile.exists() or not table.exists():
            known = ", ".join(sorted(path.name.removesuffix("_points.csv") for path in folder.glob("*_points.csv")))
            _core.fail("no such baseline", "baseline", f"one of {known}", f"'{name}'")
        self.name = name
        self.points = read_points(table)
        self.measured = read_points(measured) if measured.exists() else []
        self.machine = _machine(profile, self.points)
        self.curves = self._fit()

    def _of(self, family: str) -> list[Point]:
        return [point for point in self.points if point.family == family]

    def _device(self, device: str, what: str) -> float:
        return next(point.value for point in self.points if point.family == "device" and point.device == device and point.kernel == what) * 1e9

    def _fit(self) -> dict[str, Curve]:
        machine = self.machine
        peaks = {point.device: point.value * 1e9 for point in self.points if point.family == "device" and point.kernel == "memory bandwidth"}
        resident = ResidentCurve(machine).fit(self._of("resident"))
        # Dispatch and combine leave through the same NIC: one rate, fitted on one and tested on the other.
        exchange = ExchangeCurve(machine).fit(self._of("dispatch") + self._of("combine"))
        return {
            "gemm": GemmCurve(machine, resident.l2_bandwidth).fit(self._of("gemm")), "mla_prefill": AttentionCurve(machine).fit(self._of("mla_prefill")),
            "mla_decode": DecodeCurve(machine).fit(self._of("mla_decode")), "streaming": StreamCurve(machine, peaks).fit(self._of("streaming")),
            "resident": resident, "dispatch": exchange, "combine": exchange,
        }

    # --- what users call

    @property
    def families(self) -> list[str]:
        return ["gemm", "grouped_gemm", "mla_decode", "mla_prefill", "dispatch", "combine", "all_gather", "reduce_scatter", "sample", *STREAMING]

    def predict(self, family: str, **shape) -> Prediction:
        """The time of one kernel. Shapes:
        gemm: m, n, k, dtype (bf16, fp16, fp8, int8 as fp8), groups=1 | grouped_gemm: n, k, dtype, rows=[...] or m and groups
        mla_decode: batch, heads, kv (or lengths), q=1 | mla_prefill: lengths (or batch and length), heads, qk_dim=192, v_dim=128, causal=1
        streaming and its kernels (STREAMING): bytes, read_share, resident=False | sample: rows, vocab, bytes_per_logit=4
        dispatch, combine: tokens (of a rank), ep, columns=7168, k=8, dtype | all_gather, reduce_scatter: bytes (of all ranks together), ep
        """
        if family not in self.families:
            _core.fail("unknown kernel family of a baseline", "family", "one of " + ", ".join(self.families), f"'{family}'")
        for key, value in shape.items():
            numbers = [float(number) for number in value] if hasattr(value, "__len__") and not isinstance(value, str) else [value]
            if any(not isinstance(number, str) and not 0 <= number < math.inf for number in numbers):
                _core.fail(f"bad shape of {family}", key, "0 or more", str(value))
        return self._with_measured(self._predict_curve(family, shape), shape)

    def _predict_curve(self, family: str, shape: Mapping) -> Prediction:
        method = functools.partial(self._streaming, family) if family in STREAMING else getattr(self, "_" + family)
        try:
            return method(**shape)
        except (TypeError, KeyError) as error:
            return _core.fail(f"bad shape of {family}", ", ".join(shape), "the shape that Baseline.predict names", str(error))

    def predict_kernel(self, kernel, **more) -> Prediction:
        """The time of the same work as an R1Kernel's; more: what its parameters do not say (resident)."""
        family, shape = family_and_shape(kernel, STREAMING)
        return self.predict(family, **shape, **more)

    def held_out(self, family: str) -> list[tuple[Point, float]]:
        """Rows of a family that no fit saw, with the curve's relative error in time."""
        return [(point, self.curves[family].error(point)) for point in self._of(family) if point.held_out]

    def error_bar(self, *families: str) -> float | None:
        errors = [error for family in families for _, error in self.held_out(family)]
        return math.sqrt(sum(error * error for error in errors) / len(errors)) if errors else None

    # --- the families: each gives a prediction of its curve

    def _curve(self, family: str, kernel_us: float, bound: str, source: str, error_bar: float | None) -> Prediction:
        return Prediction(kernel_us + self.machine.launch_us, "curve", family, source, error_bar, kernel_us, bound)

    def _gemm(self, *, m, n, k, dtype="bf16", groups=1, family="gemm", rows=None) -> Prediction:
        shape = {"m": m, "n": n, "k": k, "groups": groups} if rows is None else {"rows": tuple(rows), "n": n, "k": k}
        curve = self.curves["gemm"]
        if dtype not in self.machine.peaks or dtype in ("tf32", "fp32"):
            _core.fail("the baseline has no GEMM curve for a type", "dtype", "bf16, fp16, fp8 or int8", f"'{dtype}'")
        if sum(curve.rows(shape)) == 0 or n == 0 or k == 0:
            return self._curve(family, 0.0, "latency", "nothing to compute", None)
        bound = curve.bound(shape, dtype)
        source = f"GEMM curve on {len(self._of('gemm'))} published rows (DeepGEMM, MAMF)"
        if dtype == "int8":
            source += "; int8 as fp8"
        if bound == "l2":
            source += "; few tiles and no split of K: perhaps slower than a library that splits"
        return self._curve(family, curve.value(shape, dtype), bound if bound in ("l2", "memory") else "compute", source, self.error_bar("gemm"))

    def _grouped_gemm(self, *, n, k, dtype="fp8", rows=None, m=0, groups=1) -> Prediction:
        found = self._gemm(m=m, n=n, k=k, dtype=dtype, groups=groups, rows=rows, family="grouped_gemm")
        return replace(found, source=found.source + "; no published grouped row: tiles of all groups share the waves")

    def _mla_decode(self, *, batch, heads, kv=None, q=1, lengths=None) -> Prediction:
        tokens = float(sum(lengths)) if lengths is not None else batch * kv
        machine, attention = self.machine, self.curves["mla_prefill"]
        rows = math.ceil(heads * q / _DECODE_ROWS) * _DECODE_ROWS
        products_of, scores_of = attention.coefficients[:2]
        scores, operations = rows * tokens, 2 * rows * tokens * (2 * LATENT + ROPE)
        compute = operations / machine.peaks["bf16"] * products_of * _MICRO + scores / 1e6 / machine.sms * scores_of
        # Wider heads than any measured: no faster than the fastest measured attention.
        fastest = max(point.value for point in self._of("mla_prefill")) * 1e12
        compute = max(compute, operations / fastest * _MICRO)
        nbytes = 2 * (tokens * (LATENT + ROPE) + batch * q * heads * (2 * LATENT + ROPE))
        memory = nbytes / machine.memory_bandwidth * self.curves["mla_decode"].value({}) * _MICRO
        source = "cache at FlashMLA's bandwidth (H800), products at FlashAttention-3's best rate"
        if compute > memory:
            source += "; no published compute-bound MLA row"
        # The family's one row is its fit, so nothing is held out.
        return self._curve("mla_decode", self._start() + max(compute, memory), "compute" if compute > memory else "memory", source, None)

    def _mla_prefill(self, *, heads, lengths=None, batch=1, length=0, qk_dim=LATENT // 4 + ROPE, v_dim=LATENT // 4, causal=1) -> Prediction:
        lengths = tuple(lengths) if lengths is not None else (length,) * int(batch)
        shape, tokens = {"lengths": lengths, "heads": heads, "qk_dim": qk_dim, "v_dim": v_dim, "causal": causal}, sum(lengths)
        if tokens == 0:
            return self._curve("mla_prefill", 0.0, "latency", "nothing to compute", None)
        compute = self.curves["mla_prefill"].value(shape)
        memory = 4 * tokens * heads * (qk_dim + v_dim) / self.machine.memory_bandwidth * _MICRO
        return self._curve("mla_prefill", self._start() + max(compute, memory), "compute" if compute > memory else "memory",
                           "attention curve on 24 rows of FlashAttention-3 (head dimensions 64 and 256; between them by width)", self.error_bar("mla_prefill"))

    def _streaming(self, family: str, *, bytes, read_share=None, resident=False) -> Prediction:
        share = STREAMING[family] if read_share is None else read_share
        from_memory = bytes / (self.machine.memory_bandwidth * self.curves["streaming"].share(share)) * _MICRO
        kernel, source = from_memory, f"stream of {share:.0%} reads at {self.curves['streaming'].share(share):.0%} of the memory's peak (H100 PCIe rows)"
        bar, bound = self.error_bar("streaming"), "memory"
        if resident:
            hits = self.curves["resident"].hit_share(bytes)
            kernel = hits * bytes / self.curves["resident"].l2_bandwidth * _MICRO + (1 - hits) * from_memory
            source, bar = f"{hits:.0%} from L2 (H200 rows, the same die), " + source, self.error_bar("streaming", "resident")
            bound = "l2" if hits > 0.5 else "memory"
        return self._curve(family, self._start() + kernel, "latency" if kernel < self._start() + self.machine.launch_us else bound, source, bar)

    def _sample(self, *, rows, vocab, bytes_per_logit=4) -> Prediction:
        # One pass finds the largest and the sums, a second chooses: the second finds in L2 what fits there.
        nbytes = rows * vocab * bytes_per_logit
        first = self._streaming("streaming", bytes=nbytes, read_share=1.0)
        second = self._streaming("streaming", bytes=nbytes, read_share=1.0, resident=True)
        return self._curve("sample", first.kernel_us + second.kernel_us, first.bound, "two passes over the logits (assumed), " + first.source, first.error_bar)

    def _exchange(self, family: str, dtype: str, *, tokens, ep, columns, k) -> Prediction:
        curve = self.curves[family]
        source = "DeepEP low latency, H800 with ConnectX-7, EP 8, 128 tokens a rank: one rate for both directions"
        if ep != 8:
            source += f"; EP {ep:g} is not measured: the same rate, so a lower bound of the time"
        kernel = curve.value({"tokens": tokens, "columns": columns, "k": k}, dtype) if ep > 1 else 0.0
        return self._curve(family, kernel, "network", source, self.error_bar("combine") if ep == 8 else None)

    def _dispatch(self, *, tokens, ep, columns=7168, k=8, dtype="fp8") -> Prediction:
        return self._exchange("dispatch", dtype, tokens=tokens, ep=ep, columns=columns, k=k)

    def _combine(self, *, tokens, ep, columns=7168, k=8, dtype="bf16") -> Prediction:
        return self._exchange("combine", dtype, tokens=tokens, ep=ep, columns=columns, k=k)

    def _all_gather(self, *, bytes, ep) -> Prediction:
        return self._collective("all_gather", bytes, ep)

    def _reduce_scatter(self, *, bytes, ep) -> Prediction:
        return self._collective("reduce_scatter", bytes, ep)

    def _collective(self, family: str, bytes: float, ep: float) -> Prediction:
        """What a rank receives, or sends, is all but its own part."""
        if ep < 1:
            _core.fail(f"bad shape of {family}", "ep", "1 or more ranks", str(ep))
        machine = self.machine
        received = bytes * (ep - 1) / ep
        reached = next(iter(self._of("all_gather")))
        share = reached.value * 1e9 / self._device(reached.device, "NVLink bandwidth")
        if ep <= machine.nvlink_domain:
            kernel, source = received / (machine.nvlink_bandwidth / 2 * share) * _MICRO, f"{share:.0%} of NVLink's peak, as measured between two A100"
        else:
            kernel, source = received * 1e-9 * self.curves["dispatch"].coefficients[0], "the rate of DeepEP's rows through the NIC (domain of NVLink left)"
        return self._curve(family, self._start() + kernel, "network", source + "; no published row of the family", None)

    def _start(self) -> float:
        """Fill and drain of a kernel: the GEMM curve's, the only rows small enough to show it."""
        return float(self.curves["gemm"].coefficients[0])

    # --- measured rows

    def _measurable(self, family: str, shape: Mapping) -> tuple[str, dict[str, float]] | None:
        """Type and numbers of a shape as measured rows write them, defaults filled in; None for lists of unequal numbers."""
        method = self._streaming if family in STREAMING else getattr(self, "_" + family)
        full = {key: parameter.default for key, parameter in inspect.signature(method).parameters.items() if key != "family"} | dict(shape)
        for many, one, count in (("lengths", "kv" if family == "mla_decode" else "length", "batch"), ("rows", "m", "groups")):
            listed = full.get(many)
            if hasattr(listed, "__len__"):
                if len(set(listed)) != 1:
                    return None
                full[one], full[count] = listed[0], len(listed)
                full[many] = None
        if family in STREAMING and full["read_share"] is None:
            full["read_share"] = STREAMING[family]
        dtype = full.pop("dtype", "")
        return POINT_TYPES.get(dtype, dtype), {key: float(value) for key, value in full.items() if value is not None}

    def _with_measured(self, curve: Prediction, shape: Mapping) -> Prediction:
        """The measured time at exactly this shape; else the curve, scaled by what it missed at a near measured shape. Held-out rows,
        of programs that no engine would serve with, stand beside and change nothing."""
        found = self._measurable(curve.family, shape)
        if found is None:
            return curve
        dtype, query = found
        nearest, least = None, math.inf
        for point in self.measured:
            if point.held_out or point.family != curve.family or point.dtype != dtype or set(query) != set(point.shape):
                continue
            distance = math.sqrt(sum(math.log2(max(query[key], 1e-3) / max(point.shape[key], 1e-3)) ** 2 for key in query))
            if distance < least:
                nearest, least = point, distance
        if nearest is None or least > _NEAR_DOUBLINGS:
            return curve
        where = f"{nearest.kernel} on {nearest.device}, driver {nearest.driver}, {nearest.date}"
        if least < _SAME_DOUBLINGS:
            return replace(curve, basis="measured", time_us=nearest.value + self.machine.launch_us, kernel_us=nearest.value, source=f"measured, {where}",
                           error_bar=None, bound=None)
        at_point = self._predict_curve(curve.family, {**nearest.shape, **({"dtype": dtype} if dtype else {})}).kernel_us
        kernel = curve.kernel_us * nearest.value / at_point
        source = f"{curve.source}; scaled by {nearest.value / at_point:.2f}, its miss at the nearest measured shape ({where})"
        return replace(curve, kernel_us=kernel, time_us=kernel + self.machine.launch_us, source=source)


@functools.lru_cache
def baseline(name: str = "h100_sxm") -> Baseline:
    """The baseline of that name, fitted once in a process."""
    return Baseline(name)


def main(argv: list[str] | None = None) -> int:
    from . import baseline_page

    parser = argparse.ArgumentParser(prog="python -m vitruvian.r1.serving.baseline", description="Shows, or writes as docs/h100.md, the H100 baseline's fits.")
    parser.add_argument("--write", nargs="?", const="docs/h100.md", metavar="FILE")
    options = parser.parse_args(argv)
    text = baseline_page.page(Baseline())
    if options.write:
        try:
            Path(options.write).write_text(text, encoding="utf-8")
        except OSError as error:
            _core.fail("the page cannot be written there", "--write", "a file in a folder that is there", f"'{options.write}': {error.strerror}")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

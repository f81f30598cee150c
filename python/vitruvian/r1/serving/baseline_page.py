"""docs/h100.md: the rows of the H100 baseline, what was fitted on them, and how far the curves are off on rows held out."""

from __future__ import annotations

import math

from .baseline import Baseline
from .baseline_curves import Curve, Point

_TITLES = {
    "gemm": "GEMM", "mla_prefill": "Prefill attention", "mla_decode": "Decode attention", "streaming": "Streams", "resident": "Data sets in L2",
    "dispatch": "Dispatch and combine",
}

_INTRODUCTION = """# The H100 beside the emulated die

Written by `python -m vitruvian.r1.serving.baseline --write`; do not edit. Nothing here was measured by us: the rows of `chips/{name}_points.csv` are
published, and `held_out` says which ones no fit saw. A curve is a sum of costs that have causes (`python/vitruvian/r1/serving/baseline_curves.py`), one
coefficient each, by least relative squares over the fitted rows; no coefficient belongs to a row or a kernel. Errors are of the time: predicted / published - 1.
The *coefficients* never saw a held-out row, but this is no blind test of the *terms*: they were chosen with the whole tables in view, and after first fits whose
errors, held-out ones among them, had been read. Then GEMM got its L2 loads, and attention its causal term and starts that grow with the width (until then -28 % at worst
held out); a separate coefficient for a GEMM's stores was tried and dropped (start near zero, +14.5 % at worst held out). Expect larger errors at new shapes.
`bench/h100/measure.py` run on an H100 gives `chips/{name}_measured.csv`; where that file has a shape, predictions say `measured` and not `curve`; rows of unfused
programs (MLA decode and sampling by several PyTorch operators) are written as held out and stand for nothing.{measured}

## Held-out rows

| family | fitted rows | held out | mean \\|error\\| | worst | error bar |
| :-- | --: | --: | --: | --: | --: |
"""

_LIMITS = """
## What no published row says

| what | what stands for it |
| :-- | :-- |
| grouped_gemm | the GEMM curve; the tiles of all groups share the waves, each group with rows reads its own weights |
| mla_decode, compute-bound | the products and exponentials of the attention curve, never faster than the fastest measured attention; no published compute-bound row carried |
| norms, quantisation, SwiGLU, RoPE, routing | the stream curve at their share of reads, plus the start of a kernel; in a layer their operands are in L2 as far as they fit, as on the emulated die |
| sample | two passes over the logits, the second from L2 as far as they fit (assumed) |
| all_gather | NVLink's peak times the share that a copy between two A100 reaches; beyond eight GPUs the NIC rate of the dispatch row |
| dispatch, combine at another EP than 8 | the rate at EP 8: a lower bound of the time |
| GEMM, few tiles | no split of K over SMs is modelled, and DeepGEMM's rows have none: narrow products of few tokens (router, kv_a) may be too slow |
| GEMM, bf16 | one fitted row (the best shape of a sweep) and one held out on another device: less sure than fp8 |
| start of a kernel | the GEMM curve's `start`, from rows of 6 us and more: times of smaller kernels are mostly the launch and say little |
| launch | {launch:g} us, assumed (chips/{name}.yaml); each prediction carries one |

`vitruvian kernel` (C++, `src/chip/baseline.cpp`) predicts GEMMs from the rows in `chips/{name}.yaml` by blending the nearest; its times differ from these by some
percent. Reports of R1 use the curves of this page.

## The deployment on H100s, and which way each choice leans

`h100_side.py`: one H100 for each package of two dies, so half as many experts' ranks, each with twice the places; the same batch, context and step; its own capacity check.

| choice | leans |
| :-- | :-- |
| linear layers in FP8 where the dies have INT8 | neither way |
| the anchor's placement: shared experts are places of their own and their rows cross the network (k = 9) | to the dies: engines on H100 keep the shared expert local (k = 8), which saves a ninth of both exchanges |
| exchanges at the rate of EP 8 at any EP | to the H100 |
| *serial*: nothing overlaps | to the dies, whose two streams do; *overlapped*, the other figure, is a bound: all of an exchange hides, and halving the batch costs nothing |
| {launch:g} us of launch (assumed) for each kernel, no graph launch; the dies pay `launch.gap` and a graph launch | neither way by much |
| products read their activations from memory, as the published rows do; vector kernels find them in L2 as far as they fit | products: to the dies, by what two passes over activations take |
| products write 16 bits, the dies' `lm_head` and router 32 | to the H100, about 1 % of `lm_head` |
| `host_step` | counts on both sides (0 unless given) |

## Rows left out

- L2 read bandwidth of the H200 at 1.5 and 2 MB (13.5 and 11.7 TB/s): smaller than what its L1s hold together, so perhaps not L2 alone. A first fit with them missed them by
  +23 % (fitted) and +7 % (held out) and the plateau by up to -14 %; they were taken out after that, the split of the other rows between fitted and held out stayed.
- The H100 PCIe's read bandwidth by data set but for the largest: another number of SMs and another clock of the L2.
- STREAM on GH200: read at 2775 and write at 3942 GB/s contradict each other for one memory.
- cuDNN, FlashAttention-2 and Triton attention: the baseline is the fastest published kernel. Older DeepGEMM commits: the same shapes, slower.

## Where another device's row stands for the H100 SXM

"""


def _shape(point: Point) -> str:
    return " ".join(f"{key}={value:g}" for key, value in point.shape.items()) or "memory bound"


def _summary_row(baseline: Baseline, family: str, points: list[Point], curve: Curve) -> str:
    held = [curve.error(point) for point in points if point.held_out]
    fitted = sum(not point.held_out for point in points)
    if not held:
        return f"| {_TITLES[family]} | {fitted} | 0 | - | - | none |\n"
    mean, worst = sum(map(abs, held)) / len(held), max(held, key=abs)
    bar = math.sqrt(sum(error * error for error in held) / len(held))
    return f"| {_TITLES[family]} | {fitted} | {len(held)} | {mean:.1%} | {worst:+.1%} | {bar:.1%} |\n"


def _family(family: str, points: list[Point], curve: Curve) -> str:
    text = f"\n## {_TITLES[family]}\n\n{(curve.__doc__ or '').strip().splitlines()[0]}\n\n| coefficient | value | meaning |\n| :-- | --: | :-- |\n"
    for (name, meaning), value in zip(curve.terms.items(), curve.coefficients):
        text += f"| {name} | {value:.4g} | {meaning} |\n"
    if family == "resident":
        text += (f"| knees | {curve.fits_below / 2**20:.1f}, {curve.gone_above / 2**20:.1f} | MiB: all of a smaller data set is read from L2, "
                 "nothing of a larger one |\n")
    text += "\n| row | device | shape | type | published | error of the time | |\n| :-- | :-- | :-- | :-- | --: | --: | :-- |\n"
    for point in points:
        text += (f"| {point.kernel} | {point.device} | {_shape(point)} | {point.dtype} | {point.value:g} {point.unit} | {curve.error(point):+.1%} | "
                 f"{'**held out**' if point.held_out else 'fitted'} |\n")
    return text


def page(baseline: Baseline) -> str:
    """The page as text."""
    measured = f" It has {len(baseline.measured)} rows now." if baseline.measured else " There is none yet: every prediction is a curve's."
    text = _INTRODUCTION.format(name=baseline.name, measured=measured)
    families = {family: [point for point in baseline.points if point.family == family or (family == "dispatch" and point.family == "combine")]
                for family in _TITLES}
    for family, points in families.items():
        text += _summary_row(baseline, family, points, baseline.curves[family])
    text += ("\nThe error bar is the root of the mean square over the held-out rows; it is what `Prediction.error_bar` says. Decode attention has one row, "
             "which is the fit: it has no error bar.\n")
    for family, points in families.items():
        text += _family(family, points, baseline.curves[family])
    text += _LIMITS.format(launch=baseline.machine.launch_us, name=baseline.name)
    stands = {(point.device, point.stands_for) for point in baseline.points if point.stands_for and point.family != "device"}
    text += "".join(f"- **{device}**: {why}.\n" for device, why in sorted(stands))
    text += "\n## Sources\n\n"
    text += "".join(f"- {source}\n" for source in sorted({point.source for point in baseline.points}))
    return text

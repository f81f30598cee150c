"""docs/kernels.md: every kernel at R1's shapes, from kernel_shapes.csv beside this file, which also says what is left on the table and why."""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .. import _core
from ..chips import chip as chip_values
from ..chips import revision
from .kernel import get_kernel, kernels
from .runner import CUBE_OPERATIONS, R1Run, run

SHAPES = Path(__file__).with_name("kernel_shapes.csv")


@dataclass(frozen=True)
class Entry:
    phase: str
    kernel: str
    parameters: str    # name=value words
    use: str
    left: str

    def spec(self):
        return get_kernel(self.kernel)(**dict(word.split("=", 1) for word in self.parameters.split()))


@dataclass(frozen=True)
class Measured:
    time_us: float
    core_time_us: float
    bound: str
    utilization: float | None
    bandwidth: float
    roof: float        # share of the roofline: the longest of operations at the cube's peak, bytes at HBM's and at the fabric's write rate, over the core time
    pipe: str          # the pipe with the largest share of busy and memory time
    mode: str


def entries(only: list[str] | None = None) -> list[Entry]:
    with open(SHAPES, newline="", encoding="utf-8") as file:
        rows = [Entry(**row) for row in csv.DictReader(file)]
    for name in only or []:
        get_kernel(name)
    return [row for row in rows if not only or row.kernel in only]


def limiting_pipe(done: R1Run) -> str:
    """S apart, which only issues."""
    shares = {}
    for name, pipe in done.pipes.items():
        total = pipe["busy"] + pipe["idle"] + sum(pipe["stalls"].values())
        if name != "S" and total:
            shares[name] = (pipe["busy"] + pipe["stalls"].get("memory", 0)) / total
    name = max(shares, key=shares.get)
    return f"{name} {shares[name]:.0%}"


def measure(entry: Entry, chip: str) -> Measured:
    spec = entry.spec()
    device = spec.make_device(chip, None)
    done = run(spec, device, mode="timing_only")
    if done.fault is not None and done.fault.kind == "needs_data":
        done = run(spec, device, mode="full", check=False)
    if done.fault is not None:
        _core.fail("a kernel faults", repr(spec), "a run", done.fault.report())
    seconds = done.core_time_us * 1e-6
    per_cycle = CUBE_OPERATIONS.get(spec.operation_type)
    cube = done.operations / (device.clock_hz * device.aic_count * per_cycle) if per_cycle else 0
    memory = done.bytes / chip_values(chip)["hbm.bandwidth"].value
    return Measured(done.time_us, done.core_time_us, done.bound, done.utilization, done.bandwidth, max(cube, memory, spec.other_bound_s(device)) / seconds, limiting_pipe(done), done.mode)


def markdown(rows: list[tuple[Entry, Measured]], chip: str) -> str:
    lines = [
        "# R1's kernels", "",
        f"Written by `vitruvian r1 kernels --write` ({chip}, {revision()}); shapes and remarks: `python/vitruvian/r1/kernel_shapes.csv`. One die, all 24 core groups,",
        "cold L2. Decode: 48 requests a die with a drafted token each, context 4096. Prefill: a prompt of 4096 tokens, except where the use says a part of it.", "",
        "*time* is from launch to end, everything else over the core time (first core's start to last core's end). *cube*: useful operations at the type's peak; *GB/s*:",
        "compulsory bytes, each input read once and each output written once, so that outputs which stay in the L2 may go beyond HBM's rate; *roof*: the longest of operations at the cube's peak, bytes",
        "at HBM's rate and bytes at the fabric's write rate, over the core time; *pipe*: the one with the largest share of busy and memory time.", "",
        "There is no fused kernel of the MLA prolog: from the norm to the absorbed query it is a chain of eight launches (`layers.py`).", "",
    ]
    for phase in dict.fromkeys(entry.phase for entry, _ in rows):
        lines += [f"## {phase.capitalize()}", "", "| kernel | shape | use | time us | core us | bound | cube | GB/s | roof | pipe | left on the table |",
                  "|---|---|---|---:|---:|---|---:|---:|---:|---|---|"]
        for entry, done in rows:
            if entry.phase == phase:
                cube = f"{done.utilization:.0%}" if done.utilization is not None else ""
                lines.append(f"| `{entry.kernel}` | {entry.parameters} | {entry.use} | {done.time_us:.1f} | {done.core_time_us:.1f} | {done.bound} | {cube} | "
                             f"{done.bandwidth * 1e-9:.0f} | {done.roof:.0%} | {done.pipe} | {entry.left} |")
        lines.append("")
    return "\n".join(lines)


def write(path: str, chip: str, only: list[str], jobs: int = 2) -> int:
    """Runs all entries and writes the page. Errors: vt.Error where a kernel of the library has no entry."""
    from tqdm import tqdm

    wanted = entries(only)
    missing = set(kernels()) - {entry.kernel for entry in wanted}
    if missing and not only:
        _core.fail("kernels without a shape", str(SHAPES), "a row for each kernel", ", ".join(sorted(missing)))
    with ProcessPoolExecutor(jobs) as pool:
        results = list(tqdm(pool.map(measure, wanted, [chip] * len(wanted)), total=len(wanted), desc="kernels", disable=None))
    Path(path).write_text(markdown(list(zip(wanted, results)), chip), encoding="utf-8")
    print(f"{len(wanted)} rows in {path}", file=sys.stderr)
    return 0

"""`vitruvian r1 sweep`: many deployments, or one kernel over shapes and chip overrides, on Dask."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ... import _core
from ..cli import CHECK_FAILED, DONE, _Parser

_NUMBERS = (int, float)

# What the report plots: `--report DIR` sweeps each of these around the deployment.
REPORT_GRIDS = {
    "decode": {"batch": [16, 32, 64, 96, 128, 192], "context": [1024, 2048, 4096, 8192], "ep": [32, 64, 160, 320], "skew": [0.0, 0.25, 0.5, 1.0]},
    "prefill": {"prompt": [1024, 2048, 4096], "ep": [16, 32, 64], "skew": [0.0, 0.5, 1.0]},
}


def flat(result) -> dict:
    """A deployment's row in a frame."""
    found = {"step_ms": result.totals.step_ms, "layer_us": result.totals.layer_us, "layer_serial_us": result.totals.serial_layer_us,
             "tokens_per_s_per_package": result.tokens_per_s_per_package, "tokens_per_s_per_die": result.tokens_per_s_per_die, "tpot_ms": result.tpot_ms,
             "imbalance": result.placement.imbalance, "memory_gb": sum(result.memory.values()) / 1e9, "assumed_share": result.assumed_share}
    if result.h100 and result.h100["fits"]:
        found |= {"h100_tokens_per_s": result.h100["tokens_per_s"], "h100_tokens_per_s_overlapped": result.h100["tokens_per_s_overlapped"]}
    return found


def decode_point(**options) -> dict:
    """One point of a sweep, in the worker that has it: no processes below."""
    from .run import decode

    return flat(decode(processes=0, progress=False, **options))


def prefill_point(**options) -> dict:
    from .run import prefill

    return flat(prefill(processes=0, progress=False, **options))


def values_of(text: str) -> list:
    """One value or several with commas: whole numbers, numbers, words."""
    found = []
    for part in text.split(","):
        for kind in _NUMBERS:
            try:
                found.append(kind(part))
                break
            except ValueError:
                continue
        else:
            found.append(part)
    return found


def grid_of(words: list[str]) -> dict:
    grid = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not name or not equals or not text:
            _core.fail("not an axis of a sweep", "command line", "name=value,value,...", f"'{word}'")
        grid[name] = values_of(text)
    return grid


def check_file(name: str) -> None:
    """Errors: vt.Error where no such file can be written; before a sweep that would be lost."""
    try:
        with open(name, "a", encoding="utf-8"):
            pass
    except OSError as error:
        _core.fail("no frame can be written there", "--csv", "a file in a folder that is there", f"'{name}': {error.strerror}")


def report_sweeps(phase: str, fixed: dict, folder: Path, cluster, target) -> int:
    """Each of the report's axes around the deployment: DIR/sweeps/NAME.csv. How many points failed."""
    from ...sweep import sweep
    from .report.page import make_folder

    make_folder(folder / "sweeps")
    failed = 0
    for name, values in REPORT_GRIDS[phase].items():
        frame = sweep(target, {name: values}, cluster, **{key: value for key, value in fixed.items() if key != name})
        frame.to_csv(folder / "sweeps" / f"{name}.csv", index=False)
        for row in frame[frame["error"].notna()].to_dict("records"):
            print(f"{name}={row[name]}: {row['error']}", file=sys.stderr)
        failed += int(frame.attrs["failed"])
    return failed


def sweep_command(words: list[str]) -> int:
    parser = _Parser(prog="vitruvian r1 sweep", description="Sweeps deployments or a kernel on Dask; resumes from the cache; a failed point keeps its error and stops no other.",
                     epilog="vitruvian r1 sweep decode batch=32,64,96 context=4096\nvitruvian r1 sweep linear_int8 m=8,96 n=7168 k=16384 hbm.bandwidth=1.6e12,3.2e12\n"
                            "vitruvian r1 sweep decode --report DIR       (batch, context, EP and skew around the deployment, for the report of `r1 decode --report DIR`)")
    parser.add_argument("target", help="decode, prefill or a kernel's name")
    parser.add_argument("grid", nargs="*", metavar="name=value,value", help="axes: options of the deployment, parameters of the kernel, paths of the chip file")
    parser.add_argument("--cluster", help="workers here, or the address of a Dask scheduler (a worker for each core)")
    parser.add_argument("--csv", metavar="FILE", help="write the frame")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--report", metavar="DIR", help="sweep the report's axes around the deployment into DIR/sweeps")
    parser.add_argument("--no-cache", action="store_true", help="neither take nor keep points")
    options = parser.parse_intermixed_args(words)
    if options.csv:
        check_file(options.csv)
    from ...sweep import sweep

    target = {"decode": decode_point, "prefill": prefill_point}.get(options.target, options.target)
    grid = grid_of(options.grid)
    cluster = int(options.cluster) if options.cluster and options.cluster.isdigit() else options.cluster
    if options.report:
        if isinstance(target, str) or any(len(values) > 1 for values in grid.values()):
            _core.fail("--report sweeps around one deployment", "vitruvian r1 sweep", "decode or prefill, and one value for each option", options.target)
        return CHECK_FAILED if report_sweeps(options.target, {name: values[0] for name, values in grid.items()}, Path(options.report), cluster, target) else DONE
    if not grid:
        _core.fail("a sweep without axes", "vitruvian r1 sweep", "name=value,value,...", "none")
    frame = sweep(target, grid, cluster, cache=not options.no_cache)
    if options.csv:
        frame.to_csv(options.csv, index=False)
    print(json.dumps(json.loads(frame.to_json(orient="records")), indent=1) if options.json else frame.to_string(index=False))
    if not options.json:
        attrs = frame.attrs
        print(f"{attrs['points']} points, {attrs['cache_hits']} from the cache, {attrs['failed']} failed, {attrs['workers']} workers, {attrs['wall_s']:.1f} s")
    return CHECK_FAILED if frame.attrs["failed"] else DONE

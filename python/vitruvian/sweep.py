"""Many runs at once: a grid of shapes, options and chip overrides over worker processes, its results as a pandas frame.

    grid --> points --> disk cache --> what it lacks goes to Dask --> rows in the grid's order

    vt.sweep("gemm", {"m": [1024, 4096], "n": 4096, "k": 4096, "hbm.bandwidth": [1.6e12, 3.2e12]})

A row is stored in the cache as soon as it is there, so a sweep that was interrupted goes on where it stopped, and the same sweep
again computes nothing. The key holds the kernel's name or the function's code, the arguments, the chip files, the kernel and
package sources and the compiled revision. A point that fails keeps its error as text in its row, is not stored, and stops no other.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import time
import traceback
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from . import _core
from .chips import chip as chip_values
from .chips import library_kernels, revision
from .fingerprint import chip_digest, digest, function_digest, sources_digest
from .run import KernelFault, Run

CACHE_BYTES = 1 << 30   # of results on disk; the least recently used leave first
# Of a Run that is no library kernel's and so has no JSON.
_PLAIN_FIELDS = ("kernel", "chip", "mode", "sync", "l2", "cycles", "time_us", "core_time_us", "bound", "assumed_share", "wall_s")
_RESULT_COLUMN = "value"   # of a function that returns a single number or object


# --- the grid

def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _values(value: Any) -> list:
    """The values of an axis: a list, a tuple, a range or an array of them, or the one value."""
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return [_plain(part) for part in value]
    return [_plain(value)]


def points_of(grid: Mapping[str, Any] | Iterable[Mapping[str, Any]], fixed: Mapping[str, Any], paths: Iterable[str] = ()) -> list[dict]:
    """The points of a grid, in the order of its axes, the last the fastest; keys with a dot, and `paths`, become chip overrides.

    Errors: vt.Error for an empty grid or one of another kind."""
    if isinstance(grid, Mapping):
        axes = {key: _values(value) for key, value in grid.items()}
        points = [dict(zip(axes, chosen)) for chosen in itertools.product(*axes.values())]
    else:
        points = list(grid) if isinstance(grid, Iterable) and not isinstance(grid, str) else [grid]
        if not all(isinstance(point, Mapping) for point in points):
            _core.fail("bad grid of a sweep", "grid", "a dict of lists or a list of dicts", repr(grid)[:80])
    if not points:
        _core.fail("a sweep without points", "grid", "at least one value for each axis", repr(grid)[:80])
    found = []
    for point in points:
        merged = {**fixed, **{key: _plain(value) for key, value in point.items()}}
        overrides = dict(merged.pop("overrides", None) or {})
        overrides |= {key: merged.pop(key) for key in [key for key in merged if "." in key or key in paths]}
        found.append({**merged, **({"overrides": overrides} if overrides else {})})
    return found


# --- one point, on a worker

def _flat(result: Any) -> dict[str, Any]:
    """The fields of a result: of a run its figures and the busy cycles of each pipe, of a dict its items, else one value."""
    if isinstance(result, Run):
        if hasattr(result, "json"):
            fields = result.json()
        else:
            fields = {name: getattr(result, name) for name in _PLAIN_FIELDS}
            fields["pipes"] = dict(result.pipes)
        pipes = fields.pop("pipes", {})
        flat = {name: value for name, value in fields.items() if not isinstance(value, (dict, list))}
        return flat | {f"busy_{name}": pipe["busy"] for name, pipe in pipes.items()}
    if isinstance(result, Mapping):
        return {str(name): value for name, value in result.items()}
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return {} if result is None else {_RESULT_COLUMN: _plain(result)}


def _error_of(result: Any) -> str | None:
    if not isinstance(result, Run):
        return None
    if result.fault is not None:
        return f"fault: {result.fault.report()}"
    if not getattr(result, "passed", True):
        return f"check failed: error {result.max_rel_error:.3g} above the bound {result.max_rel_error_bound:.3g}"
    return None


def run_kernel(name: str, *, chip: str = "ascend910c", overrides: Mapping[str, float] | None = None, mode: str = "timing_only", **parameters) -> Run:
    """A kernel by name on a fresh device: one of the C++ library or of R1's."""
    from .device import Device, kernel

    device = Device(chip, dict(overrides or {}))
    if name in library_kernels():
        return kernel(name, device=device, mode=mode, **parameters)
    from .r1 import run

    return run(name, device, mode=mode, **parameters)


def _run_point(target: str | bytes, point: Mapping[str, Any], expected_revision: str) -> tuple[dict, str | None]:
    """The fields of one point and its error text; whatever the point raises is such a text."""
    if revision() != expected_revision:
        return {}, f"the worker's emulator is {revision()}, the client's {expected_revision}"
    try:
        if isinstance(target, str):
            result = run_kernel(target, **point)
        else:
            import cloudpickle

            result = cloudpickle.loads(target)(**point)
        return _flat(result), _error_of(result)
    except KernelFault as fault:
        return _flat(fault.run), f"fault: {fault}"
    except Exception as error:  # a point's own failure, of whatever kind: it belongs into its row
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = "" if isinstance(error, _core.Error) else f" (in {where.name}, line {where.lineno})"
        return {}, f"{type(error).__name__}: {error}{place}"


# --- the sweep, on the client

def _shipped(target: str | Callable) -> str | bytes:
    """What travels to a worker: a name, or the function with the code of its module, which a worker need not have."""
    if isinstance(target, str):
        return target
    if not callable(target):
        _core.fail("a sweep runs a kernel's name or a function", "fn_or_kernel", "a name or a callable", repr(target)[:80])
    import sys

    import cloudpickle

    module = sys.modules.get(getattr(target, "__module__", None) or "")
    file = getattr(module, "__file__", None) or ""
    own = module is not None and file and "site-packages" not in file
    carried = own and module.__name__ != "__main__" and module.__name__.split(".")[0] != __package__
    if carried:
        cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps(target)
    finally:
        if carried:
            cloudpickle.unregister_pickle_by_value(module)


def _check_name(name: str) -> None:
    if name in library_kernels():
        return
    from .r1 import kernels

    if name not in kernels():
        _core.fail("unknown kernel", "fn_or_kernel", "one of " + ", ".join([*library_kernels(), *kernels()]), f"'{name}'")


def _keys(target: str | Callable, points: Sequence[Mapping[str, Any]]) -> list[str]:
    what = target if isinstance(target, str) else function_digest(target)
    sources = sources_digest()
    chips: dict[str, str] = {}

    def of_chip(name: str) -> str:
        if name not in chips:
            chips[name] = chip_digest(name)
        return chips[name]

    return [digest(what, sources, of_chip(os.fspath(point.get("chip", "ascend910c"))), dict(point)) for point in points]


def _compute(target, points: Mapping[int, dict], cluster, store: Callable[[int, dict, str | None], None]) -> int:
    """Runs the points and stores each as it comes; returns the most workers that there were."""
    from .clusters import connect

    shipped, ours, workers = _shipped(target), revision(), 0
    with connect(cluster, most=len(points)) as client:
        suspects = []
        for number, outcome in _outcomes(client, shipped, points, ours):
            workers = max(workers, len(client.scheduler_info(n_workers=-1)["workers"]))   # a local one may come late
            if isinstance(outcome, BaseException):
                suspects.append(number)
            else:
                store(number, *outcome)
        # A worker that dies again and again fails all that it held. Each runs once more, alone: then it is its own fault.
        for number in suspects:
            for _, outcome in _outcomes(client, shipped, {number: points[number]}, ours):
                store(number, *(outcome if isinstance(outcome, tuple) else ({}, f"{type(outcome).__name__}: {outcome}")))
    return workers


def _outcomes(client, shipped, points: Mapping[int, dict], ours: str) -> Iterator[tuple[int, tuple | BaseException]]:
    """(number, fields and error text) as points end, or the exception of Dask where a point never ended."""
    from distributed import as_completed

    # Each point is its own task, never shared with an equal one of another sweep: its cache is ours.
    futures = {client.submit(_run_point, shipped, point, ours, pure=False): number for number, point in points.items()}
    try:
        for future in as_completed(list(futures), loop=client.loop):
            if future.status == "finished":
                yield futures[future], future.result()
            else:
                lost = RuntimeError(f"the scheduler gave the point up: {future.status}")
                yield futures[future], future.exception() if future.status == "error" else lost
            future.release()
    finally:
        client.cancel([future for future in futures if not future.done()])


def _columns(point: Mapping[str, Any]) -> dict[str, Any]:
    """A point's own columns: its parameters, each override under its path."""
    flat = {key: value for key, value in point.items() if key != "overrides"}
    return flat | dict(point.get("overrides", {}))


def _frame(points: Sequence[Mapping[str, Any]], rows: Mapping[int, tuple[dict, str | None]]):
    """A row for each point; whole numbers stay whole beside the gaps of failed points."""
    import pandas

    records = []
    for number, point in enumerate(points):
        own, (fields, error) = _columns(point), rows[number]
        records.append({**own, **{name: value for name, value in fields.items() if name not in own}, "error": error})
    names = dict.fromkeys(name for record in records for name in record if name != "error")
    columns = {}
    for name in [*names, "error"]:
        values = [record.get(name) for record in records]
        present = [value for value in values if value is not None]
        whole = all(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 for value in present)
        gaps = len(present) < len(values)
        columns[name] = pandas.Series(values, dtype="object" if name == "error" else "Int64" if present and whole and gaps else None)
    return pandas.DataFrame(columns)


def sweep(fn_or_kernel: str | Callable, grid, cluster=None, *, progress: bool = True, cache: bool = True,
          cache_folder: str | os.PathLike | None = None, cache_bytes: int = CACHE_BYTES, **fixed):
    """Runs a kernel (by name) or a function at every point of a grid and returns a pandas DataFrame, a row for each point.

    grid: a dict of lists (their product) or a list of dicts. Of a kernel: its parameters, chip, mode (timing_only unless said), sync,
    l2, seed, check. A path of the chip file ("hbm.bandwidth", "clock") is an override, as is "overrides": {path: value}; a function gets
    those with a dot as its argument `overrides`. fixed: what all points share.
    cluster: None (a worker process for each core), how many of them, the address of a Dask scheduler, or a Client.
    Columns: the point's, then the run's (cycles, time_us, bound, utilization, busy_<pipe>, ...) or the items of the dict that a
    function returns, then `error` (None where all went well). frame.attrs: points, cache_hits, computed, failed, workers, wall_s.
    """
    from tqdm.auto import tqdm

    started = time.perf_counter()
    paths: Iterable[str] = ()
    if isinstance(fn_or_kernel, str):
        _check_name(fn_or_kernel)
        paths = chip_values("ascend910c").keys()   # `clock` has no dot; every chip has the same paths
    points = points_of(grid, fixed, paths)
    rows: dict[int, tuple[dict, str | None]] = {}
    keys = _keys(fn_or_kernel, points) if cache else []
    bar = tqdm(total=len(points), desc="sweep", unit="point", disable=None if progress else True)   # None: where there is a terminal
    with _opened(cache, cache_folder, cache_bytes) as kept, bar:
        for number, key in enumerate(keys):
            found = kept.get(key)
            if found is not None:
                rows[number] = (found, None)
                bar.update()
        hits = len(rows)

        def store(number: int, fields: dict, error: str | None) -> None:
            rows[number] = (fields, error)
            if keys and error is None:
                kept.set(keys[number], fields)
            bar.update()

        missing = {number: point for number, point in enumerate(points) if number not in rows}
        workers = _compute(fn_or_kernel, missing, cluster, store) if missing else 0

    frame = _frame(points, rows)
    name = fn_or_kernel if isinstance(fn_or_kernel, str) else getattr(fn_or_kernel, "__qualname__", repr(fn_or_kernel))
    failed = sum(error is not None for _, error in rows.values())
    frame.attrs.update(target=name, points=len(points), cache_hits=hits, computed=len(missing), failed=failed, workers=workers, revision=revision(),
                       wall_s=time.perf_counter() - started)
    return frame


class _NoCache:
    """Stands for the disk cache where none is wanted."""

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        pass


def _opened(wanted: bool, folder, nbytes: int):
    if not wanted:
        return _NoCache()
    import diskcache

    from .r1.elf_cache import cache_directory

    return diskcache.Cache(os.fspath(folder or cache_directory() / "sweep"), size_limit=nbytes, eviction_policy="least-recently-used")

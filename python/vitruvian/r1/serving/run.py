"""Runs a deployment: scenes, records, composition, the H100's side."""

from __future__ import annotations

import time
from dataclasses import fields

from ... import _core
from . import compose, memory
from .deployment import Decode, Deployment, Prefill
from .result import ServingResult
from .scenes import Scenes, scenes_of
from .simulate import Machine, simulate


def make(kind: type[Deployment], options: dict) -> Deployment:
    """A checked deployment. Errors: vt.Error for an unknown option or a value that no deployment can have."""
    known = {field.name for field in fields(kind)}
    for name in options:
        if name not in known:
            _core.fail("unknown option of a deployment", name, ", ".join(sorted(known)), name)
    if isinstance(options.get("overrides"), dict):
        options = {**options, "overrides": tuple(sorted((path, float(value)) for path, value in options["overrides"].items()))}
    deployment = kind(**options)
    deployment.check()
    return deployment


def serve(deployment: Deployment, *, baseline: str | None = "h100_sxm", processes: int | None = None, progress: bool = True, cache: bool = True) -> ServingResult:
    """Simulates a checked deployment, or takes its records from the cache."""
    begin = time.perf_counter()
    if processes is not None and processes < 0:
        _core.fail("bad number of processes", "processes", "0 or more", str(processes))
    if baseline not in (None, "", "none"):
        from .baseline import baseline as profile_of

        profile_of(baseline)  # an unknown one is an error before anything runs
    scenes_maker = Scenes(deployment)
    units = deployment.requests if isinstance(deployment, Decode) else deployment.prompts
    placement = scenes_maker.placement(units if isinstance(deployment, Decode) else max(1, scenes_maker.halves()[0]))
    needed = memory.check(deployment, placement.slots)
    scenes = scenes_of(deployment)
    found, hits = simulate(list(scenes.values()), Machine(deployment.chip, deployment.overrides), processes=processes, progress=progress, cache=cache)
    records = dict(zip(scenes, found))
    components = compose.components_of(deployment, records)
    side = None
    if baseline not in (None, "", "none"):
        from . import h100_side

        side = h100_side.serve(deployment, baseline)
    return ServingResult(deployment, records, compose.totals(components, deployment, records), needed, placement, side, baseline if side else "h100_sxm", hits,
                         time.perf_counter() - begin)


def decode(*, baseline: str | None = "h100_sxm", processes: int | None = None, progress: bool = True, cache: bool = True, **options) -> ServingResult:
    """A decode deployment of DeepSeek-R1: decode(batch=96, context=4096, ep=320, mtp=1). Options: the fields of serving.Decode.

    processes: simulations at once (default: one for each core; 0: none, all here). cache: keep and take simulations on disk.
    """
    return serve(make(Decode, options), baseline=baseline, processes=processes, progress=progress, cache=cache)


def prefill(*, baseline: str | None = "h100_sxm", processes: int | None = None, progress: bool = True, cache: bool = True, **options) -> ServingResult:
    """A prefill deployment: prefill(prompt=4096, tokens=16384, ep=32). Options: the fields of serving.Prefill."""
    return serve(make(Prefill, options), baseline=baseline, processes=processes, progress=progress, cache=cache)

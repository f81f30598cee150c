"""Scenes to records: runs a scene on a fresh emulated die, in a process of its own where several are due, and keeps the record on
disk under the hash of everything that it follows from.

    Scene --key--> disk cache --hit--> record
                       |miss
                       +--> process: Device, tensors, launches --run_streams--> record

A record is plain data: for each launch its cycles, place in time, limiting pipe, counters by pipe, bytes by level, and what its
kernel says of operations and compulsory bytes.
"""

from __future__ import annotations

import concurrent.futures
import functools
import hashlib
import inspect
import json
import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import _core
from ...chips import chip as values_of_chip
from ...device import Device
from ...fingerprint import chip_digest
from ..elf_cache import cache_directory
from ..exchange import Exchange
from ..kernel import R1Kernel, get_kernel
from .scene import Scene

RECORD_VERSION = 6           # of what a record holds: part of the key
CACHE_BYTES = 1 << 30        # bound of the disk cache; $VITRUVIAN_CACHE_BYTES
MOST_REPEATS = 6             # of a scene whose launches turn out to need data
# Kernels whose control flow follows computed data: they run in full from the start, on inputs of their own.
NEED_DATA = frozenset({"moe_gate", "sample", "argmax"})


@dataclass(frozen=True)
class Machine:
    """What the scenes of a deployment run on."""

    chip: str
    overrides: tuple[tuple[str, float], ...] = ()

    def device(self) -> Device:
        return Device(self.chip, dict(self.overrides))


# --- the cache

def open_cache():
    """Errors: vt.Error where the bound is no number."""
    import diskcache

    bound = os.environ.get("VITRUVIAN_CACHE_BYTES", str(CACHE_BYTES))
    if not bound.isdigit():
        _core.fail("bad size of the cache", "VITRUVIAN_CACHE_BYTES", "a number of bytes", bound)
    return diskcache.Cache(str(cache_directory() / "serving"), size_limit=int(bound), eviction_policy="least-recently-used")


@functools.lru_cache
def emulator_digest() -> str:
    """Of the compiled emulator: a revision alone would miss what is not committed."""
    return hashlib.sha256(Path(_core.__file__).read_bytes()).hexdigest()[:24]


def key_of(scene: Scene, machine: Machine, specs: list[R1Kernel], device: Device, elf=None) -> str:
    """Kernel ELFs, arguments, chip values and files, revision. Whatever a launch gets enters by its bound values, not by the code that made them."""
    launches, elf = [], elf or Elves()
    for launch, spec in zip(scene.launches, specs):
        if isinstance(spec, Exchange):  # its scalars and ids need the peers and seconds; they follow from the parameters and its module
            launches.append([spec.name, spec.values, elf(spec), _module_digest(spec)])
            continue
        stream = next(stream for stream in scene.streams if stream.name == launch.stream)
        buffers = {name: [buffer.role, list(buffer.shape), str(np.dtype(buffer.dtype))] for name, buffer in spec.buffers(device, stream.groups).items()}
        control = {name: hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for name, array in spec.control(np.random.default_rng(1)).items()}
        launches.append([spec.name, spec.symbol(), elf(spec), buffers, spec.scalars(device, stream.groups), spec.block_dim(device, stream.groups),
                         control, spec.operations(), spec.bytes()])
    values = {path: value.value for path, value in values_of_chip(machine.chip, dict(machine.overrides)).items()}
    # The files beside the values: the table of costs stands in them only.
    chip = [values, chip_digest(machine.chip)]
    text = json.dumps([RECORD_VERSION, scene.items(), launches, chip, emulator_digest(), _core.revision()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Elves:
    """Digests of kernels' ELFs, each looked up once: elves(spec)."""

    def __init__(self):
        self.known: dict[tuple, str] = {}

    def __call__(self, spec: R1Kernel) -> str:
        from ..elf_cache import cached_elf

        key = (spec.source, spec.flags())
        if key not in self.known:
            self.known[key] = hashlib.sha256(Path(cached_elf(*key)).read_bytes()).hexdigest()
        return self.known[key]


def _module_digest(spec: R1Kernel) -> str:
    """Of the modules that define a kernel's class and its bases in this package."""
    files = {inspect.getfile(kind) for kind in type(spec).__mro__ if kind.__module__.startswith(__package__.rpartition(".")[0])}
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in sorted(files))).hexdigest()


# --- one scene

def specs_of(scene: Scene) -> list[R1Kernel]:
    return [get_kernel(launch.kernel)(**dict(launch.parameters)) for launch in scene.launches]


class Tensors:
    """Device memory of a scene: what launches share by name, and what is a launch's own."""

    def __init__(self, device: Device, scene: Scene, specs: list[R1Kernel]):
        self.device, self.named, self.sizes = device, {}, {}
        groups = {stream.name: stream.groups for stream in scene.streams}
        exact: dict[str, int] = {}
        for launch, spec in zip(scene.launches, specs):
            buffers = spec.buffers(device, groups[launch.stream])
            for name, tensor in launch.tensors:
                size = buffers[name].nbytes
                self.sizes[tensor] = max(size, self.sizes.get(tensor, 0))
                # Exchanges have room for more rows than come; all others mean the same tensor.
                if not isinstance(spec, Exchange) and exact.setdefault(tensor, size) != size:
                    _core.fail("launches of a scene disagree on a tensor", f"{tensor} in {scene.name}", f"{exact[tensor]} bytes", f"{size} for {launch.label}")

    def get(self, name: str | None, buffer):
        if name is None:
            return self.device.empty(buffer.shape, buffer.dtype)
        if name not in self.named:
            self.named[name] = self.device.empty((self.sizes[name],), np.uint8)
        return self.named[name]


def prepare(scene: Scene, device: Device, specs: list[R1Kernel], in_full: set[int]):
    """PreparedLaunches in the scene's order. in_full: launches that compute, on inputs of their own."""
    tensors, prepared = Tensors(device, scene, specs), []
    streams = {stream.name: stream for stream in scene.streams}
    for i, (launch, spec) in enumerate(zip(scene.launches, specs)):
        stream, names = streams[launch.stream], dict(launch.tensors)
        rng = np.random.default_rng(1)
        inputs = spec.random(rng) if i in in_full else spec.control(rng)
        arrays = {}
        for name, buffer in spec.buffers(device, stream.groups).items():
            arrays[name] = tensors.get(None if name in inputs else names.get(name), buffer)
            if name in inputs:
                arrays[name].copy_from(np.ascontiguousarray(inputs[name], buffer.dtype))
        stage = i + 1 if isinstance(spec, Exchange) else 0
        prepared.append(spec.prepare(device, arrays, groups=stream.groups, first_core=stream.first_core, stage=stage,
                                     mode="full" if i in in_full else "timing_only"))
        if stage:
            spec.surroundings(device).package.stage = stage
            spec.settle(device, arrays, inputs)
    for launch, made in zip(scene.launches, prepared):
        made.wait_for(*(prepared[i] for i in launch.after))
    return prepared


def run_scene(scene: Scene, machine: Machine, progress=None) -> dict:
    """The record of a scene, simulated here and now. Launches run in timing_only; one that turns out to need data runs in full."""
    begin, cpu, in_full = time.perf_counter(), time.process_time(), {i for i, launch in enumerate(scene.launches) if launch.kernel in NEED_DATA}
    specs = specs_of(scene)
    for _ in range(MOST_REPEATS):
        exchange = next((spec for spec in specs if isinstance(spec, Exchange)), None)
        device = exchange.make_device(machine.chip, dict(machine.overrides)) if exchange else machine.device()
        prepared = prepare(scene, device, specs, in_full)
        streams = [[made for made, launch in zip(prepared, scene.launches) if launch.stream == stream.name] for stream in scene.streams]
        runs = {id(made): run for stream, done in zip(streams, device.run_streams(streams, progress)) for made, run in zip(stream, done)}
        runs = [runs[id(made)] for made in prepared]
        needy = {i for i, run in enumerate(runs) if run.fault is not None and run.fault.kind == "needs_data"} - in_full
        if not needy:
            break
        in_full |= needy
    for run in runs:
        run.check()
    values = values_of_chip(machine.chip, dict(machine.overrides))
    lead = round((values["launch.latency"].value - values["launch.gap"].value) * 1e-6 * device.clock_hz)
    return {"scene": scene.name, "lead_cycles": lead, "launches": [launch_record(*item, device) for item in zip(scene.launches, specs, runs)], "clock_hz": device.clock_hz,
            "aic": device.aic_count, "aiv": device.aiv_count, "cycles": max(run.end_cycle for run in runs), "missing": list(scene.missing),
            "provenance": device.provenance, "wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - cpu, "in_full": sorted(scene.launches[i].label for i in in_full)}


def launch_record(launch, spec: R1Kernel, run, device: Device) -> dict:
    pipes = {name: {"busy": pipe["busy"], "stalls": pipe["stalls"], "idle": pipe["idle"], "operations": pipe["operations"], "bytes": pipe["bytes"],
                    "assumed_busy": pipe["assumed_busy"]} for name, pipe in dict(run.pipes).items()}
    cubes = sum(core["is_aic"] for core in run.cores)
    return {
        "label": launch.label, "part": launch.part, "stream": launch.stream, "microbatch": launch.microbatch, "kernel": spec.name,
        "parameters": dict(spec.values), "core_kind": spec.core_kind, "operation_type": spec.operation_type, "start": run.start_cycle, "end": run.end_cycle,
        "cycles": run.cycles, "time_us": run.time_us, "core_time_us": run.core_time_us, "bound": run.bound, "assumed_share": run.assumed_share,
        "mode": run.mode, "operations": spec.operations(), "bytes": spec.bytes(), "cubes": cubes, "vectors": len(run.cores) - cubes, "pipes": pipes,
        "aic_pipes": pipes_of(run, True), "aiv_pipes": pipes_of(run, False), "memory": dict(run.memory), "pipe_operations": run.pipe_operations,
    }


def pipes_of(run, is_aic: bool) -> dict:
    """Busy cycles and bytes by pipe of one kind of core: MTE2 and MTE3 are on both."""
    found: dict[str, dict] = {}
    for core in run.cores:
        if core["is_aic"] != is_aic:
            continue
        for name, pipe in core["pipes"].items():
            sums = found.setdefault(name, {"busy": 0, "bytes": 0})
            sums["busy"] += pipe["busy"]
            sums["bytes"] += pipe["bytes"]
    return found


# --- many scenes

def simulate(scenes: list[Scene], machine: Machine, *, processes: int | None = None, progress: bool = True, cache: bool = True) -> tuple[list[dict], int]:
    """Records in the order of the scenes, and how many came from the cache. processes: 0 runs here; default: one for each core."""
    device = machine.device()
    specs = [specs_of(scene) for scene in scenes]
    elves = Elves()
    keys = [key_of(scene, machine, of_scene, device, elves) for scene, of_scene in zip(scenes, specs)]
    del device
    store = open_cache() if cache else None
    records = {i: store.get(key) for i, key in enumerate(keys)} if store is not None else {}
    records = {i: record for i, record in records.items() if record is not None}
    hits = len(records)
    # The longest first, so that the last one to end is a short one.
    due = sorted((i for i in range(len(scenes)) if i not in records), key=lambda i: -weight_of(specs[i]))
    try:
        if due:
            run = _run_here if processes == 0 or len(due) == 1 and processes is None else _run_in_processes
            for i, record in run([(i, scenes[i], weight_of(specs[i])) for i in due], machine, processes or os.cpu_count() or 1, progress):
                records[i] = record
                if store is not None:
                    store.set(keys[i], record)
    finally:
        if store is not None:
            store.close()
    return [records[i] for i in range(len(scenes))], hits


def weight_of(specs: list[R1Kernel]) -> float:
    """What a scene costs to simulate, roughly: bytes and cube work, each as requests and tiles."""
    return sum(spec.bytes() / 512 + spec.operations() / 2**22 + 2000 for spec in specs)


def _run_here(due, machine: Machine, _processes: int, progress: bool):
    with progress_bar(progress, [weight for _, _, weight in due]) as show:
        for place, (i, scene, _) in enumerate(due):
            yield i, run_scene(scene, machine, lambda share, place=place: show(place, share))
            show(place, 1.0)


_shares = None


def _adopt(shares) -> None:
    global _shares
    _shares = shares


def _work(place: int, scene: Scene, machine: Machine) -> dict:
    def say(share: float) -> None:
        _shares[place] = share
    return run_scene(scene, machine, say)


def _run_in_processes(due, machine: Machine, processes: int, progress: bool):
    context = multiprocessing.get_context("spawn")  # a fork would copy the parent's threads' locks
    shares = context.Array("d", len(due), lock=False)
    with progress_bar(progress, [weight for _, _, weight in due]) as show, concurrent.futures.ProcessPoolExecutor(
            min(processes, len(due)), mp_context=context, initializer=_adopt, initargs=(shares,)) as pool:
        waiting = {pool.submit(_work, place, scene, machine): (place, i) for place, (i, scene, _) in enumerate(due)}
        try:
            while waiting:
                done, _ = concurrent.futures.wait(waiting, timeout=0.2, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    place, i = waiting.pop(future)
                    shares[place] = 1.0
                    yield i, future.result()
                for place in range(len(due)):
                    show(place, shares[place])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class progress_bar:
    """A bar on the terminal once two seconds have passed; show(place, share) by scene."""

    def __init__(self, wanted: bool, weights: list[float]):
        self.wanted, self.weights, self.shares = wanted, weights, [0.0] * len(weights)

    def __enter__(self):
        from tqdm import tqdm

        self.bar = tqdm(total=sum(self.weights), desc="simulating", delay=2, leave=False, disable=None if self.wanted else True,
                        bar_format="{desc} [{bar:40}] {percentage:3.0f} %  {elapsed} (~{remaining})")
        return self

    def __call__(self, place: int, share: float) -> None:
        step = max(share - self.shares[place], 0)
        self.shares[place] += step
        self.bar.update(step * self.weights[place])

    def __exit__(self, *_):
        self.bar.close()

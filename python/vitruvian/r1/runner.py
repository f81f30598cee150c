"""Runs an R1 kernel on seeded random data and checks it: what `vitruvian kernel NAME` and vt.kernel() do for this library."""

from __future__ import annotations

import functools
import math

import numpy as np

from ..device import Device
from ..run import Run
from .kernel import R1Kernel, core_groups, generator, get_kernel

# Multiply-adds of a cube in a cycle: 16 x 16 x 16 at bf16, twice as many at int8 (facts 2).
CUBE_OPERATIONS = {"bf16": 2 * 16**3, "int8": 4 * 16**3}


class R1Run(Run):
    """A Run with its check and its place under the roofs.

    spec (the R1Kernel), parameters, operations, bytes, max_rel_error and max_rel_error_bound (None where nothing was checked),
    passed, tflops, utilization (of the cube's peak for the type over the core time; None for vector kernels),
    bandwidth (compulsory bytes a second over the core time), h100 and h100_time_us, h100_basis, ratio_to_h100, outputs (arrays by name, where data was computed).
    """

    def __init__(self, core, spec: R1Kernel, device: Device, seed: int):
        super().__init__(core)
        self.spec, self.parameters, self.seed = spec, dict(spec.values), seed
        self.operations, self.bytes = spec.operations(), spec.bytes()
        self.max_rel_error = self.max_rel_error_bound = None
        self.outputs: dict[str, np.ndarray] = {}
        seconds, core_seconds = self.time_us * 1e-6, self.core_time_us * 1e-6
        self.tflops = self.operations / seconds * 1e-12 if seconds else 0.0
        self.bandwidth = self.bytes / core_seconds if core_seconds else 0.0
        per_cycle = CUBE_OPERATIONS.get(spec.operation_type)
        self.utilization = self.operations / (core_seconds * device.clock_hz * device.aic_count * per_cycle) if per_cycle and core_seconds else None

    @property
    def passed(self) -> bool:
        return self.max_rel_error is None or self.max_rel_error <= self.max_rel_error_bound

    @functools.cached_property
    def h100(self):
        """The same work on an H100: a serving.baseline.Prediction, which says whether it is a curve's or measured."""
        from .serving.baseline import baseline

        return baseline().predict_kernel(self.spec)

    @property
    def h100_time_us(self) -> float:
        return self.h100.time_us

    @property
    def h100_basis(self) -> str:
        return f"{self.h100.basis}: {self.h100.source}"

    @property
    def ratio_to_h100(self) -> float | None:
        return self.h100_time_us / self.time_us if self.time_us else None

    def json(self) -> dict:
        """The fields of `vitruvian kernel NAME --json`."""
        error = self.max_rel_error
        fields = {
            "kernel": self.spec.name, "symbol": self.kernel, "parameters": self.parameters, "seed": self.seed, "chip": self.chip, "mode": self.mode,
            "sync": self.sync, "l2": self.l2, "cycles": self.cycles, "time_us": self.time_us, "core_time_us": self.core_time_us,
            "operations": self.operations, "bytes": self.bytes, "tflops": self.tflops, "utilization": self.utilization,
            "bandwidth_bytes_per_s": self.bandwidth, "bound": self.bound,
            "max_rel_error": error if error is None or math.isfinite(error) else "infinite", "max_rel_error_bound": self.max_rel_error_bound,
            "max_rel_error_formula": self.spec.error_formula, "wall_s": self.wall_s, "pipe_operations": self.pipe_operations,
            "scalar_instructions": self.scalar_instructions, "pipes": dict(self.pipes), "memory": self.memory, "assumed_share": self.assumed_share,
            "h100_time_us": self.h100_time_us, "h100_basis": self.h100_basis, "ratio_to_h100": self.ratio_to_h100,
        }
        if error is not None:
            fields["passed"] = self.passed
        if self.fault is not None:
            fields["fault"] = self.fault.report()
        return fields

    def __repr__(self) -> str:
        text = f"{self.spec!r}\n{super().__repr__()}"
        if self.max_rel_error is not None:
            text += f"\ncheck {'passed' if self.passed else 'FAILED'}: {self.spec.error_formula} = {self.max_rel_error:.3g}, bound {self.max_rel_error_bound:.3g}"
        share = f"{self.utilization:.1%} of the cube, " if self.utilization is not None else ""
        return text + f"\n{self.tflops:.1f} TFLOP/s, {share}{self.bandwidth * 1e-9:.0f} GB/s"


def run(kernel: str | R1Kernel, device: Device | None = None, *, chip: str = "ascend910c", overrides: dict[str, float] | None = None, seed: int = 1, check: bool = True,
        groups: int | None = None, flags: tuple[str, ...] = (), progress=None, mode: str = "full", sync: str = "auto", l2: str = "cold",
        trace: bool = False, **parameters) -> R1Run:
    """Runs a kernel, by its name and parameters or as an R1Kernel, on random data from `seed`; a fault is in the result.

    groups: core groups; by the name of a kernel with a parameter of that name (grouped_gemm), that parameter.
    """
    if isinstance(kernel, str) and "groups" in get_kernel(kernel).parameters and groups is not None:
        parameters["groups"], groups = groups, None
    spec = kernel if isinstance(kernel, R1Kernel) else get_kernel(kernel)(**parameters)
    device = device or spec.make_device(chip, overrides)
    groups = core_groups(device, groups)
    with_data = mode != "timing_only"
    buffers = spec.buffers(device, groups)
    # Before the data: what the device has no room for, the host may not have either.
    arrays = {name: device.empty(buffer.shape, buffer.dtype) for name, buffer in buffers.items()}
    rng = generator(seed)
    inputs = spec.random(rng) if with_data else spec.control(rng)
    for name, buffer in buffers.items():
        if name in inputs:
            arrays[name].copy_from(np.ascontiguousarray(inputs[name], buffer.dtype))
        elif with_data and arrays[name].nbytes:
            # Not a number in every float type: what the kernel leaves out, or reads before it writes, fails the check.
            device._core.fill(arrays[name]._live(), 0xff, arrays[name].nbytes)
    launch = spec.prepare(device, arrays, groups=groups, flags=flags, mode=mode, sync=sync, l2=l2, trace=trace)
    spec.settle(device, arrays, inputs)
    with launch.bind() as arguments:
        result = R1Run(launch.kernel.module._core.launch(launch.kernel.name, arguments.values, launch.options, progress), spec, device, seed)
    if result.computed_data and result.fault is None and check:
        reference = spec.reference(inputs)
        result.outputs = spec.collect(device, arrays, inputs, list(reference))
        result.max_rel_error, result.max_rel_error_bound = spec.compare(result.outputs, inputs, reference)
    return result

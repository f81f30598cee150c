"""Kernels one after another, each on arrays that others left in device memory.

    chain = Chain(device, groups=8)
    a = chain("quantize", {"x": x}, rows=4, columns=512)      # runs; a["y"], a["scale"] are on the device
    Chain(device, execute=False)                              # only prepares: chain.steps hold the launches
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ..arguments import DeviceArray
from ..device import Device, PreparedLaunch
from ..run import Run
from .kernel import R1Kernel, get_kernel


@dataclass
class Step:
    """A kernel of a chain: what it computes (spec), where (launch.arrays), and its run if it ran."""

    label: str
    spec: R1Kernel
    launch: PreparedLaunch
    run: Run | None = None


class Chain:
    """execute=False: launches are prepared and kept, with all their arrays. options: Kernel.prepare's (mode, sync, l2, ...)."""

    def __init__(self, device: Device, *, groups: int | None = None, first_core: int = 0, execute: bool = True, **options):
        self.device, self.groups, self.first_core, self.execute, self.options = device, groups, first_core, execute, options
        self.steps: list[Step] = []

    def __call__(self, kernel: str, arrays: Mapping[str, DeviceArray], label: str = "", **parameters) -> dict[str, DeviceArray]:
        """Runs a kernel on `arrays`; its other buffers are allocated. Returns all of them by name. A fault raises vt.KernelFault."""
        spec = get_kernel(kernel)(**parameters)
        launch = spec.prepare(self.device, arrays, groups=self.groups, first_core=self.first_core, **self.options)
        step = Step(label or kernel, spec, launch)
        self.steps.append(step)
        found = launch.arrays
        if self.execute:
            with launch.bind() as arguments:
                step.run = Run(launch.kernel.module._core.launch(launch.kernel.name, arguments.values, launch.options, None)).check()
            launch.args, launch.arrays = [], {}  # what nobody else holds goes back to the device
        return found

    @property
    def cycles(self) -> int:
        return sum(step.run.cycles for step in self.steps if step.run)

    def cycles_by_kernel(self) -> dict[str, tuple[int, int]]:
        """kernel -> (launches, cycles), the longest first."""
        found: dict[str, tuple[int, int]] = {}
        for step in self.steps:
            count, cycles = found.get(step.spec.name, (0, 0))
            found[step.spec.name] = (count + 1, cycles + (step.run.cycles if step.run else 0))
        return dict(sorted(found.items(), key=lambda item: -item[1][1]))

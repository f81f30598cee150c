"""Vitruvian: a cycle-approximate emulator of a Huawei Ascend 910C-class AI accelerator.

    import numpy as np, vitruvian as vt
    dev = vt.Device("ascend910c")
    module = dev.compile("add_custom.cpp")
    z = np.empty_like(x)
    run = module["add_custom"].launch(block_dim=8, args=[x, y, vt.out(z), 2048])
    run.cycles, run.time_us, run.pipes, run.fault
    run.trace("run.json")                     # open at https://ui.perfetto.dev

A user's mistake raises vt.Error. A kernel's fault is `run.fault`; `run.check()` or `launch(check=True)` raises it as
vt.KernelFault.
"""

from ._core import Error, Fault
from .arguments import DeviceArray, inout, out
from .chips import Op, Value, chip, chips, library_kernels, operations, revision
from .device import Device, Kernel, Module, PreparedLaunch, compile, kernel
from .package import Package, Peer
from .run import KernelFault, KernelRun, Run
from .sweep import sweep
from . import tiling

__version__ = "0.1.0"
__all__ = [
    "Device", "DeviceArray", "Error", "Fault", "Kernel", "KernelFault", "KernelRun", "Module", "Op", "Package", "Peer", "PreparedLaunch", "Run", "Value",
    "chip", "chips", "compile", "inout", "kernel", "library_kernels", "operations", "out", "r1", "revision", "sweep", "tiling",
]


def __getattr__(name):
    """vt.r1, imported when first asked for: most scripts do without it."""
    if name == "r1":
        import importlib

        return importlib.import_module(".r1", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

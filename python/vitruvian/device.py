"""Devices, compiled modules, and launches."""

import os
import tempfile
from pathlib import Path

import numpy as np

from . import _core
from .arguments import BoundArguments, DeviceArray
from .run import KernelRun, Run


def compile(source, output=None, flags=(), compiler="") -> str:
    """Compiles a kernel source to an ELF with the stock clang++ and returns its path (default: the source's name with .elf).

    compiler: another clang++, or riscv64-unknown-elf-g++, by name or path.
    """
    output = Path(output) if output is not None else Path(source).with_suffix(".elf")
    _core.compile(os.fspath(source), os.fspath(output), list(flags), compiler)
    return os.fspath(output)


class Device:
    """One emulated die: its memory, and the modules loaded into it.

    chip: a name of vt.chips(), or a path that ends in .yaml. overrides: {"hbm.bandwidth": 2e12}, in the chip file's units.
    """

    def __init__(self, chip: str = "ascend910c", overrides: dict[str, float] | None = None):
        self._core = _core.Device(os.fspath(chip), {path: float(value) for path, value in (overrides or {}).items()})

    @classmethod
    def _of_core(cls, core) -> "Device":
        """A die of a package: its compiled part exists already."""
        device = cls.__new__(cls)
        device._core = core
        return device

    @property
    def chip(self) -> str:
        return self._core.chip

    @property
    def clock_hz(self) -> float:
        return self._core.clock_hz

    @property
    def aic_count(self) -> int:
        """Cube cores."""
        return self._core.aic_count

    @property
    def aiv_count(self) -> int:
        """Vector cores."""
        return self._core.aiv_count

    @property
    def provenance(self) -> str:
        """Chip file, overrides and revision, as every report should say."""
        return self._core.provenance

    def hierarchy(self) -> str:
        """The tree of SystemC modules."""
        return self._core.hierarchy()

    def load(self, elf) -> "Module":
        """Loads a compiled kernel file, given by its path or as bytes."""
        if isinstance(elf, (bytes, bytearray)):
            return Module(self, self._core.load_bytes(bytes(elf), "memory.elf"))
        return Module(self, self._core.load(os.fspath(elf)))

    def compile(self, source, flags=()) -> "Module":
        """Compiles a kernel source and loads it; a second call compiles again, since the source may have changed."""
        with tempfile.TemporaryDirectory(prefix="vitruvian-") as folder:
            elf = compile(source, Path(folder) / (Path(source).stem + ".elf"), flags)
            return self.load(elf)

    def to_device(self, array) -> DeviceArray:
        """Copies a host array to device memory, where it stays."""
        array = np.ascontiguousarray(array)
        return DeviceArray(self._core, array.shape, array.dtype).copy_from(array)

    def empty(self, shape, dtype=np.float32) -> DeviceArray:
        """Device memory with whatever it holds."""
        return DeviceArray(self._core, shape, dtype)

    def zeros(self, shape, dtype=np.float32) -> DeviceArray:
        """Device memory filled with zero bytes."""
        array = DeviceArray(self._core, shape, dtype)
        if array.nbytes:
            self._core.fill(array._live(), 0, array.nbytes)
        return array

    def run_concurrently(self, launches: "list[PreparedLaunch]", progress=None) -> list[Run]:
        """Runs several launches, made by Kernel.prepare(), in one simulation: on disjoint cores (first_core=), contending for
        L2 and HBM. Mode, sync and l2 of the first count for all."""
        return run_together(self._core, launches, progress)

    def __repr__(self) -> str:
        return f"Device({self.chip}: {self.aic_count} AIC, {self.aiv_count} AIV, {self.clock_hz / 1e9:.2f} GHz)"


def run_together(core, launches: "list[PreparedLaunch]", progress=None) -> list[Run]:
    """Device.run_concurrently() and Package.run_concurrently(): `core` is either's compiled part."""
    bound = []
    try:
        for launch in launches:
            bound.append(launch.bind())
        items = [(launch.kernel.module._core, launch.kernel.name, arguments.values, launch.options)
                 for launch, arguments in zip(launches, bound)]
        runs = [Run(result) for result in core.run_concurrently(items, progress)]
        for arguments, run in zip(bound, runs):
            if run.computed_data:
                arguments.copy_back()
        return runs
    finally:
        for arguments in bound:
            arguments.free()


class Module:
    """A compiled kernel file in a device. module["name"] is one of its kernels."""

    def __init__(self, device: Device, core):
        self.device, self._core = device, core

    @property
    def name(self) -> str:
        return self._core.name

    @property
    def kernels(self) -> list[str]:
        return list(self._core.kernels)

    def __getitem__(self, name: str) -> "Kernel":
        if name not in self.kernels:
            _core.fail("no such kernel", self.name, ", ".join(self.kernels), f"'{name}'")
        return Kernel(self, name)

    def __iter__(self):
        return (Kernel(self, name) for name in self.kernels)

    def __len__(self) -> int:
        return len(self.kernels)

    def __repr__(self) -> str:
        return f"Module({self.name}: " + "; ".join(self._core.signature(name) for name in self.kernels) + ")"


class PreparedLaunch:
    """A launch that has not run: for Device.run_concurrently()."""

    def __init__(self, kernel: "Kernel", args, tiling, options):
        self.kernel, self.args, self.tiling, self.options = kernel, list(args), tiling, options

    def bind(self) -> BoundArguments:
        fill = self.options.get("mode", "full") != "timing_only"
        return BoundArguments(self.kernel.module.device._core, self.args, self.tiling, fill)


class Kernel:
    """One kernel of a module."""

    def __init__(self, module: Module, name: str):
        self.module, self.name = module, name

    @property
    def signature(self) -> str:
        return self.module._core.signature(self.name)

    def prepare(self, args=(), *, block_dim=1, tiling=None, mode="full", sync="auto", l2="cold", trace=False, **options) -> PreparedLaunch:
        """A launch for Device.run_concurrently(); arguments as in launch()."""
        options.update(block_dim=block_dim, mode=mode, sync=sync, l2=l2, trace=trace)
        return PreparedLaunch(self, args, tiling, options)

    def launch(self, block_dim=1, args=(), *, mode="full", sync="auto", l2="cold", trace=True, tiling=None, check=False, progress=None,
               **options) -> Run:
        """Runs the kernel to its end.

        args:  NumPy arrays (copied to the device), vt.out(z) and vt.inout(w) (copied back), DeviceArrays, numbers, bytes.
        mode:  "full", "timing_only" (outputs stay as they are), "functional_only" (no clock), "auto".
        sync:  "auto" or "strict". l2: "cold", "warm" or "carried". trace: keep the events for Run.trace().
        tiling: bytes, array or ctypes structure; its device address becomes the last argument.
        check: raise a fault of the kernel as KernelFault; without it, it is Run.fault.
        progress: called now and then with the share done.
        Further options: first_core, runahead_limit, instruction_limit, tiling_key, steering_bytes (timing_only carries out
        operations of at most so many bytes whose inputs are known: index lists).
        Outputs are copied back after a fault too: they show how far the kernel came.
        """
        prepared = self.prepare(args, block_dim=block_dim, tiling=tiling, mode=mode, sync=sync, l2=l2, trace=trace, **options)
        with prepared.bind() as arguments:
            run = Run(self.module._core.launch(self.name, arguments.values, prepared.options, progress))
            if run.computed_data:
                arguments.copy_back()
        return run.check() if check else run

    def __repr__(self) -> str:
        return f"Kernel({self.signature})"


def kernel(name: str, chip: str = "ascend910c", *, device: Device | None = None, mode="full", sync="auto", l2="cold", trace=False, seed=1,
           check=True, progress=None, **parameters) -> KernelRun:
    """Runs a library kernel, or one of vt.r1's, on seeded random data and checks it, as `vitruvian kernel` does: kernel("gemm", m=512, n=512, k=512)."""
    if name not in _core.library_kernels():
        from .r1.cli import find_kernel
        from .r1.runner import run

        return run(find_kernel(name)(**parameters), device, chip=chip, seed=seed, check=check, progress=progress, mode=mode, sync=sync, l2=l2, trace=trace)
    device = device or Device(chip)
    words = {key: str(value) for key, value in parameters.items()}
    options = {"mode": mode, "sync": sync, "l2": l2, "trace": trace}
    return KernelRun(device._core.run_library_kernel(name, words, options, seed, check, progress))

"""One compiled kernel of the R1 library with its shape bound: what it needs, how it is launched, checked and accounted for.

    parameters --> buffers, scalars --> prepare() --> PreparedLaunch --> Run
    random()   --> reference()  } compare(): error against a bound that follows from the types
    operations(), bytes()       } the roofline

A kernel is a subclass of R1Kernel in one of this package's modules and a source in kernels/r1. It is found by its name.
"""

from __future__ import annotations

import abc
import inspect
import math
from dataclasses import dataclass
from typing import ClassVar, Mapping

import ml_dtypes
import numpy as np

from .. import _core
from ..arguments import DeviceArray
from ..device import Device, Module, PreparedLaunch
from .elf_cache import cached_elf

BF16 = np.dtype(ml_dtypes.bfloat16)

# Half a unit in the last place, relative: the largest error of one rounding to the type.
UNIT_ROUNDOFF = {BF16: 2.0**-8, np.dtype(np.float16): 2.0**-11, np.dtype(np.float32): 2.0**-24}


def rounding_error(got: np.ndarray, wanted: np.ndarray, accumulation: float) -> tuple[float, float]:
    """(error, bound) of an output that is rounded once to its type, after arithmetic with an error of `accumulation` relative to the largest value.

    Every element is judged by itself: |y - ref| <= u |ref| + accumulation max |ref|, as error = |y - ref| / (|ref| + accumulation / u max |ref|)."""
    got, unit = np.asarray(got).astype(np.float64), UNIT_ROUNDOFF[np.asarray(got).dtype]
    if not np.isfinite(got).all():
        return math.inf, unit
    size = np.abs(wanted)
    size = size + accumulation / unit * (float(np.max(size, initial=0)) or 1.0)
    return float(np.max(np.abs(got - wanted) / size, initial=0)), unit


@dataclass(frozen=True)
class Parameter:
    """A parameter of a kernel: an integer, a float or one of `choices`, by the type of its default. minimum: of numbers."""

    default: int | float | str
    meaning: str
    choices: tuple[str, ...] = ()
    minimum: float = 1

    def parse(self, kernel: str, name: str, value) -> int | float | str:
        kind = type(self.default)
        try:
            parsed = str(value) if kind is str else kind(value)
        except (TypeError, ValueError, OverflowError):
            parsed = None
        if kind is int and isinstance(value, float) and parsed != value:
            parsed = None
        if kind is str:
            wanted, good = "one of " + ", ".join(self.choices), not self.choices or parsed in self.choices
        else:
            wanted = f"{'a whole number' if kind is int else 'a number'} from {self.minimum:g} on"
            good = parsed is not None and math.isfinite(parsed) and parsed >= self.minimum
        if not good:
            _core.fail(f"bad value of a parameter of {kernel}", name, wanted, f"'{value}'")
        return parsed


@dataclass(frozen=True)
class Buffer:
    """Global memory that a kernel gets. role: in, out, inout, workspace (any content before and after)."""

    role: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class R1Kernel(abc.ABC):
    """Subclasses set the class attributes and give the abstract methods; the docstring says shapes, types, tiling, bytes, operations."""

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    source: ClassVar[str] = ""                        # in kernels/r1
    parameters: ClassVar[dict[str, Parameter]] = {}
    core_kind: ClassVar[str] = "mix"                  # mix, aic (blocks are core groups), aiv (blocks are vector cores)
    operation_type: ClassVar[str] = "bf16"            # bf16, int8: the cube's peak to compare with; vector
    error_formula: ClassVar[str] = "max |y - ref| / (|ref| + c max |ref|) of the worst output, c = 2^-18 / u; u: half a unit of its type"
    # Compiler flags that drop one K tile, expert or block: the tests show that the check sees it.
    broken_flags: ClassVar[tuple[str, ...]] = ()
    # timing_only carries out operations on known bytes up to this many, so that lists that steer the kernel may go through UB.
    steering_bytes: ClassVar[int] = 1 << 14
    # Small odd shapes that scripts/test runs: keyword arguments of the constructor.
    test_grid: ClassVar[tuple[dict, ...]] = ()

    def __init__(self, **values):
        unknown = [key for key in values if key not in self.parameters]
        if unknown:
            _core.fail(f"unknown parameter of {self.name}", unknown[0], "one of " + ", ".join(self.parameters), f"'{unknown[0]}'")
        self.values = {key: parameter.parse(self.name, key, values.get(key, parameter.default)) for key, parameter in self.parameters.items()}
        for key, value in self.values.items():
            setattr(self, key, value)
        self.validate()

    def validate(self) -> None:
        """Errors: vt.Error where the parameters together make no sense (self.reject())."""

    def reject(self, parameter: str, expected: str) -> None:
        _core.fail(f"bad value of a parameter of {self.name}", parameter, expected, str(self.values[parameter]))

    # --- what the device gets

    @abc.abstractmethod
    def symbol(self) -> str:
        """The kernel's name in the ELF."""

    @abc.abstractmethod
    def buffers(self, device: Device, groups: int) -> dict[str, Buffer]:
        """By the name of the kernel's parameter. groups: core groups (one cube core, two vector cores) that will run it."""

    def scalars(self, device: Device, groups: int) -> dict[str, int | float]:
        """The kernel's other parameters, by name."""
        return {}

    def flags(self) -> tuple[str, ...]:
        """Compiler flags, such as a tile size."""
        return ()

    def block_dim(self, device: Device, groups: int) -> int:
        return groups * (device.aiv_count // device.aic_count if self.core_kind == "aiv" else 1)

    def make_device(self, chip: str, overrides: Mapping[str, float] | None) -> Device:
        """Where the runner puts the kernel if it is given no device."""
        return Device(chip, dict(overrides or {}))

    def settle(self, device: Device, arrays: Mapping[str, DeviceArray], inputs: Mapping[str, np.ndarray]) -> None:
        """What else must be set up before the launch."""

    # --- the check

    @abc.abstractmethod
    def random(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Inputs (roles in and inout) of realistic magnitude."""

    def control(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Those of random()'s arrays that scalar units read (row counts, lengths, block tables): timing_only needs them, too."""
        return {}

    @abc.abstractmethod
    def reference(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs (roles out and inout) in fp32 or fp64, written apart from the kernel."""

    def collect(self, device: Device, arrays: Mapping[str, DeviceArray], inputs: Mapping[str, np.ndarray], names) -> dict[str, np.ndarray]:
        """The outputs of these names, for compare()."""
        return {name: arrays[name].numpy() for name in names}

    def compare(self, outputs: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]) -> tuple[float, float]:
        """(error, bound) of the worst output, in the measure of error_formula; infinite where an output is not finite.
        Default: rounding_error()."""
        return max((rounding_error(outputs[name], wanted, self.accumulation()) for name, wanted in reference.items()), key=lambda pair: pair[0] / pair[1])

    def accumulation(self) -> float:
        """Error that the fp32 arithmetic before the last rounding may have, relative to the largest value."""
        return 2.0**-18

    # --- the roofline

    @abc.abstractmethod
    def operations(self) -> float:
        """Useful operations, a multiply-add being two."""

    @abc.abstractmethod
    def bytes(self) -> float:
        """Compulsory traffic with HBM: each input read once, each output written once."""

    def other_bound_s(self, device: Device) -> float:
        """Seconds that something else than the cube and HBM needs at least: the fabric, of exchanges between dies."""
        return 0.0

    # --- launches

    def module(self, device: Device, flags: tuple[str, ...] = ()) -> Module:
        """The compiled kernel in the device, loaded once."""
        loaded = device.__dict__.setdefault("_r1_modules", {})
        key = (self.source, (*self.flags(), *flags))
        if key not in loaded:
            loaded[key] = device.load(cached_elf(self.source, key[1]))
        return loaded[key]

    def prepare(self, device: Device, arrays: Mapping[str, DeviceArray] | None = None, *, groups: int | None = None, first_core: int = 0,
                flags: tuple[str, ...] = (), **options) -> PreparedLaunch:
        """A launch on `groups` core groups from `first_core` on; buffers that `arrays` lacks are allocated. options: Kernel.prepare's."""
        groups = core_groups(device, groups, first_core)
        options.setdefault("steering_bytes", self.steering_bytes)
        module = self.module(device, flags)
        symbol = self.symbol() if self.symbol() in module.kernels else _core.fail(
            "the library has no kernel for these parameters", module.name, ", ".join(module.kernels), self.symbol())
        values: dict = dict(self.scalars(device, groups))
        for name, buffer in self.buffers(device, groups).items():
            given = (arrays or {}).get(name)
            values[name] = device.empty(buffer.shape, buffer.dtype) if given is None else given
        kernel = module[symbol]
        names = [part.split(":")[0].strip() for part in kernel.signature.split("(", 1)[1].rstrip(")").split(",") if part.strip()]
        missing = [name for name in names if name not in values]
        if missing:
            _core.fail("the kernel has a parameter without a value", kernel.signature, ", ".join(values), missing[0])
        launch = kernel.prepare([values[name] for name in names], block_dim=self.block_dim(device, groups), first_core=first_core, **options)
        launch.arrays = {name: value for name, value in values.items() if isinstance(value, DeviceArray)}
        return launch

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.values.items())})"


def generator(seed: int) -> np.random.Generator:
    """Errors: vt.Error for a seed below 0."""
    if seed < 0:
        _core.fail("bad seed", "seed", "a whole number from 0 on", str(seed))
    return np.random.default_rng(seed)


def core_groups(device: Device, groups: int | None, first_core: int = 0) -> int:
    """The number of core groups of a launch; None: all from first_core on. Errors: vt.Error where the device has fewer."""
    free = device.aic_count - first_core
    if not 0 <= first_core < device.aic_count:
        _core.fail("bad first core group", "first_core", f"0 to {device.aic_count - 1}", str(first_core))
    if groups is not None and not 1 <= groups <= free:
        _core.fail("bad number of core groups", "groups", f"1 to {free}", str(groups))
    return free if groups is None else int(groups)


def kernels() -> dict[str, type[R1Kernel]]:
    """All kernels of the library, by name."""
    from . import families  # noqa: F401  (imports every module that defines kernels)

    found: dict[str, type[R1Kernel]] = {}
    pending = list(R1Kernel.__subclasses__())
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if not inspect.isabstract(kind) and kind.name:
            found[kind.name] = kind
    return dict(sorted(found.items()))


def get_kernel(name: str) -> type[R1Kernel]:
    """Errors: vt.Error that names the kernels there are."""
    found = kernels()
    if name not in found:
        _core.fail("unknown R1 kernel", "kernel", "one of " + ", ".join(found), f"'{name}'")
    return found[name]

"""What there is: chips with their values, library kernels, and the table of instructions."""

import enum
from typing import NamedTuple

from . import _core


class Value(NamedTuple):
    """One parameter of a chip, with what it rests on."""

    value: float
    unit: str
    trust: str
    source: str
    meaning: str


class Instruction(NamedTuple):
    """One row of the instruction table."""

    name: str
    code: int
    pipe: str
    is_pipe_operation: bool
    text: str
    source: str


def chips() -> dict[str, str]:
    """The chips that Device() knows by name, with their descriptions."""
    return dict(_core.chip_descriptions())


def chip(name: str, overrides: dict[str, float] | None = None) -> dict[str, Value]:
    """Every parameter of a chip by its path in the chip file: chip("ascend910c")["hbm.bandwidth"].value."""
    return {path: Value(*fields) for path, fields in _core.chip_values(name, overrides or {}).items()}


def library_kernels() -> dict[str, tuple[str, dict[str, tuple[str, str]]]]:
    """The kernels that vt.kernel() runs: name -> (summary, {parameter: (default, meaning)})."""
    return _core.library_kernels()


def operations() -> list[Instruction]:
    """The table of instructions, isa/instructions.def."""
    return [Instruction(*row) for row in _core.operations()]


# Values are those of Run.events["op"]. The table's own order gives the numbers: compare names across versions.
Op = enum.IntEnum("Op", {row.name: row.code for row in operations()})


def revision() -> str:
    """Version and git revision of the compiled emulator."""
    return _core.revision()

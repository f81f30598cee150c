"""Ceilings of both machines, from the chip file and the H100 profile, and where a kernel lies under them."""

from __future__ import annotations

import functools
from pathlib import Path

from .... import _core
from ...runner import CUBE_OPERATIONS
from ..baseline import baseline

# Architecture: the bytes that a vector core computes on in a cycle, and of each fp16 lane.
_REPEAT_BYTES, _LANE_BYTES = 256, 2

LEVELS = ("hbm", "l2", "l1", "ub")
LEVEL_NAMES = {"hbm": "HBM", "l2": "L2 <-> cores", "l1": "L1 -> L0", "ub": "UB"}


@functools.lru_cache
def cost_rate(chip: str, row: str) -> float:
    """Bytes a cycle of a row of the chip file's cost table; a chip that is based on another one takes its rows."""
    import yaml

    path = Path(chip) if chip.endswith(".yaml") else Path(_core.data_directory()) / "chips" / f"{chip}.yaml"
    with open(path, encoding="utf-8") as file:
        data = yaml.safe_load(file)
    if row in data.get("costs", {}):
        return float(data["costs"][row]["bytes_per_cycle"])
    base = data.get("base") or _core.fail("no such row in the cost table", chip, "a row with bytes_per_cycle", row)
    return cost_rate(str(path.parent / f"{base}.yaml"), row)


def compute_roofs(result) -> dict[str, float]:
    """Operations a second of a die, by type."""
    values = result.deployment.chip_values()
    clock, cubes = values["clock"].value, values["cores.aic"].value
    vectors = cubes * values["cores.aiv_per_aic"].value
    roofs = {name: clock * cubes * operations for name, operations in CUBE_OPERATIONS.items()}
    return {**roofs, "vector": clock * vectors * 2 * _REPEAT_BYTES / _LANE_BYTES}


def memory_roofs(result) -> dict[str, float]:
    """Bytes a second of a die, by level; L2 and UB in each direction."""
    values = result.deployment.chip_values()
    clock, cubes = values["clock"].value, values["cores.aic"].value
    vectors = cubes * values["cores.aiv_per_aic"].value
    return {
        "hbm": values["hbm.bandwidth"].value, "l2": values["l2.slices"].value * values["l2.slice_width"].value * values["l2.slice_clock"].value,
        "l1": clock * cubes * cost_rate(result.deployment.chip, "load2d_l0a"),
        "ub": clock * vectors * values["dma.channel_width"].value * values["dma.read_channels_aiv"].value,
    }


def h100_roofs(name: str) -> tuple[dict[str, float], dict[str, float]]:
    machine = baseline(name).machine
    return {"bf16": machine.peaks["bf16"], "int8": machine.peaks["fp8"]}, {"hbm": machine.memory_bandwidth}


def rate(row: dict) -> float:
    """Operations a second over the time of the cores."""
    return row["operations"] / (row["core_time_us"] * 1e-6) if row["core_time_us"] else 0.0


def intensity(row: dict, level: str) -> float | None:
    """Operations a byte at a level; None where nothing crossed it."""
    size = row[f"{level}_bytes"]
    return row["operations"] / size if size and row["operations"] else None


def above(result) -> list[str]:
    """Kernels that lie above one of their roofs: there must be none."""
    compute, memory, found = compute_roofs(result), memory_roofs(result), []
    for row in result.kernels():
        if rate(row) > compute[row["operation_type"]] * 1.001:
            found.append(f"{row['label']}: {rate(row):.3g} operations/s")
        for level in LEVELS:
            speed = row[f"{level}_bytes"] / (row["core_time_us"] * 1e-6) if row["core_time_us"] else 0
            if speed > memory[level] * 1.001:
                found.append(f"{row['label']}: {speed:.3g} B/s at {level}")
    return found

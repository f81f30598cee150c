"""A sentence for each kernel: why it takes what it takes here, and why an H100 takes more or less."""

from __future__ import annotations

from ..baseline import baseline
from . import roofs

_SMALL_US = 20  # below, a kernel's start and end show; for words only
_MUCH = 0.25    # a share of a time that is worth naming


def here(row: dict, result) -> str:
    """What limits it on the die, by the counters."""
    compute, memory = roofs.compute_roofs(result), roofs.memory_roofs(result)
    seconds = row["core_time_us"] * 1e-6
    busy = {level: row[f"{level}_bytes"] / seconds / memory[level] for level in ("hbm", "l2")} if seconds else {"hbm": 0, "l2": 0}
    share = roofs.rate(row) / compute[row["operation_type"]]
    if row["part"] == "communication":
        return "the exchange waits for the fabric and the other dies"
    if share >= 0.45:
        return f"compute binds: {share:.0%} of the {row['operation_type']} peak"
    if busy["hbm"] >= 0.6:
        return f"HBM binds: {busy['hbm']:.0%} of its bandwidth"
    if busy["l2"] >= 0.6:
        return f"L2 binds: {busy['l2']:.0%} of its rate"
    if row["core_time_us"] < _SMALL_US:
        return f"too small to fill the die: starts of cores and latencies weigh in its {row['core_time_us']:.0f} us ({busy['hbm']:.0%} of HBM, {share:.0%} of the peak)"
    return f"nothing is saturated ({share:.0%} of the peak, {busy['hbm']:.0%} of HBM): {row['limiting_pipe']} is busiest, the rest is waiting between pipes"


def beside(row: dict, result) -> str:
    """Why an H100's time differs."""
    ratio = row["h100_over_ours"]
    if row["part"] == "communication":
        return (f"{'a die' if ratio > 1 else 'an H100'} is {max(ratio, 1 / ratio):.1f} x faster: the fabric between dies against RDMA between GPUs, "
                "whose time at this EP is a lower bound")
    peaks, memory = roofs.h100_roofs(result.profile)
    compute_ratio = peaks.get(row["operation_type"], 0) / roofs.compute_roofs(result)[row["operation_type"]]
    memory_ratio = memory["hbm"] / roofs.memory_roofs(result)["hbm"]
    faster = f"an H100 is {1 / ratio:.1f} x faster" if ratio < 1 else f"a die is {ratio:.1f} x faster" if ratio >= 1.05 else "an H100 takes as long"
    if row["operation_type"] != "vector" and roofs.rate(row) > 0.45 * roofs.compute_roofs(result)[row["operation_type"]]:
        return f"{faster}; its peak is {compute_ratio:.1f} x that of a die"
    launch_us = baseline(result.profile).machine.launch_us
    if launch_us > _MUCH * row["h100_us"]:
        return f"{faster}; {launch_us:g} us of its {row['h100_us']:.1f} are the launch (assumed), a die starts its cores one after another"
    if row["h100_bound"] == "l2":
        return f"{faster}; its curve has few tiles for its SMs and no split of K"
    if ratio >= 1:
        return f"{faster} by its curve, although its memory is {memory_ratio:.1f} x as fast"
    return f"{faster}; its memory is {memory_ratio:.1f} x as fast"


def sentence(row: dict, result) -> str:
    return here(row, result) + "; " + beside(row, result) + "."

"""The figures, by matplotlib: each takes a result and gives a Figure."""

from __future__ import annotations

import io
import math
from pathlib import Path

import matplotlib
from matplotlib import figure as matplotlib_figure

from . import roofs

PARTS = {"attention": "#3b6fb6", "moe": "#d9822b", "dense": "#7a9a3a", "communication": "#b2475a", "head": "#7d5ba6"}
H100_COLOUR = "#6b7280"
RIBBONS = (("cube", "#3b6fb6", "aic_pipes", "M", "cubes"), ("vector", "#d9822b", "aiv_pipes", "V", "vectors"), ("AIC MTE2", "#4b9b8f", "aic_pipes", "MTE2", "cubes"),
           ("AIV MTE2", "#8fbf6a", "aiv_pipes", "MTE2", "vectors"), ("AIV MTE3", "#b2475a", "aiv_pipes", "MTE3", "vectors"))
_INTENSITIES = (0.05, 5e4)  # of a roofline's panel; beyond, a level's traffic says nothing of a kernel
WIDTH = 12.4  # inches: 1190 px at 96 dpi


class Figure(matplotlib_figure.Figure):
    """A figure that a notebook shows by itself, without pyplot and its state."""

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.savefig(out, format="png", dpi=96)
        return out.getvalue()


def _figure(height: float) -> Figure:
    return Figure(figsize=(WIDTH, height), layout="constrained")


def machine_of(result) -> str:
    """As the chip file has it: ascend910c -> 910C."""
    return Path(result.deployment.chip).stem.removeprefix("ascend").upper()


def die_of(result) -> str:
    return f"{machine_of(result)} die"


def roofline(result) -> Figure:
    """Rows: a panel for each level. Points: kernels; lines: roofs, solid the die's, dashed the H100's; hollow: the H100 on the same shape."""
    figure = _figure(9.5)
    panels = figure.subplots(2, 2, sharey=True).ravel()
    compute, memory = roofs.compute_roofs(result), roofs.memory_roofs(result)
    h_compute, h_memory = roofs.h100_roofs(result.profile)
    # The longest first: it gets its label where two want the same place.
    rows = sorted((row for row in result.kernels() if row["operations"] > 0), key=lambda row: -row["time_us"])
    for panel, level in zip(panels, roofs.LEVELS):
        _roofs(panel, compute, memory[level], "-", "black", die_of(result))
        if level in h_memory:
            _roofs(panel, h_compute, h_memory[level], "--", H100_COLOUR, "H100")
        labels: list[tuple[float, float, float]] = []
        for row in rows:
            x = roofs.intensity(row, level)
            if x is None or not _INTENSITIES[0] < x < _INTENSITIES[1]:
                continue
            panel.plot(x, roofs.rate(row) * 1e-12, "o", color=PARTS[row["part"]], markersize=6)
            if level == "hbm":
                panel.plot(x, row["operations"] / (row["h100_us"] * 1e-6) * 1e-12, "o", markerfacecolor="none", color=H100_COLOUR, markersize=5)
            if row["time_us"] > 0.02 * rows[0]["time_us"]:
                _label(panel, row["label"], x, roofs.rate(row) * 1e-12, labels)
        panel.set(xscale="log", yscale="log", xlim=_INTENSITIES, ylim=(0.01, 3e3), xlabel=f"operations / byte at {roofs.LEVEL_NAMES[level]}", title=roofs.LEVEL_NAMES[level])
        panel.grid(True, which="major", alpha=0.25)
    for panel in panels[::2]:
        panel.set_ylabel("Top/s over core time")
    for part, colour in PARTS.items():
        if any(row["part"] == part for row in rows):
            panels[0].plot([], [], "o", color=colour, label=part)
    panels[0].plot([], [], "o", markerfacecolor="none", color=H100_COLOUR, label="H100, same shape")
    panels[0].legend(fontsize=8, loc="lower right")
    return figure


def _label(panel, text: str, x: float, y: float, taken: list[tuple[float, float, float]]) -> None:
    """Beside its point, right or left, a little above or below, where no earlier label is; else nowhere: the table has every kernel."""
    width, height = 0.065 * len(text), 0.16  # decades that 7 pt take in a panel
    for side in (0.08, -0.08 - width):
        for rise in (0.0, 0.18, -0.18):
            left, middle = math.log10(x) + side, math.log10(y) + rise
            inside = math.log10(_INTENSITIES[0]) < left and left + width < math.log10(_INTENSITIES[1])
            if inside and all(left > end or left + width < start or abs(middle - other) > height for start, end, other in taken):
                taken.append((left, left + width, middle))
                panel.text(10**left, 10**middle, text, fontsize=7, va="center")
                return


def _roofs(panel, compute: dict, bandwidth: float, style: str, colour: str, name: str) -> None:
    xs = [10 ** (exponent / 20) for exponent in range(-40, 101)]
    for kind, peak in compute.items():
        panel.plot(xs, [min(peak, x * bandwidth) * 1e-12 for x in xs], style, color=colour, linewidth=1, alpha=0.8)
        panel.annotate(f"{name} {kind}", (0.95 * _INTENSITIES[1], peak * 1e-12), ha="right", va="bottom", fontsize=7, color=colour)


def components(result) -> Figure:
    """Where a step goes: one stacked bar, the H100's beside it."""
    figure = _figure(2.6)
    axis = figure.subplots()
    left, colours = 0.0, matplotlib.colormaps["tab10"].colors
    for i, part in enumerate(result.totals.components):
        axis.barh(machine_of(result), part.total_us / 1e3, left=left, color=colours[i % 10], label=part.name)
        left += part.total_us / 1e3
    if result.h100 and result.h100["fits"]:
        axis.barh("H100, exchanges hidden", result.h100["step_overlapped_ms"], color=H100_COLOUR)
        axis.barh("H100, serial", result.h100["step_ms"], color=H100_COLOUR, alpha=0.6)
    axis.set_xlabel("ms of a step")
    axis.legend(fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.35))
    return figure


def layers(result) -> Figure:
    """Stacked time of one layer, by kernel: a die without overlap, and an H100 with a package's load."""
    figure = _figure(3.6)
    axis = figure.subplots()
    bars = [(f"{machine_of(result)} {name.replace('_', ' ')}", result.records[name]["launches"], None) for name in ("moe_layer", "dense_layer") if name in result.records]
    if result.h100 and result.h100["fits"]:
        bars.append(("H100 moe layer", result.h100["kernels"], None))
    for name, launches, _ in bars:
        left = 0.0
        for i, launch in enumerate(launches):
            axis.barh(name, launch["time_us"], left=left, color=PARTS[launch["part"]], edgecolor="white", linewidth=0.6, alpha=1.0 if i % 2 else 0.82)
            left += launch["time_us"]
            if launch["time_us"] > 25:
                axis.text(left - launch["time_us"] / 2, name, f"{launch['label']}\n{launch['time_us']:.0f}", ha="center", va="center", fontsize=7, color="white")
    if "window" in result.records:
        axis.axvline(result.totals.layer_us, color="black", linestyle=":", linewidth=1)
        axis.annotate("with overlap", (result.totals.layer_us, 1), xycoords=("data", "axes fraction"), fontsize=8, rotation=90, va="top", ha="right")
    axis.invert_yaxis()
    axis.set_xlabel("us")
    return figure


def timeline(result, scene: str | None = None) -> Figure:
    """Launches of a scene in time by stream, and the share of time for which each kind of pipe was busy under each launch, over all cores."""
    record = result.records[scene or ("window" if "window" in result.records else "moe_layer")]
    us = 1e6 / record["clock_hz"]
    figure = _figure(5.2)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.4))
    streams = list(dict.fromkeys(launch["stream"] for launch in record["launches"]))
    for launch in record["launches"]:
        start, width = launch["start"] * us, (launch["end"] - launch["start"]) * us
        top.barh(streams.index(launch["stream"]), width, left=start, color=PARTS[launch["part"]], edgecolor="white", linewidth=0.5, alpha=1.0 - 0.25 * launch["microbatch"])
        if width > 0.035 * record["cycles"] * us:
            top.text(start + width / 2, streams.index(launch["stream"]), launch["label"], ha="center", va="center", fontsize=7, color="white")
    top.set_yticks(range(len(streams)), streams)
    top.invert_yaxis()
    edges = sorted({launch[edge] for launch in record["launches"] for edge in ("start", "end")})
    for lane, (name, colour, pipes, pipe, number) in enumerate(RIBBONS):
        shares = [occupancy(record, start, end, pipes, pipe, number) for start, end in zip(edges, edges[1:])]
        base = len(RIBBONS) - 1 - lane
        bottom.stairs([base + 0.9 * share for share in shares], [edge * us for edge in edges], baseline=base, fill=True, color=colour)
        bottom.axhline(base, color="#dddddd", linewidth=0.5)
    bottom.set_yticks([len(RIBBONS) - 1 - lane + 0.45 for lane in range(len(RIBBONS))], [ribbon[0] for ribbon in RIBBONS])
    bottom.set(xlabel="us", ylim=(0, len(RIBBONS)))
    return figure


def occupancy(record: dict, start: int, end: int, pipes: str, pipe: str, number: str) -> float:
    """Busy share between two cycles, of all cores of a kind; a launch's busy cycles are spread evenly over its time."""
    cores = record["aic"] if number == "cubes" else record["aiv"]
    busy = sum(launch[pipes].get(pipe, {}).get("busy", 0) * (end - start) / max(launch["end"] - launch["start"], 1)
               for launch in record["launches"] if launch["start"] <= start and launch["end"] >= end)
    return busy / (cores * (end - start)) if end > start else 0.0


def kernels(result) -> Figure:
    """Each kernel's time on a die beside an H100's on the same shape."""
    rows = [row for row in result.kernels()]
    figure = _figure(1 + 0.27 * len(rows))
    axis = figure.subplots()
    names = [f"{row['scene'].replace('_layer', '')}.{row['label']}" for row in rows]
    places = range(len(rows))
    axis.barh([place - 0.2 for place in places], [row["time_us"] for row in rows], height=0.38, color=[PARTS[row["part"]] for row in rows], label=die_of(result))
    axis.barh([place + 0.2 for place in places], [row["h100_us"] for row in rows], height=0.38, color=H100_COLOUR, label="H100, same shape")
    axis.set_yticks(list(places), names, fontsize=8)
    axis.invert_yaxis()
    axis.set(xscale="log", xlabel="us (log)")
    axis.grid(True, axis="x", alpha=0.25)
    axis.legend(fontsize=8)
    return figure


def sweep(name: str, frame) -> Figure:
    """tokens/s and TPOT (or step) over the swept value."""
    figure = _figure(3.2)
    left, right = figure.subplots(1, 2)
    good = frame[frame["error"].isna()] if "error" in frame else frame
    good = good.sort_values(name)
    left.plot(good[name], good["tokens_per_s_per_package"], "o-", color=PARTS["attention"])
    left.set(xlabel=name, ylabel="tokens/s a package", ylim=(0, None))
    other = "tpot_ms" if "tpot_ms" in good and good["tpot_ms"].notna().all() else "step_ms"
    right.plot(good[name], good[other], "o-", color=PARTS["moe"])
    right.set(xlabel=name, ylabel=other.replace("_", " "), ylim=(0, None))
    for axis in (left, right):
        axis.grid(True, alpha=0.25)
    return figure

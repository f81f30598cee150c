"""What a user sees of a deployment: figures at a prompt, in a notebook, as JSON, as pandas frames, as plots and as a report."""

from __future__ import annotations

import csv
import html
from pathlib import Path

from ..kernel import get_kernel
from . import compose
from .baseline import baseline
from .baseline_kernels import in_place
from .deployment import Decode


def anchors(deployment) -> list[dict]:
    """The published figures of this deployment, on the chip that they were published for; skew, overlap and the engine's times may differ."""
    phase = "decode" if isinstance(deployment, Decode) else "prefill"
    fields = deployment.items()
    found = []
    with open(Path(__file__).with_name("anchors.csv"), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            wanted = dict(item.split("=") for item in row["deployment"].split(";"))
            if row["phase"] == phase and all(str(fields[name]) == value for name, value in wanted.items()) and deployment.chip == "ascend910c" and not deployment.overrides:
                found.append(row)
    return found


def align(rows: list[list[str]], right_from: int = 1) -> str:
    """A table in text: the first columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if i < right_from else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


class ServingResult:
    """A deployment's times.

    deployment, totals (components, step_ms, layer_us ...), records (by scene), memory (bytes of a die), placement (expert rows),
    h100 (None without a baseline), cache_hits, wall_s; tpot_ms (decode), tokens_per_s_per_die, tokens_per_s_per_package.
    """

    def __init__(self, deployment, records, totals, memory, placement, side, profile, cache_hits, wall_s):
        self.deployment, self.records, self.totals, self.memory, self.placement = deployment, records, totals, memory, placement
        self.h100, self.profile, self.cache_hits, self.wall_s = side, profile, cache_hits, wall_s
        self.is_decode = isinstance(deployment, Decode)
        self.dies = deployment.dies_per_package()
        self.missing = sorted({item for record in records.values() for item in record["missing"]})
        self.assumed_share = compose.assumed_share(records, list(totals.components))

    @property
    def tpot_ms(self) -> float | None:
        """Step / (1 + MTP x acceptance)."""
        return self.totals.step_ms / self.deployment.tokens_per_step if self.is_decode else None

    @property
    def tokens_per_s_per_package(self) -> float:
        tokens = self.deployment.batch * self.deployment.tokens_per_step if self.is_decode else self.deployment.tokens
        return tokens / self.totals.step_ms * 1e3

    @property
    def tokens_per_s_per_die(self) -> float:
        return self.tokens_per_s_per_package / self.dies

    @property
    def provenance(self) -> str:
        return next(iter(self.records.values()))["provenance"]

    def anchors(self) -> list[dict]:
        """Published figures of this deployment: metric, published, emulated, error, source."""
        rows = []
        for row in anchors(self.deployment):
            mine, value = getattr(self, row["metric"]), float(row["value"])
            rows.append({"metric": row["metric"], "unit": row["unit"], "published": value, "emulated": mine, "error": mine / value - 1, "source": row["source"]})
        return rows

    # --- kernels

    def kernels(self) -> list[dict]:
        """Each launch of a layer (dense, MoE), the head and MTP, alone on all cores of a die, beside an H100 on the same shape."""
        rows = []
        for scene in ("moe_layer", "dense_layer", "head", "mtp"):
            if scene not in self.records:
                continue
            record = self.records[scene]
            known = {row["label"] for row in rows if row["scene"] == "moe_layer"} if scene == "dense_layer" else set()
            for launch in record["launches"]:
                if launch["part"] == "attention" and launch["label"] in known:
                    continue  # the same launches as in the MoE layer
                rows.append(self.kernel_row(scene, launch))
        return rows

    def kernel_row(self, scene: str, launch: dict) -> dict:
        seconds = launch["core_time_us"] * 1e-6
        memory = launch["memory"]
        spec = get_kernel(launch["kernel"])(**launch["parameters"])
        predicted = baseline(self.profile).predict_kernel(spec, **in_place(spec))
        levels = level_bytes(launch)
        return {
            "scene": scene, "label": launch["label"], "part": launch["part"], "kernel": launch["kernel"], "parameters": launch["parameters"],
            "time_us": launch["time_us"], "core_time_us": launch["core_time_us"], "bound": launch["bound"], "limiting_pipe": limiting_pipe(launch),
            "operations": launch["operations"], "bytes": launch["bytes"], **{f"{level}_bytes": size for level, size in levels.items()},
            "tflops": launch["operations"] / seconds * 1e-12 if seconds else 0.0,
            "hbm_gbs": levels["hbm"] / seconds * 1e-9 if seconds else 0.0, "hbm_busy_share": memory["hbm_busy_share"], "assumed_share": launch["assumed_share"],
            "operation_type": launch["operation_type"], "h100_us": predicted.time_us, "h100_basis": predicted.basis, "h100_source": predicted.source, "h100_bound": predicted.bound, "h100_error_bar": predicted.error_bar,
            "h100_over_ours": predicted.time_us / launch["time_us"] if launch["time_us"] else 0.0,
        }

    def json(self) -> dict:
        """The fields of `vitruvian r1 decode --json`."""
        t = self.totals
        fields = {
            "phase": "decode" if self.is_decode else "prefill", "deployment": {k: v for k, v in self.deployment.items().items() if k != "config"},
            "tpot_ms": self.tpot_ms, "step_ms": t.step_ms, "layer_us": t.layer_us, "layer_serial_us": t.serial_layer_us, "engine_overhead_ms": t.engine_ms,
            "tokens_per_s_per_die": self.tokens_per_s_per_die, "tokens_per_s_per_package": self.tokens_per_s_per_package,
            "components": [{"name": c.name, "us": c.us, "count": c.count, "total_us": c.total_us, "basis": c.basis} for c in t.components],
            "kernels": self.kernels(), "h100": self.h100, "anchors": self.anchors(), "memory_bytes": self.memory,
            "experts_of_the_busiest_die": list(self.placement.rows), "imbalance": self.placement.imbalance, "not_simulated": self.missing,
            "assumed_share": self.assumed_share, "provenance": self.provenance, "wall_s": self.wall_s, "cache_hits": self.cache_hits,
            "simulations": len(self.records),
        }
        return fields

    # --- text

    def headline(self) -> str:
        d = self.deployment
        what = (f"decode, batch {d.batch} a package, context {d.context}, EP {d.ep}, MTP {d.mtp} at {d.acceptance:.0%}" if self.is_decode
                else f"prefill, {d.tokens} tokens a package in prompts of {d.prompt}, EP {d.ep}")
        speed = f"TPOT {self.tpot_ms:.1f} ms, " if self.is_decode else ""
        return (f"DeepSeek-R1 on {d.chip}: {what}, {d.dtype}\n{speed}{self.tokens_per_s_per_package:.0f} tokens/s a package, "
                f"{self.tokens_per_s_per_die:.0f} a die; layer {self.totals.layer_us:.0f} us, step {self.totals.step_ms:.1f} ms")

    def table(self) -> str:
        """Where a step's time goes, and each kernel, beside an H100 where there is a baseline."""
        step = self.totals.step_ms * 1e3
        parts = [["component", "us each", "times", "ms", "share"]]
        parts += [[c.name, f"{c.us:.1f}", f"{c.count:g}", f"{c.total_us / 1e3:.2f}", f"{c.total_us / step:.1%}"] for c in self.totals.components]
        parts.append(["step", "", "", f"{step / 1e3:.2f}", "100.0%"])
        rows = [["kernel", "part", "time us", "TFLOP/s", "GB/s", "bound", *(["H100 us", "H100/ours"] if self.h100 is not None else [])]]
        for row in self.kernels():
            name = f"{row['scene'].replace('_layer', '')}.{row['label']}"
            beside = [f"{row['h100_us']:.1f}", f"{row['h100_over_ours']:.2f}"] if self.h100 is not None else []
            rows.append([name, row["part"], f"{row['time_us']:.1f}", f"{row['tflops']:.1f}", f"{row['hbm_gbs']:.0f}", row["bound"], *beside])
        return align(parts) + "\n\n" + align(rows, 2)

    def remarks(self) -> list[str]:
        lines = [f"{row['metric']}: published {row['published']:g} {row['unit']}, emulated {row['emulated']:.1f}, {row['error']:+.1%} ({row['source']})"
                 for row in self.anchors()]
        if self.h100 is not None:
            if self.h100["fits"]:
                side = self.h100
                lines.append(f"H100 (profile, one for a package): step {side['step_ms']:.1f} ms serial, {side['step_overlapped_ms']:.1f} ms with its exchanges "
                             f"hidden, {side['tokens_per_s']:.0f} to {side['tokens_per_s_overlapped']:.0f} tokens/s; {side['measured_share']:.0%} measured, the rest from curves")
            else:
                lines.append(f"H100: {self.h100['why']}")
        if self.missing:
            lines.append("not simulated, the library has no such kernel yet: " + ", ".join(self.missing))
        lines.append(f"layer without overlap {self.totals.serial_layer_us:.0f} us; memory of a die {sum(self.memory.values()) / 1e9:.1f} GB; "
                     f"{self.assumed_share:.0%} of busy time rests on assumed values")
        lines.append(f"{self.provenance}; {len(self.records)} simulations, {self.cache_hits} from the cache, {self.wall_s:.1f} s")
        return lines

    def __repr__(self) -> str:
        return self.headline() + "\n\n" + self.table() + "\n\n" + "\n".join(self.remarks())

    def _repr_html_(self) -> str:
        head, speed = self.headline().split("\n")
        step = self.totals.step_ms * 1e3
        rows = "".join(f"<tr><td>{html.escape(c.name)}</td><td style='text-align:right'>{c.total_us / 1e3:.2f}</td><td style='text-align:right'>{c.total_us / step:.1%}</td></tr>"
                       for c in self.totals.components)
        return (f"<b>{html.escape(head)}</b><br>{html.escape(speed)}<table><tr><th>component</th><th>ms</th><th>share</th></tr>{rows}</table>"
                + "".join(f"<small>{html.escape(line)}</small><br>" for line in self.remarks()))

    # --- frames and figures

    def to_pandas(self, what: str = "kernels"):
        """kernels, components or launches (every launch of every scene with its place in time)."""
        import pandas

        if what == "components":
            return pandas.DataFrame(self.json()["components"])
        if what == "launches":
            return pandas.DataFrame([{"scene": name, **{key: value for key, value in launch.items() if not isinstance(value, dict)}}
                                     for name, record in self.records.items() for launch in record["launches"]])
        return pandas.DataFrame(self.kernels())

    def roofline(self):
        """A matplotlib figure: both machines' roofs and every kernel, against HBM, L2, L1 and L0/UB traffic."""
        from .report.figures import roofline

        return roofline(self)

    def timeline(self, scene: str | None = None):
        """A matplotlib figure: the launches of a scene in time, and how busy cube, vector and transfer pipes are under each."""
        from .report.figures import timeline

        return timeline(self, scene)

    def report(self, directory, sweeps=None) -> str:
        """Writes the self-contained HTML report and its figures; the path of the page."""
        from .report.page import write

        return write(self, directory, sweeps or [])


def limiting_pipe(launch: dict) -> str:
    """The pipe, of which kind of core, with the largest share of busy time."""
    span = max(launch["end"] - launch["start"], 1)
    shares = {f"{kind} {pipe}": counts["busy"] / (launch[number] * span) for kind, pipes, number in (("AIC", "aic_pipes", "cubes"), ("AIV", "aiv_pipes", "vectors"))
              for pipe, counts in launch[pipes].items() if launch[number]}
    return max(shares, key=shares.get) if shares else ""


def level_bytes(launch: dict) -> dict[str, float]:
    """Bytes that crossed each level's edge: hbm both ways; l2 and ub (of vector cores) in the busier direction, since each has a way
    of its own; l1 what left L1 for L0."""
    memory, aic, aiv = launch["memory"], launch["aic_pipes"], launch["aiv_pipes"]
    moved = lambda pipes, *names: float(sum(pipes.get(name, {}).get("bytes", 0) for name in names))  # noqa: E731
    return {
        "hbm": float(memory["hbm_bytes_read"] + memory["hbm_bytes_written"]), "l2": float(max(memory["bytes_read"], memory["bytes_written"])),
        "l1": moved(aic, "MTE1"), "ub": max(moved(aiv, "MTE2"), moved(aiv, "MTE3")),
    }

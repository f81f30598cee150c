"""Writes the report: one HTML file with everything in it, and each figure as PNG, SVG and CSV beside it."""

from __future__ import annotations

import html
import io
import json
import tempfile
from pathlib import Path

import matplotlib

from .... import _core
from . import figures, reasons

_STYLE = """
body{font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;color:#1f2933;margin:0;background:#fff}
main{max-width:1260px;margin:0 auto;padding:24px 32px 64px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px;border-bottom:1px solid #d9dee4;padding-bottom:4px}
p.note{color:#52606d;margin:4px 0 12px}figure{margin:8px 0 0}figure svg{max-width:100%;height:auto;display:block}
table{border-collapse:collapse;font-size:13px;margin:8px 0}th,td{padding:4px 10px;border-bottom:1px solid #e4e7eb;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.cards{display:flex;gap:16px;flex-wrap:wrap;margin:16px 0}
.card{border:1px solid #d9dee4;border-radius:6px;padding:10px 16px;min-width:150px}.card b{display:block;font-size:22px}
.card span{color:#52606d;font-size:13px}.scroll{overflow-x:auto}
"""


# key, heading, format of a number or "" for text
_ANCHOR_COLUMNS = [("metric", "metric", ""), ("published", "published", ".6g"), ("emulated", "emulated", ".4g"), ("error", "error", "+.1%"), ("unit", "unit", ""),
                   ("source", "source", "")]
_COMPONENT_COLUMNS = [("name", "component", ""), ("us", "us each", ",.1f"), ("count", "times", "g"), ("ms", "ms", ".2f"), ("share", "share", ".1%"), ("basis", "from", "")]
_KERNEL_COLUMNS = [("scene", "scene", ""), ("label", "kernel", ""), ("time_us", "us", ".1f"), ("tflops", "Top/s", ".1f"), ("hbm_gbs", "HBM GB/s", ".0f"),
                   ("limiting_pipe", "busiest pipe", ""), ("h100_us", "H100 us", ".1f"), ("h100_basis", "H100 from", ""), ("h100_over_ours", "H100/ours", ".2f"), ("reason", "why", "")]


def svg_of(figure) -> str:
    """Inline SVG: text stays text."""
    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "vitruvian"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg"):]


def table(rows: list[dict], columns: list[tuple[str, str, str]]) -> str:
    head = "".join(f"<th{' class=n' if form else ''}>{html.escape(title)}</th>" for _, title, form in columns)
    body = ""
    for row in rows:
        cells = ""
        for key, _, form in columns:
            value = row.get(key)
            cells += f"<td class=n>{'' if value is None else format(value, form)}</td>" if form else f"<td>{html.escape(str(value or ''))}</td>"
        body += f"<tr>{cells}</tr>"
    return f"<div class=scroll><table><tr>{head}</tr>{body}</table></div>"


def accuracy() -> dict | None:
    """docs/accuracy_summary.json: what the accuracy harness last said."""
    path = Path(_core.data_directory()) / "docs" / "accuracy_summary.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def error_bar() -> str:
    found = accuracy()
    if found is None:
        return "no accuracy summary at hand (docs/accuracy_summary.json)"
    return (f"{found['mean_absolute_error']:.1%} mean absolute error over {found['rows']} published rows, worst {found['worst_error']:.1%} ({found['worst_row']}); "
            f"of single kernels, not of the composed step ({found['provenance']})")


def cards(result) -> str:
    items = [(f"{result.tokens_per_s_per_package:,.0f}", "tokens/s a package"), (f"{result.tokens_per_s_per_die:,.0f}", "tokens/s a die")]
    if result.is_decode:
        items.insert(0, (f"{result.tpot_ms:.1f} ms", "TPOT"))
    items += [(f"{result.totals.layer_us:,.0f} us", "MoE layer"), (f"{result.totals.step_ms:.1f} ms", "step"), (f"{result.assumed_share:.0%}", "busy time on assumed values")]
    return "<div class=cards>" + "".join(f"<div class=card><b>{value}</b><span>{name}</span></div>" for value, name in items) + "</div>"


def provenance(result) -> str:
    d = result.deployment
    rows = [("chip, overrides, revision", result.provenance), ("deployment", ", ".join(f"{key}={value}" for key, value in d.items().items() if key not in ("config", "overrides"))),
            ("simulations", f"{len(result.records)}: {', '.join(result.records)}; {result.cache_hits} from the cache; {result.wall_s:.1f} s"),
            ("assumed", f"{result.assumed_share:.1%} of busy cycles rest on a value without a source"), ("error bar", error_bar()),
            ("not simulated", ", ".join(result.missing) or "nothing that the workload names"),
            ("memory of a die", ", ".join(f"{name} {size / 1e9:.1f} GB" for name, size in result.memory.items())),
            ("rows of the busiest die's experts", ", ".join(map(str, result.placement.rows)) + f" ({result.placement.imbalance:.2f} x the mean die)")]
    return "<table>" + "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in rows) + "</table>"


def h100_text(result) -> str:
    side = result.h100
    if side is None:
        return ""
    if not side["fits"]:
        return f"<p>{html.escape(side['why'])}</p>"
    return (f"<p>One H100 for a package, {side['gpus']} GPUs, linear layers in FP8, {side['slots']} expert places each: a step of {side['step_ms']:.1f} ms one kernel "
            f"after another ({side['tokens_per_s']:,.0f} tokens/s), {side['step_overlapped_ms']:.1f} ms if its exchanges hide under the other microbatch "
            f"({side['tokens_per_s_overlapped']:,.0f}). {side['measured_share']:.0%} of that time is measured, the rest comes from curves over published points.</p>")


def make_folder(directory) -> Path:
    """A folder to write in. Errors: vt.Error where none can be made or written."""
    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _core.fail("no report can be written there", "report", "a folder that can be made and written", f"'{folder}': {error.strerror}")
    return folder


def write(result, directory, sweeps) -> str:
    """sweeps: (swept name, frame). Also takes DIR/sweeps/*.csv, which `vitruvian r1 sweep --report DIR` leaves."""
    folder = make_folder(directory)
    make_folder(folder / "figures")
    kernels = result.kernels()
    for row in kernels:
        row["reason"] = reasons.sentence(row, result)
    drawn = {"step": (figures.components(result), result.to_pandas("components")), "roofline": (figures.roofline(result), result.to_pandas()),
             "layer": (figures.layers(result), result.to_pandas("launches")), "timeline": (figures.timeline(result), result.to_pandas("launches")),
             "kernels": (figures.kernels(result), result.to_pandas())}
    for name, frame in [*_saved_sweeps(folder), *sweeps]:
        drawn[f"sweep_{name}"] = (figures.sweep(name, frame), frame)
    inline = {}
    for name, (figure, frame) in drawn.items():
        inline[name] = f"<figure id={name}>{svg_of(figure)}</figure>"
        figure.savefig(folder / "figures" / f"{name}.png", dpi=110)
        (folder / "figures" / f"{name}.svg").write_text(svg_of(figure), encoding="utf-8")
        frame.to_csv(folder / "figures" / f"{name}.csv", index=False)
    path = folder / "report.html"
    path.write_text(_page(result, kernels, inline), encoding="utf-8")
    (folder / "result.json").write_text(json.dumps(result.json(), indent=1, default=str), encoding="utf-8")
    return str(path)


def _saved_sweeps(folder: Path):
    import pandas

    return [(path.stem, pandas.read_csv(path)) for path in sorted((folder / "sweeps").glob("*.csv"))]


def _page(result, kernels: list[dict], inline: dict[str, str]) -> str:
    title, speed = result.headline().split("\n")
    components = [{"name": c.name, "us": c.us, "count": c.count, "ms": c.total_us / 1e3, "share": c.total_us / result.totals.step_ms / 1e3, "basis": c.basis}
                  for c in result.totals.components]
    sections = [f"<h1>{html.escape(title)}</h1><p class=note>{html.escape(speed)}</p>", cards(result)]
    if result.anchors():
        sections.append("<h2>Beside the published figures</h2>" + table(result.anchors(), _ANCHOR_COLUMNS))
    sections += [
        "<h2>Where a step goes</h2>", inline["step"], table(components, _COMPONENT_COLUMNS), h100_text(result),
        "<h2>Roofline</h2><p class=note>Filled: a die, each kernel alone on all cores; hollow: an H100 on the same shape. A panel for each level: bytes that crossed it, "
        "L2 and UB in their busier direction. Solid roofs the die's, dashed the H100's.</p>", inline["roofline"],
        "<h2>A layer, kernel by kernel</h2>", inline["layer"],
        "<h2>Two streams in time</h2><p class=note>Launches of one simulation; below, the share of all cores' pipes that was busy, averaged over each launch.</p>",
        inline["timeline"], f"<h2>{html.escape(figures.machine_of(result))} beside H100, kernel by kernel</h2>", inline["kernels"], table(kernels, _KERNEL_COLUMNS),
    ]
    swept = [name for name in inline if name.startswith("sweep_")]
    phase = "decode" if result.is_decode else "prefill"
    none = f"<p class=note>None yet: <code>vitruvian r1 sweep {phase} --report DIR</code>, with this folder, and then this report again.</p>"
    sections.append("<h2>Sweeps</h2>" + ("".join(f"<h3>{html.escape(name[6:])}</h3>{inline[name]}" for name in swept) or none))
    sections.append("<h2>Provenance</h2>" + provenance(result))
    return ("<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'><link rel=icon href='data:,'>"
            f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body><main>{''.join(sections)}</main></body></html>")

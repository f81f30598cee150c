"""`vitruvian r1 decode | prefill | sweep | h100`."""

from __future__ import annotations

import json
from dataclasses import fields

from ... import _core
from ..cli import DONE, _Parser, assignments
from .deployment import Decode, Deployment, Prefill

_HELP = {
    "ep": "dies that share the experts", "dtype": "linear layers: int8 or bf16", "skew": "experts' popularity ~ rank^-SKEW", "batch": "requests of a package (two dies)",
    "context": "KV length", "mtp": "extra tokens a step: 0 or 1", "acceptance": "of the extra token", "prompt": "tokens of a prompt", "tokens": "of a package, in prompts",
    "attention_groups": "core groups of the attention stream", "graph_launch_ms": "in place of the serving parameter", "host_step_ms": "in place of the serving parameter",
    "chip": "chip of chips/, or a path to a .yaml",
}


def deployment_options(parser, kind: type[Deployment]) -> None:
    for field in fields(kind):
        if field.name in ("config", "overrides", "overlap"):
            continue
        convert = {"int": int, "float": float, "float | None": float}.get(str(field.type), str)
        parser.add_argument("--" + field.name.replace("_", "-"), dest=field.name, type=convert, default=field.default, help=f"{_HELP[field.name]} (%(default)s)")
    parser.add_argument("--overlap", dest="overlap", type=int, choices=(0, 1), default=int(kind.overlap), help="two microbatches in two streams (%(default)s)")
    parser.add_argument("--override", action="append", default=[], metavar="path=value", help="of the chip description, e.g. hbm.bandwidth=2e12")


def run_options(parser) -> None:
    parser.add_argument("--baseline", default="h100_sxm", help="h100_sxm or none (%(default)s)")
    parser.add_argument("--processes", type=int, help="simulations at once; 0: none beside this process (one for each core)")
    parser.add_argument("--no-cache", action="store_true", help="neither take nor keep simulations")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--report", metavar="DIR", help="write the HTML report and its figures")


def serve_command(kind: type[Deployment], name: str, words: list[str]) -> int:
    parser = _Parser(prog=f"vitruvian r1 {name}", description=f"How fast DeepSeek-R1 is served: {name}.")
    deployment_options(parser, kind)
    run_options(parser)
    options = vars(parser.parse_args(words))
    from . import run

    asked = {field.name: options[field.name] for field in fields(kind) if field.name in options and field.name not in ("config", "overrides")}
    deployment = run.make(kind, {**asked, "overlap": bool(options["overlap"]), "overrides": assignments(options["override"], float)})
    if options["report"]:
        from .report.page import make_folder

        make_folder(options["report"])  # before anything runs
    result = run.serve(deployment, baseline=options["baseline"], processes=options["processes"], cache=not options["no_cache"])
    print(json.dumps(result.json(), indent=2, default=str) if options["json"] else result)
    if options["report"]:
        path = result.report(options["report"])
        if not options["json"]:
            print(f"report: {path}")
    return DONE


def main(words: list[str]) -> int:
    """The words behind `vitruvian r1`."""
    command, rest = (words[0] if words else ""), words[1:]
    if command == "decode":
        return serve_command(Decode, command, rest)
    if command == "prefill":
        return serve_command(Prefill, command, rest)
    if command == "h100":
        from .baseline import main as baseline_page

        return baseline_page(rest)
    if command == "sweep":
        from .sweep_command import sweep_command

        return sweep_command(rest)
    _core.fail("unknown command", "vitruvian r1", "decode, prefill, sweep, h100", f"'{command}'")

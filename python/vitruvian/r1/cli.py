"""`vitruvian kernel NAME ...` of an R1 kernel, and `vitruvian r1 ...`. Exit status: 2 a mistake, 3 a fault of a kernel, 4 a failed check."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import contextmanager

from .. import _core
from ..run import KernelFault

DONE, USER_MISTAKE, KERNEL_FAULT, CHECK_FAILED, INTERRUPTED = 0, 2, 3, 4, 130

# Commands of the serving workload: vitruvian.r1.serving.cli.
SERVING = {"decode": "TPOT and tokens/s of a decode deployment", "prefill": "Tokens/s of a prefill deployment", "sweep": "Many deployments or kernels on Dask",
           "h100": "The H100 profile: its fits, and rows that they have not seen"}


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, as everywhere in `vitruvian`."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str):
        raise _core.Error(f"{self.prog}: {message}; see --help")


def assignments(words: list[str], convert=str) -> dict:
    """name=value words to a dictionary."""
    values = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not name or not equals:
            _core.fail("not an assignment", "command line", "name=value", f"'{word}'")
        if name in values:
            _core.fail("a name that has a value already", name, "one assignment", f"'{word}'")
        try:
            values[name] = convert(text)
        except ValueError:
            _core.fail("bad value of an override", name, "a number", f"'{text}'")
    return values


@contextmanager
def progress_bar(label: str):
    """A callback for `progress=` that draws on a terminal once two seconds have passed."""
    from tqdm import tqdm

    with tqdm(total=1.0, desc=label, delay=2, leave=False, disable=None, bar_format="{desc} [{bar:40}] {percentage:3.0f} %  {elapsed}") as bar:
        yield lambda share: bar.update(max(share - bar.n, 0))


def help_of_kernel(kind) -> str:
    width = max((len(f"{name}={parameter.default}") for name, parameter in kind.parameters.items()), default=0) + 2
    lines = [f"  {f'{name}={parameter.default}':<{width}} {parameter.meaning}" + (f" ({' | '.join(parameter.choices)})" if parameter.choices else "")
             for name, parameter in kind.parameters.items()]
    broken = f"\nflags that break it, to see the check fail: {' '.join(kind.broken_flags)}" if kind.broken_flags else ""
    return "parameters (name=default):\n" + "\n".join(lines) + f"\nchecked by {kind.error_formula}{broken}"


def kernel_parser(kind) -> argparse.ArgumentParser:
    parser = _Parser(prog=f"vitruvian kernel {kind.name}", description=kind.summary, epilog=help_of_kernel(kind))
    parser.add_argument("parameters", nargs="*", metavar="name=value", help="parameters of the kernel")
    parser.add_argument("--chip", default="ascend910c", help="chip of chips/, or a path to a .yaml (%(default)s)")
    parser.add_argument("--mode", default="full", choices=("full", "timing_only", "functional_only", "auto"), help="(%(default)s)")
    parser.add_argument("--sync", default="auto", choices=("auto", "strict"), help="(%(default)s)")
    parser.add_argument("--l2", default="cold", choices=("cold", "warm"), help="state of the L2 at launch (%(default)s)")
    parser.add_argument("--groups", type=int, help="core groups, each a cube core and its vector cores (all)")
    parser.add_argument("--seed", type=int, default=1, help="of the random data (%(default)s)")
    parser.add_argument("--override", action="append", default=[], metavar="path=value", help="of the chip description, e.g. hbm.bandwidth=2e12")
    parser.add_argument("--flag", action="append", default=[], help="extra flag of the device compiler")
    parser.add_argument("--trace", metavar="FILE", help="write a Perfetto / Chrome trace")
    parser.add_argument("--csv", metavar="FILE", help="write msprof-style counters of each core and pipe")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-check", action="store_true", help="skip the host reference")
    parser.add_argument("--cores", action="store_true", help="a row for each core too")
    return parser


def kernel_command(name: str, words: list[str]) -> int:
    kind = find_kernel(name)
    options = kernel_parser(kind).parse_intermixed_args(words)
    spec = kind(**assignments(options.parameters))
    device = spec.make_device(options.chip, assignments(options.override, float))
    from .runner import run

    with progress_bar(name) as progress:
        result = run(spec, device, seed=options.seed, check=not options.no_check, groups=options.groups, flags=tuple(options.flag), progress=progress,
                     mode=options.mode, sync=options.sync, l2=options.l2, trace=options.trace is not None)
    if options.json:
        print(json.dumps(result.json(), indent=2))
    else:
        print(result)
        if options.cores:
            print(result.core_table(), end="")
        for line in result.printed:
            print("device:", line)
        print(f"{device.provenance}; simulated in {result.wall_s:.2f} s")
    if options.trace:
        result.trace(options.trace)
        print(f"trace in {options.trace}: open it at https://ui.perfetto.dev or chrome://tracing", file=sys.stderr)
    if options.csv:
        result.csv(options.csv)
    if result.fault is not None:
        if options.json:
            print(result.fault.report(), file=sys.stderr)
        return KERNEL_FAULT
    return DONE if result.passed else CHECK_FAILED


def find_kernel(name: str):
    from .kernel import kernels

    found = kernels()
    if name not in found:
        _core.fail("unknown kernel", "kernel", "one of " + ", ".join([*_core.library_kernels(), *found]), f"'{name}'")
    return found[name]


def kernels_command(words: list[str]) -> int:
    parser = _Parser(prog="vitruvian r1 kernels", description="Lists R1's kernels; or runs all of them at R1's shapes and writes the table of docs/kernels.md.")
    parser.add_argument("--write", nargs="?", const="docs/kernels.md", metavar="FILE", help="run and write the table (docs/kernels.md)")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="with --write: these kernels")
    parser.add_argument("--chip", default="ascend910c", help="(%(default)s)")
    options = parser.parse_args(words)
    if options.write:
        from .table import write

        return write(options.write, options.chip, options.only)
    from .kernel import kernels

    found = kernels()
    width = max(map(len, found), default=0)
    for name, kind in found.items():
        print(f"{name:<{width}}  {kind.summary}")
    return DONE


def model_command(words: list[str]) -> int:
    parser = _Parser(prog="vitruvian r1 model", description="Generates tokens with a small model of R1's architecture, random weights, every kernel on the emulated "
                     "die, and compares with the NumPy reference.")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and the prompt (%(default)s)")
    parser.add_argument("--prompt", type=int, default=24, help="tokens of the prompt (%(default)s)")
    parser.add_argument("--tokens", type=int, default=16, help="tokens to generate (%(default)s)")
    parser.add_argument("--mtp", action="store_true", help="the MTP layer drafts, the model verifies")
    parser.add_argument("--groups", type=int, default=4, help="core groups of each kernel (%(default)s)")
    parser.add_argument("--mode", default="full", choices=("full", "functional_only"), help="functional_only: no cycles (%(default)s)")
    parser.add_argument("--chip", default="ascend910c", help="(%(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="name=value", help="another dimension of R1Config.small(), e.g. layers=6")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(words)
    from ..device import Device
    from .config import R1Config
    from .kernel import generator
    from .model import Model

    if options.prompt < 1 or options.tokens < 1:
        _core.fail("bad length", "--prompt, --tokens", "at least 1", f"{options.prompt}, {options.tokens}")
    known = R1Config.small().items()
    changes = assignments(options.set)
    for name, text in changes.items():
        if name not in known:
            _core.fail("unknown dimension", "--set", "one of " + ", ".join(known), f"'{name}'")
        try:
            changes[name] = type(known[name])(text)
        except ValueError:
            _core.fail("bad value of a dimension", name, "a number", f"'{text}'")
    config = R1Config.small(**changes)
    model = Model(config, seed=options.seed, device=Device(options.chip), groups=options.groups, context=options.prompt + options.tokens + 1, mode=options.mode)
    prompt = generator(options.seed).integers(0, config.vocabulary, options.prompt).tolist()
    done = model.generate(prompt, options.tokens, mtp=options.mtp)
    comparison = done.check()
    if options.json:
        by_kernel = {name: {"launches": count, "cycles": cycles} for name, (count, cycles) in done.cycles_by_kernel().items()}
        print(json.dumps({"config": config.items(), "seed": options.seed, "prompt": prompt, "tokens": done.tokens, "launches": len(done.steps), "cycles": done.cycles,
                          "drafts_tried": done.drafts_tried, "drafts_accepted": done.drafts_accepted, "kernels": by_kernel, "check": comparison.json()}, indent=2))
    else:
        print(done)
        print(comparison)
        print(model.device.provenance)
    return DONE if comparison.passed else CHECK_FAILED


COMMANDS = {
    "kernel": ("One of R1's kernels, also where the C++ library has one of that name", lambda words: kernel_command(words[0], words[1:]) if words else r1_command([])),
    "kernels": ("List R1's kernels; --write runs them at R1's shapes for docs/kernels.md", kernels_command),
    "model": ("A small model of R1's architecture, prompt to tokens, beside its reference", model_command),
}


def usage() -> str:
    rows = [(name, about) for name, (about, _) in COMMANDS.items()] + list(SERVING.items())
    return "Usage: vitruvian r1 COMMAND ...\n\nCommands (each has --help):\n" + "\n".join(f"  {name:<9} {about}" for name, about in rows)


def r1_command(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(usage(), file=sys.stdout if words else sys.stderr)
        return DONE if words else USER_MISTAKE
    name, rest = words[0], words[1:]
    if name in COMMANDS:
        return COMMANDS[name][1](rest)
    if name in SERVING:
        from .serving import cli as serving

        return serving.main([name, *rest])
    _core.fail("unknown command", "vitruvian r1", "one of " + ", ".join([*COMMANDS, *SERVING]), f"'{name}'")


def main(words: list[str]) -> int:
    """words: the command line behind `vitruvian`."""
    try:
        return kernel_command(words[1], words[2:]) if words[0] == "kernel" else r1_command(words[1:])
    except KernelFault as fault:
        print(f"vitruvian: {fault}", file=sys.stderr)
        return KERNEL_FAULT
    except _core.Error as error:
        print(f"vitruvian: {error}", file=sys.stderr)
        return USER_MISTAKE
    except MemoryError as error:
        print(f"vitruvian: the host's memory is full: {error}", file=sys.stderr)
        return USER_MISTAKE
    except SystemExit as end:  # argparse's --help
        return int(end.code or 0)
    except KeyboardInterrupt:
        print("vitruvian: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone
        sys.stderr.close()
        return DONE

"""Results: what a launch did, readable at a prompt and in a notebook."""

import html
import json
import os

from . import _core

_STALL_COLOURS = {
    "flag": "#e8a33d", "barrier": "#d98c5f", "hazard": "#c0504d", "memory": "#8064a2", "queue_full": "#b2a1c7", "cross_core": "#4bacc6",
    "unit_flag": "#92cddc", "fetch": "#7f7f7f", "load": "#bfbfbf",
}
_BUSY_COLOUR, _IDLE_COLOUR = "#4f9d5d", "#eeeeee"


class KernelFault(_core.Error):
    """A kernel's fault, raised by Run.check(). `.fault` is the Fault, `.run` the Run."""

    def __init__(self, run: "Run"):
        super().__init__(run.fault.report())
        self.run, self.fault = run, run.fault
        self.message, self.where = run.fault.detail, run.fault.source_line


class Pipes(dict):
    """Counters by pipe, summed over cores: busy, stalls (by reason), idle, operations, bytes. Prints as a table."""

    def __init__(self, core):
        super().__init__(core.pipes)
        self._table = core.pipe_table()

    def table(self) -> str:
        return self._table

    def __repr__(self) -> str:
        return self._table

    def _repr_html_(self) -> str:
        rows = []
        for name, pipe in self.items():
            total = pipe["busy"] + pipe["idle"] + sum(pipe["stalls"].values())
            parts = [("busy", pipe["busy"], _BUSY_COLOUR)]
            parts += [(reason, cycles, _STALL_COLOURS.get(reason, "#ccc")) for reason, cycles in pipe["stalls"].items()]
            parts.append(("idle", pipe["idle"], _IDLE_COLOUR))
            bars = "".join(
                f'<span title="{part}: {cycles} cycles" style="display:inline-block;height:1em;width:{cycles / total * 100:.2f}%;background:{colour}"></span>'
                for part, cycles, colour in parts if total and cycles)
            share = f"{pipe['busy'] / total:.1%}" if total else "-"
            rows.append(f"<tr><td>{html.escape(name)}</td><td style='text-align:right'>{pipe['operations']}</td>"
                        f"<td style='text-align:right'>{share}</td><td style='width:24em;white-space:nowrap'>{bars}</td></tr>")
        legend = " ".join(f'<span style="background:{colour}">&nbsp;&nbsp;</span> {reason}'
                          for reason, colour in [("busy", _BUSY_COLOUR), *_STALL_COLOURS.items()])
        return ("<table><tr><th>pipe</th><th>operations</th><th>busy</th><th>time</th></tr>" + "".join(rows) + "</table>"
                f"<small>{legend}</small>")


class Run:
    """The result of a launch.

    cycles, time_us, core_time_us, start_cycle and end_cycle (among launches of one simulation), bound, pipes, cores, memory,
    fault (None if the kernel ended well), events (a structured array, with trace on), printed, wall_s, pipe_operations,
    scalar_instructions, hazard_waits, assumed_share, mode, sync, l2.
    """

    _FIELDS = frozenset((
        "kernel", "chip", "mode", "sync", "l2", "reran_in_full", "cycles", "start_cycle", "end_cycle", "time_us", "core_time_us",
        "hazard_waits", "wall_s", "pipe_operations",
        "scalar_instructions", "assumed_share", "bound", "printed", "fault", "cores", "memory", "events"))

    def __init__(self, core):
        self._core = core

    def __getattr__(self, name):
        if name in Run._FIELDS:
            return getattr(self._core, name)
        raise AttributeError(f"{type(self).__name__} has no attribute '{name}'")

    def __dir__(self):
        return [*super().__dir__(), *Run._FIELDS]

    @property
    def pipes(self) -> Pipes:
        return Pipes(self._core)

    @property
    def computed_data(self) -> bool:
        """Whether the outputs hold what the kernel computes (not in timing_only)."""
        return self.reran_in_full or self.mode in ("full", "functional_only")

    def check(self) -> "Run":
        """Returns itself, or raises the fault as KernelFault."""
        if self.fault is not None:
            raise KernelFault(self)
        return self

    def trace(self, path) -> None:
        """Writes a Perfetto / Chrome trace: lanes by core and pipe."""
        self._core.write_trace(os.fspath(path))

    def csv(self, path) -> None:
        """Writes msprof-style counters of each core and pipe."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._core.pipe_utilization_csv())

    def core_table(self) -> str:
        """A row for each core."""
        return self._core.core_table()

    def __repr__(self) -> str:
        return self._core.summary().rstrip()

    def _repr_html_(self) -> str:
        text = f"<b>{html.escape(self._core.headline())}</b>"
        if self.fault is not None:
            text += f"<pre>{html.escape(self.fault.report())}</pre>"
        return text + (self.pipes._repr_html_() if self.cycles else "")


class KernelRun(Run):
    """The run of a library kernel: a Run with its check and the H100 profile beside it.

    passed, max_rel_error, max_rel_error_bound, error_formula, tflops, utilization, bandwidth, useful_operations, useful_bytes,
    h100_time_us, h100_basis, ratio_to_h100, parameters.
    """

    _REPORT_FIELDS = frozenset((
        "parameters", "useful_operations", "useful_bytes", "tflops", "utilization", "bandwidth", "error_formula", "h100_time_us", "h100_basis",
        "ratio_to_h100", "passed", "max_rel_error", "max_rel_error_bound"))

    def __init__(self, report):
        super().__init__(report.run)
        self._report = report

    def __getattr__(self, name):
        if name in KernelRun._REPORT_FIELDS:
            return getattr(self._report, name)
        return super().__getattr__(name)

    def __dir__(self):
        return [*super().__dir__(), *KernelRun._REPORT_FIELDS]

    def json(self) -> dict:
        """The fields of `vitruvian kernel --json`."""
        return json.loads(self._report.json())

    def __repr__(self) -> str:
        text = super().__repr__()
        if self.max_rel_error is not None:
            text += f"\ncheck {'passed' if self.passed else 'FAILED'}: {self.error_formula} = {self.max_rel_error:.3g}, bound {self.max_rel_error_bound:.3g}"
        if self.h100_time_us:
            text += (f"\n{self.tflops:.1f} TFLOP/s, {self.utilization:.1%} of the cube; H100 SXM (profile) {self.h100_time_us:.2f} us, "
                     f"H100 / ours = {self.ratio_to_h100:.2f}")
        return text

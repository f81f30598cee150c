"""The table of scripts/demo: library kernels on one die beside the H100 profile, and a trace to look at."""

import sys

import vitruvian as vt

JOBS = [
    ("gemm 4096^3 bf16", "gemm", {"m": 4096, "n": 4096, "k": 4096, "dtype": "bf16"}),
    ("gemm 4096^3 int8", "gemm", {"m": 4096, "n": 4096, "k": 4096, "dtype": "int8"}),
    ("rms_norm 4096x7168 bf16", "rms_norm", {"rows": 4096, "columns": 7168, "dtype": "bf16"}),
]
TRACE = "demo.trace.json"
HEADINGS = ("kernel", "cycles", "time us", "TFLOP/s", "TB/s", "cube", "bound", "max rel error", "check", "H100 us", "H100/ours", "assumed", "wall s")


def row(label, run):
    check = "passed" if run.passed else "FAILED"
    return (label, f"{run.cycles}", f"{run.time_us:.1f}", f"{run.tflops:.1f}", f"{run.bandwidth * 1e-12:.2f}", f"{run.utilization:.1%}", run.bound,
            f"{run.max_rel_error:.1e}", check, f"{run.h100_time_us:.1f}", f"{run.ratio_to_h100:.2f}", f"{run.assumed_share:.0%}", f"{run.wall_s:.2f}")


def print_table(rows):
    widths = [max(len(line[i]) for line in [HEADINGS, *rows]) for i in range(len(HEADINGS))]
    for line in [HEADINGS, tuple("-" * width for width in widths), *rows]:
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(cells))


def main() -> int:
    device = vt.Device("ascend910c")
    rows, good = [], True
    for label, name, parameters in JOBS:
        run = vt.kernel(name, device=device, trace=name == "gemm" and not rows, **parameters)
        if run.fault is not None:
            print(f"{label}: {run.fault.report()}", file=sys.stderr)
            return 3
        if not rows:
            run.trace(TRACE)
        rows.append(row(label, run))
        good = good and run.passed
    print_table(rows)
    print(f"H100: one SXM card by its profile (chips/h100_sxm.yaml). Ours: one die, half a 910C package. {device.provenance}")
    print(f"Trace of the first row: {TRACE} - open https://ui.perfetto.dev and drop the file in.")
    return 0 if good else 4


if __name__ == "__main__":
    sys.exit(main())

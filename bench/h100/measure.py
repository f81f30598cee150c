#!/usr/bin/env python3
"""Measures R1's kernels on a real NVIDIA GPU with PyTorch and writes rows that the H100 baseline reads.

    python bench/h100/measure.py                       # on the GPU machine: chips/h100_sxm_measured.csv
    python bench/h100/measure.py --dry-run             # anywhere, without PyTorch: the list of cases; writes nothing

Stands alone: one file, PyTorch the only need. A time is the median over repetitions of the device's time between two CUDA events.
Before each repetition a buffer larger than L2 is written, so that operands come from memory, but for cases with resident=1;
that write also keeps the device busy while the host queues the case, so that no launch latency lies between the events.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

COLUMNS = ["family", "kernel", "device", "shape", "dtype", "metric", "value", "unit", "held_out", "stands_for_h100", "source", "driver", "date"]
WARM_UP, REPETITIONS = 10, 50
FLUSH_BYTES = 256 << 20   # several times any L2

HIDDEN, HEADS, LATENT, ROPE, EXPERTS, VOCABULARY = 7168, 128, 512, 64, 256, 129280
# (n, k) of R1's products: q_a, kv_a, q_b, o, dense gate+up, dense down, expert gate+up, expert down.
LINEAR = [(1536, HIDDEN), (576, HIDDEN), (24576, 1536), (HIDDEN, 16384), (36864, HIDDEN), (HIDDEN, 18432), (4096, HIDDEN), (HIDDEN, 2048)]
DECODE_TOKENS, PREFILL_TOKENS = (16, 48, 96, 192), (2048, 4096)


@dataclass(frozen=True)
class Case:
    """One measurement. make(torch) allocates and gives what is timed, with the name of the kernel that runs."""

    family: str
    dtype: str
    shape: dict[str, float]
    nbytes: float      # of device memory that the case needs
    make: Callable
    fused: bool = True   # False: several operators where serving engines have one kernel; the baseline does not rest on such a row

    def shape_text(self) -> str:
        return " ".join(f"{key}={value:.12g}" for key, value in self.shape.items())


def gemm(m: int, n: int, k: int, dtype: str) -> Case:
    def make(torch):
        if dtype == "bf16":
            a, w = (torch.randn(rows, k, device="cuda", dtype=torch.bfloat16) for rows in (m, n))
            return "torch.matmul (cuBLAS)", lambda: torch.matmul(a, w.t())
        a, w = (torch.randn(rows, k, device="cuda", dtype=torch.bfloat16).to(torch.float8_e4m3fn) for rows in (m, n))
        one = torch.ones((), device="cuda", dtype=torch.float32)
        return "torch._scaled_mm (cuBLAS)", lambda: torch._scaled_mm(a, w.t(), scale_a=one, scale_b=one, out_dtype=torch.bfloat16)

    element = 2 if dtype == "bf16" else 1
    return Case("gemm", dtype, {"m": m, "n": n, "k": k, "groups": 1}, (m * k + n * k) * 3 * element + 2 * m * n, make)


def prefill(batch: int, length: int) -> Case:
    qk, v = 128 + ROPE, 128

    def make(torch):
        query, key = (torch.randn(batch, HEADS, length, qk, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        value = torch.randn(batch, HEADS, length, v, device="cuda", dtype=torch.bfloat16)
        attention = torch.nn.functional.scaled_dot_product_attention
        return "scaled_dot_product_attention", lambda: attention(query, key, value, is_causal=True)

    shape = {"batch": batch, "length": length, "heads": HEADS, "qk_dim": qk, "v_dim": v, "causal": 1}
    return Case("mla_prefill", "", shape, batch * length * HEADS * 2 * (2 * qk + 2 * v), make)


def decode(batch: int, heads: int, kv: int, q: int) -> Case:
    """Every head reads the one latent cache: two batched products and a softmax, what PyTorch has without a kernel of its own."""
    def make(torch):
        query = torch.randn(batch, heads * q, LATENT + ROPE, device="cuda", dtype=torch.bfloat16)
        cache = torch.randn(batch, kv, LATENT + ROPE, device="cuda", dtype=torch.bfloat16)
        scale = (128 + ROPE) ** -0.5

        def run():
            scores = torch.bmm(query, cache.transpose(1, 2))
            return torch.bmm(torch.softmax(scores * scale, -1), cache[:, :, :LATENT])
        return "bmm, softmax, bmm", run

    nbytes = 2 * (batch * kv * (LATENT + ROPE) + 4 * batch * heads * q * kv)
    return Case("mla_decode", "", {"batch": batch, "heads": heads, "kv": kv, "q": q}, nbytes, make, fused=False)


def streaming(family: str, moved: float, read_share: float, resident: int, make: Callable) -> Case:
    return Case(family, "", {"bytes": moved, "read_share": read_share, "resident": resident}, 2 * moved, make)


def copy(nbytes: int, resident: int) -> Case:
    def make(torch):
        source, target = (torch.empty(nbytes // 2, device="cuda", dtype=torch.uint8) for _ in range(2))
        return "Tensor.copy_", lambda: target.copy_(source)
    return streaming("streaming", nbytes, 0.5, resident, make)


def rms_norm(rows: int, resident: int) -> Case:
    def make(torch):
        x, gamma = torch.randn(rows, HIDDEN, device="cuda", dtype=torch.bfloat16), torch.ones(HIDDEN, device="cuda", dtype=torch.bfloat16)
        return "torch.nn.functional.rms_norm", lambda: torch.nn.functional.rms_norm(x, (HIDDEN,), gamma, 1e-6)
    return streaming("rms_norm", rows * HIDDEN * 4, 0.5, resident, make)


def swiglu(rows: int, width: int) -> Case:
    def make(torch):
        gate, up = (torch.randn(rows, width, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        compiled = torch.compile(lambda g, u: torch.nn.functional.silu(g) * u)
        return "torch.compile silu * up", lambda: compiled(gate, up)
    return streaming("swiglu", rows * width * 6, 2 / 3, 0, make)


def top_k(tokens: int) -> Case:
    def make(torch):
        scores = torch.randn(tokens, EXPERTS, device="cuda")
        return "torch.topk", lambda: torch.topk(scores, 8)
    return streaming("routing", tokens * EXPERTS * 4, 0.9, 0, make)


def sample(rows: int) -> Case:
    def make(torch):
        logits = torch.randn(rows, VOCABULARY, device="cuda")
        return "softmax, multinomial", lambda: torch.multinomial(torch.softmax(logits, -1), 1)
    return Case("sample", "", {"rows": rows, "vocab": VOCABULARY, "bytes_per_logit": 4}, rows * VOCABULARY * 12, make, fused=False)


def cases() -> list[Case]:
    """All of them: R1's shapes at decode and prefill."""
    found = [gemm(m, n, k, dtype) for dtype in ("bf16", "fp8") for n, k in LINEAR for m in (*DECODE_TOKENS, *PREFILL_TOKENS)]
    found += [gemm(m, EXPERTS, HIDDEN, "bf16") for m in DECODE_TOKENS] + [gemm(m, VOCABULARY, HIDDEN, "bf16") for m in DECODE_TOKENS]
    found += [gemm(size, size, size, dtype) for dtype in ("bf16", "fp8") for size in (1024, 2048, 4096, 8192)]
    found += [prefill(batch, length) for batch, length in ((1, 1024), (1, 4096), (4, 4096), (1, 16384))]
    found += [decode(batch, heads, kv, q) for batch in (16, 48, 96) for heads in (16, HEADS) for kv in (1024, 4096) for q in (1, 2)]
    found += [copy(1 << power, resident) for power in range(20, 33, 2) for resident in (0, 1)]
    found += [rms_norm(rows, resident) for rows in (48, 96, 192, 4096) for resident in (0, 1)]
    found += [swiglu(rows, width) for rows in (96, 192, 4096) for width in (2048, 18432)]
    return found + [top_k(tokens) for tokens in (96, 192, 4096)] + [sample(rows) for rows in (48, 96, 192)]


def time_us(torch, run: Callable, resident: bool) -> float:
    """Median time of the device between two events around a run."""
    flush = torch.empty(FLUSH_BYTES, device="cuda", dtype=torch.uint8)
    for _ in range(WARM_UP):
        run()
    times = []
    for _ in range(REPETITIONS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        flush.zero_()
        if resident:
            run()   # brings the operands back into L2
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) * 1e3)
    return statistics.median(times)


def driver_version() -> str:
    import subprocess
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def measure(torch, chosen: list[Case], report: Callable[[str], None]) -> list[dict]:
    """A row for each case that ran; a case that the software lacks is reported and left out, the others go on."""
    about = {"device": torch.cuda.get_device_name(), "driver": driver_version(), "date": datetime.date.today().isoformat(), "metric": "time", "unit": "us",
             "stands_for_h100": "", "source": f"bench/h100/measure.py, PyTorch {torch.__version__}, CUDA {torch.version.cuda}"}
    rows = []
    for number, case in enumerate(chosen, 1):
        label = f"[{number}/{len(chosen)}] {case.family} {case.dtype} {case.shape_text()}"
        try:
            with torch.no_grad():
                kernel, run = case.make(torch)
                taken = time_us(torch, run, bool(case.shape.get("resident")))
        except (RuntimeError, NotImplementedError, AttributeError) as error:
            report(f"{label}: left out, {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            continue
        rows.append({**about, "family": case.family, "kernel": kernel, "dtype": case.dtype, "shape": case.shape_text(), "value": f"{taken:.3f}",
                     "held_out": "no" if case.fused else "yes"})
        report(f"{label}: {taken:.2f} us ({kernel})")
    return rows


def write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parents[2] / "chips" / "h100_sxm_measured.csv")
    parser.add_argument("--family", action="append", help="only these families (gemm, mla_prefill, mla_decode, streaming, rms_norm, swiglu, routing, sample)")
    parser.add_argument("--dry-run", action="store_true", help="list the cases and write nothing; needs no PyTorch")
    options = parser.parse_args(argv)
    known = sorted({case.family for case in cases()})
    for family in options.family or []:
        if family not in known:
            parser.error(f"unknown family '{family}': one of {', '.join(known)}")
    chosen = [case for case in cases() if not options.family or case.family in options.family]
    if options.dry_run:
        for case in chosen:
            print(f"{case.family:12} {case.dtype:5} {case.shape_text():60} {case.nbytes / 2**20:10.1f} MiB")
        print(f"{len(chosen)} cases; nothing was run and nothing written")
        return 0
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed here: run this on the GPU machine, or try --dry-run", file=sys.stderr)
        return 2
    if not torch.cuda.is_available():
        print("PyTorch sees no CUDA device: run this on the GPU machine, or try --dry-run", file=sys.stderr)
        return 2
    if torch.cuda.get_device_capability()[0] != 9:
        print(f"note: {torch.cuda.get_device_name()} is no Hopper; its rows do not stand for an H100", file=sys.stderr)
    rows = measure(torch, chosen, print)
    write(options.output, rows)
    print(f"{len(rows)} rows in {options.output}")
    return 0 if rows else 1


if __name__ == "__main__":
    raise SystemExit(main())

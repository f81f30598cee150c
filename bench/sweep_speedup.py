#!/usr/bin/env python3
"""A 32-point sweep of chip overrides on one local worker and on two, in the same run: the ratio of their times.

    python bench/sweep_speedup.py [--rounds 1] [--size 3072]

Beside it, what a shared machine can still tell: the processor time of the one worker over that of the busier of the two, which is
the ratio that the division of the points would give if each worker had a core of its own. Both clusters stand before the clock starts (their start is printed apart), the cache is off, and rounds alternate, so that a
machine that others use slows both alike. Expected on an idle machine of two cores or more: at least 1.6. Exit status 1 below it.
"""

import argparse
import os
import statistics
import time

import pandas

import vitruvian as vt
from vitruvian.clusters import connect

WANTED = 1.6
GRID = {"hbm.bandwidth": [0.8e12, 1.2e12, 1.6e12, 2.4e12], "l2.hit_latency": [180, 240], "clock": [1.5e9, 1.8e9], "l2.miss_latency": [520, 640]}


def warm_up() -> None:
    vt.kernel("gemm", m=256, n=256, k=256, mode="timing_only")


def processor_times(client) -> dict[str, float]:
    return client.run(time.process_time)


def run(client, size: int) -> tuple[float, float, pandas.DataFrame]:
    """Wall time, processor time of the busiest worker, results."""
    before, started = processor_times(client), time.perf_counter()
    frame = vt.sweep("gemm", GRID, client, cache=False, m=size, n=size, k=size)
    failed = frame[frame["error"].notna()]
    if len(failed):
        raise SystemExit(f"{len(failed)} points failed: {failed['error'].iloc[0]}")
    wall, after = time.perf_counter() - started, processor_times(client)
    return wall, max(after[worker] - before[worker] for worker in after), frame


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--size", type=int, default=3072, help="m, n and k of the GEMM")
    options = parser.parse_args()
    started = time.perf_counter()
    with connect(1) as one, connect(2) as two:
        two.wait_for_workers(2)
        for client in (one, two):   # imports and the compiled kernel, once on each worker
            client.run(warm_up)
        print(f"clusters of 1 and 2 workers ready after {time.perf_counter() - started:.1f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        ratios = []
        for number in range(options.rounds):
            (alone, alone_busy, first), (together, together_busy, second) = run(one, options.size), run(two, options.size)
            pandas.testing.assert_frame_equal(first.drop(columns="wall_s"), second.drop(columns="wall_s"))
            ratios.append(alone / together)
            print(f"round {number + 1}: {len(first)} points, 1 worker {alone:.1f} s, 2 workers {together:.1f} s, ratio {ratios[-1]:.2f}; processor time of "
                  f"the busiest worker {alone_busy:.1f} s and {together_busy:.1f} s, ratio {alone_busy / together_busy:.2f}; load {os.getloadavg()[0]:.1f}")
    ratio = statistics.median(ratios)
    print(f"ratio {ratio:.2f}, wanted {WANTED} on an idle machine: {'reached' if ratio >= WANTED else 'missed'}")
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())

#!/usr/bin/env python3
"""What more HBM bandwidth would buy a decode layer's largest product: a sweep over a chip override, on worker processes.

    python examples/bandwidth_sweep.py [--tokens 8 96] [--workers 2]
"""

import argparse

import vitruvian as vt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, nargs="+", default=[8, 96])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--n", type=int, default=7168)
    parser.add_argument("--k", type=int, default=16384)
    options = parser.parse_args()
    grid = {"m": options.tokens, "hbm.bandwidth": [8e11, 1.6384e12, 3.2e12]}
    frame = vt.sweep("linear_int8", grid, options.workers, n=options.n, k=options.k)
    print(frame[["m", "hbm.bandwidth", "time_us", "bound", "error"]].to_string(index=False))


if __name__ == "__main__":
    main()

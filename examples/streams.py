#!/usr/bin/env python3
"""Two streams on one die: a vector kernel that lives on HBM beside a matrix product, alone and together.

    python examples/streams.py [--rows 2048] [--tokens 96]
"""

import argparse

import vitruvian as vt
from vitruvian.r1 import get_kernel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--tokens", type=int, default=96)
    options = parser.parse_args()
    device = vt.Device("ascend910c")
    norm = get_kernel("rms_norm")(rows=options.rows, columns=7168)
    product = get_kernel("linear_int8")(m=options.tokens, n=7168, k=2048)

    def streams():
        """Eight groups normalise three times, sixteen multiply three times; the last product waits for the first norm too."""
        norms = [norm.prepare(device, groups=8, first_core=0, mode="timing_only") for _ in range(3)]
        products = [product.prepare(device, groups=16, first_core=8, mode="timing_only") for _ in range(3)]
        products[-1].wait_for(norms[0])
        return norms, products

    norms, products = streams()
    alone = [device.run_streams([stream])[0] for stream in (norms, products[:2])]
    together = device.run_streams(list(streams()))
    us = 1e6 / device.clock_hz
    for name, single, both in zip(("norm", "product"), alone, together):
        for i, run in enumerate(both):
            before = f"{single[i].time_us:8.1f}" if i < len(single) else "       -"
            print(f"{name} {i}: from {run.start_cycle * us:8.1f} us, takes {run.time_us:8.1f} us, alone {before} us, bound {run.bound}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How fast DeepSeek-R1 is decoded on a 910C-class package, where the time goes, and a report to look at.

    python examples/r1_decode.py [--batch 96] [--context 4096] [--small] [--report DIR]

--small takes R1's structure in small dimensions: seconds instead of a minute.
"""

import argparse

import vitruvian as vt
from vitruvian.r1 import R1Config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--report", metavar="DIR")
    options = parser.parse_args()
    shape = {"config": R1Config.small(), "ep": 4} if options.small else {}
    result = vt.r1.decode(batch=options.batch, context=options.context, **shape)
    print(result)
    # The same figures as a frame: the five kernels that cost a layer most.
    print(result.to_pandas().query("scene == 'moe_layer'").nlargest(5, "time_us")[["label", "time_us", "bound", "h100_us"]].to_string(index=False))
    if options.report:
        print("report:", result.report(options.report))


if __name__ == "__main__":
    # The simulations run in processes of their own, which import this file.
    main()

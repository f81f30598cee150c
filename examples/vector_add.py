"""The Python API: compile a kernel, pass NumPy arrays, read cycles and counters, write a trace.

Run: python examples/vector_add.py (in the environment that scripts/demo makes)
"""
from pathlib import Path

import numpy as np
import vitruvian as vt

device = vt.Device("ascend910c")
module = device.compile(Path(__file__).parent / "cpp" / "add_custom.cpp")

x = np.arange(100_000, dtype=np.float32)
y = np.full_like(x, 0.5)
z = np.empty_like(x)
run = module["add_custom"].launch(block_dim=8, args=[x, y, vt.out(z), x.size], trace=True)
assert np.array_equal(z, x + y)
print(run)

# What would a faster memory change? Any parameter of the chip can be overridden.
fast = vt.Device("ascend910c", overrides={"hbm.bandwidth": 2 * 1.6384e12})
again = fast.compile(Path(__file__).parent / "cpp" / "add_custom.cpp")["add_custom"].launch(
    block_dim=8, args=[x, y, vt.out(z), x.size])
print(f"{run.cycles} cycles, {again.cycles} with twice the HBM bandwidth")
run.trace("vector_add.trace.json")
print("trace: vector_add.trace.json, open at https://ui.perfetto.dev")

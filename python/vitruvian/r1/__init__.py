"""DeepSeek-R1 on the emulated chip: its kernels, a small model of its architecture, and how fast it is served.

    vt.r1.run("mla_decode", batch=96, heads=128, kv=4096, q=2)       # one kernel, checked
    vt.r1.kernels()                                                  # all of them, by name
    vt.r1.Model(seed=1).generate(prompt, 16)                         # a small model of the architecture, every kernel emulated
"""

from .config import R1Config
from .kernel import Buffer, Parameter, R1Kernel, get_kernel, kernels
from .model import Generation, Model
from .runner import R1Run, run

__all__ = ["Buffer", "Generation", "Model", "Parameter", "R1Config", "R1Kernel", "R1Run", "get_kernel", "kernels", "run"]

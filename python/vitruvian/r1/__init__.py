"""DeepSeek-R1 on the emulated chip: its kernels, a small model of its architecture, and how fast it is served.

    vt.r1.run("mla_decode", batch=96, heads=128, kv=4096, q=2)       # one kernel, checked
    vt.r1.kernels()                                                  # all of them, by name
    vt.r1.decode(batch=96, context=4096, ep=320, mtp=1)              # TPOT and tokens/s of a deployment, and where the time goes
    vt.r1.Model(seed=1).generate(prompt, 16)                         # a small model of the architecture, every kernel emulated
"""

from .config import R1Config
from .kernel import Buffer, Parameter, R1Kernel, get_kernel, kernels
from .model import Generation, Model
from .runner import R1Run, run

_SERVING = {"decode", "prefill", "Decode", "Prefill", "ServingResult"}


def __getattr__(name):
    """The serving workload, imported when it is asked for."""
    if name in _SERVING:
        from . import serving

        return getattr(serving, name)
    raise AttributeError(f"module {__name__} has no attribute '{name}'")


__all__ = ["Buffer", "Generation", "Model", "Parameter", "R1Config", "R1Kernel", "R1Run", "decode", "get_kernel", "kernels", "prefill",
           "run"]

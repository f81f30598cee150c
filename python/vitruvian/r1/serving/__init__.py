"""How fast DeepSeek-R1 is served: a deployment becomes kernel launches, which run on the emulated die, and their times a step.

    deployment.py   what is asked: batch, context, EP, MTP, precision ...   routing.py     tokens to experts, experts to dies
    memory.py       what lies in a die's memory, and whether it fits        layer.py       deployment -> launches of a layer
    scene.py        launches that run in one simulation                     scenes.py      which scenes a deployment needs
    simulate.py     scenes -> records: processes, disk cache                compose.py     records -> layer, step, components
    run.py          all of it: decode(), prefill()                          result.py      what a user sees
    baseline.py     an H100: curves over published points, or measurements  h100_side.py   the same deployment on H100s
    report/         figures and the HTML report                             cli.py         `vitruvian r1 decode | prefill | sweep`
"""

from .deployment import Decode, Prefill
from .result import ServingResult
from .run import decode, prefill

__all__ = ["Decode", "Prefill", "ServingResult", "decode", "prefill"]

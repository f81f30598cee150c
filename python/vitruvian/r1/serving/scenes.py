"""The scenes of a deployment: what is simulated together.

Overlap in steady state is a window of two half steps, each an attention of one microbatch beside the MoE of the other:

    attention stream   [ A(l, 0)     ][ A(l, 1)  ]          A(l, 1) needs M(l-1, 1); both streams go on when both have ended
    moe stream         [ M(l-1, 1)  ] [ M(l, 0)     ]       M(l, 0) needs A(l, 0)
                       <------------ a layer ------>

`alone` runs the same A and M one after the other on the same cores: the ends of the pipeline, and what contention costs.
"""

from __future__ import annotations

from pathlib import Path

from ... import _core
from .deployment import Decode, Deployment
from .layer import Layers
from .parameters import get_parameter
from .routing import place_decode, place_prefill
from .scene import Builder, Scene, Stream


def compiled_kernels() -> frozenset[str]:
    """Names of the library's kernels whose sources are there."""
    from ..kernel import kernels

    sources = Path(_core.data_directory()) / "kernels" / "r1"
    return frozenset(name for name, kind in kernels().items() if (sources / kind.source).exists())


class Scenes:
    """Makes a deployment's scenes."""

    def __init__(self, deployment: Deployment):
        self.deployment, self.kernels = deployment, compiled_kernels()
        self.groups = int(deployment.chip_values()["cores.aic"].value)
        self.decode = isinstance(deployment, Decode)
        attention = deployment.attention_groups or round(self.groups * get_parameter("attention_share"))
        self.both = (Stream("attention", 0, attention), Stream("moe", attention, self.groups - attention))
        self.all = (Stream("all", 0, self.groups),)

    def placement(self, units: int):
        """units: requests of a die in decode, prompts in prefill; of a microbatch."""
        place = place_decode if self.decode else place_prefill
        return place(self.deployment.config, self.deployment.ep, self.tokens(units), self.deployment.skew)

    def tokens(self, units: int) -> int:
        return units * (self.deployment.queries if self.decode else self.deployment.prompt)

    def halves(self) -> tuple[int, int]:
        """Units of the two microbatches."""
        units = self.deployment.requests if self.decode else self.deployment.prompts
        return units - units // 2, units // 2

    def start(self, name: str, streams) -> tuple[Builder, Layers]:
        build = Builder(name, streams, self.kernels)
        return build, Layers(self.deployment, build)

    def attention(self, layers: Layers, units: int) -> None:
        d = self.deployment
        layers.attention_decode(units, d.queries, d.context) if self.decode else layers.attention_prefill(units, d.prompt)

    def moe(self, layers: Layers, units: int) -> None:
        layers.moe(self.tokens(units), self.placement(units))

    # --- scenes

    def window(self) -> Scene:
        build, layers = self.start("window", self.both)
        first, second = self.halves()
        build.on("attention", "attention", 0)
        self.attention(layers, first)
        attention_done = build.last
        build.on("moe", "moe", 1)
        self.moe(layers, second)
        moe_done = build.last
        build.on("attention", "attention", 1, after=(moe_done,))
        self.attention(layers, second)
        build.on("moe", "moe", 0, after=(attention_done,))
        self.moe(layers, first)
        return build.scene()

    def alone(self) -> Scene:
        build, layers = self.start("alone", self.both)
        build.on("attention", "attention")
        self.attention(layers, self.halves()[0])
        build.on("moe", "moe", after=(build.last,))
        self.moe(layers, self.halves()[0])
        return build.scene()

    def layer(self, units: int, feed_forward: str) -> Scene:
        """One layer on all cores, one launch at a time. feed_forward: moe or dense."""
        build, layers = self.start(f"{feed_forward}_layer", self.all)
        build.on("all", "attention")
        self.attention(layers, units)
        build.on("all", feed_forward)
        self.moe(layers, units) if feed_forward == "moe" else layers.dense(self.tokens(units))
        return build.scene()

    def head(self, rows: int, embedded: int, greedy: bool = False, name: str = "head") -> Scene:
        build, layers = self.start(name, self.all)
        build.on("all", "head")
        if name == "mtp":
            layers.mtp_input(embedded)
        else:
            layers.embed(embedded)
        layers.head(rows, greedy)
        return build.scene()


def scenes_of(deployment: Deployment) -> dict[str, Scene]:
    """By name: window, alone, moe_layer, dense_layer, head, mtp, as far as the deployment has them."""
    make = Scenes(deployment)
    if isinstance(deployment, Decode):
        units, rows = deployment.requests, deployment.requests * deployment.queries
        embedded = rows
    else:
        units, rows, embedded = max(1, make.halves()[0]), deployment.prompts, deployment.prompts * deployment.prompt
    found = [make.layer(units, "moe"), make.head(rows, embedded)]
    if deployment.overlap:
        found = [make.window(), *found, make.alone()]
    if deployment.config.dense_layers:
        found.append(make.layer(units, "dense"))
    if isinstance(deployment, Decode) and deployment.mtp:
        found.append(make.head(deployment.requests, rows, greedy=True, name="mtp"))
    return {scene.name: scene for scene in found}

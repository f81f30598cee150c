"""Records to times: a layer, a step, TPOT, tokens a second. Every figure is a sum of simulated spans; nothing is a maximum or a sum
of launches that ran alone.

    window   -> the period of a layer in steady state           \\
    alone    -> what the pipeline's two ends cost beyond it       }  step = layers + ends + embedding, head + MTP + engine
    *_layer  -> a layer with one launch at a time on all cores   /
"""

from __future__ import annotations

from dataclasses import dataclass

from .deployment import Decode, Deployment
from .parameters import get_parameter

US = 1e6


@dataclass(frozen=True)
class Component:
    """A part of a step. us: of one; count: how many of them a step has; scenes: how many spans of which scenes one is (none: not
    simulated)."""

    name: str
    us: float
    count: float
    basis: str
    scenes: tuple[tuple[str, float], ...] = ()

    @property
    def total_us(self) -> float:
        return self.us * self.count


def simulated(name: str, records: dict[str, dict], count: float, basis: str, **scenes: float) -> Component:
    """A component that is made of spans of scenes."""
    return Component(name, sum(times * span_us(records[scene]) for scene, times in scenes.items()), count, basis, tuple(scenes.items()))


def span_us(record: dict) -> float:
    """From the first launch to the last end; the first launch's longer start is the host's, not a stream's."""
    return (record["cycles"] - lead_cycles(record)) / record["clock_hz"] * US


def lead_cycles(record: dict) -> float:
    """What the first launches of a scene pay because no launch is before them: launch.latency in place of launch.gap."""
    return record["lead_cycles"]


def host_us(deployment: Deployment) -> float:
    return 1e3 * (deployment.host_step_ms if deployment.host_step_ms is not None else get_parameter("host_step"))


def engine_components(deployment: Deployment, graphs: int) -> list[Component]:
    launch = deployment.graph_launch_ms if deployment.graph_launch_ms is not None else get_parameter("graph_launch")
    return [Component("graph launch", launch * 1e3, graphs, "serving parameter graph_launch"),
            Component("host", host_us(deployment), 1, "serving parameter host_step")]


def scenes_of_a_layer(deployment: Deployment) -> float:
    """How many times *_layer carries what a layer has to do: decode's holds the whole batch, prefill's a microbatch."""
    return 1.0 if isinstance(deployment, Decode) else deployment.prompts / max(1, deployment.prompts - deployment.prompts // 2)


def layer_components(deployment: Deployment, records: dict[str, dict], layers: float) -> list[Component]:
    """The MoE layers: with overlap the window's period, and at the ends an attention and a MoE alone in place of a half step."""
    if not deployment.overlap:
        return [simulated("MoE layers", records, layers, "moe_layer, one launch at a time", moe_layer=scenes_of_a_layer(deployment))]
    return [simulated("MoE layers", records, layers, "window: two microbatches in two streams", window=1),
            simulated("ends of the pipeline", records, 1, "alone - half a window", alone=1, window=-0.5)]


def components_of(deployment: Deployment, records: dict[str, dict]) -> list[Component]:
    """The parts of a step, in its order."""
    config, mtp = deployment.config, isinstance(deployment, Decode) and deployment.mtp
    parts = layer_components(deployment, records, config.moe_layers)
    if config.dense_layers:
        parts.append(simulated("dense layers", records, config.dense_layers, "dense_layer", dense_layer=scenes_of_a_layer(deployment)))
    parts.append(simulated("embedding, head, sampling", records, 1, "head", head=1))
    if mtp:
        parts.append(simulated("MTP layer", records, config.mtp_layers, "moe_layer", moe_layer=1))
        parts.append(simulated("MTP projection, head", records, config.mtp_layers, "mtp", mtp=1))
    return parts + engine_components(deployment, 2 if mtp else 1)


@dataclass(frozen=True)
class Totals:
    """step_ms: of all requests; layer_us: of a MoE layer; serial_layer_us: without overlap, the whole batch at once."""

    components: tuple[Component, ...]
    step_ms: float
    engine_ms: float
    layer_us: float
    serial_layer_us: float


def totals(components: list[Component], deployment: Deployment, records: dict[str, dict]) -> Totals:
    engine = sum(part.total_us for part in components if not part.scenes)
    step = sum(part.total_us for part in components)
    layers = next(part for part in components if part.name == "MoE layers")
    serial = span_us(records["moe_layer"]) * scenes_of_a_layer(deployment)
    return Totals(tuple(components), step / 1e3, engine / 1e3, layers.us, serial)


def assumed_share(records: dict[str, dict], components: list[Component]) -> float:
    """Of the busy cycles of all pipes in a step, those of operations whose cost rests on a value without a source. The engine's time
    is no pipe's and not among them."""
    busy = assumed = 0.0
    for part in components:
        for scene, times in part.scenes:
            for pipe in (pipe for launch in records[scene]["launches"] for pipe in launch["pipes"].values()):
                busy += part.count * times * pipe["busy"]
                assumed += part.count * times * pipe["assumed_busy"]
    return assumed / busy if busy else 0.0

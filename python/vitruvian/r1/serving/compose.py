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
    """A part of a step. us: of one; count: how many of them a step has."""

    name: str
    us: float
    count: float
    basis: str

    @property
    def total_us(self) -> float:
        return self.us * self.count


def span_us(record: dict) -> float:
    """From the first launch to the last end; the first launch's longer start is the host's, not a stream's."""
    return (record["cycles"] - lead_cycles(record)) / record["clock_hz"] * US


def lead_cycles(record: dict) -> float:
    """What the first launches of a scene pay because no launch is before them: launch.latency in place of launch.gap."""
    return record["lead_cycles"]


def engine_components(deployment: Deployment, graphs: int) -> list[Component]:
    launch = deployment.graph_launch_ms if deployment.graph_launch_ms is not None else get_parameter("graph_launch")
    host = deployment.host_step_ms if deployment.host_step_ms is not None else get_parameter("host_step")
    return [Component("graph launch", launch * 1e3, graphs, "serving parameter graph_launch"),
            Component("host", host * 1e3, 1, "serving parameter host_step")]


def layer_components(deployment: Deployment, records: dict[str, dict], layers: float) -> list[Component]:
    """The MoE layers: with overlap the window's period, and at the ends an attention and a MoE alone in place of a half step."""
    serial = span_us(records["moe_layer"])
    if not deployment.overlap:
        microbatches = 1 if isinstance(deployment, Decode) else deployment.prompts / max(1, deployment.prompts - deployment.prompts // 2)
        return [Component("MoE layers", serial * microbatches, layers, "moe_layer, one launch at a time")]
    period, alone = span_us(records["window"]), span_us(records["alone"])
    return [Component("MoE layers", period, layers, "window: two microbatches in two streams"),
            Component("ends of the pipeline", alone - period / 2, 1, "alone - half a window")]


def decode_components(deployment: Decode, records: dict[str, dict]) -> list[Component]:
    config = deployment.config
    parts = layer_components(deployment, records, config.moe_layers)
    if config.dense_layers:
        parts.append(Component("dense layers", span_us(records["dense_layer"]), config.dense_layers, "dense_layer"))
    parts.append(Component("embedding, head, sampling", span_us(records["head"]), 1, "head"))
    if deployment.mtp:
        parts.append(Component("MTP layer", span_us(records["moe_layer"]), config.mtp_layers, "moe_layer"))
        parts.append(Component("MTP projection, head", span_us(records["mtp"]), config.mtp_layers, "mtp"))
    return parts + engine_components(deployment, 1 + deployment.mtp)


def prefill_components(deployment, records: dict[str, dict]) -> list[Component]:
    config = deployment.config
    parts = layer_components(deployment, records, config.moe_layers)
    if config.dense_layers:
        units = max(1, deployment.prompts - deployment.prompts // 2)
        parts.append(Component("dense layers", span_us(records["dense_layer"]) * deployment.prompts / units, config.dense_layers, "dense_layer"))
    parts.append(Component("embedding, head, sampling", span_us(records["head"]), 1, "head"))
    return parts + engine_components(deployment, 1)


@dataclass(frozen=True)
class Totals:
    """step_ms: of all requests; layer_us: of a MoE layer; serial_layer_us: without overlap, the whole batch at once."""

    components: tuple[Component, ...]
    step_ms: float
    engine_ms: float
    layer_us: float
    serial_layer_us: float


def totals(components: list[Component], deployment: Deployment, records: dict[str, dict]) -> Totals:
    engine = sum(part.total_us for part in components if part.basis.startswith("serving parameter"))
    step = sum(part.total_us for part in components)
    layers = next(part for part in components if part.name == "MoE layers")
    serial = span_us(records["moe_layer"])
    if not isinstance(deployment, Decode):
        serial *= deployment.prompts / max(1, deployment.prompts - deployment.prompts // 2)
    return Totals(tuple(components), step / 1e3, engine / 1e3, layers.us, serial)


def assumed_share(records: dict[str, dict], components: list[Component]) -> float:
    """Of the busy cycles of all pipes, those of operations whose cost rests on a value without a source; launches weighted by how
    often they run. The engine's assumed time counts as assumed."""
    counts = {"window": "MoE layers", "alone": "ends of the pipeline", "moe_layer": "MTP layer", "dense_layer": "dense layers", "head": "embedding, head, sampling",
              "mtp": "MTP projection, head"}
    by_name = {part.name: part for part in components}
    if "window" not in records:
        counts["moe_layer"] = "MoE layers"
    busy = assumed = 0.0
    for name, record in records.items():
        part = by_name.get(counts.get(name, ""))
        for launch in record["launches"]:
            weight = part.count if part else 0
            busy += weight * sum(pipe["busy"] for pipe in launch["pipes"].values())
            assumed += weight * sum(pipe["assumed_busy"] for pipe in launch["pipes"].values())
    return assumed / busy if busy else 0.0

"""The same deployment on H100s: one for each package, linear layers in FP8, the experts of a package on one GPU, its own capacity check."""

from __future__ import annotations

from dataclasses import replace

from ... import Error
from . import compose, memory
from .baseline import baseline
from .baseline_kernels import in_place
from .deployment import Decode, Deployment
from .scenes import Scenes, scenes_of
from .simulate import specs_of


def launches_of(scene, profile) -> list[dict]:
    """A scene's launches with their predictions."""
    found = []
    for launch, spec in zip(scene.launches, specs_of(scene)):
        predicted = profile.predict_kernel(spec, **in_place(spec))
        found.append({"label": launch.label, "part": launch.part, "kernel": spec.name, "time_us": predicted.time_us, "basis": predicted.basis, "source": predicted.source,
                      "error_bar": predicted.error_bar, "bound": predicted.bound, "operations": spec.operations(), "bytes": spec.bytes()})
    return found


def serve(deployment: Deployment, name: str) -> dict:
    """TPOT or tokens/s of the H100 side. Serial: one kernel after another, exchanges exposed. Overlapped: the exchanges under the
    computation of the other microbatch as far as they are shorter, which is a bound and not a simulation."""
    profile = baseline(name)
    single = replace(deployment, ep=max(deployment.packages, 1), overlap=False, attention_groups=0,
                     overrides=(*(item for item in deployment.overrides if item[0] != "package.dies"), ("package.dies", 1.0)))
    units = single.requests if isinstance(single, Decode) else single.prompts
    slots = Scenes(single).placement(units).slots
    table = memory.table_of(single, slots)
    try:
        memory.require(table, profile.machine.memory_bytes, "an H100")
    except Error as error:
        return {"profile": name, "fits": False, "why": str(error), "memory": table}
    scenes = {scene_name: launches_of(scene, profile) for scene_name, scene in scenes_of(single).items()}
    config = single.config
    mtp = single.mtp if isinstance(single, Decode) else 0
    scale = compose.scenes_of_a_layer(single)
    layers = config.moe_layers + mtp * config.mtp_layers
    counts = {"moe_layer": layers * scale, "dense_layer": config.dense_layers * scale, "head": 1, "mtp": mtp * config.mtp_layers}
    # The engine's host works there as here. Graph launches do not count: each kernel carries a launch of its own in the profile.
    engine = compose.host_us(single)
    serial = engine + sum(counts[scene] * launch["time_us"] for scene, launches in scenes.items() for launch in launches)
    layer = {part: sum(launch["time_us"] for launch in scenes["moe_layer"] if (launch["part"] == "communication") == (part == "exchange")) * scale
             for part in ("computation", "exchange")}
    hidden = min(layer["computation"], layer["exchange"]) * layers
    result = {"profile": name, "fits": True, "memory": table, "gpus": single.ep, "slots": slots, "step_ms": serial / 1e3, "layer_us": sum(layer.values()),
              "layer_parts_us": layer, "engine_overhead_ms": engine / 1e3, "step_overlapped_ms": (serial - hidden) / 1e3,
              "measured_share": _measured_share(scenes, counts), "kernels": scenes["moe_layer"]}
    tokens = deployment.batch * deployment.tokens_per_step if isinstance(deployment, Decode) else deployment.tokens
    if isinstance(deployment, Decode):
        result |= {"tpot_ms": result["step_ms"] / deployment.tokens_per_step, "tpot_overlapped_ms": result["step_overlapped_ms"] / deployment.tokens_per_step}
    result |= {"tokens_per_s": tokens / result["step_ms"] * 1e3, "tokens_per_s_overlapped": tokens / result["step_overlapped_ms"] * 1e3}
    return result


def _measured_share(scenes: dict, counts: dict[str, float]) -> float:
    """Of the kernels' time in a step, what was measured."""
    every = [(counts[scene] * launch["time_us"], launch["basis"]) for scene, launches in scenes.items() for launch in launches]
    total = sum(time for time, _ in every)
    return sum(time for time, basis in every if basis == "measured") / total if total else 0.0

"""What lies in a die's memory, and whether it fits."""

from __future__ import annotations

from ... import _core
from ..config import R1Config
from .deployment import Decode, Deployment
from .parameters import get_parameter

BF16_BYTES = 2


def attention_weights(config: R1Config, linear_bytes: int) -> float:
    """Bytes of one layer: linear projections in the deployment's type, absorbed W_UK and W_UV in bf16."""
    linear = config.hidden * (config.q_lora + config.latent) + config.q_lora * config.heads * config.query + config.heads * config.v * config.hidden
    return linear * linear_bytes + BF16_BYTES * config.heads * config.kv_lora * (config.nope + config.v)


def expert_weights(config: R1Config, linear_bytes: int) -> float:
    return 3.0 * config.hidden * config.expert_width * linear_bytes


def table_of(deployment: Deployment, slots: int, dies_together: int = 1) -> dict[str, float]:
    """Bytes by what they are for. slots: expert places of a device; dies_together: dies whose requests one device serves."""
    config = deployment.config
    linear = 1 if deployment.dtype == "int8" else 2
    mtp = deployment.mtp if isinstance(deployment, Decode) else 0
    table = {
        "attention weights": (config.layers + mtp) * attention_weights(config, linear),
        "dense layers": config.dense_layers * 3.0 * config.hidden * config.dense_width * linear,
        "experts": (config.moe_layers + mtp) * (slots * expert_weights(config, linear) + BF16_BYTES * config.experts * config.hidden),
        "embedding and head": 2.0 * BF16_BYTES * config.vocabulary * config.hidden,
        "reserve": get_parameter("memory_reserve") * 1e9,
    }
    if mtp:
        table["MTP projection"] = 2.0 * config.hidden * config.hidden * BF16_BYTES
    tokens = deployment.requests * deployment.context if isinstance(deployment, Decode) else deployment.prompts * deployment.prompt
    table["KV cache"] = float(BF16_BYTES * config.latent * tokens * dies_together * (config.layers + mtp))
    return table


def check(deployment: Deployment, slots: int) -> dict[str, float]:
    """The table of a die. Errors: vt.Error that says what does not fit."""
    table = table_of(deployment, slots)
    capacity = deployment.chip_values()["hbm.bytes"].value
    require(table, capacity, f"a die of {deployment.chip}")
    return table


def require(table: dict[str, float], capacity: float, device: str) -> None:
    needed = sum(table.values())
    if needed > capacity:
        parts = ", ".join(f"{name} {size / 1e9:.1f} GB" for name, size in sorted(table.items(), key=lambda item: -item[1]))
        _core.fail(f"the deployment does not fit into {device}", "memory", f"at most {capacity / 1e9:.1f} GB", f"{needed / 1e9:.1f} GB: {parts}")

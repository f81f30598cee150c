"""Random weights of R1's architecture from a seed: the numbers that both the emulated model and its reference have.

A W8A8 layer is an INT8 matrix [out, in] with an fp32 scale [out]; the others are bf16. Names: "embedding", "head", "final_norm",
"mtp.*", and for layer i (the MTP layer is number `layers`) "i.attention_norm", "i.q_a", ... as in layer_weights().
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .config import R1Config
from .kernel import BF16, generator

INT8_LARGEST = 127
# Of the matrices that write to the residual stream: as in a trained network, a sublayer adds little to what is there. With a gain of 1 the
# noise of the quantisation, which every layer multiplies, reaches 5 % of the logits after four layers, in the reference with itself.
OUTPUT_GAIN = 0.5


@dataclass(frozen=True)
class Int8Weight:
    """value = q * scale[out]; q int8 [..., out, in]."""

    q: np.ndarray
    scale: np.ndarray


class WeightSource:
    """Draws matrices whose products keep the size of their inputs."""

    def __init__(self, seed: int):
        self.rng = generator(seed)

    def matrix(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape, np.float32) / np.float32(np.sqrt(shape[-1]))

    def bf16(self, *shape: int) -> np.ndarray:
        return self.matrix(*shape).astype(BF16)

    def int8(self, *shape: int, gain: float = 1) -> Int8Weight:
        values = np.float32(gain) * self.matrix(*shape)
        scale = (np.abs(values).max(axis=-1) / INT8_LARGEST).astype(np.float32)
        return Int8Weight(np.rint(values / scale[..., None]).astype(np.int8), scale)

    def gain(self, width: int) -> np.ndarray:
        """Of an RMSNorm."""
        return (1 + 0.1 * self.rng.standard_normal(width)).astype(BF16)


def layer_weights(source: WeightSource, config: R1Config, moe: bool) -> dict:
    c = config
    found = {
        "attention_norm": source.gain(c.hidden), "q_a": source.int8(c.q_lora, c.hidden), "q_norm": source.gain(c.q_lora),
        "q_b": source.int8(c.heads * c.query, c.q_lora), "kv_a": source.int8(c.latent, c.hidden), "kv_norm": source.gain(c.kv_lora),
        # Of each head the rows of k (nope), then those of v.
        "kv_b": source.bf16(c.heads, c.nope + c.v, c.kv_lora), "o": source.int8(c.hidden, c.heads * c.v, gain=OUTPUT_GAIN), "ffn_norm": source.gain(c.hidden),
    }
    if not moe:
        return found | {"gate_up": source.int8(2 * c.dense_width, c.hidden), "down": source.int8(c.hidden, c.dense_width, gain=OUTPUT_GAIN)}
    shared = c.shared_experts * c.expert_width
    return found | {
        "router": source.bf16(c.experts, c.hidden), "bias": (0.1 * source.rng.standard_normal(c.experts)).astype(np.float32),
        "experts.gate_up": source.int8(c.experts, 2 * c.expert_width, c.hidden), "experts.down": source.int8(c.experts, c.hidden, c.expert_width, gain=OUTPUT_GAIN),
        "shared.gate_up": source.int8(2 * shared, c.hidden), "shared.down": source.int8(c.hidden, shared, gain=OUTPUT_GAIN),
    }


def random_weights(config: R1Config, seed: int) -> dict:
    """Equal for equal arguments."""
    source = WeightSource(seed)
    found = {
        "embedding": source.rng.standard_normal((config.vocabulary, config.hidden), np.float32).astype(BF16),
        "head": source.bf16(config.vocabulary, config.hidden), "final_norm": source.gain(config.hidden),
    }
    for layer in range(config.layers + config.mtp_layers):
        found |= {f"{layer}.{name}": value for name, value in layer_weights(source, config, layer >= config.dense_layers).items()}
    if config.mtp_layers:
        found |= {"mtp.embedding_norm": source.gain(config.hidden), "mtp.hidden_norm": source.gain(config.hidden),
                  "mtp.projection": source.int8(config.hidden, 2 * config.hidden), "mtp.final_norm": source.gain(config.hidden)}
    return found

"""R1's architecture as numbers: the full model, a small one that a test can run, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from .. import _core


@dataclass(frozen=True)
class R1Config:
    """Dimensions of the architecture; defaults: DeepSeek-R1 (671B). Names are short forms of the published configuration's."""

    hidden: int = 7168
    layers: int = 61             # without the MTP layer
    dense_layers: int = 3        # the first of them; the others are MoE
    dense_width: int = 18432     # of the dense layers' SwiGLU
    heads: int = 128
    q_lora: int = 1536
    kv_lora: int = 512           # the latent of the cache
    rope: int = 64               # the rotated part of a head, shared by the keys of all heads
    nope: int = 128              # the other part
    v: int = 128
    experts: int = 256           # routed
    shared_experts: int = 1
    expert_width: int = 2048
    top_k: int = 8
    expert_groups: int = 8
    limited_groups: int = 4      # groups that a token's experts may come from
    routed_scaling: float = 2.5
    vocabulary: int = 129280
    mtp_layers: int = 1
    norm_epsilon: float = 1e-6
    # YaRN: the rotation's frequencies, stretched from the length of the first training.
    rope_theta: float = 10000.0
    yarn_factor: float = 40.0
    yarn_original: int = 4096
    yarn_beta_fast: float = 32.0
    yarn_beta_slow: float = 1.0
    yarn_mscale: float = 1.0

    def __post_init__(self):
        for field_ in fields(self):
            value, least = getattr(self, field_.name), 0 if field_.name in ("dense_layers", "mtp_layers", "norm_epsilon") else 1 if field_.type == "int" else None
            if not math.isfinite(value) or (value <= 0 if least is None else value < least):
                _core.fail("bad R1 configuration", field_.name, f"a number from {least} on" if least is not None else "a number above 0", str(value))
        if self.mtp_layers > 1:
            _core.fail("bad R1 configuration", "mtp_layers", "0 or 1", str(self.mtp_layers))
        if self.experts % self.expert_groups or not 1 <= self.limited_groups <= self.expert_groups:
            _core.fail("bad R1 configuration", "expert_groups", f"a divisor of {self.experts} experts, not below limited_groups", str(self.expert_groups))
        if not 1 <= self.top_k <= self.limited_groups * (self.experts // self.expert_groups):
            _core.fail("bad R1 configuration", "top_k", f"1 to {self.limited_groups * (self.experts // self.expert_groups)}, the experts of limited_groups groups", str(self.top_k))
        if not 0 <= self.dense_layers <= self.layers:
            _core.fail("bad R1 configuration", "dense_layers", f"0 to {self.layers}", str(self.dense_layers))

    @classmethod
    def full(cls, **changes) -> "R1Config":
        """DeepSeek-R1 as published."""
        return cls(**changes)

    @classmethod
    def small(cls, **changes) -> "R1Config":
        """2 dense and 2 MoE layers, 16 experts: R1's structure and head dimensions, small enough for a test."""
        small = dict(hidden=256, layers=4, dense_layers=2, dense_width=512, heads=4, q_lora=128, experts=16, expert_width=128, top_k=4,
                     expert_groups=4, limited_groups=2, vocabulary=512)
        return cls(**{**small, **changes})

    def with_(self, **changes) -> "R1Config":
        """A copy with some fields changed."""
        return replace(self, **changes)

    @property
    def query(self) -> int:
        """Features of a head's query and key: nope, then rope."""
        return self.nope + self.rope

    @property
    def latent(self) -> int:
        """Features of a token in the KV cache, and of an absorbed query."""
        return self.kv_lora + self.rope

    @property
    def moe_layers(self) -> int:
        return self.layers - self.dense_layers

    @property
    def softmax_scale(self) -> float:
        """Of the attention scores: 1 / sqrt(query), and YaRN's temperature squared."""
        return yarn_temperature(self) ** 2 / math.sqrt(self.query)

    def items(self) -> dict:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def yarn_temperature(config: R1Config) -> float:
    """YaRN's mscale: longer contexts want sharper scores."""
    return 0.1 * config.yarn_mscale * math.log(config.yarn_factor) + 1.0 if config.yarn_factor > 1 else 1.0


def rope_frequencies(config: R1Config) -> np.ndarray:
    """fp64 [rope / 2]: pairs that turn often within the original length keep their frequency, slow ones are stretched, a ramp between."""
    pairs = config.rope // 2
    plain = config.rope_theta ** (-np.arange(pairs) / pairs)

    def pair_of(turns: float) -> float:
        return config.rope * math.log(config.yarn_original / (turns * 2 * math.pi)) / (2 * math.log(config.rope_theta))

    low = max(math.floor(pair_of(config.yarn_beta_fast)), 0)
    high = min(math.ceil(pair_of(config.yarn_beta_slow)), config.rope - 1)
    stretched = np.clip((np.arange(pairs) - low) / max(high - low, 1e-3), 0, 1)
    return plain * (1 - stretched) + plain / config.yarn_factor * stretched


def rope_tables(config: R1Config, positions: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin, fp32 [positions, rope / 2]: what the kernels take. R1's mscale and mscale_all_dim are equal, so they are not scaled."""
    angles = np.outer(np.arange(positions), rope_frequencies(config))
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

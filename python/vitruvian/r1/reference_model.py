"""R1's architecture in NumPy, written apart from the kernels: fp64, with the W8A8 quantisation points of the served model and bf16
wherever it stores a tensor.

    reference = ReferenceModel(config, weights)
    step = reference.forward(tokens, positions, absorbed=False)      # a prompt; absorbed=True: decoding, on the latent cache
    step.logits                                                      # [tokens, vocabulary]

Choices of experts may be given from outside: where two scores are nearer than the drift of two right computations, either choice is right,
and what follows depends on which was made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .config import R1Config
from .kernel import BF16
from .weights import OUTPUT_GAIN, Int8Weight

# Relative rms distance of two INT8 roundings that have nothing to do with each other: the step is absmax / 127, absmax some 3 rms,
# and the difference of two uniform errors has step / sqrt(6).
QUANTISED_APART = 3 / 127 / math.sqrt(6)


def drift(sublayers: int, inputs: float = 0.0) -> float:
    """How far two right computations of the residual stream may be apart, relative rms, after so many sublayers: twice what each adds if the
    roundings of its quantised tensors were independent. (Each rounds nearly the same number, so that most agree; but a difference of one
    step in one layer makes others differ in the next.) inputs: the same of what the first sublayer gets."""
    return 2 * QUANTISED_APART * math.sqrt(OUTPUT_GAIN**2 * sublayers + inputs)


def margin_tolerance(drift: float) -> float:
    """Three standard deviations of the error of a difference of two logits, each with an error of `drift`, relative to their size."""
    return 3 * math.sqrt(2) * drift


def stored(x: np.ndarray) -> np.ndarray:
    """As a bf16 tensor holds it."""
    return x.astype(np.float32).astype(BF16).astype(np.float64)


def quantised(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per token: integers and scale."""
    scale = np.abs(x).max(axis=-1, keepdims=True) / 127
    scale[scale == 0] = 1
    scale = scale.astype(np.float32).astype(np.float64)
    return np.clip(np.rint(x / scale), -127, 127), scale


def norm(x: np.ndarray, gain: np.ndarray, epsilon: float) -> np.ndarray:
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon) * gain.astype(np.float64)


def w8a8(x: np.ndarray, weight: Int8Weight) -> np.ndarray:
    """A linear layer of an unquantised input, its output stored."""
    q, scale = quantised(x)
    return stored(q @ weight.q.astype(np.float64).T * scale * weight.scale.astype(np.float64))


def swiglu(x: np.ndarray) -> np.ndarray:
    gate, up = np.split(x, 2, axis=-1)
    return gate / (1 + np.exp(-gate)) * up


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Rotary:
    """YaRN-scaled rotation of interleaved pairs, as multiplications of complex numbers."""

    def __init__(self, config: R1Config):
        exponent = np.arange(0, config.rope, 2) / config.rope
        fast = config.rope_theta ** -exponent

        def index_of(turns):  # of the pair that turns so often within the original length
            return config.rope / 2 * math.log(config.yarn_original / (2 * math.pi * turns)) / math.log(config.rope_theta)

        first, last = max(math.floor(index_of(config.yarn_beta_fast)), 0), min(math.ceil(index_of(config.yarn_beta_slow)), config.rope - 1)
        slow_share = ((np.arange(config.rope // 2) - first) / max(last - first, 1e-3)).clip(0, 1)
        self.frequency = fast / config.yarn_factor * slow_share + fast * (1 - slow_share)

    def __call__(self, x: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """x [tokens, ..., rope]."""
        turn = np.exp(1j * np.outer(positions, self.frequency)).reshape(len(positions), *[1] * (x.ndim - 2), -1)
        turned = (x[..., 0::2] + 1j * x[..., 1::2]) * turn
        return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


@dataclass
class Gate:
    """A router's decision for each token."""

    ids: np.ndarray       # chosen here
    margin: np.ndarray    # distance of the nearest score (or score of a group) to another choice
    wrong: np.ndarray     # a choice from outside that the margin does not explain


@dataclass
class Step:
    logits: np.ndarray
    hidden: np.ndarray    # the residual stream behind the last layer
    gates: list[Gate] = field(default_factory=list)


class ReferenceModel:
    def __init__(self, config: R1Config, weights: dict):
        self.config, self.weights, self.rotary = config, weights, Rotary(config)
        # Of each layer, by position: the normalised latent and the rotated key.
        self.cache = [np.zeros((0, config.latent)) for _ in range(config.layers + config.mtp_layers)]

    def __getitem__(self, name):
        return self.weights[name]

    def forward(self, tokens, positions, absorbed: bool, choices=None) -> Step:
        """The main model. choices: the ids [tokens, k] of each MoE layer, from outside."""
        hidden = self["embedding"][np.asarray(tokens)].astype(np.float64)
        return self._layers(hidden, np.asarray(positions), absorbed, choices, range(self.config.layers), "final_norm")

    def predict(self, hidden, tokens, positions, absorbed: bool, choices=None) -> Step:
        """The MTP layer: from the main model's hidden state of a position and the next token to the token behind it."""
        c = self.config
        embedding = norm(self["embedding"][np.asarray(tokens)].astype(np.float64), self["mtp.embedding_norm"], c.norm_epsilon)
        both = np.concatenate([stored(embedding), stored(norm(hidden, self["mtp.hidden_norm"], c.norm_epsilon))], axis=-1)
        return self._layers(w8a8(both, self["mtp.projection"]), np.asarray(positions), absorbed, choices, [c.layers], "mtp.final_norm")

    def _layers(self, hidden, positions, absorbed, choices, layers, final_norm) -> Step:
        epsilon, gates, exact = self.config.norm_epsilon, [], hidden
        # `exact` is the sum before its rounding, which a norm fused with the addition reads.
        for layer in layers:
            hidden = stored(exact)
            exact = hidden + self._attention(layer, norm(exact, self[f"{layer}.attention_norm"], epsilon), positions, absorbed)
            hidden, x = stored(exact), norm(exact, self[f"{layer}.ffn_norm"], epsilon)
            if layer < self.config.dense_layers:
                exact = hidden + w8a8(swiglu(w8a8(x, self[f"{layer}.gate_up"])), self[f"{layer}.down"])
            else:
                y, gate = self._experts(layer, x, choices[len(gates)] if choices is not None else None)
                gates.append(gate)
                exact = hidden + y
        head = self["head"].astype(np.float64)
        return Step(stored(norm(exact, self[final_norm], epsilon)) @ head.T, stored(exact), gates)

    def _attention(self, layer, x, positions, absorbed) -> np.ndarray:
        c, count = self.config, len(positions)
        q = norm(w8a8(x, self[f"{layer}.q_a"]), self[f"{layer}.q_norm"], c.norm_epsilon)
        q = w8a8(q, self[f"{layer}.q_b"]).reshape(count, c.heads, c.query)
        q_nope, q_rope = q[..., : c.nope], stored(self.rotary(q[..., c.nope :], positions))
        kv = w8a8(x, self[f"{layer}.kv_a"])
        latent = stored(norm(kv[:, : c.kv_lora], self[f"{layer}.kv_norm"], c.norm_epsilon))
        self._remember(layer, positions, np.concatenate([latent, stored(self.rotary(kv[:, c.kv_lora :], positions))], axis=1))
        w = self[f"{layer}.kv_b"].astype(np.float64)
        w_k, w_v = w[:, : c.nope], w[:, c.nope :]
        cache = self.cache[layer][: positions[-1] + 1]
        past, keys_rope = cache[:, : c.kv_lora], cache[:, c.kv_lora :]
        if absorbed:
            scores = np.einsum("thl,sl->hts", stored(np.einsum("thn,hnl->thl", q_nope, w_k)), past)
        else:
            scores = np.einsum("thn,shn->hts", q_nope, stored(np.einsum("sl,hnl->shn", past, w_k)))
        scores = (scores + np.einsum("thr,sr->hts", q_rope, keys_rope)) * c.softmax_scale
        scores[:, positions[:, None] < np.arange(len(cache))] = -np.inf
        p = softmax(scores)
        if absorbed:
            out = np.einsum("thl,hvl->thv", stored(np.einsum("hts,sl->thl", p, past)), w_v)
        else:
            out = np.einsum("hts,shv->thv", p, stored(np.einsum("sl,hvl->shv", past, w_v)))
        return w8a8(stored(out).reshape(count, -1), self[f"{layer}.o"])

    def _remember(self, layer, positions, entries) -> None:
        kept = self.cache[layer]
        longer = np.zeros((max(len(kept), int(positions[-1]) + 1), entries.shape[1]))
        longer[: len(kept)] = kept
        longer[positions] = entries
        self.cache[layer] = longer

    def _experts(self, layer, x, given) -> tuple[np.ndarray, Gate]:
        c = self.config
        scores = 1 / (1 + np.exp(-(stored(x) @ self[f"{layer}.router"].astype(np.float64).T)))
        # A sigmoid moves by at most a quarter of its argument, whose size is 1.
        gate = self._choose(scores + self[f"{layer}.bias"].astype(np.float64), given, margin_tolerance(drift(2 * layer + 2)) / 4)
        ids = gate.ids if given is None else np.asarray(given)
        share = np.take_along_axis(scores, ids, axis=1)
        share = share / share.sum(axis=1, keepdims=True) * c.routed_scaling
        up, down = self[f"{layer}.experts.gate_up"], self[f"{layer}.experts.down"]
        y = w8a8(swiglu(w8a8(x, self[f"{layer}.shared.gate_up"])), self[f"{layer}.shared.down"])
        for expert in np.unique(ids):
            token, slot = np.nonzero(ids == expert)
            inner = swiglu(w8a8(x[token], Int8Weight(up.q[expert], up.scale[expert])))
            y[token] += share[token, slot][:, None] * w8a8(inner, Int8Weight(down.q[expert], down.scale[expert]))
        return stored(y), gate

    def _choose(self, scores, given, tolerance) -> Gate:
        """The k best of the best groups; a group counts by the sum of its two best. tolerance: of a score."""
        c = self.config
        grouped = scores.reshape(len(scores), c.expert_groups, -1)
        of_group = np.sort(grouped, axis=2)[:, :, -2:].sum(axis=2)
        ranked = np.argsort(-of_group, axis=1, kind="stable")
        open_ = np.zeros_like(of_group, bool)
        np.put_along_axis(open_, ranked[:, : c.limited_groups], True, axis=1)
        allowed = np.where(open_[:, :, None], grouped, -np.inf).reshape(scores.shape)
        order = np.argsort(-allowed, axis=1, kind="stable")

        def gap(values, ranks, count):
            best = np.take_along_axis(values, ranks, axis=1)
            return best[:, count - 1] - best[:, count] if count < values.shape[1] else np.full(len(values), np.inf)

        margin = np.minimum(gap(of_group, ranked, c.limited_groups) / 2, gap(allowed, order, c.top_k))
        ids = order[:, : c.top_k]
        wrong = np.zeros(len(scores), bool)
        if given is not None:
            wrong = (np.sort(np.asarray(given), axis=1) != np.sort(ids, axis=1)).any(axis=1) & (margin > tolerance)
        return Gate(ids, margin, wrong)

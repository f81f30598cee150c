"""R1's sublayers as chains of kernels: what the small model and a deployment launch.

Arrays: x is the residual stream bf16 [tokens, hidden]; `pending` the last sublayer's output, which the next norm adds to x.
Weights: a mapping of device arrays, "i.q_a" and "i.q_a.scale" for the W8A8 layer q_a of layer i, packed as layout.py says.

    mla_prolog:  norm+quant -> q_a -> norm+quant -> q_b -> rope        kv_a -> norm, rope, cache write
                 decode: absorb (W_UK)   |   prefill: latent and rotated key beside the cache, kv_b
    attention:   prolog -> mla_decode -> W_UV | mla_prefill -> quant -> o
    dense_ffn:   norm+quant -> gate_up -> swiglu+quant -> down
    moe_ffn:     norm+quant -> router, gate, permute -> grouped gate_up -> swiglu+quant -> grouped down -> combine with the shared expert
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ..arguments import DeviceArray
from .chain import Chain
from .config import R1Config


@dataclass
class Batch:
    """The tokens of a forward pass: sequences with `queries` new tokens each (decode), or one prompt (prefill)."""

    tokens: int
    position: DeviceArray       # int32 [tokens]
    slot: DeviceArray           # int32 [tokens], of the cache
    cos: DeviceArray            # fp32 [positions, rope / 2]
    sin: DeviceArray
    block_table: DeviceArray    # int32 [sequences, pages]
    lengths: DeviceArray        # int32 [sequences], the new tokens included
    starts: DeviceArray         # int32 [2]: the prompt (prefill)
    sequences: int = 1
    longest: int = 0            # the longest of `lengths`
    decode: bool = True

    @property
    def tables(self) -> dict[str, DeviceArray]:
        return {"cos": self.cos, "sin": self.sin, "position": self.position}

    @property
    def positions(self) -> int:
        return self.cos.shape[0]


class Sublayers:
    """The chains of one model: a Chain to append to, the configuration and the device's weights."""

    def __init__(self, chain: Chain, config: R1Config, weights: Mapping[str, DeviceArray]):
        self.chain, self.config, self.weights = chain, config, weights

    def norm(self, x, gain: str, pending=None, *, quantised=True, keep=False, rows: int, columns: int) -> dict[str, DeviceArray]:
        """RMSNorm of x (+ pending, which stays in x): y int8 with scale and, where kept, in bf16; or y bf16."""
        arrays = {"x": x, "gamma": self.weights[gain]} | ({} if pending is None else {"residual": pending})
        parameters = dict(rows=rows, columns=columns, residual=int(pending is not None), epsilon=self.config.norm_epsilon)
        return self.chain("rms_norm_quant", arrays, **parameters, keep=int(keep)) if quantised else self.chain("rms_norm", arrays, **parameters)

    def linear(self, a: Mapping[str, DeviceArray], weight: str, m: int, n: int, k: int) -> DeviceArray:
        """W8A8; a: y and scale as quantising kernels leave them."""
        arrays = {"a": a["y"], "a_scale": a["scale"], "w": self.weights[weight], "w_scale": self.weights[f"{weight}.scale"]}
        return self.chain("linear_int8", arrays, weight.split(".", 1)[1], m=m, n=n, k=k)["y"]

    def copy(self, x, x_stride, x_offset, rows, columns, y=None, y_stride=0, y_offset=0) -> DeviceArray:
        arrays = {"x": x} | ({} if y is None else {"y": y})
        return self.chain("strided_copy", arrays, rows=rows, columns=columns, x_stride=x_stride, x_offset=x_offset, y_stride=y_stride or columns, y_offset=y_offset)["y"]

    def mla_prolog(self, layer: int, x, pending, cache, batch: Batch) -> dict[str, DeviceArray]:
        """Writes the cache; q for mla_decode [tokens, heads, latent], or q, kv and k_rope for mla_prefill."""
        c, t, w = self.config, batch.tokens, f"{layer}."
        a = self.norm(x, w + "attention_norm", pending, rows=t, columns=c.hidden)
        kv = self.linear(a, w + "kv_a", t, c.latent, c.hidden)
        self.chain("kv_cache_write", {"kv": kv, "gamma": self.weights[w + "kv_norm"], "slot": batch.slot, "cache": cache, **batch.tables},
                   tokens=t, pages=cache.shape[0], positions=batch.positions, epsilon=c.norm_epsilon)
        q = self.norm(self.linear(a, w + "q_a", t, c.q_lora, c.hidden), w + "q_norm", rows=t, columns=c.q_lora)
        q = self.linear(q, w + "q_b", t, c.heads * c.query, c.q_lora)
        self.rope(q, t, c.heads, c.query, c.nope, batch)
        if batch.decode:
            absorbed = self.chain("batched_gemm", {"a": q, "w": self.weights[w + "absorb_k"]}, tokens=t, heads=c.heads, n=c.kv_lora, k=c.nope, a_width=c.query,
                                  y_width=c.latent)["y"]
            self.copy(q, c.query, c.nope, t * c.heads, c.rope, absorbed, c.latent, c.kv_lora)
            return {"q": absorbed}
        latent = self.norm(self.copy(kv, c.latent, 0, t, c.kv_lora), w + "kv_norm", quantised=False, rows=t, columns=c.kv_lora)["y"]
        k_rope = self.copy(kv, c.latent, c.kv_lora, t, c.rope)
        self.rope(k_rope, t, 1, c.rope, 0, batch)
        kv = self.chain("linear_bf16", {"a": latent, "w": self.weights[w + "kv_b"]}, "kv_b", m=t, n=c.heads * (c.nope + c.v), k=c.kv_lora)["y"]
        return {"q": q, "kv": kv, "k_rope": k_rope}

    def rope(self, x, rows: int, heads: int, stride: int, offset: int, batch: Batch) -> None:
        self.chain("rope", {"x": x, **batch.tables}, rows=rows, heads=heads, stride=stride, offset=offset, positions=batch.positions)

    def attention(self, layer: int, x, pending, cache, batch: Batch) -> DeviceArray:
        c, t, w = self.config, batch.tokens, f"{layer}."
        inputs = self.mla_prolog(layer, x, pending, cache, batch)
        if batch.decode:
            latent = self.chain("mla_decode", {**inputs, "cache": cache, "block_table": batch.block_table, "lengths": batch.lengths}, batch=batch.sequences,
                                heads=c.heads, kv=batch.longest, q=t // batch.sequences, pages=max(cache.shape[0], batch.sequences * -(-batch.longest // 128)))["out"]
            out = self.chain("batched_gemm", {"a": latent, "w": self.weights[w + "absorb_v"]}, tokens=t, heads=c.heads, n=c.v, k=c.kv_lora, a_width=c.kv_lora,
                             y_width=c.v)["y"]
        else:
            out = self.chain("mla_prefill", {**inputs, "starts": batch.starts}, batch=1, tokens=t, heads=c.heads)["out"]
        a = self.chain("quantize", {"x": out}, rows=t, columns=c.heads * c.v)
        return self.linear(a, w + "o", t, c.hidden, c.heads * c.v)

    def dense_ffn(self, layer: int, x, pending, t: int) -> DeviceArray:
        c, w = self.config, f"{layer}."
        return self.swiglu(self.norm(x, w + "ffn_norm", pending, rows=t, columns=c.hidden), w, t, c.dense_width)

    def swiglu(self, a, prefix: str, t: int, width: int) -> DeviceArray:
        up = self.linear(a, prefix + "gate_up", t, 2 * width, self.config.hidden)
        return self.linear(self.chain("swiglu_quant", {"x": up}, rows=t, width=width), prefix + "down", t, self.config.hidden, width)

    def moe_ffn(self, layer: int, x, pending, t: int) -> tuple[DeviceArray, DeviceArray]:
        """(output, ids): all experts on this die."""
        c, w, rows = self.config, f"{layer}.", t * self.config.top_k
        a = self.norm(x, w + "ffn_norm", pending, keep=True, rows=t, columns=c.hidden)
        logits = self.chain("linear_bf16", {"a": a["kept"], "w": self.weights[w + "router"]}, "router", m=t, n=c.experts, k=c.hidden, out="fp32")["y"]
        gate = self.chain("moe_gate", {"logits": logits, "bias": self.weights[w + "bias"]}, tokens=t, experts=c.experts, n_group=c.expert_groups,
                          topk_group=c.limited_groups, k=c.top_k, scaling=c.routed_scaling)
        sorted_ = self.chain("moe_permute", {"ids": gate["ids"], "x": a["y"], "scale": a["scale"]}, tokens=t, k=c.top_k, columns=c.hidden, experts=c.experts)
        up = self.grouped(sorted_["y"], sorted_["y_scale"], sorted_["counts"], w + "experts.gate_up", rows, 2 * c.expert_width, c.hidden)
        inner = self.chain("swiglu_quant", {"x": up}, rows=rows, width=c.expert_width)
        down = self.grouped(inner["y"], inner["scale"], sorted_["counts"], w + "experts.down", rows, c.hidden, c.expert_width)
        shared = self.swiglu(a, w + "shared.", t, c.shared_experts * c.expert_width)
        y = self.chain("moe_combine", {"x": down, "inverse": sorted_["inverse"], "weights": gate["weights"], "shared": shared}, tokens=t, k=c.top_k, columns=c.hidden,
                       shared=1)["y"]
        return y, gate["ids"]

    def grouped(self, a, a_scale, counts, weight: str, rows: int, n: int, k: int) -> DeviceArray:
        """The kernel reads the counts from the device; the specification needs their sum alone."""
        arrays = {"a": a, "a_scale": a_scale, "rows": counts, "w": self.weights[weight], "w_scale": self.weights[f"{weight}.scale"]}
        somehow = ",".join(str(share) for share in evenly(rows, self.config.experts))
        return self.chain("grouped_gemm", arrays, weight.split(".", 1)[1], groups=self.config.experts, n=n, k=k, rows=somehow)["y"]

    def head(self, x, pending, gain: str, t: int) -> tuple[DeviceArray, DeviceArray]:
        """(logits fp32 [t, vocabulary], greedy tokens int32 [t])."""
        c = self.config
        y = self.norm(x, gain, pending, quantised=False, rows=t, columns=c.hidden)["y"]
        logits = self.chain("linear_bf16", {"a": y, "w": self.weights["head"]}, "head", m=t, n=c.vocabulary, k=c.hidden, out="fp32")["y"]
        return logits, self.chain("argmax", {"logits": logits}, rows=t, vocab=c.vocabulary)["token"]

    def mtp_input(self, hidden, tokens, t: int) -> DeviceArray:
        """The MTP layer's residual stream from the main model's and the next tokens' ids."""
        c = self.config
        embedding = self.chain("embedding", {"table": self.weights["embedding"], "ids": tokens}, tokens=t, vocab=c.vocabulary, hidden=c.hidden)["y"]
        both = None
        for offset, x, gain in ((0, embedding, "mtp.embedding_norm"), (c.hidden, hidden, "mtp.hidden_norm")):
            y = self.norm(x, gain, quantised=False, rows=t, columns=c.hidden)["y"]
            both = self.copy(y, c.hidden, 0, t, c.hidden, both, 2 * c.hidden, offset)
        return self.linear(self.chain("quantize", {"x": both}, rows=t, columns=2 * c.hidden), "mtp.projection", t, c.hidden, 2 * c.hidden)


def evenly(total: int, parts: int) -> list[int]:
    return [total * (i + 1) // parts - total * i // parts for i in range(parts)]

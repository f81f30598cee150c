"""A deployment as launches: the parts of R1's layers, in the order in which they run, with their shapes.

    attention   norm+quant, q_a, norm+quant, q_b, kv_a, cache write, absorb W_UK, rope, MLA, W_UV, quant, o_proj
    moe         norm+quant, router, gate, dispatch, gate_up of the die's experts, SwiGLU+quant, down, combine
    dense       norm+quant, gate_up, SwiGLU+quant, down

The shapes are the busiest die's (routing.py). In bf16 the quantisations fall away.
"""

from __future__ import annotations

import math

from .deployment import Deployment
from .routing import Placement
from .scene import Builder


EXCHANGE_ENTRIES = 4096   # tokens x k of one exchange: kEntries of kernels/r1/moe_dispatch.cpp
ROOM = 1.5                # for rows of an exchange, times those that are expected: the draw is random
SORTING_US = 2.0          # as the default of the exchanges' lag_us has it beyond the launch


class Layers:
    """Adds the parts of a deployment's layers to a Builder."""

    def __init__(self, deployment: Deployment, build: Builder):
        self.build, self.config, self.int8 = build, deployment.config, deployment.dtype == "int8"
        self.ep = deployment.ep
        values = deployment.chip_values()
        # The other dies are in step: they send when this one does, a launch gap after what they waited for, behind sorting their entries.
        self.lag_us = values["launch.gap"].value + SORTING_US

    # --- what every part is made of

    def norm(self, label: str, x: str, y: str, rows: int, columns: int, residual: str | None = None, keep: str | None = None) -> None:
        """x += residual, y = norm(x): quantised, with a bf16 copy `keep`, or bf16 alone."""
        tensors = {"x": x, "y": y, **({"residual": residual} if residual else {})}
        if not self.int8:
            self.build.add(label, "rms_norm", tensors, rows=rows, columns=columns, residual=int(residual is not None))
            return
        tensors |= {"scale": y + ".scale", **({"kept": keep} if keep else {})}
        self.build.add(label, "rms_norm_quant", tensors, rows=rows, columns=columns, residual=int(residual is not None), keep=int(keep is not None))

    def linear(self, label: str, a: str, y: str, m: int, n: int, k: int) -> None:
        if self.int8:
            self.build.add(label, "linear_int8", {"a": a, "a_scale": a + ".scale", "y": y}, m=m, n=n, k=k)
        else:
            self.build.add(label, "linear_bf16", {"a": a, "y": y}, m=m, n=n, k=k)

    def quantize(self, label: str, x: str, y: str, rows: int, columns: int) -> str:
        """The tensor that the next linear layer takes."""
        if not self.int8:
            return x
        self.build.add(label, "quantize", {"x": x, "y": y, "scale": y + ".scale"}, rows=rows, columns=columns)
        return y

    def swiglu(self, label: str, x: str, y: str, rows: int, width: int) -> None:
        tensors = {"x": x, "y": y, **({"scale": y + ".scale"} if self.int8 else {})}
        self.build.add(label, "swiglu_quant" if self.int8 else "swiglu", tensors, rows=rows, width=width)

    # --- attention

    def queries(self, tokens: int) -> None:
        c = self.config
        self.norm("input_norm", "x", "h", tokens, c.hidden, residual="mlp_out")
        self.linear("q_a", "h", "q_a", tokens, c.q_lora, c.hidden)
        self.norm("q_norm", "q_a", "q_n", tokens, c.q_lora)
        self.linear("q_b", "q_n", "q", tokens, c.heads * c.query, c.q_lora)
        self.linear("kv_a", "h", "kv", tokens, c.latent, c.hidden)

    def attention_decode(self, requests: int, queries: int, context: int) -> None:
        c, tokens = self.config, requests * queries
        pages = requests * -(-context // 128)
        self.queries(tokens)
        self.build.add("cache_write", "kv_cache_write", {"kv": "kv", "cache": "cache"}, tokens=tokens, pages=pages, positions=context)
        self.build.add("absorb_k", "batched_gemm", {"a": "q", "y": "q_latent"}, tokens=tokens, heads=c.heads, n=c.kv_lora, k=c.nope, a_width=c.query,
                       y_width=c.latent)
        self.build.add("rope_q", "rope", {"x": "q_latent"}, rows=tokens, heads=c.heads, stride=c.latent, offset=c.kv_lora, positions=context)
        self.build.add("mla", "mla_decode", {"q": "q_latent", "cache": "cache", "out": "o_latent"}, batch=requests, heads=c.heads, kv=context, q=queries,
                       pages=pages)
        self.build.add("absorb_v", "batched_gemm", {"a": "o_latent", "y": "o"}, tokens=tokens, heads=c.heads, n=c.v, k=c.kv_lora, a_width=c.kv_lora,
                       y_width=c.v)
        self.output(tokens)

    def attention_prefill(self, prompts: int, prompt: int) -> None:
        c, tokens = self.config, prompts * prompt
        self.queries(tokens)
        self.build.add("rope_q", "rope", {"x": "q"}, rows=tokens, heads=c.heads, stride=c.query, offset=c.nope, positions=prompt)
        self.build.add("cache_write", "kv_cache_write", {"kv": "kv"}, tokens=tokens, pages=prompts * -(-prompt // 128), positions=prompt)
        self.build.add("rope_k", "rope", {"x": "k_rope"}, rows=tokens, heads=1, stride=c.rope, offset=0, positions=prompt)
        self.norm("kv_norm", "latent", "kv_n", tokens, c.kv_lora)
        self.linear("kv_b", "kv_n", "kv_up", tokens, c.heads * (c.nope + c.v), c.kv_lora)
        self.build.add("mla", "mla_prefill", {"q": "q", "kv": "kv_up", "k_rope": "k_rope", "out": "o"}, batch=prompts, tokens=prompt, heads=c.heads)
        self.output(tokens)

    def output(self, tokens: int) -> None:
        c = self.config
        self.linear("o_proj", self.quantize("o_quant", "o", "o_q", tokens, c.heads * c.v), "attention_out", tokens, c.hidden, c.heads * c.v)

    # --- feed-forward

    def dense(self, tokens: int) -> None:
        c = self.config
        self.norm("post_norm", "x", "m", tokens, c.hidden, residual="attention_out")
        self.linear("gate_up", "m", "gu", tokens, 2 * c.dense_width, c.hidden)
        self.swiglu("swiglu", "gu", "act", tokens, c.dense_width)
        self.linear("down", "act", "mlp_out", tokens, c.hidden, c.dense_width)

    def moe(self, tokens: int, placement: Placement) -> None:
        c = self.config
        rows, total = ",".join(map(str, placement.rows)), sum(placement.rows)
        self.norm("post_norm", "x", "m", tokens, c.hidden, residual="attention_out", keep="m.bf16")
        self.build.add("router", "linear_bf16", {"a": "m.bf16" if self.int8 else "m", "y": "logits"}, m=tokens, n=c.experts, k=c.hidden, out="fp32")
        self.build.add("gate", "moe_gate", {}, tokens=tokens, experts=c.experts, n_group=c.expert_groups, topk_group=c.limited_groups, k=c.top_k)
        self.dispatch(tokens, placement)
        self.grouped("gate_up", "expert_in", "gu", rows, 2 * c.expert_width, c.hidden)
        self.swiglu("swiglu", "gu", "act", total, c.expert_width)
        self.grouped("down", "act", "expert_out", rows, c.hidden, c.expert_width)
        self.combine(tokens, placement)

    def grouped(self, label: str, a: str, y: str, rows: str, n: int, k: int) -> None:
        tensors = {"a": a, "y": y, **({"a_scale": a + ".scale"} if self.int8 else {})}
        self.build.add(label, "grouped_gemm", tensors, rows=rows, n=n, k=k, dtype="int8" if self.int8 else "bf16")

    def exchange(self, label: str, kernel: str, tokens: int, placement: Placement, tensors: dict[str, str]) -> None:
        """Dispatch or combine, in as many exchanges as the kernel's limit of entries asks for. In decode the shared expert is a
        place like the others. This is the busiest die: its places are as much more popular as its rows say. Rows travel in int8 to the
        experts and in bf16 back, whatever the deployment's type."""
        k = self.config.top_k + (self.config.shared_experts if placement.shared_remote else 0)
        routed = placement.slots - (0 if placement.shared_remote else 1)
        parts = -(-tokens * k // EXCHANGE_ENTRIES)
        for part in range(parts):
            share = tokens // parts + (part < tokens % parts)
            capacity = math.ceil(ROOM * placement.hot * share * k) + 64
            self.build.add(label if parts == 1 else f"{label}_{part}", kernel, tensors if parts == 1 and self.int8 else {}, part="communication", tokens=share, ep=self.ep, k=k,
                           columns=self.config.hidden, experts=routed * self.ep, lag_us=self.lag_us, hot=placement.hot, capacity=capacity)

    def dispatch(self, tokens: int, placement: Placement) -> None:
        self.exchange("dispatch", "moe_dispatch", tokens, placement, {"y": "expert_in", "y_scale": "expert_in.scale"})

    def combine(self, tokens: int, placement: Placement) -> None:
        self.exchange("combine", "moe_combine_remote", tokens, placement, {"x": "expert_out", "y": "mlp_out"})

    # --- around the layers

    def embed(self, tokens: int) -> None:
        self.build.add("embedding", "embedding", {"y": "x"}, tokens=tokens, vocab=self.config.vocabulary, hidden=self.config.hidden)

    def head(self, rows: int, greedy: bool) -> None:
        c = self.config
        self.build.add("final_norm", "rms_norm", {"x": "last", "y": "f"}, rows=rows, columns=c.hidden)
        self.build.add("lm_head", "linear_bf16", {"a": "f", "y": "logits"}, m=rows, n=c.vocabulary, k=c.hidden, out="fp32")
        self.build.add("argmax" if greedy else "sample", "argmax" if greedy else "sample", {}, rows=rows, vocab=c.vocabulary)

    def mtp_input(self, tokens: int) -> None:
        """The MTP module's way in: both norms and the projection of the pair to the hidden size."""
        c = self.config
        self.embed(tokens)
        self.build.add("mtp_norm_embedding", "rms_norm", {"x": "x", "y": "e"}, rows=tokens, columns=c.hidden)
        self.build.add("mtp_norm_hidden", "rms_norm", {"x": "hidden", "y": "n"}, rows=tokens, columns=c.hidden)
        self.build.add("mtp_projection", "linear_bf16", {}, m=tokens, n=c.hidden, k=2 * c.hidden)

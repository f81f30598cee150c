"""A model of R1's architecture that runs on the emulated die, kernel by kernel: a prompt through prefill, then tokens, greedily.

    model = vt.r1.Model(vt.r1.R1Config.small(), seed=1)
    done = model.generate(prompt, 16)            # tokens, logits, and the run of every kernel
    done.check().passed                          # beside the NumPy reference of the architecture
    print(done)                                  # cycles by kernel

With mtp=True the MTP layer drafts a second token for each step, and the main model verifies it (two queries a sequence).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .. import _core
from ..arguments import DeviceArray
from ..device import Device
from .chain import Chain, Step
from .config import R1Config, rope_tables
from .kernel import BF16, core_groups
from .layers import Batch, Sublayers
from .layout import PAGE_TOKENS, pack_weight
from .weights import Int8Weight, random_weights


@dataclass
class Pass:
    """One forward pass: what went in and what came out, for the comparison with the reference."""

    kind: str                 # main or mtp
    tokens: list[int]
    positions: list[int]
    decode: bool
    logits: np.ndarray        # fp32 [tokens, vocabulary]
    greedy: list[int]         # the chip's argmax
    choices: list[np.ndarray]  # experts of each MoE layer, int32 [tokens, k]


@dataclass
class Generation:
    """prompt, tokens (those generated), logits (fp32 [tokens, vocabulary]), passes, steps (every kernel with its Run), drafts accepted of tried."""

    model: "Model"
    prompt: list[int]
    tokens: list[int] = field(default_factory=list)
    logits: list[np.ndarray] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    drafts_tried: int = 0
    drafts_accepted: int = 0

    @property
    def runs(self) -> list:
        return [step.run for step in self.steps]

    @property
    def cycles(self) -> int:
        return sum(run.cycles for run in self.runs)

    def cycles_by_kernel(self) -> dict[str, tuple[int, int]]:
        chain = Chain(self.model.device)
        chain.steps = self.steps
        return chain.cycles_by_kernel()

    def check(self):
        """The reference on the same tokens: a Comparison."""
        from .comparison import compare

        return compare(self.model.config, self.model.host_weights, self.passes)

    def table(self) -> str:
        total = max(self.cycles, 1)
        rows = [f"  {name:<16} {count:>8} {cycles:>12} {cycles / total:>7.1%}" for name, (count, cycles) in self.cycles_by_kernel().items()]
        return "\n".join([f"  {'kernel':<16} {'launches':>8} {'cycles':>12} {'share':>7}", *rows])

    def __repr__(self) -> str:
        drafts = f", {self.drafts_accepted} of {self.drafts_tried} drafts accepted" if self.drafts_tried else ""
        return (f"{len(self.prompt)} tokens of prompt, {len(self.tokens)} generated{drafts}: {self.tokens}\n"
                f"{len(self.steps)} launches, {self.cycles} cycles ({self.cycles / self.model.device.clock_hz * 1e3:.2f} ms)\n{self.table()}")


class Model:
    """config: R1Config; seed: of the weights; device: a Device (a new one); groups: core groups that each kernel takes (all).
    context: tokens that the cache holds. mode: of the launches; "functional_only" gives the same bits without cycles."""

    def __init__(self, config: R1Config | None = None, *, seed: int = 1, device: Device | None = None, groups: int | None = None, context: int = 512, mode: str = "full"):
        self.config = config or R1Config.small()
        self.device = device or Device()
        self.groups, self.mode, self.context = core_groups(self.device, groups), mode, context
        if mode not in ("full", "functional_only"):
            _core.fail("a model needs its data", "mode", "full or functional_only", f"'{mode}'")
        if context < 1:
            _core.fail("no room for a token", "context", "at least 1", str(context))
        self._check_kernels()
        self.host_weights = random_weights(self.config, seed)
        self.weights = self._upload()
        cos, sin = rope_tables(self.config, context)
        self.cos, self.sin = self.device.to_device(cos), self.device.to_device(sin)
        pages = -(-context // PAGE_TOKENS)
        # Not the identity, so that the table matters.
        self.table = np.arange(pages, dtype=np.int32)[::-1].copy()
        layers = self.config.layers + self.config.mtp_layers
        self.caches = [self.device.zeros((pages, self.config.latent // 16, PAGE_TOKENS, 16), BF16) for _ in range(layers)]
        self.reset()

    def _check_kernels(self) -> None:
        c = self.config
        fixed = {"kv_lora": 512, "rope": 64, "nope": 128, "v": 128}  # what the attention kernels are built for
        for name, value in fixed.items():
            if getattr(c, name) != value:
                _core.fail("the attention kernels are built for other dimensions", name, str(value), str(getattr(c, name)))
        if not math.isclose(c.softmax_scale, R1Config().softmax_scale):
            _core.fail("the attention kernels have R1's softmax scale", "yarn_factor", str(R1Config().yarn_factor), str(c.yarn_factor))

    def _upload(self) -> dict[str, DeviceArray]:
        found: dict[str, np.ndarray] = {}
        for name, value in self.host_weights.items():
            part = name.rsplit(".", 1)[-1]
            if isinstance(value, Int8Weight):
                found[name] = pack_weight(value.q) if value.q.ndim == 2 else np.stack([pack_weight(q) for q in value.q])
                found[f"{name}.scale"] = value.scale
            elif part == "kv_b":
                key, v = value[:, : self.config.nope], value[:, self.config.nope :]
                found[name] = pack_weight(value.reshape(-1, value.shape[-1]))
                prefix = name[: -len(part)]
                found[prefix + "absorb_k"] = np.stack([pack_weight(np.ascontiguousarray(head.T)) for head in key])
                found[prefix + "absorb_v"] = np.stack([pack_weight(np.ascontiguousarray(head)) for head in v])
            else:
                found[name] = pack_weight(value) if part in ("router", "head") else value
        return {name: self.device.to_device(value) for name, value in found.items()}

    def reset(self) -> None:
        """Forgets the sequence."""
        self.done: Generation | None = None
        self._draft: int | None = None

    # --- passes

    def _batch(self, positions: list[int], decode: bool) -> Batch:
        at = np.array(positions, np.int32)
        if at[-1] >= self.context:
            _core.fail("the cache is full", "context", f"more than {at[-1]} tokens", str(self.context))
        to_device = self.device.to_device
        return Batch(tokens=len(at), position=to_device(at), slot=to_device(self.table[at // PAGE_TOKENS] * PAGE_TOKENS + at % PAGE_TOKENS), cos=self.cos, sin=self.sin,
                     block_table=to_device(self.table[None]), lengths=to_device(np.array([at[-1] + 1], np.int32)),
                     starts=to_device(np.array([0, len(at)], np.int32)), longest=int(at[-1]) + 1, decode=decode)

    def _pass(self, kind: str, tokens: list[int], positions: list[int], decode: bool, hidden: DeviceArray | None = None) -> tuple[Pass, DeviceArray]:
        """Returns the pass and the residual stream behind its last layer. hidden: the main model's, for the MTP layer."""
        c, t = self.config, len(tokens)
        chain = Chain(self.device, groups=self.groups, mode=self.mode, l2="carried")
        sub, batch = Sublayers(chain, c, self.weights), self._batch(positions, decode)
        ids = self.device.to_device(np.array(tokens, np.int32))
        if kind == "main":
            x = chain("embedding", {"table": self.weights["embedding"], "ids": ids}, tokens=t, vocab=c.vocabulary, hidden=c.hidden)["y"]
        else:
            x = sub.mtp_input(hidden, ids, t)
        pending, choices = None, []
        for layer in range(c.layers) if kind == "main" else (c.layers,):
            pending = sub.attention(layer, x, pending, self.caches[layer], batch)
            if layer < c.dense_layers:
                pending = sub.dense_ffn(layer, x, pending, t)
            else:
                pending, chosen = sub.moe_ffn(layer, x, pending, t)
                choices.append(chosen.numpy())
        logits, greedy = sub.head(x, pending, "final_norm" if kind == "main" else "mtp.final_norm", t)
        done = Pass(kind, list(tokens), list(positions), decode, logits.numpy(), greedy.numpy().tolist(), choices)
        self.done.passes.append(done)
        self.done.steps += chain.steps
        return done, x

    def _emit(self, done: Pass, row: int) -> int:
        self.done.tokens.append(done.greedy[row])
        self.done.logits.append(done.logits[row])
        return done.greedy[row]

    # --- what users call

    def mla_prolog(self, layer: int = 0, tokens: int = 1, *, decode: bool = True, **options) -> list[Step]:
        """The launches from the residual stream to the attention kernel's inputs, prepared and not run, on arrays of their own:
        for Device.run_concurrently(), or to look at. options: Kernel.prepare's."""
        chain = Chain(self.device, groups=self.groups, execute=False, mode=self.mode, **options)
        x = self.device.zeros((tokens, self.config.hidden), BF16)
        Sublayers(chain, self.config, self.weights).mla_prolog(layer, x, None, self.caches[layer], self._batch(list(range(tokens)), decode))
        return chain.steps

    def prefill(self, prompt: list[int], *, mtp: bool = False) -> Generation:
        """A new sequence; its first token comes out."""
        prompt = [int(token) for token in prompt]
        if not prompt or not all(0 <= token < self.config.vocabulary for token in prompt):
            _core.fail("bad prompt", "prompt", f"tokens below {self.config.vocabulary}, one at least", str(prompt[:8]))
        self._check_drafts(mtp)
        self.reset()
        self.done = Generation(self, prompt)
        first, hidden = self._pass("main", prompt, list(range(len(prompt))), decode=False)
        token = self._emit(first, len(prompt) - 1)
        if mtp:
            self._propose(prompt[1:] + [token], list(range(len(prompt))), hidden, decode=False)
        return self.done

    def _check_drafts(self, mtp: bool) -> None:
        if mtp and not self.config.mtp_layers:
            _core.fail("no layer that drafts", "mtp", "a configuration with mtp_layers=1", "mtp_layers=0")

    def _propose(self, tokens: list[int], positions: list[int], hidden: DeviceArray, decode: bool) -> None:
        """The MTP layer's guess of the token behind the last of `tokens`."""
        done, _ = self._pass("mtp", tokens, positions, decode, hidden)
        self._draft = done.greedy[-1]

    def decode(self, count: int = 1, *, mtp: bool = False) -> Generation:
        """`count` more tokens of the sequence that prefill() began; with mtp maybe one more."""
        if self.done is None:
            _core.fail("nothing to continue", "Model.decode", "prefill() first", "")
        self._check_drafts(mtp)
        wanted = len(self.done.tokens) + count
        while len(self.done.tokens) < wanted:
            position = len(self.done.prompt) + len(self.done.tokens) - 1
            tokens = [self.done.tokens[-1]] + ([self._draft] if mtp and self._draft is not None else [])
            step, hidden = self._pass("main", tokens, [position + i for i in range(len(tokens))], decode=True)
            emitted = [self._emit(step, 0)]
            if len(tokens) == 2:
                self.done.drafts_tried += 1
                if emitted[0] == tokens[1]:
                    self.done.drafts_accepted += 1
                    emitted.append(self._emit(step, 1))
            if mtp:
                # Of a rejected draft's row only the first counts; its place in the caches is written again.
                self._propose(emitted, [position + i for i in range(len(emitted))], hidden, decode=True)
        return self.done

    def generate(self, prompt: list[int], count: int = 16, *, mtp: bool = False) -> Generation:
        """Prefill, then greedy decoding: `count` tokens, one more where a draft was accepted in the last step."""
        if count < 1:
            _core.fail("bad number of tokens", "count", "at least 1", str(count))
        self.prefill(prompt, mtp=mtp)
        return self.decode(count - 1, mtp=mtp) if count > 1 else self.done

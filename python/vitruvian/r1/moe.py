"""Mixture of experts on one die: routing, token permutation, weighted sum."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from .elementwise import FP32, INT8, INT32, VectorKernel, switch
from .kernel import BF16, Buffer, Parameter


class MoeGate(VectorKernel):
    """DeepSeek's router: s = sigmoid(logits); experts are chosen by c = s + bias: a group's score is the sum of its two largest c,
    the best topk_group groups stay, the best k of their experts are chosen, by descending c; of equals the lower index.
    weights = s of the chosen / (their sum + 1e-20) * scaling.

    A group has up to 32 experts, at most 32 groups, topk_group up to 4, k up to 8. Bytes: 4 x experts + 8 k a token. Operations: 8 an expert."""

    name, summary, source = "moe_gate", "sigmoid scores, group-limited top-k with bias", "moe_gate.cpp"
    parameters = {
        "tokens": Parameter(96, "tokens"), "experts": Parameter(256, "experts"), "n_group": Parameter(8, "groups of experts, up to 32"),
        "topk_group": Parameter(4, "groups kept, up to 4"), "k": Parameter(8, "experts of a token, up to 8"), "scaling": Parameter(2.5, "of the weights", minimum=0),
    }
    error_formula = "relative error of the weights; infinite for a choice that no rounding of the scores explains"
    broken_flags = ("-DBROKEN_LAST_GROUP",)
    test_grid = (dict(tokens=100), dict(tokens=1), dict(tokens=333), dict(tokens=67, experts=16, n_group=4, topk_group=2, k=4), dict(tokens=30, experts=64, n_group=8, k=6), dict(tokens=20, experts=24, n_group=12))

    def validate(self):
        size = self.experts // self.n_group
        if self.experts % self.n_group or not 2 <= size <= 32:
            self.reject("experts", "n_group groups of 2 to 32 experts")
        for name, most in (("n_group", 32), ("topk_group", min(4, self.n_group)), ("k", min(8, self.topk_group * size))):
            if self.values[name] > most:
                self.reject(name, f"a whole number up to {most}")
        if self.n_group * 32 > 1024:
            self.reject("n_group", "a whole number up to 32")

    def symbol(self):
        return "moe_gate"

    def buffers(self, device, groups):
        chosen = (self.tokens, self.k)
        return {
            "logits": Buffer("in", (self.tokens, self.experts), FP32), "bias": Buffer("in", (self.experts,), FP32),
            "ids": Buffer("out", chosen, INT32), "weights": Buffer("out", chosen, FP32),
        }

    def scalars(self, device, groups):
        return {"tokens": self.tokens, "experts": self.experts, "n_group": self.n_group, "topk_group": self.topk_group, "k": self.k, "scaling": self.scaling}

    def control(self, rng):
        """All of it: the sorts and gathers need their operands."""
        return self.random(rng)

    def random(self, rng):
        logits = rng.standard_normal((self.tokens, self.experts)).astype(np.float32)
        if self.tokens > 2:
            logits[1] = 0  # equal scores: the bias alone decides
            logits[2] = np.round(logits[2])
        return {"logits": logits, "bias": np.round(0.2 * rng.standard_normal(self.experts), 1).astype(np.float32)}

    def scores(self, inputs):
        """(s, c) in fp64 [tokens, experts]; c is rounded to fp32 as the chip does, so that equals stay equal."""
        s = 1 / (1 + np.exp(-inputs["logits"].astype(np.float64)))
        return s, (s.astype(np.float32) + inputs["bias"].astype(np.float32)).astype(np.float64)

    def group_scores(self, c: np.ndarray) -> np.ndarray:
        """The sum of the two largest c of each group, in fp32 as the chip adds them, so that equals stay equal."""
        by_group = np.sort(c.reshape(len(c), self.n_group, -1), axis=2).astype(np.float32)
        return by_group[:, :, -1] + by_group[:, :, -2]

    def choose(self, c: np.ndarray) -> np.ndarray:
        """ids [tokens, k]."""
        order = np.argsort(-self.group_scores(c), axis=1, kind="stable")
        kept = np.zeros(order.shape, bool)
        np.put_along_axis(kept, order[:, : self.topk_group], True, axis=1)
        masked = np.where(np.repeat(kept, self.experts // self.n_group, axis=1), c, -np.inf)
        return np.argsort(-masked, axis=1, kind="stable")[:, : self.k]

    def explained(self, ids: np.ndarray, c: np.ndarray) -> bool:
        """Whether rounding explains the choice of one token: groups and experts as good as the best, and in their order, but for the rounding of
        s in fp32 (2^-24 of 1 for each of its steps)."""
        near, size = 2.0**-21, self.experts // self.n_group
        groups, score = np.unique(ids // size), self.group_scores(c[None])[0]
        others = np.setdiff1d(np.concatenate([np.arange(g * size, (g + 1) * size) for g in groups]), ids)
        return (len(groups) <= self.topk_group and score[groups].min() >= np.sort(score)[-self.topk_group] - 2 * near
                and np.all(np.diff(c[ids]) < near) and c[ids].min() > np.max(c[others], initial=-np.inf) - near)

    def reference(self, inputs):
        s, c = self.scores(inputs)
        ids = self.choose(c)
        chosen = np.take_along_axis(s, ids, axis=1)
        return {"ids": ids, "weights": chosen / (chosen.sum(axis=1, keepdims=True) + 1e-20) * self.scaling}

    def compare(self, outputs, inputs, reference):
        s, c = self.scores(inputs)
        ids, bound = outputs["ids"], 2.0**-18
        if np.any(ids < 0) or np.any(ids >= self.experts) or any(len(set(row)) != self.k for row in ids.tolist()):
            return np.inf, bound
        # Of equal logits, whose s are equal, the lower index must have come first; otherwise a near tie may be decided either way.
        for token in np.flatnonzero(np.any(ids != reference["ids"], axis=1)):
            if np.ptp(inputs["logits"][token]) == 0 or not self.explained(ids[token], c[token]):
                return np.inf, bound
        chosen = np.take_along_axis(s, ids, axis=1)
        wanted = chosen / (chosen.sum(axis=1, keepdims=True) + 1e-20) * self.scaling
        error = np.max(np.abs(outputs["weights"] - wanted) / np.maximum(wanted, 1e-30), initial=0)
        return float(error) if np.isfinite(outputs["weights"]).all() else np.inf, bound

    def operations(self):
        return 8.0 * self.tokens * self.experts


class MoePermute(VectorKernel):
    """Rows by expert: slot j of token t goes to expert e = ids[t, j]; entries t * k + j whose expert lies in first_expert ..
    first_expert + local_experts - 1 (local_experts=0: all) are ordered by expert and, of one expert, by entry.

    counts int32 [local experts]; y int8 [tokens * k, columns], y_scale fp32 [tokens * k] and source int32 [tokens * k] (the entry) in that
    order, as many as are local, the rest unwritten; inverse int32 [tokens, k]: an entry's place, -1 where it is not local.

    Every core sorts all entries, in chunks of 4096; with more than one chunk, or entries that are not local, there is a barrier of
    all cores. Bytes: 2 x columns + 16 an entry."""

    name, summary, source = "moe_permute", "tokens gathered by expert", "moe_permute.cpp"
    parameters = {
        "tokens": Parameter(96, "tokens"), "k": Parameter(8, "experts of a token"), "columns": Parameter(7168, "features, a multiple of 32, up to 16384"),
        "experts": Parameter(256, "experts"), "first_expert": Parameter(0, "first expert of this die", minimum=0),
        "local_experts": Parameter(0, "experts of this die; 0: all from first_expert on", minimum=0),
    }
    error_formula = "elements that differ"
    CHUNK: ClassVar[int] = 4096
    steering_bytes = 1 << 17  # a sort of a whole chunk
    broken_flags = ("-DBROKEN_LAST_ROW",)
    test_grid = (
        dict(tokens=50, columns=256), dict(tokens=1, columns=64), dict(tokens=96, columns=128, first_expert=32, local_experts=16),
        dict(tokens=17, k=4, experts=16, columns=96), dict(tokens=1100, columns=32), dict(tokens=600, columns=64, first_expert=100, local_experts=9), dict(tokens=512, columns=32),
    )

    @property
    def local(self) -> int:
        return self.local_experts or self.experts - self.first_expert

    @property
    def entries(self) -> int:
        return self.tokens * self.k

    def validate(self):
        if self.columns % 32 or self.columns > 16384:
            self.reject("columns", "a multiple of 32 up to 16384")
        if self.k > self.experts:
            self.reject("k", "at most experts")
        if self.first_expert + self.local > self.experts or self.local < 1:
            self.reject("first_expert", "first_expert + local_experts up to experts")

    def symbol(self):
        return "moe_permute"

    def buffers(self, device, groups):
        return {
            "ids": Buffer("in", (self.tokens, self.k), INT32), "x": Buffer("in", (self.tokens, self.columns), INT8), "scale": Buffer("in", (self.tokens,), FP32),
            "counts": Buffer("out", (self.local,), INT32), "y": Buffer("out", (self.entries, self.columns), INT8),
            "y_scale": Buffer("out", (self.entries,), FP32), "source": Buffer("out", (self.entries,), INT32), "inverse": Buffer("out", (self.tokens, self.k), INT32),
            "histogram": Buffer("workspace", (-(-self.entries // self.CHUNK), -(-self.local // 8) * 8), INT32),
        }

    def scalars(self, device, groups):
        return {"tokens": self.tokens, "k": self.k, "columns": self.columns, "first_expert": self.first_expert, "local_experts": self.local}

    def control(self, rng):
        return {"ids": np.argsort(rng.standard_normal((self.tokens, self.experts)), axis=1)[:, : self.k].astype(INT32)}

    def random(self, rng):
        return {
            **self.control(rng), "x": rng.integers(-127, 128, (self.tokens, self.columns)).astype(INT8),
            "scale": rng.uniform(0.001, 0.1, self.tokens).astype(np.float32),
        }

    def reference(self, inputs):
        expert = inputs["ids"].reshape(-1) - self.first_expert
        local = (expert >= 0) & (expert < self.local)
        source = np.argsort(np.where(local, expert, self.local), kind="stable")[: np.count_nonzero(local)]
        inverse = np.full(self.entries, -1, INT32)
        inverse[source] = np.arange(len(source))
        return {
            "counts": np.bincount(expert[local], minlength=self.local), "y": inputs["x"][source // self.k], "y_scale": inputs["scale"][source // self.k],
            "source": source, "inverse": inverse.reshape(self.tokens, self.k),
        }

    def compare(self, outputs, inputs, reference):
        differing = sum(np.count_nonzero(outputs[name][: len(wanted)] != wanted) for name, wanted in reference.items())
        return float(differing), 0.5

    def operations(self):
        return 0.0

    def bytes(self):
        share = self.local / self.experts
        return float(self.entries * (share * (2 * self.columns + 12) + 8))


class MoeCombine(VectorKernel):
    """y[t] = sum_j weights[t, j] * x[inverse[t, j]] (+ shared[t]) (+ residual[t]): bf16 rows, fp32 sum, bf16 y. An inverse of -1 adds nothing.

    Columns are a multiple of 16. Bytes: 2 x columns x (k + 1, shared 1, residual 1) a token. Operations: 2 an element of x."""

    name, summary, source = "moe_combine", "weighted sum of the experts' rows", "moe_combine.cpp"
    parameters = {
        "tokens": Parameter(96, "tokens"), "k": Parameter(8, "experts of a token, up to 32"), "columns": Parameter(7168, "features, a multiple of 16"),
        "shared": switch(0, "add the shared expert's row"), "residual": switch(0, "add the residual"), "rows": Parameter(0, "rows of x; 0: tokens * k", minimum=0),
    }
    broken_flags = ("-DBROKEN_LAST_ROW",)
    test_grid = (
        dict(tokens=50, columns=256), dict(tokens=3, columns=7168, shared=1, residual=1), dict(tokens=101, columns=80, k=4, shared=1), dict(tokens=9, columns=512, residual=1, k=1),
    )

    @property
    def x_rows(self) -> int:
        return self.rows or self.tokens * self.k

    def validate(self):
        self.check_switches("shared", "residual")
        if self.columns % 16:
            self.reject("columns", "a multiple of 16")
        if self.k > 32:
            self.reject("k", "a whole number up to 32")

    def symbol(self):
        return "moe_combine" + ("_shared" if self.shared else "") + ("_residual" if self.residual else "")

    def buffers(self, device, groups):
        matrix = (self.tokens, self.columns)
        found = {
            "x": Buffer("in", (self.x_rows, self.columns), BF16), "inverse": Buffer("in", (self.tokens, self.k), INT32),
            "weights": Buffer("in", (self.tokens, self.k), FP32), "y": Buffer("out", matrix, BF16),
        }
        for name in ("shared", "residual"):
            if self.values[name]:
                found[name] = Buffer("in", matrix, BF16)
        return found

    def scalars(self, device, groups):
        return {"tokens": self.tokens, "k": self.k, "columns": self.columns}

    def control(self, rng):
        entries, rows = self.tokens * self.k, self.x_rows
        inverse = rng.permutation(max(entries, rows))[:entries]
        inverse[inverse >= rows] = -1
        if entries > 3:
            inverse[3] = -1
        return {"inverse": inverse.astype(INT32).reshape(self.tokens, self.k), "weights": rng.uniform(0.1, 0.6, (self.tokens, self.k)).astype(np.float32)}

    def random(self, rng):
        inputs = {**self.control(rng), "x": rng.standard_normal((self.x_rows, self.columns)).astype(BF16)}
        for name in ("shared", "residual"):
            if self.values[name]:
                inputs[name] = rng.standard_normal((self.tokens, self.columns)).astype(BF16)
        return inputs

    def reference(self, inputs):
        y = np.zeros((self.tokens, self.columns))
        for name in ("shared", "residual"):
            if self.values[name]:
                y += inputs[name].astype(np.float64)
        for j in range(self.k):
            at = inputs["inverse"][:, j]
            y += np.where(at >= 0, inputs["weights"][:, j], 0.0)[:, None] * inputs["x"][np.maximum(at, 0)].astype(np.float64)
        return {"y": y}

    def operations(self):
        return 2.0 * self.tokens * self.k * self.columns

    def bytes(self):
        rows = self.k + 1 + self.shared + self.residual
        return float(self.tokens * (2 * self.columns * rows + 8 * self.k))

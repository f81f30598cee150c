"""The last step: logits to tokens."""

from __future__ import annotations

import numpy as np

from .elementwise import FP32, INT32, VectorKernel
from .kernel import BF16, Buffer, Parameter

_TYPES = {"fp32": FP32, "bf16": BF16}
_LOGITS = {
    "rows": Parameter(96, "tokens"), "vocab": Parameter(129280, "tokens to choose from"), "dtype": Parameter("fp32", "type of the logits", tuple(_TYPES)),
}


class Argmax(VectorKernel):
    """token[r] = the first largest of logits[r] (fp32 or bf16 [rows, vocab]); a row on one vector core. Bytes: the logits once, 4 a row."""

    name, summary, source = "argmax", "greedy choice", "sampling.cpp"
    parameters = _LOGITS
    error_formula = "tokens that differ"
    steering_bytes = 1 << 17  # the search follows the data from the first chunk of logits on
    broken_flags = ("-DBROKEN_LAST_CHUNK",)
    test_grid = (dict(rows=3, vocab=129280), dict(rows=50, vocab=1000, dtype="bf16"), dict(rows=2, vocab=33), dict(rows=5, vocab=20000, dtype="bf16"))

    def validate(self):
        if self.vocab > 262144:
            self.reject("vocab", "a whole number up to 262144")

    def symbol(self):
        return f"{self.name}_{self.dtype}"

    def buffers(self, device, groups):
        return {"logits": Buffer("in", (self.rows, self.vocab), _TYPES[self.dtype]), "token": Buffer("out", (self.rows,), INT32)}

    def scalars(self, device, groups):
        return {"rows": self.rows, "vocab": self.vocab}

    def control(self, rng):
        """All of it: the search follows the data."""
        return self.random(rng)

    def random(self, rng):
        logits = (3 * rng.standard_normal((self.rows, self.vocab))).astype(_TYPES[self.dtype])
        logits[0, -1] = 40  # the last element of a row, too, must be seen
        return {"logits": logits}

    def reference(self, inputs):
        return {"token": np.argmax(inputs["logits"].astype(np.float32), axis=1)}

    def compare(self, outputs, inputs, reference):
        return float(np.count_nonzero(outputs["token"] != reference["token"])), 0.5

    def operations(self):
        return float(self.rows * self.vocab)


class Sample(Argmax):
    """token[r] by temperature, then top_k, then top_p, then uniform[r] (in [0, 1)): candidates are the top_k largest logits in descending
    order, of equals the lower index; p = softmax of candidates / temperature; the nucleus is the shortest prefix whose p reaches top_p;
    the token is the first of it whose cumulative p exceeds uniform * p(nucleus).

    top_k up to 512; top_k=0, off: the nucleus is every logit that is not below that of the prefix's end, and the token is the first of it, in the
    order of the vocabulary, whose cumulative p exceeds uniform * p(nucleus). A choice at a boundary that the rounding of the cumulative sum
    explains (1e-5) is right as well. Bytes: argmax's and 4 a row."""

    name, summary = "sample", "top-k, top-p sampling with temperature"
    parameters = {
        **_LOGITS, "temperature": Parameter(0.6, "divides the logits", minimum=0.01), "top_k": Parameter(50, "candidates, up to 512; 0: all", minimum=0),
        "top_p": Parameter(0.95, "mass of the nucleus", minimum=0.0),
    }
    error_formula = "tokens that no rounding of the cumulative sum explains"
    test_grid = (
        dict(rows=3, vocab=129280), dict(rows=50, vocab=1000, dtype="bf16", top_k=20), dict(rows=20, vocab=5000, top_k=512, top_p=1.0, temperature=1.5),
        dict(rows=4, vocab=70, top_k=64, top_p=0.5), dict(rows=4, vocab=300, top_k=1), dict(rows=2, vocab=1, top_k=1),
        dict(rows=5, vocab=20000, top_k=0), dict(rows=3, vocab=9000, top_k=0, top_p=0.9, temperature=4.0), dict(rows=50, vocab=700, top_k=0, top_p=1.0, dtype="bf16", temperature=2.0),
        dict(rows=3, vocab=3001, top_k=0, top_p=0.7, temperature=8.0, dtype="bf16"), dict(rows=2, vocab=1, top_k=0),
    )
    TOLERANCE = 1e-5  # of cumulative p: 512 fp32 additions and the two rounded exponentials

    def validate(self):
        super().validate()
        if self.top_k > min(512, self.vocab):
            self.reject("top_k", "a whole number up to 512 and up to vocab")
        if not 0 < self.top_p <= 1:
            self.reject("top_p", "a number up to 1")

    def buffers(self, device, groups):
        return {**super().buffers(device, groups), "uniform": Buffer("in", (self.rows,), FP32)}

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "inverse_temperature": 1 / self.temperature, "top_k": self.top_k, "top_p": self.top_p}

    def random(self, rng):
        inputs = {**super().random(rng), "uniform": rng.random(self.rows, np.float32)}
        # The last element of a row must be seen, too: the most probable, and not the whole mass.
        inputs["logits"][0, -1] = np.max(inputs["logits"][0]) + 1
        inputs["uniform"][0] = 0.05 if self.top_k else 0.9999
        return inputs

    def acceptable(self, logits: np.ndarray, uniform: float) -> list[int]:
        """The token, first, and those that it may be within the tolerance."""
        if not self.top_k:
            return self.acceptable_of_all(logits, uniform)
        order = np.argsort(-logits, kind="stable")[: self.top_k]
        p = np.exp((logits[order] - logits[order[0]]) / self.temperature)
        cumulative = np.cumsum(p / p.sum())

        def tokens(top_p: float, shift: float) -> int:
            last = int(np.searchsorted(cumulative, min(top_p, cumulative[-1])))
            return int(order[min(int(np.searchsorted(cumulative, max(uniform * cumulative[last] + shift, 0.0), side="right")), last)])

        shifts = (0.0, self.TOLERANCE, -self.TOLERANCE)
        return [tokens(self.top_p + a, b) for a in shifts for b in shifts]

    def acceptable_of_all(self, logits: np.ndarray, uniform: float) -> list[int]:
        """The same without top_k."""
        p = np.exp((logits - logits.max()) / self.temperature)
        p /= p.sum()
        descending = np.sort(logits)[::-1]
        cumulative = np.cumsum(np.exp((descending - descending[0]) / self.temperature))
        cumulative /= cumulative[-1]

        def tokens(top_p: float, shift: float) -> list[int]:
            kept = np.flatnonzero(logits >= descending[int(np.searchsorted(cumulative, min(top_p, 1.0)))])
            sums = np.cumsum(p[kept])
            first, last = (int(np.searchsorted(sums, uniform * sums[-1] + a, side="right")) for a in (-shift, shift))
            return kept[max(first, 0) : min(last, len(kept) - 1) + 1].tolist()

        # A threshold that lies a little aside moves the sums by as much again.
        return [token for a in (0.0, self.TOLERANCE, -self.TOLERANCE) for token in tokens(self.top_p + a, 2 * self.TOLERANCE if a else 0.0)] + tokens(
            self.top_p, 2 * self.TOLERANCE)

    def reference(self, inputs):
        logits = inputs["logits"].astype(np.float64)
        return {"token": np.array([self.acceptable(row, float(u))[0] for row, u in zip(logits, inputs["uniform"])])}

    def compare(self, outputs, inputs, reference):
        logits = inputs["logits"].astype(np.float64)
        wrong = [t for t, row, u in zip(outputs["token"].tolist(), logits, inputs["uniform"]) if t not in self.acceptable(row, float(u))]
        return float(len(wrong)), 0.5

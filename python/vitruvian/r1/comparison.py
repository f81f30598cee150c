"""The emulated model beside the reference: the same tokens go in (teacher-forced), the choices of experts are the chip's where a near tie
explains them, and what comes out must agree."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .config import R1Config
from .reference_model import ReferenceModel, drift, margin_tolerance


@dataclass
class Row:
    """One token that was predicted."""

    kind: str
    position: int
    chip: int
    reference: int
    margin: float      # between the reference's two largest logits
    tolerance: float   # what two right computations may differ in a difference of logits
    error: float       # rms of the logits' difference

    @property
    def tie(self) -> bool:
        return self.margin <= self.tolerance

    @property
    def right(self) -> bool:
        return self.chip == self.reference or self.tie


@dataclass
class Comparison:
    rows: list[Row] = field(default_factory=list)
    wrong_experts: int = 0     # choices that no near tie explains
    drift: float = 0.0         # rms error of the logits over all rows of the main model or of the MTP layer, as part of what it may be

    @property
    def passed(self) -> bool:
        return all(row.right for row in self.rows) and self.wrong_experts == 0 and self.drift <= 1

    @property
    def ties(self) -> int:
        return sum(row.tie for row in self.rows)

    def json(self) -> dict:
        return {"passed": self.passed, "predictions": len(self.rows), "equal": sum(row.chip == row.reference for row in self.rows), "ties": self.ties,
                "wrong": sum(not row.right for row in self.rows), "wrong_experts": self.wrong_experts, "logits_drift": self.drift}

    def __repr__(self) -> str:
        equal = sum(row.chip == row.reference for row in self.rows)
        return (f"check {'passed' if self.passed else 'FAILED'}: {equal} of {len(self.rows)} predicted tokens equal, {self.ties} near ties, "
                f"{sum(not row.right for row in self.rows)} wrong; {self.wrong_experts} choices of experts wrong; "
                f"rms error of the logits {self.drift:.0%} of its bound")


def compare(config: R1Config, weights: dict, passes) -> Comparison:
    """passes: model.Pass, in their order."""
    reference = ReferenceModel(config, weights)
    found = Comparison()
    # The MTP layer's input is a quantised product of the main model's result.
    bounds = {"main": drift(2 * config.layers), "mtp": drift(2 * config.layers + 2, inputs=1)}
    squares: dict[str, list[float]] = {}
    hidden = None
    for done in passes:
        if done.kind == "main":
            step = reference.forward(done.tokens, done.positions, done.decode, done.choices)
            hidden = step.hidden
        else:
            step = reference.predict(hidden[: len(done.tokens)], done.tokens, done.positions, done.decode, done.choices)
        found.wrong_experts += sum(int(gate.wrong.sum()) for gate in step.gates)
        size, bound = float(np.sqrt(np.mean(step.logits**2))), bounds[done.kind]
        error = np.sqrt(np.mean((done.logits - step.logits) ** 2, axis=1))
        squares.setdefault(done.kind, []).extend((error / size / bound) ** 2)
        for row in range(len(done.tokens)):
            two = np.sort(step.logits[row])[-2:]
            found.rows.append(Row(done.kind, done.positions[row], done.greedy[row], int(np.argmax(step.logits[row])), float(two[1] - two[0]),
                                  margin_tolerance(bound) * size, float(error[row])))
    found.drift = max((float(np.sqrt(np.mean(values))) for values in squares.values()), default=0.0)
    if not all(np.isfinite(done.logits).all() for done in passes):
        found.drift = float("inf")
    return found

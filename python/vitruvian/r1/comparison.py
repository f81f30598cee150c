"""The emulated model beside the reference: the same tokens go in (teacher-forced), the choices of experts are the chip's where a near tie
explains them, and what comes out must agree."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .config import R1Config
from .reference_model import ReferenceModel, drift


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
    drift: float = 0.0         # relative rms error of the logits, the worst pass
    drift_bound: float = 0.0

    @property
    def passed(self) -> bool:
        return all(row.right for row in self.rows) and self.wrong_experts == 0 and self.drift <= self.drift_bound

    @property
    def ties(self) -> int:
        return sum(row.tie for row in self.rows)

    def json(self) -> dict:
        return {"passed": self.passed, "predictions": len(self.rows), "equal": sum(row.chip == row.reference for row in self.rows), "ties": self.ties,
                "wrong": sum(not row.right for row in self.rows), "wrong_experts": self.wrong_experts, "logits_drift": self.drift, "logits_drift_bound": self.drift_bound}

    def __repr__(self) -> str:
        equal = sum(row.chip == row.reference for row in self.rows)
        return (f"check {'passed' if self.passed else 'FAILED'}: {equal} of {len(self.rows)} predicted tokens equal, {self.ties} near ties, "
                f"{sum(not row.right for row in self.rows)} wrong; {self.wrong_experts} choices of experts wrong; "
                f"rms error of the logits {self.drift:.2%} of their size, bound {self.drift_bound:.2%}")


def compare(config: R1Config, weights: dict, passes) -> Comparison:
    """passes: model.Pass, in their order."""
    reference = ReferenceModel(config, weights)
    found = Comparison(drift_bound=drift(2 * (config.layers + config.mtp_layers)))
    hidden = None
    for done in passes:
        if done.kind == "main":
            step = reference.forward(done.tokens, done.positions, done.decode, done.choices)
            hidden = step.hidden
        else:
            step = reference.predict(hidden[: len(done.tokens)], done.tokens, done.positions, done.decode, done.choices)
        found.wrong_experts += sum(int(gate.wrong.sum()) for gate in step.gates)
        size = float(np.sqrt(np.mean(step.logits**2)))
        error = np.sqrt(np.mean((done.logits - step.logits) ** 2, axis=1))
        found.drift = max(found.drift, float(np.sqrt(np.mean(error**2))) / size)
        for row in range(len(done.tokens)):
            two = np.sort(step.logits[row])[-2:]
            found.rows.append(Row(done.kind, done.positions[row], done.greedy[row], int(np.argmax(step.logits[row])), float(two[1] - two[0]),
                                  found.drift_bound * size, float(error[row])))
    return found

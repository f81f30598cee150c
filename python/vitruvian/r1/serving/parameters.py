"""parameters.csv: what serving needs beside the chip, each value with its source."""

from __future__ import annotations

import csv
import functools
from pathlib import Path
from typing import NamedTuple

from ... import _core


class ServingParameter(NamedTuple):
    value: float
    unit: str
    trust: str
    source: str
    meaning: str


@functools.lru_cache
def serving_parameters() -> dict[str, ServingParameter]:
    with open(Path(__file__).with_name("parameters.csv"), encoding="utf-8", newline="") as file:
        return {row["name"]: ServingParameter(float(row["value"]), row["unit"], row["trust"], row["source"], row["meaning"]) for row in csv.DictReader(file)}


def get_parameter(name: str) -> float:
    found = serving_parameters()
    if name not in found:
        _core.fail("unknown serving parameter", "parameters.csv", ", ".join(found), name)
    return found[name].value

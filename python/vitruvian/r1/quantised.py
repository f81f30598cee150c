"""How int8 outputs with a scale for each row are checked: value = q * scale, q = rint(value / scale), scale = absmax / 127."""

from __future__ import annotations

import math

import numpy as np

INT8_LARGEST = 127


def reference_scale(values: np.ndarray) -> np.ndarray:
    """[rows, columns] -> [rows]: absmax / 127, 1 for a row of zeros."""
    largest = np.max(np.abs(values), axis=1, initial=0)
    return np.where(largest > 0, largest / INT8_LARGEST, 1.0)


def quantisation_error(q: np.ndarray, scale: np.ndarray, values: np.ndarray, relative: float) -> list[tuple[float, float]]:
    """(error, bound) of the scales, relative to each row's own, and of the integers, in units of the row's scale.

    relative: error that the arithmetic before the quantisation may have, relative to the row's largest value. A value may
    then lie half a step from its integer and 127 * (error of value and scale) more.
    """
    wanted, scale = reference_scale(values), scale.astype(np.float64)
    scale_error = float(np.max(np.abs(scale - wanted) / wanted, initial=0)) if np.isfinite(scale).all() else math.inf
    steps = np.abs(q.astype(np.float64) - values / wanted[:, None])
    return [(scale_error, relative), (float(np.max(steps, initial=0)), 0.5 + 2 * INT8_LARGEST * relative)]


def worst(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The pair whose error is the largest part of its bound."""
    return max(pairs, key=lambda pair: pair[0] / pair[1])

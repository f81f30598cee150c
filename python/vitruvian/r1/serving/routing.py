"""Tokens to experts and experts to dies: how many rows each expert of the busiest die gets. Dispatch waits for everybody, so that
die sets the pace."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from ..config import R1Config
from .parameters import get_parameter


@dataclass(frozen=True)
class Placement:
    """rows: of each expert place of the busiest die, the shared expert last where that die holds one; slots: expert places of a die."""

    rows: tuple[int, ...]
    slots: int
    mean: float                # rows of the mean die
    sent: int                  # rows that a die sends
    shared_remote: bool        # the shared expert has places of its own (decode), else every die holds it (prefill)
    hot: float                 # rows that come over the fabric, times those of the mean die

    @property
    def imbalance(self) -> float:
        return sum(self.rows) / self.mean if self.mean else 1.0


def popularity(experts: int, skew: float) -> np.ndarray:
    weight = np.arange(1.0, experts + 1) ** -skew
    return weight / weight.sum()


def replicate(load: np.ndarray, extra: int) -> list[float]:
    """Loads of the places: each redundant one goes to the expert whose copies are the fullest."""
    heap = [(-float(value), float(value), 1) for value in load]
    heapq.heapify(heap)
    for _ in range(extra):
        _, whole, copies = heapq.heappop(heap)
        heapq.heappush(heap, (-whole / (copies + 1), whole, copies + 1))
    return [whole / copies for _, whole, copies in heap for _ in range(copies)]


def busiest_die(loads: list[float], dies: int) -> list[float]:
    """Places to dies, the fullest first, each to the emptiest die with room; the loads of the die that ends fullest."""
    room = math.ceil(len(loads) / dies)
    heap = [(0.0, die, []) for die in range(dies)]
    heapq.heapify(heap)
    full = []
    for load in sorted(loads, reverse=True):
        total, die, held = heapq.heappop(heap)
        held = [*held, load]
        (full.append if len(held) == room else lambda item: heapq.heappush(heap, item))((total + load, die, held))
    return max([*full, *heap])[2]


def place_decode(config: R1Config, ep: int, tokens: int, skew: float) -> Placement:
    """tokens: of a die in a microbatch. The anchor's 320 places over `ep` dies: copies of the shared expert among them."""
    slots = max(math.ceil(get_parameter("expert_places_decode") * config.experts / ep), math.ceil((config.experts + config.shared_experts) / ep))
    shared = max(config.shared_experts, math.floor(slots * ep * get_parameter("shared_share")))
    while slots * ep - shared < config.experts:  # small configurations: no room for that many copies
        shared -= 1
    total = tokens * ep
    routed = replicate(popularity(config.experts, skew) * total * config.top_k, slots * ep - shared - config.experts)
    return _placement(busiest_die([*routed, *[total * config.shared_experts / shared] * shared], ep), slots, total * (config.top_k + config.shared_experts) / ep,
                      tokens * (config.top_k + config.shared_experts), True, 0)


def place_prefill(config: R1Config, ep: int, tokens: int, skew: float) -> Placement:
    """Each die holds the shared expert for its own tokens, its part of the routed ones, and a redundant one."""
    extra = int(get_parameter("redundant_prefill")) * ep
    places = math.ceil((config.experts + extra) / ep) * ep
    total = tokens * ep
    routed = busiest_die(replicate(popularity(config.experts, skew) * total * config.top_k, places - config.experts), ep)
    return _placement([*routed, float(tokens)], places // ep + 1, total * config.top_k / ep + tokens, tokens * config.top_k, False, tokens)


def _placement(loads: list[float], slots: int, mean: float, sent: int, shared_remote: bool, own: int) -> Placement:
    """own: rows among them that never leave the die."""
    hot = (sum(loads) - own) / (mean - own) if mean > own else 1.0
    return Placement(tuple(math.ceil(load) for load in loads), slots, mean, sent, shared_remote, hot)

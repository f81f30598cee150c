"""A scene: launches that run in one simulation, in streams on disjoint cores, with the tensors that they share.

    stream "attention"  cores 0..15   [rms_norm_quant]->[linear_int8]->...        one after another, launch.gap apart
    stream "moe"        cores 16..23  [rms_norm_quant]->...                       `after`: waits for launches of others, too

Launches name a buffer's tensor where another launch uses the same memory; all other buffers are their own (weights, above all, so
that no layer finds those of another one in L2). A scene says what runs; it knows no time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ... import _core


class Stream(NamedTuple):
    name: str
    first_core: int
    groups: int


class Launch(NamedTuple):
    label: str                                   # "q_b": unique in a microbatch
    part: str                                    # attention, moe, dense, communication, head
    kernel: str
    parameters: tuple[tuple[str, object], ...]
    tensors: tuple[tuple[str, str], ...]         # buffer -> tensor
    stream: str
    microbatch: int
    after: tuple[int, ...]                       # launches of other streams, by position


@dataclass(frozen=True)
class Scene:
    name: str
    streams: tuple[Stream, ...]
    launches: tuple[Launch, ...]
    # What the workload has and the library of kernels lacks: reports name it.
    missing: tuple[str, ...] = ()

    def items(self) -> dict:
        """Plain values, for the cache's key."""
        return {"streams": [list(stream) for stream in self.streams], "launches": [[*launch] for launch in self.launches]}


@dataclass
class Builder:
    """Collects a scene's launches."""

    name: str
    streams: tuple[Stream, ...]
    kernels: frozenset[str]                      # that the library has
    launches: list[Launch] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    part: str = ""
    stream: str = ""
    microbatch: int = 0
    pending: tuple[int, ...] = ()                # what the next launch waits for

    def on(self, stream: str, part: str, microbatch: int = 0, after: tuple[int, ...] = ()) -> "Builder":
        """Where the next launches go. after: positions that the first of them waits for."""
        self.stream, self.part, self.microbatch, self.pending = stream, part, microbatch, tuple(after)
        return self

    def add(self, label: str, kernel: str, tensors: dict[str, str] | None = None, *, part: str | None = None, **parameters) -> int | None:
        """A launch; its position. Tensor names get the microbatch's number; a leading = keeps a name as it is."""
        if kernel not in self.kernels:
            self.missing.append(f"{label} ({kernel})")
            return None
        named = tuple(sorted((buffer, tensor[1:] if tensor.startswith("=") else f"{tensor}.{self.microbatch}") for buffer, tensor in (tensors or {}).items()))
        self.launches.append(Launch(label, part or self.part, kernel, tuple(sorted(parameters.items())), named, self.stream, self.microbatch, self.pending))
        self.pending = ()
        return len(self.launches) - 1

    @property
    def last(self) -> int:
        return len(self.launches) - 1

    def scene(self) -> Scene:
        if not self.launches:
            _core.fail("a scene without launches", self.name, "kernels of the library", ", ".join(self.missing))
        return Scene(self.name, self.streams, tuple(self.launches), tuple(dict.fromkeys(self.missing)))

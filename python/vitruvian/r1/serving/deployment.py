"""What a user asks for: how R1 is deployed and what it is asked to serve. Everything else follows from these and the chip."""

from __future__ import annotations

import functools
import math
from dataclasses import asdict, dataclass, field

from ... import _core
from ...chips import chip as values_of_chip
from ..config import R1Config

MAX_CONTEXT = 163840  # max_position_embeddings of the published configuration


@functools.lru_cache(maxsize=64)
def _values(chip: str, overrides: tuple[tuple[str, float], ...]):
    return values_of_chip(chip, dict(overrides))


def reject(parameter: str, expected: str, got) -> None:
    _core.fail("bad deployment", parameter, expected, str(got))


@dataclass(frozen=True)
class Deployment:
    """Common to decode and prefill. A package is two dies, one device each; attention is data-parallel over dies, experts lie
    EP-wise on dies."""

    ep: int = 320                     # dies that share the experts
    dtype: str = "int8"               # of linear layers: int8 (W8A8) or bf16
    skew: float = 0.0                 # experts' popularity ~ rank ^ -skew; 0: all alike
    overlap: bool = True              # two microbatches, attention of one beside the MoE of the other
    attention_groups: int = 0         # core groups of the attention stream with overlap; 0: parameters.csv's share
    chip: str = "ascend910c"
    overrides: tuple[tuple[str, float], ...] = ()
    graph_launch_ms: float | None = None    # None: parameters.csv
    host_step_ms: float | None = None
    config: R1Config = field(default_factory=R1Config.full)

    def check(self) -> None:
        """Errors: vt.Error for what no deployment can have; memory.check() says what does not fit."""
        if not (isinstance(self.ep, int) and self.ep >= 1):
            reject("ep", "a whole number of dies from 1 on", self.ep)
        if self.dtype not in ("int8", "bf16"):
            reject("dtype", "int8 or bf16", self.dtype)
        if not 0 <= self.skew <= 4:
            reject("skew", "0 to 4", self.skew)
        values = self.chip_values()  # an unknown chip or override is its own error
        self.check_package(values)
        for name in ("graph_launch_ms", "host_step_ms"):
            given = getattr(self, name)
            if given is not None and not 0 <= given < math.inf:
                reject(name, "0 ms or more", given)
        groups = int(values["cores.aic"].value)
        if not 0 <= self.attention_groups < groups:
            reject("attention_groups", f"0 to {groups - 1}, the MoE stream needs one", self.attention_groups)

    def check_package(self, values) -> None:
        dies = self.dies_per_package(values)
        if self.ep % dies:
            reject("ep", f"a multiple of {dies}, the dies of a package of {self.chip}", self.ep)

    def chip_values(self):
        return _values(self.chip, self.overrides)

    def dies_per_package(self, values=None) -> int:
        return int((values or self.chip_values())["package.dies"].value)

    @property
    def packages(self) -> int:
        return self.ep // self.dies_per_package()

    def items(self) -> dict:
        """For reports and JSON."""
        fields = asdict(self)
        fields["overrides"], fields["config"] = dict(self.overrides), self.config.items()
        return fields


@dataclass(frozen=True)
class Decode(Deployment):
    """One decode step: each request of the batch yields 1 + mtp * acceptance tokens on average."""

    batch: int = 96                   # requests of a package
    context: int = 4096               # KV length, the new tokens included
    mtp: int = 1                      # extra tokens predicted and verified in a step: 0 or 1
    acceptance: float = 0.7           # of the extra token

    def check(self) -> None:
        super().check()
        dies = self.dies_per_package()
        if not (isinstance(self.batch, int) and self.batch >= 1):
            reject("batch", "a whole number of requests of a package from 1 on", self.batch)
        if self.batch % dies:
            reject("batch", f"a multiple of {dies}: a package has that many dies", self.batch)
        if self.mtp not in (0, 1):
            reject("mtp", "0 or 1", self.mtp)
        if not (isinstance(self.context, int) and self.mtp < self.context <= MAX_CONTEXT):
            reject("context", f"{self.mtp + 1} to {MAX_CONTEXT} tokens, R1's longest", self.context)
        if not 0 <= self.acceptance <= 1:
            reject("acceptance", "0 to 1", self.acceptance)
        if self.overlap and self.batch < 2 * dies:
            reject("batch", f"at least {2 * dies} for two microbatches; overlap=False runs one", self.batch)

    @property
    def requests(self) -> int:
        """Of a die."""
        return self.batch // self.dies_per_package()

    @property
    def queries(self) -> int:
        """New tokens of a request in a step."""
        return 1 + self.mtp

    @property
    def tokens_per_step(self) -> float:
        """Of a request, on average."""
        return 1 + self.mtp * self.acceptance


@dataclass(frozen=True)
class Prefill(Deployment):
    """A batch of prompts through the whole model. Attention is data-parallel over prompts, which for prompts of one length is
    what the anchor's three stages come to, less their exchanges."""

    ep: int = 32
    overlap: bool = False
    prompt: int = 4096                # tokens of a prompt
    tokens: int = 16384               # of a package, in prompts

    def check(self) -> None:
        super().check()
        dies = self.dies_per_package()
        if not (isinstance(self.prompt, int) and 1 <= self.prompt <= MAX_CONTEXT):
            reject("prompt", f"1 to {MAX_CONTEXT} tokens, R1's longest", self.prompt)
        if not (isinstance(self.tokens, int) and self.tokens >= 1):
            reject("tokens", "a whole number of tokens of a package from 1 on", self.tokens)
        if self.tokens % (self.prompt * dies):
            reject("tokens", f"a multiple of {self.prompt * dies}: whole prompts on each of {dies} dies", self.tokens)
        if self.overlap and self.prompts < 2:
            reject("tokens", f"at least {2 * self.prompt * dies} for two microbatches; overlap=False runs one", self.tokens)

    @property
    def prompts(self) -> int:
        """Of a die."""
        return self.tokens // self.prompt // self.dies_per_package()

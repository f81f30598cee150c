"""Attention on the latent cache: MLA decode and MLA prefill.

    mla_decode   q [batch, queries, heads, 576] x paged latent cache     -> out [batch, queries, heads, 512]
    mla_prefill  q [tokens, heads, 192] x kv [tokens, heads, 256], rope  -> out [tokens, heads, 128], causal

Both are mix kernels: cube cores multiply, vector cores do the softmax of another block meanwhile; scores, probabilities and
partial outputs pass through a workspace in global memory that stays in L2.
"""

import math

import numpy as np

from .kernel import BF16, UNIT_ROUNDOFF, Buffer, Parameter, R1Kernel
from .layout import LATENT, PAGE_TOKENS, ROPE, pack_cache

S8, S32, F32 = np.dtype(np.int8), np.dtype(np.int32), np.dtype(np.float32)

NOPE, V_DIM = 128, 128
HEAD = NOPE + ROPE          # of q and k in prefill
SOFTMAX_SCALE = (0.1 * math.log(40) + 1) ** 2 / math.sqrt(HEAD)  # YaRN's factor for R1's 40 times longer context

_GOLDEN = (math.sqrt(5) - 1) / 2


def spread_lengths(count: int, longest: int, shortest: int, spread: float) -> np.ndarray:
    """`count` lengths from longest down to longest - spread * (longest - shortest), evenly spread in a mixed order; no randomness,
    so that a kernel's operations follow from its parameters alone."""
    return (longest - np.floor(spread * (longest - shortest) * (np.arange(count) * _GOLDEN % 1.0))).astype(np.int32)


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32).astype(BF16)


def softmax_of(scores: np.ndarray) -> np.ndarray:
    """Rows of fp32 scores to probabilities, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def largest_number(values: np.ndarray) -> float:
    """max |x| of the numbers in a bf16 array: as integers, since magnitudes are in the order of their bits."""
    largest, infinity = 0, 0x7f80
    for some in np.array_split(values, max(1, values.size >> 24)):
        bits = some.view(np.uint16) & 0x7fff
        largest = max(largest, int(np.max(bits, initial=0, where=bits < infinity)))
    return float(np.uint16(largest).reshape(1).view(BF16)[0])


class Attention(R1Kernel):
    """What the two share: the measure of error.

    An output is a mean of values with probabilities as weights. Rounding each probability to bf16 moves it by at most half a
    unit of max |v|, rounding the output by another; scores, exponentials and sums in fp32 stay below `accumulation()`."""

    core_kind = "mix"
    error_formula = "max |y - ref| / max |v|"
    broken_flags = ("-DATTENTION_DROP_KV_BLOCK",)

    def values_of(self, inputs) -> np.ndarray:
        """What the outputs are means of; numbers or not."""
        raise NotImplementedError

    def accumulation(self) -> float:
        return 2.0**-12

    def compare(self, outputs, inputs, reference):
        got, wanted = outputs["out"].astype(np.float32), reference["out"]
        if not np.isfinite(got).all():
            return math.inf, 1.0
        largest = largest_number(self.values_of(inputs)) or 1.0
        return float(np.max(np.abs(got - wanted), initial=0)) / largest, 2 * UNIT_ROUNDOFF[BF16] + self.accumulation()


class MlaDecode(Attention):
    """Absorbed MLA on a paged latent cache: out = softmax(scale q K^T) V with V = the first 512 of K's 576 dimensions.

    q bf16 [batch, queries, heads, 576]; cache bf16 [pages, 36, 128, 16] (layout.pack_cache); block_table int32 [batch, max_pages];
    lengths int32 [batch], with the new tokens: query i sees keys 0 .. lengths - queries + i; scale fp32;
    out bf16 [batch, queries, heads, 512]. Tiling: kernels/r1/mla_decode.cpp.
    Operations: 2 x queries x heads x kv x (576 + 512) a batch. Bytes: q, out and 1152 for each key."""

    name = "mla_decode"
    summary = "absorbed MLA over the paged latent cache, online softmax, split over batch and KV"
    source = "mla_decode.cpp"
    parameters = {
        "batch": Parameter(96, "sequences"),
        "heads": Parameter(128, "heads that share a latent, at most 128"),
        "kv": Parameter(4096, "keys of the longest sequence, the new tokens included"),
        "q": Parameter(2, "new tokens of each sequence"),
        "dtype": Parameter("bf16", "of q, cache and out", choices=("bf16",)),
        "spread": Parameter(0.0, "lengths lie between kv and kv - spread * (kv - q)", minimum=0),
        "pages": Parameter(0, "of the cache, 0: as many as the batch needs", minimum=0),
    }
    test_grid = (
        dict(batch=1, heads=1, kv=1, q=1), dict(batch=2, heads=3, kv=2, q=2), dict(batch=1, heads=16, kv=127, q=1),
        dict(batch=2, heads=16, kv=129, q=2), dict(batch=1, heads=128, kv=300, q=2), dict(batch=5, heads=3, kv=300, q=2, spread=1.0),
        dict(batch=1, heads=16, kv=1500, q=1), dict(batch=3, heads=20, kv=700, q=2, spread=0.5), dict(batch=1, heads=128, kv=513, q=1),
    )

    ROWS = 128          # of a tile: kernels/r1/mla_decode.cpp, kTileRows
    BLOCK_PAGES = 4     # pages of a block of keys, kBlockPages
    MOST_SPLITS = 24

    def validate(self):
        if self.heads > 128:
            self.reject("heads", "at most 128")
        if self.kv < self.q:
            self.reject("kv", "at least q")
        if self.spread > 1:
            self.reject("spread", "0 to 1")
        if self.pages and self.pages < self.batch * self.max_pages:
            self.reject("pages", f"at least {self.batch * self.max_pages}")

    @property
    def max_pages(self) -> int:
        return -(-self.kv // PAGE_TOKENS)

    @property
    def tiles(self) -> int:
        """Of 128 rows (query, head) of a sequence."""
        return -(-self.q * self.heads // self.ROWS)

    def lengths(self) -> np.ndarray:
        return spread_lengths(self.batch, self.kv, self.q, self.spread)

    def symbol(self):
        return "mla_decode"

    def splits(self, groups: int) -> int:
        """Parts of each sequence's keys, so that the slowest group and the merge are soonest done, in units of a page: a part costs
        two beside its pages, and merging eight rows of a part (what a vector core does at a time) about a half."""
        items = self.batch * self.tiles
        eights = -(-self.batch * self.tiles * (self.ROWS // 8) // (2 * groups))

        def cost(splits):
            rounds, pages = -(-items * splits // groups), -(-self.max_pages // splits)
            return rounds * (pages + 2) + (2 + splits * eights / 2 if splits > 1 else 0)
        return min(range(1, min(self.MOST_SPLITS, self.max_pages) + 1), key=cost)

    def buffers(self, device, groups):
        rows, row_tiles = self.q * self.heads, self.batch * self.tiles
        splits = self.splits(groups)
        ring = groups * 2 * self.ROWS * PAGE_TOKENS * self.BLOCK_PAGES * (4 + 2) + groups * 2 * self.ROWS * LATENT * 4
        # The parts of a split sequence: fp32 outputs and, of each row, maximum and sum (64 B each).
        parts = row_tiles * splits * self.ROWS * (LATENT * 4 + 128) if splits > 1 else 0
        return {
            "q": Buffer("in", (self.batch, self.q, self.heads, LATENT + ROPE), BF16),
            "cache": Buffer("in", (self.pages or self.batch * self.max_pages, (LATENT + ROPE) // 16, PAGE_TOKENS, 16), BF16),
            "block_table": Buffer("in", (self.batch, self.max_pages), S32),
            "lengths": Buffer("in", (self.batch,), S32),
            "out": Buffer("out", (self.batch, self.q, self.heads, LATENT), BF16),
            "workspace": Buffer("workspace", (ring + parts,), S8),
        }

    def scalars(self, device, groups):
        return {"batch": self.batch, "queries": self.q, "heads": self.heads, "max_pages": self.max_pages, "splits": self.splits(groups),
                "scale": SOFTMAX_SCALE}

    def control(self, rng):
        pages = self.pages or self.batch * self.max_pages
        table = rng.permutation(pages)[:self.batch * self.max_pages].astype(np.int32).reshape(self.batch, self.max_pages)
        return {"block_table": table, "lengths": self.lengths()}

    def random(self, rng):
        inputs = self.control(rng)
        pages = self.pages or self.batch * self.max_pages
        cache = np.empty((pages, (LATENT + ROPE) // 16, PAGE_TOKENS, 16), BF16)
        for first in range(0, pages, 256):
            some = cache[first:first + 256]
            some[:] = pack_cache(normal(rng, some.shape[0] * PAGE_TOKENS, LATENT + ROPE))
        inputs["cache"] = cache
        inputs["q"] = normal(rng, self.batch, self.q, self.heads, LATENT + ROPE)
        # What lies beyond a sequence's end counts for nothing, not even where it is no number.
        for row, length in enumerate(inputs["lengths"]):
            page, used = divmod(int(length), PAGE_TOKENS)
            if used:
                cache[inputs["block_table"][row, page], :, used:] = np.nan
        return inputs

    def reference(self, inputs):
        out = np.empty((self.batch, self.q, self.heads, LATENT), np.float32)
        for row, length in enumerate(inputs["lengths"]):
            length = int(length)
            table = inputs["block_table"][row, :-(-length // PAGE_TOKENS)]
            keys = inputs["cache"][table].swapaxes(1, 2).reshape(-1, LATENT + ROPE)[:length].astype(np.float32)
            for query in range(self.q):
                seen = keys[:length - self.q + query + 1]
                scores = inputs["q"][row, query].astype(np.float32) @ seen.T * np.float32(SOFTMAX_SCALE)
                out[row, query] = softmax_of(scores) @ seen[:, :LATENT]
        return {"out": out}

    def values_of(self, inputs):
        return inputs["cache"]

    def operations(self):
        return 2.0 * self.q * self.heads * float(self.lengths().sum()) * (LATENT + ROPE + LATENT)

    def bytes(self):
        return 2.0 * (float(self.lengths().sum()) * (LATENT + ROPE) + self.batch * self.q * self.heads * (LATENT + ROPE + LATENT))


class MlaPrefill(Attention):
    """Causal attention of whole prompts: q and k of 192 dimensions (128 + 64 rotated), v of 128.

    q bf16 [tokens, heads, 192]; kv bf16 [tokens, heads, 256] as the kv_b projection leaves it (k without position, then v);
    k_rope bf16 [tokens, 64], rotated, shared by the heads; starts int32 [batch + 1]: where each prompt begins; scale fp32;
    out bf16 [tokens, heads, 128]. Tiling: kernels/r1/mla_prefill.cpp.
    Operations: 2 x heads x (192 + 128) for each pair of a token and a key that it sees."""

    name = "mla_prefill"
    summary = "causal flash attention of prompts of different lengths"
    source = "mla_prefill.cpp"
    parameters = {
        "batch": Parameter(1, "prompts"),
        "tokens": Parameter(4096, "of the longest prompt"),
        "heads": Parameter(128, "query heads"),
        "dtype": Parameter("bf16", "of q, k, v and out", choices=("bf16",)),
        "spread": Parameter(0.0, "lengths lie between tokens and tokens * (1 - spread)", minimum=0),
    }
    test_grid = (
        dict(batch=1, tokens=1, heads=1), dict(batch=2, tokens=2, heads=3), dict(batch=1, tokens=127, heads=16), dict(batch=1, tokens=129, heads=3),
        dict(batch=3, tokens=300, heads=2, spread=1.0), dict(batch=1, tokens=700, heads=1), dict(batch=2, tokens=1100, heads=1, spread=0.5),
    )

    def validate(self):
        if self.heads > 128:
            self.reject("heads", "at most 128")
        if self.spread > 1:
            self.reject("spread", "0 to 1")

    def lengths(self) -> np.ndarray:
        return spread_lengths(self.batch, self.tokens, 1, self.spread)

    @property
    def starts(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.lengths())]).astype(np.int32)

    def symbol(self):
        return "mla_prefill"

    def buffers(self, device, groups):
        total = int(self.starts[-1])
        return {
            "q": Buffer("in", (total, self.heads, HEAD), BF16),
            "kv": Buffer("in", (total, self.heads, NOPE + V_DIM), BF16),
            "k_rope": Buffer("in", (total, ROPE), BF16),
            "starts": Buffer("in", (self.batch + 1,), S32),
            "out": Buffer("out", (total, self.heads, V_DIM), BF16),
            "workspace": Buffer("workspace", (groups * self.GROUP_BYTES,), S8),
        }

    GROUP_BYTES = 2 * 128 * (512 * (4 * 4 + 2 * 2) + 2 * V_DIM * 4)  # of two halves: four blocks of scores, two of weights and products

    def scalars(self, device, groups):
        return {"batch": self.batch, "heads": self.heads, "scale": SOFTMAX_SCALE}

    def control(self, rng):
        return {"starts": self.starts}

    def random(self, rng):
        total = int(self.starts[-1])
        return {**self.control(rng), "q": normal(rng, total, self.heads, HEAD), "kv": normal(rng, total, self.heads, NOPE + V_DIM),
                "k_rope": normal(rng, total, ROPE)}

    def reference(self, inputs):
        starts = inputs["starts"]
        out = np.empty((int(starts[-1]), self.heads, V_DIM), np.float32)
        rope = inputs["k_rope"].astype(np.float32)
        for head in range(self.heads):
            q, kv = (inputs[name][:, head].astype(np.float32) for name in ("q", "kv"))
            keys = np.concatenate([kv[:, :NOPE], rope], axis=1)
            for first, end in zip(starts[:-1], starts[1:]):
                for row in range(int(first), int(end), 512):
                    last = min(row + 512, int(end))
                    scores = q[row:last] @ keys[first:last].T * np.float32(SOFTMAX_SCALE)
                    scores[np.arange(row, last)[:, None] < np.arange(first, last)] = -np.inf
                    out[row:last, head] = softmax_of(scores) @ kv[first:last, NOPE:]
        return {"out": out}

    def values_of(self, inputs):
        return inputs["kv"][:, :, NOPE:]

    def operations(self):
        pairs = sum(n * (n + 1) / 2 for n in map(float, self.lengths()))
        return 2.0 * self.heads * pairs * (HEAD + V_DIM)

    def bytes(self):
        total = float(self.starts[-1])
        return 2.0 * total * (self.heads * (HEAD + NOPE + V_DIM + V_DIM) + ROPE)

"""Rotary embedding, and the write into the latent cache that ends in one: kernels of the vector cores alone."""

from __future__ import annotations

import numpy as np

from .elementwise import EPSILON, FP32, INT32, VectorKernel
from .kernel import BF16, Buffer, Parameter
from .layout import LATENT, PAGE_TOKENS, ROPE, unpack_cache

PAIRS = ROPE // 2


def rotation_tables(positions: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin [positions, 32], base 10000, without YaRN's scaling: the kernels take any table."""
    angles = np.arange(positions)[:, None] / 10000.0 ** (np.arange(PAIRS)[None, :] / PAIRS)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def rotated(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """Interleaved pairs of the last axis (64) by tables that broadcast against [..., 32], in fp64."""
    a, b = x[..., 0::2].astype(np.float64), x[..., 1::2].astype(np.float64)
    cos, sin = cos.astype(np.float64), sin.astype(np.float64)
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)


class Rope(VectorKernel):
    """Rotates, in place, columns offset .. offset + 63 of every head of x (bf16 [rows, heads, stride]): pairs (x0, x1), (x2, x3), ...
    become (a cos - b sin, a sin + b cos), with row position[r] of the tables cos, sin (fp32 [positions, 32]).

    stride and offset are multiples of 16. Bytes: what is rotated, in and out, and the tables' rows. Operations: 3 an element."""

    name, summary, source = "rope", "rotary embedding, interleaved pairs, in place", "rope.cpp"
    parameters = {
        "rows": Parameter(96, "tokens"), "heads": Parameter(128, "heads of a token"), "stride": Parameter(192, "columns of a head"),
        "offset": Parameter(128, "first rotated column of a head", minimum=0), "positions": Parameter(4096, "rows of the tables"),
    }
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (
        dict(rows=7, heads=128, stride=192, offset=128, positions=50), dict(rows=53, heads=3, stride=64, offset=0, positions=9),
        dict(rows=50, heads=1, stride=576, offset=512, positions=100), dict(rows=2, heads=33, stride=80, offset=16, positions=3),
    )

    def validate(self):
        if self.stride % 16 or self.offset % 16 or self.offset + ROPE > self.stride:
            self.reject("stride", f"multiples of 16, stride at least offset + {ROPE}")

    def symbol(self):
        return "rope"

    def buffers(self, device, groups):
        table = (self.positions, PAIRS)
        return {
            "x": Buffer("inout", (self.rows, self.heads, self.stride), BF16), "cos": Buffer("in", table, FP32), "sin": Buffer("in", table, FP32),
            "position": Buffer("in", (self.rows,), INT32),
        }

    def scalars(self, device, groups):
        return {"rows": self.rows, "heads": self.heads, "stride": self.stride, "offset": self.offset}

    def random(self, rng):
        cos, sin = rotation_tables(self.positions)
        return {**self.control(rng), "x": rng.standard_normal((self.rows, self.heads, self.stride)).astype(BF16), "cos": cos, "sin": sin}

    def control(self, rng):
        return {"position": rng.integers(0, self.positions, self.rows).astype(INT32)}

    def reference(self, inputs):
        x, at = inputs["x"].astype(np.float64), inputs["position"]
        part = slice(self.offset, self.offset + ROPE)
        x[:, :, part] = rotated(x[:, :, part], inputs["cos"][at][:, None, :], inputs["sin"][at][:, None, :])
        return {"x": x}

    def operations(self):
        return 3.0 * self.rows * self.heads * ROPE

    def bytes(self):
        return float(self.rows * (self.heads * ROPE * 2 * 2 + 2 * PAIRS * 4 + 4))


class RopePlace(Rope):
    """rope with a place of its own for the result: columns y_offset .. y_offset + 63 of every head of y (bf16 [rows, heads, y_stride]), the other
    columns of y as they are. x stays. All strides and offsets are multiples of 16. Bytes and operations as rope."""

    name, summary = "rope_place", "rotary embedding into another tensor: beside the absorbed query, or a prompt's rotated keys"
    parameters = {
        **Rope.parameters, "y_stride": Parameter(576, "columns of a head of y"), "y_offset": Parameter(512, "first column in y", minimum=0),
    }
    test_grid = (
        dict(rows=7, heads=128, positions=50), dict(rows=53, heads=1, stride=576, offset=512, y_stride=64, y_offset=0, positions=9),
        dict(rows=2, heads=33, stride=80, offset=16, y_stride=96, y_offset=16, positions=3),
    )

    def validate(self):
        super().validate()
        if self.y_stride % 16 or self.y_offset % 16 or self.y_offset + ROPE > self.y_stride:
            self.reject("y_stride", f"multiples of 16, y_stride at least y_offset + {ROPE}")

    def symbol(self):
        return "rope_place"

    def buffers(self, device, groups):
        found = super().buffers(device, groups)
        return {**found, "x": Buffer("in", found["x"].shape, BF16), "y": Buffer("inout", (self.rows, self.heads, self.y_stride), BF16)}

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "y_stride": self.y_stride, "y_offset": self.y_offset}

    def random(self, rng):
        return {**super().random(rng), "y": rng.standard_normal((self.rows, self.heads, self.y_stride)).astype(BF16)}

    def reference(self, inputs):
        y = inputs["y"].astype(np.float64)
        y[:, :, self.y_offset : self.y_offset + ROPE] = super().reference(inputs)["x"][:, :, self.offset : self.offset + ROPE]
        return {"y": y}


class KvCacheWrite(VectorKernel):
    """A token of the latent cache from kv = x W_kv_a (bf16 [tokens, 576]): RMSNorm over the first 512 with gamma, RoPE on the last 64
    with row position[t] of the tables, then both to row slot % 128 of page slot / 128 of the NZ-packed cache. A negative slot writes nothing.

    Bytes: 2 x 1152 a token, its rows of the tables. Operations: 4 an element of the latent, 3 of the rotated part."""

    name, summary, source = "kv_cache_write", "latent norm, rope and paged cache write", "kv_cache_write.cpp"
    parameters = {
        "tokens": Parameter(96, "tokens"), "pages": Parameter(64, "pages of the cache"), "positions": Parameter(4096, "rows of the tables"), "epsilon": EPSILON,
    }
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (dict(tokens=100, pages=2, positions=60), dict(tokens=1, pages=1, positions=1), dict(tokens=500, pages=5, positions=333))

    def validate(self):
        if self.tokens > self.pages * PAGE_TOKENS:
            self.reject("tokens", f"at most pages x {PAGE_TOKENS}")

    def symbol(self):
        return "kv_cache_write"

    def buffers(self, device, groups):
        table = (self.positions, PAIRS)
        return {
            "kv": Buffer("in", (self.tokens, LATENT + ROPE), BF16), "gamma": Buffer("in", (LATENT,), BF16), "cos": Buffer("in", table, FP32),
            "sin": Buffer("in", table, FP32), "position": Buffer("in", (self.tokens,), INT32), "slot": Buffer("in", (self.tokens,), INT32),
            "cache": Buffer("inout", (self.pages, (LATENT + ROPE) // 16, PAGE_TOKENS, 16), BF16),
        }

    def scalars(self, device, groups):
        return {"tokens": self.tokens, "epsilon": self.epsilon}

    def random(self, rng):
        cos, sin = rotation_tables(self.positions)
        return {
            **self.control(rng), "kv": rng.standard_normal((self.tokens, LATENT + ROPE)).astype(BF16), "gamma": (1 + 0.2 * rng.standard_normal(LATENT)).astype(BF16),
            "cos": cos, "sin": sin,
            "cache": rng.standard_normal((self.pages, (LATENT + ROPE) // 16, PAGE_TOKENS, 16)).astype(BF16),
        }

    def control(self, rng):
        slots = rng.permutation(self.pages * PAGE_TOKENS)[: self.tokens].astype(INT32)
        slots[self.tokens // 2 : self.tokens // 2 + self.tokens // 50] = -1  # tokens without a place
        return {"position": rng.integers(0, self.positions, self.tokens).astype(INT32), "slot": slots}

    def reference(self, inputs):
        kv, at = inputs["kv"].astype(np.float64), inputs["position"]
        latent = kv[:, :LATENT]
        latent = latent / np.sqrt(np.mean(latent**2, axis=1, keepdims=True) + self.epsilon) * inputs["gamma"].astype(np.float64)
        tokens = unpack_cache(inputs["cache"]).astype(np.float64)
        written = inputs["slot"] >= 0
        tokens[inputs["slot"][written]] = np.hstack([latent, rotated(kv[:, LATENT:], inputs["cos"][at], inputs["sin"][at])])[written]
        return {"cache": tokens.reshape(self.pages, PAGE_TOKENS, -1, 16).swapaxes(1, 2)}

    def operations(self):
        return float(self.tokens * (4 * LATENT + 3 * ROPE))

    def bytes(self):
        return float(self.tokens * (2 * 2 * (LATENT + ROPE) + 2 * PAIRS * 4 + 8) + 2 * LATENT)

"""How R1's tensors lie in global memory: the packings that hosts make and kernels expect.

Activations are bf16 [tokens, features], row-major. A quantised activation is int8 [tokens, features] with an fp32 scale
[tokens]: value = q * scale. A weight W [out, in] of y = x W^T is packed by pack_weight() (NZ: what the cube's L1 wants, so
that no ND2NZ is needed on the way); an INT8 weight has an fp32 scale [out]. The KV cache is paged, pages packed in NZ.
"""

import numpy as np

FRACTAL_ROWS = 16        # rows of a fractal
FRACTAL_BYTES = 32       # bytes of a fractal's row
PAGE_TOKENS = 128        # tokens of a page of the KV cache
LATENT, ROPE = 512, 64   # a token of the cache: the normalised latent, then the rotated key


def pack_weight(weight: np.ndarray) -> np.ndarray:
    """[out, in] -> NZ [in / c0, out16, c0] with c0 = 32 B of elements, out padded to 16 and in to c0 with zeros."""
    c0 = FRACTAL_BYTES // weight.dtype.itemsize
    rows, columns = weight.shape
    padded = np.zeros((-(-rows // FRACTAL_ROWS) * FRACTAL_ROWS, -(-columns // c0) * c0), weight.dtype)
    padded[:rows, :columns] = weight
    return np.ascontiguousarray(padded.reshape(padded.shape[0], -1, c0).swapaxes(0, 1))


def unpack_weight(packed: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The inverse of pack_weight()."""
    return np.ascontiguousarray(packed.swapaxes(0, 1).reshape(packed.shape[1], -1)[:rows, :columns])


def pack_cache(tokens: np.ndarray) -> np.ndarray:
    """[pages * PAGE_TOKENS, LATENT + ROPE] -> [pages, (LATENT + ROPE) / 16, PAGE_TOKENS, 16]: NZ within each page (bf16)."""
    c0 = FRACTAL_BYTES // tokens.dtype.itemsize
    pages = tokens.reshape(-1, PAGE_TOKENS, tokens.shape[1] // c0, c0)
    return np.ascontiguousarray(pages.swapaxes(1, 2))


def unpack_cache(packed: np.ndarray) -> np.ndarray:
    """The inverse of pack_cache()."""
    return np.ascontiguousarray(packed.swapaxes(1, 2).reshape(packed.shape[0] * packed.shape[2], -1))

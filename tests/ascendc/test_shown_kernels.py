"""Kernels of the forms that public repositories have: outputs poisoned, guard zones intact, two block counts, two equal runs."""

import numpy as np
import pytest

GUARD = 1024  # bytes before and behind an output


class Guarded:
    """An output on the device between guard zones."""

    def __init__(self, device, nbytes, initial=None):
        self.nbytes = nbytes
        whole = np.full(nbytes + 2 * GUARD, 0xA5, np.uint8)
        if initial is not None:
            whole[GUARD:-GUARD] = np.ascontiguousarray(initial).view(np.uint8).reshape(-1)
        self.array = device.to_device(whole)
        self.address = self.array.address + GUARD

    def result(self, dtype):
        whole = self.array.numpy()
        assert (whole[:GUARD] == 0xA5).all() and (whole[-GUARD:] == 0xA5).all(), "a guard zone was written"
        return whole[GUARD:-GUARD].view(dtype)


def twice(device, kernel, blocks, arguments, nbytes, dtype, sync, initial=None):
    """Two runs must agree bit for bit; arguments(address) gives the list."""
    results = []
    for _ in range(2):
        out = Guarded(device, nbytes, initial)
        run = kernel.launch(blocks, arguments(out.address), sync=sync, trace=False)
        assert run.fault is None, run.fault
        results.append(out.result(dtype))
    np.testing.assert_array_equal(results[0].view(np.uint8), results[1].view(np.uint8))
    return results[0]


@pytest.mark.parametrize("blocks", [8, 4])
@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_add(device, modules, blocks, sync):
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal((8, 2048)).astype(np.float16) for _ in range(2))
    z = twice(device, modules["shown_add"]["add_half"], blocks, lambda out: [x, y, out], x.nbytes, np.float16, sync)
    np.testing.assert_array_equal(z.reshape(x.shape), x + y)


@pytest.mark.parametrize("shape", [(1, 1, 8, 64), (1, 2, 5, 96), (2, 1, 3, 1024), (1, 1, 1, 32)])
@pytest.mark.parametrize("blocks", [1, 3])
def test_quantisation(device, modules, blocks, shape):
    x = (np.random.default_rng(2).standard_normal(shape) * 3).astype(np.float32)
    x[..., :32] = 0 if shape[-1] == 96 else x[..., :32]
    ne = np.array(shape[::-1], np.int64)
    nb = np.array([4, 4 * ne[0], 4 * ne[0] * ne[1], 4 * ne[0] * ne[1] * ne[2]], np.uint64)
    groups = x.size // 32
    nbytes = x.size + 2 * groups
    raw = twice(device, modules["shown_quantise"]["quantise"], blocks, lambda out: [x, out, ne, nb, ne], nbytes, np.uint8, "auto")
    q, scales = raw[:x.size].view(np.int8).reshape(groups, 32), raw[x.size:].view(np.float16)
    flat = x.reshape(groups, 32)
    d = np.abs(flat).max(1) / np.float32(127)
    ulp = np.abs(scales.view(np.int16).astype(int) - d.astype(np.float16).view(np.int16).astype(int))
    assert ulp.max() <= 1
    with np.errstate(all="ignore"):
        ratio = np.where(d[:, None] > 0, flat / d[:, None], 0)
    expected = np.trunc(ratio + np.copysign(0.5, ratio)).astype(np.int8)
    difference = np.abs(q.astype(int) - expected)
    assert difference.max() <= 1 and (difference != 0).mean() <= 1e-3


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_mmad(device, modules, blocks, sync):
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-5, 6, (32, 32)).astype(np.float16) for _ in range(2))
    c = twice(device, modules["shown_mmad"]["mmad_half"], blocks, lambda out: [a, b, out], 4096, np.float32, sync)
    np.testing.assert_array_equal(c.reshape(32, 32), a.astype(np.float32) @ b.astype(np.float32))


@pytest.mark.parametrize("batch, hidden", [(1, 128), (8, 1024), (3, 4096), (5, 5000), (2, 16384)])
@pytest.mark.parametrize("per_core", [1, 2])
def test_lora(device, modules, batch, hidden, per_core):
    ranks, adapters = 16, 64 if hidden <= 1024 else 4
    rng = np.random.default_rng(hidden)
    x, w = rng.standard_normal((batch, hidden)).astype(np.float16), (rng.standard_normal((adapters, ranks, hidden)) / 64).astype(np.float16)
    index = rng.integers(0, adapters, batch).astype(np.int64)
    if batch > 2:
        index[1] = -1
    y = rng.standard_normal((batch, ranks)).astype(np.float32)
    blocks = -(-batch // per_core)
    got = twice(device, modules["shown_lora"]["shrink_half"], blocks, lambda out: [x, w, index, batch, out, batch, per_core, hidden, ranks, 0.75], y.nbytes, np.float32, "auto", y)
    expected = y.astype(np.float64)
    for i in range(batch):
        if index[i] >= 0:
            expected[i] += 0.75 * (w[index[i]].astype(np.float64) @ x[i].astype(np.float64))
    np.testing.assert_allclose(got.reshape(y.shape), expected, rtol=1e-3, atol=1e-3)

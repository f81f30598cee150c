"""The cube core's forms against NumPy: small integers, so every sum is exact."""

import ml_dtypes
import numpy as np
import pytest

import vitruvian as vt

GUARD = 256


def integers(shape, dtype, seed, low=-4, high=5):
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def guarded(shape, dtype, value=7):
    """An output between two guard zones, poisoned."""
    whole = np.full(int(np.prod(shape)) + 2 * GUARD, value, dtype)
    return whole


def nz(matrix):
    """Columns of 16, each row-major."""
    m, n = matrix.shape
    return matrix.reshape(m, n // 16, 16).transpose(1, 0, 2).reshape(-1)


SIZES = [(16, 16, 16), (32, 32, 32), (48, 32, 64), (64, 80, 32)]


@pytest.mark.parametrize("m, n, k", SIZES)
@pytest.mark.parametrize("form", range(12))
@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_products(device, modules, form, m, n, k, sync):
    dtype = ml_dtypes.bfloat16 if form in (9, 10) else np.float16
    out_type = {8: np.float16, 9: ml_dtypes.bfloat16}.get(form, np.float32)
    a, b, bias = integers((m, k), dtype, 1), integers((k, n), dtype, 2), integers(n, np.float16, 3)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    if form == 2:
        expected = expected + bias.astype(np.float32)
    if form == 3:
        expected = 2 * expected
    if form in (5, 10):
        expected = np.maximum(expected, 0)
    if form == 11:
        expected = expected + 7
    expected = nz(expected) if form == 7 else expected.astype(out_type).reshape(-1)
    buffer = device.to_device(guarded((m, n), out_type))
    bytes_ = np.dtype(out_type).itemsize
    run = modules["cube_forms"]["products"].launch(1, [a, b, bias, buffer.address + GUARD * bytes_, m, n, k, form], sync=sync, trace=False)
    assert run.fault is None, run.fault
    result = buffer.numpy()
    np.testing.assert_array_equal(result[GUARD:-GUARD].astype(np.float32), expected.astype(np.float32))
    assert (result[:GUARD] == 7).all() and (result[-GUARD:] == 7).all()


def test_fills(modules):
    b = integers((32, 32), np.float16, 4)
    out = np.empty((2, 32, 32), np.float32)
    run = modules["cube_forms"]["filled"].launch(1, [b, vt.out(out)], trace=False)
    assert run.fault is None, run.fault
    np.testing.assert_array_equal(out[0], np.full((32, 32), 2.0, np.float32) @ b.astype(np.float32))
    a = nz(b.astype(np.float32)).reshape(-1, 16)  # blocks of 32 B
    a[0:32:2] = 1.0
    a = a.reshape(2, 32, 16).transpose(1, 0, 2).reshape(32, 32)
    np.testing.assert_array_equal(out[1], a @ np.full((32, 32), 0.5, np.float32))
    assert any("position=L1" in line for line in run.printed)


def test_int8(modules):
    a, b = integers((16, 32), np.int8, 5, -128, 128), integers((16, 32), np.int8, 6, -128, 128)
    out = np.empty((16, 16), np.int32)
    run = modules["cube_forms"]["others"].launch(1, [a, b, vt.out(out), 0], trace=False)
    assert run.fault is None, run.fault
    np.testing.assert_array_equal(out, a.astype(np.int32) @ b.astype(np.int32).T)


def test_load3d(modules):
    """A 4 x 4 image of 16 channels, a 2 x 2 filter to 16 channels."""
    image, filters = integers((4, 4, 16), np.float16, 7), integers((64, 16), np.float16, 8)
    out = np.empty((9, 16), np.float32)
    run = modules["cube_forms"]["others"].launch(1, [image, filters, vt.out(out), 1], trace=False)
    assert run.fault is None, run.fault
    columns = np.stack([image[y:y + 2, x:x + 2].reshape(-1) for y in range(3) for x in range(3)]).astype(np.float32)
    np.testing.assert_array_equal(out, columns @ filters.astype(np.float32))

"""The high-level vector library against NumPy in fp64, in strict synchronisation."""

from pathlib import Path

import numpy as np
import pytest

import vitruvian as vt

SOURCE = Path(__file__).parents[1] / "ascendc_lib" / "vector_library.cpp"
UB_LEFT = 96 * 1024
TYPES = {"f16": np.float16, "f32": np.float32}
TOLERANCE = {"f16": dict(rtol=2e-3, atol=2e-3), "f32": dict(rtol=3e-6, atol=3e-6)}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    device = vt.Device("ascend910c")
    elf = vt.compile(SOURCE, tmp_path_factory.mktemp("elf") / "vector_library.elf")
    return device.load(elf)


def launch(library, kernel, *args):
    run = library[kernel].launch(block_dim=1, args=list(args), sync="strict")
    run.check()


def random(shape, dtype, seed=0, scale=2.0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(dtype)


def empty(shape, dtype):
    return np.full(shape, np.nan, dtype)


def tiling(data):
    return np.frombuffer(data, np.uint8)


def per_row(values, dtype):
    """Blocks of 32 B with the row's value."""
    return np.repeat(values.astype(dtype)[:, None], 32 // np.dtype(dtype).itemsize, axis=1)


SOFTMAX_SHAPES = [(1, 16, 16), (8, 64, 64), (7, 128, 128), (16, 128, 100), (33, 80, 80), (20, 512, 512), (3, 2064, 2064), (130, 64, 50), (64, 16, 3)]


@pytest.mark.parametrize("name", ["f16", "f32", "mixed"])
@pytest.mark.parametrize("rows, stride, width", SOFTMAX_SHAPES)
@pytest.mark.parametrize("tmp", [0, 24 * 1024])
def test_softmax(library, name, rows, stride, width, tmp):
    dtype, result = (np.float16, np.float32) if name == "mixed" else (TYPES[name],) * 2
    x = random((rows, stride), dtype, rows * stride)
    y, total, largest = empty(x.shape, dtype), empty((rows, 32 // np.dtype(result).itemsize), result), empty((rows, 32 // np.dtype(result).itemsize), result)
    launch(library, f"softmax_{name}", x, vt.out(y), vt.out(total), vt.out(largest), tiling(vt.tiling.softmax(rows, stride, x.itemsize, UB_LEFT)), rows, stride, width, tmp)
    exact = x[:, :width].astype(np.float64)
    top = exact.max(axis=1)
    power = np.exp(exact - top[:, None])
    limits = TOLERANCE["f32" if dtype == np.float32 else "f16"]
    np.testing.assert_allclose(y[:, :width], power / power.sum(axis=1, keepdims=True), **limits)
    np.testing.assert_array_equal(largest, per_row(top, result))
    np.testing.assert_allclose(total, per_row(power.sum(axis=1), result), **(limits | dict(atol=0)))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("rows, stride, width", [(8, 64, 64), (16, 128, 128), (9, 256, 200), (40, 64, 64), (5, 512, 512)])
@pytest.mark.parametrize("update", [0, 1])
def test_softmax_flash_v2(library, name, rows, stride, width, update):
    dtype = TYPES[name]
    block = 32 // np.dtype(dtype).itemsize
    x = random((rows, stride), dtype, rows + stride)
    old_top, old_sum = random(rows, dtype, 5), (np.abs(random(rows, dtype, 6)) + 1).astype(dtype)
    y, factor = empty(x.shape, dtype), empty((rows, block), dtype)
    total, largest = empty((rows, block), dtype), empty((rows, block), dtype)
    launch(library, f"flash_{name}", x, vt.out(y), vt.out(total), vt.out(largest), vt.out(factor), per_row(old_sum, dtype), per_row(old_top, dtype),
           tiling(vt.tiling.softmax(rows, stride, x.itemsize, UB_LEFT)), rows, stride, width, update)
    exact = x[:, :width].astype(np.float64)
    top = exact.max(axis=1)
    if update:
        top = np.maximum(top, old_top.astype(np.float64))
    power, decay = np.exp(exact - top[:, None]), np.exp(old_top.astype(np.float64) - top)
    limits = TOLERANCE[name]
    np.testing.assert_allclose(y[:, :width], power, **limits)
    np.testing.assert_array_equal(largest, per_row(top, dtype))
    np.testing.assert_allclose(total, per_row(power.sum(axis=1) + update * decay * old_sum, dtype), **limits)
    if update:
        np.testing.assert_allclose(factor, per_row(decay, dtype), **limits)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("rows, stride, width", [(8, 64, 64), (10, 128, 90)])
def test_simple_softmax(library, name, rows, stride, width):
    dtype = TYPES[name]
    x, y = random((rows, stride), dtype, 9), empty((rows, stride), dtype)
    top, total = x.max(axis=1), (np.abs(random(rows, dtype, 3)) + 2).astype(dtype)
    launch(library, f"simple_{name}", x, vt.out(y), per_row(total, dtype), per_row(top, dtype), tiling(vt.tiling.softmax(rows, stride, x.itemsize, UB_LEFT)), rows, stride, width)
    expected = np.exp(x.astype(np.float64) - top[:, None]) / total[:, None]
    np.testing.assert_allclose(y[:, :width], expected[:, :width], **TOLERANCE[name])


NORM_SHAPES = [(1, 1, 64, 64), (2, 4, 128, 128), (1, 7, 256, 250), (1, 3, 4096, 4096), (4, 10, 96, 96), (1, 40, 64, 33)]


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("b, s, h, width", NORM_SHAPES)
def test_rms_norm(library, name, b, s, h, width):
    dtype = TYPES[name]
    x, gamma, y = random((b, s, h), dtype, h), random(h, dtype, 2), empty((b, s, h), dtype)
    launch(library, f"rms_{name}", x, gamma, vt.out(y), tiling(vt.tiling.rms_norm(b, s, h, UB_LEFT, width, x.itemsize)), 1e-5)
    exact = x[..., :width].astype(np.float64)
    expected = exact / np.sqrt((exact**2).mean(axis=-1, keepdims=True) + float(dtype(1e-5))) * gamma[:width].astype(np.float64)
    np.testing.assert_allclose(y[..., :width], expected, **TOLERANCE[name])


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("b, s, h, width", [(1, 1, 64, 64), (2, 4, 128, 128), (1, 7, 256, 250), (2, 20, 96, 96), (1, 40, 64, 33)])
def test_layer_norm(library, name, b, s, h, width):
    dtype = TYPES[name]
    x, gamma, beta, y = random((b, s, h), dtype, h), random(h, dtype, 2), random(h, dtype, 3), empty((b, s, h), dtype)
    mean, variance = empty((b, s), dtype), empty((b, s), dtype)
    launch(library, f"layer_{name}", x, gamma, beta, vt.out(y), vt.out(mean), vt.out(variance), tiling(vt.tiling.layer_norm(b, s, h, UB_LEFT, width, x.itemsize)), 1e-3)
    exact = x[..., :width].astype(np.float64)
    middle, spread = exact.mean(axis=-1), exact.var(axis=-1)
    expected = (exact - middle[..., None]) / np.sqrt(spread[..., None] + float(dtype(1e-3))) * gamma[:width].astype(np.float64) + beta[:width].astype(np.float64)
    limits = dict(rtol=4e-3, atol=4e-3) if name == "f16" else dict(rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(y[..., :width], expected, **limits)
    np.testing.assert_allclose(mean, middle, **limits)
    np.testing.assert_allclose(variance, spread, **limits)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


ACTIVATIONS = [
    lambda x, z, s: sigmoid(x), lambda x, z, s: x * sigmoid(x), lambda x, z, s: x * z * sigmoid(s * z), lambda x, z, s: gelu(x),
    lambda x, z, s: np.tanh(x), lambda x, z, s: x * sigmoid(1.702 * x), lambda x, z, s: x * gelu(z), lambda x, z, s: x * np.maximum(z, 0),
    lambda x, z, s: x * sigmoid(s * x),
]
NAMES = ["Sigmoid", "Silu", "SwiGLU", "Gelu", "Tanh", "FasterGelu", "GeGLU", "ReGlu", "Swish"]


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("which", range(len(NAMES)), ids=NAMES)
@pytest.mark.parametrize("n, tmp", [(16, 0), (1000, 0), (8192, 0), (3000, 8192)])
def test_activations(library, name, which, n, tmp):
    if which == 8 and tmp:
        pytest.skip("Swish has no form with a temporary tensor")
    dtype = TYPES[name]
    x, z, y = random(n, dtype, n, 4), random(n, dtype, 1, 4), empty(n, dtype)
    x[:3] = 0, -9, 9
    launch(library, f"activation_{name}", x, z, vt.out(y), n, which, 1.25, tmp)
    expected = ACTIVATIONS[which](x.astype(np.float64), z.astype(np.float64), 1.25)
    limits = TOLERANCE[name] if name == "f16" else dict(rtol=2e-5, atol=5e-6)
    np.testing.assert_allclose(y, expected, **limits)


MATH = {"Ceil": np.ceil, "Floor": np.floor, "Trunc": np.trunc, "Round": np.rint, "Frac": lambda x: x - np.trunc(x), "Sign": np.sign, "Log": np.log, "Log2": np.log2,
        "Log10": np.log10}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("which", range(len(MATH)), ids=list(MATH))
@pytest.mark.parametrize("n", [16, 1000, 12000])
def test_math(library, name, which, n):
    dtype = TYPES[name]
    x, y = random(n, dtype, n, 8), empty(n, dtype)
    x[:6] = 0, -0.5, 0.5, 1.5, -2.5, np.finfo(dtype).smallest_subnormal
    if which > 5:
        x = np.abs(x) + dtype(0.125)
    launch(library, f"math_{name}", x, x, vt.out(y), n, which, 0.0)
    np.testing.assert_allclose(y, list(MATH.values())[which](x.astype(np.float64)), **(TOLERANCE[name] if which > 5 else dict(rtol=0)))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("which", [9, 10, 11], ids=["tensor ^ tensor", "tensor ^ scalar", "scalar ^ tensor"])
@pytest.mark.parametrize("n", [16, 3000])
def test_power(library, name, which, n):
    dtype = TYPES[name]
    x, z, y = random(n, dtype, n), random(n, dtype, 1), empty(n, dtype)
    z[: n // 2] = np.rint(z[: n // 2])  # integers, under which a negative base has a power
    scalar = {9: 0.0, 10: -3.0, 11: -2.0}[which]
    x[np.abs(x) < 0.25] = 0.25
    launch(library, f"math_{name}", x, z, vt.out(y), n, which, scalar)
    base, exponent = (scalar if which == 11 else x.astype(np.float64)), (scalar if which == 10 else z.astype(np.float64))
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(y, np.power(base, exponent), **(TOLERANCE[name] if name == "f16" else dict(rtol=1e-5, atol=1e-6)))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("n, scale, offset", [(32, 20.0, 0.0), (1000, 7.5, -3.0), (9000, 100.0, 5.0)])
def test_quant(library, name, n, scale, offset):
    dtype = TYPES[name]
    x, y = random(n, dtype, n), np.zeros(n, np.int8)
    launch(library, f"quant_{name}", x, vt.out(y), n, scale, offset)
    wide = (x.astype(np.float32) * np.float32(scale) + np.float32(offset)).astype(np.float16)
    np.testing.assert_array_equal(y, np.clip(np.rint(wide.astype(np.float64)), -128, 127))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("m, n", [(1, 16), (20, 128), (7, 1000), (300, 32)])
def test_dequant(library, name, m, n):
    dtype = TYPES[name]
    x, scale, y = np.random.default_rng(m).integers(-5000, 5000, (m, n), np.int32), random(n, np.float32, 2, 0.01), empty((m, n), dtype)
    launch(library, f"dequant_{name}", x, scale, vt.out(y), m, n)
    np.testing.assert_allclose(y, x * scale.astype(np.float64), **TOLERANCE[name])


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("axis, rows, width", [(0, 8, 64), (0, 300, 16), (0, 3, 2080), (0, 5, 7), (1, 8, 64), (1, 100, 48), (1, 3, 2080), (1, 5, 7), (2, 1, 16), (2, 1, 1000)])
def test_broadcast(library, name, axis, rows, width):
    dtype = TYPES[name]
    x = random({0: (1, width), 1: (rows, 1), 2: (1, 1)}[axis], dtype, rows)
    y = empty((rows, width), dtype)
    launch(library, f"broadcast_{name}", x, vt.out(y), rows, width, axis)
    np.testing.assert_array_equal(y, np.broadcast_to(x, (rows, width)))


REDUCTIONS = {"Sum": (np.sum, 1), "Mean": (np.mean, 1), "ReduceSum AR": (np.sum, 1), "ReduceMax AR": (np.max, 1), "ReduceMin AR": (np.min, 1), "ReduceMean AR": (np.mean, 1),
              "ReduceSum RA": (np.sum, 0), "ReduceMax RA": (np.max, 0), "ReduceMin RA": (np.min, 0), "ReduceMean RA": (np.mean, 0)}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("which", range(len(REDUCTIONS)), ids=list(REDUCTIONS))
@pytest.mark.parametrize("rows, width", [(1, 16), (8, 64), (20, 100), (33, 250), (300, 32)])
def test_reductions(library, name, which, rows, width):
    dtype = TYPES[name]
    block = 32 // np.dtype(dtype).itemsize
    stride = -(-width // block) * block
    x = random((rows, stride), dtype, rows, 0.5)
    function, axis = list(REDUCTIONS.values())[which]
    y = empty(rows if axis else width, dtype)
    launch(library, f"reduce_{name}", x, vt.out(y), rows, stride, width, which)
    np.testing.assert_allclose(y, function(x[:, :width].astype(np.float64), axis=axis), **(TOLERANCE[name] if name == "f16" else dict(rtol=1e-5, atol=1e-5)))


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("columns", [0, 1])
@pytest.mark.parametrize("rows, width", [(1, 16), (8, 32), (13, 64), (64, 16), (3, 512)])
def test_cumsum(library, name, columns, rows, width):
    dtype = TYPES[name]
    x = random((rows, width), dtype, rows, 0.25)
    y, last = empty(x.shape, dtype), empty(width, dtype)
    launch(library, f"cumsum_{name}", x, vt.out(y), vt.out(last), rows, width, columns)
    expected = np.cumsum(x.astype(np.float64), axis=columns)
    np.testing.assert_allclose(y, expected, **(TOLERANCE[name] if name == "f16" else dict(rtol=1e-5, atol=1e-5)))
    np.testing.assert_array_equal(last, y[-1])


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("rows, width, left, right", [(4, 13, 0, 3), (7, 61, 1, 2), (3, 150, 6, 4), (20, 5, 3, 8)])
def test_pad(library, name, rows, width, left, right):
    dtype = TYPES[name]
    x, y = random((rows, width), dtype, width), empty((rows, left + width + right), dtype)
    launch(library, f"pad_{name}", x, vt.out(y), tiling(vt.tiling.pad(rows, width, x.itemsize)), left, right, -3, left + width + right)
    np.testing.assert_array_equal(y, np.pad(x, ((0, 0), (left, right)), constant_values=-3))


@pytest.mark.parametrize("name", TYPES)
def test_pad_of_aligned_rows_fills_their_tail(library, name):
    dtype = TYPES[name]
    x, y = random((6, 48), dtype), empty((6, 48), dtype)
    launch(library, f"pad_{name}", x, vt.out(y), tiling(vt.tiling.pad(6, 48, x.itemsize, 41)), 0, 7, 2, 48)
    expected = x.copy()
    expected[:, 41:] = 2
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("rows, width, right", [(4, 16, 3), (7, 64, 1), (300, 32, 5), (2, 160, 15)])
def test_unpad(library, name, rows, width, right):
    dtype = TYPES[name]
    x, y = random((rows, width), dtype, width), empty((rows, width - right), dtype)
    launch(library, f"unpad_{name}", x, vt.out(y), tiling(vt.tiling.unpad(rows, width, x.itemsize)), right)
    np.testing.assert_array_equal(y, x[:, :width - right])


def test_matmul_tiling_covers_the_product():
    for m, n, k, cores in [(1024, 640, 256, 4), (100, 100, 100, 48), (1, 7168, 2048, 24), (4096, 4096, 4096, 24)]:
        t = vt.tiling.matmul(m, n, k, cores)
        assert t.cores <= cores and len(t) % 4 == 0
        assert -(-m // t.single[0]) * -(-n // t.single[1]) == t.cores
    with pytest.raises(vt.Error, match="no tile fits"):
        vt.tiling.matmul(1024, 1024, 64, base_m=512, base_n=512)

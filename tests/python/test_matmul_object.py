"""The Matmul object against NumPy: element types, layouts, transpositions, tails, ways out, both synchronisations."""

import shutil
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import vitruvian as vt

FOLDER = Path(__file__).parents[1] / "ascendc_lib"
TYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "s8": np.int8, "s32": np.int32}
WORDS = {"f16": "fp16", "bf16": "bf16", "f32": "fp32", "s8": "int8", "s32": "int32"}
C0 = {"f16": 16, "bf16": 16, "f32": 8, "s8": 32}


def compiled(tmp_path_factory, name):
    return vt.Device("ascend910c").load(vt.compile(FOLDER / f"{name}.cpp", tmp_path_factory.mktemp("elf") / f"{name}.elf"))


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    return compiled(tmp_path_factory, "matmul_forms")


@pytest.fixture(scope="module")
def cube_only(tmp_path_factory):
    return compiled(tmp_path_factory, "matmul_cube_only")


def values(shape, dtype, seed):
    random = np.random.default_rng(seed)
    if dtype == np.int8:
        return random.integers(-128, 128, shape, dtype)
    return (random.integers(-64, 65, shape) / 32).astype(dtype)


def to_nz(x, c0):
    """[rows, columns] -> [columns / c0, rows / 16 * 16, c0]."""
    rows, columns = -(-x.shape[0] // 16) * 16, -(-x.shape[1] // c0) * c0
    padded = np.zeros((rows, columns), x.dtype)
    padded[: x.shape[0], : x.shape[1]] = x
    return np.ascontiguousarray(padded.reshape(rows, columns // c0, c0).swapaxes(0, 1))


def check(module, kernel, m, n, k, blocks, mode, *, a_type="f16", c_type="f32", bias_type="f32", transposed="nn", bias=True, nz="", c_in_ub=False, sync="strict",
          per_core=2, used=None, **fixed):
    a, b = values((m, k), TYPES[a_type], 1), values((k, n), TYPES[a_type], 2)
    row = values(n, TYPES[bias_type], 3) if bias_type != "s32" else np.arange(n, dtype=np.int32) * 77
    wide = np.int64 if a_type == "s8" else np.float64
    expected = a.astype(wide) @ b.astype(wide) + (row.astype(wide) if bias else 0)
    if mode == 3:
        expected = 2 * expected
    t = vt.tiling.matmul(m, n, k, used or blocks * per_core, WORDS[a_type], WORDS[c_type], bias, c_in_ub, **fixed)
    stored_a = np.ascontiguousarray(a.T) if transposed[0] == "t" else a
    stored_b = np.ascontiguousarray(b.T) if transposed[1] == "t" else b
    if nz == "a":
        stored_a = to_nz(a, C0[a_type])
    if nz == "b":
        stored_b = to_nz(b, C0[a_type])
    c = np.full((-(-n // 16), -(-m // 16) * 16, 16) if nz == "c" else (m, n), 99, TYPES[c_type])
    run = module[kernel].launch(block_dim=blocks, args=[stored_a, stored_b, row, vt.out(c), np.frombuffer(t, np.uint8), mode], sync=sync)
    run.check()
    got = c.swapaxes(0, 1).reshape(-1, c.shape[0] * 16)[:m, :n] if nz == "c" else c
    if a_type == "s8":
        np.testing.assert_array_equal(got, expected)
    else:
        np.testing.assert_allclose(got.astype(np.float64), expected, rtol=2e-3 if c_type == "f16" else 1e-5, atol=2e-3 if c_type == "f16" else 1e-4)
    return run


SHAPES = [(128, 256, 128, 1), (100, 200, 75, 1), (1, 500, 300, 1), (333, 77, 1000, 2), (512, 640, 256, 2)]


@pytest.mark.parametrize("form", ["f16_f32_nn", "f16_f32_nt", "f16_f32_tn", "f16_f32_tt", "f16_f16_nn", "bf16_f32_nt", "f32_f32_nn", "f32_f32_nt", "f32_f32_tn",
                                  "s8_s32_nn", "s8_s32_nt", "s8_s32_tn"])
@pytest.mark.parametrize("m, n, k, blocks", SHAPES)
def test_element_types_and_transpositions(forms, form, m, n, k, blocks):
    a_type, c_type, transposed = form.split("_")
    bias_type = {"f16_f16": "f16", "s8_s32": "s32"}.get(f"{a_type}_{c_type}", "f32")
    check(forms, form, m, n, k, blocks, 0, a_type=a_type, c_type=c_type, bias_type=bias_type, transposed=transposed)


@pytest.mark.parametrize("mode", [0, 1, 2, 3], ids=["IterateAll", "Iterate", "IterateAll async", "atomic add after End"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("n_first", [0, 1])
def test_ways_to_memory(forms, mode, bias, n_first):
    check(forms, "f16_f32_nn", 300, 300, 200, 2, mode, bias=bias, n_first=n_first, base_m=64, base_n=96, base_k=48)


@pytest.mark.parametrize("m, n, k, blocks", [(128, 128, 64, 1), (300, 300, 200, 1), (77, 500, 90, 2)])
@pytest.mark.parametrize("mode", [1, 4], ids=["sync", "async"])
@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_tiles_in_ub(forms, m, n, k, blocks, mode, sync):
    check(forms, "f16_ub_c", m, n, k, blocks, mode, c_in_ub=True, sync=sync, base_m=64, base_n=64)


def test_an_operand_in_ub(forms):
    check(forms, "f16_ub_a", 128, 256, 64, 1, 0)


@pytest.mark.parametrize("which", "abc")
@pytest.mark.parametrize("m, n, k", [(128, 256, 96), (80, 112, 64), (256, 512, 200)])
def test_nz_layouts(forms, which, m, n, k):
    check(forms, f"f16_nz_{which}", m, n, k, 1, 0, nz=which, c_type="f16" if which == "c" else "f32", base_m=64, base_n=64, single_m=m, single_n=n, used=1)


def test_two_objects_share_a_cube(forms):
    m, n, k, p = 96, 128, 64, 80
    a, b, b2 = values((m, k), np.float16, 1), values((k, n), np.float16, 2), values((n, p), np.float16, 3)
    d, c = np.zeros((m, n), np.float16), np.zeros((m, p), np.float32)
    t1, t2 = (np.frombuffer(vt.tiling.matmul(*shape, 1, out_dtype=out), np.uint8) for shape, out in (((m, n, k), "fp16"), ((m, p, n), "fp32")))
    forms["chained"].launch(block_dim=1, args=[a, b, b2, vt.out(d), vt.out(c), t1, t2], sync="strict").check()
    np.testing.assert_allclose(d, a.astype(np.float64) @ b, rtol=1e-3)
    np.testing.assert_allclose(c, d.astype(np.float64) @ b2, rtol=1e-5, atol=1e-3)


def test_vector_cores_beyond_the_used_ones_may_return_at_once(forms):
    check(forms, "early_return", 128, 128, 128, 1, 0, used=1)


@pytest.mark.parametrize("m, n, k, blocks", SHAPES)
@pytest.mark.parametrize("mode", [0, 1])
def test_cube_only(cube_only, m, n, k, blocks, mode):
    check(cube_only, "cube_f16_nn", m, n, k, blocks, mode, per_core=1)
    check(cube_only, "cube_f16_tt", m, n, k, blocks, mode, per_core=1, c_type="f16", transposed="tt")


def test_functional_only_gives_the_same_bits(forms):
    check(forms, "f16_ub_c", 300, 300, 200, 1, 1, c_in_ub=True, base_m=64, base_n=64)
    t = vt.tiling.matmul(300, 300, 200, 2, bias=True, c_in_ub=True, base_m=64, base_n=64)
    a, b, row = values((300, 200), np.float16, 1), values((200, 300), np.float16, 2), values(300, np.float32, 3)
    results = []
    for mode in ("full", "functional_only"):
        c = np.full((300, 300), 99, np.float32)
        forms["f16_ub_c"].launch(block_dim=1, args=[a, b, row, vt.out(c), np.frombuffer(t, np.uint8), 1], mode=mode).check()
        results.append(c)
    np.testing.assert_array_equal(*results)


GCC = "riscv64-unknown-elf-g++"
SAMPLE = FOLDER.parents[1] / "examples" / "host_program" / "matmul_leakyrelu_custom.cpp"


@pytest.fixture(scope="module", params=["clang", pytest.param(GCC, marks=pytest.mark.skipif(shutil.which(GCC) is None, reason=f"{GCC} is not installed"))])
def sample(request, tmp_path_factory):
    elf = tmp_path_factory.mktemp("elf") / "sample.elf"
    return vt.Device("ascend910c").load(vt.compile(SAMPLE, elf, compiler="" if request.param == "clang" else GCC))


@pytest.mark.parametrize("sync", ["auto", "strict"])
@pytest.mark.parametrize("blocks, base", [(2, {}), (1, {}), (1, {"base_m": 256, "base_n": 128}), (4, {"base_m": 64, "base_n": 64, "n_first": 1})])
def test_the_samples_form(sample, blocks, base, sync):
    m, n, k = 1024, 640, 256
    random = np.random.default_rng(blocks)
    a, b, bias = random.standard_normal((m, k)).astype(np.float16), random.standard_normal((k, n)).astype(np.float16), random.standard_normal(n).astype(np.float32)
    t = vt.tiling.matmul(m, n, k, 2 * blocks, bias=True, c_in_ub=True, **base)
    results = []
    for _ in range(2):
        c = np.full((m + 2, n), np.nan, np.float32)  # a row of guard before and behind
        on_device = sample.device.to_device(c)
        sample["matmul_leakyrelu_custom"].launch(block_dim=blocks, args=[a, b, bias, on_device.address + 4 * n, np.zeros(64, np.uint8), np.frombuffer(t, np.uint8)], sync=sync).check()
        c = on_device.numpy()
        assert np.isnan(c[0]).all() and np.isnan(c[-1]).all()
        results.append(c[1:-1])
    np.testing.assert_array_equal(*results)
    exact = a.astype(np.float64) @ b + bias
    # Sums of 256 terms of about one cancel to nothing now and then: fp32 leaves some 1e-5 there.
    np.testing.assert_allclose(results[0], np.where(exact > 0, exact, exact * 0.001), rtol=1e-3, atol=5e-5)

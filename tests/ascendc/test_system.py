"""Indices, barriers, queues, tiling data and what the kernel prints."""

import ctypes
import struct

import numpy as np
import pytest

import vitruvian as vt


def run(modules, kernel, blocks, args, **options):
    result = modules["system"][kernel].launch(blocks, args, trace=False, **options)
    assert result.fault is None, result.fault
    return result


@pytest.mark.parametrize("blocks", [1, 3])
def test_indices(modules, blocks):
    out = np.full((2 * blocks, 8), -1, np.int64)
    run(modules, "indices_of_a_mix", blocks, [vt.out(out)])
    for i, row in enumerate(out):
        assert list(row) == [i, blocks, i % 2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize("blocks", [1, 2, 7])
@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_software_barriers(modules, blocks, sync):
    workspace, out = np.zeros(4096, np.int32), np.zeros((blocks, 8), np.int32)
    run(modules, "barriers", blocks, [workspace, vt.out(out)], sync=sync)
    np.testing.assert_array_equal(out, np.repeat(1000 + np.arange(blocks), 8).reshape(blocks, 8))


@pytest.mark.parametrize("blocks", [1, 2])
def test_cross_core_flags(modules, blocks):
    out = np.zeros(16, np.int32)
    run(modules, "turns", blocks, [vt.out(out)])
    assert list(out[:2]) == [(5 + 2) * 3, (5 + 2) * 3 + 1]


@pytest.mark.parametrize("stages", [2, 24])
@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_pools(modules, sync, stages):
    x, z = np.random.default_rng(1).integers(-99, 99, 8192).astype(np.float32), np.zeros(8192, np.float32)
    run(modules, "pools", 1, [x, vt.out(z), x.size, stages], sync=sync)
    np.testing.assert_array_equal(z, x + stages / 2)


@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_containers(modules, sync):
    x, y, facts = np.random.default_rng(2).standard_normal(256).astype(np.float16), np.zeros(256, np.float16), np.zeros(16, np.int64)
    run(modules, "containers", 1, [x, vt.out(y), vt.out(facts)], sync=sync)
    np.testing.assert_array_equal(y, np.abs(x))
    assert list(facts[:13]) == [1, 0, 256, 1, 1, 1, 1, 1, 40, 416, 448, 128, 1]


class ScaleTiling(ctypes.Structure):
    _fields_ = [("count", ctypes.c_uint32), ("scale", ctypes.c_float), ("shift", ctypes.c_int16 * 3)]


@pytest.mark.parametrize("key", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["structure", "bytes", "array"])
def test_tiling_data(modules, key, kind):
    x, z = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    tiling = {"structure": ScaleTiling(64, 2.5, (1, 2, 3)), "bytes": struct.pack("<If3h2x", 64, 2.5, 1, 2, 3),
              "array": np.frombuffer(struct.pack("<If3h2x", 64, 2.5, 1, 2, 3), np.uint8)}[kind]
    run(modules, "tiled", 1, [x, vt.out(z), np.zeros(16, np.uint8)], tiling=tiling, tiling_key=key)
    np.testing.assert_array_equal(z, x * 2.5 + (0 if key == 4 else 3))


def test_prints(modules):
    x = np.arange(32, dtype=np.float16)
    lines = run(modules, "prints", 2, [x, 0]).printed
    mine = [line for line in lines if line.startswith("[aiv0]")]
    assert mine[0] == "[aiv0] block 0 of 2: text  1.50" and mine[1] == "[aiv0] ff"
    assert "desc=7" in mine[2] and "float16" in mine[2] and "position=UB" in mine[2]
    assert mine[3].endswith(" ".join(f"{v:.6f}" for v in range(8))) and mine[4].endswith("[8] 8.000000") and mine[5].endswith("[9] 9.000000")
    assert "shape of 2 dimensions: 2 4" in mine[6] and "position=GM" in mine[7]
    assert "desc=9" in mine[9] and mine[10].endswith("[0] 3.000000")
    assert any("block 1 of 2" in line for line in lines)


@pytest.mark.parametrize("what, expected", [(1, ["assertion failed: what != 1", "what is 1"]), (2, ["assertion failed: (what != 2)", "logged 2"]),
                                            (3, ["assertion failed: what != 3"]), (4, []), (5, [])])
def test_a_failed_assertion_stops_the_kernel_and_says_where(modules, what, expected):
    result = modules["system"]["prints"].launch(1, [np.zeros(32, np.float16), what], trace=False)
    assert result.fault is not None and result.fault.kind == "trap"
    for text in expected:
        assert any(text in line for line in result.printed), result.printed
    if expected:
        assert any("system.cpp:" in line and "assertion" in line for line in result.printed)

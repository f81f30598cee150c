"""R1's matrix products: any number of core groups, wide rows, what they refuse; test_r1_every_kernel.py has the rest."""

import numpy as np
import pytest

import r1_checks
import vitruvian as vt
from vitruvian.r1 import get_kernel, run


# One tile and less than a core for each, splits of K among 2 to 24 cores, several whole tiles with a rest, tall tiles.
@pytest.mark.parametrize("groups", (1, 2, 7, 24))
@pytest.mark.parametrize("m, n, k", ((3, 96, 4096), (70, 1040, 2304), (200, 400, 2176), (390, 520, 2112)))
def test_any_number_of_groups_gives_the_same(m, n, k, groups):
    done = run("linear_int8", m=m, n=n, k=k, groups=groups).check()
    assert done.passed, done


# The largest shape of each grid that is still small: parts, whole tiles and resident rows in one launch.
@pytest.mark.parametrize("name, shape", (
    ("linear_int8", dict(m=70, n=1040, k=2304)), ("linear_int8", dict(m=390, n=520, k=2112)), ("linear_bf16", dict(m=40, n=576, k=1100, out="fp32")),
    ("batched_gemm", dict(tokens=33, heads=5, n=512, k=128)), ("grouped_gemm", dict(rows="140,0,150", n=160, k=2080))), ids=r1_checks.words)
def test_long_products_are_ordered_by_their_flags(name, shape):
    spec = get_kernel(name)(**shape)
    strict, auto = (run(spec, groups=3, sync=sync).check() for sync in ("strict", "auto"))
    assert strict.passed and strict.cycles == auto.cycles


@pytest.mark.parametrize("m", (5, 150))
def test_the_largest_sums_of_int8_are_exact(m):
    # 18432 x 127 x 127 = 297 million: beyond the 24 bits of an fp32, where partial sums must stay int32.
    shape = dict(m=m, n=320, k=18432)
    spec = get_kernel("linear_int8")(**shape)
    inputs = spec.random(np.random.default_rng(1))
    inputs["a"][...], inputs["w"][...] = -127, 127
    outputs = r1_checks.outputs_of("linear_int8", vt.Device("ascend910c"), shape, inputs)
    error, bound = spec.compare(outputs, inputs, spec.reference(inputs))
    assert error <= bound


def test_row_counts_are_read_without_data():
    spec = get_kernel("grouped_gemm")(rows="3,0,130", n=272, k=300)
    assert run(spec, mode="timing_only").check().cycles == run(spec).check().cycles


def test_weights_of_many_columns_are_copied_row_by_row():
    done = run("linear_bf16", m=2, n=66048, k=48).check()  # beyond 65535: the gap between rows has 16 bits
    assert done.passed, done


def test_rows_of_many_elements_are_loaded_as_wider_ones():
    done = run("batched_gemm", tokens=19, heads=130, n=32, k=70, a_width=512, y_width=32).check()
    assert done.passed, done


@pytest.mark.parametrize("change", (dict(tile="128x152x2"), dict(tile="256x256"), dict(rows="1,-2")), ids=r1_checks.words)
def test_a_grouped_product_refuses_what_it_cannot_do(change):
    with pytest.raises(vt.Error):
        get_kernel("grouped_gemm")(**change)


def test_skewed_row_counts_keep_the_mean():
    for skew in ("uniform", "zipf"):
        counts = get_kernel("grouped_gemm")(groups=8, m=32, skew=skew).counts
        assert counts.sum() == 8 * 32 and np.unique(counts).size > 1


# Weights from a cold HBM, at least 30 MB: core time against the peak of 1638 GB/s.
@pytest.mark.parametrize("m", (8, 128))
def test_decode_streams_weights(m):
    done = run("linear_int8", m=m, n=24576, k=1536, mode="timing_only").check()
    assert done.bandwidth > 0.75 * 1638.4e9, done

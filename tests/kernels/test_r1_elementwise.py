"""R1's normalisation, activation, quantisation, rotation and copies: right over odd shapes, on any cores, and a dropped block is seen."""

import numpy as np
import pytest

import r1_checks
import vitruvian as vt
from vitruvian.r1 import run
from vitruvian.r1.kernel import BF16

KERNELS = ("rms_norm", "rms_norm_quant", "quantize", "swiglu", "swiglu_quant", "rope", "embedding", "cast", "add", "kv_cache_write")


@pytest.fixture(scope="module")
def device():
    return vt.Device("ascend910c")


@pytest.mark.parametrize("name, shape, groups", r1_checks.cases(KERNELS), ids=r1_checks.words)
def test_a_kernel_is_right(name, shape, groups):
    r1_checks.is_right(name, shape, groups)


@pytest.mark.parametrize("name", KERNELS)
def test_a_dropped_piece_fails_the_check(name):
    r1_checks.sees_what_is_missing(name)


@pytest.mark.parametrize("name", KERNELS)
def test_strict_synchronisation_finds_no_hazard(name):
    r1_checks.is_ordered_by_flags(name)


def test_kernels_run_beside_each_other_on_any_cores(device):
    r1_checks.runs_anywhere(KERNELS, device)


@pytest.mark.parametrize("name", KERNELS)
def test_timing_only_takes_the_same_time(name):
    r1_checks.takes_the_same_time_without_data(name)


def test_a_row_of_zeros_has_scale_one(device):
    outputs = r1_checks.outputs_of("quantize", device, dict(rows=3, columns=100), {"x": np.zeros((3, 100), BF16)})
    assert np.all(outputs["scale"] == 1) and np.all(outputs["y"] == 0)


def test_the_norm_reads_the_sum_and_writes_it_back():
    # Alone, either operand would have another norm.
    done = run("rms_norm", rows=9, columns=1024, residual=1).check()
    assert done.passed and set(done.outputs) == {"x", "y"}


def test_mistakes():
    with pytest.raises(vt.Error, match="up to 8192"):
        run("rms_norm", columns=9000)
    with pytest.raises(vt.Error, match="0 or 1"):
        run("rms_norm_quant", keep=2)
    with pytest.raises(vt.Error, match="multiples of 16"):
        run("rope", stride=100)
    with pytest.raises(vt.Error, match="another type"):
        run("cast", source_type="bf16", target_type="bf16")

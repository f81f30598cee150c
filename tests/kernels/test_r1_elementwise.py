"""R1's normalisation, activation, quantisation, rotation and copies: what is particular to them (test_r1_every_kernel.py has the rest)."""

import numpy as np
import pytest

import r1_checks
import vitruvian as vt
from vitruvian.r1 import run
from vitruvian.r1.kernel import BF16


@pytest.fixture(scope="module")
def device():
    return vt.Device("ascend910c")


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

"""R1's routing: ties, order, what it refuses (test_r1_every_kernel.py has the rest)."""

import numpy as np
import pytest

import r1_checks
import vitruvian as vt
from vitruvian.r1 import get_kernel, run


@pytest.fixture(scope="module")
def device():
    return vt.Device("ascend910c")


def test_the_router_says_in_timing_only_that_it_follows_the_data():
    # Its gathers read scores that timing_only does not compute: auto runs in full then.
    assert run("moe_gate", mode="timing_only", tokens=100).fault.kind == "needs_data"
    assert run("moe_gate", mode="auto", tokens=100).check().cycles == run("moe_gate", tokens=100).check().cycles


def test_of_equal_scores_the_lower_expert_is_chosen(device):
    bias = np.zeros(256, np.float32)
    bias[[200, 210, 40, 50, 90, 95]] = 0.5  # groups 6, 1 and 2 before the others, which are equal
    outputs = r1_checks.outputs_of("moe_gate", device, dict(tokens=2), {"logits": np.zeros((2, 256), np.float32), "bias": bias})
    # The fourth group is 0: of equals the lowest. The last two places go to its first experts.
    assert outputs["ids"].tolist() == [[40, 50, 90, 95, 200, 210, 0, 1]] * 2
    assert np.allclose(outputs["weights"], 2.5 / 8)


def test_the_permuted_rows_come_back_in_place():
    permuted = run("moe_permute", tokens=40, columns=64, first_expert=64, local_experts=64).check()
    inverse, source = permuted.outputs["inverse"].reshape(-1), permuted.outputs["source"]
    local = np.flatnonzero(inverse >= 0)
    assert permuted.passed and 0 < len(local) < 320 and np.array_equal(source[inverse[local]], local)


def test_mistakes():
    with pytest.raises(vt.Error, match="groups of 2 to 32"):
        run("moe_gate", experts=255)
    with pytest.raises(vt.Error, match="up to 4"):
        run("moe_gate", topk_group=5)
    with pytest.raises(vt.Error, match="at most experts"):
        run("moe_permute", k=300)
    with pytest.raises(vt.Error, match="multiple of 32"):
        run("moe_permute", columns=100)


def test_another_choice_is_right_only_where_the_scores_are_equal():
    spec = get_kernel("moe_gate")(tokens=3)
    inputs = spec.random(np.random.default_rng(1))
    right = spec.reference(inputs)
    for token in range(3):
        ids = right["ids"].copy()
        ids[token, 7] = next(e for e in range(256) if e not in ids[token])
        error, bound = spec.compare({"ids": ids, "weights": right["weights"]}, inputs, right)
        assert error > bound
    error, bound = spec.compare(right, inputs, right)
    assert error <= bound

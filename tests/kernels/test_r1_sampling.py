"""Greedy choice and sampling: distributions, ties, what they refuse (test_r1_every_kernel.py has the rest)."""

import numpy as np
import pytest

import r1_checks
import vitruvian as vt
from vitruvian.r1 import get_kernel, run


@pytest.fixture(scope="module")
def device():
    return vt.Device("ascend910c")


def test_draws_follow_the_distribution(device):
    # 400 rows of the same four logits: each candidate about as often as its probability says.
    shape = dict(rows=400, vocab=64, top_k=4, top_p=1.0, temperature=1.0)
    logits = np.tile(np.where(np.arange(64) < 4, np.log(np.array([1, 2, 3, 4] + [1e-6] * 60)), -30), (400, 1)).astype(np.float32)
    outputs = r1_checks.outputs_of("sample", device, shape, {"logits": logits, "uniform": (np.arange(400, dtype=np.float32) + 0.5) / 400})
    assert np.bincount(outputs["token"], minlength=4).tolist() == [40, 80, 120, 160]


def test_without_top_k_a_draw_is_from_the_whole_nucleus(device):
    # 1000 equal tokens at every fourth place, more than any list of candidates holds; a tenth of the rest is beyond top_p.
    logits = np.where(np.arange(4000) % 4 == 1, 2.0, -9.0).astype(np.float32)
    shape = dict(rows=100, vocab=4000, top_k=0, top_p=0.99, temperature=1.0)
    uniform = (np.arange(100, dtype=np.float32) + 0.5) / 100
    outputs = r1_checks.outputs_of("sample", device, shape, {"logits": np.tile(logits, (100, 1)), "uniform": uniform})
    assert outputs["token"].tolist() == [4 * (10 * i + 5) + 1 for i in range(100)]


@pytest.mark.parametrize("shape", (dict(rows=5, vocab=20000), dict(rows=3, vocab=9000, top_p=0.9, temperature=4.0)), ids=r1_checks.words)
def test_sampling_without_top_k_is_ordered_and_needs_no_data(shape):
    full, strict, timing = (run("sample", top_k=0, **shape, **options).check() for options in ({}, dict(sync="strict"), dict(mode="timing_only")))
    assert full.passed and strict.passed and full.cycles == strict.cycles == timing.cycles


@pytest.mark.parametrize("top_k", (0, 50))
@pytest.mark.parametrize("top_p", (0.9, 1.0))
def test_masked_logits_are_never_drawn(device, top_k, top_p):
    # Five tokens of a row are allowed, the others minus infinity; uniform at both ends of its range, too.
    spec = get_kernel("sample")(rows=20, vocab=9001, top_k=top_k, top_p=top_p, temperature=1.0)
    rng = np.random.default_rng(1)
    logits, uniform = np.full((20, 9001), -np.inf, np.float32), rng.random(20, np.float32)
    uniform[:2] = 0, np.float32(1 - 2**-24)
    for row in logits:
        row[rng.choice(9001, 5, replace=False)] = rng.standard_normal(5)
    outputs = r1_checks.outputs_of("sample", device, spec.values, {"logits": logits, "uniform": uniform})
    assert np.isfinite(np.take_along_axis(logits, outputs["token"][:, None], axis=1)).all()
    assert spec.compare(outputs, {"logits": logits, "uniform": uniform}, {})[0] == 0


def test_a_dropped_piece_fails_the_check_without_top_k_too():
    assert not run("sample", top_k=0, rows=5, vocab=20000, flags=("-DBROKEN_LAST_CHUNK",)).check().passed


def test_the_first_of_equal_logits_is_the_greedy_choice(device):
    logits = np.zeros((1, 20000), np.float32)
    logits[0, [777, 778, 15000]] = 3
    assert r1_checks.outputs_of("argmax", device, dict(rows=1, vocab=20000), {"logits": logits})["token"].tolist() == [777]


def test_mistakes():
    with pytest.raises(vt.Error, match="up to 512"):
        run("sample", top_k=600)
    with pytest.raises(vt.Error, match="up to 1"):
        run("sample", top_p=1.5)

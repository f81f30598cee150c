"""Attention of the R1 library: right over odd shapes and numbers of core groups, in order without the help of automatic
synchronisation, and checked by a check that sees a block of keys left out."""

import numpy as np
import pytest

import vitruvian as vt
import vitruvian.r1
from vitruvian.r1.attention import MlaDecode, MlaPrefill, spread_lengths
from vitruvian.r1.layout import LATENT, PAGE_TOKENS, ROPE, pack_cache

KERNELS = (MlaDecode, MlaPrefill)
GRID = [(kind.name, shape, groups) for kind in KERNELS for shape in kind.test_grid for groups in (1, 3, 24)]


def name_of(value):
    return ",".join(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("name", "shape", "groups"), GRID, ids=name_of)
def test_is_right(name, shape, groups):
    run = vt.r1.run(name, groups=groups, **shape)
    assert run.fault is None, run.fault.report()
    assert run.max_rel_error <= run.max_rel_error_bound


def launch(kernel, inputs, **options):
    """The output of a kernel on these arrays."""
    device = vt.Device("ascend910c")
    arrays = {}
    for name, value in inputs.items():
        arrays[name] = device.empty(value.shape, value.dtype)
        arrays[name].copy_from(np.ascontiguousarray(value))
    prepared = kernel.prepare(device, arrays, **options)
    device.run_concurrently([prepared])[0].check()
    return prepared.arrays["out"].numpy()


# Several blocks of keys in each: what is left out must show.
LONG = {"mla_decode": (dict(batch=2, heads=16, kv=700, q=2), dict(batch=1, heads=128, kv=1300, q=1)),
        "mla_prefill": (dict(batch=1, tokens=1100, heads=2),)}


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, shapes in LONG.items() for shape in shapes], ids=name_of)
def test_a_block_of_keys_left_out_fails_the_check(name, shape):
    assert vt.r1.run(name, groups=2, **shape).passed
    for flag in vt.r1.get_kernel(name).broken_flags:
        run = vt.r1.run(name, groups=2, flags=(flag,), **shape)
        assert run.fault is None, run.fault.report()
        assert not run.passed


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, shapes in LONG.items() for shape in shapes], ids=name_of)
def test_timing_alone_takes_the_same_cycles(name, shape):
    full, timing = (vt.r1.run(name, groups=5, mode=mode, **shape) for mode in ("full", "timing_only"))
    assert timing.fault is None and full.fault is None
    assert timing.cycles == full.cycles


@pytest.mark.parametrize(("name", "shape"), [(name, shape) for name, shapes in LONG.items() for shape in shapes], ids=name_of)
def test_flags_alone_order_everything(name, shape):
    strict, auto = (vt.r1.run(name, groups=3, sync=sync, **shape) for sync in ("strict", "auto"))
    assert strict.fault is None, strict.fault.report()
    assert strict.passed and strict.cycles == auto.cycles


def test_few_long_sequences_are_split_and_merged():
    """One sequence on many groups: faster than on one, and right; its parts end within a block and within a page."""
    shape = dict(batch=1, heads=128, kv=128 * 40 - 7, q=2)
    one, many = (vt.r1.run("mla_decode", groups=groups, **shape) for groups in (2, 24))
    assert one.passed and many.passed
    assert MlaDecode(**shape).splits(2) == 1 and MlaDecode(**shape).splits(24) > 4
    assert many.core_time_us < one.core_time_us / 3


def test_both_orders_of_decode_agree():
    """Rows with their pages kept in L1 (48) and with V read again (64): the same heads give the same outputs."""
    few = MlaDecode(batch=1, heads=48, kv=700, q=1)
    inputs = few.random(np.random.default_rng(3))
    many = MlaDecode(batch=1, heads=64, kv=700, q=1)
    wide = {**inputs, "q": np.concatenate([inputs["q"], inputs["q"][:, :, :16]], axis=2)}
    outputs = [launch(kernel, given, groups=3).astype(np.float32) for kernel, given in ((few, inputs), (many, wide))]
    assert np.allclose(outputs[0], outputs[1][:, :, :48], atol=2.0**-6)
    assert np.array_equal(outputs[1][:, :, 48:], outputs[1][:, :, :16])


@pytest.mark.parametrize("shape", (dict(batch=2, heads=16, kv=1500, q=2), dict(batch=1, heads=128, kv=2000, q=2)), ids=name_of)
def test_a_maximum_that_rises_with_every_key(shape):
    """Each block's maximum is above all before: what was summed is rescaled every time."""
    kernel = MlaDecode(**shape)
    inputs = kernel.random(np.random.default_rng(3))
    inputs["q"][...], inputs["q"][..., 0] = 0, 3
    for pages in inputs["block_table"]:
        keys = inputs["cache"][pages, 0, :, 0].astype(np.float32)
        inputs["cache"][pages, 0, :, 0] = np.where(np.isnan(keys), np.nan, np.arange(keys.size).reshape(keys.shape) / 64)
    error, bound = kernel.compare({"out": launch(kernel, inputs)}, inputs, kernel.reference(inputs))
    assert error <= bound


@pytest.mark.parametrize("order", (1, -1))
def test_a_maximum_that_rises_or_falls_along_a_prompt(order):
    kernel = MlaPrefill(tokens=1100, heads=2)
    inputs = kernel.random(np.random.default_rng(3))
    inputs["q"][...], inputs["q"][:, :, 0] = 0, 3
    inputs["kv"][:, :, 0] = (np.arange(1100)[::order, None] / 16).astype(inputs["kv"].dtype)
    error, bound = kernel.compare({"out": launch(kernel, inputs)}, inputs, kernel.reference(inputs))
    assert error <= bound


def test_a_launch_may_begin_at_any_core():
    kernel = MlaDecode(batch=3, heads=16, kv=300, q=2)
    inputs = kernel.random(np.random.default_rng(5))
    out = launch(kernel, inputs, groups=2, first_core=9)
    error, bound = kernel.compare({"out": out}, inputs, kernel.reference(inputs))
    assert error <= bound


def test_the_reference_of_decode_is_attention_over_the_unpacked_cache():
    kernel = MlaDecode(batch=1, heads=2, kv=200, q=2)
    tokens = np.random.default_rng(7).standard_normal((2 * PAGE_TOKENS, LATENT + ROPE)).astype(np.float32)
    inputs = kernel.random(np.random.default_rng(7))
    inputs["cache"] = pack_cache(tokens).astype(inputs["cache"].dtype)
    inputs["block_table"] = np.array([[1, 0]], np.int32)
    out = kernel.reference(inputs)["out"]
    keys = np.concatenate([tokens[PAGE_TOKENS:], tokens[:PAGE_TOKENS]]).astype(inputs["cache"].dtype).astype(np.float64)
    for query, seen in ((0, 199), (1, 200)):
        scores = inputs["q"][0, query, 1].astype(np.float64) @ keys[:seen].T * kernel.scalars(None, 1)["scale"]
        weights = np.exp(scores - scores.max())
        assert np.allclose(out[0, query, 1], weights / weights.sum() @ keys[:seen, :LATENT], atol=1e-4)


def test_lengths_follow_from_the_parameters():
    assert spread_lengths(4, 100, 2, 0.0).tolist() == [100] * 4
    lengths = spread_lengths(64, 100, 2, 1.0)
    assert lengths.max() == 100 and 2 <= lengths.min() < 10 and len(set(lengths.tolist())) > 40


@pytest.mark.parametrize("values", [dict(heads=129), dict(kv=1, q=2), dict(spread=1.5), dict(pages=3, batch=4), dict(dtype="fp16")])
def test_shapes_that_make_no_sense_are_refused(values):
    with pytest.raises(vt.Error):
        MlaDecode(**values)

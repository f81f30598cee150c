"""A small model of R1's architecture, every kernel emulated, beside its reference."""

import numpy as np
import pytest

import vitruvian as vt
from vitruvian.r1 import Model, R1Config, get_kernel
from vitruvian.r1.chain import Chain
from vitruvian.r1.config import rope_tables
from vitruvian.r1.reference_model import ReferenceModel, Rotary, drift
from vitruvian.r1.weights import random_weights

GROUPS = 4


def prompt_of(seed: int, count: int = 24) -> list[int]:
    return np.random.default_rng(seed).integers(0, R1Config.small().vocabulary, count).tolist()


@pytest.fixture(scope="module")
def first():
    """Seed 1, with its greedy tokens: (model, generation)."""
    model = Model(seed=1, groups=GROUPS)
    return model, model.generate(prompt_of(1), 16)


def test_the_model_decodes_the_tokens_of_its_reference(first):
    _, done = first
    found = done.check()
    assert found.passed, found
    assert len(done.tokens) == 16 and len(set(done.tokens)) > 4
    assert found.strict > 0.6  # most predictions are judged
    assert done.cycles == sum(run.cycles for run in done.runs) > 0
    assert {"mla_prefill", "mla_decode", "grouped_gemm", "moe_gate", "moe_permute", "moe_combine", "kv_cache_write", "argmax"} <= set(done.cycles_by_kernel())


def test_another_seed_without_a_clock():
    done = Model(seed=2, groups=GROUPS, mode="functional_only").generate(prompt_of(2), 16)
    found = done.check()
    assert found.passed, found


def test_drafts_of_the_mtp_layer_change_no_token(first):
    _, done = first
    model = Model(seed=1, groups=GROUPS, mode="functional_only")
    drafted = model.generate(prompt_of(1), 6, mtp=True)
    assert drafted.tokens == done.tokens[:6] and drafted.drafts_tried == 5
    found = drafted.check()
    assert found.passed, found
    assert {row.kind for row in found.rows} == {"main", "mtp"}


def test_right_drafts_are_accepted_two_tokens_a_step(first):
    _, done = first

    class Knowing(Model):
        def _propose(self, tokens, positions, hidden, decode):
            super()._propose(tokens, positions, hidden, decode)
            self._draft = done.tokens[len(self.done.tokens)]

    drafted = Knowing(seed=1, groups=GROUPS, mode="functional_only").generate(prompt_of(1), 9, mtp=True)
    assert drafted.drafts_accepted == drafted.drafts_tried == 4
    assert drafted.tokens == done.tokens[:9]
    assert drafted.check().passed


@pytest.mark.parametrize("name", ["kv_cache_write", "batched_gemm", "moe_combine", "moe_gate"])
def test_a_broken_kernel_is_seen(monkeypatch, name):
    kind = get_kernel(name)
    monkeypatch.setattr(kind, "flags", lambda self: kind.broken_flags[:1])
    assert not Model(seed=1, groups=GROUPS, mode="functional_only").generate(prompt_of(1), 2).check().passed


def test_mistakes():
    with pytest.raises(vt.Error, match="built for other dimensions"):
        Model(R1Config.small(kv_lora=256))
    for change in (dict(top_k=17), dict(heads=0), dict(expert_groups=0), dict(mtp_layers=2), dict(yarn_factor=float("nan"))):
        with pytest.raises(vt.Error, match=next(iter(change))):
            R1Config.small(**change)
    for name, value in (("mode", "timing_only"), ("groups", 25), ("groups", 0), ("context", 0), ("seed", -1)):
        with pytest.raises(vt.Error, match=name):
            Model(**{name: value})
    with pytest.raises(vt.Error, match="mtp_layers"):
        Model(R1Config.small(mtp_layers=0)).prefill([1], mtp=True)
    model = Model(seed=1, groups=GROUPS, context=8, mode="functional_only")
    with pytest.raises(vt.Error, match="bad prompt"):
        model.prefill([512])
    with pytest.raises(vt.Error, match="number of tokens"):
        model.generate([1], 0)
    with pytest.raises(vt.Error, match="prefill"):
        model.decode()
    with pytest.raises(vt.Error, match="cache is full"):
        model.prefill(list(range(9)))


def test_the_tables_are_the_rotation_of_the_reference():
    config = R1Config.full()
    cos, sin = rope_tables(config, 100)
    x = np.random.default_rng(1).standard_normal((100, config.rope))
    a, b = x[:, 0::2], x[:, 1::2]
    turned = np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)
    np.testing.assert_allclose(turned, Rotary(config)(x, np.arange(100)), atol=1e-6)


def test_the_reference_prefills_as_it_decodes():
    """Absorbed and plain attention are one function, up to the noise of the roundings: so the last token of a prompt."""
    config = R1Config.small()
    weights, prompt = random_weights(config, 3), prompt_of(3)
    plain = ReferenceModel(config, weights).forward(prompt, range(24), False)
    stepwise = ReferenceModel(config, weights)
    stepwise.forward(prompt[:-1], range(23), False)
    last = stepwise.forward(prompt[-1:], [23], True)
    assert np.sqrt(np.mean((last.logits[0] - plain.logits[-1]) ** 2)) < 0.05 * np.sqrt(np.mean(plain.logits**2))


@pytest.mark.parametrize("seed", [1, 7])
def test_the_bound_of_the_drift_is_what_two_right_computations_need(seed):
    """The reference beside itself, every embedding's last bit drawn anew and the same experts: within the bound, and not far below it."""
    config, prompt = R1Config.small(), prompt_of(seed, 40)
    weights = random_weights(config, seed)
    plain = ReferenceModel(config, weights).forward(prompt, range(40), False)
    near = weights["embedding"].copy()
    near.view(np.uint16)[...] ^= np.random.default_rng(seed).integers(0, 2, near.shape).astype(np.uint16)
    other = ReferenceModel(config, weights | {"embedding": near}).forward(prompt, range(40), False, [gate.ids for gate in plain.gates])
    apart = np.sqrt(np.mean((other.logits - plain.logits) ** 2) / np.mean(plain.logits**2))
    assert 0.5 * drift(2 * config.layers) < apart < drift(2 * config.layers)


def test_the_mla_prolog_as_launches(first):
    model, _ = first
    names = [step.spec.name for step in model.mla_prolog(tokens=2)]
    assert names == ["rms_norm_quant", "linear_int8", "kv_cache_write", "linear_int8", "rms_norm_quant", "linear_int8", "batched_gemm", "rope_place"]
    steps = model.mla_prolog(tokens=2, first_core=8)
    assert all(step.run is None for step in steps)
    for step in steps:
        model.device.run_concurrently([step.launch])[0].check()


def test_a_chain_can_wait_to_be_launched():
    device = vt.Device()
    chain = Chain(device, groups=1, execute=False)
    chain("quantize", {}, rows=3, columns=64)
    chain("quantize", {}, rows=5, columns=64)
    assert [step.run for step in chain.steps] == [None, None]
    assert len(device.run_concurrently([chain.steps[0].launch])) == 1

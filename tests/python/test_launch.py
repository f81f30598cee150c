"""Launches: data in and out, modes, results."""

import json

import numpy as np
import pytest

import vitruvian as vt


def launch(add, x, y, **options):
    z = np.full_like(x, np.nan)
    return z, add.launch(block_dim=8, args=[x, y, vt.out(z), x.size], **options)


def test_a_launch_computes_and_counts(add, vectors):
    x, y, expected = vectors
    z, run = launch(add, x, y)
    np.testing.assert_array_equal(z, expected)
    assert run.fault is None
    assert run.cycles > 0
    assert run.time_us == pytest.approx(run.cycles / 1.8e3, rel=1e-3)
    assert run.bound
    assert run.kernel == "add_custom"


def test_each_pipe_adds_up_to_its_cores_time(add, vectors):
    x, y, _ = vectors
    _, run = launch(add, x, y)
    assert {"S", "V", "MTE2", "MTE3"} <= set(run.pipes)
    for core in run.cores:
        totals = {pipe["busy"] + pipe["idle"] + sum(pipe["stalls"].values()) for pipe in core["pipes"].values()}
        assert len(totals) == 1, core["core"]


def test_two_runs_are_the_same(add, vectors):
    x, y, _ = vectors
    first, second = launch(add, x, y), launch(add, x, y)
    np.testing.assert_array_equal(first[0], second[0])
    assert first[1].cycles == second[1].cycles
    assert dict(first[1].pipes) == dict(second[1].pipes)


def test_timing_only_gives_the_same_cycles_and_leaves_outputs_alone(add, vectors):
    x, y, _ = vectors
    _, full = launch(add, x, y)
    z, timing = launch(add, x, y, mode="timing_only")
    assert timing.cycles == full.cycles
    assert np.isnan(z).all()
    assert not timing.computed_data


def test_functional_only_gives_the_same_bits(add, vectors):
    x, y, _ = vectors
    full, _ = launch(add, x, y)
    functional, run = launch(add, x, y, mode="functional_only")
    np.testing.assert_array_equal(full.view(np.uint32), functional.view(np.uint32))
    assert run.cycles == 0


def test_a_runahead_limit_of_one_changes_nothing(add, vectors):
    x, y, _ = vectors
    far, one = launch(add, x, y), launch(add, x, y, runahead_limit=1)
    np.testing.assert_array_equal(far[0], one[0])
    assert far[1].cycles == one[1].cycles


def test_a_synchronised_kernel_takes_the_same_time_in_strict_sync(add, vectors):
    x, y, _ = vectors
    _, automatic = launch(add, x, y)
    _, strict = launch(add, x, y, sync="strict")
    assert strict.fault is None
    assert strict.cycles == automatic.cycles


def test_a_trace_has_lanes_by_core_and_pipe(add, vectors, tmp_path):
    x, y, _ = vectors
    _, run = launch(add, x, y)
    run.trace(tmp_path / "run.json")
    events = json.loads((tmp_path / "run.json").read_text())["traceEvents"]
    assert sum(event["name"] == "process_name" for event in events) == len(run.cores)
    assert sum(event["ph"] == "X" for event in events) == len(run.events)
    assert (run.events["finish"] >= run.events["start"]).all()
    run.csv(tmp_path / "run.csv")
    assert (tmp_path / "run.csv").read_text().startswith("core,pipe,")


def test_a_run_without_trace_says_how_to_get_one(add, vectors, tmp_path):
    x, y, _ = vectors
    _, run = launch(add, x, y, trace=False)
    with pytest.raises(vt.Error, match="trace"):
        run.trace(tmp_path / "run.json")


def test_results_read_well(add, vectors):
    x, y, _ = vectors
    _, run = launch(add, x, y)
    assert repr(run).startswith("add_custom on ascend910c: ")
    assert "MTE2" in repr(run.pipes)
    assert "<table>" in run._repr_html_()


def test_progress_is_called(add, vectors):
    x, y, _ = vectors
    shares = []
    launch(add, x, y, progress=shares.append)
    assert all(0 <= share <= 1 for share in shares)


def test_a_larger_l2_state_is_not_slower(add, vectors):
    x, y, _ = vectors
    _, cold = launch(add, x, y, l2="cold")
    _, warm = launch(add, x, y, l2="warm")
    assert warm.cycles <= cold.cycles
    assert warm.memory["l2_misses"] <= cold.memory["l2_misses"]


def test_concurrent_launches_share_one_simulation(add, vectors):
    x, y, expected = vectors
    z = [np.zeros_like(x) for _ in range(2)]
    runs = add.module.device.run_concurrently(
        [add.prepare([x, y, vt.out(z[i]), x.size], block_dim=8, first_core=8 * i) for i in range(2)])
    assert len(runs) == 2
    for output in z:
        np.testing.assert_array_equal(output, expected)

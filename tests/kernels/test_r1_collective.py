"""R1's exchanges between dies: every row arrives, at us and at the peers, over small odd shapes; a dropped row is seen."""

import pytest

import vitruvian as vt
from vitruvian.r1 import exchange, get_kernel, run

KERNELS = ("moe_dispatch", "moe_combine_remote", "all_gather", "reduce_scatter")
GRID = [(name, i, shape) for name in KERNELS for i, shape in enumerate(get_kernel(name).test_grid)]


@pytest.mark.parametrize("name, i, shape", GRID, ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value))
def test_an_exchange_is_right(name, i, shape):
    done = run(name, groups=(24, 1, 5)[i % 3], seed=i + 1, **shape).check()
    assert done.passed, done


@pytest.mark.parametrize("name", KERNELS)
def test_a_dropped_piece_fails_the_check(name):
    kind = get_kernel(name)
    for flag in kind.broken_flags:
        assert not run(name, flags=(flag,), **kind.test_grid[0]).check().passed


@pytest.mark.parametrize("name", KERNELS)
def test_timing_only_takes_the_same_time(name):
    shape = get_kernel(name).test_grid[0]
    assert run(name, mode="timing_only", **shape).check().cycles == run(name, **shape).check().cycles


@pytest.mark.parametrize("name", KERNELS)
def test_strict_synchronisation_finds_no_hazard(name):
    run(name, sync="strict", groups=3, **get_kernel(name).test_grid[0]).check()


def test_an_exchange_waits_for_the_slowest_die():
    early, late = (run("all_gather", rows=8, columns=256, ep=4, lag_us=lag).check() for lag in (50, 95))
    assert late.time_us - early.time_us == pytest.approx(45, rel=0.05)


def test_two_exchanges_in_a_row_need_no_cleared_flags():
    spec = get_kernel("all_gather")(rows=4, columns=64, ep=3)
    device = spec.make_device("ascend910c", None)
    assert run(spec, device).check().passed
    assert run(get_kernel("all_gather")(rows=4, columns=64, ep=3, epoch=2), device, seed=2).check().passed


def test_mistakes():
    with pytest.raises(vt.Error, match="a multiple of ep"):
        run("moe_dispatch", experts=10, ep=4)
    with pytest.raises(vt.Error, match="several exchanges"):
        run("moe_dispatch", tokens=4096)
    with pytest.raises(vt.Error, match="room for"):
        run("moe_dispatch", tokens=64, columns=64, capacity=8)
    with pytest.raises(vt.Error, match="join"):
        run("all_gather", vt.Device(), ep=4)
    assert exchange.RANK == 0


def test_an_exchange_beside_another_kernel_on_part_of_the_die():
    import numpy as np

    spec = get_kernel("moe_dispatch")(tokens=33, columns=256, experts=64, ep=4)
    device = spec.make_device("ascend910c", None)
    inputs = spec.random(np.random.default_rng(1))
    arrays = {name: device.to_device(np.ascontiguousarray(inputs[name], buffer.dtype)) if name in inputs else device.empty(buffer.shape, buffer.dtype)
              for name, buffer in spec.buffers(device, 8).items()}
    spec.settle(device, arrays, inputs)
    other = get_kernel("quantize")(rows=100, columns=512).prepare(device, groups=16)
    for run_ in device.run_concurrently([spec.prepare(device, arrays, groups=8, first_core=16), other]):
        run_.check()
    reference = spec.reference(inputs)
    assert spec.compare(spec.collect(device, arrays, inputs, list(reference)), inputs, reference)[0] == 0

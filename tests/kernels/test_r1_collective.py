"""R1's exchanges between dies: late dies, several exchanges, what they refuse (test_r1_every_kernel.py has the rest)."""

import pytest

import vitruvian as vt
from vitruvian.r1 import exchange, get_kernel, run


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

"""What every kernel of the R1 library must pass: test_r1_every_kernel.py; and launches on given data."""

import numpy as np

from vitruvian.r1 import get_kernel, run


def cases(kernels):
    """(kernel, shape, core groups) over the test grids; the number of groups changes from shape to shape."""
    return [(name, shape, (24, 1, 5, 17)[i % 4]) for name in kernels for i, shape in enumerate(get_kernel(name).test_grid)]


def words(value):
    """The id of a case."""
    return "-".join(f"{key}{item}" for key, item in value.items()) if isinstance(value, dict) else str(value)


def is_right(name, shape, groups, seed=1):
    done = run(get_kernel(name)(**shape), groups=groups, seed=seed).check()
    assert done.passed, done


def sees_what_is_missing(name):
    kind = get_kernel(name)
    assert kind.broken_flags
    for flag in kind.broken_flags:
        done = run(name, flags=(flag,), **kind.test_grid[0]).check()
        assert not done.passed, (flag, done)


def is_ordered_by_flags(name):
    """Strict: no pair of operations relies on the order that auto supplies, which costs nothing but in moe_gate (24 of 23500 cycles)."""
    strict, auto = (run(get_kernel(name)(**get_kernel(name).test_grid[0]), sync=sync, groups=3).check() for sync in ("strict", "auto"))
    assert strict.passed and 0 <= auto.cycles - strict.cycles <= 0.005 * auto.cycles


def takes_the_same_time_without_data(name):
    shape = get_kernel(name).test_grid[0]
    assert run(name, mode="timing_only", **shape).check().cycles == run(name, **shape).check().cycles


def prepare(name, device, groups, first_core, seed=5, **shape):
    """(launch, check) of a kernel on some core groups; check() after the launch has run."""
    spec = get_kernel(name)(**(shape or get_kernel(name).test_grid[0]))
    inputs = spec.random(np.random.default_rng(seed))
    arrays = {}
    for key, buffer in spec.buffers(device, groups).items():
        arrays[key] = device.to_device(np.ascontiguousarray(inputs[key], buffer.dtype)) if key in inputs else device.empty(buffer.shape, buffer.dtype)

    def check():
        reference = spec.reference(inputs)
        error, bound = spec.compare({key: arrays[key].numpy() for key in reference}, inputs, reference)
        assert error <= bound, spec

    return spec.prepare(device, arrays, groups=groups, first_core=first_core), check


def runs_anywhere(names, device):
    """All at the same time, each on two core groups of its own."""
    launches = [prepare(name, device, 2, 2 * i + 1) for i, name in enumerate(names)]
    for done in device.run_concurrently([launch for launch, _ in launches]):
        done.check()
    for _, check in launches:
        check()


def outputs_of(name, device, shape, inputs, groups=24):
    """What a kernel makes of given inputs."""
    spec = get_kernel(name)(**shape)
    arrays = {key: device.empty(buffer.shape, buffer.dtype) for key, buffer in spec.buffers(device, groups).items()}
    for key, value in inputs.items():
        arrays[key].copy_from(np.ascontiguousarray(value))
    device.run_concurrently([spec.prepare(device, arrays, groups=groups)])[0].check()
    return {key: array.numpy() for key, array in arrays.items()}

"""vt.kernel(): library kernels on seeded random data, checked against the host."""

import pytest

import vitruvian as vt


@pytest.mark.parametrize("name, parameters", [
    ("gemm", {"m": 256, "n": 512, "k": 256, "dtype": "bf16"}),
    ("gemm", {"m": 17, "n": 255, "k": 7, "dtype": "fp16"}),
    ("gemm", {"m": 1, "n": 255, "k": 1000, "dtype": "int8"}),
    ("vector_add", {"n": 100_000}),
    ("rms_norm", {"rows": 64, "columns": 1000}),
    ("softmax", {"rows": 64, "columns": 1000}),
], ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())))
def test_a_library_kernel_is_right(name, parameters):
    run = vt.kernel(name, **parameters).check()
    assert run.passed and 0 <= run.max_rel_error <= run.max_rel_error_bound
    assert run.h100_time_us > 0 and run.ratio_to_h100 == pytest.approx(run.h100_time_us / run.time_us)
    fields = run.json()
    for field in ["kernel", "chip", "mode", "l2", "cycles", "time_us", "tflops", "utilization", "bound", "max_rel_error", "wall_s", "pipes",
                  "h100_time_us", "ratio_to_h100", "assumed_share"]:
        assert field in fields
    assert fields["kernel"] == name
    assert "check passed" in repr(run)


def test_timing_only_checks_nothing_and_takes_the_same_time():
    parameters = {"m": 256, "n": 256, "k": 256}
    timing = vt.kernel("gemm", mode="timing_only", **parameters)
    assert timing.max_rel_error is None
    assert timing.cycles == vt.kernel("gemm", **parameters).cycles


def test_a_seed_repeats():
    device = vt.Device("ascend910c")
    runs = [vt.kernel("gemm", device=device, m=64, n=64, k=64, seed=seed) for seed in (5, 5, 6)]
    assert runs[0].max_rel_error == runs[1].max_rel_error != runs[2].max_rel_error


def test_unknown_kernels_and_parameters_are_errors():
    with pytest.raises(vt.Error, match="gemm"):
        vt.kernel("gem")
    with pytest.raises(vt.Error, match="size"):
        vt.kernel("gemm", size=4)
    with pytest.raises(vt.Error, match="whole number"):
        vt.kernel("gemm", m=0)
    assert "gemm" in vt.library_kernels()

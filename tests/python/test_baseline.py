"""The H100 baseline: its fits, what they say of rows they have not seen, measured rows, and the script that measures."""

import csv
import importlib.util
import math
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import vitruvian as vt
import vitruvian.r1 as vt_r1
from vitruvian.r1.serving.baseline import STREAMING, Baseline
from vitruvian.r1.serving.baseline_page import page

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bench" / "h100" / "measure.py"


@pytest.fixture(scope="module")
def h100():
    """The fits on published rows, whether or not a measured file lies in chips/."""
    baseline = Baseline("h100_sxm", ROOT / "chips")
    baseline.measured = []
    return baseline


@pytest.fixture
def folder(tmp_path):
    for name in ("h100_sxm.yaml", "h100_sxm_points.csv"):
        shutil.copy(ROOT / "chips" / name, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def measure():
    spec = importlib.util.spec_from_file_location("measure", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure"] = module   # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# --- fits and held-out rows

def test_held_out_rows_are_predicted_within_the_errors_that_the_page_states(h100):
    text = (ROOT / "docs" / "h100.md").read_text(encoding="utf-8")
    assert page(Baseline("h100_sxm", ROOT / "chips")) == text, "docs/h100.md is stale: python -m vitruvian.r1.serving.baseline --write"
    counts = {family: len(h100.held_out(family)) for family in ("gemm", "mla_prefill", "streaming", "resident", "combine")}
    assert counts == {"gemm": 7, "mla_prefill": 8, "streaming": 2, "resident": 6, "combine": 1}
    for family in counts:
        for point, error in h100.held_out(family):
            assert abs(error) < 0.15, (point, error)


def test_held_out_rows_do_not_move_a_fit_and_fitted_ones_do(h100, folder):
    table = folder / "h100_sxm_points.csv"
    rows = list(csv.reader(table.open(encoding="utf-8")))

    def refit(held_out):
        changed = [[*row[:6], str(float(row[6]) * 1.5), *row[7:]] if row[8] == held_out and row[0] == "gemm" else row for row in rows[1:]]
        with table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([rows[0], *changed])
        return Baseline("h100_sxm", folder).curves["gemm"].coefficients

    np.testing.assert_array_equal(refit("yes"), h100.curves["gemm"].coefficients)
    assert refit("no")[2] < 0.8 * h100.curves["gemm"].coefficients[2] or refit("no")[2] == 1


def test_a_fit_finds_the_coefficients_that_made_its_points(h100):
    from dataclasses import replace

    curve = h100.curves["mla_prefill"]
    wanted = np.array([1.2, 20.0, 3.0, 0.1])
    made = type(curve)(h100.machine, wanted)
    points = [replace(point, held_out=False, value=curve.operations(point.shape) / made.value(point.shape) * 1e6 / 1e12)
              for point in h100.points if point.family == "mla_prefill"]
    np.testing.assert_allclose(type(curve)(h100.machine).fit(points).coefficients, wanted, rtol=1e-6)


# --- predictions

def test_nothing_is_faster_than_the_device(h100):
    machine = h100.machine
    for dtype in ("bf16", "fp8", "int8"):
        for m, n, k in [(1, 576, 7168), (96, 7168, 16384), (4096, 4096, 4096), (16384, 16384, 16384)]:
            found = h100.predict("gemm", m=m, n=n, k=k, dtype=dtype)
            assert found.kernel_us * 1e-6 >= 2 * m * n * k / machine.peaks[dtype]
            assert found.kernel_us * 1e-6 >= (m + n) * k * (2 if dtype == "bf16" else 1) / machine.memory_bandwidth
            assert found.time_us == found.kernel_us + machine.launch_us and found.basis == "curve"
    for family in STREAMING:
        assert h100.predict(family, bytes=1e9).kernel_us * 1e-6 >= 1e9 / machine.memory_bandwidth
    decode = h100.predict("mla_decode", batch=96, heads=128, kv=4096, q=2)
    assert decode.bound == "compute" and decode.kernel_us * 1e-6 >= 2 * 96 * 256 * 4096 * 1088 / machine.peaks["bf16"]
    assert h100.predict("mla_decode", batch=96, heads=16, kv=4096, q=1).bound == "memory"


@pytest.mark.parametrize("family, shape, grown", [
    ("gemm", dict(m=96, n=7168, k=2048, dtype="fp8"), "m n k"),
    ("grouped_gemm", dict(m=96, n=7168, k=2048, groups=4), "m n k groups"),
    ("mla_decode", dict(batch=48, heads=128, kv=4096, q=1), "batch kv q"),
    ("mla_prefill", dict(batch=4, length=4096, heads=128), "batch length heads"),
    ("rms_norm", dict(bytes=1e8), "bytes"),
    ("dispatch", dict(tokens=128, ep=8), "tokens k columns"),
    ("combine", dict(tokens=128, ep=8), "tokens k columns"),
    ("all_gather", dict(bytes=1e8, ep=8), "bytes"),
    ("sample", dict(rows=96, vocab=129280), "rows vocab"),
])
def test_more_work_takes_longer(h100, family, shape, grown):
    base = h100.predict(family, **shape).kernel_us
    for key in grown.split():
        before = shape.get(key, {"columns": 7168, "k": 8}.get(key))
        assert h100.predict(family, **{**shape, key: 4 * before}).kernel_us > 1.2 * base, key


def test_groups_share_waves_and_empty_ones_cost_nothing(h100):
    shape = dict(n=4096, k=7168, dtype="fp8")
    one = h100.predict("gemm", m=300, **shape).kernel_us
    assert h100.predict("grouped_gemm", rows=[300], **shape).kernel_us == one
    assert h100.predict("grouped_gemm", rows=[0, 300, 0], **shape).kernel_us == one
    assert one < h100.predict("grouped_gemm", rows=[150, 150], **shape).kernel_us   # two weights to read
    assert h100.predict("grouped_gemm", rows=[0, 0], **shape).kernel_us == 0


def test_what_lies_in_l2_is_faster_until_it_no_longer_fits(h100):
    def gain(nbytes):
        return h100.predict("rms_norm", bytes=nbytes).kernel_us / h100.predict("rms_norm", bytes=nbytes, resident=True).kernel_us
    assert gain(20e6) > 2 and gain(60e6) > gain(70e6) > 1 and gain(200e6) == 1


def test_families_without_rows_say_so(h100):
    assert "no published" in h100.predict("grouped_gemm", rows=[1], n=64, k=64).source
    assert h100.predict("mla_decode", batch=1, heads=16, kv=128).error_bar is None
    assert h100.predict("combine", tokens=128, ep=8).error_bar is not None
    assert h100.predict("combine", tokens=128, ep=320).error_bar is None
    assert h100.predict("all_gather", bytes=1e6, ep=16).error_bar is None


def test_a_kernel_of_the_library_finds_its_family(h100):
    def spec(name, nbytes=1e6, more=None, **values):
        return SimpleNamespace(name=name, values=values, bytes=lambda: nbytes, **(more or {}))
    assert h100.predict_kernel(spec("linear_int8", m=96, n=7168, k=2048)) == h100.predict("gemm", m=96, n=7168, k=2048, dtype="fp8")
    lengths = {"lengths": lambda: np.array([99, 99])}
    assert h100.predict_kernel(spec("mla_decode", batch=2, heads=16, kv=99, q=1, spread=0, more=lengths)) == h100.predict("mla_decode", batch=2, heads=16, kv=99)
    groups = {"counts": np.array([3, 0, 70], np.int32)}
    assert h100.predict_kernel(spec("grouped_gemm", n=64, k=64, dtype="int8", more=groups)) == h100.predict("grouped_gemm", rows=[3, 0, 70], n=64, k=64, dtype="int8")
    gathered = spec("all_gather", rows=256, columns=7168, dtype="bf16", ep=8)
    assert h100.predict_kernel(gathered) == h100.predict("all_gather", bytes=256 * 7168 * 2 * 8, ep=8)
    assert h100.predict_kernel(spec("rms_norm", rows=3), resident=True).family == "rms_norm"
    assert h100.predict_kernel(spec("unheard_of")).family == "streaming"


def test_every_kernel_of_the_library_has_a_prediction(h100):
    for kind in vt_r1.kernels().values():
        found = h100.predict_kernel(kind())
        assert found.kernel_us > 0 and found.family in h100.families, kind.name


@pytest.mark.parametrize("family, shape, part", [
    ("gem", dict(m=1), "one of gemm"), ("gemm", dict(m=1, n=1), "bad shape of gemm"), ("gemm", dict(m=-1, n=1, k=1), "0 or more"),
    ("gemm", dict(m=1, n=1, k=1, dtype="fp32"), "no GEMM curve"), ("mla_decode", dict(batch=math.nan, heads=1, kv=1), "0 or more"),
    ("rms_norm", dict(rows=3), "bad shape of rms_norm"),
])
def test_mistakes_are_named(h100, family, shape, part):
    with pytest.raises(vt.Error, match=part):
        h100.predict(family, **shape)


def test_an_unknown_baseline_names_those_there_are():
    with pytest.raises(vt.Error, match="h100_sxm"):
        Baseline("b200")


# --- measured rows and the script

def test_measured_rows_win_at_their_shape_scale_the_curve_nearby_and_leave_the_rest(h100, folder, measure):
    shape = dict(m=96, n=7168, k=2048, dtype="fp8")
    curve = h100.predict("gemm", **shape)
    row = dict.fromkeys(measure.COLUMNS, "") | {
        "family": "gemm", "kernel": "cuBLAS", "device": "NVIDIA H100 80GB HBM3", "shape": "m=96 n=7168 k=2048 groups=1", "dtype": "fp8", "metric": "time",
        "value": f"{1.25 * curve.kernel_us:.6f}", "unit": "us", "held_out": "no", "driver": "550.54", "date": "2026-11-25"}
    measure.write(folder / "h100_sxm_measured.csv", [row])
    with_measured = Baseline("h100_sxm", folder)
    for dtype in ("fp8", "int8"):
        exact = with_measured.predict("gemm", **{**shape, "dtype": dtype})
        assert exact.basis == "measured" and exact.kernel_us == pytest.approx(1.25 * curve.kernel_us)
        for part in ("NVIDIA H100 80GB HBM3", "550.54", "2026-11-25"):
            assert part in exact.source
    near, far = {**shape, "m": 128}, {**shape, "m": 4096}
    assert with_measured.predict("gemm", **near).kernel_us == pytest.approx(1.25 * h100.predict("gemm", **near).kernel_us)
    assert with_measured.predict("gemm", **near).basis == "curve" and "scaled by 1.25" in with_measured.predict("gemm", **near).source
    assert with_measured.predict("gemm", **far) == h100.predict("gemm", **far)
    assert with_measured.predict("gemm", **{**shape, "dtype": "bf16"}) == h100.predict("gemm", **{**shape, "dtype": "bf16"})


def test_a_measured_row_of_an_unfused_program_changes_no_prediction(h100, folder, measure):
    case = measure.decode(48, 128, 4096, 2)
    row = dict.fromkeys(measure.COLUMNS, "") | {"family": case.family, "shape": case.shape_text(), "value": "7", "unit": "us", "held_out": "yes"}
    measure.write(folder / "h100_sxm_measured.csv", [row])
    assert Baseline("h100_sxm", folder).predict(case.family, **case.shape) == h100.predict(case.family, **case.shape)
    assert {case.family for case in measure.cases() if not case.fused} == {"mla_decode", "sample"}


def test_in_a_layer_activations_come_from_l2_and_tables_and_caches_from_memory(h100):
    from vitruvian.r1.serving.baseline_kernels import in_place

    norm, table = vt_r1.get_kernel("rms_norm")(rows=96, columns=7168), vt_r1.get_kernel("embedding")()
    assert h100.predict_kernel(norm, **in_place(norm)).time_us < h100.predict_kernel(norm).time_us
    assert h100.predict_kernel(table, **in_place(table)) == h100.predict_kernel(table)


def test_a_bad_measured_row_is_an_error_that_names_the_file(folder):
    (folder / "h100_sxm_measured.csv").write_text("family,kernel,device,shape,dtype,value,unit,held_out\ngemm,a,b,m=x,fp8,1,us,no\n")
    with pytest.raises(vt.Error, match="h100_sxm_measured.csv"):
        Baseline("h100_sxm", folder)


def test_a_dry_run_lists_every_family_and_needs_no_pytorch(tmp_path):
    blocked = "import sys, runpy; sys.modules['torch'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    output = tmp_path / "measured.csv"
    command = [sys.executable, "-c", blocked, str(SCRIPT), "--output", str(output)]
    done = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, check=True)
    for family in ("gemm", "mla_prefill", "mla_decode", "streaming", "rms_norm", "swiglu", "routing", "sample"):
        assert f"\n{family}" in "\n" + done.stdout
    assert "nothing written" in done.stdout and not output.exists()
    without = subprocess.run(command, capture_output=True, text=True, check=False)
    assert without.returncode == 2 and "--dry-run" in without.stderr and not output.exists()


def test_every_case_of_the_script_is_a_shape_that_the_baseline_finds_again(h100, folder, measure):
    rows = [dict.fromkeys(measure.COLUMNS, "") | {"family": case.family, "shape": case.shape_text(), "dtype": case.dtype, "value": "7", "unit": "us", "held_out": "no"}
            for case in measure.cases()]
    measure.write(folder / "h100_sxm_measured.csv", rows)
    with_measured = Baseline("h100_sxm", folder)
    for case in measure.cases():
        shape = {**case.shape, **({"dtype": case.dtype} if case.dtype else {})}
        assert h100.predict(case.family, **shape).kernel_us > 0
        assert with_measured.predict(case.family, **shape).basis == "measured", case
        assert case.nbytes < h100.machine.memory_bytes / 2


class FakeTorch:
    """A device on which a run takes as long as it says: events read a clock that runs and flushes move."""

    __version__, version = "9.9", SimpleNamespace(cuda="99")

    def __init__(self):
        self.clock_ms = 0.0
        outer = self

        class Event:
            def __init__(self, enable_timing):
                assert enable_timing

            def record(self):
                self.at = outer.clock_ms

            def elapsed_time(self, other):
                return other.at - self.at

        self.cuda = SimpleNamespace(Event=Event, synchronize=lambda: None, get_device_name=lambda: "fake GPU")
        self.uint8 = "uint8"

    def empty(self, *_, **__):
        return SimpleNamespace(zero_=lambda: self.run(5000))

    def run(self, us):
        self.clock_ms += us * 1e-3

    class no_grad:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False


def test_a_case_is_timed_without_its_flush_and_one_that_fails_leaves_the_others(measure):
    torch, said = FakeTorch(), []

    def broken(_):
        raise RuntimeError("no such kernel\nlong text")

    chosen = [measure.Case("gemm", "fp8", {"m": 1}, 1, lambda t: ("first", lambda: t.run(12.5))), measure.Case("gemm", "bf16", {"m": 2}, 1, broken),
              measure.Case("rms_norm", "", {"bytes": 3, "resident": 1}, 1, lambda t: ("second", lambda: t.run(3)))]
    rows = measure.measure(torch, chosen, said.append)
    assert [(row["kernel"], float(row["value"])) for row in rows] == [("first", pytest.approx(12.5)), ("second", pytest.approx(3))]
    assert all(row["device"] == "fake GPU" and row["date"] and row["driver"] for row in rows)
    assert "left out, RuntimeError: no such kernel" in said[1]
    unfused = measure.Case("sample", "", {"rows": 1}, 1, lambda t: ("two operators", lambda: t.run(3)), fused=False)
    assert [row["held_out"] for row in [*rows, *measure.measure(torch, [unfused], said.append)]] == ["no", "no", "yes"]

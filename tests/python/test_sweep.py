"""vt.sweep: grids over worker processes, their cache, and workers that die."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas
import pytest

import vitruvian as vt
from vitruvian import clusters, fingerprint
from vitruvian.sweep import points_of

SMALL = {"m": [128, 256], "n": 256, "k": 128, "hbm.bandwidth": [5e10, 1.6e12]}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def comparable(frame):
    """Without what a run's host decides."""
    return frame.drop(columns=[name for name in frame if name == "wall_s"])


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextlib.contextmanager
def dask_cluster(folder, workers=2):
    """`dask scheduler` and `dask worker` as a user starts them; gives the address and the workers' processes."""
    file = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    started = [subprocess.Popen([sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)], **quiet)]
    try:
        started += [subprocess.Popen([sys.executable, "-m", "dask", "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--no-dashboard",
                                      "--local-directory", str(folder)], **quiet) for _ in range(workers)]
        wait_for(lambda: file.exists() and file.read_text())
        address = json.loads(file.read_text())["address"]
        with clusters.connect(address) as client:
            client.wait_for_workers(workers, timeout=30)
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
            process.wait()


# --- grids

def test_a_grid_is_the_product_of_its_axes_in_order():
    points = points_of({"m": [1, 2], "n": 3, "k": np.array([4, 5])}, {"mode": "full"})
    assert points == [{"mode": "full", "m": m, "n": 3, "k": k} for m in (1, 2) for k in (4, 5)]
    assert all(type(point["k"]) is int for point in points)


def test_overrides_come_by_dotted_name_or_as_a_dict_and_a_list_of_points_stays_as_it_is():
    assert points_of([{"m": 1, "hbm.bandwidth": 2.0, "overrides": {"clock": 1.0}}, {"m": 2}], {}) == [
        {"m": 1, "overrides": {"clock": 1.0, "hbm.bandwidth": 2.0}}, {"m": 2}]
    assert points_of({"overrides": [{"clock": 1.0}, {"clock": 2.0}]}, {}) == [{"overrides": {"clock": 1.0}}, {"overrides": {"clock": 2.0}}]


@pytest.mark.parametrize("kernel, grid, cluster, part", [
    ("gemm", {"m": []}, 1, "without points"), ("gemm", [], 1, "without points"), ("gemm", 7, 1, "bad grid"), ("gemm", [3], 1, "bad grid"),
    ("gem", {"m": 1}, 1, "unknown kernel"), (7, {"m": 1}, 1, "name or a function"), ("gemm", {"m": 64}, 0, "needs a worker"),
    ("gemm", {"m": 64}, "tcp://127.0.0.1:9", "no Dask scheduler"),
])
def test_mistakes_are_named(kernel, grid, cluster, part, folder, monkeypatch):
    monkeypatch.setattr(clusters, "_CONNECT_SECONDS", 1)
    with pytest.raises(vt.Error, match=part):
        vt.sweep(kernel, grid, cluster, cache_folder=folder)


# --- results and the cache

def test_a_sweep_has_the_cycles_of_single_runs_and_a_second_one_computes_nothing(folder, monkeypatch):
    frame = vt.sweep("gemm", SMALL, 2, cache_folder=folder, progress=False)
    assert frame.attrs | {"wall_s": 0} == {"target": "gemm", "points": 4, "cache_hits": 0, "computed": 4, "failed": 0, "workers": frame.attrs["workers"],
                                           "revision": vt.revision(), "wall_s": 0}
    for row in frame.to_dict("records"):
        device = vt.Device("ascend910c", {"hbm.bandwidth": row["hbm.bandwidth"]})
        run = vt.kernel("gemm", device=device, m=row["m"], n=row["n"], k=row["k"], mode="timing_only")
        assert (row["cycles"], row["time_us"], row["bound"], row["busy_MTE2"]) == (run.cycles, run.time_us, run.bound, run.pipes["MTE2"]["busy"])
        assert row["error"] is None
    assert frame["cycles"].nunique() > 2   # the override matters
    # Without a cluster to run on: all of it comes from the disk.
    monkeypatch.setattr(clusters, "connect", lambda *_, **__: pytest.fail("nothing was left to compute"))
    again = vt.sweep("gemm", SMALL, 2, cache_folder=folder, progress=False)
    assert (again.attrs["cache_hits"], again.attrs["computed"]) == (4, 0)
    pandas.testing.assert_frame_equal(again, frame)


def test_a_failed_point_keeps_its_error_and_the_others_their_results(folder):
    grid = {"a": [3, 0, 5], "overrides": {"clock": 2.0}}

    def divide(a, overrides):
        return {"quotient": 60 // a, "clock_seen": overrides["clock"]}

    frame = vt.sweep(divide, grid, 1, cache_folder=folder, progress=False)
    assert list(frame["quotient"].fillna(-1)) == [20, -1, 12] and str(frame["quotient"].dtype) == "Int64"
    assert [error is None for error in frame["error"]] == [True, False, True]
    assert frame["error"][1].startswith("ZeroDivisionError") and "in divide" in frame["error"][1]
    assert frame.attrs["failed"] == 1
    # A failure is no result: it is tried again.
    assert vt.sweep(divide, grid, 1, cache_folder=folder, progress=False).attrs["cache_hits"] == 2


def test_a_fault_of_a_kernel_is_its_points_error(folder, elves):
    def launch(kernel, elf):
        return vt.Device("ascend910c").load(elf)[kernel].launch(args=[np.zeros(4)])

    frame = vt.sweep(launch, {"kernel": ["breakpoint"]}, 1, cache_folder=folder, progress=False, elf=str(elves["scalars"]))
    assert frame["error"][0].startswith("fault:") and "scalars.cpp" in frame["error"][0]
    assert frame["cycles"][0] > 0 and frame["bound"][0]   # how far it came is told, too


def test_wrong_parameters_of_a_kernel_are_failed_points(folder):
    frame = vt.sweep("gemm", {"m": [64, -1], "n": 64, "k": 64, "hbm.bandwith": [1e12]}, 1, cache_folder=folder, progress=False)
    assert all("hbm.bandwith" in error for error in frame["error"])
    frame = vt.sweep("gemm", {"m": [64, -1], "n": 64, "k": 64}, 1, cache_folder=folder, progress=False)
    assert frame["error"][0] is None and "whole number" in frame["error"][1]


SCRIPT = """
import sys, time, vitruvian as vt

def slow(x):
    time.sleep(0.25)
    return x * x

frame = vt.sweep(slow, {"x": range(12)}, 1, cache_folder=sys.argv[1], progress=False)
print("done", frame.attrs["cache_hits"], frame.attrs["computed"], list(frame["value"]))
"""


def test_an_interrupted_sweep_goes_on_where_it_stopped(folder, tmp_path):
    """The script has no `if __name__` guard: workers must not run it again."""
    import diskcache

    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with diskcache.Cache(str(folder)) as kept:
        wait_for(lambda: len(kept) >= 3)
        process.send_signal(signal.SIGINT)
        assert "done" not in process.communicate(timeout=30)[0]
        stored = len(kept)
    assert 3 <= stored < 12
    resumed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert resumed.stdout.split("[")[0].split() == ["done", str(stored), str(12 - stored)]
    assert json.loads("[" + resumed.stdout.split("[")[1]) == [x * x for x in range(12)]


# --- a user's scheduler

def test_a_separate_scheduler_gives_equal_results_and_a_killed_worker_loses_nothing(folder, tmp_path):
    local = vt.sweep("gemm", SMALL, 2, cache=False, progress=False)
    marks = tmp_path / "marks"
    marks.mkdir()

    def point(number, marks):
        begun = Path(marks) / f"{number}-{os.getpid()}"
        begun.write_text("")
        time.sleep(0.4)
        begun.rename(f"{begun}.done")
        return {"square": number * number}

    with dask_cluster(tmp_path) as (address, workers):
        remote = vt.sweep("gemm", SMALL, address, cache=False, progress=False)
        assert remote.attrs["workers"] == 2
        pandas.testing.assert_frame_equal(comparable(remote), comparable(local))

        frames = []
        thread = threading.Thread(target=lambda: frames.append(vt.sweep(point, {"number": range(16), "marks": str(marks)}, address, cache_folder=folder, progress=False)))
        thread.start()
        victim = workers[0]
        wait_for(lambda: len(list(marks.glob(f"*-{victim.pid}.done"))) >= 2 and list(marks.glob(f"*-{victim.pid}")))
        victim.kill()
        thread.join(timeout=40)
    assert not thread.is_alive()
    frame, = frames
    assert list(frame["square"]) == [number * number for number in range(16)] and frame.attrs["failed"] == 0
    lost = {path.name.split("-")[0] for path in marks.glob(f"*-{victim.pid}")}
    assert lost, "the worker died between two points: nothing was tested"
    for number in lost:
        assert list(marks.glob(f"{number}-{workers[1].pid}.done"))   # done again by the other


def test_a_point_that_kills_every_worker_is_one_failed_point(folder):
    def deadly(x):
        if x == 1:
            os._exit(1)
        return x

    frame = vt.sweep(deadly, {"x": [0, 1, 2]}, 1, cache_folder=folder, progress=False)
    assert frame["error"][1].startswith("KilledWorker") and frame["error"][0] is None and frame["error"][2] is None


# --- the key

def test_the_key_of_a_function_follows_what_it_computes():
    offset = 1

    def plain(x):
        return x + offset

    def twin():
        def plain(x):   # somewhere else
            return x + offset
        return plain

    def changed():
        def plain(x):
            return x + 2 * offset
        return plain

    def bodies(*functions):
        return [fingerprint.digest(function) for function in functions]

    one, two, three = bodies(plain, twin(), changed())
    assert one == two != three
    offset = 2
    assert fingerprint.digest(plain) != one
    assert helped("return value") == helped("return value") != helped("return -value")


def helped(body):
    """The digest of a function that calls another one of its module."""
    names = {}
    exec(f"def inner(value):\n    {body}\ndef outer(value):\n    return inner(value)\n", names)
    return fingerprint.function_digest(names["outer"])


def test_the_key_of_a_value_tells_types_and_contents_apart():
    values = [1, 1.0, True, "1", None, [1], (1,), {"a": 1}, {"a": 2}, np.arange(3), np.arange(3.0), np.arange(3).reshape(3, 1)]
    assert len({fingerprint.digest(value) for value in values}) == len(values)
    assert fingerprint.digest({"a": 1, "b": 2}) == fingerprint.digest({"b": 2, "a": 1})
    assert fingerprint.digest(np.int64(3)) == fingerprint.digest(3)


def test_the_key_follows_chips_overrides_and_sources(tmp_path, monkeypatch):
    text = (Path(vt._core.data_directory()) / "chips" / "ascend910c.yaml").read_text()
    chip = tmp_path / "mine.yaml"
    chip.write_text(text)
    before = fingerprint.chip_digest(str(chip))
    assert before != fingerprint.chip_digest(str(chip), {"clock": 2e9})
    chip.write_text(text.replace("value: 1.8", "value: 1.7"))
    assert fingerprint.chip_digest(str(chip)) != before
    kernels = tmp_path / "kernels"
    kernels.mkdir()
    (kernels / "a.cpp").write_text("int a;")
    (tmp_path / "isa").mkdir()
    monkeypatch.setattr(fingerprint._core, "data_directory", lambda: str(tmp_path))
    sources = fingerprint.sources_digest()
    assert sources == fingerprint.sources_digest()
    (kernels / "a.cpp").write_text("int b;")
    assert fingerprint.sources_digest() != sources


def test_the_key_follows_the_packages_tables(tmp_path, monkeypatch):
    """What serving needs beside the chip stands in parameters.csv."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "parameters.csv").write_text("name,value\nhost_step,0\n")
    monkeypatch.setattr(fingerprint, "__file__", str(package / "fingerprint.py"))
    before = fingerprint.sources_digest()
    (package / "parameters.csv").write_text("name,value\nhost_step,1\n")
    assert fingerprint.sources_digest() != before


def test_the_cache_keeps_to_its_size(folder):
    import diskcache

    def big(x):
        return {"text": f"{x:06}" * 20_000}

    vt.sweep(big, {"x": range(40)}, 1, cache_folder=folder, cache_bytes=1 << 20, progress=False)
    with diskcache.Cache(str(folder)) as kept:
        kept.cull()
        assert 0 < kept.volume() < 2 << 20

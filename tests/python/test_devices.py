"""Several devices and chips in one process, threads, and what the package lists."""

import threading

import numpy as np
import pytest

import vitruvian as vt


def test_two_live_devices_take_turns(elves, vectors):
    x, y, expected = vectors
    devices = [vt.Device("ascend910c"), vt.Device("ascend910c")]
    kernels = [device.load(elves["add_custom"])["add_custom"] for device in devices]
    cycles = []
    for i in range(6):
        z = np.zeros_like(x)
        cycles.append(kernels[i % 2].launch(block_dim=8, args=[x + i, y, vt.out(z), x.size]).check().cycles)
        np.testing.assert_array_equal(z, (x + i) + y)
    assert len(set(cycles)) == 1


def test_another_chip_in_the_same_process(elves, vectors):
    x, y, expected = vectors
    cycles = {}
    for chip in ["ascend910c", "ascend910b4", "ascend910c"]:
        z = np.zeros_like(x)
        device = vt.Device(chip)
        run = device.load(elves["add_custom"])["add_custom"].launch(block_dim=8, args=[x, y, vt.out(z), x.size]).check()
        np.testing.assert_array_equal(z, expected)
        assert run.time_us == pytest.approx(run.cycles / device.clock_hz * 1e6, rel=1e-3)
        assert cycles.setdefault(chip, run.cycles) == run.cycles


def test_an_override_changes_the_time():
    """A memory-bound kernel on an eighth of the bandwidth."""
    runs = []
    for overrides in [{}, {"hbm.bandwidth": 0.2e12}]:
        device = vt.Device("ascend910c", overrides=overrides)
        assert bool(overrides) == ("hbm.bandwidth" in device.provenance)
        runs.append(vt.kernel("vector_add", device=device, n=4_000_000, mode="timing_only").check())
    assert runs[1].cycles > 2 * runs[0].cycles


def test_the_gil_is_released_during_a_run(scalars):
    """Another thread counts while a kernel without end runs into its instruction limit."""
    counted, done = [0], threading.Event()

    def count():
        while not done.wait(0.001):
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    scalars["forever"].launch(args=[np.zeros(4)], instruction_limit=20_000_000)
    done.set()
    thread.join()
    assert counted[0] > 10


def test_threads_with_a_device_each_do_not_deadlock(elves, vectors):
    x, y, expected = vectors
    outputs, threads = [np.zeros_like(x) for _ in range(4)], []

    def work(z):
        device = vt.Device("ascend910c")
        device.load(elves["add_custom"])["add_custom"].launch(block_dim=8, args=[x, y, vt.out(z), x.size])

    for z in outputs:
        threads.append(threading.Thread(target=work, args=(z,)))
        threads[-1].start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    for z in outputs:
        np.testing.assert_array_equal(z, expected)


def test_a_module_outlives_the_name_of_its_device(elves, vectors):
    x, y, expected = vectors
    kernel = vt.Device("ascend910c").load(elves["add_custom"])["add_custom"]
    z = np.zeros_like(x)
    kernel.launch(block_dim=8, args=[x, y, vt.out(z), x.size]).check()
    np.testing.assert_array_equal(z, expected)


def test_chips_come_with_units_sources_and_trust():
    assert {"ascend910c", "ascend910b1", "ascend910b4"} <= set(vt.chips())
    clock = vt.chip("ascend910c")["clock"]
    assert clock.value == 1.8e9 and clock.unit == "hertz" and clock.trust == "published" and clock.source
    assert vt.chip("ascend910c", {"clock": 1e9})["clock"].value == 1e9
    device = vt.Device("ascend910c")
    assert (device.aic_count, device.aiv_count, device.clock_hz) == (24, 48, 1.8e9)
    assert "24 AIC" in repr(device)
    assert "hbm_stack3" in device.hierarchy() and "MTE2" in device.hierarchy()


def test_the_operations_come_from_the_table():
    assert vt.Op["vadd_f32"] in vt.Op
    row = next(row for row in vt.operations() if row.name == "vadd_f32")
    assert row.pipe == "V" and row.is_pipe_operation and "src0 + src1" in row.text
    assert len(vt.Op) == len(vt.operations())

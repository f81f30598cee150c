"""Streams: launches one after another on the same cores, several streams at once, launches that wait for those of others."""

import numpy as np
import pytest

import vitruvian as vt


def prepare(kernel, n=16384, blocks=8, first_core=0, **options):
    device = kernel.module.device
    x, y, z = (device.zeros(n) for _ in range(3))
    return kernel.prepare([x, y, z, n], block_dim=blocks, first_core=first_core, **options)


def test_a_stream_runs_in_order_with_a_gap(device, add):
    [runs] = device.run_streams([[prepare(add), prepare(add), prepare(add)]])
    assert [run.start_cycle for run in runs] == [0, runs[0].end_cycle, runs[1].end_cycle]
    gap = vt.chip("ascend910c")["launch.gap"].value * 1e-6 * device.clock_hz
    assert runs[1].cores[0]["start"] == round(gap)
    assert runs[1].cycles < runs[0].cycles


def test_streams_share_the_chip_and_wait_for_each_other(device, add):
    first, second = [prepare(add), prepare(add)], [prepare(add, first_core=12), prepare(add, first_core=12)]
    first[1].wait_for(second[0])
    second[1].wait_for(first[1])
    (a, b), (c, d) = device.run_streams([first, second])
    assert c.start_cycle == 0
    assert b.start_cycle == max(a.end_cycle, c.end_cycle)
    assert d.start_cycle == b.end_cycle


def test_a_stream_computes(device, add, vectors):
    x, y, total = vectors
    z = np.empty_like(x)
    w = device.empty(x.shape)
    stream = [add.prepare([x, y, w, x.size], block_dim=8), add.prepare([w, y, vt.out(z), x.size], block_dim=8)]
    device.run_streams([stream])
    np.testing.assert_array_equal(z, total + y)


def test_mistakes(device, add):
    one, two = prepare(add), prepare(add)
    with pytest.raises(vt.Error, match="stands twice"):
        device.run_streams([[one, one]])
    one.wait_for(two)
    with pytest.raises(vt.Error, match="in none of them"):
        device.run_streams([[one]])
    two.wait_for(one)
    with pytest.raises(vt.Error, match="wait for each other"):
        device.run_streams([[one], [two]])
    with pytest.raises(vt.Error, match="disjoint cores"):
        device.run_streams([[prepare(add)], [prepare(add)]])


def test_streams_of_a_package(elves):
    package = vt.Package("ascend910c")
    adds = [die.load(elves["add_custom"])["add_custom"] for die in package.dies]
    first, second = prepare(adds[0]), prepare(adds[1]).wait_for()
    later = prepare(adds[1])
    later.wait_for(first)
    [[a], [b, c]] = package.run_streams([[first], [second, later]])
    assert c.start_cycle == max(a.end_cycle, b.end_cycle)


def test_a_peers_message_counts_from_its_launch(elves, tmp_path):
    from pathlib import Path

    source = Path(__file__).parents[1] / "kernels" / "package.cpp"
    exchange = vt.compile(source, tmp_path / "package.elf")
    for stage in (0, 7):
        package = vt.Package("ascend910c")
        die, peer = package.dies[0], package.add_peer(1 << 20)
        first = prepare(die.load(elves["add_custom"])["add_custom"], n=1 << 20)
        x, answer, flag, y = die.zeros(16384), die.zeros(16384), die.zeros(128), die.zeros(16384)
        package.stage = stage
        peer.send(answer, np.zeros(16384, np.float32), after_us=30)
        peer.send(flag, np.array([7], np.uint32), after_us=30)
        second = die.load(exchange)["exchange"].prepare([x, peer.address, answer, flag, y], stage=stage)
        [[one, two]] = package.run_streams([[first, second]])
        two.check()
        begins = two.start_cycle if stage else 0
        # The kernel ends when the flag has come: 30 us after the run's beginning, or after its own.
        assert two.end_cycle > begins + 30e-6 * die.clock_hz
        if not stage:
            assert one.time_us > 20 and two.time_us < 30

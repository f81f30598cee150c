"""Two dies, the link between them, and peers on the fabric."""

from pathlib import Path

import numpy as np
import pytest

import vitruvian as vt

KERNELS = Path(__file__).parents[1] / "kernels"
TILE = 16384  # floats that a block of `copies` moves at once


@pytest.fixture(scope="module")
def elf(tmp_path_factory):
    return vt.compile(KERNELS / "package.cpp", tmp_path_factory.mktemp("package") / "package.elf")


def test_a_kernel_reads_and_writes_the_other_die(elf):
    package = vt.Package("ascend910c")
    values = np.arange(4 * TILE, dtype=np.float32)
    x = package.dies[0].to_device(values)
    y = package.dies[1].zeros(values.shape)
    run = package.dies[0].load(elf)["copies"].launch(block_dim=4, args=[x, y, 1]).check()
    np.testing.assert_array_equal(y.numpy(), values)
    assert run.memory["remote_bytes_written"] == values.nbytes
    with pytest.raises(vt.Error, match="another device"):
        package.dies[0].load(elf)["copies"].launch(block_dim=4, args=[x, vt.Device().zeros(values.shape), 1])


def test_launches_on_both_dies_run_together(elf):
    package = vt.Package("ascend910c")
    kernels = [die.load(elf)["pulls"] for die in package.dies]
    arrays = [die.empty(8 * TILE) for die in package.dies]
    alone = kernels[0].launch(block_dim=8, args=[arrays[0], 1], mode="timing_only").check()
    runs = package.run_concurrently([kernel.prepare([array, 1], block_dim=8, mode="timing_only") for kernel, array in zip(kernels, arrays)])
    assert [run.cycles for run in runs] == [alone.cycles] * 2


def test_a_peer_answers(elf):
    package = vt.Package("ascend910c")
    peer = package.add_peer(1 << 20)
    die = package.dies[0]
    x = np.arange(TILE, dtype=np.float32)
    answer, flag, y = die.zeros(TILE), die.zeros(128), die.zeros(TILE)
    peer.send(answer, source=(65536, x.nbytes), after_us=2, when=(0, 1))
    peer.send(flag, np.array([7], np.uint32), after_us=2, when=(0, 1))
    run = die.load(elf)["exchange"].launch(args=[x, peer.address, answer, flag, y]).check()
    np.testing.assert_array_equal(y.numpy(), 2 * x)
    np.testing.assert_array_equal(peer.read(65536, TILE), x)
    assert run.memory["remote_bytes_written"] >= x.nbytes
    with pytest.raises(vt.Error, match="data or a source"):
        peer.send(answer)


def test_overrides_and_the_tree_of_modules(elf):
    assert "die1" in vt.Package().hierarchy()
    times = []
    for overrides in [{}, {"die_link.latency": 800}]:
        package = vt.Package("ascend910c", overrides)
        times.append(package.dies[0].load(elf)["pulls_a_line"].launch(args=[package.dies[1].empty(128)]).check().time_us)
    assert times[1] - times[0] == pytest.approx(0.8, rel=0.01)  # 400 ns more, twice

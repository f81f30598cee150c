"""Kernels of the tests, compiled once for a session."""

from pathlib import Path

import numpy as np
import pytest

import vitruvian as vt

KERNELS = Path(__file__).parent / "kernels"


@pytest.fixture(scope="session")
def elves(tmp_path_factory):
    """Paths of the compiled test kernels, by source name."""
    folder = tmp_path_factory.mktemp("elf")
    return {source.stem: vt.compile(source, folder / f"{source.stem}.elf") for source in KERNELS.glob("*.cpp")}


@pytest.fixture
def device():
    return vt.Device("ascend910c")


@pytest.fixture
def add(device, elves):
    return device.load(elves["add_custom"])["add_custom"]


@pytest.fixture
def scalars(device, elves):
    return device.load(elves["scalars"])


@pytest.fixture
def vectors():
    """Two inputs and their sum in fp32; 8 blocks take two tiles each."""
    random = np.random.default_rng(1)
    x, y = (random.standard_normal(8 * 2 * 1024).astype(np.float32) for _ in range(2))
    return x, y, x + y

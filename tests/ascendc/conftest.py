"""Compiles the sources of the cases, two at a time, and runs them on one device."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import vitruvian as vt

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def device():
    return vt.Device("ascend910c")


@pytest.fixture(scope="session")
def modules(device, tmp_path_factory):
    """Compiled modules by the name of their book, or by the stem of a file in kernels/."""
    from books import BOOKS
    from machine import KERNELS
    folder = tmp_path_factory.mktemp("ascendc")
    sources = {path.stem: path for path in KERNELS.glob("*.cpp")}
    for name, book in BOOKS.items():
        sources[name] = folder / f"{name}.cpp"
        sources[name].write_text(book.source())

    def build(item):
        name, path = item
        return name, vt.compile(path, folder / f"{name}.elf")
    with ThreadPoolExecutor(2) as pool:
        return {name: device.load(elf) for name, elf in pool.map(build, sources.items())}

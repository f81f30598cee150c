"""The riscv64 g++ builds the same kernels to the same results."""

import shutil

import numpy as np
import pytest

import test_cube as cube
import test_operations as operations
import test_shown_kernels as shown
import vitruvian as vt
from books import BOOKS
from machine import KERNELS, Ub, same

GCC = "riscv64-unknown-elf-g++"
pytestmark = pytest.mark.skipif(shutil.which(GCC) is None, reason=f"{GCC} is not installed (Debian package gcc-riscv64-unknown-elf)")
SHOWN = ("shown_add", "shown_quantise", "shown_mmad", "shown_lora", "cube_forms")


@pytest.fixture(scope="module")
def gcc_modules(device, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gcc")
    sources = {name: KERNELS / f"{name}.cpp" for name in SHOWN}
    for name in ("arithmetic", "moves"):
        sources[name] = folder / f"{name}.cpp"
        sources[name].write_text(BOOKS[name].source())
    return {name: device.load(vt.compile(path, folder / f"{name}.elf", compiler=GCC)) for name, path in sources.items()}


@pytest.mark.parametrize("sync", ["auto", "strict"])
def test_shown_kernels(device, gcc_modules, sync):
    shown.test_add(device, gcc_modules, 8, sync)
    shown.test_mmad(device, gcc_modules, 1, sync)


def test_kernels_with_scalar_arithmetic(device, gcc_modules):
    shown.test_quantisation(device, gcc_modules, 3, (1, 2, 5, 96))
    shown.test_lora(device, gcc_modules, 3, 5000, 2)


@pytest.mark.parametrize("form", range(12))
def test_cube(device, gcc_modules, form):
    cube.test_products(device, gcc_modules, form, 48, 32, 64, "strict")


@pytest.mark.parametrize("name", ["arithmetic", "moves"])
def test_one_case_of_each_statement(gcc_modules, name):
    last = {case.statement.number: case for case in BOOKS[name].cases}
    for case in last.values():
        data = case.inputs()
        expected = Ub(data)
        with np.errstate(all="ignore"):
            case.golden(expected, case.p)
        out, _ = operations.launch(gcc_modules[name], case, data, mode="functional_only")
        assert (problem := same(out, expected)) is None, f"{problem}\n{case.statement.code}"

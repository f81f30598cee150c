"""What `vitruvian cc` says of names that are not offered, and how long it takes."""

import resource
import shutil

import pytest

import vitruvian as vt
from machine import KERNELS

GCC = "riscv64-unknown-elf-g++"
BODY = """#include "kernel_operator.h"
using namespace AscendC;
extern "C" __global__ __aicore__ void kernel(GM_ADDR x) {{
  LocalTensor<half> a(TPosition::VECCALC, 0, 128);
  {}
}}
"""


def message(tmp_path, statement, **options):
    source = tmp_path / "kernel.cpp"
    source.write_text(BODY.format(statement))
    with pytest.raises(vt.Error) as error:
        vt.compile(source, tmp_path / "kernel.elf", **options)
    return str(error.value)


@pytest.mark.parametrize("compiler", ["", pytest.param(GCC, marks=pytest.mark.skipif(shutil.which(GCC) is None, reason="not installed"))])
@pytest.mark.parametrize("statement, hint", [
    ("MulCast(a, a, a, 128);", "hint: MulCast is part of Ascend C and not offered; instead: Add, Relu and Cast in turn"),
    ("AscendC::RpSort16(a, a, 1);", "hint: RpSort16 is part of Ascend C and not offered; instead: needs region proposals"),
    ("Matmul<int> mm;", "hint: Matmul is part of the high-level library"),
    ("Duplicat(a, half(1), 128);", "nearest: Duplicate"),
    ("Add(a, a);", "hint: Add is offered in namespace AscendC: (…, count)"),
])
def test_hints(tmp_path, compiler, statement, hint):
    text = message(tmp_path, statement, compiler=compiler)
    assert "error:" in text and "kernel.cpp:5" in text, text  # the compiler's own words come first
    assert hint in text, text


def test_no_hint_where_none_applies(tmp_path):
    assert "hint:" not in message(tmp_path, "int y = no_such_variable_anywhere;")


def test_a_typical_kernel_compiles_in_three_seconds(tmp_path):
    """Both passes and the link, in processor time: other work on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    vt.compile(KERNELS / "shown_quantise.cpp", tmp_path / "k.elf")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0 < spent < 3

"""What every kernel of the R1 library must pass: right over its grid of odd shapes, in order by its flags, in the same time without data, and
checked by a check that sees a dropped piece. What is particular to a kernel is in the files of its family."""

import pytest

import r1_checks
import vitruvian as vt
from vitruvian.r1 import kernels
from vitruvian.r1.attention import Attention
from vitruvian.r1.exchange import Exchange

KERNELS = tuple(name for name, kind in kernels().items() if not issubclass(kind, Attention))  # test_r1_attention.py has longer shapes for it
ON_ONE_DIE = tuple(name for name in KERNELS if not issubclass(kernels()[name], Exchange))
FOLLOWS_DATA = ("moe_gate",)  # test_r1_moe.py: timing_only says so


@pytest.mark.parametrize("name, shape, groups", r1_checks.cases(KERNELS), ids=r1_checks.words)
def test_a_kernel_is_right(name, shape, groups):
    r1_checks.is_right(name, shape, groups)


@pytest.mark.parametrize("name", KERNELS)
def test_a_dropped_piece_fails_the_check(name):
    r1_checks.sees_what_is_missing(name)


@pytest.mark.parametrize("name", KERNELS)
def test_strict_synchronisation_finds_no_hazard(name):
    r1_checks.is_ordered_by_flags(name)


@pytest.mark.parametrize("name", [name for name in KERNELS if name not in FOLLOWS_DATA])
def test_timing_only_takes_the_same_time(name):
    r1_checks.takes_the_same_time_without_data(name)


@pytest.mark.parametrize("first", range(0, len(ON_ONE_DIE), 8))
def test_kernels_run_beside_each_other_on_any_cores(first):
    r1_checks.runs_anywhere(ON_ONE_DIE[first : first + 8], vt.Device("ascend910c"))

"""R1's moves between layouts: right over odd shapes, on any cores, and a dropped piece is seen."""

import pytest

import r1_checks

KERNELS = ("strided_copy", "rope_place")


@pytest.mark.parametrize("name, shape, groups", r1_checks.cases(KERNELS), ids=r1_checks.words)
def test_a_kernel_is_right(name, shape, groups):
    r1_checks.is_right(name, shape, groups)


@pytest.mark.parametrize("name", KERNELS)
def test_a_dropped_piece_fails_the_check(name):
    r1_checks.sees_what_is_missing(name)


@pytest.mark.parametrize("name", KERNELS)
def test_strict_synchronisation_finds_no_hazard(name):
    r1_checks.is_ordered_by_flags(name)


@pytest.mark.parametrize("name", KERNELS)
def test_timing_only_takes_the_same_time(name):
    r1_checks.takes_the_same_time_without_data(name)

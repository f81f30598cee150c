"""Every offered operation of the vector unit against NumPy: the whole image of UB is compared, bit for bit where it can be."""

import numpy as np
import pytest

import vitruvian as vt
from books import BOOKS
from machine import IMAGE, Ub, same

CASES = [(book, case) for book in BOOKS.values() for case in book.cases]


def launch(module, case, data, **options):
    out = data.copy()
    out[:IMAGE] = 0xA5
    run = module["run"].launch(1, [data[:IMAGE], vt.inout(out), case.words(), case.statement.number], trace=False, **options)
    assert run.fault is None, run.fault
    return out, run


@pytest.mark.parametrize("book, case", CASES, ids=[case.name for _, case in CASES])
def test_against_numpy(modules, book, case):
    data = case.inputs()
    expected = Ub(data)
    with np.errstate(all="ignore"):
        case.golden(expected, case.p)
    out, _ = launch(modules[book.name], case, data, mode="functional_only")
    assert (problem := same(out, expected)) is None, f"{problem}\n{case.statement.code}\n{case.p}"


def test_there_are_enough_cases():
    assert len(CASES) >= 1500


@pytest.mark.parametrize("place", [0, 12288, IMAGE - 1])
def test_the_comparison_sees_one_wrong_bit(modules, place):
    book = BOOKS["arithmetic"]
    case = next(c for c in book.cases if "Add half->half count 64" in c.name or "Add half->half count 128" in c.name)
    data = case.inputs()
    expected = Ub(data)
    with np.errstate(all="ignore"):
        case.golden(expected, case.p)
    out, _ = launch(modules[book.name], case, data, mode="functional_only")
    assert (out[:256] != data[:256]).any()
    out[place] ^= 1
    assert same(out, expected) is not None


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_every_statement_is_the_same_with_the_clock_and_strictly_synchronised(modules, name):
    """One case of each statement: full mode gives the bits of functional-only, and strict mode raises no alarm."""
    book, seen = BOOKS[name], {}
    for case in book.cases:
        seen.setdefault(case.statement.number, []).append(case)
    for cases in seen.values():
        case = cases[len(cases) // 2]
        data = case.inputs()
        plain, _ = launch(modules[name], case, data, mode="functional_only")
        timed, run = launch(modules[name], case, data, sync="strict")
        assert run.cycles > 0
        np.testing.assert_array_equal(plain, timed, err_msg=case.statement.code)

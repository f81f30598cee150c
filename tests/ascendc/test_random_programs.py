"""Well-synchronised random programs raise no alarm; without one set/wait pair that mattered, strict mode names the conflict."""

import re

import numpy as np
import pytest

import random_programs as rp
import vitruvian as vt

PROGRAMS, MUTANTS, OUT = 40, 200, 64 * 1024
MNEMONICS = {rp.LOAD: "copy_gm_to_ubuf", rp.STORE: "copy_ubuf_to_gm", rp.ADD: "vadd_f32", rp.MULS: "vmuls_f32", rp.MAX: "vmax_f32", rp.REDUCE: "vcadd_f32"}
DATA = np.random.default_rng(9).standard_normal(4096).astype(np.float32)


def run(modules, rows, **options):
    # UB starts with whatever it holds: zeros on a fresh core.
    out = np.zeros(OUT // 4, np.float32)
    result = modules["random_program"]["interpret"].launch(1, [rp.encode(rows), DATA, vt.out(out)], trace=False, **options)
    return out, result


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_synchronised_program_raises_no_alarm(modules, seed):
    rows = rp.Generator(seed).program(8 + seed % 20)
    assert rp.unordered(rows) == []
    expected = rp.reference(rows, DATA, OUT)
    outs, results = zip(*(run(modules, rows, **o) for o in ({"mode": "functional_only"}, {"sync": "auto"}, {"sync": "strict"})))
    for out, result in zip(outs, results):
        assert result.fault is None, result.fault
        np.testing.assert_array_equal(out, expected)
    assert results[1].cycles == results[2].cycles  # a synchronised kernel costs the same in both


def mutants():
    """Programs that lost one pair whose loss the oracle says matters, without a flag that is set twice."""
    found, seed = [], 1000
    while len(found) < MUTANTS:
        seed += 1
        rows = rp.Generator(seed).program(8 + seed % 18)
        pairs = sorted({row.pair for row in rows if row.pair >= 0})
        for pair in np.random.default_rng(seed).permutation(pairs):
            mutant = [row for row in rows if row.pair != pair]
            if conflicts := rp.unordered(mutant):
                found.append((seed, mutant, conflicts))
                break
    return found


def names(fault, earlier, later) -> bool:
    """Does the fault speak of these two operations: their names, their pipes and the bytes they touch?"""
    text = fault.report()
    if not all(MNEMONICS[row.code] in text and row.pipe() in text for row in (earlier, later)):
        return False
    said = [(kind, int(low, 16), int(high, 16)) for kind, low, high in re.findall(r"(reads|writes) UB \[0x([0-9a-f]+), 0x([0-9a-f]+)\)", text)]
    assert len(said) == 2 and said[0][1] < said[1][2] and said[1][1] < said[0][2], text

    def touches(row, said):
        # The whole blocks of an operand, or those of its last, partial repeat.
        kind, low, high = said
        reads, writes = row.ranges()
        return any(first <= low and high <= -(-last // 32) * 32 for first, last in (reads if kind == "reads" else writes))
    return any(touches(earlier, one) and touches(later, other) for one, other in (said, said[::-1]))


def test_a_lost_pair_is_named(modules):
    alarms = 0
    for seed, rows, conflicts in mutants():
        _, result = run(modules, rows, sync="strict")
        assert result.fault is not None and result.fault.kind == "hazard", f"seed {seed}: {result.fault}"
        assert any(names(result.fault, a, b) or names(result.fault, b, a) for a, b in conflicts), f"seed {seed}: {result.fault.report()}\n{conflicts}"
        alarms += 1
    assert alarms == MUTANTS

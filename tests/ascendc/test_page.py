"""The table of offered names: complete for what public kernels need first, and every name executed by a test."""

import re
import sys
from pathlib import Path

import pytest

from books import BOOKS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import generate_ascendc_page as generator  # noqa: E402

TABLE = generator.rows()


def tokens(text):
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"[^"\n]*"', "", text)
    return set(re.findall(r"[A-Za-z_]\w*", text))


def executed():
    """Names in statements of cases (all run by test_operations.py) and in kernels that the other tests launch."""
    from machine import ENTRY, PRELUDE
    names = tokens(PRELUDE) | tokens(ENTRY)
    for book in BOOKS.values():
        for statement in {case.statement.code for case in book.cases}:
            names |= tokens(statement)
    launched = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    for path in (Path(__file__).parent / "kernels").glob("*.cpp"):
        assert f'"{path.stem}"' in launched, f"no test launches {path.name}"
        names |= tokens(path.read_text())
    return names


def test_every_offered_name_is_executed():
    have = executed()
    missing = [row["name"] for row in TABLE if row["status"] == "offered" and row["name"] not in have]
    assert not missing


def test_names_are_unique():
    names = [row["name"] for row in TABLE]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("tiers, share", [(("T25", "T50", "T80", "T80+"), 1.0), (("T25", "T50", "T80", "T80+", "T90", "T95"), 0.95)])
def test_what_public_kernels_need_is_there(tiers, share):
    needed = [row for row in TABLE if row["tier"] in tiers]
    assert len(needed) > 120
    assert sum(row["status"] != "not_offered" for row in needed) >= share * len(needed)


def test_names_of_the_library_are_in_its_headers():
    folder = ROOT / "kernels/include/lib"
    if not folder.exists():
        pytest.skip("this checkout has no kernels/include/lib")
    text = set()
    for path in [*folder.rglob("*.h"), *(ROOT / "kernels/include/kernel_tiling").glob("*.h")]:
        text |= tokens(path.read_text())
    missing = [row["name"] for row in TABLE if row["status"] == "library" and row["name"] not in text]
    assert not missing


def test_the_page_is_up_to_date():
    assert (ROOT / "docs/ascendc.md").read_text() == generator.page(TABLE), "run scripts/generate_ascendc_page.py"

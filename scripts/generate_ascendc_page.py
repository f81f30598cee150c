#!/usr/bin/env python3
"""Writes docs/ascendc.md from kernels/include/api.csv: what of Ascend C is offered, in which forms, and what is not."""

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIERS = ("T25", "T50", "T80", "T80+", "T90", "T95")


def rows():
    with open(ROOT / "kernels/include/api.csv", newline="") as file:
        return list(csv.DictReader(file))


def page(table) -> str:
    offered = [row for row in table if row["status"] == "offered"]
    library = [row for row in table if row["status"] == "library"]
    absent = [row for row in table if row["status"] == "not_offered"]
    lines = ["# Ascend C: what is offered", "",
             "Written by `scripts/generate_ascendc_page.py` from `kernels/include/api.csv`; a test holds that every offered name is executed by a test.",
             "The tier says how soon public kernels need a name: T25 first, T80+ the recommended first target.", "",
             f"{len(offered)} names in `kernel_operator.h`, {len(library)} in the high-level library (`kernels/include/lib`), {len(absent)} known and not offered.", ""]
    for tier in TIERS:
        names = [row for row in table if row["tier"] == tier]
        have = sum(row["status"] != "not_offered" for row in names)
        lines.append(f"* {tier}: {have} of {len(names)}")
    for group in dict.fromkeys(row["group"] for row in offered):
        lines += ["", f"## {group[0].upper()}{group[1:]}", "", "| name | tier | forms | types, remarks |", "|---|---|---|---|"]
        for row in offered:
            if row["group"] == group:
                lines.append(f"| `{row['name']}` | {row['tier']} | {row['forms'].replace('|', '&#124;')} | {row['note']} |")
    lines += ["", "## High-level library", "", ", ".join(f"`{row['name']}`" for row in library) + ".", "", "## Not offered", "", "| name | instead |", "|---|---|"]
    lines += [f"| `{row['name']}` | {row['note']} |" for row in absent]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs/ascendc.md").write_text(page(rows()))

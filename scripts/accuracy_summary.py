#!/usr/bin/env python3
"""Keeps what the accuracy harness says for reports that quote it: vitruvian accuracy --json | scripts/accuracy_summary.py"""

import json
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "accuracy_summary.json"


def main() -> int:
    data = json.load(sys.stdin)
    summary = data["summary"]
    kept = {name: summary[name] for name in ("rows", "mean_absolute_error", "worst_error", "worst_row")}
    kept |= {"provenance": data["provenance"], "command": "vitruvian accuracy --json | scripts/accuracy_summary.py"}
    PAGE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{PAGE}: {kept['mean_absolute_error']:.1%} over {kept['rows']} rows, worst {kept['worst_error']:.1%} ({kept['worst_row']})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

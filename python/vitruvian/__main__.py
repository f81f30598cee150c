"""The command `vitruvian` of the Python package: R1's commands here, all others by the compiled command line.

The C++ program `vitruvian` hands `kernel NAME` of an R1 kernel and `r1 ...` over to `python -m vitruvian`.
"""

import sys

from . import _core


def main(words: list[str] | None = None) -> int:
    words = sys.argv[1:] if words is None else words
    named = words[1] if words[:1] == ["kernel"] and len(words) > 1 and not words[1].startswith("-") else None
    if words[:1] != ["r1"] and (named is None or named in _core.library_kernels()):
        return _core.command_line(["vitruvian", *words])
    from .r1 import cli

    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main())

"""Compiled kernels kept on disk under the hash of all that they are made from."""

import functools
import hashlib
import os
import tempfile
from pathlib import Path

from .. import _core
from ..device import compile
from ..fingerprint import KERNEL_ENDINGS, folder_digest


def cache_directory() -> Path:
    """$VITRUVIAN_CACHE, or ~/.cache/vitruvian."""
    place = os.environ.get("VITRUVIAN_CACHE")
    return Path(place) if place else Path.home() / ".cache" / "vitruvian"


@functools.lru_cache
def _sources_digest(folder: Path, stamp: int) -> bytes:
    return folder_digest(folder, KERNEL_ENDINGS).encode()


def _newest(folder: Path) -> int:
    return max((path.stat().st_mtime_ns for path in folder.rglob("*")), default=0)


def cached_elf(source: str, flags: tuple[str, ...] = ()) -> str:
    """The ELF of kernels/r1/`source`, compiled where the cache lacks it. The key: the folder, device headers, table, flags, revision."""
    data = Path(_core.data_directory())
    path = data / "kernels" / "r1" / source
    digest = hashlib.sha256(f"{_core.revision()}\0{path}\0{flags}".encode())
    # Headers of the three folders; of kernels/r1 the one source that is compiled, too.
    for folder in (data / "kernels" / "include", data / "kernels" / "lib", data / "isa"):
        digest.update(_sources_digest(folder, _newest(folder)))
    for header in sorted(path.parent.glob("*.h")):
        digest.update(header.name.encode() + b"\0" + header.read_bytes())
    try:
        digest.update(path.read_bytes())
    except OSError as error:
        _core.fail("cannot read the kernel's source", str(path), "a file of kernels/r1", error.strerror)
    elf = cache_directory() / f"{path.stem}-{digest.hexdigest()[:20]}.elf"
    if not elf.exists():
        elf.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=elf.parent) as folder:  # renamed when whole: two processes may compile at once
            os.replace(compile(path, Path(folder) / elf.name, ["-I" + str(data / "kernels" / "lib"), *flags]), elf)
    return str(elf)

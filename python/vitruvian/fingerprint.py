"""Digests of what a result rests on, so that a cached result is found again exactly while none of it has changed.

    value, function, chip, sources --> sha256 --> the key of a disk cache
"""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import os
import pickle
import sys
import types
from pathlib import Path
from typing import Any, Callable

import numpy as np

from . import _core
from .chips import revision

KERNEL_ENDINGS = (".h", ".hpp", ".def", ".cpp")


def digest(*values: Any) -> str:
    """One text for numbers, strings, arrays, containers and functions; equal values have equal texts in every process."""
    state = hashlib.sha256()
    for value in values:
        _feed(state, value, ())
    return state.hexdigest()


def _feed(state, value: Any, seen: tuple) -> None:
    if isinstance(value, np.generic):
        value = value.item()
    state.update(type(value).__name__.encode() + b"(")
    if isinstance(value, dict):
        for key in sorted(value, key=repr):
            _feed(state, key, seen)
            _feed(state, value[key], seen)
    elif isinstance(value, (set, frozenset)):
        for part in sorted(value, key=repr):
            _feed(state, part, seen)
    elif isinstance(value, (list, tuple)):
        for part in value:
            _feed(state, part, seen)
    elif isinstance(value, np.ndarray):
        state.update(repr((value.dtype.str, value.shape)).encode() + np.ascontiguousarray(value).tobytes())
    elif value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        state.update(repr(value).encode())
    elif isinstance(value, functools.partial):
        _feed(state, (value.func, value.args, value.keywords), seen)
    elif isinstance(value, types.MethodType):
        _feed(state, (value.__func__, value.__self__), seen)
    elif isinstance(value, types.FunctionType):
        _feed_function(state, value, seen)
    elif isinstance(value, types.CodeType):
        _feed_code(state, value, seen)
    elif isinstance(value, type):
        _feed_class(state, value, seen)
    elif isinstance(value, types.ModuleType):
        state.update(f"{value.__name__} {getattr(value, '__version__', '')}".encode())
    elif id(value) in seen:
        state.update(b"again")
    elif type(value).__module__ not in sys.stdlib_module_names and hasattr(value, "__dict__"):
        _feed(state, (type(value), vars(value)), (*seen, id(value)))
    else:
        try:
            state.update(pickle.dumps(value, protocol=4))
        except Exception as error:  # whatever an object's own pickling raises
            _core.fail("a value has no digest", repr(value)[:80], "numbers, strings, arrays, containers, functions, or what pickles", str(error))
    state.update(b")")


def _feed_code(state, code: types.CodeType, seen: tuple) -> None:
    """What a body computes: instructions, constants and names, but no file or line."""
    state.update(code.co_code + repr((code.co_names, code.co_varnames, code.co_freevars)).encode())
    _feed(state, list(code.co_consts), seen)


def _feed_function(state, function: types.FunctionType, seen: tuple) -> None:
    """The body, defaults, captured values, and the globals of its own module that it names, functions among them by their bodies.
    What it imports from elsewhere counts by module name and version only."""
    key = id(function.__code__)
    if key in seen:
        state.update(b"again")
        return
    seen = (*seen, key)
    _feed_code(state, function.__code__, seen)
    _feed(state, [function.__defaults__, function.__kwdefaults__], seen)
    for cell in function.__closure__ or ():
        try:
            _feed(state, cell.cell_contents, seen)
        except ValueError:   # a name that is not bound yet
            state.update(b"empty")
    for name in sorted(_global_names(function.__code__)):
        if name not in function.__globals__:
            continue
        named = function.__globals__[name]
        state.update(name.encode())
        elsewhere = getattr(named, "__module__", None)
        if callable(named) and elsewhere not in (function.__module__, None):
            state.update(f"{elsewhere}.{getattr(named, '__qualname__', name)}".encode())
        else:
            try:
                _feed(state, named, seen)
            except _core.Error:   # a lock, an open file: no value that a result could rest on
                state.update(b"no value")


def _global_names(code: types.CodeType) -> set[str]:
    names = {instruction.argval for instruction in dis.get_instructions(code) if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def _feed_class(state, kind: type, seen: tuple) -> None:
    state.update(f"{kind.__module__}.{kind.__qualname__}".encode())
    if kind in seen or kind.__module__ == "builtins":
        return
    for name, member in sorted(vars(kind).items()):
        function = getattr(member, "__func__", getattr(member, "fget", member))
        if inspect.isfunction(function) and function.__module__ == kind.__module__:
            _feed(state, function, (*seen, kind))


def folder_digest(folder: Path, endings: tuple[str, ...]) -> str:
    """Names and contents of the files below a folder."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in endings and path.is_file():
            state.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()


def sources_digest() -> str:
    """The emulator's revision, the kernels and device headers, the instruction table, the Python package with its tables."""
    data = Path(_core.data_directory())
    parts = [revision(), _core_digest(_core.__file__, os.stat(_core.__file__).st_mtime_ns)]
    parts += [folder_digest(data / folder, KERNEL_ENDINGS) for folder in ("kernels", "isa")]
    return digest(parts, folder_digest(Path(__file__).parent, (".py", ".csv")))


@functools.lru_cache
def _core_digest(path: str, stamp: int) -> str:
    """The compiled module itself: two builds of one dirty revision differ."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def chip_digest(name: str, overrides: dict[str, float] | None = None) -> str:
    """The chip files (one stands on another, and costs stand in them beside the values), the name and the overrides."""
    own = Path(name).read_bytes() if os.path.isfile(name) else b""
    return digest(os.fspath(name), own, overrides or {}, folder_digest(Path(_core.data_directory()) / "chips", (".yaml", ".csv")))


def function_digest(function: Callable) -> str:
    """What a function computes, wherever it stands."""
    return digest(getattr(function, "__qualname__", type(function).__name__), function)

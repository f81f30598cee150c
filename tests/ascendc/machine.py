"""A model of UB in NumPy, written apart from the emulator: strided, masked operands as the public API describes them.

A case runs one statement of device code on an image of UB; the model gives the image that it must leave. What the statement
does not write is compared too: the whole image is the guard zone.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import ml_dtypes
import numpy as np

KERNELS = Path(__file__).parent / "kernels"  # written by hand
IMAGE = 48 * 1024
RESULTS = IMAGE - 256  # scalar results of a statement, 64 bits each
GLOBAL = 16 * 1024  # device memory behind the image: source and destination of transfers
bf16 = ml_dtypes.bfloat16
CPP = {np.dtype(np.float16): "half", np.dtype(np.float32): "float", np.dtype(bf16): "bfloat16_t", np.dtype(np.int8): "int8_t",
       np.dtype(np.uint8): "uint8_t", np.dtype(np.int16): "int16_t", np.dtype(np.uint16): "uint16_t", np.dtype(np.int32): "int32_t",
       np.dtype(np.uint32): "uint32_t", np.dtype(np.int64): "int64_t", np.dtype(np.uint64): "uint64_t"}


def is_float(dtype) -> bool:
    return np.dtype(dtype).kind == "f" or np.dtype(dtype) == np.dtype(bf16)


class Ub:
    """The image: bytes, typed views, and where values may differ a little."""

    def __init__(self, data: np.ndarray):
        self.bytes = data.copy()
        self.tolerances = []  # (first byte, last byte, dtype, relative tolerance)

    def view(self, address, dtype, count):
        size = np.dtype(dtype).itemsize
        return self.bytes[address:address + count * size].view(dtype)

    def read(self, addresses, dtype):
        size = np.dtype(dtype).itemsize
        return self.bytes[addresses[:, None] + np.arange(size)].copy().view(dtype).reshape(-1)

    def write(self, addresses, values, dtype):
        size = np.dtype(dtype).itemsize
        raw = np.ascontiguousarray(values.astype(dtype)).view(np.uint8).reshape(-1, size)
        self.bytes[addresses[:, None] + np.arange(size)] = raw

    def near(self, address, count, dtype, tolerance):
        self.tolerances.append((address, address + count * np.dtype(dtype).itemsize, np.dtype(dtype), tolerance))


@dataclass
class Operand:
    address: int
    dtype: np.dtype
    block: int = 1
    repeat: int = 8

    def places(self, r, lanes):
        """Byte addresses of the lanes of repeat r."""
        size = np.dtype(self.dtype).itemsize
        i = np.arange(lanes)
        return self.address + r * self.repeat * 32 + i // (32 // size) * self.block * 32 + i % (32 // size) * size


def mask_of(mask, lanes) -> np.ndarray:
    """A count of lanes, or (low, high) words of bits."""
    if isinstance(mask, tuple):
        bits = mask[0] | mask[1] << 64
        return np.array([bits >> i & 1 for i in range(lanes)], bool)
    return np.arange(lanes) < mask


def run_repeats(ub: Ub, dst: Operand, sources, lanes, repeats, mask, function, tolerance=0.0, reads_dst=False):
    """Element-wise over repeats: all sources of a repeat are read before it is written, repeats in order."""
    on = mask_of(mask, lanes)
    for r in range(repeats):
        _one_repeat(ub, dst, sources, lanes, r, on, function, tolerance, reads_dst)


def run_count(ub: Ub, dst: Operand, sources, lanes, count, function, tolerance=0.0, reads_dst=False):
    """Counter form over contiguous operands: the last repeat is partial."""
    for r in range(-(-count // lanes)):
        _one_repeat(ub, dst, sources, lanes, r, np.arange(lanes) < count - r * lanes, function, tolerance, reads_dst)


def _one_repeat(ub, dst, sources, lanes, r, on, function, tolerance, reads_dst):
    if not on.any():
        return
    to = dst.places(r, lanes)[on]
    values = [ub.read(source.places(r, lanes)[on], source.dtype) for source in sources]
    if reads_dst:
        values.append(ub.read(to, dst.dtype))
    with np.errstate(all="ignore"):
        ub.write(to, function(*values), dst.dtype)
    if is_float(dst.dtype):
        size = np.dtype(dst.dtype).itemsize
        for address in to:
            ub.tolerances.append((int(address), int(address) + size, np.dtype(dst.dtype), tolerance))


def same(actual: np.ndarray, ub: Ub) -> str | None:
    """None if the images agree; otherwise the first place that does not."""
    wrong = np.flatnonzero(actual != ub.bytes)
    if wrong.size == 0:
        return None
    excused = np.zeros(actual.size, bool)
    for first, last, dtype, tolerance in ub.tolerances:
        if not (actual[first:last] != ub.bytes[first:last]).any():
            continue
        a, b = actual[first:last].view(dtype), ub.bytes[first:last].view(dtype)
        with np.errstate(all="ignore"):
            a64, b64 = a.astype(np.float64), b.astype(np.float64)
            # The smallest steps count where the values are tiny.
            step = 2.0 ** -24 if dtype.itemsize == 2 else 2.0 ** -149
            good = (np.isnan(a64) & np.isnan(b64)) | (a64 == b64) & (tolerance > 0)
            if tolerance:
                good |= np.abs(a64 - b64) <= tolerance * np.abs(b64) + step
        excused[first:last] |= np.repeat(good, dtype.itemsize)
    wrong = wrong[~excused[wrong]]
    if wrong.size == 0:
        return None
    at = int(wrong[0])
    aligned = at // 8 * 8
    return (f"{wrong.size} bytes differ, first at {at}: got {actual[aligned:aligned + 8].tobytes().hex()} "
            f"expected {ub.bytes[aligned:aligned + 8].tobytes().hex()}")


# --- data

def numbers(rng, dtype, count, special=True, low=-8.0, high=8.0):
    """Ordinary values with extreme ones among them."""
    dtype = np.dtype(dtype)
    if not is_float(dtype):
        info = np.iinfo(dtype)
        out = rng.integers(info.min, info.max, count, dtype=dtype, endpoint=True)
        small = rng.integers(-3 if info.min else 0, 4, count).astype(dtype)
        return np.where(rng.random(count) < 0.5, small, out)
    out = rng.uniform(low, high, count).astype(dtype)
    if special:
        info = ml_dtypes.finfo(dtype)
        extremes = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, float(info.max), float(info.tiny), float(info.smallest_subnormal), 0.5, -1.5, 2.5],
                            np.float64).astype(dtype)
        out = np.where(rng.random(count) < 0.15, rng.choice(extremes, count), out)
    return out


def image(rng, dtype, **how) -> np.ndarray:
    return numbers(rng, dtype, (IMAGE + GLOBAL) // np.dtype(dtype).itemsize, **how).astype(dtype).view(np.uint8).copy()


# --- cases

@dataclass
class Statement:
    """One line of device code; p[i] are the numbers of the case."""

    code: str
    number: int = -1


@dataclass
class Case:
    name: str
    statement: Statement
    p: list
    golden: Callable  # (ub, p) -> None
    fill: np.dtype = np.dtype(np.float32)
    setup: Callable | None = None  # (ub, rng) -> None: changes the input image
    how: dict = field(default_factory=dict)

    def inputs(self) -> np.ndarray:
        rng = np.random.default_rng(abs(hash_of(self.name)))
        ub = Ub(image(rng, self.fill, **self.how))
        if self.setup:
            self.setup(ub, rng)
        return ub.bytes

    def words(self) -> np.ndarray:
        return np.array([int(v) & (1 << 64) - 1 for v in self.p] + [0] * (16 - len(self.p)), np.uint64)


def hash_of(text: str) -> int:
    """The same in every process."""
    value = 0
    for c in text.encode():
        value = (value * 131 + c) % (1 << 31)
    return value


PRELUDE = """// Written by tests/ascendc/machine.py: one statement a case, chosen at run time.
#include "kernel_operator.h"
using namespace AscendC;
constexpr uint32_t kImage = %d, kResults = %d;
template <typename T>
__aicore__ inline LocalTensor<T> at(int64_t address) {
  return LocalTensor<T>(TPosition::VECCALC, static_cast<uint32_t>(address), (kImage - static_cast<uint32_t>(address)) / sizeof(T));
}
// Device memory behind the image.
template <typename T>
__aicore__ inline GlobalTensor<T> global(GM_ADDR out, int64_t offset) {
  GlobalTensor<T> view;
  view.SetGlobalBuffer(reinterpret_cast<__gm__ T*>(out + kImage + offset));
  return view;
}
// A 64-bit result of the scalar unit.
__aicore__ inline void result(uint32_t i, uint64_t value) { at<uint64_t>(kResults).SetValue(i, value); }
"""

ENTRY = """
extern "C" __global__ __aicore__ void run(GM_ADDR in, GM_ADDR out, GM_ADDR words, uint32_t number) {
  KERNEL_TASK_TYPE_DEFAULT(KERNEL_TYPE_AIV_ONLY);
  if ASCEND_IS_AIV {
    GlobalTensor<uint8_t> from, to;
    from.SetGlobalBuffer(in), to.SetGlobalBuffer(out);
    InitSocState();
    DataCopy(at<uint8_t>(0), from, kImage);
    SetFlag<HardEvent::MTE2_V>(EVENT_ID0), WaitFlag<HardEvent::MTE2_V>(EVENT_ID0);
    SetFlag<HardEvent::MTE2_S>(EVENT_ID0), WaitFlag<HardEvent::MTE2_S>(EVENT_ID0);
    SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0), WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
    const auto* p = reinterpret_cast<__gm__ int64_t*>(words);
    switch (number) {
%s
    }
    PipeBarrier<PIPE_ALL>();
    SetFlag<HardEvent::V_MTE3>(EVENT_ID0), WaitFlag<HardEvent::V_MTE3>(EVENT_ID0);
    SetFlag<HardEvent::S_MTE3>(EVENT_ID0), WaitFlag<HardEvent::S_MTE3>(EVENT_ID0);
    SetFlag<HardEvent::MTE2_MTE3>(EVENT_ID0), WaitFlag<HardEvent::MTE2_MTE3>(EVENT_ID0);
    DataCopy(to, at<uint8_t>(0), kImage);
    PipeBarrier<PIPE_ALL>();
  }
}
"""


class Book:
    """Statements and cases of one source."""

    def __init__(self, name: str):
        self.name, self.statements, self.cases = name, {}, []

    def statement(self, code: str) -> Statement:
        if code not in self.statements:
            self.statements[code] = Statement(code, len(self.statements))
        return self.statements[code]

    def add(self, name, code, p, golden, **more):
        self.cases.append(Case(f"{self.name}: {name} #{len(self.cases)}", self.statement(code), p, golden, **more))

    def source(self) -> str:
        lines = "\n".join(f"      case {s.number}: {{ {s.code} break; }}" for s in self.statements.values())
        return PRELUDE % (IMAGE, RESULTS) + ENTRY % lines

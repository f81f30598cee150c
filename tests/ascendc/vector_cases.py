"""Element-wise operations, conversions, fills: every type and form, with tails, strides, masks, repeats, overlaps."""

import numpy as np

from machine import CPP, RESULTS, Book, Operand, bf16, is_float, run_count, run_repeats

half, single = np.dtype(np.float16), np.dtype(np.float32)
s16, u16, s32, u32 = (np.dtype(t) for t in (np.int16, np.uint16, np.int32, np.uint32))
s64, s8, u8, brain = np.dtype(np.int64), np.dtype(np.int8), np.dtype(np.uint8), np.dtype(bf16)
A, B, C = 0, 12288, 24576  # three operands with room around them


def lanes_of(*dtypes):
    return 256 // max(np.dtype(t).itemsize for t in dtypes)


def wide(function):
    """Half is computed in float and rounded once."""
    def apply(*values):
        if values[0].dtype == half:
            return function(*(v.astype(np.float32) for v in values))
        return function(*values)
    return apply


def maximum(a, b):
    if not is_float(a.dtype):
        return np.maximum(a, b)
    zero = (a == 0) & (b == 0)
    return np.where(zero, np.where(np.signbit(a), b, a), np.maximum(a, b))


def minimum(a, b):
    if not is_float(a.dtype):
        return np.minimum(a, b)
    zero = (a == 0) & (b == 0)
    return np.where(zero, np.where(np.signbit(a), a, b), np.minimum(a, b))


def relu(x):
    return maximum(x, np.zeros_like(x))


BINARY = {
    "Add": (np.add, (half, single, s16, s32)), "Sub": (np.subtract, (half, single, s16, s32)), "Mul": (np.multiply, (half, single, s16, s32)),
    "Max": (maximum, (half, single, s16, s32)), "Min": (minimum, (half, single, s16, s32)), "Div": (np.divide, (half, single)),
    "And": (np.bitwise_and, (s16, u16)), "Or": (np.bitwise_or, (s16, u16)),
    "AddRelu": (lambda a, b: relu(a + b), (half, single)), "SubRelu": (lambda a, b: relu(a - b), (half, single)),
}
UNARY = {
    "Abs": (np.abs, (half, single), 0), "Relu": (relu, (half, single, s32), 0), "Not": (np.invert, (s16, u16), 0),
    "Exp": (np.exp, (half, single), 1e-3), "Ln": (np.log, (half, single), 1e-3), "Sqrt": (np.sqrt, (half, single), 0),
    "Rsqrt": (lambda x: 1 / np.sqrt(x), (half, single), 2e-3), "Reciprocal": (lambda x: 1 / x, (half, single), 1e-3),
}
SCALAR = {
    "Adds": (lambda x, s: x + s, (half, single, s16, s32)), "Muls": (lambda x, s: x * s, (half, single, s16, s32)),
    "Maxs": (lambda x, s: maximum(x, np.full_like(x, s)), (half, single, s16, s32)),
    "Mins": (lambda x, s: minimum(x, np.full_like(x, s)), (half, single, s16, s32)),
    "LeakyRelu": (lambda x, s: np.where(x > 0, x, x * s), (half, single)),
}


def counts(lanes):
    """Counts and places of (dst, a, b); the last two are in place."""
    for n in (0, 1, lanes - 1, lanes, lanes + 1, 5 * lanes + 7):
        yield n, A, B, C
    yield 3 * lanes + 3, B, B, C
    yield 2 * lanes + 1, C, B, C


def patterns(lanes):
    """(mask, repeats, (dst, src0, src1) block strides, repeat strides, places); masks of both kinds."""
    odd = 0x5555_5555_5555_5555
    high = 0xffff_0000_ffff_0000 if lanes > 64 else 0
    yield lanes, 4, (1, 1, 1), (8, 8, 8), (A, B, C)
    yield lanes // 2 + 3, 3, (1, 1, 1), (8, 8, 8), (A, B, C)
    yield 1, 5, (1, 1, 1), (1, 8, 8), (A, B, C)
    yield lanes, 3, (2, 1, 1), (16, 8, 8), (A, B, C)
    yield lanes - 1, 4, (1, 2, 1), (8, 16, 0), (A, B, C)
    yield lanes, 0, (1, 1, 1), (8, 8, 8), (A, B, C)
    yield 0, 2, (1, 1, 1), (8, 8, 8), (A, B, C)
    yield lanes, 255, (1, 1, 1), (1, 1, 1), (A, B, C)
    yield lanes, 3, (1, 1, 1), (8, 8, 8), (B + 32, B, C)  # overlaps its source by all but one block
    yield (odd, high), 3, (1, 1, 1), (8, 8, 8), (A, B, C)
    yield (0, 0), 2, (1, 1, 1), (8, 8, 8), (A, B, C)
    yield (0x8000_0000_0000_0001, 1 << 63 if lanes > 64 else 0), 2, (1, 1, 1), (9, 8, 8), (B, B, C)


def add_pair(book, name, dst, src, functions, code_count, code_mask, code_bits, operands, tolerance=0, reads_dst=False, extra=(), fill=None, how=None,
             some=False):
    """The three forms of an operation with `operands` sources of type src; functions() gives the element function."""
    lanes = lanes_of(dst, src)
    dr, sr = 8 * dst.itemsize * lanes // 256, 8 * src.itemsize * lanes // 256
    more = {"fill": fill or src, "how": how or {}}
    for n, *where in list(counts(lanes))[:: 2 if some else 1]:
        where = [w if dst == src or i or w == A else A for i, w in enumerate(where)]

        def golden(ub, p, n=n, where=where):
            sources = [Operand(w, src, 1, sr) for w in where[1:1 + operands]]
            run_count(ub, Operand(where[0], dst, 1, dr), sources, lanes, n, functions(), tolerance, reads_dst)
        book.add(f"{name} {CPP[src]}->{CPP[dst]} count {n}", code_count, [*where, n, *extra], golden, **more)
    for mask, repeats, blocks, strides, where in list(patterns(lanes))[:: 2 if some else 1]:
        if dst != src and where[0] != A:
            continue
        if strides == (8, 8, 8):
            strides = (dr, sr, sr)

        def golden(ub, p, mask=mask, repeats=repeats, blocks=blocks, strides=strides, where=where):
            sources = [Operand(w, src, b, s) for w, b, s in zip(where[1:1 + operands], blocks[1:], strides[1:])]
            run_repeats(ub, Operand(where[0], dst, blocks[0], strides[0]), sources, lanes, repeats, mask, functions(), tolerance, reads_dst)
        code, first = (code_bits, [*mask]) if isinstance(mask, tuple) else (code_mask, [mask, 0])
        book.add(f"{name} {CPP[src]}->{CPP[dst]} mask {mask} repeat {repeats} strides {blocks} {strides}", code,
                 [*where, *first, repeats, *blocks, *strides, *extra], golden, **more)


U8 = "static_cast<uint8_t>"
BIN_PARAMS = ", ".join(f"uint8_t(p[{i}])" for i in (6, 7, 8, 9, 10, 11))
UN_PARAMS = ", ".join(f"uint16_t(p[{i}])" for i in (6, 7, 9, 10))
BITS = "const uint64_t mask[2] = {uint64_t(p[3]), uint64_t(p[4])};"


def binary_forms(name, dst, src, call=None):
    call = call or name
    operands = f"at<{CPP[dst]}>(p[0]), at<{CPP[src]}>(p[1]), at<{CPP[src]}>(p[2])"
    return (f"{call}({operands}, int32_t(p[3]));",
            f"{call}({operands}, uint64_t(p[3]), uint8_t(p[5]), BinaryRepeatParams({BIN_PARAMS}));",
            f"{BITS} {call}({operands}, mask, uint8_t(p[5]), BinaryRepeatParams({BIN_PARAMS}));")


def unary_forms(name, dst, src, middle=""):
    operands = f"at<{CPP[dst]}>(p[0]), at<{CPP[src]}>(p[1]){middle}"
    count_middle = operands.replace("p[12]", "p[4]")
    return (f"{name}({count_middle}, int32_t(p[3]));",
            f"{name}({operands}, uint64_t(p[3]), uint8_t(p[5]), UnaryRepeatParams({UN_PARAMS}));",
            f"{BITS} {name}({operands}, mask, uint8_t(p[5]), UnaryRepeatParams({UN_PARAMS}));")


def arithmetic():
    book = Book("arithmetic")
    for name, (function, dtypes) in BINARY.items():
        for t in dtypes:
            add_pair(book, name, t, t, lambda f=function: wide(f), *binary_forms(name, t, t), operands=2)
    for name, (function, dtypes, tolerance) in UNARY.items():
        for t in dtypes:
            near = tolerance / (100 if t == single else 1)
            how = {"low": 0.01, "high": 6.0} if tolerance else {}
            add_pair(book, name, t, t, lambda f=function: wide(f), *unary_forms(name, t, t), operands=1, tolerance=near, how=how, some=True)
    return book


def scalars():
    book = Book("scalars")
    for name, (function, dtypes) in SCALAR.items():
        for t in dtypes:
            for value in ((3, -7) if not is_float(t) else (2.5, -0.125)):
                bits = int(np.array(value, t).view(f"u{t.itemsize}"))
                middle = f", __builtin_bit_cast({CPP[t]}, uint{t.itemsize * 8}_t(p[12]))"
                add_pair(book, name, t, t, lambda f=function, v=np.array(value, t): wide(lambda x: f(x, v.astype(x.dtype))),
                         *unary_forms(name, t, t, middle), operands=1, extra=(bits,), some=True)
    # Literals of other types are converted: kernels pass ints and doubles for half.
    for t, code in ((half, "Adds(at<half>(p[0]), at<half>(p[1]), 2, int32_t(p[3]));"), (single, "Muls(at<float>(p[0]), at<float>(p[1]), 0.5, int32_t(p[3]));"),
                    (half, "Maxs<half>(at<half>(p[0]), at<half>(p[1]), 1.0f, int32_t(p[3]));")):
        function = {"Adds": lambda x: x + 2, "Muls": lambda x: x * np.float32(0.5), "Maxs": lambda x: maximum(x, np.ones_like(x))}[code[:4]]
        for n in (5, 300):
            book.add(f"literal {code[:12]} {n}", code, [A, B, C, n],
                     lambda ub, p, t=t, n=n, f=function: run_count(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), n, wide(f)), fill=t)
    # Shifts: logical to the left, arithmetic for signed types to the right, with rounding where asked.
    for t in (s16, u16, s32, u32):
        for distance in (0, 1, 5):
            for name, function in (("ShiftLeft", lambda x, d: x << d), ("ShiftRight", lambda x, d: x >> d)):
                middle = f", {CPP[t]}(p[12])"
                add_pair(book, name, t, t, lambda f=function, d=distance: lambda x: f(x, x.dtype.type(d)), *unary_forms(name, t, t, middle), operands=1,
                         extra=(distance,), some=True)
    for t in (s16, s32):
        code = f"ShiftRight(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), {CPP[t]}(3), int32_t(p[3]), true);"
        book.add(f"ShiftRight rounds {CPP[t]}", code, [A, B, C, 333],
                 lambda ub, p, t=t: run_count(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), 333, lambda x: ((x.astype(np.int64) + 4) >> 3).astype(t)), fill=t)
    # Fused operations that read their destination.
    for name, function in (("MulAddDst", lambda a, b, d: a * b + d), ("FusedMulAdd", lambda a, b, d: a * d + b),
                           ("FusedMulAddRelu", lambda a, b, d: relu(a * d + b))):
        for t in (half, single):
            add_pair(book, name, t, t, lambda f=function: wide(f), *binary_forms(name, t, t), operands=2, reads_dst=True, some=True, how={"low": -3, "high": 3})
    add_pair(book, "MulAddDst", single, half, lambda: lambda a, b, d: a.astype(np.float32) * b.astype(np.float32) + d, *binary_forms("MulAddDst", single, half),
             operands=2, reads_dst=True, some=True)
    for dst, src in ((half, half), (single, single), (single, half)):
        bits = int(np.array(-1.75, src).view(f"u{src.itemsize}"))
        middle = f", __builtin_bit_cast({CPP[src]}, uint{src.itemsize * 8}_t(p[12]))"
        add_pair(book, "Axpy", dst, src, lambda dst=dst: lambda x, d: x.astype(np.float32) * np.float32(-1.75) + d.astype(np.float32),
                 *unary_forms("Axpy", dst, src, middle), operands=1, reads_dst=True, extra=(bits,), some=True)
    # A mask that SetVectorMask put there.
    for t in (half, single):
        low, high = 0x0f0f_1234, 0x8001 if t == half else 0
        code = (f"SetMaskNorm(); SetVectorMask<{CPP[t]}, MaskMode::NORMAL>(uint64_t(p[4]), uint64_t(p[3])); "
                f"Add<{CPP[t]}, false>(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), MASK_PLACEHOLDER, uint8_t(p[5]), {{1, 1, 1, 8, 8, 8}}); ResetMask();")
        book.add(f"SetVectorMask {CPP[t]}", code, [A, B, C, low, high, 3],
                 lambda ub, p, t=t, m=(low, high): run_repeats(ub, Operand(A, t), [Operand(B, t), Operand(C, t)], lanes_of(t), 3, m, wide(np.add)), fill=t)
        code = (f"SetMaskCount(); SetVectorMask<{CPP[t]}, MaskMode::COUNTER>(int32_t(p[3])); "
                f"Abs<{CPP[t]}, false>(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), MASK_PLACEHOLDER, 1, {{1, 1, 8, 8}}); SetMaskNorm(); ResetMask();")
        for n in (1, 77, 500):
            book.add(f"SetVectorMask counter {CPP[t]} {n}", code, [A, B, C, n],
                     lambda ub, p, t=t, n=n: run_count(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), n, np.abs), fill=t)
    for n in (16, 250):
        code = "Xor(at<uint16_t>(p[0]), at<uint16_t>(p[1]), at<uint16_t>(p[2]), at<uint8_t>(p[4]), uint32_t(p[3]));"

        def golden(ub, p, n=n):
            a, b = ub.view(B, u16, n).copy(), ub.view(C, u16, n).copy()
            ub.view(A, u16, n)[:] = a ^ b
            ub.view(A + 4096, u16, n)[:] = ~(a & b)
        book.add(f"Xor {n}", code, [A, B, C, n, A + 4096], golden, fill=u16)
    return book


# --- conversions

def step(values, up):
    """The neighbour of each value in its format."""
    bits = values.view(f"i{values.dtype.itemsize}")
    info = np.iinfo(bits.dtype)
    key = np.where(bits < 0, info.min - bits, bits).astype(np.int64) + (1 if up else -1)
    back = np.where(key < 0, info.min - key, key)
    return back.astype(bits.dtype).view(values.dtype)


def to_float(x, dtype, mode):
    """x (wider, exact) to a float format; mode r f c a z o."""
    near = x.astype(np.float32).astype(dtype) if dtype == brain else x.astype(dtype)
    if dtype == brain:  # float32 -> bf16 rounds once where x is float32
        near = x.astype(np.float32).astype(bf16)
    exact = x.astype(np.longdouble)
    value = near.astype(np.float64).astype(np.longdouble)
    low, high = np.where(value > exact, step(near, False), near), np.where(value < exact, step(near, True), near)
    low, high = low.astype(dtype), high.astype(dtype)
    negative = np.signbit(exact)
    if mode == "r":
        out = near
    elif mode == "f":
        out = low
    elif mode == "c":
        out = high
    elif mode == "z":
        out = np.where(negative, high, low)
    elif mode == "o":
        out = np.where(low.view(f"u{dtype.itemsize}") & 1 != 0, low, high)
        out = np.where(value == exact, near, out)
    else:  # ties away from zero
        middle = (low.astype(np.float64).astype(np.longdouble) + high.astype(np.float64).astype(np.longdouble)) / 2
        tie = np.isfinite(low.astype(np.float64)) & np.isfinite(high.astype(np.float64)) & (exact == middle) & (low != high)
        out = np.where(tie, np.where(negative, low, high), near)
    out = np.where((near == 0) & (exact == 0), near, out.astype(dtype)).astype(dtype)
    return np.where(np.isfinite(exact), out, near).astype(dtype)


def to_integer(x, dtype, mode):
    x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        whole = {"r": np.rint, "f": np.floor, "c": np.ceil, "z": np.trunc, "a": lambda v: np.trunc(v + np.copysign(0.5, v))}[mode](x)
    info = np.iinfo(dtype)
    out = np.zeros(x.shape, np.int64)
    inside = np.isfinite(whole) & (whole >= float(info.min)) & (whole < float(info.max) + (1 if info.max < 2 ** 53 else 0))
    out[inside] = whole[inside].astype(np.int64)
    out[whole > 0] = np.where(inside, out, info.max)[whole > 0]
    out[whole < 0] = np.where(inside, out, info.min)[whole < 0]
    return out.astype(dtype)


MODES = {"r": "RINT", "f": "FLOOR", "c": "CEIL", "a": "ROUND", "z": "TRUNC"}
CASTS = [  # dst, src, modes
    (single, half, ""), (single, brain, ""), (single, s16, ""), (half, s8, ""), (half, u8, ""), (s64, s32, ""), (s32, s64, ""), (s16, s32, ""),
    (half, s16, "rfcaz"), (half, single, "rfcazo"), (brain, single, "rfcaz"), (s32, single, "rfcaz"), (s16, single, "rfcaz"), (s64, single, "rfcaz"),
    (single, single, "rfcaz"), (single, s32, "rfcaz"), (single, s64, "rfcaz"), (s32, half, "rfcaz"), (s16, half, "rfcaz"), (s8, half, "rfcaz"),
    (u8, half, "rfcaz"), (s32, brain, "rfcaz")]


def convert(x, dst, mode):
    if is_float(dst):
        if is_float(x.dtype) and x.dtype == dst:  # to whole numbers in the same format
            with np.errstate(all="ignore"):
                return {"r": np.rint, "f": np.floor, "c": np.ceil, "z": np.trunc, "a": lambda v: np.trunc(v.astype(np.float64) + np.copysign(0.5, v))}[mode](x)
        if is_float(x.dtype):
            exact = x.astype(np.float64 if dst != brain else np.float32)
            return to_float(exact, dst, mode)
        return to_float(x.astype(np.longdouble if x.dtype == s64 else np.float64), dst, mode)
    if is_float(x.dtype):
        return to_integer(x, dst, mode)
    info = np.iinfo(dst)
    return np.clip(x, info.min, info.max).astype(dst)


def conversions():
    book = Book("conversions")
    for dst, src, modes in CASTS:
        for mode in modes or "n":
            name = "CAST_NONE" if mode == "n" else "CAST_ODD" if mode == "o" else f"CAST_{MODES[mode]}"
            middle = f", RoundMode::{name}"
            function = lambda dst=dst, mode=mode: lambda x: convert(x, dst, "r" if mode == "n" else mode)
            add_pair(book, f"Cast {name}", dst, src, function, *unary_forms("Cast", dst, src, middle), operands=1, some=True,
                     how={"low": -300.0, "high": 300.0} if is_float(src) else {})
    for n in (1, 64, 200):
        code = "SetDeqScale(half(0.5f)); Cast(at<half>(p[0]), at<int32_t>(p[1]), RoundMode::CAST_NONE, uint32_t(p[3]));"
        book.add(f"Cast deq {n}", code, [A, B, C, n],
                 lambda ub, p, n=n: run_count(ub, Operand(A, half, 1, 4), [Operand(B, s32)], 64, n, lambda x: (x.astype(np.float64) * 0.5).astype(half)), fill=s32)
    for n in (2, 64, 250):  # int4: two a byte, the lower one first
        def unpack(ub, p, n=n):
            raw = ub.view(B, u8, n // 2)
            nibbles = np.stack([raw & 15, raw >> 4], 1).reshape(-1).astype(np.int8)
            ub.view(A, half, n)[:] = np.where(nibbles > 7, nibbles - 16, nibbles)
        book.add(f"Cast int4 -> half {n}", "Cast(at<half>(p[0]), at<int8_t>(p[1]).ReinterpretCast<int4b_t>(), RoundMode::CAST_NONE, uint32_t(p[3]));", [A, B, C, n], unpack, fill=u8)

        def pack(ub, p, n=n):
            whole = np.clip(np.rint(np.nan_to_num(ub.view(B, half, n).astype(np.float64), nan=0.0)), -8, 7).astype(np.int8) & 15
            ub.view(A, u8, n // 2)[:] = (whole[0::2] | whole[1::2] << 4).astype(np.uint8)
        book.add(f"Cast half -> int4 {n}", "Cast(at<int8_t>(p[0]).ReinterpretCast<int4b_t>(), at<half>(p[1]), RoundMode::CAST_RINT, uint32_t(p[3]));", [A, B, C, n], pack, fill=half)
    book.add("ToFloat", "const bfloat16_t x = at<bfloat16_t>(p[1]).GetValue(3); at<float>(p[0]).SetValue(0, ToFloat(x)); at<bfloat16_t>(p[0]).SetValue(8, ToBfloat16(at<float>(p[2]).GetValue(1)));",
             [A, B, C], lambda ub, p: (ub.view(A, single, 1).__setitem__(0, np.float32(ub.view(B, brain, 4)[3])),
                                       ub.view(A + 16, brain, 1).__setitem__(0, bf16(ub.view(C, single, 2)[1]))), fill=single, how={"special": False})
    return book

"""Fills, copies, gathers, transposes, index vectors; transfers between device memory and UB."""

import numpy as np

from machine import CPP, IMAGE, RESULTS, Book, Operand, bf16, mask_of, run_count, run_repeats
from vector_cases import A, B, C, brain, half, lanes_of, s16, s32, s64, s8, single, u16, u32, u8

u64 = np.dtype(np.uint64)
BITS = "const uint64_t mask[2] = {uint64_t(p[3]), uint64_t(p[4])};"
ODD = (0x5555_5555_5555_5555, 0xf0f0_0000_0000_0001)


def bits_of(value, t):
    return int(np.array(value, t).view(f"u{t.itemsize}"))


def fills(book):
    for t in (half, single, s16, u16, s32, u32, brain):
        value = -1.5 if t in (half, single, brain) else 77
        constant = f"__builtin_bit_cast({CPP[t]}, uint{8 * t.itemsize}_t(p[12]))"
        lanes, function = lanes_of(t), lambda t=t, v=value: lambda x: np.full(x.shape, v, t)
        extra = [0] * 8 + [bits_of(value, t)]
        for n in (0, 1, lanes + 5, 700):
            book.add(f"Duplicate {CPP[t]} {n}", f"Duplicate(at<{CPP[t]}>(p[0]), {constant}, int32_t(p[3]));", [A, B, C, n, *extra],
                     lambda ub, p, t=t, n=n, f=function: run_count(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), n, f()), fill=t)
        for mask, repeats, block, stride in ((lanes, 3, 1, 8), (5, 4, 2, 16), (ODD if lanes == 128 else (ODD[0], 0), 2, 1, 9), (lanes, 0, 1, 8)):
            if isinstance(mask, tuple):
                code, first = f"{BITS} Duplicate(at<{CPP[t]}>(p[0]), {constant}, mask, uint8_t(p[5]), uint16_t(p[6]), uint8_t(p[7]));", [*mask]
            else:
                code, first = f"Duplicate(at<{CPP[t]}>(p[0]), {constant}, uint64_t(p[3]), uint8_t(p[5]), uint16_t(p[6]), uint8_t(p[7]));", [mask, 0]
            p = [A, B, C, *first, repeats, block, stride, 0, 0, 0, 0, bits_of(value, t)]
            book.add(f"Duplicate {CPP[t]} {mask} {repeats}", code, p,
                     lambda ub, p, t=t, m=mask, r=repeats, b=block, s=stride, f=function: run_repeats(ub, Operand(A, t, b, s), [Operand(B, t)], lanes_of(t), r, m, f()),
                     fill=t)
    for t in (half, s16, u16, single, s32):
        lanes = lanes_of(t)
        for mask, repeats, p4 in ((lanes, 3, (1, 1, 8, 8)), (9, 2, (2, 1, 16, 8)), (ODD if lanes == 128 else (ODD[0], 0), 3, (1, 2, 8, 16)), (lanes, 0, (1, 1, 8, 8))):
            if isinstance(mask, tuple):
                code, first = f"{BITS} Copy(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), mask, uint8_t(p[5]), CopyRepeatParams(p[6], p[7], p[8], p[9]));", [*mask]
            else:
                code, first = f"Copy(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), uint64_t(p[3]), uint8_t(p[5]), CopyRepeatParams(p[6], p[7], p[8], p[9]));", [mask, 0]
            book.add(f"Copy {CPP[t]} {mask} {repeats}", code, [A, B, C, *first, repeats, *p4],
                     lambda ub, p, t=t, m=mask, r=repeats, q=p4: run_repeats(ub, Operand(A, u16 if t.itemsize == 2 else u32, q[0], q[2]), [Operand(B, u16 if t.itemsize == 2 else u32, q[1], q[3])],
                                                                             lanes_of(t), r, m, lambda x: x), fill=t)
        for repeats, block, stride in ((1, 1, 8), (4, 1, 8), (3, 2, 16), (0, 1, 8)):
            def golden(ub, p, t=t, repeats=repeats, block=block, stride=stride):
                source, per = ub.view(B, t, 8 * repeats).copy(), 32 // t.itemsize
                for i, value in enumerate(source):
                    ub.view(A + (i // 8 * stride + i % 8 * block) * 32, t, per)[:] = value
            book.add(f"Brcb {CPP[t]} {repeats} {block} {stride}", f"Brcb(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), uint8_t(p[3]), BrcbRepeatParams(p[4], p[5]));",
                     [A, B, C, repeats, block, stride], golden, fill=u16 if t.itemsize == 2 else u32)


def gathers(book):
    def offsets(t, n):
        def setup(ub, rng):
            ub.view(C, u32, n)[:] = rng.integers(0, 4096 // t.itemsize, n) * t.itemsize
        return setup
    for t in (half, s16, u16, single, s32, u32):
        word, lanes = (u16, 128) if t.itemsize == 2 else (u32, 64)
        for n in (0, 1, lanes + 3, 500):
            def golden(ub, p, t=word, n=n):
                at = B + 64 + ub.view(C, u32, n).astype(np.int64)
                ub.write(A + np.arange(n) * t.itemsize, ub.read(at, t), t) if n else None
            book.add(f"Gather {CPP[t]} {n}", f"Gather(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<uint32_t>(p[2]), uint32_t(64), uint32_t(p[3]));",
                     [A, B, C, n], golden, fill=word, setup=offsets(t, 512))
        for mask, repeats, stride in ((lanes, 2, 8), (7, 3, 10), ((ODD[0], ODD[1] if lanes == 128 else 0), 2, 8), (lanes, 0, 8)):
            def golden(ub, p, t=word, mask=mask, repeats=repeats, stride=stride, lanes=lanes):
                on = mask_of(mask, lanes)
                for r in range(repeats):
                    o = ub.view(C + r * lanes * 4, u32, lanes).astype(np.int64)[on]
                    ub.write(Operand(A, t, 1, stride).places(r, lanes)[on], ub.read(B + o, t), t)
            call = "Gather(at<{0}>(p[0]), at<{0}>(p[1]), at<uint32_t>(p[2]), uint32_t(0), {1}, uint8_t(p[5]), uint16_t(p[6]));"
            code, first = (BITS + call.format(CPP[t], "mask"), [*mask]) if isinstance(mask, tuple) else (call.format(CPP[t], "uint64_t(p[3])"), [mask, 0])
            book.add(f"Gather {CPP[t]} {mask} {repeats}", code, [A, B, C, *first, repeats, stride], golden, fill=word, setup=offsets(t, 512))
    def blocks(ub, rng):
        ub.view(C, u32, 64)[:] = rng.integers(0, 100, 64) * 32
    for t in (u16, single):
        for repeats, block, stride in ((1, 1, 8), (3, 2, 17), (0, 1, 8)):
            def golden(ub, p, repeats=repeats, block=block, stride=stride):
                o = ub.view(C, u32, 64).astype(np.int64)
                for i in range(8 * repeats):
                    to = A + (i // 8 * stride + i % 8 * block) * 32
                    ub.bytes[to:to + 32] = ub.bytes[B + o[i]:B + o[i] + 32]
            book.add(f"Gatherb {CPP[t]} {repeats} {block}", f"Gatherb(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<uint32_t>(p[2]), uint8_t(p[3]), GatherRepeatParams(p[4], p[5]));",
                     [A, B, C, repeats, block, stride], golden, fill=u16, setup=blocks)


def kept(pattern, n):
    i = np.arange(n)
    return {1: i % 2 == 0, 2: i % 2 == 1, 3: i % 4 == 0, 4: i % 4 == 1, 5: i % 4 == 2, 6: i % 4 == 3, 7: i >= 0}[pattern]


def gather_masks(book):
    for t in (half, u16, s16, single, s32, u32):
        word = u16 if t.itemsize == 2 else u32
        lanes, per = 256 // t.itemsize, 32 // t.itemsize
        cases = [(pattern, False, 0, 3, 1, 8) for pattern in range(1, 8)] + [(1, True, 70, 1, 1, 8), (7, True, 33, 4, 1, 5), (4, True, 256, 2, 1, 40), (0, False, 0, 2, 1, 8),
                                                                             (0, True, 100, 3, 1, 16), (2, False, 0, 2, 2, 16), (7, False, 0, 0, 1, 8)]
        for pattern, reduce, n, repeats, block, stride in cases:
            def golden(ub, p, t=word, pattern=pattern, reduce=reduce, n=n, repeats=repeats, block=block, stride=stride, lanes=lanes, per=per):
                count = n if reduce else lanes
                out = []
                for r in range(repeats):
                    i = np.arange(count)
                    values = ub.read(B + r * stride * 32 + i // per * block * 32 + i % per * t.itemsize, t)
                    if pattern:
                        keep = kept(pattern, count)
                    else:
                        bits = ub.view(C + r * 32, u8, -(-count // 8))
                        keep = np.unpackbits(bits, bitorder="little")[:count].astype(bool)
                    out.append(values[keep])
                out = np.concatenate(out) if out else np.zeros(0, t)
                ub.view(A, t, len(out))[:] = out
                ub.view(RESULTS, u64, 1)[:] = len(out)
                ub.view(RESULTS + 8, u64, 1)[:] = len(out)
            mask = "uint8_t(p[3])" if pattern else f"at<uint{8 * t.itemsize}_t>(p[2])"
            code = (f"uint64_t kept = 0; GatherMask(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), {mask}, p[4] != 0, uint32_t(p[5]), "
                    "GatherMaskParams(uint8_t(p[7]), uint16_t(p[6]), uint16_t(p[8]), 1), kept); result(0, kept); result(1, GetGatherMaskRemainCount());")
            book.add(f"GatherMask {CPP[t]} pattern {pattern} {reduce} {n} {repeats}", code, [A, B, C, pattern, reduce, n, repeats, block, stride], golden, fill=word)


def transposes(book):
    for t in (half, u16, s16):
        def golden(ub, p):
            ub.view(A, u16, 256)[:] = ub.view(B, u16, 256).reshape(16, 16).T.reshape(-1).copy()
        book.add(f"Transpose {CPP[t]}", f"Transpose(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]));", [A, B], golden, fill=u16)
    # Sixteen rows of 32 B, spread in UB, in four forms of lists.
    for t in (u16, half, single, s8):
        for repeats, form in ((1, "array"), (3, "tensors"), (2, "ub")):
            if t == s8 and form == "ub":
                continue
            rows = 64 * 4  # bytes from row to row
            stride = 0 if repeats == 1 else 2
            lists = {"array": "uint64_t d[16], s[16]; for (int i = 0; i < 16; ++i) d[i] = p[0] + i * p[3], s[i] = p[1] + i * p[3];",
                     "tensors": "LocalTensor<{0}> d[16], s[16]; for (int i = 0; i < 16; ++i) d[i] = at<{0}>(p[0] + i * p[3]), s[i] = at<{0}>(p[1] + i * p[3]);",
                     "ub": "LocalTensor<uint64_t> d = at<uint64_t>(p[2]), s = at<uint64_t>(p[2] + 128); for (int i = 0; i < 16; ++i) d.SetValue(i, p[0] + i * p[3]), s.SetValue(i, p[1] + i * p[3]);"}
            code = lists[form].format(CPP[t]) + f" TransDataTo5HD<{CPP[t]}>(d, s, TransDataTo5HDParams(false, p[6] != 0, uint8_t(p[4]), uint16_t(p[5]), uint16_t(p[5])));"
            for high in ((0, 1) if t == s8 else (0,)):
                def golden(ub, p, t=t, repeats=repeats, form=form, stride=stride, high=high):
                    if form == "ub":
                        ub.view(C, u64, 16)[:] = A + np.arange(16) * rows
                        ub.view(C + 128, u64, 16)[:] = B + np.arange(16) * rows
                    columns = 16 if t == s8 else 32 // t.itemsize
                    for r in range(repeats):
                        matrix = np.stack([ub.view(B + i * rows + r * stride * 32 + 16 * high, t, columns) for i in range(16)]).copy()
                        flat = matrix.T.reshape(-1)  # row of column c first
                        if t.itemsize == 4:
                            flat = flat.reshape(16, 8)
                            for i in range(16):
                                ub.view(A + i * rows + r * stride * 32, t, 8)[:] = flat[i]
                        else:
                            for i, row in enumerate(flat.reshape(16, 16)):
                                ub.view(A + i * rows + r * stride * 32, t, 16)[:] = row
                book.add(f"TransDataTo5HD {CPP[t]} {form} {repeats} {high}", code, [A, B, C, rows, repeats, stride, high], golden, fill=u16)


def indices(book):
    for t in (half, single, s16, s32):
        for first, step, n in ((0, 1, 1), (3, 2, 40), (-5, 1, 333), (0, 0, 17)):
            cast = f"{CPP[t]}(int32_t(p[3])), {CPP[t]}(int32_t(p[4]))"
            for name in ("ArithProgression", "Arange"):
                book.add(f"{name} {CPP[t]} {first} {step} {n}", f"{name}<{CPP[t]}>(at<{CPP[t]}>(p[0]), {cast}, int32_t(p[5]));", [A, B, C, first, step, n],
                         lambda ub, p, t=t, f=first, s=step, n=n: ub.view(A, t, n).__setitem__(slice(None), (f + s * np.arange(n)).astype(t)), fill=u16)
        book.add(f"CreateVecIndex {CPP[t]}", f"CreateVecIndex(at<{CPP[t]}>(p[0]), {CPP[t]}(int32_t(p[3])), uint32_t(p[5]));", [A, B, C, 7, 0, 200],
                 lambda ub, p, t=t: ub.view(A, t, 200).__setitem__(slice(None), (7 + np.arange(200)).astype(t)), fill=u16)
        lanes = lanes_of(t)
        for mask, repeats, block, stride in ((lanes, 3, 1, 8), (9, 2, 1, 8), ((ODD[0], ODD[1] if lanes == 128 else 0), 2, 2, 16), (lanes, 0, 1, 8)):
            def golden(ub, p, t=t, mask=mask, repeats=repeats, block=block, stride=stride, lanes=lanes):
                on = mask_of(mask, lanes)
                for r in range(repeats):
                    ub.write(Operand(A, t, block, stride).places(r, lanes)[on], (7 + r * lanes + np.arange(lanes))[on].astype(t), t)
            call = f"CreateVecIndex(at<{CPP[t]}>(p[0]), {CPP[t]}(7), {{}}, uint8_t(p[5]), uint16_t(p[6]), uint8_t(p[7]));"
            code, first = (BITS + call.format("mask"), [*mask]) if isinstance(mask, tuple) else (call.format("uint64_t(p[3])"), [mask, 0])
            book.add(f"CreateVecIndex {CPP[t]} {mask}", code, [A, B, C, *first, repeats, block, stride], golden, fill=u16)


def moves():
    book = Book("moves")
    for part in (fills, gathers, gather_masks, transposes, indices):
        part(book)
    return book


# --- transfers

def copy_rows(ub, to, source, count, length, to_step, source_step):
    for i in range(count):
        ub.bytes[to + i * to_step:to + i * to_step + length] = ub.bytes[source + i * source_step:source + i * source_step + length]


def transfers():
    book = Book("transfers")
    for t in (half, single, s8, s32, brain, u16, s64):
        for n in (0, 1, 16, 33, 100, 511):
            whole = n * t.itemsize // 32 * 32  # rounded down
            book.add(f"DataCopy GM->UB {CPP[t]} {n}", f"DataCopy(at<{CPP[t]}>(p[0]), global<{CPP[t]}>(out, p[1]), uint32_t(p[2]));", [A, 24, n],
                     lambda ub, p, w=whole: copy_rows(ub, A, IMAGE + 24, 1, w, 0, 0), fill=u16)
            book.add(f"DataCopy UB->GM {CPP[t]} {n}", f"DataCopy(global<{CPP[t]}>(out, p[0]), at<{CPP[t]}>(p[1]), uint32_t(p[2]));", [40, A, n],
                     lambda ub, p, w=whole: copy_rows(ub, IMAGE + 40, A, 1, w, 0, 0), fill=u16)
            book.add(f"DataCopy UB->UB {CPP[t]} {n}", f"DataCopy(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), uint32_t(p[2]));", [A, B, n],
                     lambda ub, p, w=whole: copy_rows(ub, A, B, 1, w, 0, 0), fill=u16)
        for count, length, source_gap, to_gap in ((1, 4, 0, 0), (5, 3, 2, 1), (16, 1, 7, 0), (3, 8, 0, 5), (0, 4, 0, 0), (4, 0, 1, 1)):
            rows = (count, length * 32, (length + to_gap) * 32, (length + source_gap) * 32)
            for params in ("DataCopyParams(p[2], p[3], p[4], p[5])", "DataCopyParams(p[2], p[3], p[4], p[5]), DataCopyEnhancedParams()"):
                book.add(f"DataCopy params GM->UB {CPP[t]} {rows}", f"DataCopy(at<{CPP[t]}>(p[0]), global<{CPP[t]}>(out, p[1]), {params});",
                         [A, 8, count, length, source_gap, to_gap], lambda ub, p, q=rows: copy_rows(ub, A, IMAGE + 8, *q), fill=u16)
                book.add(f"DataCopy params UB->GM {CPP[t]} {rows}", f"DataCopy(global<{CPP[t]}>(out, p[0]), at<{CPP[t]}>(p[1]), {params});",
                         [8, A, count, length, source_gap, to_gap], lambda ub, p, q=rows: copy_rows(ub, IMAGE + 8, A, *q), fill=u16)
            book.add(f"DataCopy params UB->UB {CPP[t]} {rows}", f"DataCopy(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), DataCopyParams(p[2], p[3], p[4], p[5]));",
                     [A, B, count, length, source_gap, to_gap], lambda ub, p, q=rows: copy_rows(ub, A, B, *q), fill=u16)
        size = t.itemsize
        for count, n, source_gap, to_gap, left, right in ((1, 5, 0, 0, 0, 1), (4, 7, 3, 1, 1, 2), (3, 40, 0, 0, 0, 0), (6, 1, 9, 2, 0, 3)):
            length = n * size
            if (left + n + right) * size > -(-length // 32) * 32 and (left or right) and right * size > 32:
                continue
            if t == s64:
                left = right = 0

            def golden(ub, p, t=t, count=count, n=n, source_gap=source_gap, to_gap=to_gap, left=left, right=right):
                size = t.itemsize
                padded = -(-(left + n + right) * size // 32) * 32
                for i in range(count):
                    to = A + i * (padded + to_gap * 32)
                    ub.bytes[to:to + padded] = 0 if not (left or right) else ub.bytes[to:to + padded]
                    fill = np.full(padded // size, 3, t)
                    if left or right:
                        ub.view(to, t, left + n + right)[:] = fill[:left + n + right]
                        ub.bytes[to + (left + n + right) * size:to + padded] = 0
                    at = IMAGE + 8 + i * (n * size + source_gap * size)
                    ub.bytes[to + left * size:to + (left + n) * size] = ub.bytes[at:at + n * size]
            code = (f"DataCopyPad(at<{CPP[t]}>(p[0]), global<{CPP[t]}>(out, 8), DataCopyExtParams(p[1], p[2], p[3], p[4], 0), "
                    f"DataCopyPadExtParams<{CPP[t]}>(p[5] + p[6] > 0, p[5], p[6], 3));")
            book.add(f"DataCopyPad GM->UB {CPP[t]} {count} {n} {left} {right}", code, [A, count, length, source_gap * size, to_gap, left, right], golden, fill=u16)

            def back(ub, p, t=t, count=count, n=n, source_gap=source_gap, to_gap=to_gap):
                size = t.itemsize
                padded = -(-n * size // 32) * 32
                copy_rows(ub, IMAGE + 8, A, count, n * size, n * size + source_gap * size, padded + to_gap * 32)
            code = f"DataCopyPad(global<{CPP[t]}>(out, 8), at<{CPP[t]}>(p[0]), DataCopyExtParams(p[1], p[2], p[4], p[3], 0));"
            book.add(f"DataCopyPad UB->GM {CPP[t]} {count} {n}", code, [A, count, length, source_gap * size, to_gap], back, fill=u16)
            code = f"DataCopyPad(global<{CPP[t]}>(out, 8), at<{CPP[t]}>(p[0]), DataCopyParams(p[1], p[2], p[4], p[3]));"
            book.add(f"DataCopyPad UB->GM older {CPP[t]} {count} {n}", code, [A, count, length, source_gap * size, to_gap], back, fill=u16)
            if size < 8:
                code = (f"DataCopyPad(at<{CPP[t]}>(p[0]), global<{CPP[t]}>(out, 8), DataCopyParams(p[1], p[2], p[3], p[4]), DataCopyPadParams(p[5] + p[6] > 0, p[5], p[6], p[7]));")
                book.add(f"DataCopyPad GM->UB older {CPP[t]} {count} {n}", code, [A, count, length, source_gap * size, to_gap, left, right, bits_of(3, t)], golden, fill=u16)
    atomics(book)
    scalars(book)
    return book


def atomics(book):
    for t in (single, half, s16, s32, s8, brain):
        for name, function in (("Add", np.add), ("Max", np.maximum), ("Min", np.minimum)):
            def golden(ub, p, t=t, f=function):
                a, b = ub.view(IMAGE + 64, t, 50), ub.view(A, t, 50)
                if t in (half, brain):
                    a[:] = f(a.astype(np.float32), b.astype(np.float32)).astype(t)
                else:
                    a[:] = f(a, b)
                size = 50 * t.itemsize
                ub.bytes[IMAGE + 4096:IMAGE + 4096 + size] = ub.bytes[A:A + size]
                if t.kind == "f" or t == brain:
                    ub.near(IMAGE + 64, 50, t, 1e-30)
            code = (f"SetAtomic{name}<{CPP[t]}>(); DataCopyPad(global<{CPP[t]}>(out, 64), at<{CPP[t]}>(p[0]), DataCopyExtParams(1, 50 * sizeof({CPP[t]}), 0, 0, 0)); SetAtomicNone(); "
                    f"DataCopyPad(global<{CPP[t]}>(out, 4096), at<{CPP[t]}>(p[0]), DataCopyExtParams(1, 50 * sizeof({CPP[t]}), 0, 0, 0));")
            book.add(f"SetAtomic{name} {CPP[t]}", code, [A], golden, fill=t, how={"special": False, "low": -50.0, "high": 50.0} if t.kind == "f" or t == brain else {})
    code = ("SetAtomicType<float>(); DataCopyPad(global<float>(out, 0), at<float>(p[0]), DataCopyExtParams(1, 64, 0, 0, 0)); DisableDmaAtomic(); "
            "DataCopyPad(global<float>(out, 128), at<float>(p[0]), DataCopyExtParams(1, 64, 0, 0, 0));")

    def typed(ub, p):
        ub.view(IMAGE, single, 16)[:] += ub.view(A, single, 16)
        ub.view(IMAGE + 128, single, 16)[:] = ub.view(A, single, 16)
    book.add("SetAtomicType", code, [A], typed, fill=single, how={"special": False})


def scalars(book):
    """Views and scalar access: containers without an instruction of their own."""
    for t in (half, single, s32, s64, s8):
        c = CPP[t]
        code = (f"LocalTensor<{c}> v = at<{c}>(p[0]); v.SetValue(5, v.GetValue(3)); v[64](1) = v(2); GlobalTensor<{c}> g = global<{c}>(out, 0); g.SetValue(4, v.GetValue(7)); "
                f"v.SetValue(9, g.GetValue(6)); g.SetSize(12); result(0, v.GetSize()); result(1, v.ReinterpretCast<uint8_t>().GetSize()); result(2, g.GetSize()); "
                f"result(3, uint64_t(v.GetPhyAddr())); result(4, v.GetPosition()); v.SetSize(7); result(5, v.GetSize()); result(6, g.ReinterpretCast<uint8_t>().GetSize()); "
                f"*(g.GetPhyAddr(3)) = v.GetValue(1); g.SetL2CacheHint(CacheMode::CACHE_MODE_DISABLE);")

        def golden(ub, p, t=t):
            size = t.itemsize
            v, g = ub.view(A + 32, t, 300), ub.view(IMAGE, t, 16)
            v[5] = v[3]
            v[65] = v[2]
            g[4] = v[7]
            v[9] = g[6]
            g[3] = v[1]
            length = IMAGE - (A + 32)
            r = ub.view(RESULTS, u64, 7)
            r[:] = [length // size, length // size * size, 12, A + 32, 11, 7, 12 * size]
        book.add(f"views {c}", code, [A + 32], golden, fill=u16)
    code = ("ListTensorDesc list(reinterpret_cast<__gm__ void*>(out + kImage)); result(0, list.GetSize()); uint64_t dims[8]; TensorDesc<float> d; d.SetShapeAddr(dims); list.GetDesc(d, 1); "
            "result(1, d.GetDim()); result(2, d.GetShape(0)); result(3, d.GetShape(2)); result(4, uint64_t(d.GetDataPtr())); result(5, uint64_t(list.GetDataPtr<float>(0))); result(6, d.GetIndex()); "
            "result(7, uint64_t(d.GetDataObj().GetPhyAddr()));")

    def desc(ub, rng):
        ub.view(IMAGE, u64, 12)[:] = [64, 2 | 0 << 32, 5, 6, 3 | 1 << 32, 7, 8, 9, 0x1111, 0x2222, 0, 0]
    book.add("ListTensorDesc", code, [0], lambda ub, p: ub.view(RESULTS, u64, 8).__setitem__(slice(None), [2, 3, 7, 9, 0x2222, 0x1111, 1, 0x2222]), setup=desc)
    code = ("const uint32_t sizes[2] = {3, 70}; LocalTensor<half> v = at<half>(p[0]); v.SetShapeInfo(ShapeInfo(2, sizes)); LocalTensor<half> w = v; result(0, w.GetShapeInfo().shape[1]); "
            "result(1, GetShapeSize(w.GetShapeInfo())); v.SetUserTag(-9); result(2, v.GetUserTag()); w.SetAddrWithOffset(v, 16); result(3, uint64_t(w.GetPhyAddr())); "
            "result(4, IsSameType<half, half>::value); result(5, GetDataBlockSizeInBytes()); result(6, AlignUp(33, 32)); result(7, CeilDivision(33, 32));")
    book.add("shapes", code, [A], lambda ub, p: ub.view(RESULTS, u64, 8).__setitem__(slice(None), np.array([70, 210, -9, A + 32, 1, 32, 64, 2]).astype(np.int64).view(u64)))
    for n in (3, 100, 3000):
        code = "InitGlobalMemory(global<int32_t>(out, 4), uint64_t(p[0]), int32_t(-7));"
        book.add(f"InitGlobalMemory {n}", code, [n], lambda ub, p, n=n: ub.view(IMAGE + 4, s32, n).__setitem__(slice(None), -7), fill=s32)
        book.add(f"Fill {n}", "Fill(global<half>(out, 2), uint64_t(p[0]), half(1.5f));", [n], lambda ub, p, n=n: ub.view(IMAGE + 2, half, n).__setitem__(slice(None), 1.5), fill=s32)

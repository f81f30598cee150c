"""Reductions of repeats, blocks, pairs and whole tensors."""

import numpy as np

from machine import CPP, RESULTS, Book, Operand, mask_of
from vector_cases import A, B, C, half, lanes_of, single, u16, u32

u64 = np.dtype(np.uint64)
BITS = "const uint64_t mask[2] = {uint64_t(p[3]), uint64_t(p[4])};"
ODD = (0x5555_5555_5555_5555, 0xf0f0_0000_0000_0001)
SMALL = {"special": False, "low": -4.0, "high": 4.0}


def tree(values, on):
    """Neighbours are added in float; masked lanes count as zero."""
    level = np.where(on, values.astype(np.float32), np.float32(0))
    while level.size > 1:
        level = level[0::2] + level[1::2]
    return level[0]


def extreme(values, on, maximum):
    """Value and place; the first wins, a NaN before all."""
    lanes = np.flatnonzero(on)
    picked = values[lanes].astype(np.float32)
    nan = np.flatnonzero(np.isnan(picked))
    if nan.size:
        at = nan[0]
    else:
        key = np.where(picked == 0, np.where(np.signbit(picked), -1e-45, 0.0), picked).astype(np.float64)
        at = int(np.argmax(key)) if maximum else int(np.argmin(key))
    return values[lanes[at]], int(lanes[at])


def forms(lanes):
    """(mask, repeats, dst repeat, src block, src repeat)."""
    yield lanes, 3, 1, 1, 8
    yield lanes // 2 + 5, 4, 2, 1, 8
    yield 1, 2, 1, 1, 8
    yield (ODD if lanes == 128 else (ODD[0], 0)), 3, 1, 1, 8
    yield lanes, 2, 3, 2, 16
    yield lanes, 0, 1, 1, 8
    yield lanes, 60, 1, 1, 1


def call(template, mask):
    return (BITS + template.format("mask"), [*mask]) if isinstance(mask, tuple) else (template.format("int32_t(p[3])"), [mask, 0])


def whole(book):
    for t in (half, single):
        lanes, index = lanes_of(t), u16 if t == half else u32
        for mask, repeats, to, block, stride in forms(lanes):
            def sums(ub, p, t=t, mask=mask, repeats=repeats, to=to, block=block, stride=stride, lanes=lanes):
                last = None
                for r in range(repeats):
                    values = ub.read(Operand(B, t, block, stride).places(r, lanes), t)
                    last = tree(values, mask_of(mask, lanes)).astype(t)
                    ub.view(A + r * to * t.itemsize, t, 1)[:] = last
                    ub.near(A + r * to * t.itemsize, 1, t, 1e-30)
                if last is not None:
                    ub.view(RESULTS, t, 1)[:] = last
                    ub.bytes[RESULTS + t.itemsize:RESULTS + 8] = 0
            arguments = "at<{0}>(p[0]), at<{0}>(p[1])".format(CPP[t])
            tail = f" if (p[5] > 0) result(0, __builtin_bit_cast(uint{8 * t.itemsize}_t, GetAccVal<{CPP[t]}>()));"
            code, first = call(f"WholeReduceSum({arguments}, {{}}, int32_t(p[5]), int32_t(p[6]), int32_t(p[7]), int32_t(p[8]));" + tail, mask)
            book.add(f"WholeReduceSum {CPP[t]} {mask} {repeats} {to}", code, [A, B, C, *first, repeats, to, block, stride], sums, fill=t, how=SMALL)
            if not isinstance(mask, tuple):
                code = f"RepeatReduceSum({arguments}, int32_t(p[5]), int32_t(p[3]), 0, int32_t(p[7]), int32_t(p[6]), int32_t(p[8]));"
                book.add(f"RepeatReduceSum {CPP[t]} {mask} {repeats} {to}", code + tail.replace("GetAccVal", "GetReduceRepeatSumSpr"),
                         [A, B, C, *first, repeats, to, block, stride], sums, fill=t, how=SMALL)
            for maximum in (True, False):
                name = "Max" if maximum else "Min"
                for order in ("ORDER_VALUE_INDEX", "ORDER_INDEX_VALUE", "ORDER_ONLY_VALUE", "ORDER_ONLY_INDEX"):
                    def extremes(ub, p, t=t, index=index, mask=mask, repeats=repeats, to=to, block=block, stride=stride, lanes=lanes, maximum=maximum, order=order):
                        for r in range(repeats):
                            values = ub.read(Operand(B, t, block, stride).places(r, lanes), t)
                            value, place = extreme(values, mask_of(mask, lanes), maximum)
                            size = t.itemsize
                            unit = {"ORDER_ONLY_VALUE": size, "ORDER_ONLY_INDEX": 4}.get(order, 2 * size)
                            at = A + r * to * unit
                            if order == "ORDER_ONLY_INDEX":
                                ub.view(at, u32, 1)[:] = place
                                continue
                            v = at + size if order == "ORDER_INDEX_VALUE" else at
                            ub.view(v, t, 1)[:] = value
                            ub.near(v, 1, t, 1e-30)
                            if order != "ORDER_ONLY_VALUE":
                                ub.view(at if v != at else at + size, index, 1)[:] = place
                    code, first = call(f"WholeReduce{name}({arguments}, {{}}, int32_t(p[5]), int32_t(p[6]), int32_t(p[7]), int32_t(p[8]), ReduceOrder::{order});", mask)
                    book.add(f"WholeReduce{name} {CPP[t]} {mask} {repeats} {order}", code, [A, B, C, *first, repeats, to, block, stride], extremes, fill=t)
        for maximum in (True, False):
            name = "Max" if maximum else "Min"
            code = (f"WholeReduce{name}(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), int32_t(p[3]), 1, 1, 1, 8); {CPP[t]} v, i, w, x, y; GetReduceMaxMinCount<{CPP[t]}>(v, i); "
                    f"GetReduceMaxMinCount<{CPP[t]}>(w); GetReduceRepeatMaxMinSpr<{CPP[t]}>(x, y); at<{CPP[t]}>(kResults).SetValue(0, v); at<{CPP[t]}>(kResults).SetValue(1, i); "
                    f"at<{CPP[t]}>(kResults).SetValue(2, w); at<{CPP[t]}>(kResults).SetValue(3, x);")

            def spr(ub, p, t=t, index=index, lanes=lanes, maximum=maximum):
                value, place = extreme(ub.view(B, t, lanes), np.ones(lanes, bool), maximum)
                for at in (A, RESULTS):
                    ub.view(at, t, 1)[:] = value
                    ub.view(at + t.itemsize, index, 1)[:] = place
                ub.view(RESULTS + 2 * t.itemsize, t, 2)[:] = value
            book.add(f"GetReduceMaxMinCount {name} {CPP[t]}", code, [A, B, C, lanes], spr, fill=t, how=SMALL)


def groups(book):
    for t in (half, single):
        lanes, width = lanes_of(t), 32 // t.itemsize
        for name, kind in (("BlockReduceSum", "sum"), ("BlockReduceMax", "max"), ("BlockReduceMin", "min"), ("PairReduceSum", "pair")):
            for mask, repeats, to, block, stride in forms(lanes):
                if repeats == 60 and kind == "pair":
                    continue

                def golden(ub, p, t=t, kind=kind, mask=mask, repeats=repeats, to=to, block=block, stride=stride, lanes=lanes, width=width):
                    size, on = t.itemsize, mask_of(mask, lanes)
                    group = 2 if kind == "pair" else width
                    unit = 128 if kind == "pair" else 8 * size
                    for r in range(repeats):
                        values = ub.read(Operand(B, t, block, stride).places(r, lanes), t)
                        for g in range(lanes // group):
                            part, active = values[g * group:(g + 1) * group], on[g * group:(g + 1) * group]
                            if not active.any():
                                continue
                            at = A + r * to * unit + g * size
                            ub.view(at, t, 1)[:] = tree(part, active) if kind in ("sum", "pair") else extreme(part, active, kind == "max")[0]
                            ub.near(at, 1, t, 1e-30)
                code, first = call(f"{name}(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), int32_t(p[5]), {{}}, int32_t(p[6]), int32_t(p[7]), int32_t(p[8]));", mask)
                book.add(f"{name} {CPP[t]} {mask} {repeats}", code, [A, B, C, *first, repeats, to, block, stride], golden, fill=t, how=SMALL)


def tensors(book):
    """Reductions to one value. What scratch holds afterwards is not compared."""
    def forget(ub, first, last, t):
        ub.near(first, (last - first) // t.itemsize, t, np.inf)

    for t in (half, single):
        lanes, index, tolerance = lanes_of(t), u16 if t == half else u32, 4e-3 if t == half else 1e-5
        for n in (1, 7, lanes, lanes + 1, 1000, 3001):
            for tmp in (C, B):
                def total(ub, p, t=t, n=n, tmp=tmp, tolerance=tolerance):
                    ub.view(A, t, 1)[:] = ub.view(B, t, n).astype(np.float64).sum()
                    ub.near(A, 1, t, tolerance)
                    forget(ub, tmp, tmp + 4096, t)
                how = {"special": False, "low": 0.1, "high": 2.0}
                book.add(f"ReduceSum {CPP[t]} {n} tmp {tmp}", f"ReduceSum(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), int32_t(p[3]));", [A, B, tmp, n], total, fill=t, how=how)

            def in_place(ub, p, t=t, n=n, tolerance=tolerance):
                ub.view(B, t, 1)[:] = ub.view(B, t, n).astype(np.float64).sum()
                ub.near(B, 1, t, tolerance)
                forget(ub, B + t.itemsize, B + 4096, t)
            book.add(f"ReduceSum in place {CPP[t]} {n}", f"ReduceSum(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), int32_t(p[3]));", [B, B, B, n], in_place, fill=t,
                     how={"special": False, "low": 0.1, "high": 2.0})
            for maximum in (True, False):
                name = "ReduceMax" if maximum else "ReduceMin"
                for want in (True, False):
                    def best(ub, p, t=t, n=n, maximum=maximum, want=want, index=index):
                        value, place = extreme(ub.view(B, t, n), np.ones(n, bool), maximum)
                        ub.view(A, t, 1)[:] = value
                        if want:
                            ub.view(A + t.itemsize, index, 1)[:] = place
                        forget(ub, C, C + 8192, t)
                    flag = ", p[4] != 0"
                    book.add(f"{name} {CPP[t]} {n} {want}", f"{name}(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), int32_t(p[3]){flag});", [A, B, C, n, want], best,
                             fill=t, how=SMALL)
        for mask, repeats in ((lanes, 4), (20, 7), (ODD if lanes == 128 else (ODD[0], 0), 5), (lanes, 1)):
            def total(ub, p, t=t, mask=mask, repeats=repeats, lanes=lanes, tolerance=tolerance):
                on = mask_of(mask, lanes)
                ub.view(A, t, 1)[:] = sum(ub.view(B + 256 * r, t, lanes)[on].astype(np.float64).sum() for r in range(repeats))
                ub.near(A, 1, t, tolerance)
                forget(ub, C, C + 4096, t)
            template = f"(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), {{}}, int32_t(p[5]), int32_t(p[6])"
            code, first = call("ReduceSum" + template + ");", mask)
            book.add(f"ReduceSum mask {CPP[t]} {mask}", code, [A, B, C, *first, repeats, 8], total, fill=t, how={"special": False, "low": 0.1, "high": 2.0})
            for maximum in (True, False):
                for want in (True, False):
                    def best(ub, p, t=t, mask=mask, repeats=repeats, lanes=lanes, maximum=maximum, want=want, index=index):
                        on = np.tile(mask_of(mask, lanes), repeats)
                        value, place = extreme(ub.view(B, t, lanes * repeats), on, maximum)
                        ub.view(A, t, 1)[:] = value
                        if want:
                            ub.view(A + t.itemsize, index, 1)[:] = place
                        forget(ub, C, C + 4096, t)
                    name = "ReduceMax" if maximum else "ReduceMin"
                    code, first = call(name + template + f", {str(want).lower()});", mask)
                    book.add(f"{name} mask {CPP[t]} {mask} {want}", code, [A, B, C, *first, repeats, 8], best, fill=t, how=SMALL)


def reductions():
    book = Book("reductions")
    for part in (whole, groups, tensors):
        part(book)
    return book

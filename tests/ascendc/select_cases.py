"""Comparisons to bits and to CMPMASK, selections in every mode."""

import numpy as np

from machine import CPP, Book, Operand, mask_of
from vector_cases import A, B, C, half, lanes_of, s32, single, u8

D = 36864  # a fourth operand
BITS = "const uint64_t mask[2] = {uint64_t(p[4]), uint64_t(p[5])};"
ODD = (0x5555_5555_5555_5555, 0xf0f0_0000_0000_0001)
RELATIONS = {"LT": np.less, "GT": np.greater, "EQ": np.equal, "LE": np.less_equal, "GE": np.greater_equal, "NE": np.not_equal}
PARAMS = "BinaryRepeatParams(uint8_t(p[7]), uint8_t(p[8]), uint8_t(p[9]), uint8_t(p[10]), uint8_t(p[11]), uint8_t(p[12]))"


def pack(truth):
    return np.packbits(truth, bitorder="little")


def alike(ub, rng):
    """Half of the second operand equals the first, so that equality occurs."""
    ub.bytes[C:C + 4096] = ub.bytes[B:B + 4096]
    ub.bytes[C:C + 1024] = rng.permutation(ub.bytes[C:C + 1024])


def comparisons(book):
    for t in (half, single, s32):
        lanes = lanes_of(t)
        for relation, function in RELATIONS.items():
            if t == s32 and relation != "EQ":
                continue
            for count in (0, lanes, 3 * lanes, 2 * lanes + 5):
                whole = count // lanes * lanes  # the rest is not compared

                def golden(ub, p, t=t, n=whole, f=function):
                    ub.bytes[A:A + n // 8] = pack(f(ub.view(B, t, n), ub.view(C, t, n)))
                code = f"Compare(at<uint8_t>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), CMPMODE::{relation}, uint32_t(p[3]));"
                book.add(f"Compare {relation} {CPP[t]} {count}", code, [A, B, C, count], golden, fill=t, setup=alike)
                for name in ("CompareScalar", "Compares"):
                    scalar = "2" if t == s32 else "2.5"

                    def with_scalar(ub, p, t=t, n=whole, f=function):
                        ub.bytes[A:A + n // 8] = pack(f(ub.view(B, t, n), t.type(2 if t == s32 else 2.5)))
                    code = f"{name}(at<uint8_t>(p[0]), at<{CPP[t]}>(p[1]), {CPP[t]}({scalar}), CMPMODE::{relation}, uint32_t(p[3]));"
                    book.add(f"{name} {relation} {CPP[t]} {count}", code, [A, B, C, count], with_scalar, fill=t)
            for bits in (False, True):
                strides, repeats = (1, 1, 1, 8, 16, 8), 3

                def strided(ub, p, t=t, f=function, lanes=lanes, repeats=repeats):
                    for r in range(repeats):
                        ub.bytes[A + r * lanes // 8:A + (r + 1) * lanes // 8] = pack(f(ub.view(B + r * 512, t, lanes), ub.view(C + r * 256, t, lanes)))
                mask = "mask" if bits else "uint64_t(p[4])"
                code = f"{BITS if bits else ''} Compare(at<uint8_t>(p[0]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), CMPMODE::{relation}, {mask}, uint8_t(p[6]), {PARAMS});"
                book.add(f"Compare repeats {relation} {CPP[t]} {bits}", code, [A, B, C, 0, 5, 0, repeats, *strides], strided, fill=t, setup=alike)
                if relation in ("GT", "EQ"):
                    def scalar_strided(ub, p, t=t, f=function, lanes=lanes, repeats=repeats):
                        for r in range(repeats):
                            ub.bytes[A + r * lanes // 8:A + (r + 1) * lanes // 8] = pack(f(ub.view(B + r * 512, t, lanes), t.type(1)))
                    code = f"{BITS if bits else ''} Compares(at<uint8_t>(p[0]), at<{CPP[t]}>(p[1]), {CPP[t]}(1), CMPMODE::{relation}, {mask}, uint8_t(p[6]), UnaryRepeatParams(1, 1, 8, 16));"
                    book.add(f"Compares repeats {relation} {CPP[t]} {bits}", code, [A, B, C, 0, 5, 0, repeats], scalar_strided, fill=t)
                    book.add(f"CompareScalar repeats {relation} {CPP[t]} {bits}", code.replace("Compares", "CompareScalar"), [A, B, C, 0, 5, 0, repeats], scalar_strided, fill=t)
                if t != s32:
                    chosen = (ODD if lanes == 128 else (ODD[0], 0)) if bits else (lanes - 3, 0)

                    def to_mask(ub, p, t=t, f=function, lanes=lanes, chosen=chosen, bits=bits):
                        on = mask_of(chosen if bits else chosen[0], lanes)
                        truth = np.zeros(128, bool)
                        truth[:lanes] = f(ub.view(B, t, lanes), ub.view(C, t, lanes)) & on
                        ub.bytes[A:A + 16] = pack(truth)
                        ub.view(D, t, lanes)[:] = np.where(truth[:lanes], ub.view(B, t, lanes), ub.view(C, t, lanes))
                    code = (f"{BITS if bits else ''} Compare(at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), CMPMODE::{relation}, {mask}, BinaryRepeatParams()); PipeBarrier<PIPE_V>(); "
                            f"GetCmpMask(at<uint8_t>(p[0])); ResetMask(); Select<{CPP[t]}, SELMODE::VSEL_CMPMASK_SPR>(at<{CPP[t]}>(p[3]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), 1, BinaryRepeatParams());")
                    book.add(f"Compare to CMPMASK {relation} {CPP[t]} {bits}", code, [A, B, C, D, *chosen], to_mask, fill=t, setup=alike)


def selections():
    book = Book("selections")
    comparisons(book)
    for t in (half, single):
        lanes = lanes_of(t)
        word = np.dtype(f"u{t.itemsize}")
        for mode in ("VSEL_TENSOR_TENSOR_MODE", "VSEL_CMPMASK_SPR"):
            for n in (0, 5, lanes, 3 * lanes + 1):
                def golden(ub, p, t=word, n=n, mode=mode, lanes=lanes):
                    bits = np.unpackbits(ub.bytes[D:D + 512], bitorder="little").astype(bool)
                    i = np.arange(n)
                    on = bits[i % lanes] if mode == "VSEL_CMPMASK_SPR" else bits[i]
                    ub.view(A, t, n)[:] = np.where(on, ub.view(B, t, n), ub.view(C, t, n))
                code = f"Select(at<{CPP[t]}>(p[0]), at<uint8_t>(p[3]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), SELMODE::{mode}, uint32_t(p[4]));"
                book.add(f"Select {mode} {CPP[t]} {n}", code, [A, B, C, D, n], golden, fill=word)
            for mask, repeats in (((lanes - 2, 0), 3), (ODD if lanes == 128 else (ODD[0], 0), 2), ((lanes, 0), 0)):
                for bits_form in (False, True):
                    if bits_form != (mask[0] > lanes):
                        continue

                    def repeated(ub, p, t=word, mode=mode, lanes=lanes, mask=mask, repeats=repeats, bits_form=bits_form):
                        bits = np.unpackbits(ub.bytes[D:D + 512], bitorder="little").astype(bool)
                        on = mask_of(mask if bits_form else mask[0], lanes)
                        for r in range(repeats):
                            chosen = bits[:lanes] if mode == "VSEL_CMPMASK_SPR" else bits[r * lanes:(r + 1) * lanes]
                            a, b = (ub.read(Operand(x, t).places(r, lanes), t) for x in (B, C))
                            ub.write(Operand(A, t).places(r, lanes)[on], np.where(chosen, a, b)[on], t)
                    m = "mask" if bits_form else "uint64_t(p[4])"
                    code = f"{BITS if bits_form else ''} Select(at<{CPP[t]}>(p[0]), at<uint8_t>(p[3]), at<{CPP[t]}>(p[1]), at<{CPP[t]}>(p[2]), SELMODE::{mode}, {m}, uint8_t(p[6]), BinaryRepeatParams());"
                    book.add(f"Select {mode} {CPP[t]} {mask} {repeats}", code, [A, B, C, D, *mask, repeats], repeated, fill=word)
        for n in (3, lanes, 2 * lanes + 9):
            def scalar(ub, p, t=t, n=n):
                bits = np.unpackbits(ub.bytes[D:D + 512], bitorder="little").astype(bool)[:n]
                ub.view(A, t, n)[:] = np.where(bits, ub.view(B, t, n), t.type(-0.5))
            code = f"Select(at<{CPP[t]}>(p[0]), at<uint8_t>(p[3]), at<{CPP[t]}>(p[1]), {CPP[t]}(-0.5f), SELMODE::VSEL_TENSOR_SCALAR_MODE, uint32_t(p[4]));"
            book.add(f"Select scalar {CPP[t]} {n}", code, [A, B, C, D, n], scalar, fill=t, how={"special": False})
        for bits_form in (False, True):
            mask = (ODD if lanes == 128 else (ODD[0], 0)) if bits_form else (lanes, 0)

            def scalar_repeats(ub, p, t=t, lanes=lanes, mask=mask, bits_form=bits_form):
                bits = np.unpackbits(ub.bytes[D:D + 512], bitorder="little").astype(bool)
                on = mask_of(mask if bits_form else mask[0], lanes)
                for r in range(2):
                    a = ub.view(B + 256 * r, t, lanes)
                    ub.write(Operand(A, t).places(r, lanes)[on], np.where(bits[r * lanes:(r + 1) * lanes], a, t.type(4))[on], t)
            m = "mask" if bits_form else "uint64_t(p[4])"
            code = f"{BITS if bits_form else ''} Select(at<{CPP[t]}>(p[0]), at<uint8_t>(p[3]), at<{CPP[t]}>(p[1]), {CPP[t]}(4), SELMODE::VSEL_TENSOR_SCALAR_MODE, {m}, uint8_t(p[6]), BinaryRepeatParams());"
            book.add(f"Select scalar repeats {CPP[t]} {bits_form}", code, [A, B, C, D, *mask, 2], scalar_repeats, fill=t, how={"special": False})
    book.add("SetCmpMask", "SetCmpMask(at<uint8_t>(p[1])); PipeBarrier<PIPE_V>(); GetCmpMask(at<uint8_t>(p[0]));", [A, B], lambda ub, p: ub.bytes.__setitem__(slice(A, A + 16), ub.bytes[B:B + 16].copy()), fill=u8)
    return book

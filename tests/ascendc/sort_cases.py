"""Sorts and merges of (score, index) pairs."""

import numpy as np

from machine import CPP, RESULTS, Book
from vector_cases import A, B, C, half, single, u16, u32

u64 = np.dtype(np.uint64)
SMALL = {"special": False, "low": -1000.0, "high": 1000.0}


def pairs(scores, indices):
    """8 B a pair: the score first, zeros behind a half, the index in the upper word."""
    out = np.zeros((len(scores), 8), np.uint8)
    size = scores.dtype.itemsize
    out[:, :size] = scores.reshape(-1, 1).view(np.uint8).reshape(-1, size)
    out[:, 4:] = indices.astype(np.uint32).reshape(-1, 1).view(np.uint8).reshape(-1, 4)
    return out.reshape(-1)


def descending(scores):
    return np.argsort(-scores.astype(np.float64), kind="stable")


def write(ub, at, data):
    ub.bytes[at:at + data.size] = data


def few_values(t):
    """Scores with many ties."""
    def setup(ub, rng):
        ub.view(B, t, 1024)[:] = rng.integers(-20, 20, 1024).astype(t)
        ub.view(C, u32, 1024)[:] = rng.permutation(1024)
    return setup


def sorts():
    book = Book("sorts")
    for t in (half, single):
        for repeats in (0, 1, 3, 8):
            for setup in (few_values(t), None):
                def golden(ub, p, t=t, repeats=repeats):
                    for r in range(repeats):
                        scores, indices = ub.view(B, t, 1024)[32 * r:32 * r + 32], ub.view(C, u32, 1024)[32 * r:32 * r + 32]
                        order = descending(scores)
                        write(ub, A + 256 * r, pairs(scores[order], indices[order]))
                book.add(f"Sort32 {CPP[t]} {repeats} {setup is None}", f"Sort32(at<{CPP[t]}>(p[0]), at<{CPP[t]}>(p[1]), at<uint32_t>(p[2]), int32_t(p[3]));", [A, B, C, repeats], golden,
                         fill=t, setup=setup, how=SMALL)
        # Merges of two to four lists, with and without stopping where one ends.
        for lists in (2, 3, 4):
            for lengths in ((8, 8, 8, 8), (5, 16, 3, 9)):
                for stop in (False, True):
                    def setup(ub, rng, t=t, lengths=lengths):
                        at = B
                        for n in lengths:
                            scores = np.sort(rng.integers(-30, 30, n).astype(t))[::-1]
                            write(ub, at, pairs(scores, rng.integers(0, 1000, n)))
                            at += 512

                    def golden(ub, p, t=t, lists=lists, lengths=lengths, stop=stop):
                        def score(i, j):
                            return float(ub.view(B + 512 * i + 8 * j, t, 1)[0])
                        used, out = [0] * 4, []
                        while True:
                            heads = [(-score(i, used[i]), i) for i in range(lists) if used[i] < lengths[i]]
                            if not heads:
                                break
                            i = min(heads)[1]
                            out.append(ub.bytes[B + 512 * i + 8 * used[i]:B + 512 * i + 8 * used[i] + 8].copy())
                            used[i] += 1
                            if stop and used[i] == lengths[i]:
                                break
                        write(ub, A, np.concatenate(out))
                        ub.view(RESULTS, u64, 4)[:] = used
                    code = (f"const uint16_t n[4] = {{uint16_t(p[3]), uint16_t(p[4]), uint16_t(p[5]), uint16_t(p[6])}}; MrgSort(at<{CPP[t]}>(p[0]), MrgSortSrcList<{CPP[t]}>(at<{CPP[t]}>(p[1]), "
                            f"at<{CPP[t]}>(p[1] + 512), at<{CPP[t]}>(p[1] + 1024), at<{CPP[t]}>(p[1] + 1536)), MrgSort4Info(n, p[7] != 0, uint16_t(p[8]), 1)); uint16_t a, b, c, d; "
                            "GetMrgSortResult(a, b, c, d); result(0, a), result(1, b), result(2, c), result(3, d);")
                    book.add(f"MrgSort {CPP[t]} {lists} {lengths} {stop}", code, [A, B, C, *lengths, stop, (1 << lists) - 1], golden, fill=t, setup=setup, how=SMALL)
        for full in (True, False):
            for groups in (1, 2, 4, 7, 17):
                def golden(ub, p, t=t, full=full, groups=groups):
                    n = 32 * groups
                    scores, indices = ub.view(B, t, n).copy(), ub.view(C, u32, n).copy()
                    if full:
                        order = descending(scores)
                    else:
                        order = np.concatenate([32 * g + descending(scores[32 * g:32 * g + 32]) for g in range(groups)])
                    write(ub, A, pairs(scores[order], indices[order]))
                    ub.near(A + 24576 + 8192, 8192 // t.itemsize, t, np.inf)
                    ub.view(RESULTS, u64, 2)[:] = [32 * groups * 8 // t.itemsize, 64 // t.itemsize]
                    write(ub, p[5], scores[order].view(np.uint8))
                    write(ub, p[6], indices[order].view(np.uint8))
                flag = str(full).lower()
                code = (f"LocalTensor<{CPP[t]}> joined, tmp = at<{CPP[t]}>(p[4]); Concat(joined, at<{CPP[t]}>(p[1]), tmp, int32_t(p[3])); Sort<{CPP[t]}, {flag}>(at<{CPP[t]}>(p[0]), joined, at<uint32_t>(p[2]), tmp, "
                        f"int32_t(p[3])); PipeBarrier<PIPE_V>(); Extract(at<{CPP[t]}>(p[5]), at<uint32_t>(p[6]), at<{CPP[t]}>(p[0]), int32_t(p[3])); "
                        f"result(0, GetSortLen<{CPP[t]}>(32 * p[3])); result(1, GetSortOffset<{CPP[t]}>(8));")
                book.add(f"Sort {CPP[t]} {full} {groups}", code, [A, B, C, groups, A + 24576 + 8192, A + 4608, A + 4608 + 2304], golden, fill=t, how=SMALL, setup=few_values(t))
    return book

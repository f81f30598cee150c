"""The raw intrinsics: pointers, explicit strides, the mask that is set."""

import numpy as np

from machine import CPP, IMAGE, RESULTS, Book, Operand, is_float, run_repeats
from move_cases import bits_of, copy_rows, kept
from reduce_cases import extreme, tree
from vector_cases import A, B, BINARY, C, SCALAR, brain, convert, half, lanes_of, s16, s32, s8, single, u16, u32, wide

u64 = np.dtype(np.uint64)


def pointer(t, i):
    return f"(__ubuf__ {CPP[t]}*)p[{i}]"


def elementwise(book):
    binary = {"vadd": "Add", "vsub": "Sub", "vmul": "Mul", "vmax": "Max", "vmin": "Min", "vdiv": "Div", "vand": "And", "vor": "Or"}
    for raw, name in binary.items():
        function, dtypes = BINARY[name]
        for t in dtypes:
            code = f"set_mask_norm(); set_vector_mask(uint64_t(-1), uint64_t(-1)); {raw}({pointer(t, 0)}, {pointer(t, 1)}, {pointer(t, 2)}, 3, 1, 1, 1, 8, 8, 16);"
            book.add(f"{raw} {CPP[t]}", code, [A, B, C],
                     lambda ub, p, t=t, f=function: run_repeats(ub, Operand(A, t), [Operand(B, t), Operand(C, t, 1, 16)], lanes_of(t), 3, lanes_of(t), wide(f)), fill=t)
    for raw, function in (("vmla", lambda a, b, d: a * b + d), ("vmadd", lambda a, b, d: a * d + b)):
        for t in (half, single):
            code = f"{raw}({pointer(t, 0)}, {pointer(t, 1)}, {pointer(t, 2)}, 2, 1, 1, 1, 8, 8, 8);"
            book.add(f"{raw} {CPP[t]}", code, [A, B, C], lambda ub, p, t=t, f=function: run_repeats(ub, Operand(A, t), [Operand(B, t), Operand(C, t)], lanes_of(t), 2, lanes_of(t), wide(f), reads_dst=True),
                     fill=t, how={"low": -3.0, "high": 3.0})
    unary = {"vexp": (np.exp, (half, single), 1e-3), "vln": (np.log, (half, single), 1e-3), "vsqrt": (np.sqrt, (half, single), 0), "vabs": (np.abs, (half, single), 0),
             "vrsqrt": (lambda x: 1 / np.sqrt(x), (half, single), 2e-3), "vrec": (lambda x: 1 / x, (half, single), 1e-3),
             "vrelu": (lambda x: np.maximum(x, 0), (half, single), 0), "vnot": (np.invert, (u16, s16), 0)}
    for raw, (function, dtypes, tolerance) in unary.items():
        for t in dtypes:
            code = f"set_vector_mask(0, 0xff); {raw}({pointer(t, 0)}, {pointer(t, 1)}, 2, 1, 1, 8, 8); set_vector_mask(uint64_t(-1), uint64_t(-1));"
            book.add(f"{raw} {CPP[t]}", code, [A, B], lambda ub, p, t=t, f=function, e=tolerance: run_repeats(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), 2, 8, wide(f), e), fill=t,
                     how={"special": False, "low": 0.1, "high": 6.0} if is_float(t) else {})
    for raw, name in {"vadds": "Adds", "vmuls": "Muls", "vmaxs": "Maxs", "vmins": "Mins", "vlrelu": "LeakyRelu"}.items():
        function, dtypes = SCALAR[name]
        for t in dtypes:
            code = f"{raw}({pointer(t, 0)}, {pointer(t, 1)}, {CPP[t]}(3), 2, 1, 1, 8, 8);"
            book.add(f"{raw} {CPP[t]}", code, [A, B], lambda ub, p, t=t, f=function: run_repeats(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), 2, lanes_of(t), wide(lambda x: f(x, x.dtype.type(3)))), fill=t)
    for t in (half, single):
        book.add(f"vaxpy {CPP[t]}", f"vaxpy({pointer(t, 0)}, {pointer(t, 1)}, {CPP[t]}(0.5f), 2, 1, 1, 8, 8);", [A, B],
                 lambda ub, p, t=t: run_repeats(ub, Operand(A, t), [Operand(B, t)], lanes_of(t), 2, lanes_of(t), wide(lambda x, d: x * np.float32(0.5) + d), reads_dst=True), fill=t)
        book.add(f"vector_dup {CPP[t]}", f"vector_dup({pointer(t, 0)}, {CPP[t]}(2.5f), 3, 1, 1, 8, 8);", [A], lambda ub, p, t=t: ub.view(A, t, 768 // t.itemsize).__setitem__(slice(None), 2.5), fill=t)
    for raw, dst, src, mode in (("vconv_f162f32", single, half, "r"), ("vconv_f322f16r", half, single, "r"), ("vconv_f322s32r", s32, single, "r"), ("vconv_f322s32z", s32, single, "z"),
                                ("vconv_s322f32r", single, s32, "r"), ("vconv_bf162f32", single, brain, "r"), ("vconv_f322bf16r", brain, single, "r"), ("vconv_f162s8r", s8, half, "r"),
                                ("vconv_s82f16", half, s8, "r")):
        lanes = lanes_of(dst, src)
        d, s = 8 * dst.itemsize * lanes // 256, 8 * src.itemsize * lanes // 256
        book.add(raw, f"{raw}({pointer(dst, 0)}, {pointer(src, 1)}, 2, 1, 1, {d}, {s});", [A, B],
                 lambda ub, p, dst=dst, src=src, d=d, s=s, m=mode, n=lanes: run_repeats(ub, Operand(A, dst, 1, d), [Operand(B, src, 1, s)], n, 2, n, lambda x: convert(x, dst, m)), fill=src)


def reductions(book):
    for t in (half, single):
        lanes, index, size = lanes_of(t), u16 if t == half else u32, t.itemsize
        for raw, kind in (("vcadd", "sum"), ("vcmax", "max"), ("vcmin", "min"), ("vcgadd", "gsum"), ("vcgmax", "gmax"), ("vcgmin", "gmin"), ("vcpadd", "pair")):
            def golden(ub, p, t=t, kind=kind, lanes=lanes, index=index, size=size):
                for r in range(2):
                    values = ub.view(B + 256 * r, t, lanes)
                    every = np.ones(lanes, bool)
                    if kind == "sum":
                        ub.view(A + r * size, t, 1)[:] = tree(values, every)
                        if r:
                            ub.view(RESULTS, u64, 1)[:] = int(tree(values, every).astype(t).view(f"u{size}"))
                    elif kind in ("max", "min"):
                        ub.view(A + 2 * r * size, t, 1)[:], ub.view(A + (2 * r + 1) * size, index, 1)[:] = extreme(values, every, kind == "max")
                    else:
                        width = 2 if kind == "pair" else 32 // size
                        groups = values.reshape(-1, width)
                        on = np.ones(width, bool)
                        out = [tree(g, on) if kind in ("pair", "gsum") else extreme(g, on, kind == "gmax")[0] for g in groups]
                        ub.view(A + r * len(out) * size, t, len(out))[:] = out
            tail = " result(0, get_acc_val());" if raw == "vcadd" else " (void)get_max_min_cnt();" if raw in ("vcmax", "vcmin") else ""
            book.add(f"{raw} {CPP[t]}", f"{raw}({pointer(t, 0)}, {pointer(t, 1)}, 2, 1, 1, 8);{tail}", [A, B], golden, fill=t, how={"special": False})
    def best(ub, p):
        value, place = extreme(ub.view(B, single, 64), np.ones(64, bool), True)
        ub.view(A, single, 1)[:], ub.view(A + 4, u32, 1)[:] = value, place
        ub.view(RESULTS, u64, 1)[:] = int(np.float32(value).view(np.uint32)) | place << 32
    book.add("get_max_min_cnt", f"vcmax({pointer(single, 0)}, {pointer(single, 1)}, 1, 1, 1, 8); result(0, get_max_min_cnt());", [A, B], best, fill=single, how={"special": False})


def moves(book):
    def offsets(ub, rng):
        ub.view(C, u32, 256)[:] = rng.integers(0, 1000, 256) * 32
    for t in (u16, u32):
        lanes, size = lanes_of(t), t.itemsize
        book.add(f"vgather {CPP[t]}", f"vgather({pointer(t, 0)}, (__ubuf__ uint32_t*)p[2], uint32_t(p[1]), 8, 2);", [A, 1024, C],
                 lambda ub, p, t=t, n=lanes: ub.view(A, t, 2 * n).__setitem__(slice(None), ub.read(1024 + ub.view(C, u32, 2 * n).astype(np.int64), t)), fill=t, setup=offsets)
        book.add(f"vgatherb {CPP[t]}", f"vgatherb({pointer(t, 0)}, (__ubuf__ uint32_t*)p[2], uint32_t(p[1]), 8, 1, 2);", [A, 1024, C],
                 lambda ub, p: [copy_rows(ub, A + 32 * i, 1024 + int(o), 1, 32, 0, 0) for i, o in enumerate(ub.view(C, u32, 16).copy())], fill=t, setup=offsets)
        for pattern in (1, 5):
            def golden(ub, p, t=t, pattern=pattern, lanes=lanes):
                out = ub.view(B, t, 2 * lanes)[np.tile(kept(pattern, lanes), 2)]
                ub.view(A, t, len(out))[:] = out
                ub.view(RESULTS, u64, 1)[:] = len(out)
            book.add(f"vreducev2 {CPP[t]} {pattern}", f"vreducev2({pointer(t, 0)}, {pointer(t, 1)}, {pointer(t, 2)}, 2, 1, {pattern}, 8, 0); result(0, get_rsvd_cnt());", [A, B, C], golden, fill=t)

        def counted(ub, p, t=t):
            out = ub.view(B, t, 21)[0::2]
            ub.view(A, t, len(out))[:] = out
        book.add(f"vreducev2 counter {CPP[t]}", f"set_mask_count(); set_vector_mask(0, 21); vreducev2({pointer(t, 0)}, {pointer(t, 1)}, {pointer(t, 2)}, 1, 1, 1, 8, 0); set_mask_norm(); "
                 "set_vector_mask(uint64_t(-1), uint64_t(-1));", [A, B, C], counted, fill=t)
        book.add(f"vbrcb {CPP[t]}", f"vbrcb({pointer(t, 0)}, {pointer(t, 1)}, 1, 8, 2);", [A, B],
                 lambda ub, p, t=t: ub.view(A, t, 512 // t.itemsize).__setitem__(slice(None), np.repeat(ub.view(B, t, 16), 32 // t.itemsize)), fill=t)
    book.add("vtranspose", f"vtranspose({pointer(u16, 0)}, {pointer(u16, 1)});", [A, B], lambda ub, p: ub.view(A, u16, 256).__setitem__(slice(None), ub.view(B, u16, 256).reshape(16, 16).T.reshape(-1).copy()), fill=u16)
    rows = (3, 64, 96, 128)
    for name, to, source, raw in (("copy_gm_to_ubuf", A, IMAGE, "copy_gm_to_ubuf((__ubuf__ void*)p[0], out + kImage, 0, 3, 2, 2, 1);"),
                                  ("copy_ubuf_to_gm", IMAGE, A, "copy_ubuf_to_gm(out + kImage, (__ubuf__ void*)p[0], 0, 3, 2, 2, 1);"),
                                  ("copy_ubuf_to_ubuf", A, B, "copy_ubuf_to_ubuf((__ubuf__ void*)p[0], (__ubuf__ void*)p[1], 0, 3, 2, 2, 1);")):
        book.add(name, raw, [A, B], lambda ub, p, a=to, b=source: copy_rows(ub, a, b, *rows), fill=u16)
    for bits in (8, 16, 32):
        n = 20 * bits // 8

        def padded(ub, p, bits=bits, n=n):
            for i in range(2):
                width = -(-n // 32) * 32
                ub.bytes[A + i * width:A + (i + 1) * width] = 0
                copy_rows(ub, A + i * width, IMAGE + i * (n + 8), 1, n, 0, 0)
        book.add(f"copy_gm_to_ubuf_align_b{bits}", f"copy_gm_to_ubuf_align_b{bits}((__ubuf__ void*)p[0], out + kImage, 0, 2, {n}, 0, 0, 8, 0);", [A], padded, fill=u16)
        book.add(f"copy_ubuf_to_gm_align_b{bits}", f"copy_ubuf_to_gm_align_b{bits}(out + kImage, (__ubuf__ void*)p[0], 0, 2, {n}, 0, 0, 0, 8);", [A],
                 lambda ub, p, n=n: copy_rows(ub, IMAGE, A, 2, n, n + 8, -(-n // 32) * 32), fill=u16)
    for suffix, t in (("f32", single), ("f16", half), ("s32", s32), ("s16", s16), ("s8", s8), ("bf16", brain)):
        def added(ub, p, t=t):
            a, b = ub.view(IMAGE, t, 32), ub.view(A, t, 32)
            a[:] = (a.astype(np.float32) + b.astype(np.float32)).astype(t) if is_float(t) else a + b
        book.add(f"set_atomic_{suffix}", f"set_atomic_{suffix}(); set_atomic_add(); copy_ubuf_to_gm(out + kImage, (__ubuf__ void*)p[0], 0, 1, {t.itemsize}, 0, 0); set_atomic_none();", [A], added, fill=t,
                 how={"special": False} if is_float(t) else {})
    book.add("set_deqscale", "set_deqscale(half(0.25f)); Cast(at<half>(p[0]), at<int32_t>(p[1]), RoundMode::CAST_NONE, 64);", [A, B],
             lambda ub, p: ub.view(A, half, 64).__setitem__(slice(None), (ub.view(B, s32, 64) * 0.25).astype(half)), fill=s32)
    book.add("set_mov_pad_val", "set_mov_pad_val(7); copy_gm_to_ubuf_align_b16((__ubuf__ void*)p[0], out + kImage, 0, 1, 20, 1, 2, 0, 0);", [A],
             lambda ub, p: (ub.view(A, u16, 16).__setitem__(slice(None), [7] + [0] * 10 + [7, 7, 0, 0, 0]), ub.view(A + 2, u16, 10).__setitem__(slice(None), ub.view(IMAGE, u16, 10))), fill=u16)
    code = ("result(0, get_block_idx()); result(1, get_block_num()); result(2, get_subblockid()); result(3, get_subblockdim()); result(4, sbitset1(8, 0)); result(5, sbitset0(9, 0)); "
            "const uint64_t ctrl = get_ctrl(); set_ctrl(sbitset1(ctrl, 60)); result(6, (get_ctrl() >> 60) & 1); set_ctrl(ctrl); result(7, get_vms4_sr() * 0); result(8, block_idx + block_num); "
            "pipe_barrier(PIPE_V); dsb(0); dcci(out, 0); result(9, get_sys_cnt() >= 0); result(10, get_coreid() < 64);")
    book.add("registers", code, [0], lambda ub, p: ub.view(RESULTS, u64, 11).__setitem__(slice(None), [0, 1, 0, 1, 9, 8, 1, 0, 1, 1, 1]))


def intrinsics():
    book = Book("intrinsics")
    for part in (elementwise, reductions, moves):
        part(book)
    return book

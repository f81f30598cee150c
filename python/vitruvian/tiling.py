"""Host tiling of the high-level library: bytes to hand to a kernel.

    t = vt.tiling.matmul(1024, 640, 256, cores=4, dtype="fp16", out_dtype="fp32", bias=True, c_in_ub=True)
    kernel.launch(block_dim=2, args=[a, b, bias, vt.out(c), workspace, np.frombuffer(t, np.uint8)])
"""

from . import _core


class MatmulTiling(bytes):
    """The bytes of a TCubeTiling, with the choice as attributes: cores, single (m, n, k) and base (m, n, k)."""

    def __new__(cls, chosen):
        self = super().__new__(cls, chosen["data"])
        self.cores, self.single, self.base = chosen["cores"], tuple(chosen["single"]), tuple(chosen["base"])
        return self

    def __repr__(self):
        return f"<MatmulTiling cores={self.cores} single={self.single} base={self.base}>"

    __str__ = __repr__


def matmul(m, n, k, cores=1, dtype="fp16", out_dtype="fp32", bias=False, c_in_ub=False, chip="ascend910c", **fixed):
    """A TCubeTiling for C[m, n] = A[m, k] x B[k, n]. cores: vector cores of a mix kernel, cube cores of a cube-only one.

    fixed: base_m, base_n, base_k, single_m, single_n, single_k, n_first (order of the tiles), ub_bytes (UB for a tile of C).
    """
    return MatmulTiling(_core.tiling_matmul(m, n, k, cores, dtype, out_dtype, bias, c_in_ub, fixed, chip))


def softmax(rows, width, element_bytes, tmp_bytes):
    """A SoftMaxTiling for [rows, width] with tmp_bytes of temporary UB; for SoftmaxFlashV2 too."""
    return _core.tiling_softmax(rows, width, element_bytes, tmp_bytes)


def rms_norm(b, s, h, tmp_bytes, original_h=None, element_bytes=2):
    """An RmsNormTiling for [b, s, h]; original_h elements of each row count."""
    return _core.tiling_rms_norm(b, s, h, original_h or h, element_bytes, tmp_bytes)


def layer_norm(b, s, h, tmp_bytes, original_h=None, element_bytes=2):
    """A LayerNormTiling for [b, s, h]."""
    return _core.tiling_layer_norm(b, s, h, original_h or h, element_bytes, tmp_bytes)


def pad(height, width, element_bytes, original_width=None):
    """A PadTiling for [height, width], of which original_width elements of a row count."""
    return _core.tiling_pad(height, width, original_width or width, element_bytes)


def unpad(height, width, element_bytes):
    """An UnPadTiling for [height, width]."""
    return _core.tiling_unpad(height, width, element_bytes)

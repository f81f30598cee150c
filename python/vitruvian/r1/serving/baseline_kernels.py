"""Which family and shape of the baseline stands for a kernel of the R1 library: the same work on an H100.

INT8 products are FP8 there; what has no family of its own streams its compulsory bytes.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping

# Bytes of an element of the library's types.
_ELEMENT = {"bf16": 2, "fp16": 2, "fp32": 4, "int8": 1}


def _linear(dtype: str) -> Callable:
    return lambda kernel: ("gemm", {name: kernel.values[name] for name in ("m", "n", "k")} | {"dtype": dtype})


def _batched_gemm(kernel) -> tuple[str, dict]:
    return "gemm", {"m": kernel.values["tokens"], "n": kernel.values["n"], "k": kernel.values["k"], "groups": kernel.values["heads"], "dtype": "bf16"}


def _grouped_gemm(kernel) -> tuple[str, dict]:
    return "grouped_gemm", {"rows": [int(count) for count in kernel.counts], **{name: kernel.values[name] for name in ("n", "k", "dtype")}}


def _mla_decode(kernel) -> tuple[str, dict]:
    return "mla_decode", {"lengths": [int(length) for length in kernel.lengths()], **{name: kernel.values[name] for name in ("batch", "heads", "q")}}


def _mla_prefill(kernel) -> tuple[str, dict]:
    return "mla_prefill", {"lengths": [int(length) for length in kernel.lengths()], "heads": kernel.values["heads"]}


def _sample(kernel) -> tuple[str, dict]:
    return "sample", {"rows": kernel.values["rows"], "vocab": kernel.values["vocab"], "bytes_per_logit": _ELEMENT[kernel.values["dtype"]]}


def _exchange(family: str) -> Callable:
    return lambda kernel: (family, {name: kernel.values[name] for name in ("tokens", "ep", "columns", "k")})


def _collective(family: str) -> Callable:
    def shape(kernel) -> tuple[str, dict]:
        element = _ELEMENT[kernel.values.get("dtype", "bf16")]
        return family, {"bytes": kernel.values["rows"] * kernel.values["columns"] * element * kernel.values["ep"], "ep": kernel.values["ep"]}
    return shape


_FAMILIES: Mapping[str, Callable[[Any], tuple[str, dict]]] = {
    "linear_int8": _linear("fp8"), "linear_bf16": _linear("bf16"), "batched_gemm": _batched_gemm, "grouped_gemm": _grouped_gemm,
    "mla_decode": _mla_decode, "mla_prefill": _mla_prefill, "sample": _sample, "moe_dispatch": _exchange("dispatch"),
    "moe_combine_remote": _exchange("combine"), "all_gather": _collective("all_gather"), "reduce_scatter": _collective("reduce_scatter"),
    # One pass over the logits is all that an argmax needs.
    "argmax": lambda kernel: ("streaming", {"bytes": kernel.bytes(), "read_share": 1.0}),
}

# Kernels that stream what the kernel before them left: on either machine it is in L2, as far as it fits.
_ACTIVATIONS = frozenset({"rms_norm", "rms_norm_quant", "quantize", "swiglu", "swiglu_quant", "rope", "moe_gate"})


def in_place(kernel) -> dict:
    """What Baseline.predict_kernel gets beside the kernel where it runs behind others, as in a layer."""
    return {"resident": True} if kernel.name in _ACTIVATIONS else {}


def family_and_shape(kernel, streaming: Mapping[str, float]) -> tuple[str, dict]:
    """kernel: an R1Kernel. streaming: the families that stream."""
    if kernel.name in _FAMILIES:
        return _FAMILIES[kernel.name](kernel)
    return kernel.name if kernel.name in streaming else "streaming", {"bytes": kernel.bytes()}

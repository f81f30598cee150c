"""Normalisation, activation, quantisation, embedding, copies: kernels of the vector cores alone."""

from __future__ import annotations

import numpy as np

from .kernel import BF16, Buffer, Parameter, R1Kernel, rounding_error
from .quantised import quantisation_error, worst

FP32, INT8, INT32 = np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.int32)
EPSILON = Parameter(1e-6, "added to the mean square", minimum=0)


def switch(default: int, meaning: str) -> Parameter:
    return Parameter(default, f"1: {meaning}; 0: not", minimum=0)


class VectorKernel(R1Kernel):
    """What the kernels of vector cores share: blocks are vector cores, no cube's peak to compare with."""

    core_kind = "aiv"
    operation_type = "vector"

    def check_switches(self, *names: str) -> None:
        for name in names:
            if self.values[name] > 1:
                self.reject(name, "0 or 1")

    def bytes(self) -> float:
        """Every buffer once, in and out counted twice."""
        buffers = self.buffers(None, 1).values()
        return float(sum(buffer.nbytes * (2 if buffer.role == "inout" else 1) for buffer in buffers if buffer.role != "workspace"))


class RmsNorm(VectorKernel):
    """y[r] = s / sqrt(mean(s^2) + epsilon) * gamma with s = x[r], or with residual=1 s = x[r] + residual[r], which also
    replaces x (bf16); the norm reads the sum before that rounding. Sums in fp32. Columns up to 8192.

    Bytes: rows x columns x (2 in + 2 out, residual 4 more). Operations: 4 an element."""

    name, summary, source = "rms_norm", "RMSNorm of rows, with residual add", "rms_norm.cpp"
    parameters = {
        "rows": Parameter(4096, "tokens"), "columns": Parameter(7168, "features, up to 8192"),
        "residual": switch(0, "x += residual first, written back"), "epsilon": EPSILON,
    }
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (
        dict(rows=5, columns=7168), dict(rows=97, columns=1536, residual=1), dict(rows=3, columns=100), dict(rows=200, columns=65, residual=1),
        dict(rows=1, columns=8192, residual=1),
    )

    def validate(self):
        self.check_switches("residual")
        if self.columns > 8192:
            self.reject("columns", "a whole number up to 8192")

    def symbol(self):
        return self.name + ("_add" if self.residual else "")

    def buffers(self, device, groups):
        matrix = (self.rows, self.columns)
        found = {"x": Buffer("inout" if self.residual else "in", matrix, BF16), "gamma": Buffer("in", (self.columns,), BF16)}
        if self.residual:
            found["residual"] = Buffer("in", matrix, BF16)
        return {**found, **self.results()}

    def results(self):
        return {"y": Buffer("out", (self.rows, self.columns), BF16)}

    def scalars(self, device, groups):
        return {"rows": self.rows, "columns": self.columns, "epsilon": self.epsilon}

    def random(self, rng):
        matrix = (self.rows, self.columns)
        inputs = {"x": rng.standard_normal(matrix).astype(BF16), "gamma": (1 + 0.2 * rng.standard_normal(self.columns)).astype(BF16)}
        if self.residual:
            inputs["residual"] = rng.standard_normal(matrix).astype(BF16)
        return inputs

    def normalised(self, inputs):
        """(sum, normalised rows) in fp64."""
        total = inputs["x"].astype(np.float64) + (inputs["residual"].astype(np.float64) if self.residual else 0)
        root = np.sqrt(np.mean(total**2, axis=1, keepdims=True) + self.epsilon)
        return total, total / root * inputs["gamma"].astype(np.float64)

    def reference(self, inputs):
        total, y = self.normalised(inputs)
        return {"y": y, **({"x": total} if self.residual else {})}

    def operations(self):
        return 4.0 * self.rows * self.columns


class RmsNormQuant(RmsNorm):
    """rms_norm with y int8 and scale fp32 [rows]; keep=1 writes the normalised rows in bf16 (`kept`) too.

    The integers come from s * gamma alone; the norm's factor goes into the scale. Bytes: rms_norm's, y 1 in place of 2, kept 2 more."""

    name, summary = "rms_norm_quant", "RMSNorm with dynamic per-token INT8 quantisation, with residual add"
    error_formula = "worst of: scale, relative; |q - y / scale| in steps; bf16 outputs as rms_norm's"
    parameters = {**RmsNorm.parameters, "keep": switch(0, "a bf16 output as well")}
    test_grid = (
        dict(rows=5, columns=7168), dict(rows=97, columns=1536, residual=1, keep=1), dict(rows=3, columns=100, keep=1), dict(rows=600, columns=65),
        dict(rows=49, columns=8192, residual=1), dict(rows=2, columns=8191, residual=1, keep=1),
    )

    def validate(self):
        super().validate()
        self.check_switches("keep")

    def symbol(self):
        return super().symbol() + ("_keep" if self.keep else "")

    def results(self):
        found = {"y": Buffer("out", (self.rows, self.columns), INT8), "scale": Buffer("out", (self.rows,), FP32)}
        if self.keep:
            found["kept"] = Buffer("out", (self.rows, self.columns), BF16)
        return found

    def reference(self, inputs):
        total, y = self.normalised(inputs)
        found = {"y": y, "scale": y}
        if self.keep:
            found["kept"] = y
        if self.residual:
            found["x"] = total
        return found

    def compare(self, outputs, inputs, reference):
        pairs = quantisation_error(outputs["y"], outputs["scale"], reference["y"], self.accumulation())
        pairs += [rounding_error(outputs[name], reference[name], self.accumulation()) for name in ("kept", "x") if name in reference]
        return worst(pairs)

    def operations(self):
        return 8.0 * self.rows * self.columns


class Quantize(VectorKernel):
    """bf16 -> int8 and a scale for each row: scale = absmax / 127 (1 for zeros), q = rint(x / scale). Columns up to 16384.

    Bytes: 3 an element. Operations: 4 an element."""

    name, summary, source = "quantize", "dynamic per-token INT8 quantisation", "quantize.cpp"
    error_formula = "worst of: scale, relative; |q - x / scale| in steps"
    parameters = {"rows": Parameter(4096, "tokens"), "columns": Parameter(16384, "features, up to 16384")}
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (dict(rows=5, columns=16384), dict(rows=101, columns=512), dict(rows=3, columns=100), dict(rows=260, columns=65))

    def validate(self):
        if self.columns > 16384:
            self.reject("columns", "a whole number up to 16384")

    def symbol(self):
        return "quantize"

    def buffers(self, device, groups):
        matrix = (self.rows, self.columns)
        return {"x": Buffer("in", matrix, BF16), "y": Buffer("out", matrix, INT8), "scale": Buffer("out", (self.rows,), FP32)}

    def scalars(self, device, groups):
        return {"rows": self.rows, "columns": self.columns}

    def random(self, rng):
        x = rng.standard_normal((self.rows, self.columns)).astype(BF16)
        x[self.rows // 2] = 0  # a row of zeros: scale 1
        return {"x": x}

    def reference(self, inputs):
        values = inputs["x"].astype(np.float64)
        return {"y": values, "scale": values}

    def compare(self, outputs, inputs, reference):
        return worst(quantisation_error(outputs["y"], outputs["scale"], reference["y"], self.accumulation()))

    def operations(self):
        return 4.0 * self.rows * self.columns


class Swiglu(VectorKernel):
    """y = silu(gate) * up of x = [gate | up] (bf16 [rows, 2 width]), computed in fp32; any width.

    Bytes: 4 in and 2 out an element of y. Operations: 6 an element."""

    name, summary, source = "swiglu", "SwiGLU activation", "swiglu.cpp"
    parameters = {"rows": Parameter(4096, "tokens"), "width": Parameter(2048, "features of the result")}
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (dict(rows=70, width=2048), dict(rows=3, width=18432), dict(rows=5, width=100), dict(rows=130, width=65), dict(rows=3, width=5640))

    def symbol(self):
        return self.name

    def results(self):
        return {"y": Buffer("out", (self.rows, self.width), BF16)}

    def buffers(self, device, groups):
        return {"x": Buffer("in", (self.rows, 2 * self.width), BF16), **self.results()}

    def scalars(self, device, groups):
        return {"rows": self.rows, "width": self.width}

    def random(self, rng):
        return {"x": (2 * rng.standard_normal((self.rows, 2 * self.width))).astype(BF16)}

    def values_of(self, inputs):
        x = inputs["x"].astype(np.float64)
        gate, up = x[:, : self.width], x[:, self.width :]
        return gate / (1 + np.exp(-gate)) * up

    def reference(self, inputs):
        return {"y": self.values_of(inputs)}

    def operations(self):
        return 6.0 * self.rows * self.width


class SwigluQuant(Swiglu):
    """swiglu with y int8 and scale fp32 [rows]; width up to 18432. Bytes: 4 in and 1 out an element. Operations: 10 an element."""

    name, summary = "swiglu_quant", "SwiGLU with dynamic per-token INT8 quantisation"
    error_formula = "worst of: scale, relative; |q - y / scale| in steps"

    def validate(self):
        if self.width > 18432:
            self.reject("width", "a whole number up to 18432")

    def results(self):
        return {"y": Buffer("out", (self.rows, self.width), INT8), "scale": Buffer("out", (self.rows,), FP32)}

    def reference(self, inputs):
        values = self.values_of(inputs)
        return {"y": values, "scale": values}

    def compare(self, outputs, inputs, reference):
        return worst(quantisation_error(outputs["y"], outputs["scale"], reference["y"], self.accumulation()))

    def operations(self):
        return 10.0 * self.rows * self.width


class Embedding(VectorKernel):
    """y[t] = table[ids[t]] (bf16). Bytes: 4 an element of y, 4 a token. hidden is a multiple of 16."""

    name, summary, source = "embedding", "rows of a table by token", "embedding.cpp"
    parameters = {"tokens": Parameter(4096, "tokens"), "vocab": Parameter(129280, "rows of the table"), "hidden": Parameter(7168, "columns, a multiple of 16")}
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (dict(tokens=100, vocab=300, hidden=256), dict(tokens=3, vocab=50, hidden=7168), dict(tokens=61, vocab=7, hidden=48))

    def validate(self):
        if self.hidden % 16:
            self.reject("hidden", "a multiple of 16")

    def symbol(self):
        return "embedding"

    def buffers(self, device, groups):
        return {
            "table": Buffer("in", (self.vocab, self.hidden), BF16), "ids": Buffer("in", (self.tokens,), INT32),
            "y": Buffer("out", (self.tokens, self.hidden), BF16),
        }

    def scalars(self, device, groups):
        return {"tokens": self.tokens, "hidden": self.hidden}

    def random(self, rng):
        return {**self.control(rng), "table": rng.standard_normal((self.vocab, self.hidden)).astype(BF16)}

    def control(self, rng):
        return {"ids": rng.integers(0, self.vocab, self.tokens).astype(INT32)}

    def reference(self, inputs):
        return {"y": inputs["table"][inputs["ids"]].astype(np.float64)}

    def compare(self, outputs, inputs, reference):
        return float(np.count_nonzero(outputs["y"].astype(np.float64) != reference["y"])), 0.5  # a copy: every element exact

    def operations(self):
        return 0.0

    def bytes(self):
        return float(self.tokens * (4 * self.hidden + 4))


_TYPES = {"bf16": BF16, "fp16": np.dtype(np.float16), "fp32": FP32}


class Cast(VectorKernel):
    """y = x in another type, rounded to nearest even: bf16, fp16, fp32 in any pair, any number of elements. Bytes: the two types' sizes an element."""

    name, summary, source = "cast", "conversion between bf16, fp16 and fp32", "flat.cpp"
    parameters = {
        "count": Parameter(4096 * 7168, "elements"), "source_type": Parameter("bf16", "type of x", tuple(_TYPES)),
        "target_type": Parameter("fp32", "type of y", tuple(_TYPES)),
    }
    error_formula = "elements that differ from the rounding to nearest even"
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = tuple(dict(count=n, source_type=a, target_type=b) for n, a, b in (
        (100001, "bf16", "fp32"), (33, "fp32", "bf16"), (70000, "fp32", "fp16"), (999, "fp16", "fp32"), (5000, "bf16", "fp16"), (5000, "fp16", "bf16")))

    def validate(self):
        if self.source_type == self.target_type:
            self.reject("target_type", "another type than source_type")

    def symbol(self):
        return f"cast_{self.source_type}_{self.target_type}"

    def buffers(self, device, groups):
        return {"x": Buffer("in", (self.count,), _TYPES[self.source_type]), "y": Buffer("out", (self.count,), _TYPES[self.target_type])}

    def scalars(self, device, groups):
        return {"count": self.count}

    def random(self, rng):
        return {"x": rng.standard_normal(self.count).astype(_TYPES[self.source_type])}

    def reference(self, inputs):
        return {"y": inputs["x"].astype(np.float32).astype(_TYPES[self.target_type]).astype(np.float64)}

    def compare(self, outputs, inputs, reference):
        return float(np.count_nonzero(outputs["y"].astype(np.float64) != reference["y"])), 0.5

    def operations(self):
        return float(self.count)


class Add(VectorKernel):
    """y = x + residual (bf16, one rounding), any number of elements. Bytes: 6 an element."""

    name, summary, source = "add", "residual add", "flat.cpp"
    parameters = {"count": Parameter(4096 * 7168, "elements")}
    broken_flags = ("-DBROKEN_LAST_BLOCK",)
    test_grid = (dict(count=100001), dict(count=17), dict(count=49152))

    def symbol(self):
        return "add"

    def buffers(self, device, groups):
        return {"x": Buffer("in", (self.count,), BF16), "residual": Buffer("in", (self.count,), BF16), "y": Buffer("out", (self.count,), BF16)}

    def scalars(self, device, groups):
        return {"count": self.count}

    def random(self, rng):
        return {name: rng.standard_normal(self.count).astype(BF16) for name in ("x", "residual")}

    def reference(self, inputs):
        return {"y": inputs["x"].astype(np.float64) + inputs["residual"].astype(np.float64)}

    def operations(self):
        return float(self.count)

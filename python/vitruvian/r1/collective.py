"""Between dies: tokens to the dies of their experts, and the experts' rows back (exchange.py)."""

from __future__ import annotations

import math

import numpy as np

from .elementwise import FP32, INT8, INT32, switch
from .exchange import DIES, FLAG_BYTES, LINE, RANK, Exchange, Surroundings, join, line_up  # noqa: F401
from .kernel import BF16, Buffer, Parameter

_TOKENS = {
    "tokens": Parameter(128, "of each die"), "k": Parameter(8, "experts of a token"), "columns": Parameter(7168, "features"),
    "experts": Parameter(256, "routed experts, a multiple of ep"), "skew": Parameter("uniform", "popularity of the experts", ("uniform", "zipf")),
    "hot": Parameter(1.0, "popularity of this die's experts, times that of the others", minimum=0.001),
    "capacity": Parameter(0, "rows that this die can take; 0: four times the mean and 64, at most all", minimum=0),
}


class Routed(Exchange):
    """Exchanges of tokens with the dies of their experts."""

    def validate(self):
        super().validate()
        if self.experts % self.ep:
            self.reject("experts", f"a multiple of ep = {self.ep}")
        if self.columns % 32:
            self.reject("columns", "a multiple of 32")
        if self.k > self.experts:
            self.reject("k", "at most experts")
        if self.local + 2 > LINE // 4:
            self.reject("experts", f"at most {(LINE // 4 - 2) * self.ep} on {self.ep} dies")
        if self.entries > 4096:
            self.reject("tokens", f"at most {4096 // self.k} with k = {self.k}; more in several exchanges")

    @property
    def local(self) -> int:
        return self.experts // self.ep

    @property
    def entries(self) -> int:
        return self.tokens * self.k

    @property
    def slots(self) -> int:
        """Rows that one die can send another."""
        return self.tokens * min(self.k, self.local)

    @property
    def rows(self) -> int:
        return self.capacity or min(4 * self.entries + 64, self.ep * self.slots)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """The experts of all dies' tokens, int32 [ep, tokens, k], distinct for a token: popularity equal or 1 / rank, in an order from the seed; this die's times `hot`."""
        weight = np.zeros(self.experts) if self.skew == "uniform" else -np.log(1.0 + rng.permutation(self.experts))
        weight[RANK * self.local : (RANK + 1) * self.local] += math.log(self.hot)
        score = weight + rng.gumbel(size=(self.ep * self.tokens, self.experts))
        return np.argsort(-score, axis=1)[:, : self.k].astype(np.int32).reshape(self.ep, self.tokens, self.k)

    def arrivals(self, ids: np.ndarray) -> np.ndarray:
        """What comes to this die: rows of (expert, sender, entry) of int64, in that order."""
        flat = ids.reshape(self.ep, -1).astype(np.int64)
        sender, entry = np.nonzero(flat // self.local == RANK)
        found = np.stack([flat[sender, entry], sender, entry], axis=1)
        if len(found) > self.rows:
            self.reject("capacity", f"room for {len(found)} rows")
        return found[np.lexsort(found.T[::-1])]

    def departures(self, ids: np.ndarray) -> list[np.ndarray]:
        """What this die sends: for each other die the entries, by expert."""
        flat = ids[RANK].reshape(-1)
        order = np.argsort(flat, kind="stable")
        return [order[flat[order] // self.local == die] for die in range(self.ep) if die != RANK]


class MoeDispatch(Routed):
    """Each token's int8 row and scale to the dies of its k experts, once for each expert; rows that come here are gathered by expert (moe_dispatch.cpp).

    y int8 [rows, columns], y_scale fp32 [rows], origin int32 [rows] (sender * tokens * k + entry) by expert, sender, entry; counts int32 [experts / ep].
    Fabric: (columns + 64) bytes an entry, less those of the own die. HBM: x once, what came in once out."""

    name, summary, source = "moe_dispatch", "tokens to the dies of their experts, by remote writes", "moe_dispatch.cpp"
    parameters = {**_TOKENS, **DIES}
    error_formula = "elements that differ, here and at the peers"
    broken_flags = ("-DBROKEN_LAST_ROW",)
    test_grid = (
        dict(tokens=33, columns=256, experts=64, ep=4), dict(tokens=16, k=4, columns=96, experts=16, ep=2, skew="zipf"), dict(tokens=1, columns=64, ep=8),
        dict(tokens=5, k=3, columns=7168, experts=6, ep=6), dict(tokens=48, columns=128, experts=32, ep=32, skew="zipf"), dict(tokens=7, columns=32, ep=1, k=2, experts=8),
    )

    @property
    def words(self) -> int:
        """Of a sender's list: epoch, where each expert's rows begin, their number."""
        return max(FLAG_BYTES // 4, 1 << (self.local + 1).bit_length())

    @property
    def row_stride(self) -> int:
        return line_up(self.columns + 64)

    @property
    def head(self) -> int:
        return line_up(self.ep * self.words * 4)

    def symbol(self):
        return "moe_dispatch"

    def buffers(self, device, groups):
        return {
            "ids": Buffer("in", (self.tokens, self.k), INT32), "x": Buffer("in", (self.tokens, self.columns), INT8), "scale": Buffer("in", (self.tokens,), FP32),
            "window": Buffer("workspace", (self.head + self.ep * self.slots * self.row_stride,), np.dtype(np.uint8)),
            "y": Buffer("out", (self.rows, self.columns), INT8), "y_scale": Buffer("out", (self.rows,), FP32), "origin": Buffer("out", (self.rows,), INT32),
            "counts": Buffer("out", (self.local,), INT32),
        }

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "tokens": self.tokens, "k": self.k, "columns": self.columns, "local_experts": self.local}

    def control(self, rng):
        all_ids = self.draw(rng)
        return {"all_ids": all_ids, "ids": all_ids[RANK], "arrivals": self.arrivals(all_ids)}

    def random(self, rng):
        inputs = self.control(rng)
        count = len(inputs["arrivals"])
        inputs |= {
            "x": rng.integers(-127, 128, (self.tokens, self.columns), dtype=np.int8), "scale": rng.uniform(0.001, 0.1, self.tokens).astype(np.float32),
            "arrived": rng.integers(-127, 128, (count, self.columns), dtype=np.int8), "arrived_scale": rng.uniform(0.001, 0.1, count).astype(np.float32),
        }
        own = inputs["arrivals"][:, 1] == RANK
        token = inputs["arrivals"][own, 2] // self.k
        inputs["arrived"][own], inputs["arrived_scale"][own] = inputs["x"][token], inputs["scale"][token]
        return inputs

    def window_rows(self, rows: np.ndarray, scale: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Rows as they lie in a window."""
        image = np.zeros((len(rows), self.row_stride), np.uint8)
        image[:, : self.columns] = rows.view(np.uint8)
        image[:, self.columns : self.columns + 4] = scale.astype(np.float32)[:, None].view(np.uint8)
        image[:, self.columns + 32 : self.columns + 36] = origin.astype(np.int32)[:, None].view(np.uint8)
        return image

    def messages(self, die, arrays, inputs):
        sender, window = die, arrays["window"].address
        which = np.flatnonzero(inputs["arrivals"][:, 1] == sender)
        entry = inputs["arrivals"][which, 2]
        if len(which):
            rows = inputs.get("arrived", np.zeros((0, self.columns), np.int8))
            data, scale = (rows[which], inputs["arrived_scale"][which]) if len(rows) else (np.zeros((len(which), self.columns), np.int8), np.ones(len(which)))
            image = self.window_rows(data, scale, sender * self.entries + entry)
            region = window + self.head + sender * self.slots * self.row_stride
            yield from ((region + i * self.row_stride, row[: self.columns + 64]) for i, row in enumerate(image))

    def signals(self, die, arrays, inputs):
        expert = inputs["arrivals"][inputs["arrivals"][:, 1] == die, 0]
        starts = np.cumsum(np.bincount(expert - RANK * self.local, minlength=self.local))
        return [(arrays["window"].address + die * self.words * 4, np.concatenate([[self.epoch, 0], starts]).astype(np.int32))]

    def reference(self, inputs):
        expert, sender, entry = inputs["arrivals"].T
        sent = np.concatenate([*self.departures(inputs["all_ids"]), np.zeros(0, np.int64)]).astype(np.int64)
        return {
            "y": inputs["arrived"], "y_scale": inputs["arrived_scale"], "origin": sender * self.entries + entry,
            "counts": np.bincount(expert - RANK * self.local, minlength=self.local),
            "sent": self.window_rows(inputs["x"][sent // self.k], inputs["scale"][sent // self.k], RANK * self.entries + sent)[:, : self.columns + 36],
            "sent_counts": np.bincount(inputs["all_ids"][RANK].reshape(-1), minlength=self.experts)[self.local :].reshape(self.ep - 1, self.local),
        }

    def collect(self, device, arrays, inputs, names):
        found = {name: arrays[name].numpy() for name in names if name in arrays}
        sent, counts = [np.zeros((0, self.row_stride), np.uint8)], [np.zeros((0, self.local), np.int32)]
        for peer, entries in zip(self.peers(device), self.departures(inputs["all_ids"])):
            sent.append(peer.read(self.head + RANK * self.slots * self.row_stride, (len(entries), self.row_stride), np.uint8))
            starts = peer.read(RANK * self.words * 4, self.words, np.int32)[1 : self.local + 2]
            counts.append(np.diff(starts)[None])
        image = np.concatenate(sent)[:, : self.columns + 36]
        image[:, self.columns + 4 : self.columns + 32] = 0  # the gap of the trailer, which nobody reads
        return {**found, "sent": image, "sent_counts": np.concatenate(counts)}

    def compare(self, outputs, inputs, reference):
        return float(sum(np.count_nonzero(outputs[name][: len(wanted)] != wanted.astype(outputs[name].dtype)) for name, wanted in reference.items())), 0.5

    def fabric_bytes(self):
        return self.entries * (1 - 1 / self.ep) * (self.columns + 64)

    def bytes(self):
        return float(self.tokens * (self.columns + 4 + 4 * self.k) + self.entries * (self.columns + 8))


class MoeCombineRemote(Routed):
    """Experts' rows back to the dies of their tokens, then y[t] = sum_j weights[t, j] * row(t, j) (+ shared[t]) (moe_combine_remote.cpp).

    x bf16 [rows, columns], origin and counts as moe_dispatch leaves them; y bf16 [tokens, columns], summed in fp32.
    Fabric: 2 x columns bytes an entry, less those of the own die. HBM: x, y and shared once."""

    name, summary, source = "moe_combine_remote", "experts' rows back to their dies, and the weighted sum", "moe_combine_remote.cpp"
    parameters = {**_TOKENS, "shared": switch(0, "add the shared expert's row"), **DIES}
    error_formula = "max |y - ref| / (|ref| + 2^-10 max |ref|); infinite where a row at a peer differs"
    broken_flags = ("-DBROKEN_LAST_ROW",)
    test_grid = (
        dict(tokens=33, columns=256, experts=64, ep=4, shared=1), dict(tokens=16, k=4, columns=96, experts=16, ep=2, skew="zipf"), dict(tokens=1, columns=64, ep=8),
        dict(tokens=5, k=3, columns=7168, experts=6, ep=6, shared=1), dict(tokens=48, columns=128, experts=32, ep=32, skew="zipf"), dict(tokens=7, columns=32, ep=1, k=2, experts=8),
    )

    def validate(self):
        super().validate()
        self.check_switches("far", "shared")

    def symbol(self):
        return "moe_combine_remote"

    def buffers(self, device, groups):
        return {
            "x": Buffer("in", (self.rows, self.columns), BF16), "origin": Buffer("in", (self.rows,), INT32), "counts": Buffer("in", (self.local,), INT32),
            "weights": Buffer("in", (self.tokens, self.k), FP32), "shared": Buffer("in", (self.tokens, self.columns) if self.shared else (1,), BF16),
            "window": Buffer("workspace", (self.head + self.entries * self.columns * 2,), np.dtype(np.uint8)), "y": Buffer("out", (self.tokens, self.columns), BF16),
        }

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "tokens": self.tokens, "k": self.k, "columns": self.columns, "local_experts": self.local, "with_shared": self.shared}

    def control(self, rng):
        all_ids = self.draw(rng)
        arrivals = self.arrivals(all_ids)
        origin = np.zeros(self.rows, np.int32)
        origin[: len(arrivals)] = arrivals[:, 1] * self.entries + arrivals[:, 2]
        counts = np.bincount(arrivals[:, 0] - RANK * self.local, minlength=self.local).astype(np.int32)
        return {"all_ids": all_ids, "arrivals": arrivals, "origin": origin, "counts": counts}

    def random(self, rng):
        inputs = self.control(rng)
        x = np.zeros((self.rows, self.columns), BF16)
        x[: len(inputs["arrivals"])] = rng.standard_normal((len(inputs["arrivals"]), self.columns), np.float32).astype(BF16)
        weights = rng.uniform(0.1, 1, (self.tokens, self.k)).astype(np.float32)
        returned = rng.standard_normal((self.entries, self.columns), np.float32).astype(BF16)
        own = inputs["arrivals"][:, 1] == RANK
        returned[inputs["arrivals"][own, 2]] = x[: len(own)][own]
        inputs |= {"x": x, "weights": 2.5 * weights / weights.sum(axis=1, keepdims=True), "returned": returned}
        if self.shared:
            inputs["shared"] = rng.standard_normal((self.tokens, self.columns), np.float32).astype(BF16)
        return inputs

    def messages(self, die, arrays, inputs):
        for entry in self.departures(inputs["all_ids"])[die - 1]:
            row = inputs["returned"][entry] if "returned" in inputs else np.zeros(self.columns, BF16)
            yield arrays["window"].address + self.head + int(entry) * self.columns * 2, row

    def reference(self, inputs):
        rows = inputs["returned"].astype(np.float64).reshape(self.tokens, self.k, self.columns)
        y = np.einsum("tk,tkc->tc", inputs["weights"].astype(np.float64), rows)
        sent = inputs["arrivals"][:, 1] != RANK
        return {"y": y + inputs["shared"].astype(np.float64) if self.shared else y, "sent": inputs["x"][: len(sent)][sent]}

    def collect(self, device, arrays, inputs, names):
        sent = [peer.read(self.head + int(entry) * self.columns * 2, self.columns, BF16)
                for peer, entry in ((self.peers(device)[sender - 1], entry) for _, sender, entry in inputs["arrivals"] if sender != RANK)]
        return {"y": arrays["y"].numpy(), "sent": np.array(sent, BF16).reshape(-1, self.columns)}

    def compare(self, outputs, inputs, reference):
        error, bound = super().compare({"y": outputs["y"]}, inputs, {"y": reference["y"]})
        return (error if np.array_equal(outputs["sent"], reference["sent"]) else math.inf), bound

    def fabric_bytes(self):
        return self.entries * (1 - 1 / self.ep) * self.columns * 2

    def operations(self):
        return 2.0 * self.entries * self.columns

    def bytes(self):
        return float(2 * self.columns * (self.entries + self.tokens * (1 + self.shared)) + 4 * self.entries)

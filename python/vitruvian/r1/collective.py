"""Between dies: dispatch and combine of tokens to experts, all-gather, reduce-scatter.

One die runs the compiled kernel; the others are peers on the fabric (vt.Package.add_peer): memory that its remote writes
reach, and programmed messages for what they send. All dies draw their tokens from the same distribution. A peer serves all
the others at once, so that what it sends to this die is spread over the time that all its sending takes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterator

import numpy as np

from ..chips import chip as chip_values
from ..device import Device
from ..package import Package, Peer
from .elementwise import FP32, INT8, INT32, VectorKernel, switch
from .kernel import BF16, UNIT_ROUNDOFF, Buffer, Parameter

FLAG_BYTES = 64    # kFlagBytes of kernels/r1/dies.h
LINE = 512         # kLine of the sources: where a window's data begin
PIECE = 16 * 1024  # of a block that a peer sends
RANK = 0           # the die that is simulated, among the `ep`

_DIES = {
    "ep": Parameter(8, "dies that exchange", minimum=1), "far": switch(0, "the other dies are in other nodes"),
    "epoch": Parameter(1, "number of the exchange: the value of its flags"),
    "lag_us": Parameter(8.0, "when the other dies begin to send, from the launch; they are otherwise in step with this one", minimum=0),
}
_TOKENS = {
    "tokens": Parameter(128, "of each die"), "k": Parameter(8, "experts of a token"), "columns": Parameter(7168, "features"),
    "experts": Parameter(256, "routed experts, a multiple of ep"), "skew": Parameter("uniform", "popularity of the experts", ("uniform", "zipf")),
    "hot": Parameter(1.0, "popularity of this die's experts, times that of the others", minimum=0.001),
    "capacity": Parameter(0, "rows that this die can take; 0: four times the mean and 64, at most all", minimum=0),
}


def line_up(bytes: int) -> int:
    return -(-bytes // LINE) * LINE


@dataclass(frozen=True)
class Surroundings:
    """What a die that exchanges knows of the others."""

    package: Package
    peers: list[Peer]
    write_rate: float   # bytes a second through a port of the fabric


def join(device: Device, package: Package, count: int, far: bool = False, overrides: dict | None = None) -> Device:
    """Gives a die of a package `count` peers, which the exchanges' kernels on it write to, and returns it. overrides: the package's."""
    value = {path: entry.value for path, entry in chip_values(device.chip, overrides).items() if path.startswith(("fabric.", "link."))}
    share = value["link.packet"] / (value["link.packet"] + value["link.header"] + value["link.address"])
    device.__dict__["_exchange"] = Surroundings(package, [package.add_peer(1 << 34, far) for _ in range(count)], value["fabric.bandwidth"] * share)
    return device


class Exchange(VectorKernel):
    """What the kernels between dies share: peers, windows, messages."""

    steering_bytes = 1 << 16  # ids and lists of counts, through UB

    def make_device(self, chip, overrides):
        package = Package(chip, overrides)
        return join(package.dies[0], package, self.ep - 1, bool(self.far), overrides)

    def surroundings(self, device) -> Surroundings:
        found = device.__dict__.get("_exchange")
        count = len(found.peers) if found else 0
        if count != self.ep - 1 or not found:
            self.reject("ep", f"{count + 1}: the device's peers and itself (vitruvian.r1.collective.join)")
        return found

    def peers(self, device) -> list[Peer]:
        return self.surroundings(device).peers

    def scalars(self, device, groups):
        peers = self.peers(device)
        return {
            "peers": peers[0].address if peers else 0, "peer_stride": peers[1].address - peers[0].address if len(peers) > 1 else 0,
            "rank": RANK, "dies": self.ep, "epoch": self.epoch,
        }

    @property
    def head(self) -> int:
        """Bytes of a window in front of the data."""
        return line_up(self.ep * FLAG_BYTES)

    def settle(self, device, arrays, inputs):
        """Programs what the peers send: each die's pieces for this one are spread over the time that all its sending takes."""
        around = self.surroundings(device)
        if not around.package.stage:  # else one exchange of several
            around.package.clear_messages()
        sending_us = self.fabric_bytes() / around.write_rate * 1e6
        for index, peer in enumerate(around.peers):
            pieces = list(self.messages(index + 1, arrays, inputs))
            total, sent = max(sum(data.nbytes for _, data in pieces), 1), 0
            for to, data in pieces:
                peer.send(to, data, after_us=self.lag_us + sent / total * sending_us)
                sent += data.nbytes
            for to, data in self.signals(index + 1, arrays, inputs):
                peer.send(to, data, after_us=self.lag_us + sending_us)

    def signals(self, die, arrays, inputs) -> list[tuple[int, np.ndarray]]:
        """What a die sends behind its data, as messages()."""
        return [(arrays["window"].address + die * FLAG_BYTES, np.array([self.epoch], np.uint32))]

    def messages(self, die, arrays, inputs) -> Iterator[tuple[int, np.ndarray]]:
        """(address, data) of each piece that a die sends to this one, in their order."""
        raise NotImplementedError

    @staticmethod
    def pieces(to: int, data: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """A block in pieces, at most 64."""
        data = data.reshape(-1).view(np.uint8)
        size = max(PIECE, -(-len(data) // 64))
        for at in range(0, len(data), size):
            yield to + at, data[at : at + size]

    def fabric_bytes(self) -> float:
        """Payload that crosses the fabric in each direction."""
        raise NotImplementedError

    def other_bound_s(self, device):
        return self.fabric_bytes() / self.surroundings(device).write_rate

    def operations(self):
        return 0.0


class Routed(Exchange):
    """Exchanges of tokens with the dies of their experts."""

    def validate(self):
        self.check_switches("far")
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
    parameters = {**_TOKENS, **_DIES}
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
    parameters = {**_TOKENS, "shared": switch(0, "add the shared expert's row"), **_DIES}
    error_formula = "max |y - ref| / max |ref|; infinite where a row at a peer differs"
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


class AllGather(Exchange):
    """y[die] = x of that die: every die's rows at every die (gather_scatter.cpp). HBM: x once, y once. Fabric: (ep - 1) x the block each way."""

    name, summary, source = "all_gather", "every die's rows at every die", "gather_scatter.cpp"
    parameters = {
        "rows": Parameter(256, "rows of a die"), "columns": Parameter(7168, "features"), "dtype": Parameter("bf16", "type of x", ("bf16", "int8")), **_DIES,
    }
    error_formula = "elements that differ, here and at the peers"
    broken_flags = ("-DBROKEN_LAST_CHUNK",)
    test_grid = (dict(rows=33, columns=256, ep=4), dict(rows=5, columns=7168, dtype="int8", ep=3), dict(rows=1, columns=100, ep=8), dict(rows=3, columns=64, ep=1))

    def element(self) -> np.dtype:
        return BF16 if self.dtype == "bf16" else INT8

    def symbol(self):
        return "all_gather"

    @property
    def block(self) -> int:
        """Bytes of a die's rows."""
        return self.rows * self.columns * self.element().itemsize

    def buffers(self, device, groups):
        return {
            "x": Buffer("in", (self.rows, self.columns), self.element()), "window": Buffer("workspace", (self.head,), np.dtype(np.uint8)),
            "y": Buffer("out", (self.ep, self.rows, self.columns), self.element()),
        }

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "bytes": self.block}

    def numbers(self, rng, shape) -> np.ndarray:
        return rng.standard_normal(shape, np.float32).astype(BF16) if self.dtype == "bf16" else rng.integers(-127, 128, shape, dtype=np.int8)

    def random(self, rng):
        every = self.numbers(rng, (self.ep, self.rows, self.columns))
        return {"every": every, "x": every[RANK]}

    def messages(self, die, arrays, inputs):
        return self.pieces(arrays["y"].address + die * self.block, inputs["every"][die] if inputs else np.zeros(self.block, np.uint8))

    def reference(self, inputs):
        return {"y": inputs["every"], "sent": np.repeat(inputs["x"][None], self.ep - 1, axis=0)}

    def collect(self, device, arrays, inputs, names):
        sent = [peer.read(self.head + RANK * self.block, (self.rows, self.columns), self.element()) for peer in self.peers(device)]
        return {"y": arrays["y"].numpy(), "sent": np.array(sent, self.element()).reshape(-1, self.rows, self.columns)}

    def compare(self, outputs, inputs, reference):
        return float(sum(np.count_nonzero(outputs[name] != wanted) for name, wanted in reference.items())), 0.5

    def fabric_bytes(self):
        return float((self.ep - 1) * self.block)

    def bytes(self):
        return float((self.ep + 1) * self.block)


class ReduceScatter(Exchange):
    """y = sum over the dies of their block of this die's number: x bf16 [ep, rows, columns] -> y bf16 [rows, columns], summed in fp32 in the
    dies' order (gather_scatter.cpp). HBM: x and y once. Fabric: (ep - 1) x the block each way."""

    name, summary, source = "reduce_scatter", "sum over the dies, a block for each", "gather_scatter.cpp"
    parameters = {"rows": Parameter(256, "rows of a block"), "columns": Parameter(7168, "features"), **_DIES}
    error_formula = "max |y - ref| / max |ref|; infinite where a block at a peer differs"
    broken_flags = ("-DBROKEN_LAST_CHUNK",)
    test_grid = (dict(rows=33, columns=256, ep=4), dict(rows=5, columns=7168, ep=3), dict(rows=1, columns=100, ep=8), dict(rows=3, columns=64, ep=1), dict(rows=3, columns=80, ep=32))

    def symbol(self):
        return "reduce_scatter"

    @property
    def block(self) -> int:
        return self.rows * self.columns * 2

    def buffers(self, device, groups):
        return {
            "x": Buffer("in", (self.ep, self.rows, self.columns), BF16), "window": Buffer("workspace", (self.head + self.ep * self.block,), np.dtype(np.uint8)),
            "y": Buffer("out", (self.rows, self.columns), BF16),
        }

    def scalars(self, device, groups):
        return {**super().scalars(device, groups), "elements": self.rows * self.columns}

    def random(self, rng):
        shape = (self.ep, self.rows, self.columns)
        x, every = (rng.standard_normal(shape, np.float32).astype(BF16) for _ in range(2))
        every[RANK] = x[RANK]
        return {"x": x, "every": every}

    def messages(self, die, arrays, inputs):
        return self.pieces(arrays["window"].address + self.head + die * self.block, inputs["every"][die] if inputs else np.zeros(self.block, np.uint8))

    def reference(self, inputs):
        return {"y": inputs["every"].astype(np.float64).sum(axis=0), "sent": np.delete(inputs["x"], RANK, axis=0)}

    def collect(self, device, arrays, inputs, names):
        sent = [peer.read(self.head + RANK * self.block, (self.rows, self.columns), BF16) for peer in self.peers(device)]
        return {"y": arrays["y"].numpy(), "sent": np.array(sent, BF16).reshape(-1, self.rows, self.columns)}

    def compare(self, outputs, inputs, reference):
        error, _ = super().compare({"y": outputs["y"]}, inputs, {"y": reference["y"]})
        return (error if np.array_equal(outputs["sent"], reference["sent"]) else math.inf), UNIT_ROUNDOFF[BF16] + self.ep * UNIT_ROUNDOFF[FP32]

    def fabric_bytes(self):
        return float((self.ep - 1) * self.block)

    def operations(self):
        return float(self.ep * self.rows * self.columns)

    def bytes(self):
        return float((self.ep + 1) * self.block)

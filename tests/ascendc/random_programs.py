"""Random programs of three pipes, well synchronised by construction, and an oracle of what is ordered.

The oracle knows nothing of the emulator: it counts, for each pipe, how many operations of each other pipe are known to be
complete before the pipe's next operation starts.
  set(P -> Q): carries P's knowledge, and all of P's operations so far (a flag is set once they are complete)
  wait(P -> Q): Q learns it
  barrier: V learns its own operations; without it a vector operation may read what an unfinished one writes
"""

from dataclasses import dataclass

import numpy as np

PIPES = ("MTE2", "V", "MTE3")
EVENTS = (("MTE2", "V"), ("V", "MTE2"), ("V", "MTE3"), ("MTE3", "V"), ("MTE2", "MTE3"), ("MTE3", "MTE2"))
END, LOAD, STORE, ADD, MULS, MAX, REDUCE, SET, WAIT, BARRIER = range(10)
UB, IDS = 16 * 1024, 8


@dataclass
class Row:
    code: int
    a: int = 0
    b: int = 0
    c: int = 0
    n: int = 0
    pair: int = -1  # which set/wait pair this belongs to

    def pipe(self):
        return {LOAD: "MTE2", STORE: "MTE3"}.get(self.code, "V")

    def work(self):
        return self.code in (LOAD, STORE, ADD, MULS, MAX, REDUCE)

    def ranges(self):
        """(reads, writes) of UB as half-open byte ranges, in whole blocks where the unit reads and writes blocks."""
        size = 4 * self.n
        if self.code == LOAD:
            return [], [(self.a, self.a + size)]
        if self.code == STORE:
            return [(self.b, self.b + size)], []
        if self.code == REDUCE:
            return [(self.b, self.b + size)], [(self.a, self.a + 4 * (self.n // 64))]
        sources = [self.b] if self.code == MULS else [self.b, self.c]
        return [(s, s + size) for s in sources], [(self.a, self.a + size)]

    def words(self):
        return [self.code, self.a, self.b, self.c, self.n, 0]


def touch(one, other):
    return any(a < d and c < b for a, b in one for c, d in other)


def conflict(earlier: Row, later: Row) -> bool:
    """Must something order them? One pipe keeps its own order, but for a vector operation that reads what another writes."""
    er, ew = earlier.ranges()
    lr, lw = later.ranges()
    if earlier.pipe() == later.pipe():
        return earlier.pipe() == "V" and touch(ew, lr)
    return touch(ew, lr) or touch(ew, lw) or touch(er, lw)


class Knowledge:
    """What each pipe knows to be complete, as counts of operations of each pipe."""

    def __init__(self):
        self.known = {p: dict.fromkeys(PIPES, 0) for p in PIPES}
        self.issued = dict.fromkeys(PIPES, 0)
        self.flags = {}

    def apply(self, row: Row):
        if row.code == SET:
            source = EVENTS[row.a][0]
            self.flags[row.a, row.b] = {**self.known[source], source: self.issued[source]}
        elif row.code == WAIT:
            target = EVENTS[row.a][1]
            for pipe, count in self.flags.pop((row.a, row.b)).items():
                self.known[target][pipe] = max(self.known[target][pipe], count)
        elif row.code == BARRIER:
            self.known["V"]["V"] = self.issued["V"]
        else:
            self.issued[row.pipe()] += 1

    def complete(self, pipe, other, ordinal):
        return self.known[pipe][other] > ordinal


def unordered(rows):
    """Pairs (earlier, later) of operations that conflict and that nothing orders."""
    knowledge, past, found = Knowledge(), [], []
    for row in rows:
        if row.work():
            for earlier, ordinal in past:
                if conflict(earlier, row) and not knowledge.complete(row.pipe(), earlier.pipe(), ordinal):
                    found.append((earlier, row))
            past.append((row, knowledge.issued[row.pipe()]))
        knowledge.apply(row)
    return found


class Generator:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.rows, self.past, self.knowledge = [], [], Knowledge()
        self.ids = [0] * len(EVENTS)
        self.pairs = 0
        self.stored = 0

    def place(self, n):
        return int(self.rng.integers(0, (UB - 4 * n) // 32)) * 32

    def operation(self):
        kind = int(self.rng.choice([LOAD, LOAD, STORE, ADD, MULS, MAX, REDUCE]))
        n = int(self.rng.integers(1, 60)) * 8
        if kind == REDUCE:
            n = max(n // 64, 1) * 64
        if kind == LOAD:
            return Row(LOAD, self.place(n), 32 * int(self.rng.integers(0, 64)), 0, n)
        if kind == STORE:
            row = Row(STORE, self.stored, self.place(n), 0, n)
            self.stored += 4 * n
            return row
        return Row(kind, self.place(n), self.place(n), self.place(n), n)

    def emit(self, row):
        self.rows.append(row)
        self.knowledge.apply(row)

    def order(self, row) -> bool:
        """Adds what the operation needs to be ordered behind all it conflicts with; False where the ids of an event ran out."""
        for earlier, ordinal in self.past:
            if not conflict(earlier, row) or self.knowledge.complete(row.pipe(), earlier.pipe(), ordinal):
                continue
            if earlier.pipe() == row.pipe():
                self.emit(Row(BARRIER))
                continue
            event = EVENTS.index((earlier.pipe(), row.pipe()))
            if self.ids[event] == IDS:
                return False
            for code in (SET, WAIT):
                self.emit(Row(code, event, self.ids[event], pair=self.pairs))
            self.ids[event] += 1
            self.pairs += 1
        return True

    def program(self, length):
        while len(self.past) < length:
            row = self.operation()
            # In place only where the places are equal; a partial overlap of source and destination is not what is tried here.
            reads, writes = row.ranges()
            if any(touch([r], writes) for r in reads):
                continue
            if not self.order(row):
                break
            self.past.append((row, self.knowledge.issued[row.pipe()]))
            self.emit(row)
        return self.rows


def encode(rows):
    return np.array([w for row in rows for w in row.words()] + [END] * 6, np.int64)


def reference(rows, data, out_bytes):
    """The results by plain Python, in program order."""
    ub, out = np.zeros(UB // 4, np.float32), np.zeros(out_bytes // 4, np.float32)

    def at(address, n):
        return slice(address // 4, address // 4 + n)
    with np.errstate(all="ignore"):
        for r in rows:
            if r.code == LOAD:
                ub[at(r.a, r.n)] = data[at(r.b, r.n)]
            elif r.code == STORE:
                out[at(r.a, r.n)] = ub[at(r.b, r.n)]
            elif r.code == ADD:
                ub[at(r.a, r.n)] = ub[at(r.b, r.n)] + ub[at(r.c, r.n)]
            elif r.code == MULS:
                ub[at(r.a, r.n)] = ub[at(r.b, r.n)] * np.float32(0.5)
            elif r.code == MAX:
                ub[at(r.a, r.n)] = np.maximum(ub[at(r.b, r.n)], ub[at(r.c, r.n)])
            elif r.code == REDUCE:
                level = ub[at(r.b, r.n)].reshape(-1, 64)
                while level.shape[1] > 1:
                    level = level[:, 0::2] + level[:, 1::2]
                ub[at(r.a, r.n // 64)] = level[:, 0]
    return out

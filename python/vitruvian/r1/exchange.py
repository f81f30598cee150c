"""What kernels that exchange data between dies share: peers, windows, messages.

One die runs the compiled kernel; the others are peers on the fabric (vt.Package.add_peer): memory that its remote writes
reach, and programmed messages for what they send. All dies draw their tokens from the same distribution. A peer serves all
the others at once, so that what it sends to this die is spread over the time that all its sending takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

import numpy as np

from ..chips import chip as chip_values
from ..device import Device
from ..package import Package, Peer
from .elementwise import VectorKernel, switch
from .kernel import Parameter

FLAG_BYTES = 64    # kFlagBytes of kernels/r1/dies.h
LINE = 512         # kLine of the sources: where a window's data begin
PIECE = 16 * 1024  # of a block that a peer sends
RANK = 0           # the die that is simulated, among the `ep`

DIES = {
    "ep": Parameter(8, "dies that exchange", minimum=1), "far": switch(0, "the other dies are in other nodes"),
    "epoch": Parameter(1, "number of the exchange: the value of its flags"),
    "lag_us": Parameter(8.0, "when the other dies begin to send, from the launch; they are otherwise in step with this one", minimum=0),
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

    def validate(self):
        self.check_switches("far")

    def make_device(self, chip, overrides):
        package = Package(chip, overrides)
        return join(package.dies[0], package, self.ep - 1, bool(self.far), overrides)

    def surroundings(self, device) -> Surroundings:
        found = device.__dict__.get("_exchange")
        count = len(found.peers) if found else 0
        if count != self.ep - 1 or not found:
            self.reject("ep", f"{count + 1}: the device's peers and itself (vitruvian.r1.exchange.join)")
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

"""A package of dies in one simulation, and peers on the scale-up fabric."""

import os

import numpy as np

from . import _core
from .arguments import _bytes_of
from .device import Device, PreparedLaunch, run_streams, run_together
from .run import Run


class Package:
    """Dies with HBM, L2 and device addresses of their own, a link between them, and the fabric behind them.

        package = vt.Package("ascend910c")
        x = package.dies[1].to_device(host)                  # an array on die 1 ...
        package.dies[0].load(elf)["copy"].launch(args=[x, ...])   # ... is an argument of a kernel on die 0
    """

    def __init__(self, chip: str = "ascend910c", overrides: dict[str, float] | None = None):
        self._core = _core.Package(os.fspath(chip), {path: float(value) for path, value in (overrides or {}).items()})
        self.dies = [Device._of_core(self._core.die(i)) for i in range(self._core.dies)]
        self.peers: "list[Peer]" = []
        # What Peer.send() counts from: 0, the run's beginning, or the start of the launch with the option stage=.
        self.stage = 0

    def run_concurrently(self, launches: list[PreparedLaunch], progress=None) -> list[Run]:
        """Runs launches, made by Kernel.prepare(), in one simulation: each on the die of its module."""
        return run_together(self._core, launches, progress)

    def run_streams(self, streams: list[list[PreparedLaunch]], progress=None) -> list[list[Run]]:
        """Device.run_streams(), each launch on the die of its module."""
        return run_streams(self._core, streams, progress)

    def add_peer(self, bytes: int = 1 << 30, far: bool = False) -> "Peer":
        """A die elsewhere that is not simulated: memory behind the fabric, and messages that it sends. far: in another node."""
        self.peers.append(Peer(self, self._core.add_peer(bytes, far), bytes, far))
        return self.peers[-1]

    def clear_messages(self) -> None:
        """Forgets the messages of all peers."""
        self._core.clear_messages()

    def hierarchy(self) -> str:
        """The tree of SystemC modules."""
        return self._core.hierarchy()

    def __repr__(self) -> str:
        return f"Package({len(self.dies)} x {self.dies[0]!r}, {len(self.peers)} peers)"


class Peer:
    """A peer's memory and messages. `address` is where the dies' kernels find it: pass address + offset as an argument."""

    def __init__(self, package: Package, index: int, bytes: int, far: bool):
        self._package, self._core, self._index = package, package._core, index
        self.bytes, self.far, self.address = bytes, far, self._core.peer_memory(index)

    def write(self, offset: int, array) -> None:
        """Puts an array into the peer's memory, from the host."""
        self._core.copy_in(self.address + offset, _bytes_of(np.ascontiguousarray(array)))

    def read(self, offset: int, shape, dtype=np.float32) -> np.ndarray:
        """What the peer's memory holds."""
        array = np.empty(shape, dtype)
        self._core.copy_out(_bytes_of(array), self.address + offset)
        return array

    def send(self, to, data=None, *, source: tuple[int, int] | None = None, after_us: float = 0, when: tuple[int, int] | None = None) -> None:
        """Programs a message for every further run.

        to:       a DeviceArray of a die, or an address in its memory.
        data:     an array or bytes; or source=(offset, bytes): what the peer's memory holds there when the message goes.
        after_us: from the launch; with when=(offset, value) from the write that leaves this 32-bit value there. Among several
                  launches, package.stage says from which one: that with the option stage=, 0 from the run's beginning.
        """
        if (data is None) == (source is None):
            _core.fail("a message has data or a source", "Peer.send", "one of data= and source=", "both" if data is not None else "neither")
        address = to if isinstance(to, int) else to._live().value
        content = b"" if data is None else data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()
        offset, count = source or (0, 0)
        trigger = None if when is None else (self.address + when[0], when[1])
        self._core.program(self._index, after_us, trigger, address, content, self.address + offset, count, self._package.stage)

    def __repr__(self) -> str:
        return f"Peer({self.bytes} B at {self.address:#x}{', in another node' if self.far else ''})"

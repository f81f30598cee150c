"""Kernel arguments: NumPy arrays that travel to the device and back, and arrays that stay there."""

import ctypes
import math

import numpy as np

from . import _core

# Types that a device buffer may hold; ml_dtypes' types (bfloat16, float8) have no kind of NumPy's own.
_PLAIN_KINDS = "iufb"


def _check_dtype(dtype: np.dtype, where: str) -> None:
    if dtype.hasobject or (dtype.kind not in _PLAIN_KINDS and not dtype.type.__module__.startswith("ml_dtypes")):
        _core.fail("the array's type has no place on the device", where, "a float, bfloat16 or integer type", str(dtype))
    if not dtype.isnative:
        _core.fail("the array has the other byte order", where, "native byte order", str(dtype))


def _bytes_of(array: np.ndarray) -> np.ndarray:
    """The bytes of a contiguous array, without a copy."""
    return array.reshape(-1).view(np.uint8)


class _Mark:
    """An array that the launch writes; see out() and inout()."""

    def __init__(self, array: np.ndarray, reads: bool):
        name = "inout" if reads else "out"
        if not isinstance(array, np.ndarray):
            _core.fail("only arrays can be written", name, "a NumPy array", type(array).__name__)
        _check_dtype(array.dtype, name)
        if not array.flags.c_contiguous:
            _core.fail("an output must be contiguous: its copy would be written, not the array", name, "a C-contiguous array",
                       f"strides {array.strides} of shape {array.shape}")
        if not array.flags.writeable:
            _core.fail("an output must be writeable", name, "a writeable array", "a read-only one")
        self.array, self.reads = array, reads


def out(array: np.ndarray) -> _Mark:
    """Marks an array that the kernel writes: zero on the device before the launch, copied back after it."""
    return _Mark(array, reads=False)


def inout(array: np.ndarray) -> _Mark:
    """Marks an array that the kernel reads and writes."""
    return _Mark(array, reads=True)


class DeviceArray:
    """An array in device memory. It stays there from launch to launch; numpy() copies it to the host."""

    def __init__(self, core_device, shape, dtype):
        self._device = core_device
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype = np.dtype(dtype)
        _check_dtype(self.dtype, "DeviceArray")
        self._address = None
        if self.nbytes >= 1 << 63:
            _core.fail("device memory is full", "DeviceArray", "a size in 63 bits", f"{self.nbytes} bytes")
        self._address = core_device.allocate(max(self.nbytes, 1))

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def address(self) -> int:
        """The address that kernels see."""
        return self._live().value

    def numpy(self) -> np.ndarray:
        """A copy on the host."""
        array = np.empty(self.shape, self.dtype)
        if array.nbytes:
            self._device.copy_out(_bytes_of(array), self._live())
        return array

    def copy_from(self, array) -> "DeviceArray":
        """Overwrites the contents with a host array of the same shape and type."""
        array = np.ascontiguousarray(array)
        if array.shape != self.shape or array.dtype != self.dtype:
            _core.fail("the arrays differ", "copy_from", f"{self.dtype} {self.shape}", f"{array.dtype} {array.shape}")
        if array.nbytes:
            self._device.copy_in(self._live(), _bytes_of(array))
        return self

    def free(self) -> None:
        """Gives the device memory back; the array is of no use afterwards."""
        if self._address is not None:
            address, self._address = self._address, None
            self._device.free(address)

    def _live(self):
        if self._address is None:
            _core.fail("the device array was freed", "DeviceArray", "a live array", "a freed one")
        return self._address

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __repr__(self) -> str:
        place = "freed" if self._address is None else f"at {self._address.value:#x}"
        return f"DeviceArray({self.dtype} {self.shape}, {self.nbytes} B {place})"

    def __del__(self):
        if getattr(self, "_address", None) is not None:
            self.free()


def _scalar(value):
    """A Python number, or None where the value is none."""
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind in _PLAIN_KINDS else float(value)
    if isinstance(value, (bool, int, float)):
        return value
    return None


class BoundArguments:
    """The arguments of one launch in device memory; a context that frees what it copied."""

    def __init__(self, core_device, args, tiling=None, fill=True):
        self._device, self._owned, self._outputs, self._fill = core_device, [], [], fill
        self.values = []
        try:
            self._refuse_overlaps(args)
            self.values = [self._bind(arg, position) for position, arg in enumerate(args)]
            if tiling is not None:
                # Ascend's convention: the tiling data's address is the last parameter.
                self.values.append(self._copy(np.frombuffer(bytes(tiling), np.uint8) if not isinstance(tiling, np.ndarray) else tiling))
        except BaseException:
            self.free()
            raise

    @staticmethod
    def _refuse_overlaps(args) -> None:
        """An array given twice would be two buffers on the device: what is written to one, the other does not see."""
        arrays = [(i, a.array if isinstance(a, _Mark) else a, isinstance(a, _Mark)) for i, a in enumerate(args)]
        arrays = [entry for entry in arrays if isinstance(entry[1], np.ndarray)]
        for n, (i, first, first_written) in enumerate(arrays):
            for j, second, second_written in arrays[n + 1:]:
                if (first_written or second_written) and np.shares_memory(first, second):
                    _core.fail("an output shares memory with another argument", f"args[{i}] and args[{j}]",
                               "separate arrays, vt.inout, or a DeviceArray given twice", "overlapping arrays")

    def _allocate(self, nbytes):
        address = self._device.allocate(max(nbytes, 1))
        self._owned.append(address)
        return address

    def _copy(self, array):
        array = np.ascontiguousarray(array)
        address = self._allocate(array.nbytes)
        if array.nbytes:
            self._device.copy_in(address, _bytes_of(array))
        return address

    def _bind(self, arg, position):
        where = f"args[{position}]"
        if isinstance(arg, _Mark):
            if arg.reads:
                address = self._copy(arg.array)
            else:
                address = self._allocate(arg.array.nbytes)
                if self._fill and arg.array.nbytes:
                    self._device.fill(address, 0, arg.array.nbytes)
            self._outputs.append((arg.array, address))
            return address
        if isinstance(arg, DeviceArray):
            if arg._device is not self._device and not self._device.shares_package(arg._device):
                _core.fail("the array lives on another device", where, "an array of this device, or of a die of its package", repr(arg))
            return arg._live()
        if isinstance(arg, np.ndarray):
            _check_dtype(arg.dtype, where)
            return self._copy(arg)
        if isinstance(arg, (bytes, bytearray, ctypes.Structure)):
            return bytes(arg)
        number = _scalar(arg)
        if number is None:
            _core.fail("the value cannot be a kernel's argument", where, "an array, vt.out, vt.inout, DeviceArray, number or bytes",
                       type(arg).__name__)
        return number

    def copy_back(self) -> None:
        for array, address in self._outputs:
            if array.nbytes:
                self._device.copy_out(_bytes_of(array), address)

    def free(self) -> None:
        owned, self._owned = self._owned, []
        for address in owned:
            self._device.free(address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.free()

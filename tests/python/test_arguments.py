"""Arguments: types of arrays and scalars, arrays on the device, tiling data, mistakes."""

import ctypes

import ml_dtypes
import numpy as np
import pytest

import vitruvian as vt

DTYPES = [np.float32, np.float16, ml_dtypes.bfloat16, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.bool_]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: np.dtype(dtype).name)
def test_arrays_of_every_type_travel_unchanged(scalars, dtype):
    source = np.arange(1, 13).astype(dtype).reshape(3, 4)
    target = np.zeros_like(source)
    scalars["copy_bytes"].launch(args=[source, vt.out(target), source.nbytes]).check()
    np.testing.assert_array_equal(source.view(np.uint8), target.view(np.uint8))


def test_an_input_that_is_not_contiguous_is_made_so(scalars):
    source = np.arange(64, dtype=np.int32).reshape(8, 8).T[::2]
    target = np.zeros(source.shape, np.int32)
    scalars["copy_bytes"].launch(args=[source, vt.out(target), source.nbytes]).check()
    np.testing.assert_array_equal(source, target)


def test_scalars_arrive_as_the_kernels_types(scalars):
    words = np.zeros(3, np.uint64)
    scalars["echo"].launch(args=[vt.out(words), 2**64 - 1, -5, 1.5]).check()
    assert words[0] == 2**64 - 1
    assert words.view(np.int64)[1] == -5
    assert words[2] == np.float32(1.5).view(np.uint32)
    scalars["echo"].launch(args=[vt.out(words), np.uint16(7), np.int8(-1), np.float16(2)]).check()
    assert words[0] == 7 and words.view(np.int64)[1] == -1 and words[2] == np.float32(2).view(np.uint32)


def test_tiling_data_become_the_last_argument(scalars):
    class Tiling(ctypes.Structure):
        _fields_ = [("bytes", ctypes.c_uint32), ("step", ctypes.c_uint32)]

    data = np.zeros(5, np.uint8)
    scalars["add_bytes"].launch(args=[vt.inout(data)], tiling=Tiling(4, 3)).check()
    assert data.tolist() == [3, 3, 3, 3, 0]
    scalars["add_bytes"].launch(args=[vt.inout(data)], tiling=np.array([5, 1], np.uint32)).check()
    assert data.tolist() == [4, 4, 4, 4, 1]


def test_an_array_on_the_device_stays_there(device, scalars):
    source = np.arange(100, dtype=np.float32).reshape(4, 25)
    a, b = device.to_device(source), device.zeros(source.shape, source.dtype)
    scalars["copy_bytes"].launch(args=[a, b, source.nbytes]).check()
    np.testing.assert_array_equal(b.numpy(), source)
    np.testing.assert_array_equal(np.asarray(b), source)
    assert b.shape == (4, 25) and b.dtype == np.float32 and "DeviceArray" in repr(b)
    b.free()
    with pytest.raises(vt.Error, match="freed"):
        b.numpy()


def test_an_out_argument_starts_as_zero(scalars):
    target = np.full(8, 9, np.uint8)
    scalars["copy_bytes"].launch(args=[np.ones(8, np.uint8), vt.out(target), 4]).check()
    assert target.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("mark", [vt.out, vt.inout])
def test_an_output_that_cannot_be_written_is_an_error(mark):
    array = np.zeros((4, 4), np.float32)
    with pytest.raises(vt.Error, match="contiguous"):
        mark(array.T[1:])
    with pytest.raises(vt.Error, match="array"):
        mark([1, 2, 3])
    array.flags.writeable = False
    with pytest.raises(vt.Error, match="writeable"):
        mark(array)


def test_types_without_a_place_on_the_device_are_errors(scalars):
    for array in [np.array(["a"]), np.array([None]), np.zeros(2, np.complex64), np.zeros(2, ">f4")]:
        with pytest.raises(vt.Error):
            scalars["copy_bytes"].launch(args=[array, vt.out(np.zeros(8, np.uint8)), 1])
    with pytest.raises(vt.Error):
        scalars["copy_bytes"].launch(args=[np.zeros(1), vt.out(np.zeros(8, np.uint8)), "three"])


def test_an_output_that_overlaps_another_argument_is_an_error(scalars):
    array = np.zeros(8, np.uint8)
    with pytest.raises(vt.Error, match="shares memory"):
        scalars["copy_bytes"].launch(args=[array[:6], vt.out(array[4:]), 4])


def test_a_device_array_of_another_device_is_an_error(scalars):
    other = vt.Device("ascend910c").zeros(4)
    with pytest.raises(vt.Error, match="another device"):
        scalars["copy_bytes"].launch(args=[other, other, 4])


def test_a_wrong_number_of_arguments_shows_the_signature(scalars):
    with pytest.raises(vt.Error, match="copy_bytes"):
        scalars["copy_bytes"].launch(args=[np.zeros(4)])


def test_device_memory_comes_back(device, scalars):
    """A thousand launches of a gigabyte's worth each way fit only if every launch frees what it took."""
    target = np.zeros(64 << 20, np.uint8)
    for _ in range(3):
        scalars["copy_bytes"].launch(args=[target.copy(), vt.out(target), 16]).check()
    arrays = [device.empty(1 << 30, np.uint8) for _ in range(40)]
    del arrays
    assert device.empty(40 << 30, np.uint8).nbytes == 40 << 30

"""Mistakes raise vt.Error; faults are results."""

import signal
import threading
import time

import numpy as np
import pytest

import vitruvian as vt


def test_an_error_has_its_parts():
    with pytest.raises(vt.Error) as caught:
        vt.Device("ascend910z")
    error = caught.value
    assert error.message and error.expected
    assert "ascend910z" in str(error)
    assert isinstance(error, vt.Error) and not isinstance(error, vt.KernelFault)


def test_an_unknown_override_is_an_error():
    with pytest.raises(vt.Error, match="bandwidth"):
        vt.Device("ascend910c", overrides={"hbm.bandwith": 1e12})


def test_unknown_words_and_kernels_are_errors(add, scalars):
    for options in [{"mode": "fast"}, {"sync": "none"}, {"l2": "hot"}, {"block_dim": 0}, {"nonsense": 1}]:
        with pytest.raises(vt.Error):
            add.launch(args=[np.zeros(4), np.zeros(4), vt.out(np.zeros(4)), 4], **options)
    with pytest.raises(vt.Error, match="echo"):
        scalars["ecco"]


def test_a_source_that_does_not_compile_shows_the_diagnostics(device, tmp_path):
    source = tmp_path / "broken.cpp"
    source.write_text('#include "kernel_operator.h"\nextern "C" __global__ __aicore__ void k(GM_ADDR x) { oops; }\n')
    with pytest.raises(vt.Error, match="oops"):
        device.compile(source)


def test_a_file_that_is_no_elf_is_an_error(device, tmp_path, elves):
    path = tmp_path / "no.elf"
    path.write_text("not an ELF")
    with pytest.raises(vt.Error):
        device.load(path)
    whole = open(elves["add_custom"], "rb").read()
    with pytest.raises(vt.Error):
        device.load(whole[: len(whole) // 2])
    assert device.load(whole).kernels == ["add_custom"]


def test_a_fault_is_a_result(scalars):
    run = scalars["breakpoint"].launch(args=[np.zeros(4)])
    assert run.fault.kind in ("trap", "illegal_instruction")
    assert run.fault.core.startswith("aiv")
    assert "scalars.cpp" in run.fault.source_line
    assert run.fault.report() in repr(run)
    with pytest.raises(vt.KernelFault) as caught:
        run.check()
    assert caught.value.run is run


def test_check_raises_the_fault_at_once(scalars):
    with pytest.raises(vt.KernelFault):
        scalars["breakpoint"].launch(args=[np.zeros(4)], check=True)


def test_a_kernel_without_end_is_a_runaway(scalars):
    run = scalars["forever"].launch(args=[np.zeros(4)], instruction_limit=100_000)
    assert run.fault.kind == "runaway"


def test_an_exception_of_the_progress_function_stops_the_run(scalars):
    def stop(share):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        scalars["forever"].launch(args=[np.zeros(4)], progress=stop)


def test_ctrl_c_stops_a_run(scalars):
    threading.Timer(0.3, lambda: signal.raise_signal(signal.SIGINT)).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        scalars["forever"].launch(args=[np.zeros(4)])
    assert time.monotonic() - begun < 10

"""Imports every module that defines kernels: one line for each."""

from . import attention, collective, elementwise, gather, linear, moe, moves, rotary, sampling  # noqa: F401

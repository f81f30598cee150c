"""Imports every module that defines kernels: one line for each."""

from . import attention, collective, elementwise, linear, moe, moves, sampling  # noqa: F401

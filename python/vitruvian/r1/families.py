"""Imports every module that defines kernels: one line for each."""

from . import attention, collective, elementwise, linear, moe, sampling  # noqa: F401

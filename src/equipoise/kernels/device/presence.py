"""Whether trials can run on a CUDA device here, asked without loading anything of it, and which trials can."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from importlib.util import find_spec

from equipoise.errors import ArgumentError, MissingExtraError
from equipoise.kernels.plain.trial_spec import TrialSpec

# Counts of patients take 16 bits, those left in a block 8, a stratum 2.
MOST_PATIENTS, MOST_IN_BLOCK, MOST_STRATA = 8192, 255, 4
_DRIVERS = {"win32": "nvcuda.dll"}


def installed() -> bool:
    """Whether the extra is."""
    return find_spec("numba_cuda") is not None


@cache
def present() -> bool:
    """Whether the extra is installed and its driver finds a device; numba's simulator of one counts when asked for."""
    if not installed():
        return False
    if not simulated():
        try:
            # A fraction of a millisecond, where loading numba-cuda to ask takes a second.
            ctypes.CDLL(_DRIVERS.get(sys.platform, "libcuda.so.1"))
        except OSError:
            return False
    from numba import cuda

    return bool(cuda.is_available())


def simulated() -> bool:
    """Whether numba runs kernels in Python in place of a device."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def takes(spec: object) -> bool:
    """Whether the device's kernel runs this spec: two arms, up to four strata, as the fast engine's."""
    if not isinstance(spec, TrialSpec):
        return False
    small_blocks = spec.block_contents.size == 0 or int(spec.block_contents.max()) <= MOST_IN_BLOCK
    return spec.arms == 2 and spec.strata <= MOST_STRATA and spec.patients <= MOST_PATIENTS and small_blocks


def require(spec: object) -> TrialSpec:
    """The spec, where it can run on a device here. Raises MissingExtraError, ArgumentError `argument-invalid`."""
    if not installed():
        raise MissingExtraError(
            "extra-missing",
            "trials on a CUDA device need numba-cuda, which is not installed",
            where="engine",
            hint="pip install 'equipoise[gpu]'",
        )
    if not present():
        raise ArgumentError(
            "argument-invalid",
            "the engine is 'cuda', and no CUDA device is to be found here",
            where="engine",
            reason="the driver is missing, or finds no device it can use",
            hint="take the engine 'auto', which runs on this machine's processor",
        )
    if not isinstance(spec, TrialSpec) or not takes(spec):
        raise ArgumentError(
            "argument-invalid",
            "the engine is 'cuda', which does not run trials of this kind",
            where="engine",
            reason=f"it runs two arms, {MOST_STRATA} strata and {MOST_PATIENTS} patients at most, piecewise hazards, "
            "permuted blocks or complete randomization, the log-rank test, Cox regression and medians",
            hint="take the engine 'auto'",
        )
    return spec

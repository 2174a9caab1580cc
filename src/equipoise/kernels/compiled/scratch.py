"""Working memory that is kept between calls: first touch of fresh memory costs more than a pass over it."""

from __future__ import annotations

import threading

import numpy as np

# Kept per thread and kind: 32 MB, the keys of four million rows. Larger needs are allocated and given back.
_KEPT_BYTES = 2**25
_local = threading.local()


def scratch_keys(n: int) -> np.ndarray:
    """An array of n unsigned 64-bit integers with arbitrary contents, valid until the thread's next call."""
    return _scratch("keys", n, np.dtype(np.uint64))


def scratch_counts(n: int) -> np.ndarray:
    """An array of n 32-bit integers with arbitrary contents, valid until the thread's next call."""
    return _scratch("counts", n, np.dtype(np.int32))


def _scratch(kind: str, n: int, dtype: np.dtype) -> np.ndarray:
    if n * dtype.itemsize > _KEPT_BYTES:
        return np.empty(n, dtype=dtype)
    kept = getattr(_local, kind, None)
    if kept is None or len(kept) < n:
        kept = np.empty(n, dtype=dtype)
        setattr(_local, kind, kept)
    return kept[:n]

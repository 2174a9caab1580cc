"""Working memory that is kept between calls: first touch of fresh memory costs more than a pass over it."""

from __future__ import annotations

import threading

import numpy as np

# Kept per thread and kind: 32 MB, the keys of four million rows. Larger needs are allocated and given back.
_KEPT_BYTES = 2**25
_local = threading.local()

# One result of up to a million rows, for the whole process; smaller ones come from the allocator's own store.
_SMALLEST_LENT, _LARGEST_LENT = 2**22, 2**26
_store: list[np.ndarray] = []


def scratch_keys(n: int) -> np.ndarray:
    """An array of n unsigned 64-bit integers with arbitrary contents, valid until the thread's next call."""
    return _scratch("keys", n, np.dtype(np.uint64))


def scratch_labels(n: int) -> np.ndarray:
    """An array of n unsigned 16-bit integers with arbitrary contents, valid until the thread's next call."""
    return _scratch("labels", n, np.dtype(np.uint16))


def scratch_counts(n: int) -> np.ndarray:
    """An array of n unsigned 64-bit integers with arbitrary contents, valid until the thread's next call."""
    return _scratch("counts", n, np.dtype(np.uint64))


class _Lent:
    """The memory behind a result's arrays, which numpy holds as their base: back in store when the last is gone."""

    def __init__(self, memory: np.ndarray) -> None:
        self.memory, self.__array_interface__ = memory, memory.__array_interface__

    def __del__(self, store: list[np.ndarray] = _store) -> None:
        if not store:
            store.append(self.memory)


def result_block(rows: int, columns: int) -> np.ndarray:
    """An array of 64-bit floats with arbitrary contents that is the caller's to keep.

    It takes the memory of an earlier one when nothing reads that any more: no result, and no view of one.
    """
    size = rows * columns
    if not _SMALLEST_LENT <= 8 * size <= _LARGEST_LENT:
        return np.empty((rows, columns))
    try:
        memory = _store.pop()
    except IndexError:
        memory = np.empty(0)
    # A result does not hold the memory of one much larger.
    if not size <= len(memory) <= size + size // 4:
        memory = np.empty(size)
    return np.asarray(_Lent(memory))[:size].reshape(rows, columns)


def _scratch(kind: str, n: int, dtype: np.dtype) -> np.ndarray:
    if n * dtype.itemsize > _KEPT_BYTES:
        return np.empty(n, dtype=dtype)
    kept = getattr(_local, kind, None)
    if kept is None or len(kept) < n:
        kept = np.empty(n, dtype=dtype)
        setattr(_local, kind, kept)
    return kept[:n]

"""Word of the first compilation, which takes seconds and happens once on a machine.

`numba` is not loaded by this module: `kernels.compiled` reports to it once it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_tell: Callable[[], None] | None = None
_compiled: list[str] = []


@contextmanager
def announced(tell: Callable[[], None]) -> Iterator[None]:
    """`tell` is called once, as the first compilation begins; not where all comes from the cache."""
    global _tell
    _tell = tell
    try:
        yield
    finally:
        _tell = None


def began(name: str) -> None:
    """A function is being compiled."""
    global _tell
    with _lock:
        tell, _tell = _tell, None
        _compiled.append(name)
    if tell is not None:
        tell()


def compiled_so_far() -> int:
    """How many functions this process has compiled."""
    return len(_compiled)

"""Kernels that numba compiles when they are first needed.

Importing numba's array functions looks for a BLAS by importing scipy.linalg, a fifth of a second that no kernel here
needs: a kernel that multiplies matrices looks for it again when it is compiled.
"""

from importlib import import_module
from typing import Any

from numba.core import event
from numba.np import linalg

from equipoise.kernels import compilation


class _Reporter(event.Listener):
    def on_start(self, event: Any) -> None:
        compilation.began(event.data["dispatcher"].py_func.__name__)

    def on_end(self, event: Any) -> None:
        pass


def _import_array_functions() -> None:
    look = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


event.register("numba:compile", _Reporter())
_import_array_functions()

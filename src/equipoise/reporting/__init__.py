"""Result rows become tables, figures, documents. Never computes a statistic.

The names of `public` are the room's own; they load when one is first asked for, so that a module of the room does not
bring all the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.reporting.public import *  # noqa: F403


__all__ = [
    "Drawing",
    "abstract_text",
    "print_summary",
    "render_figures",
    "render_flow",
    "render_forest",
    "render_kaplan_meier",
    "render_report",
    "render_result",
    "render_summary",
    "simulated_text",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from equipoise.reporting import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted(__all__)

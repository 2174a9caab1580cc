"""Other people's trials: audit of published numbers, reconstruction of curves, pooling, design from evidence.

The names of `public` are the room's own; they load when one is first asked for, so that a module of the room does not
bring all the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.evidence.public import *  # noqa: F403


__all__ = [
    "Audit",
    "Audits",
    "Finding",
    "PooledEffect",
    "PublishedTrial",
    "StudyEffect",
    "audit_many",
    "audit_trial",
    "effect_from_interval",
    "effect_from_p",
    "effect_from_std_error",
    "parse_published",
    "pool",
    "published_names",
    "published_text",
    "read_published",
    "read_published_folder",
    "read_published_table",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from equipoise.evidence import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted(__all__)

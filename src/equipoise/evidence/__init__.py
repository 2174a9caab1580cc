"""Other people's trials: audit of published numbers, reconstruction of curves, pooling, design from evidence.

The names of `public` are the room's own; they load when one is first asked for, so that a module of the room does not
bring all the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.evidence.public import *  # noqa: F403


__all__ = [
    "Assurance",
    "Audit",
    "Audits",
    "CurveArm",
    "CurvePoints",
    "Feasibility",
    "Finding",
    "PooledEffect",
    "PooledPatients",
    "PooledTrials",
    "PredictiveEffect",
    "PublishedTrial",
    "Reconstruction",
    "RiskNumbers",
    "StudyEffect",
    "Witness",
    "assurance",
    "audit_many",
    "audit_trial",
    "clean_points",
    "conflict_p",
    "draft_from_text",
    "effect_from_interval",
    "effect_from_p",
    "effect_from_published",
    "effect_from_std_error",
    "guyot_reconstruction",
    "joint_feasibility",
    "parse_published",
    "pool",
    "pool_names",
    "pool_patients",
    "predictive_effect",
    "published_names",
    "published_text",
    "read_curves",
    "read_pooled_trials",
    "read_published",
    "read_published_folder",
    "read_published_table",
    "read_risk_table",
    "reconstruct_curves",
    "risk_numbers",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from equipoise.evidence import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted(__all__)

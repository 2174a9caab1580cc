"""The public names of the room; the room itself loads them when one is asked for."""

from equipoise.evidence.audit import Audit, Audits, audit_many, audit_trial
from equipoise.evidence.findings import Finding
from equipoise.evidence.pooled_effect import PooledEffect
from equipoise.evidence.pooling import pool
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.published_files import (
    parse_published,
    published_names,
    published_text,
    read_published,
    read_published_folder,
)
from equipoise.evidence.published_table import read_published_table
from equipoise.evidence.study_effects import (
    StudyEffect,
    effect_from_interval,
    effect_from_p,
    effect_from_std_error,
)

"""The public names of the room; the room itself loads them when one is asked for."""

from equipoise.evidence.audit import Audit, Audits, audit_many, audit_trial
from equipoise.evidence.findings import Finding
from equipoise.evidence.published import PublishedTrial
from equipoise.evidence.published_files import (
    parse_published,
    published_names,
    published_text,
    read_published,
    read_published_folder,
)
from equipoise.evidence.published_table import read_published_table

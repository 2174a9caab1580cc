"""The responses computed from lesions and where the collected ones differ, as files beside the analysis data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from equipoise.frames.tables import polars_writing, write_parquet

if TYPE_CHECKING:
    from equipoise.derivation import AdamSet

RESPONSES = "lesion_responses.parquet"
DISCORDANCE = "discordance.csv"
DISCORDANCE_SUBJECTS = "discordance_subjects.csv"
DISCORDANCE_COUNTS = "discordance_counts.csv"


def write_lesion_responses(adam: AdamSet, folder: Path) -> None:
    """Write `lesion_responses.parquet` and the discordance report as CSV, where the derivation has them.

    Raises OutputError `output-unwritable` when the place cannot be written to.
    """
    if adam.lesion_responses is not None:
        write_parquet(adam.lesion_responses, folder / RESPONSES)
    if adam.discordance is None:
        return
    tables = {
        DISCORDANCE: adam.discordance.visits,
        DISCORDANCE_SUBJECTS: adam.discordance.subjects,
        DISCORDANCE_COUNTS: adam.discordance.counts,
    }
    for name, frame in tables.items():
        with polars_writing(folder / name):
            frame.write_csv(folder / name)


def discordance_lines(adam: AdamSet) -> list[str]:
    """What a reader should know at once: how many assessments were compared, and why how many of them differ."""
    if adam.discordance is None:
        return []
    return [f"responses from lesions: {line}" for line in adam.discordance.summary()]

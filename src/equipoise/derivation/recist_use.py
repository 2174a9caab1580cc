"""How the RECIST engine takes part in a derivation: when it runs, what the analysis data sets take from it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import polars as pl

from equipoise.derivation.recist_discordance import (
    Discordance,
    compare_endpoints,
    compare_responses,
    count_agreement,
    filter_discordant,
    find_discordance,
    total_counts,
)
from equipoise.derivation.recist_findings import find_lesions
from equipoise.derivation.recist_responses import derive_lesion_responses
from equipoise.derivation.response_parameters import derive_best_responses
from equipoise.derivation.responses import COMPUTED
from equipoise.derivation.study import Study
from equipoise.frames.decisions import Decided

# Names under which a block of subjects hands over what is no analysis data set.
_ROWS, _VISITS, _COUNTS, _SUBJECTS, _DECIDED = (
    "recist",
    "recist_visits",
    "recist_counts",
    "recist_subjects",
    "recist_log",
)


def needs_lesions(study: Study) -> bool:
    """Whether the profile asks for responses or sums computed from lesions, and there are any."""
    profile = study.profile
    asked = profile.text("response_source") == "lesions" or profile.flag("response_comparison")
    return study.has("tr") and (asked or profile.text("sum_rule") == "recist")


def derive_with_lesions(study: Study, adsl: pl.DataFrame) -> tuple[Study, dict[str, pl.DataFrame]]:
    """The study with the responses computed from its lesions, and what is to be handed over besides ADaM.

    Arguments: a study (or a block of its subjects) and its ADSL. Where the profile has no use for lesions, the study
    comes back as it is.
    """
    if not needs_lesions(study):
        return study, {}
    computed = derive_lesion_responses(study, adsl)
    with_lesions = replace(study, tables=_overlaid(study.tables, computed.rows))
    handed = {_ROWS: computed.rows}
    found: list[Decided] = list(find_lesions(study, computed))
    if study.profile.flag("response_comparison") and study.has("rs"):
        compared = compare_responses(computed.rows, study)
        visits = filter_discordant(compared)
        subjects = compare_endpoints(
            derive_best_responses(with_lesions, adsl, source="lesions"),
            derive_best_responses(with_lesions, adsl, source="collected"),
        )
        handed |= {_VISITS: visits, _COUNTS: count_agreement(compared), _SUBJECTS: subjects}
        found += find_discordance(visits, subjects, study.profile)
    frames = [frame for frame in found if isinstance(frame, pl.DataFrame)]
    return with_lesions, handed | ({_DECIDED: pl.concat(frames)} if frames else {})


def _overlaid(tables: Mapping[str, pl.DataFrame], rows: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    # A chain leaves tables that are cut only when they are asked for uncut.
    return ChainMap({COMPUTED: rows}, tables)  # type: ignore[arg-type]


def take_lesion_results(
    derived: dict[str, pl.DataFrame],
) -> tuple[pl.DataFrame | None, Discordance | None, Iterable[Decided]]:
    """Take what `derive_with_lesions` handed over out of the derived data sets: responses, discordance, decisions."""
    rows, visits, counts, subjects, decided = (
        derived.pop(name, None) for name in (_ROWS, _VISITS, _COUNTS, _SUBJECTS, _DECIDED)
    )
    discordance = None
    if visits is not None and counts is not None and subjects is not None:
        discordance = Discordance(_plain(visits), _plain(subjects), total_counts(counts))
    return rows, discordance, _some(decided)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _some(decided: pl.DataFrame | None) -> Iterator[Decided]:
    if decided is not None:
        yield _plain(decided)

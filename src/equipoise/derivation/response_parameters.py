"""ADRS, its parameters: one record per subject and parameter, taken from the overall responses."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from equipoise.derivation.confirmation import derive_confirmed, read_after_complete
from equipoise.derivation.conventions import Profile
from equipoise.derivation.responses import (
    INADEQUATE,
    ORDER,
    RESPONSE_VALUES,
    derive_overall_responses,
    evaluator_name,
    filter_evaluated,
)
from equipoise.derivation.study import KEYS, Study, arranged, first_per_subject, merge, merge_subject_level

_PARAM = {
    "OVR": "Overall Response by {by}",
    "PD": "Disease Progression by {by}",
    "RSP": "Response by {by} (confirmation not required)",
    "CB": "Clinical Benefit by {by} (confirmation for response not required)",
    "BOR": "Best Overall Response by {by} (confirmation not required)",
    "BCP": "Best Overall Response of CR/PR by {by} (confirmation not required)",
    "CRSP": "Confirmed Response by {by}",
    "CCB": "Confirmed Clinical Benefit by {by}",
    "CBOR": "Best Confirmed Overall Response by {by}",
    "CBCP": "Best Confirmed Overall Response of CR/PR by {by}",
    "DEATH": "Death",
    "LSTA": "Last Disease Assessment by {by}",
    "MDIS": "Measurable Disease at Baseline by {by}",
}
_RESPONSES = ("CR", "PR")
_DISEASE_CONTROL = ("CR", "PR", "SD", "NON-CR/NON-PD")
_BEST_RULES = ("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE")


def derive_adrs(study: Study, adsl: pl.DataFrame) -> pl.DataFrame:
    """ADRS by the profile's rules: OVR and every parameter taken from it, DEATH and MDIS.

    Arguments: a checked study and its ADSL. Returns one row per overall response and one per subject and parameter,
    sorted by subject and ASEQ, conforming to the ADRS schema, each with its source record and rule.
    """
    profile = study.profile
    overall = derive_overall_responses(study, adsl)
    subjects = adsl.select(*KEYS, "RANDDT", "DTHDT")
    flagged = overall.filter(pl.col("ANL01FL") == "Y")
    usable = flagged.filter(pl.col("ANL02FL") == "Y")
    parts = [
        _labelled(overall, "OVR", profile),
        *_derive_unconfirmed(subjects, flagged, usable, profile),
        *_derive_confirmed(subjects, derive_confirmed(read_after_complete(usable, profile), profile), profile),
        _derive_last_assessment(subjects, flagged, profile),
        _derive_death(subjects, profile),
        *_derive_measurable(subjects, study),
    ]
    adrs = pl.concat([part.select(part.columns) for part in parts], how="diagonal_relaxed")
    adrs = _derive_sequence(adrs.drop("DTHDT"))
    return arranged(merge_subject_level(adrs, adsl), "ADRS")


def derive_best_responses(study: Study, adsl: pl.DataFrame, *, source: str) -> pl.DataFrame:
    """Progression date and visit (PDDT, PDVISIT) and best responses (BOR, CBOR) of each subject, to compare sources.

    `source` is "lesions" or "collected", whatever the profile's is.
    """
    flagged = derive_overall_responses(study, adsl, source).filter(pl.col("ANL01FL") == "Y")
    usable = flagged.filter(pl.col("ANL02FL") == "Y")
    answer, confirmed = pl.col("AVALC"), pl.col("confirmed")
    first = _earliest(flagged, answer == "PD").select(*KEYS, PDDT="ADT", PDVISIT="VISIT")
    read = derive_confirmed(read_after_complete(usable, study.profile), study.profile)
    found = {
        "BOR": _best(usable, study.profile, answer == "CR", answer == "PR"),
        "CBOR": _best(read, study.profile, confirmed & (answer == "CR"), confirmed & (answer == "PR")),
    }
    best = merge(adsl.select(KEYS), first)
    for name, records in found.items():
        best = merge(best, records.select(*KEYS, pl.col("AVALC").alias(name)))
    return best.with_columns(pl.col("BOR", "CBOR").fill_null(study.profile.text("no_assessment_response")))


def _derive_sequence(adrs: pl.DataFrame) -> pl.DataFrame:
    ordered = adrs.sort(*KEYS, "PARAMCD", "ADT", "VISITNUM", "RSSEQ", nulls_last=True, maintain_order=True)
    return ordered.with_columns(ASEQ=pl.int_range(1, pl.len() + 1).over(KEYS))


def _labelled(records: pl.DataFrame, code: str, profile: Profile) -> pl.DataFrame:
    by = evaluator_name(profile)
    return records.with_columns(
        PARAMCD=pl.lit(code),
        PARAM=pl.lit(_PARAM[code].format(by=by)),
        PARCAT1=pl.lit("Tumor Response"),
        PARCAT2=pl.lit(by),
        PARCAT3=pl.lit("RECIST 1.1"),
        EQRULE=pl.lit(f"{code} [{profile.id}]"),
    )


def _per_subject(subjects: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Every subject, with the record found for it; `found` says where there was one."""
    positive = found.drop("RANDDT", "confirmed", strict=False).with_columns(found=pl.lit(True))
    return merge(subjects, positive).with_columns(found=pl.col("found").fill_null(False), ANL01FL=pl.lit("Y"))


def _yes_no(subjects: pl.DataFrame, found: pl.DataFrame, code: str, profile: Profile) -> pl.DataFrame:
    records = _per_subject(subjects, found).with_columns(
        AVALC=pl.when("found").then(pl.lit("Y")).otherwise(pl.lit("N")), AVAL=pl.col("found").cast(pl.Float64)
    )
    return _labelled(records.drop("found"), code, profile)


def _earliest(records: pl.DataFrame, condition: pl.Expr) -> pl.DataFrame:
    return first_per_subject(records.filter(condition), ORDER)


def _at_least(days: int) -> pl.Expr:
    """Days after randomization, a plain difference."""
    return (pl.col("ADT") - pl.col("RANDDT")).dt.total_days() >= days


def _lasting_benefit(profile: Profile) -> pl.Expr:
    days = profile.number("clinical_benefit_days") - profile.number("assessment_window_days")
    return pl.col("AVALC").is_in(list(_DISEASE_CONTROL)) & _at_least(days)


def _derive_unconfirmed(
    subjects: pl.DataFrame, flagged: pl.DataFrame, usable: pl.DataFrame, profile: Profile
) -> list[pl.DataFrame]:
    responded = pl.col("AVALC").is_in(list(_RESPONSES))
    best = _best(usable, profile, pl.col("AVALC") == "CR", pl.col("AVALC") == "PR")
    return [
        _yes_no(subjects, _earliest(flagged, pl.col("AVALC") == "PD"), "PD", profile),
        _yes_no(subjects, _earliest(usable, responded), "RSP", profile),
        _yes_no(subjects, _earliest(usable, responded | _lasting_benefit(profile)), "CB", profile),
        _best_response(subjects, best, "BOR", profile),
        _yes_no(subjects, best.filter(responded), "BCP", profile),
    ]


def _derive_confirmed(subjects: pl.DataFrame, usable: pl.DataFrame, profile: Profile) -> list[pl.DataFrame]:
    confirmed = pl.col("confirmed")
    best = _best(usable, profile, confirmed & (pl.col("AVALC") == "CR"), confirmed & (pl.col("AVALC") == "PR"))
    return [
        _yes_no(subjects, _earliest(usable, confirmed), "CRSP", profile),
        _yes_no(subjects, _earliest(usable, confirmed | _lasting_benefit(profile)), "CCB", profile),
        _best_response(subjects, best, "CBOR", profile),
        _yes_no(subjects, best.filter(pl.col("AVALC").is_in(list(_RESPONSES))), "CBCP", profile),
    ]


def _best(usable: pl.DataFrame, profile: Profile, complete: pl.Expr, partial: pl.Expr) -> pl.DataFrame:
    """The earliest record of the first rule that has one, AVALC being the rule's response."""
    response, late = pl.col("AVALC"), _at_least(profile.number("stable_disease_days"))
    conditions: Sequence[pl.Expr] = (
        complete,
        partial,
        response.is_in(["CR", "PR", "SD"]) & late,
        (response == "NON-CR/NON-PD") & late,
        response == "PD",
        response.is_in([*_DISEASE_CONTROL, "NE"]),
    )
    # A record obeys its first rule; a later one could only place it behind itself.
    chosen = pl.coalesce(pl.when(condition).then(pl.lit(place, pl.Int64)) for place, condition in enumerate(conditions))
    ranked = usable.with_columns(_rule=chosen).filter(pl.col("_rule").is_not_null())
    first = first_per_subject(ranked, ["_rule", *ORDER])
    named = pl.col("_rule").replace_strict(dict(enumerate(_BEST_RULES)), return_dtype=pl.String)
    return first.with_columns(AVALC=named).drop("_rule")


def _best_response(subjects: pl.DataFrame, best: pl.DataFrame, code: str, profile: Profile) -> pl.DataFrame:
    records = _per_subject(subjects, best).drop("found")
    response = pl.col("AVALC").fill_null(profile.text("no_assessment_response"))
    value = response.replace_strict(RESPONSE_VALUES, return_dtype=pl.Float64)
    return _labelled(records.with_columns(AVALC=response, AVAL=value), code, profile)


def _derive_last_assessment(subjects: pl.DataFrame, flagged: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    if profile.flag("last_assessment_adequate"):
        flagged = flagged.filter(~pl.col("AVALC").is_in(list(INADEQUATE)))
    last = first_per_subject(flagged, ORDER, last=True)
    return _labelled(_per_subject(subjects, last).drop("found"), "LSTA", profile)


def _derive_death(subjects: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    dead = pl.col("DTHDT").is_not_null()
    records = subjects.with_columns(
        ADT=pl.col("DTHDT"),
        AVALC=pl.when(dead).then(pl.lit("Y")).otherwise(pl.lit("N")),
        AVAL=dead.cast(pl.Float64),
        ANL01FL=pl.lit("Y"),
        SRCDOM=pl.when(dead).then(pl.lit("DM")),
        SRCVAR=pl.when(dead).then(pl.lit("DTHDTC")),
    )
    return _labelled(records, "DEATH", profile).with_columns(
        PARCAT1=pl.lit("Reference Event"), PARCAT2=pl.lit(None, pl.String), PARCAT3=pl.lit(None, pl.String)
    )


def _derive_measurable(subjects: pl.DataFrame, study: Study) -> list[pl.DataFrame]:
    """MDIS; nothing where lesions were not collected, since N would then be invented."""
    if not study.has("tu"):
        return []
    targets = filter_evaluated(study.table("tu"), "TU", study.profile).filter(
        (pl.col("TUSTRESC") == "TARGET") & (pl.col("VISIT") == study.profile.text("baseline_visit"))
    )
    first = first_per_subject(targets, ["TUSEQ"]).select(*KEYS, SRCSEQ="TUSEQ", SRCDOM=pl.lit("TU"))
    measurable = pl.col("SRCDOM").is_not_null()
    records = merge(subjects.select(KEYS), first).with_columns(
        SRCVAR=pl.when(measurable).then(pl.lit("TUSTRESC")),
        AVALC=pl.when(measurable).then(pl.lit("Y")).otherwise(pl.lit("N")),
        AVAL=measurable.cast(pl.Float64),
        ANL01FL=pl.lit("Y"),
    )
    return [_labelled(records, "MDIS", study.profile).with_columns(PARCAT1=pl.lit(None, pl.String))]

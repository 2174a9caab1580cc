"""What censoring rules ask of a study besides an endpoint's own dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from equipoise.derivation.assessment_windows import AssessmentWindows, derive_anchor, trial_windows
from equipoise.derivation.censoring_rules import load_rule_set
from equipoise.derivation.responses import INADEQUATE
from equipoise.derivation.study import KEYS, Study
from equipoise.frames.dates import date_from_dtc
from equipoise.frames.decisions import Decided, Decision


@dataclass(frozen=True)
class RuleFacts:
    """Facts about the subjects of a study for censoring rules.

    `windows`: the trial's schedule, and `anchor`, ANCHORDT of each subject (None without a schedule); `baseline`: the
    subjects with a tumor assessment at baseline (None where lesions were not collected: nobody knows).
    """

    windows: AssessmentWindows | None
    anchor: pl.DataFrame | None
    baseline: pl.DataFrame | None


def derive_rule_facts(study: Study, adsl: pl.DataFrame) -> RuleFacts:
    """The facts about a study's subjects that censoring rules ask for."""
    windows = trial_windows(study.trial)
    anchor = derive_anchor(adsl, windows) if windows else None
    return RuleFacts(windows, anchor, _assessed_at_baseline(study, adsl))


def _assessed_at_baseline(study: Study, adsl: pl.DataFrame) -> pl.DataFrame | None:
    """Subjects with a lesion identified or measured at the baseline visit, or on or before the day of randomization."""
    if not study.has("tu") and not study.has("tr"):
        return None
    told = {"tu": pl.col("TUSTRESC").is_not_null(), "tr": pl.col("TRSTRESN").is_not_null()}
    parts = [
        study.table(domain).filter(known).select(*KEYS, "VISIT", DAY=date_from_dtc(f"{domain.upper()}DTC"))
        for domain, known in told.items()
    ]
    records = pl.concat(parts).join(adsl.select(*KEYS, "RANDDT"), on=list(KEYS))
    at_baseline = (pl.col("VISIT") == study.profile.text("baseline_visit")).fill_null(False)
    return records.filter(at_baseline | (pl.col("DAY") <= pl.col("RANDDT"))).select(KEYS).unique()


def find_unanswerable_rules(study: Study, facts: RuleFacts) -> Iterator[Decided]:
    """A decision for each rule that the collected domains cannot answer."""
    named = {name for endpoint in study.profile.endpoints for name in endpoint.rule_sets}
    for name in sorted(named):
        for rule in load_rule_set(name).rules:
            if rule.kind == "no-baseline" and facts.baseline is None:
                yield Decision(
                    severity="warning",
                    code="domain-absent",
                    domain="TU",
                    decision=f"neither TU nor TR was collected: nobody is taken to lack a baseline assessment ({name})",
                    rule=rule.id,
                )


def adequate_assessments(adrs: pl.DataFrame) -> pl.DataFrame:
    """The assessments that show no progression and are adequate: ADT with its record (REFDT, REFSEQ).

    Adequate: the overall response that counts on its day (ANL01FL) is known and is not NE.
    """
    told = ~pl.col("AVALC").cast(pl.String).is_in([*INADEQUATE, "PD"]) & (pl.col("ANL01FL") == "Y")
    records = adrs.filter((pl.col("PARAMCD") == "OVR") & told & pl.col("ADT").is_not_null())
    return records.select(*KEYS, REFDT="ADT", REFSEQ=pl.col("ASEQ").cast(pl.Float64))


def last_adequate(subjects: pl.DataFrame, by: str, adequate: pl.DataFrame) -> pl.DataFrame:
    """The subjects with the last adequate assessment on or before the date `by` and not before STARTDT.

    Arguments: subjects with STARTDT and a date column `by` without missing values, one row each; assessments of
    `adequate_assessments`. Adds REFDT and REFSEQ, missing where there is none.
    """
    asked = subjects.select(*KEYS, "STARTDT", pl.col(by).alias("BYDT"))
    seen = adequate.join(asked, on=list(KEYS), how="inner").filter(pl.col("REFDT").is_between("STARTDT", "BYDT"))
    last = seen.sort("REFDT", "REFSEQ").unique(list(KEYS), keep="last").select(*KEYS, "REFDT", "REFSEQ")
    return subjects.join(last, on=list(KEYS), how="left")

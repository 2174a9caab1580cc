"""Where the responses computed from the lesions differ from those collected in RS, and what the likely reason is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.notes import decisions
from equipoise.derivation.recist_readings import READER
from equipoise.derivation.recist_tables import expect_progression
from equipoise.derivation.responses import RESPONSE_VALUES
from equipoise.derivation.study import Study
from equipoise.frames.decisions import Decided

_VISIT = [*READER, "VISITNUM", "VISIT"]
# Percentage points within which a difference is called one of the threshold: a rounded sum or a lesion read again.
_NEAR = 5.0

LIKELY_REASONS: Mapping[str, str] = {
    "no-lesion-records": "a response was collected at a visit without lesion records",
    "lesions-unplaced": "the lesion records of the visit are undated or lie before the baseline",
    "no-collected-response": "lesions were read at the visit, but no overall response was collected",
    "word-unknown": "the collected word is no response of RECIST 1.1",
    "after-progression": "after progression, where RECIST 1.1 no longer asks",
    "lesion-not-evaluated": "a lesion was not evaluated; the collected response does not mind",
    "baseline-incomplete": "the target lesions have no complete baseline in TR",
    "collected-not-evaluable": "collected as not evaluable, though every lesion of the baseline was read",
    "millimeters-not-reached": "the growth reaches the percentage of progression, not the millimeters",
    "near-threshold": "the sum lies within 5 percentage points of a threshold",
    "new-lesion-not-in-tu": "RS tells of a new lesion that neither TU nor TR holds",
    "new-lesion-equivocal": "a new lesion was equivocal; RECIST 1.1 asks for an unequivocal one",
    "non-target-not-in-tr": "RS tells of non-target progression, and no lesion in TR has unequivocally progressed",
    "non-target-or-clinical": "progression without a measured reason: non-target or clinical?",
    "from-baseline": "growth over the smallest sum; measured from baseline it is no progression: nadir and baseline "
    "confused?",
    "growth-not-called": "the measured growth was not called progression",
    "partial-sum": "the measured lesions alone show progression, though one was not evaluated",
    "new-lesion-not-called": "a new lesion was not called progression",
    "new-lesion-confirmed-later": "a new lesion, equivocal then, was confirmed later: progression is dated back",
    "non-target-not-called": "unequivocal growth of a non-target lesion was not called progression",
    "seen-again": "disease came back after a complete response, and was not called progression",
    "residual-disease": "called complete while a target or non-target lesion is still there",
    "complete-not-called": "no lesion is left (nodes below 10 mm are normal), and it was not called complete",
    "decrease-not-reached": "called partial response with a decrease of less than the threshold",
    "decrease-not-called": "the decrease reaches that of a partial response, and was not called one",
    "measurable-or-not": "responses of measurable disease for a patient without target lesions, or the reverse",
    "other": "none of the usual reasons",
}


@dataclass(frozen=True)
class Discordance:
    """Computed against collected responses.

    `visits`: one row per reader and assessment that differs, with both responses, LIKELY (a code of
    `LIKELY_REASONS`) and WHY, the sentence of the computed one; `subjects`: progression dates and best responses that
    differ; `counts`: by reader, assessments compared, those that agree, and those that differ by likely reason.
    """

    visits: pl.DataFrame
    subjects: pl.DataFrame
    counts: pl.DataFrame

    def summary(self) -> list[str]:
        """The counts in words, a line for each reader and likely reason."""
        return [
            f"{_reader(evaluator, name)}: {visits:,} of {compared:,} assessments, {subjects:,} subjects: {_text(code)}"
            for evaluator, name, code, visits, subjects, compared in self.counts.iter_rows()
        ]

    def __repr__(self) -> str:
        return "\n".join(self.summary()) or "nothing to compare"


def _reader(evaluator: str | None, name: str | None) -> str:
    return " ".join(part for part in (evaluator, name) if part) or "unnamed reader"


def _text(code: str) -> str:
    return LIKELY_REASONS.get(code, "both agree")


def compare_responses(rows: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Every assessment with its collected and its computed response; LIKELY is null where they agree.

    Arguments: rows of `derive_lesion_responses`; the study with its collected RS.
    """
    collected = _collected(study)
    asked = rows.filter(pl.col("ABLFL").is_null())
    joined = asked.join(collected, on=_VISIT, how="full", coalesce=True, nulls_equal=True)
    joined = joined.with_columns(held=pl.col("REASON").is_not_null(), COMPUTED="OVRLRESP")
    joined = joined.filter(pl.col("COMPUTED").is_not_null() | pl.col("COLLECTED").is_not_null())
    # A baseline is no assessment of response, whatever was collected there.
    begun = pl.col("VISIT") == study.profile.text("baseline_visit")
    ordered = joined.filter(~begun.fill_null(False)).with_columns(
        RSDAY=pl.col("RSDTC").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    ).sort(*READER, pl.coalesce("ADT", "RSDAY"), "VISITNUM", "VISIT", nulls_last=True)  # fmt: skip
    both = ((pl.col("COMPUTED") == "PD") & (pl.col("COLLECTED") == "PD")).fill_null(False).cast(pl.Int64)
    ordered = ordered.with_columns(_after=both.cum_sum().over(READER) - both > 0)
    # Reasons are looked for only where there is something to explain: few of many.
    differs = ordered.select(pl.col("COMPUTED").ne_missing(pl.col("COLLECTED"))).to_series()
    alike = ordered.filter(~differs).with_columns(LIKELY=pl.lit(None, pl.String))
    return pl.concat([alike, ordered.filter(differs).with_columns(LIKELY=_likely(study.profile))])


def _collected(study: Study) -> pl.DataFrame:
    """One row per reader and visit of RS: the overall response, and its components where they were collected."""
    rs = study.table("rs")
    evaluator = pl.col("RSEVALID") if "RSEVALID" in rs.columns else pl.lit(None, pl.String)
    tests = {"COLLECTED": study.profile.text("response_test"), "_target": "TRGRESP", "_other": "NTRGRESP"}
    tests["_new"] = "NEWLPROG"
    rs = rs.filter(pl.col("RSTESTCD").is_in(list(tests.values())) & pl.col("RSSTRESC").is_not_null())
    named = rs.select(
        "STUDYID", "USUBJID", "VISITNUM", "VISIT", "RSDTC", "RSSEQ", EVAL="RSEVAL", EVALID=evaluator, test="RSTESTCD",
        word="RSSTRESC",
    ).sort("RSSEQ", "word", nulls_last=False)  # fmt: skip
    found = named.filter(pl.col("test") == tests.pop("COLLECTED")).rename({"word": "COLLECTED"}).drop("test")
    found = found.unique(_VISIT, keep="last", maintain_order=True)
    for name, test in tests.items():
        part = named.filter(pl.col("test") == test).unique(_VISIT, keep="last", maintain_order=True)
        part = part.select(*_VISIT, pl.col("word").alias(name))
        found = found.join(part, on=_VISIT, how="left", nulls_equal=True)
    return found


def _likely(profile: Profile) -> pl.Expr:
    """The first of the usual reasons that fits."""
    computed, collected = pl.col("COMPUTED"), pl.col("COLLECTED")
    cases: list[tuple[pl.Expr, pl.Expr | str]] = [
        (computed.is_null() & pl.col("held"), "lesions-unplaced"),
        (computed.is_null(), "no-lesion-records"),
        (collected.is_null(), "no-collected-response"),
        (~collected.is_in(list(RESPONSE_VALUES)), "word-unknown"),
        (pl.col("_after"), "after-progression"),
        (computed == "NE", _not_evaluated()),
        (collected == "PD", _called_progression(profile)),
        (computed == "PD", _uncalled_progression(profile)),
        (collected.is_in(["NE", "MISSING"]), "collected-not-evaluable"),
        ((computed == "NON-CR/NON-PD") | (collected == "NON-CR/NON-PD"), _unmeasured()),
        (collected == "CR", "residual-disease"),
        (computed == "CR", "complete-not-called"),
        (_near(pl.col("PCHG"), -profile.number("partial_response_percent")), "near-threshold"),
        (collected == "PR", "decrease-not-reached"),
        (computed == "PR", "decrease-not-called"),
    ]
    return _first_of(cases, "other")


def _first_of(cases: list[tuple[pl.Expr, pl.Expr | str]], otherwise: str) -> pl.Expr:
    answer = pl.lit(otherwise)
    for condition, found in reversed(cases):
        told = pl.lit(found) if isinstance(found, str) else found
        answer = pl.when(condition.fill_null(False)).then(told).otherwise(answer)
    return answer


def _near(percent: pl.Expr, threshold: int) -> pl.Expr:
    return (percent - threshold).abs() <= _NEAR


def _has(code: str) -> pl.Expr:
    return pl.col("REASON").str.split("; ").list.contains(code)


def _not_evaluated() -> pl.Expr:
    return _first_of([(_has("baseline-incomplete"), "baseline-incomplete")], "lesion-not-evaluated")


def _unmeasured() -> pl.Expr:
    """One of the two responses is NON-CR/NON-PD."""
    targets = pl.col("NTARGET") > 0
    return _first_of(
        [
            (targets | ~pl.col("COLLECTED").is_in(["CR", "NON-CR/NON-PD"]), "measurable-or-not"),
            (pl.col("COLLECTED") == "CR", "residual-disease"),
        ],
        "complete-not-called",
    )


def _called_progression(profile: Profile) -> pl.Expr:
    """Progression was collected; the lesions do not show it."""
    percent = profile.number("progression_percent")
    told = pl.col("_new").str.to_uppercase()
    reached = 100 * pl.col("CHGNAD") >= percent * pl.col("NADIR")
    return _first_of(
        [
            (told.is_in(["Y", "YES", "UNEQUIVOCAL"]) & (pl.col("NEWLPROG") == "N"), "new-lesion-not-in-tu"),
            ((told == "EQUIVOCAL") | (pl.col("NEWLPROG") == "EQUIVOCAL"), "new-lesion-equivocal"),
            (pl.col("_other") == "PD", "non-target-not-in-tr"),
            (reached & (pl.col("CHGNAD") > 0), "millimeters-not-reached"),
            (_near(pl.col("PCHGNAD"), percent), "near-threshold"),
        ],
        "non-target-or-clinical",
    )


def _uncalled_progression(profile: Profile) -> pl.Expr:
    """The lesions show progression; it was not collected."""
    from_baseline = expect_progression(pl.col("SUMDIAM"), pl.col("BASE"), profile)
    return _first_of(
        [
            (_has("target-growth-of-those-read"), "partial-sum"),
            (_has("target-growth") & ~from_baseline, "from-baseline"),
            (_has("target-growth") & _near(pl.col("PCHGNAD"), profile.number("progression_percent")), "near-threshold"),
            (_has("target-growth"), "growth-not-called"),
            (_has("new-lesion-confirmed-later"), "new-lesion-confirmed-later"),
            (_has("new-lesion"), "new-lesion-not-called"),
            (_has("non-target-progression"), "non-target-not-called"),
        ],
        "seen-again",
    )


def count_agreement(compared: pl.DataFrame) -> pl.DataFrame:
    """By reader and likely reason (null: agreement) of every subject: how many assessments."""
    return compared.group_by(*READER, "LIKELY").agg(VISITS=pl.len().cast(pl.Int64)).sort(*READER, "LIKELY")


_SHOWN = (
    *_VISIT, "ADT", "RSDTC", "RSSEQ", "COLLECTED", "COMPUTED", "LIKELY", "WHY", "SUMDIAM", "BASE", "PCHG", "NADIR",
    "CHGNAD", "PCHGNAD", "TRGRESP", "NTRGRESP", "NEWLPROG", "NTARGET", "NREAD", "RSDAY",
)  # fmt: skip


def filter_discordant(compared: pl.DataFrame) -> pl.DataFrame:
    """The assessments that differ, with what a reader needs to judge them."""
    found = compared.filter(pl.col("LIKELY").is_not_null()).select(_SHOWN)
    return found.sort(*READER, pl.coalesce("ADT", "RSDAY"), "VISITNUM", "VISIT", nulls_last=True).drop("RSDAY")


def compare_endpoints(computed: pl.DataFrame, collected: pl.DataFrame) -> pl.DataFrame:
    """Subjects whose progression date or best response differ between the two sources.

    Arguments: `derive_best_responses` of both. Columns with COL are the collected, with CMP the computed ones; DAYS is
    how much later the computed progression is.
    """
    keys = ["STUDYID", "USUBJID"]
    names = ("PDDT", "PDVISIT", "BOR", "CBOR")
    left = collected.select(*keys, *(pl.col(name).alias(f"COL{name}") for name in names))
    both = left.join(computed.select(*keys, *(pl.col(name).alias(f"CMP{name}") for name in names)), on=keys)
    first, second = pl.col("COLPDDT"), pl.col("CMPPDDT")
    same_visit = pl.col("COLPDVISIT") == pl.col("CMPPDVISIT")
    likely = _first_of(
        [
            (first.is_null() & second.is_not_null(), "progression only computed"),
            (first.is_not_null() & second.is_null(), "progression only collected"),
            ((first != second) & same_visit, "same visit, another date"),
            (second < first, "computed progression is earlier"),
            (second > first, "computed progression is later"),
            (pl.col("COLBOR").ne_missing(pl.col("CMPBOR")), "best response"),
        ],
        "best confirmed response",
    )
    differs = pl.any_horizontal(
        pl.col(f"COL{name}").ne_missing(pl.col(f"CMP{name}")) for name in ("PDDT", "BOR", "CBOR")
    )
    found = both.filter(differs).with_columns(DAYS=(second - first).dt.total_days(), DIFFERS=likely)
    return found.sort(keys)


def total_counts(counted: pl.DataFrame) -> pl.DataFrame:
    """By reader and likely reason: assessments, subjects, and the assessments compared with that reader at all."""
    by = ["EVAL", "EVALID", "LIKELY"]
    plain = counted.with_columns(pl.col("EVAL", "EVALID", "LIKELY").cast(pl.String))
    total = plain.group_by("EVAL", "EVALID").agg(COMPARED=pl.col("VISITS").sum())
    table = plain.group_by(by).agg(pl.col("VISITS").sum(), SUBJECTS=pl.struct("STUDYID", "USUBJID").n_unique())
    joined = table.join(total, on=["EVAL", "EVALID"], nulls_equal=True)
    ordered = joined.with_columns(LIKELY=pl.col("LIKELY").fill_null("agree")).sort(
        "EVAL", "EVALID", pl.col("LIKELY") != "agree", "VISITS", "LIKELY",
        descending=[False, False, False, True, False], nulls_last=True,
    )  # fmt: skip
    return ordered.select("EVAL", "EVALID", "LIKELY", "VISITS", "SUBJECTS", "COMPARED")


def find_discordance(visits: pl.DataFrame, subjects: pl.DataFrame, profile: Profile) -> Iterator[Decided]:
    """A decision for each assessment, best response and progression date of the profile's evaluator that differ."""
    own = visits.filter(pl.col("EVAL") == profile.text("evaluator"))
    used = "computed" if profile.text("response_source") == "lesions" else "collected"
    texts = pl.col("LIKELY").replace_strict(LIKELY_REASONS, default="", return_dtype=pl.String)
    words = pl.format(
        f"the lesions give {{}} at {{}}, RS {{}}; the {used} one is used; {{}}",
        pl.col("COMPUTED").fill_null("no response"),
        pl.coalesce("VISIT", pl.col("RSDTC"), pl.lit("the visit")),
        pl.col("COLLECTED").fill_null("none"),
        texts,
    )
    expected = pl.col("LIKELY") == "after-progression"
    for after in (False, True):
        yield from decisions(
            own.filter(expected == after), "response-differs", domain="RS", variable="RSSTRESC", sequence="RSSEQ",
            value=pl.col("COLLECTED"), decision=words, rule="response_source", severity="note" if after else "warning",
        )  # fmt: skip
    told = pl.format(
        f"{{}}: collected {{}}, progression {{}}; from the lesions {{}}, progression {{}}; the {used} ones are used",
        "DIFFERS",
        *(
            part
            for source in ("COL", "CMP")
            for part in (f"{source}CBOR", pl.col(f"{source}PDDT").cast(pl.String).fill_null("none"))
        ),
    )
    yield from decisions(
        subjects, "endpoint-response-differs", domain="ADRS", variable="AVALC", value=pl.col("COLCBOR"),
        decision=told, rule="response_source",
    )  # fmt: skip

"""Quality of collected data: words of code lists, units, numbers that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from equipoise.derivation.quality_records import Collected, finding_rows
from equipoise.frames import codelists
from equipoise.frames.codelists import CodeList

DIAMETERS = ("LDIAM", "LPERP", "SUMDIAM")
_MILLIMETERS = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4}
_LARGEST_DIAMETER = 500.0
_OLDEST = 125.0
_ROUNDING = 0.0501


@dataclass(frozen=True)
class _Listed:
    """A column and the code list its words come from; `test` and `tests`: only records of these tests."""

    domain: str
    column: str
    codelist: CodeList
    test: str | None = None
    tests: tuple[str, ...] = ()


_LISTED = (
    _Listed("rs", "RSSTRESC", codelists.TARGET_RESPONSE, "RSTESTCD", ("TRGRESP",)),
    _Listed("rs", "RSSTRESC", codelists.NONTARGET_RESPONSE, "RSTESTCD", ("NTRGRESP",)),
    _Listed("tu", "TUSTRESC", codelists.LESION_TYPE, "TUTESTCD", ("TUMIDENT",)),
    _Listed("dm", "SEX", codelists.SEX),
    _Listed("dm", "AGEU", codelists.AGE_UNIT),
    _Listed("dm", "RACE", codelists.RACE),
    _Listed("dm", "ETHNIC", codelists.ETHNICITY),
    _Listed("dm", "DTHFL", codelists.NO_YES),
    _Listed("ae", "AESEV", codelists.SEVERITY),
    _Listed("ae", "AESER", codelists.NO_YES),
    _Listed("ae", "AEOUT", codelists.AE_OUTCOME),
    _Listed("ae", "AEACN", codelists.AE_ACTION),
)


def find_terms(data: Collected) -> Iterator[pl.DataFrame]:
    """Words outside their code list, unknown or mixed units, results that are missing or cannot be."""
    yield from _words(data)
    yield from _overall_responses(data)
    yield from _grades(data)
    yield from _tumor_units(data)
    yield from _mixed_units(data)
    yield from _results(data)
    yield from _implausible(data)


def _words(data: Collected) -> Iterator[pl.DataFrame]:
    for listed in _LISTED:
        if not data.has(listed.domain, listed.column):
            continue
        records = data.records[listed.domain]
        if listed.test is not None:
            if listed.test not in records.columns:
                continue
            records = records.filter(pl.col(listed.test).is_in(list(listed.tests)))
        outside = records.filter(listed.codelist.outside(listed.column))
        code = "term-extended" if listed.codelist.extensible else "term-unknown"
        terms = ", ".join(listed.codelist.terms)
        words = pl.format(f"{{}} is no word of {listed.codelist.label} ({terms})", pl.col(listed.column))
        shown = [listed.test, listed.column] if listed.test else [listed.column]
        yield finding_rows(outside, code, listed.domain, shown, words)


def _overall_responses(data: Collected) -> Iterator[pl.DataFrame]:
    if not data.has("rs", "RSTESTCD", "RSSTRESC"):
        return
    rs = data.records["rs"].filter(pl.col("RSTESTCD") == data.profile.text("response_test"))
    listing = ", ".join(codelists.OVERALL_RESPONSE.terms)
    words = pl.format(f"{{}} is no word for an overall response ({listing})", pl.col("RSSTRESC"))
    shown = ["RSEVAL", "VISIT", "RSDTC", "RSSTRESC"]
    yield finding_rows(
        rs.filter(codelists.OVERALL_RESPONSE.outside("RSSTRESC")), "response-unknown", "rs", shown, words
    )
    done = _was_done(rs, "RSSTAT")
    missing = rs.filter(pl.col("RSSTRESC").is_null() & done)
    words = "an overall response without a result, and not said to be not done"
    yield finding_rows(missing, "response-missing", "rs", shown, words)


def _was_done(frame: pl.DataFrame, status: str) -> pl.Expr:
    """Whether a record is not marked as not done."""
    return pl.col(status).ne_missing("NOT DONE") if status in frame.columns else pl.lit(True)


def _grades(data: Collected) -> Iterator[pl.DataFrame]:
    if data.has("ae", "AETOXGR"):
        ae = data.records["ae"]
        wrong = pl.col("AETOXGR").is_not_null() & ~pl.col("AETOXGR").cast(pl.String).str.contains(
            r"(?i)^\s*(?:grade\s*)?[1-5]\s*$"
        )
        words = pl.format("{} is no CTCAE grade 1 to 5", pl.col("AETOXGR"))
        yield finding_rows(ae.filter(wrong), "grade-unknown", "ae", ["AEDECOD", "AETOXGR"], words)
    if data.has("ae", "AETOXGR", "AEOUT"):
        grade = pl.col("AETOXGR").cast(pl.String).str.extract("([1-5])")
        differ = (grade == "5") != (pl.col("AEOUT") == "FATAL")
        words = "an event of grade 5 ends in death, and no other does: AETOXGR and AEOUT differ"
        yield finding_rows(
            data.records["ae"].filter(differ), "fatal-differs", "ae", ["AEDECOD", "AETOXGR", "AEOUT"], words
        )


def _tumor_units(data: Collected) -> Iterator[pl.DataFrame]:
    """Diameters are summed in millimeters."""
    if not data.has("tr", "TRTESTCD", "TRSTRESN", "TRSTRESU"):
        return
    tr = data.records["tr"]
    measured = pl.col("TRTESTCD").is_in(list(DIAMETERS)) & pl.col("TRSTRESN").is_not_null()
    shown = ["TRLNKID", "TRTESTCD", "TRSTRESN", "TRSTRESU"]
    words = pl.format("a diameter in {}; diameters are summed in mm", pl.col("TRSTRESU"))
    yield finding_rows(tr.filter(measured & (pl.col("TRSTRESU") != "mm")), "unit-unknown", "tr", shown, words)
    words = "a diameter without a unit; it is taken to be in mm"
    yield finding_rows(tr.filter(measured & pl.col("TRSTRESU").is_null()), "unit-missing", "tr", shown, words)
    if {"TRORRES", "TRORRESU"} <= set(tr.columns):
        unit = pl.col("TRORRESU").str.to_lowercase()
        factor = unit.replace_strict(_MILLIMETERS, default=None, return_dtype=pl.Float64)
        expected = pl.col("TRORRES").cast(pl.Float64, strict=False) * factor
        wrong = (pl.col("TRSTRESU") == "mm") & ((expected - pl.col("TRSTRESN")).abs() > _ROUNDING)
        words = pl.format("{} {} as measured is not {} mm", pl.col("TRORRES"), pl.col("TRORRESU"), pl.col("TRSTRESN"))
        shown = ["TRORRES", "TRORRESU", "TRSTRESN", "TRSTRESU"]
        yield finding_rows(tr.filter(measured & wrong), "unit-conversion", "tr", shown, words)


def _mixed_units(data: Collected) -> Iterator[pl.DataFrame]:
    """A test (a treatment) has one standard unit; of several, the records with other than the commonest are listed."""
    places = (("lb", "LBTESTCD", "LBSTRESU", "LBSTRESN"), ("ex", "EXTRT", "EXDOSU", "EXDOSE"))
    for domain, name, unit, value in places:
        if not data.has(domain, name, unit, value):
            continue
        used = data.records[domain].filter(pl.col(unit).is_not_null() & pl.col(value).is_not_null())
        counts = used.group_by(name, unit).len().sort(name, "len", unit, descending=[False, True, False])
        common = counts.unique(name, keep="first", maintain_order=True).select(name, pl.col(unit).alias("_common"))
        others = used.join(common, on=name, how="left", maintain_order="left").filter(pl.col(unit) != pl.col("_common"))
        words = pl.format("{} in {}, and most of its records are in {}", pl.col(name), pl.col(unit), pl.col("_common"))
        yield finding_rows(others, "unit-mixed", domain, [name, value, unit], words)


def _results(data: Collected) -> Iterator[pl.DataFrame]:
    if data.has("tr", "TRTESTCD", "TRSTRESN"):
        tr = data.records["tr"].filter(pl.col("TRSTRESN").is_null() & pl.col("TRTESTCD").is_in(["LDIAM", "LPERP"]))
        said = pl.lit(False)
        if "TRSTRESC" in tr.columns:
            # A lesion too small to measure or not evaluable is said so in words.
            said = pl.col("TRSTRESC").is_not_null()
        missing = tr.filter(_was_done(tr, "TRSTAT") & ~said)
        words = "a diameter without a value, and neither said to be not done nor why"
        yield finding_rows(missing, "result-missing", "tr", ["TRLNKID", "TRTESTCD", "VISIT", "TRDTC"], words)
    if data.has("ae", "AEDECOD"):
        uncoded = data.records["ae"].filter(pl.col("AEDECOD").is_null())
        words = "an adverse event without a dictionary term"
        yield finding_rows(uncoded, "term-missing", "ae", ["AETERM", "AEDECOD"], words)


def _implausible(data: Collected) -> Iterator[pl.DataFrame]:
    if data.has("tr", "TRTESTCD", "TRSTRESN"):
        size = pl.col("TRSTRESN")
        odd = pl.col("TRTESTCD").is_in(["LDIAM", "LPERP"]) & ((size < 0) | (size > _LARGEST_DIAMETER))
        words = pl.format(f"a diameter of {{}} mm (plausible: 0 to {_LARGEST_DIAMETER:g})", size)
        shown = ["TRLNKID", "TRTESTCD", "TRSTRESN"]
        yield finding_rows(data.records["tr"].filter(odd), "value-implausible", "tr", shown, words)
    if data.has("dm", "AGE"):
        years = pl.col("AGEU") == "YEARS" if data.has("dm", "AGEU") else pl.lit(True)
        odd = (pl.col("AGE") < 0) | (years & (pl.col("AGE") > _OLDEST))
        words = pl.format(f"an age of {{}} (plausible: 0 to {_OLDEST:g} years)", pl.col("AGE"))
        yield finding_rows(data.records["dm"].filter(odd), "value-implausible", "dm", ["AGE", "AGEU"], words)
    if data.has("ex", "EXDOSE"):
        words = pl.format("a dose of {}", pl.col("EXDOSE"))
        negative = data.records["ex"].filter(pl.col("EXDOSE") < 0)
        yield finding_rows(negative, "value-implausible", "ex", ["EXTRT", "EXDOSE", "EXDOSU"], words)

"""Quality of collected data: lesions that change, two baselines, assessments after progression."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from equipoise.derivation.quality_records import FIRST, SUBJECT, Collected, day_text, encoded, finding_rows, first_of

_MEASURED = ("LDIAM", "LPERP")
# What of a lesion should stay the same, with the code of the finding where it does not.
_CONSTANT = (
    ("tu", "TULNKID", "TUEVAL", "TUEVALID", "TULOC", "lesion-location-changed"),
    ("tu", "TULNKID", "TUEVAL", "TUEVALID", "TULAT", "lesion-location-changed"),
    ("tu", "TULNKID", "TUEVAL", "TUEVALID", "TUMETHOD", "lesion-method-changed"),
    ("tu", "TULNKID", "TUEVAL", "TUEVALID", "TUSTRESC", "lesion-role-changed"),
    ("tr", "TRLNKID", "TREVAL", "TREVALID", "TRMETHOD", "lesion-method-changed"),
    ("tr", "TRLNKID", "TREVAL", "TREVALID", "TRGRPID", "lesion-role-changed"),
)
_READERS = {"rs": ("RSEVAL", "RSEVALID"), "tr": ("TREVAL", "TREVALID"), "tu": ("TUEVAL", "TUEVALID")}


def find_tumors(data: Collected) -> Iterator[pl.DataFrame]:
    """Lesions that change or are not identified, baselines measured twice, assessments after progression."""
    yield from _changed(data)
    yield from _unidentified(data)
    yield from _two_baselines(data)
    yield from _after_progression(data)


def _changed(data: Collected) -> Iterator[pl.DataFrame]:
    for domain, lesion, reader, reader_id, variable, code in _CONSTANT:
        if not data.has(domain, lesion, variable):
            continue
        keys = [SUBJECT, lesion, *(name for name in (reader, reader_id) if name in data.records[domain].columns)]
        changed = _with_several(data.records[domain], keys, variable)
        if not changed.height:
            continue
        # Each value of the lesion is shown once, at the first record that has it.
        first = first_of(changed, [*keys, variable])
        listed = first.group_by(keys).agg(pl.col(variable).sort().str.join(", ").alias("_all"))
        first = first.join(listed, on=keys, how="left", nulls_equal=True, maintain_order="left")
        words = pl.format(f"{variable} of lesion {{}} changes: {{}}", pl.col(lesion), pl.col("_all"))
        yield finding_rows(first, code, domain, [lesion, variable, "VISIT"], words)


def _with_several(records: pl.DataFrame, keys: list[str], variable: str) -> pl.DataFrame:
    """The records whose keys, all but a reader's known, go with several values of a variable."""
    hashes = records.select(keys).hash_rows()
    codes = records.select(hashes.alias("_key"), encoded(variable).alias("_code"))
    ends = codes.group_by("_key").agg(pl.col("_code").min().alias("_low"), pl.col("_code").max().alias("_high"))
    several = ends.filter(pl.col("_low") != pl.col("_high")).get_column("_key")
    if not len(several):
        return records.clear()
    likely = records.filter(hashes.is_in(several.implode())).drop_nulls([*keys[:2], variable])
    # Two keys of one hash are told apart here.
    exact = likely.group_by(keys).agg(pl.col(variable).n_unique().alias("_n")).filter(pl.col("_n") > 1)
    return likely.join(exact.select(keys), on=keys, how="semi", nulls_equal=True, maintain_order="left")


def _unidentified(data: Collected) -> Iterator[pl.DataFrame]:
    """Lesions that only one of TU and TR knows, and measurements of no lesion."""
    if not data.has("tr", "TRLNKID", "TRTESTCD"):
        return
    tr = data.records["tr"]
    held = [name for name in (SUBJECT, "USUBJID", "TRSEQ", "TRLNKID", "TRTESTCD", "VISIT") if name in tr.columns]
    diameters = tr.select(held).filter(pl.col("TRTESTCD").is_in(list(_MEASURED)))
    unnamed = diameters.filter(pl.col("TRLNKID").is_null())
    words = "a diameter without a lesion id"
    yield finding_rows(unnamed, "lesion-id-missing", "tr", ["TRLNKID", "TRTESTCD", "VISIT"], words)
    if not data.has("tu", "TULNKID"):
        return
    identified = data.records["tu"].filter(pl.col("TULNKID").is_not_null())
    lesions = identified.select(SUBJECT, pl.col("TULNKID").alias("TRLNKID")).unique()
    # Millions of measurements are of few lesions; those are compared.
    measured = diameters.select(SUBJECT, "TRLNKID").unique().drop_nulls("TRLNKID")
    unknown = measured.join(lesions, on=[SUBJECT, "TRLNKID"], how="anti")
    strange = diameters.join(unknown, on=[SUBJECT, "TRLNKID"], how="semi") if unknown.height else diameters.clear()
    first = first_of(strange, [SUBJECT, "TRLNKID"])
    words = pl.format("lesion {} is measured, and TU does not identify it", pl.col("TRLNKID"))
    yield finding_rows(first, "lesion-not-identified", "tr", ["TRLNKID", "VISIT"], words)
    if "TUSTRESC" in identified.columns:
        targets = identified.filter(pl.col("TUSTRESC") == "TARGET")
        held = measured.rename({"TRLNKID": "TULNKID"})
        never = targets.join(held, on=[SUBJECT, "TULNKID"], how="anti")
        words = pl.format("target lesion {} is identified, and TR has no diameter of it", pl.col("TULNKID"))
        yield finding_rows(
            first_of(never, [SUBJECT, "TULNKID"]), "lesion-not-measured", "tu", ["TULNKID", "TULOC", "VISIT"], words
        )


def _two_baselines(data: Collected) -> Iterator[pl.DataFrame]:
    """Diameters of one lesion on several days of the baseline visit; results of one test flagged baseline twice."""
    if data.has("tr", "TRLNKID", "TRTESTCD", "VISIT", "TRDTC"):
        tr = data.records["tr"].filter(
            (pl.col("VISIT") == data.profile.text("baseline_visit")) & pl.col("TRTESTCD").is_in(list(_MEASURED))
        )
        keys = [SUBJECT, "TRLNKID", "TRTESTCD", *(name for name in _READERS["tr"] if name in tr.columns)]
        twice = _with_several(tr, keys, "TRDTC")
        words = pl.format("lesion {} has baseline measurements on several days", pl.col("TRLNKID"))
        yield finding_rows(twice, "baseline-twice", "tr", ["TRLNKID", "TRTESTCD", "TRDTC"], words)
    for domain in ("rs", "lb", "vs", "tr"):
        prefix = domain.upper()
        flag, test, day = f"{prefix}BLFL", f"{prefix}TESTCD", f"{prefix}DTC"
        if data.has(domain, flag, test, day):
            flagged = data.records[domain].filter(pl.col(flag) == "Y")
            details = (
                f"{prefix}{end}" for end in ("LNKID", "CAT", "SPEC", "METHOD", "POS", "TPTNUM", "EVAL", "EVALID")
            )
            keys = [SUBJECT, test, *(name for name in details if name in flagged.columns)]
            words = pl.format(f"{{}} has {flag} = Y on several days", pl.col(test))
            twice = _with_several(flagged, keys, day)
            yield finding_rows(twice, "baseline-twice", domain, [test, day, flag], words)


def _after_progression(data: Collected) -> Iterator[pl.DataFrame]:
    """Responses after the first PD by the same reader: kept, and of no effect on the first progression."""
    if not data.has("rs", "RSTESTCD", "RSSTRESC", "RSDTC" + FIRST):
        return
    overall = data.records["rs"].filter(pl.col("RSTESTCD") == data.profile.text("response_test"))
    keys = [SUBJECT, *(name for name in ("RSCAT", *_READERS["rs"]) if name in overall.columns)]
    first = (
        overall.filter(pl.col("RSSTRESC") == "PD")
        .group_by(keys)
        .agg(pl.col("RSDTC" + FIRST).min().alias("_progressed"))
    )
    joined = overall.join(first, on=keys, how="inner", nulls_equal=True, maintain_order="left")
    late = joined.filter(pl.col("RSDTC" + FIRST) > pl.col("_progressed"))
    words = pl.format(
        "response {} on {}, after progression on {}",
        pl.col("RSSTRESC").fill_null("missing"),
        pl.col("RSDTC"),
        day_text("_progressed"),
    )
    yield finding_rows(late, "assessment-after-progression", "rs", ["RSEVAL", "VISIT", "RSDTC", "RSSTRESC"], words)

"""Real published data sets, brought to the shape of ADaM tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from equipoise.errors import ArgumentError, MissingExtraError, permitted
from equipoise.frames.adam import conform

if TYPE_CHECKING:
    import pandas as pd


def load_example(name: str) -> dict[str, pl.DataFrame]:
    """A real published data set as ADaM-like tables by lower-case name.

    Arguments: `"gbsg2"`: the German Breast Cancer Study Group 2 trial, 686 node-positive patients (Schumacher et al.,
    J Clin Oncol 1994;12:2086-2093), as distributed with lifelines; ADSL, and ADTTE with recurrence-free survival (RFS)
    and overall survival (OS) in days since diagnosis (AVAL is the published time: the plain difference of the dates).
    Returns {"adsl": ..., "adtte": ...}.
    Raises ArgumentError `argument-invalid` for another name, MissingExtraError `extra-missing` without lifelines.
    """
    loader = _EXAMPLES.get(name.lower())
    if loader is None:
        raise ArgumentError(
            "argument-invalid", f"no example data set is called {name!r}", hint=permitted(name, _EXAMPLES)
        )
    return loader()


def _from_pandas(frame: pd.DataFrame) -> pl.DataFrame:
    # Column by column, since polars wants pyarrow to take the frame as a whole.
    return pl.DataFrame({str(column): frame[column].to_list() for column in frame.columns})


def _gbsg2() -> dict[str, pl.DataFrame]:
    try:
        from lifelines.datasets import load_lymph_node
    except ImportError as error:
        raise MissingExtraError(
            "extra-missing",
            "the GBSG2 data are distributed with lifelines, which is not installed",
            reason=f"importing lifelines: {error}",
            hint="pip install 'equipoise[examples]'",
        ) from error
    source = load_lymph_node()
    patients = _from_pandas(source.reset_index())
    adsl = _gbsg2_adsl(patients)
    return {"adsl": adsl, "adtte": _gbsg2_adtte(patients, adsl)}


def _words(column: str, words: Mapping[int, str]) -> pl.Expr:
    return pl.col(column).replace_strict(list(words), list(words.values()), return_dtype=pl.String)


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.to_date("%d-%m-%Y")


_ARMS = {1: "No hormonal therapy", 2: "Hormonal therapy"}


def _gbsg2_adsl(patients: pl.DataFrame) -> pl.DataFrame:
    arm = _words("hormone", _ARMS)
    adsl = patients.select(
        STUDYID=pl.lit("GBSG2"),
        USUBJID=pl.format("GBSG2-{}", pl.col("id").cast(pl.String).str.zfill(4)),
        SUBJID=pl.col("id").cast(pl.String).str.zfill(4),
        AGE=pl.col("age"),
        AGEU=pl.lit("YEARS"),
        SEX=pl.lit("F"),
        ARM=arm,
        TRT01P=arm,
        TRT01PN=pl.col("hormone") - 1,
        TRT01A=arm,
        TRT01AN=pl.col("hormone") - 1,
        RANDFL=pl.lit("Y"),
        ITTFL=pl.lit("Y"),
        FASFL=pl.lit("Y"),
        MENOSTAT=_words("menopause", {1: "Premenopausal", 2: "Postmenopausal"}),
        TSIZE=pl.col("size"),
        TGRADE=_words("grade", {1: "I", 2: "II", 3: "III"}),
        NODES=pl.col("nodes"),
        PROGREC=pl.col("prog_recp"),
        ESTREC=pl.col("estrg_recp"),
        DIAGDT=_day("diagdateb"),
    )
    return conform(adsl, "adsl")


def _gbsg2_adtte(patients: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    subject = adsl.select("STUDYID", "USUBJID", "SUBJID", "ARM", "TRT01P", "TRT01PN", "TRT01A", "TRT01AN", "DIAGDT")
    numbered = pl.concat([subject, patients], how="horizontal")
    parameters = [
        ("OS", "Overall Survival", "survtime", "censdead", "deathdate", "Death"),
        ("RFS", "Recurrence-Free Survival", "rectime", "censrec", "recdate", "Recurrence or Death"),
    ]
    records = [
        numbered.select(
            *subject.columns[:-1],
            ASEQ=pl.lit(sequence),
            PARAMCD=pl.lit(code),
            PARAM=pl.lit(label),
            AVAL=pl.col(time),
            AVALU=pl.lit("DAYS"),
            STARTDT=pl.col("DIAGDT"),
            ADT=_day(date),
            CNSR=1 - pl.col(event),
            EVNTDESC=pl.when(pl.col(event) == 1).then(pl.lit(happening)).otherwise(pl.lit("Last Follow-up")),
            CNSDTDSC=pl.when(pl.col(event) == 0).then(pl.lit("Last Follow-up")),
            SRCDOM=pl.lit("lymph_node"),
            SRCVAR=pl.lit(time),
            SRCSEQ=pl.col("id"),
        )
        for sequence, (code, label, time, event, date, happening) in enumerate(parameters, start=1)
    ]
    return conform(pl.concat(records).sort("USUBJID", "ASEQ"), "adtte")


_EXAMPLES: Mapping[str, Callable[[], dict[str, pl.DataFrame]]] = {"gbsg2": _gbsg2}

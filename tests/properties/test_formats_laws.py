"""Whatever a table of analysis data holds, every format gives it back."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.derivation import check_quality
from equipoise.frames.adam import read_adam, write_adam
from equipoise.frames.sdtm import SdtmData, read_sdtm, write_sdtm

SHARED = Path(__file__).parents[3] / "shared" / "data" / "pharmaverse" / "sdtm"
MAPPING = {"rs": "rs_onco_recist", "tu": "tu_onco_recist", "tr": "tr_onco_recist"}
# What XPT cannot hold (blank ends, characters of no width) is checked by its own tests; NUL ends a text in SAS.
_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.rstrip).filter(str.strip)
_NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9).map(float),
    st.floats(-1e70, 1e70, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-70),
)
_DAYS = st.dates(date(1600, 1, 1), date(2200, 1, 1))
_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda x: x.replace(microsecond=0))


def _column(values: st.SearchStrategy, n: int) -> st.SearchStrategy[list]:
    return st.lists(st.one_of(st.none(), values), min_size=n, max_size=n)


@st.composite
def tables(draw) -> pl.DataFrame:
    n = draw(st.integers(0, 6))
    return pl.DataFrame(
        {
            "STUDYID": ["S"] * n,
            "USUBJID": [f"S-{place}" for place in range(n)],
            "PARAMCD": ["OS"] * n,
            "EVNTDESC": draw(_column(_TEXTS, n)),
            "AVAL": draw(_column(_NUMBERS, n)),
            "ADT": draw(_column(_DAYS, n)),
            "ASTDTM": draw(_column(_MOMENTS, n)),
            "CNSR": [0.0] * n,
        },
        schema_overrides={"STUDYID": pl.String, "USUBJID": pl.String, "PARAMCD": pl.String, "EVNTDESC": pl.String}
        | {"AVAL": pl.Float64, "ADT": pl.Date, "ASTDTM": pl.Datetime("us"), "CNSR": pl.Float64},
    )


@given(tables())
@settings(max_examples=60)
def test_dataset_json_gives_every_value_back(table):
    with tempfile.TemporaryDirectory() as folder:
        write_adam({"adtte": table}, folder, formats=("dataset-json",))
        assert read_adam(folder, required=("adtte",)).tables["adtte"].equals(table.select(_order(folder)))


@given(tables())
@settings(max_examples=60)
def test_xpt_gives_every_value_back_within_the_precision_of_its_numbers(table):
    with tempfile.TemporaryDirectory() as folder:
        write_adam({"adtte": table}, folder, formats=("xpt",))
        read = read_adam(folder, required=("adtte",)).tables["adtte"]
        exact = [name for name in read.columns if name != "AVAL"]
        assert read.select(exact).equals(table.select(exact))
        # An IBM double has 14 hexadecimal digits, of which the first may be 1: 53 bits at least.
        assert read["AVAL"].is_null().equals(table["AVAL"].is_null(), check_names=False)
        assert read["AVAL"].drop_nulls().to_list() == pytest.approx(
            table["AVAL"].drop_nulls().to_list(), rel=2**-52, abs=0
        )


def _order(folder: str) -> list[str]:
    return read_adam(folder, required=("adtte",)).tables["adtte"].columns


def test_pyreadstat_alone_reads_labels_lengths_and_formats(tmp_path):
    table = pl.DataFrame(
        {
            "STUDYID": ["S", "S"],
            "USUBJID": ["S-1", "S-2"],
            "PARAMCD": ["OS", "PFS"],
            "EVNTDESC": ["x" * 200, None],
            "AVAL": [1.0, None],
            "CNSR": [0.0, 1.0],
            "ADT": [date(2020, 1, 1), None],
        }
    )
    write_adam({"adtte": table}, tmp_path, formats=("xpt",))
    _, metadata = pyreadstat.read_xport(tmp_path / "adtte.xpt")
    assert metadata.table_name == "ADTTE"
    assert metadata.column_names_to_labels["EVNTDESC"] == "Event or Censoring Description"
    assert metadata.variable_storage_width["EVNTDESC"] == 200
    assert metadata.variable_storage_width["PARAMCD"] == 3
    assert metadata.original_variable_types["ADT"] == "DATE9"
    assert all(len(name) <= 8 for name in metadata.column_names)
    assert all(len(label) <= 40 for label in metadata.column_labels)


@pytest.mark.parametrize("form", ["dataset-json", "xpt", "csv"])
def test_the_public_study_survives_every_format(form, tmp_path):
    if not SHARED.is_dir():
        pytest.skip("the pharmaverse example data are not beside the repository")
    before = read_sdtm(SHARED, MAPPING)
    write_sdtm(before.tables, tmp_path, form)
    after = read_sdtm(tmp_path)
    assert set(after.tables) == set(before.tables)
    for name, table in before.tables.items():
        # Columns that CDISC orders are written in its order.
        assert after.tables[name].equals(table.select(after.tables[name].columns)), name


_CODES = st.sampled_from(["CR", "PD", "SD", "STABLE", None])
_DTC = st.sampled_from(["2020-01-05", "2020-02", "2020", "2020-02-30", "--01-02", None])


@st.composite
def responses(draw) -> list[dict[str, object]]:
    n = draw(st.integers(1, 8))
    return [
        {
            "STUDYID": "S",
            "USUBJID": draw(st.sampled_from(["P", "Q", "R"])),
            "RSSEQ": float(draw(st.integers(1, 4))),
            "RSTESTCD": "OVRLRESP",
            "RSSTRESC": draw(_CODES),
            "RSEVAL": "INVESTIGATOR",
            "RSDTC": draw(_DTC),
        }
        for _ in range(n)
    ]


@given(responses(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_rows_never_changes_the_quality_report(rows, random):
    dm = [{"STUDYID": "S", "USUBJID": name, "ARM": "A", "ACTARM": "A", "DTHDTC": "2020-01"} for name in ("P", "Q")]
    kinds = dict.fromkeys(("STUDYID", "USUBJID", "RSTESTCD", "RSSTRESC", "RSEVAL", "RSDTC"), pl.String)
    shuffled = list(rows)
    random.shuffle(shuffled)
    reports = [
        check_quality(
            SdtmData(
                Path("made-up"),
                {"dm": pl.DataFrame(dm), "rs": pl.DataFrame(order, schema_overrides=kinds)},
                {},
                "",
            ),
            profile="admiral",
        )
        for order in (rows, shuffled)
    ]
    assert reports[0].findings.equals(reports[1].findings)

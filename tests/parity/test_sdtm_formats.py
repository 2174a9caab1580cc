"""The public example study read from Parquet, CSV and transport files: one answer."""

import os
import time
from pathlib import Path

import polars as pl
import pytest

from equipoise.frames.codelists import OVERALL_RESPONSE
from equipoise.frames.dates import date_from_dtc, filter_impossible_dtc
from equipoise.frames.sdtm import read_sdtm, supplemental, write_sdtm

SDTM = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "pharmaverse" / "sdtm"
FAMILY = {"rs": "rs_onco_recist", "tu": "tu_onco_recist", "tr": "tr_onco_recist"}

pytestmark = pytest.mark.skipif(
    not SDTM.is_dir() and os.environ.get("CI") != "true",
    reason="the pharmaverse example data are not beside the repository",
)


@pytest.fixture(scope="module")
def study():
    return read_sdtm(SDTM, FAMILY, required=("dm", "ds", "ex", "ae", "tu", "tr", "rs"))


def test_the_study_is_read_as_its_readme_says(study):
    heights = {name: study.tables[name].height for name in ("dm", "ds", "ex", "ae", "rs", "tr", "tu", "lb")}
    assert heights == {"dm": 306, "ds": 850, "ex": 591, "ae": 1191, "rs": 66, "tr": 546, "tu": 75, "lb": 59580}
    assert study.sources["rs"] == "rs_onco_recist.parquet"
    assert "rs_onco.parquet" in study.ignored
    assert study.labels["dm"]["RFICDTC"] == "Date/Time of Informed Consent"


@pytest.mark.parametrize("form", ["csv", "xpt"])
def test_other_formats_say_the_same(tmp_path, study, form):
    write_sdtm(study.tables, tmp_path, form)
    again = read_sdtm(tmp_path)
    assert again.tables.keys() == study.tables.keys()
    for name, frame in study.tables.items():
        assert again.tables[name].select(frame.columns).equals(frame), name


def test_supplemental_qualifiers_reach_their_records(study):
    ae = supplemental(study.tables, "ae", "AETRTEM")
    assert ae.get_column("AETRTEM").null_count() == 0
    dm = supplemental(study.tables, "dm")
    assert dm.get_column("ITT").drop_nulls().len() == 254


def test_collected_dates_of_the_study(study):
    rs = study.tables["rs"]
    assert filter_impossible_dtc(rs, "RSDTC").height == 0
    partial = rs.filter(pl.col("RSDTC").str.len_chars() == 7)
    # One assessment, as the investigator and the two readers recorded it.
    assert partial.height == 3
    filled = partial.select(
        first=date_from_dtc("RSDTC", "D"), last=date_from_dtc("RSDTC", "D", "last"), none=date_from_dtc("RSDTC")
    )
    first, last, none = filled.row(0)
    assert (first.day, last.month, none) == (1, first.month, None)
    assert rs.filter((pl.col("RSTESTCD") == "OVRLRESP") & OVERALL_RESPONSE.outside("RSSTRESC")).height == 0


def test_a_million_dates_take_seconds():
    days = pl.datetime_range(pl.datetime(2015, 1, 1), pl.datetime(2026, 1, 1), "5m", eager=True).head(1_000_000)
    frame = pl.DataFrame({"DTC": days.dt.to_string("%Y-%m-%dT%H:%M")})
    start = time.perf_counter()
    answer = frame.select(date_from_dtc("DTC", "M", "last"))
    # All distinct is the worst case; measured below 3 s on two busy cores, with room for a slower machine.
    assert time.perf_counter() - start < 20
    assert answer.to_series().equals(days.dt.date().alias("DTC"))

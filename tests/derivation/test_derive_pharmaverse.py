"""The pharmaverse studies end to end, record by record against a second, plain implementation of the same rules."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import reference_admiral as reference
from equipoise.derivation import AdamSet, derive_adam
from equipoise.frames.adam import write_adam
from equipoise.frames.sdtm import SdtmData, read_sdtm

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data" / "pharmaverse"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("CI") != "true",
    reason="the pharmaverse data are not beside the repository (../shared/data/pharmaverse)",
)


SMALL, LARGE, STRESS = "small family", "large family", "edge cases"


def _family(name: str) -> tuple[SdtmData, str]:
    suffix = "_onco_recist" if name == SMALL else "_onco"
    sdtm = read_sdtm(DATA / "sdtm", {domain: domain + suffix for domain in ("rs", "tu", "tr")})
    if name != STRESS:
        return sdtm, "SCREENING" if name == SMALL else "BASELINE"
    edge = read_sdtm(DATA / "stress")
    kept = {domain: frame for domain, frame in sdtm.tables.items() if domain != "tr"}
    return replace(sdtm, tables={**kept, **edge.tables}), "SCREENING"


class Both:
    """One study derived twice."""

    def __init__(self, name: str) -> None:
        self.sdtm, visit = _family(name)
        self.adam: AdamSet = derive_adam(self.sdtm, profile="admiral", overrides={"baseline_visit": visit})
        rows = {domain: frame.to_dicts() for domain, frame in self.sdtm.tables.items()}
        self.adsl = reference.adsl(rows["dm"], rows["ds"], rows["ex"], rows["ae"], rows["lb"])
        self.adrs = reference.adrs(self.adsl, rows["rs"], rows["tu"], visit)
        self.adtte = reference.adtte(self.adsl, self.adrs)
        self.adae = reference.adae(rows["ae"], self.adsl, rows["ex"])
        self.adtr = reference.adtr(self.adsl, rows["tr"], rows["tu"], rows["rs"], visit) if "tr" in rows else []


@pytest.fixture(scope="module", params=[SMALL, LARGE, STRESS])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(request.param)


def _same(derived: pl.DataFrame, expected: list[dict[str, object]], names: str, order: list[str]) -> None:
    """Every expected record is there with the values of these columns, and no other record."""
    columns = names.split()
    rows = pl.DataFrame(
        [{name: row.get(name) for name in columns} for row in expected],
        schema={name: derived.schema[name] for name in columns},
        orient="row",
        strict=False,
    )
    left = derived.select(columns).sort(order, nulls_last=True)
    right = rows.sort(order, nulls_last=True)
    assert left.height == right.height
    for name in columns:
        differing = (left[name].ne_missing(right[name])).arg_true()
        if left.schema[name] == pl.Float64:
            close = ((left[name] - right[name]).abs() < 1e-9).fill_null(False)
            differing = (left[name].ne_missing(right[name]) & ~close).arg_true()
        assert not differing.len(), f"{name}: {left[differing].head(3)} expected {right[differing].head(3)}"


ADSL = """
USUBJID TRT01P TRT01A TRTSDT TRTEDT TRTDURD SCRFDT EOSDT EOSSTT FRVDT RANDDT DTHDT DTHDTF DTHADY
LDDTHELD LDDTHGR1 DTH30FL DTHA30FL DTHB30FL DTHCAUS DTHDOM DTHCGR1 LSTALVDT SAFFL RACEGR1 AGEGR1
REGION1
"""
ADRS = """
USUBJID PARAMCD ASEQ ADT ADTF AVAL AVALC RSSEQ VISITNUM ANL01FL ANL02FL
"""
ADTTE = """
USUBJID PARAMCD STARTDT ADT AVAL CNSR EVNTDESC CNSDTDSC SRCDOM SRCVAR SRCSEQ
"""
ADAE = """
USUBJID AESEQ ASTDTM AENDTM ASTDTF AENDTF ASTDY AENDY ADURN TRTEMFL ASEVN AOCCIFL LDOSEDTM DOSEON
"""


def test_adsl_agrees_record_by_record(both: Both) -> None:
    _same(both.adam.tables["adsl"], both.adsl, ADSL, ["USUBJID"])


def test_adrs_agrees_record_by_record(both: Both) -> None:
    _same(both.adam.tables["adrs"], both.adrs, ADRS, ["USUBJID", "ASEQ"])


def test_adtte_agrees_record_by_record(both: Both) -> None:
    _same(both.adam.tables["adtte"], both.adtte, ADTTE, ["USUBJID", "PARAMCD"])


def test_adae_agrees_record_by_record(both: Both) -> None:
    _same(both.adam.tables["adae"], both.adae, ADAE, ["USUBJID", "AESEQ"])


def test_adtr_agrees_record_by_record(both: Both) -> None:
    adtr = both.adam.tables["adtr"]
    order = ["USUBJID", "PARAMCD", "AVISITN", "ADT", "AVAL"]
    lesion = "USUBJID PARAMCD AVISIT AVISITN ADT ADY AVAL ANL01FL LSEXP LSASS"
    _same(adtr, both.adtr, lesion, order)
    summed = "ABLFL BASE NADIR CHG PCHG CHGNAD PCHGNAD PDFL ANL02FL ANL03FL ANL04FL"
    sums = [row for row in both.adtr if row["PARAMCD"] == "SDIAM"]
    _same(adtr.filter(pl.col("PARAMCD") == "SDIAM"), sums, f"{lesion} {summed}", order)


def test_without_tr_adtr_is_empty_with_its_columns_and_a_warning() -> None:
    adam = derive_adam(_family(STRESS)[0], profile="admiral")
    assert adam.tables["adtr"].height == 0
    assert {"PARAMCD", "AVAL", "NADIR", "PCHGNAD", "LSEXP"} <= set(adam.tables["adtr"].columns)
    absent = adam.decisions.to_frame().filter(pl.col("code") == "domain-absent")
    assert absent["decision"].to_list() == ["TR was not collected: ADTR has no rows"]


def test_the_set_can_be_written(both: Both, tmp_path: Path) -> None:
    write_adam(both.adam.tables, tmp_path, log=both.adam.decisions)
    written = pl.read_parquet(tmp_path / "adtte.parquet")
    assert written.height == both.adam.tables["adtte"].height


def test_small_family_by_eye() -> None:
    """Subject 01-701-1015: randomized 2014-01-02, SD on 01-23, a February without day, and 03-06."""
    adam = derive_adam(_family(SMALL)[0], profile="admiral")
    adrs = adam.tables["adrs"].filter(pl.col("USUBJID") == "01-701-1015")
    february = adrs.filter((pl.col("PARAMCD") == "OVR") & pl.col("ADTF").is_not_null())
    assert february["ADT"].cast(pl.String).to_list() == ["2014-02-28"]

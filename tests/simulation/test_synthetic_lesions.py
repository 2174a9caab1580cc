"""RECIST 1.1 read off the synthetic lesion measurements gives the synthetic responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from equipoise.protocol import Trial
from equipoise.simulation import Synthetic, synthesize

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", params=[20250520, 7])
def drawn(request: pytest.FixtureRequest, palmira: Trial) -> Synthetic:
    return synthesize(palmira, seed=request.param)


def _by_subject(synthetic: Synthetic) -> Iterator[tuple[str, list[tuple[str, Rows]], dict[tuple[str, str], str]]]:
    """Per subject: visits in time order with their TR rows, and RS results by date and test."""
    tr = synthetic.sdtm["tr"].sort("USUBJID", "TRDTC", maintain_order=True)
    rs = synthetic.sdtm["rs"]
    for (subject,), rows in tr.group_by("USUBJID", maintain_order=True):
        visits = [(str(day), part.to_dicts()) for (day,), part in rows.group_by("TRDTC", maintain_order=True)]
        own = rs.filter(pl.col("USUBJID") == subject)
        results = {(row["RSDTC"], row["RSTESTCD"]): row["RSSTRESC"] for row in own.to_dicts()}
        yield str(subject), visits, results


def _sum(rows: Rows) -> float | None:
    sizes = [row["TRSTRESN"] for row in rows if row["TRGRPID"] == "TARGET" and row["TRTESTCD"] in ("LDIAM", "LPERP")]
    return sum(sizes) if sizes else None


def _target(total: float | None, base: float | None, nadir: float | None) -> str | None:
    """Target response by RECIST 1.1, section 4.3.1."""
    if total is None or base is None or nadir is None:
        return None
    if total >= 1.2 * nadir - 1e-9 and total - nadir >= 5:
        return "PD"
    return "PR" if total <= 0.7 * base + 1e-9 else "SD"


def _non_target(rows: Rows) -> str | None:
    states = [row["TRSTRESC"] for row in rows if row["TRGRPID"] == "NON-TARGET"]
    if not states:
        return None
    return "PD" if "UNEQUIVOCAL PROGRESSION" in states else "NON-CR/NON-PD"


def _overall(target: str | None, non_target: str | None, new: bool) -> str:
    """Overall response, RECIST 1.1, tables 1 and 2."""
    if new or "PD" in (target, non_target):
        return "PD"
    return target or "NON-CR/NON-PD"


def test_responses_follow_from_the_measurements(drawn: Synthetic):
    reasons = {"target": 0, "non-target": 0, "new": 0}
    for subject, visits, results in _by_subject(drawn):
        base = nadir = _sum(visits[0][1])
        for day, rows in visits[1:]:
            total, new = _sum(rows), any(row["TRGRPID"] == "NEW" for row in rows)
            target, non_target = _target(total, base, nadir), _non_target(rows)
            assert results.get((day, "TRGRESP")) == target, (subject, day)
            assert results.get((day, "NTRGRESP")) == non_target, (subject, day)
            assert results[(day, "NEWLPROG")] == ("Y" if new else "N"), (subject, day)
            assert results[(day, "OVRLRESP")] == _overall(target, non_target, new), (subject, day)
            reasons["target"] += target == "PD"
            reasons["non-target"] += non_target == "PD"
            reasons["new"] += new
            nadir = min(total, nadir) if total is not None and nadir is not None else nadir
    assert min(reasons.values()) > 5


def test_every_response_has_its_measurements(drawn: Synthetic):
    scanned = drawn.sdtm["tr"].select("USUBJID", date="TRDTC").unique()
    responses = drawn.sdtm["rs"].select("USUBJID", date="RSDTC").unique()
    assert responses.join(scanned, on=["USUBJID", "date"], how="anti").is_empty()


def test_lesions_obey_the_rules_of_selection(drawn: Synthetic):
    targets = drawn.sdtm["tu"].filter(TUSTRESC="TARGET")
    assert targets.group_by("USUBJID").len()["len"].max() <= 5
    assert targets.group_by("USUBJID", "TULOC").len()["len"].max() <= 2
    assert set(targets["VISIT"]) == {"SCREENING"}
    sizes = drawn.sdtm["tr"].filter(VISIT="SCREENING", TRGRPID="TARGET")
    assert sizes.filter(TRTESTCD="LDIAM")["TRSTRESN"].min() >= 10
    assert sizes.filter(TRTESTCD="LPERP")["TRSTRESN"].min() >= 15
    nodes = targets.filter(TULOC="LYMPH NODE").select("USUBJID", TRLNKID="TULNKID")
    short = drawn.sdtm["tr"].filter(TRTESTCD="LPERP").select("USUBJID", "TRLNKID").unique()
    assert short.join(nodes, on=["USUBJID", "TRLNKID"], how="anti").is_empty()
    assert nodes.join(short, on=["USUBJID", "TRLNKID"], how="anti").is_empty()


def test_sums_are_those_of_the_diameters(drawn: Synthetic):
    tr = drawn.sdtm["tr"].filter(TRGRPID="TARGET")
    keys = ["USUBJID", "TRDTC"]
    summed = tr.filter(pl.col("TRTESTCD") != "SUMDIAM").group_by(keys).agg(pl.col("TRSTRESN").sum())
    stated = tr.filter(TRTESTCD="SUMDIAM").select(*keys, stated="TRSTRESN")
    both = summed.join(stated, on=keys, how="full", coalesce=True)
    assert both["TRSTRESN"].to_list() == both["stated"].to_list()


def test_disease_agrees_with_the_baseline_variables(drawn: Synthetic):
    wide = drawn.sdtm["suppdm"].pivot(on="QNAM", index="USUBJID", values="QVAL")
    baseline = drawn.sdtm["tu"].filter(VISIT="SCREENING").join(wide, on="USUBJID")
    measured = baseline.group_by("USUBJID").agg(
        targets=(pl.col("TUSTRESC") == "TARGET").any(), measurable=pl.col("MEASDIS").first()
    )
    assert measured.filter(pl.col("targets") != (pl.col("measurable") == "Y")).is_empty()
    organs = baseline.group_by("USUBJID").agg(
        visceral=pl.col("TULOC").is_in(["LIVER", "LUNG", "PLEURA"]).any(), stated=pl.col("VISCERAL").first()
    )
    assert organs.filter(pl.col("visceral") != (pl.col("stated") == "Y")).is_empty()

"""Every row of tables 1, 2 and 3 of RECIST 1.1, each made of lesions and worked by hand.

Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, doi:10.1016/j.ejca.2008.10.026. The baseline of every patient with
measurable disease is T01 30 mm and T02 20 mm, both in the liver: sum 50 mm. So 35 mm (30% less) is a partial response,
60 mm (20% and 10 mm more than 50 mm) is progression, 40 mm is neither.
"""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

import made_up_study as made
from equipoise.derivation import AdamSet, derive_adam
from made_up_lesions import collected, derived, rows, scans

# What the target lesions measure for each target response: sums 0, 35, 40 and 60 mm; and T02 not evaluated.
TARGETS = {
    "CR": {"T01": 0.0, "T02": 0.0},
    "PR": {"T01": 20.0, "T02": 15.0},
    "SD": {"T01": 25.0, "T02": 15.0},
    "PD": {"T01": 35.0, "T02": 25.0},
    "NE": {"T01": 25.0, "T02": None},
}
OTHERS = {
    "CR": {"NT01": "ABSENT"},
    "NON-CR/NON-PD": {"NT01": "PRESENT"},
    "PD": {"NT01": "UNEQUIVOCAL PROGRESSION"},
    "NE": {"NT01": "NOT EVALUABLE"},
    None: {},
}
NEW = {False: {}, True: {"NEW01": "UNEQUIVOCAL"}}
NON_PD = ("CR", "NON-CR/NON-PD", "NE", None)

# Table 1 (and its note: "non-PD or not all evaluated"). Rows with "any" are written out.
TABLE_1 = [
    ("CR", "CR", False, "CR"),
    ("CR", None, False, "CR"),
    ("CR", "NON-CR/NON-PD", False, "PR"),
    ("CR", "NE", False, "PR"),
    *(("PR", other, False, "PR") for other in NON_PD),
    *(("SD", other, False, "SD") for other in NON_PD),
    *(("NE", other, False, "NE") for other in NON_PD),
    *(("PD", other, new, "PD") for other in OTHERS for new in NEW),
    *((target, "PD", new, "PD") for target in TARGETS for new in NEW),
    *((target, other, True, "PD") for target in TARGETS for other in OTHERS),
]
TABLE_2 = [
    ("CR", False, "CR"),
    ("NON-CR/NON-PD", False, "NON-CR/NON-PD"),
    ("NE", False, "NE"),
    ("PD", False, "PD"),
    ("PD", True, "PD"),
    *((other, True, "PD") for other in ("CR", "NON-CR/NON-PD", "NE")),
]


def _study(cases: dict[str, dict[str, list[dict[str, object]]]]) -> AdamSet:
    """All cases as patients of one study, which is derived once."""
    return derived(collected(*cases.values(), patients=[made.patient(name) for name in cases]))


def _name(*case: object) -> str:
    return "/".join(str(part) for part in case)


@cache
def _table_1() -> pl.DataFrame | None:
    cases = {}
    for target, other, new, _ in TABLE_1:
        name = _name(target, other, new)
        begun = {"T01": 30.0, "T02": 20.0} | ({"NT01": "PRESENT"} if other else {})
        seen = TARGETS[target] | OTHERS[other] | NEW[new]
        cases[name] = scans(("SCREENING", -7, begun), ("WEEK 8", 56, seen), subject=name)
    return _study(cases).lesion_responses


@pytest.mark.parametrize(("target", "other", "new", "overall"), TABLE_1)
def test_table_1_measurable_disease(target: str, other: str | None, new: bool, overall: str) -> None:
    found = _table_1()
    assert found is not None
    row = found.filter((pl.col("USUBJID") == _name(target, other, new)) & pl.col("ABLFL").is_null())
    answers = row.select("TRGRESP", "NTRGRESP", "NEWLPROG", "OVRLRESP", "DISEASE").rows()
    assert answers == [(target, other, "Y" if new else "N", overall, "MEASURABLE")]


SITES = {"BONE": "BONE ONLY", "PLEURA": "NON-MEASURABLE"}


@cache
def _table_2() -> pl.DataFrame | None:
    cases = {}
    for other, new, _ in TABLE_2:
        for site in SITES:
            name = _name(other, new, site)
            read = ("SCREENING", -7, {"NT01": "PRESENT"}), ("WEEK 8", 56, OTHERS[other] | NEW[new])
            cases[name] = scans(*read, sites={"NT01": site, "NEW01": "LUNG"}, subject=name)
    return _study(cases).lesion_responses


@pytest.mark.parametrize(("other", "new", "overall"), TABLE_2)
@pytest.mark.parametrize(("site", "disease"), SITES.items())
def test_table_2_non_target_disease_only(other: str, new: bool, overall: str, site: str, disease: str) -> None:
    found = _table_2()
    assert found is not None
    row = found.filter((pl.col("USUBJID") == _name(other, new, site)) & pl.col("ABLFL").is_null())
    assert row.select("TRGRESP", "NTRGRESP", "OVRLRESP", "DISEASE").rows() == [(None, other, overall, disease)]


# Table 3: the first and the next assessment, the day of the first, the best confirmed response. Stable disease lasts
# 42 days from randomization (day 0), confirmation 28 days; the second assessment is always 56 days after the first.
EARLY, LATE = 35, 56
TABLE_3 = [
    ("CR", "CR", LATE, "CR"),
    # Footnote a: disease after a complete response is progression; the best is SD if it lasted long enough, else PD.
    ("CR", "PR", LATE, "SD"),
    ("CR", "PR", EARLY, "PD"),
    ("CR", "SD", LATE, "SD"),
    ("CR", "SD", EARLY, "PD"),
    ("CR", "PD", LATE, "SD"),
    ("CR", "PD", EARLY, "PD"),
    ("CR", "NE", LATE, "SD"),
    ("CR", "NE", EARLY, "NE"),
    ("PR", "CR", LATE, "PR"),
    ("PR", "PR", LATE, "PR"),
    ("PR", "SD", LATE, "SD"),
    ("PR", "SD", EARLY, "SD"),
    ("PR", "PD", LATE, "SD"),
    ("PR", "PD", EARLY, "PD"),
    ("PR", "NE", LATE, "SD"),
    ("PR", "NE", EARLY, "NE"),
    ("NE", "NE", LATE, "NE"),
]


@cache
def _table_3() -> pl.DataFrame:
    # An assessment that is not evaluable shows nothing, so that no disease is seen again either.
    later = TARGETS | {"NE": {"T01": None, "T02": None}}
    cases = {}
    for first, second, day, _ in TABLE_3:
        name = _name(first, second, day)
        read = ("WEEK A", day, later[first]), ("WEEK B", day + 56, later[second])
        cases[name] = scans(("SCREENING", -7, {"T01": 30.0, "T02": 20.0}), *read, subject=name)
    return _study(cases).tables["adrs"]


@pytest.mark.parametrize(("first", "second", "day", "best"), TABLE_3)
def test_table_3_best_response_with_confirmation(first: str, second: str, day: int, best: str) -> None:
    mine = (pl.col("USUBJID") == _name(first, second, day)) & (pl.col("PARAMCD") == "CBOR")
    assert _table_3().filter(mine)["AVALC"].to_list() == [best]


@pytest.mark.parametrize(("rule", "best"), [("as-recorded", "SD"), ("progression", "SD"), ("partial", "PR")])
def test_a_collected_partial_response_after_a_complete_one(rule: str, best: str) -> None:
    """CR on day 56, PR on day 112: a lost complete response that lasted (SD), or a partial one that is confirmed."""
    patient = made.patient("P", responses=[(56, "CR"), (112, "PR")])
    sdtm = collected(scans(("SCREENING", -7, {"T01": 30.0})), patients=[patient])
    adrs = derive_adam(sdtm, profile="equipoise", overrides={"complete_response_lost": rule}).tables["adrs"]
    assert adrs.filter(pl.col("PARAMCD") == "CBOR")["AVALC"].to_list() == [best]


def test_without_any_lesion_at_baseline_only_a_new_one_is_a_response() -> None:
    study = collected(
        scans(
            ("SCREENING", -7, {}), ("WEEK 8", 56, {"NEW01": "EQUIVOCAL"}), ("WEEK 16", 112, {"NEW01": "UNEQUIVOCAL"})
        ),
    )
    assert rows(study, "VISIT", "OVRLRESP", "DISEASE", equivocal_lesion_backdated=False) == [
        ("WEEK 8", "NE", "NONE"),
        ("WEEK 16", "PD", "NONE"),
    ]

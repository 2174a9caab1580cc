"""Adverse-event incidence counted by hand."""

import pytest

from equipoise.analysis import adverse_event_rates, rate_interval
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.results import ResultTable

# Subject 1 (arm A) has rash twice, worst grade 3, and pain 1; subject 2 (A) pain 2; subject 3 (B) rash, ungraded.
RECORDS = {
    "subject": ["1", "1", "1", "2", "3"],
    "term": ["Rash", "Rash", "Pain", "Pain", "Rash"],
    "grade": [1, 3, 1, 2, None],
    "arm": ["A", "A", "A", "A", "B"],
}
SYSTEMS = ["Skin", "Skin", "General", "General", "Skin"]
SAFETY = {"A": 10, "B": 5}


def rates(**options):
    return adverse_event_rates(*RECORDS.values(), SAFETY, **options)


def test_subjects_count_once_at_their_worst_grade():
    found = rates()
    assert found.select(arm="A", term="Rash").x == 1
    assert found.select(arm="A", term="Rash", min_grade=3).x == 1
    assert found.select(arm="A", term="Pain").x == 2
    assert found.select(arm="A", term="Pain", min_grade=3).x == 0
    assert found.select(arm="A").x == 2
    assert found.select(arm="A", min_grade=3).x == 1


def test_an_ungraded_event_counts_in_any_grade_only_and_is_reported():
    found = rates()
    assert found.select(arm="B", term="Rash").x == 1
    assert found.select(arm="B", term="Rash", min_grade=3).x == 0
    assert found.ungraded == 1
    assert found.to_rows()[0].warning == "1 record has no grade, counted in any grade only"


def test_systems_and_their_order():
    found = rates(system=SYSTEMS)
    lines = list(dict.fromkeys((r.system, r.term) for r in found.rates))
    # both systems have two subjects: then by name; any event first
    assert lines == [("", ""), ("General", ""), ("General", "Pain"), ("Skin", ""), ("Skin", "Rash")]
    assert found.select(arm="A", system="Skin").x == 1
    assert found.select(arm="A", term="Rash", system="Skin").x == 1


def test_rows():
    table = ResultTable(rates(system=SYSTEMS).to_rows())
    row = table.one(level1="A", level2="Rash", parameter="grade >= 3", statistic="conf_high")
    assert row.value == rate_interval(1, 10).conf_high
    assert (row.group1, row.group2, row.label, row.method) == ("arm", "term", "Skin", "clopper-pearson")
    assert table.value(level1="B", level2="Any adverse event", parameter="any grade", statistic="estimate") == 0.2


def test_refusals():
    with pytest.raises(ArgumentError, match="arm 'B' has no denominator"):
        adverse_event_rates(*RECORDS.values(), {"A": 10})
    with pytest.raises(DataError, match="arm 'A' has 2 subjects with an event and a denominator of 1"):
        adverse_event_rates(*RECORDS.values(), {"A": 1, "B": 5})
    with pytest.raises(DataError, match="subject 1 has events in more than one arm"):
        adverse_event_rates(["1", "1"], ["x", "y"], [1, 1], ["A", "B"], SAFETY)
    with pytest.raises(DataError, match="grade is 6 in 1 rows"):
        adverse_event_rates(["1"], ["x"], [6], ["A"], SAFETY)
    with pytest.raises(LookupError, match="there is no rate of arm 'A', term 'Cough'"):
        rates().select(arm="A", term="Cough")

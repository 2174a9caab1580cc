"""Adverse-event incidence of six records of three subjects, counted by hand."""

import pytest

from equipoise.analysis import adverse_event_rates


def test_subjects_count_once_per_line_at_their_worst_grade():
    # Subject 1: rash 1 and 3, nausea 2; subject 2: rash 2; subject 3, of the other arm: nausea ungraded and 4.
    rates = adverse_event_rates(
        ["1", "1", "1", "2", "3", "3"],
        ["Rash", "Rash", "Nausea", "Rash", "Nausea", "Nausea"],
        [1, 3, 2, 2, None, 4],
        ["E", "E", "E", "E", "C", "C"],
        {"E": 10, "C": 5},
    )
    assert [rates.select(arm="E", term=t, min_grade=g).x for t in ("Rash", "Nausea") for g in (1, 3)] == [2, 1, 1, 0]
    assert [rates.select(arm="C", term=t, min_grade=g).x for t in ("Rash", "Nausea") for g in (1, 3)] == [0, 0, 1, 1]
    assert (rates.select(arm="E").x, rates.select(arm="C").x, rates.ungraded) == (2, 1, 1)
    # One of five: P(X >= 1; p) = 1 - (1 - p)^5 = .025 at the lower limit
    assert rates.select(arm="C").conf_low == pytest.approx(1 - 0.975**0.2, abs=1e-14)

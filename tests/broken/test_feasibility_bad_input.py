"""Arguments and results that a search for a witness cannot be made of."""

import pytest

from equipoise.errors import ArgumentError
from equipoise.evidence.feasibility_check import joint_feasibility
from made_up_published import published


@pytest.mark.parametrize(
    ("given", "said"),
    [({"seed": -1}, "seed -1"), ({"seed": 1.5}, "seed 1.5"),
     ({"budget": 0}, "budget 0"), ({"budget": "many"}, "budget"),
     ({"seconds": 0.0}, "seconds 0.0")],
)  # fmt: skip
def test_arguments_that_are_not_permitted(given, said):
    trial = published("0.80 (95% 0.60-1.07)")
    with pytest.raises(ArgumentError, match=said) as caught:
        joint_feasibility(trial, trial.results[0], **given)
    assert caught.value.code == "argument-invalid"


def test_a_result_without_numbers_is_not_checked():
    trial = published(events=50)
    found = joint_feasibility(trial, trial.results[0])
    assert (found.finding.status, found.witness) == ("not-checked", None)


def test_an_interval_that_fits_its_ratio_on_no_reading_is_unresolved_not_impossible():
    """0.57 with 0.39 to 0.95 is centered on 0.61: no Wald interval, but other intervals exist."""
    trial = published("0.57 (0.39-0.95)", n=(60, 59), test={"p": ".006"})
    found = joint_feasibility(trial, trial.results[0], budget=20_000)
    assert found.finding.status == "unresolved"
    assert "no reading" in found.finding.said


def test_more_events_than_patients_are_impossible():
    trial = published("0.80", n=(40, 40), experimental={"events": 41})
    assert "41 events among 40 patients" in joint_feasibility(trial, trial.results[0]).finding.said

"""Joint feasibility of published results: PALMIRA with and without its interval, and its siblings."""

import numpy as np
import pytest

from equipoise.analysis import cox, kaplan_meier
from equipoise.evidence.feasibility_check import joint_feasibility
from equipoise.evidence.feasibility_search import find_witness
from equipoise.evidence.feasibility_targets import Wanted
from equipoise.evidence.published_files import read_published
from equipoise.evidence.standard_error import Reading

# Example, place of the result: results with at most 400 patients, of which a witness is found.
FEASIBLE = (("palmira", 1), ("palmira", 2), ("pada-1", 0), ("pada-1", 1), ("postmonarch", 0), ("postmonarch", 1))


def test_palmira_without_its_interval_has_a_witness():
    """Medians 4.9 (3.6-6.1) and 3.6 (2.5-4.2), rates 42.1/29.1 and 12.4/12.3, HR 0.84, 136 and 62 patients."""
    trial = read_published("palmira")
    wanted = Wanted(trial, trial.results[0], Reading(), interval=False, test=False)
    witness = find_witness(wanted, [Reading()], seed=0, budget=400_000, seconds=60.0).found
    assert witness is not None
    assert witness.met
    frame = witness.to_frame()
    assert [int((witness.arm == arm).sum()) for arm in ("experimental", "control")] == [136, 62]
    curves = kaplan_meier(frame["time"], frame["event"], group=frame["arm"], conf_type=witness.conf_type).curves
    medians = {curve.level: curve.median() for curve in curves}
    rounded = {level: [round(x, 1) for x in (m.time, m.conf_low, m.conf_high)] for level, m in medians.items()}
    assert rounded == {"experimental": [4.9, 3.6, 6.1], "control": [3.6, 2.5, 4.2]}
    rates = {c.level: [round(100 * r.survival, 1) for r in c.at([6, 12])] for c in curves}
    assert rates == {"experimental": [42.1, 12.4], "control": [29.1, 12.3]}
    assert round(cox(frame["time"], frame["event"], frame["arm"], reference="control").hazard_ratio[0], 2) == 0.84


def test_palmira_as_printed_is_impossible_by_the_information_bound():
    trial = read_published("palmira")
    found = joint_feasibility(trial, trial.results[0])
    assert found.finding.status == "inconsistent"
    assert found.finding.said.startswith(
        "impossible: information bound: an interval so narrow needs at least 251 events"
    )
    assert "fits the curves" in found.finding.explanation
    assert found.witness is not None
    assert found.witness.met


@pytest.mark.parametrize(("name", "place"), FEASIBLE)
def test_smaller_examples_have_a_witness(name, place):
    trial = read_published(name)
    found = joint_feasibility(trial, trial.results[place])
    assert found.finding.status in ("consistent", "note"), found.finding.said
    assert found.witness is not None
    assert found.witness.met


def test_a_search_is_the_same_for_the_same_seed_and_budget():
    trial = read_published("palmira")
    first, second = (joint_feasibility(trial, trial.results[1], seed=5, budget=60_000) for _ in range(2))
    assert first.finding == second.finding
    assert first.witness is not None
    assert second.witness is not None
    assert np.array_equal(first.witness.time, second.witness.time)


def test_swapped_rates_are_impossible():
    """12.4% at 6 months and 42.1% at 12."""
    trial = read_published("palmira")
    six, twelve = trial.results[1].rates[0], trial.results[0].rates[1]
    rising = tuple(one.model_copy(update={"at": at}) for one, at in ((twelve, 6.0), (six, 12.0)))
    result = trial.results[1].model_copy(update={"rates": rising})
    found = joint_feasibility(trial, result)
    assert found.finding.status == "inconsistent"
    assert "no falling curve" in found.finding.said

"""A scenario may differ from the one planned with: no effect, harm, other arms, deaths that decide."""

import math

import pytest

from equipoise.design.plan import plan_design
from equipoise.errors import EquipoiseError
from equipoise.frames.results import ResultTable
from equipoise.protocol import Trial
from equipoise.protocol.loading import parse_trial
from equipoise.reporting.lookup import Rows
from equipoise.reporting.tables.simulation import looks_table
from equipoise.simulation.cluster import executor_of
from equipoise.simulation.operating import simulate
from equipoise.simulation.trial_plan import plan_simulation
from imagined_files import LOGRANK, imagined_file, imagined_text

LOOKS = """looks: [{id: interim, trigger: {time: 12 months}}, {id: final, trigger: {events: 110}}]
    spending: {function: obrien-fleming}"""
FUTILITY = LOOKS + "\n    futility: {function: hwang-shih-decani, parameter: -2}"
TWO_SIDED = LOGRANK.replace("sides: 1, alpha: 0.025", "sides: 2, alpha: 0.05")
DEATHS = """
    illness_death:
      progression_or_death: PFS
      death: OS
      progression:
        C: {median: {value: 5 months, assumption: made up}}
        E: {hazard_ratio: {value: 0.5, assumption: made up}}
      death_before: {C: &rare {median: {value: 60 months, assumption: made up}}, E: *rare}
      death_after: {C: &later {median: {value: 6 months, assumption: made up}}, E: *later}
      clock: {value: progression, assumption: made up}
"""


def with_another(ratio: str, **given: object) -> Trial:
    """The file with a second scenario, `other`, of another effect."""
    text = imagined_text(**given)
    scenario = text[text.index("  - id: expected") :]
    other = scenario.replace("id: expected", "id: other").replace("default_for: [design, simulate]", "default_for: []")
    return parse_trial(text + other.replace("value: 0.6", f"value: {ratio}")).trial


@pytest.mark.parametrize("ratio", ["1", "1.3", "0.8"])
def test_bounds_are_those_planned_whatever_is_true(ratio):
    trial = with_another(ratio, plan=FUTILITY)
    planned, other = plan_simulation(trial), plan_simulation(trial, scenario="other")
    assert other.model.bounds == planned.model.bounds
    assert other.model.events != planned.model.events
    assert "bounds: those planned under scenario expected, whatever is true" in other.assumptions
    assert not any(said.startswith("bounds:") for said in planned.assumptions)


def test_harm_assumed_needs_no_alternative_for_efficacy_bounds():
    harm = parse_trial(imagined_text(plan=LOOKS).replace("value: 0.6", "value: 1.2")).trial
    found = simulate(plan_simulation(harm).model, trials=2048, seed=1, course=0)
    assert found.rejection_rate < 0.02
    assert "efficacy bounds" in plan_design(harm).text()


@pytest.mark.parametrize("events", [60, 100])
def test_events_of_all_arms_are_no_events_of_two(events):
    plan = f"looks: [{{id: final, trigger: {{events: {events}}}}}]"
    planned = plan_simulation(imagined_file(three=True, plan=plan, test=TWO_SIDED))
    look = planned.design.looks[0]
    found = simulate(planned.model, trials=4096, seed=2, course=0)
    assert found.at_look("time", 1).mean == pytest.approx(look.time, abs=0.3)
    pair = sum(found.at_look(f"events {arm}", 1).mean for arm in ("E", "C"))
    assert pair == pytest.approx(look.events, abs=1.0)
    assert found.power_of_arm("E").mean == pytest.approx(look.power, abs=0.04)
    assert f"at {events} events in all arms" in planned.design.text()


def test_several_arms_are_told_apart():
    found = simulate(plan_simulation(imagined_file(three=True, test=TWO_SIDED)).model, trials=1024, seed=2, course=0)
    assert "By arm: " in found.text()
    assert "% with E, " in found.text()
    table = looks_table(Rows(found.to_rows()))
    assert table is not None
    assert "of E against control" in table.notes[0]


def test_deaths_that_decide_are_what_is_shown():
    plan = "looks: [{id: final, trigger: {events: 70}}]"
    trial = imagined_file(endpoint="OS", survival=DEATHS, test=TWO_SIDED, plan=plan)
    found = simulate(plan_simulation(trial).model, trials=1024, seed=2, course=0)
    rows = ResultTable(found.to_rows())
    ratio = rows.one(level1="death_hazard_ratio", statistic="q50", parameter="look").value
    log = rows.one(level1="death_log_hazard_ratio", statistic="q50", parameter="look").value
    assert ratio is not None
    assert log is not None
    assert ratio == pytest.approx(math.exp(log))
    table = looks_table(Rows(found.to_rows()))
    assert table is not None
    shown = [cell.quantity.text for cell in table.lines[0].cells]
    assert shown[0] == "70"
    assert shown[-1].startswith(f"{ratio:.2f} ")
    assert table.notes[0].endswith("Events and HR: of death.")
    assert "patients with progression or death" in found.text()


@pytest.mark.parametrize("address", ["foo", "tcp://10.0.0.1"])
def test_half_an_address_is_refused_before_a_client_is_begun(address, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: pytest.fail("a client was begun"))
    with pytest.raises(EquipoiseError, match="no Dask scheduler answers at"), executor_of(address, None):
        pass

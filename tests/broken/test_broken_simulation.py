"""Models and runs that cannot be simulated say why."""

import pytest

from equipoise.design import Accrual, Dropout, Hazard, group_sequential
from equipoise.errors import ArgumentError, DesignError
from equipoise.protocol import load_trial
from equipoise.randomization import PermutedBlocks, Scheme
from equipoise.simulation import scenario_grid
from equipoise.simulation.draws import draw_trial
from equipoise.simulation.event_laws import Cured, LogNormal, PiecewiseRatio, Weibull
from equipoise.simulation.operating import simulate
from equipoise.simulation.scenario_grid import check_duration, simulate_grid
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_options import Deaths, ScanSchedule, WeightedTest
from equipoise.simulation.trial_plan import plan_simulation
from imagined_files import imagined_file
from imagined_trials import general_model, small_model, stratified_model


def test_a_look_waits_for_more_events_than_patients():
    with pytest.raises(DesignError, match=r"design-unreachable.*look 1 waits for 61 events, and the trial has 60"):
        small_model(looks=61)


@pytest.mark.parametrize("hazard", [Hazard(0.0), Hazard((0.1, 0.0), (3.0,))], ids=repr)
def test_hazards_are_above_zero(hazard):
    with pytest.raises(ArgumentError, match="hazards above zero"):
        small_model(control=hazard)
    with pytest.raises(ArgumentError, match="hazards above zero"):
        Cured(hazard, 0.2)


@pytest.mark.parametrize("ratio", [0.0, -0.5, float("nan"), True])
def test_hazard_ratios_are_above_zero(ratio):
    with pytest.raises(ArgumentError, match="events of experimental is|above zero"):
        small_model(effect=ratio)


def test_prevalences_sum_to_one():
    with pytest.raises(ArgumentError, match=r"they sum to 0\.95"):
        stratified_model(prevalences={"sex": {"f": 0.55, "m": 0.4}, "stage": {"1": 0.25, "2": 0.75}})
    joint = {("f", "1"): 0.5, ("f", "2"): 0.2, ("m", "1"): 0.2, ("m", "2"): 0.2}
    with pytest.raises(ArgumentError, match=r"strata.*\n.*\n.*they sum to 1\.1"):
        stratified_model(prevalences=joint)


@pytest.mark.parametrize(
    ("prevalences", "said"),
    [
        ({}, "the shares of the levels of sex, stage"),
        ({"sex": {"f": 0.5, "m": 0.5}}, "one entry for each factor: sex, stage"),
        ({"sex": {"f": 1.0}, "stage": {"1": 0.5, "2": 0.5}}, "a share for each of f, m"),
        ({"sex": {"f": 1.5, "m": -0.5}, "stage": {"1": 0.5, "2": 0.5}}, "shares from 0 to 1"),
    ],
)
def test_prevalences_are_of_every_level(prevalences, said):
    with pytest.raises(ArgumentError, match=said):
        stratified_model(prevalences=prevalences)


def test_accrual_that_never_reaches_n():
    with pytest.raises(DesignError, match="60 patients are never accrued"):
        Accrual.piecewise([5.0, 0.0], [6.0], n=60)
    with pytest.raises(ArgumentError, match="how many patients come is left open"):
        small_model(accrual=Accrual.uniform(duration=12))
    with pytest.raises(ArgumentError, match="a Poisson process may bring fewer than 60 patients"):
        small_model(accrual=Accrual.piecewise([10.0, 0.0], [6.0], duration=12))
    assert small_model(accrual=Accrual.piecewise([10.0, 0.0], [6.0], duration=12), arrivals="uniform").n == 60
    with pytest.raises(ArgumentError, match=r"it brings 60\.5 patients"):
        small_model(accrual=Accrual.uniform(n=60.5, duration=12))


def test_bounds_belong_to_the_looks():
    with pytest.raises(ArgumentError, match=r"length-mismatch\] 1 bounds for 2 looks"):
        stratified_model(bounds=LookBounds.single(alpha=0.05, sides=2))
    with pytest.raises(ArgumentError, match=r"length-mismatch\] 1 futility bounds for 2 looks"):
        LookBounds((2.0, 2.0), (0.0,), (-3.0, -3.0))
    with pytest.raises(ArgumentError, match="3 bounds for 2 looks"):
        stratified_model(bounds=group_sequential(3, alpha=0.025, sides=1))
    with pytest.raises(DesignError, match=r"spending-invalid.*the lower bound 2\.9 reaches the upper 2\.8"):
        stratified_model(bounds=LookBounds.given([2.8, 2.0], [2.9, None]))
    with pytest.raises(ArgumentError, match="a Z value for each look"):
        LookBounds((float("nan"),), (0.0,), (0.0,))
    with pytest.raises(ArgumentError, match="Z values by look"):
        LookBounds.given(["high"])  # type: ignore[list-item]
    with pytest.raises(ArgumentError, match="give alpha for a single look"):
        small_model(looks=[TrialLook(events=20), TrialLook(events=40)])
    with pytest.raises(ArgumentError, match=r"LookBounds\.single"):
        small_model(bounds=[1.96])


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ({}, "give a look events, a time"),
        ({"events": 0}, "a whole number of events from 1 on"),
        ({"time": -3.0}, "a finite number above zero"),
        ({"follow_up": -1.0}, "a finite number above zero"),
        ({"events": 10, "when": "both"}, '"last" or the "first"'),
        ({"time": 3.0, "arms": ("A",)}, "give events as well"),
        ({"events": 10, "endpoint": "relapse"}, "permitted: event, death"),
    ],
)
def test_looks_have_conditions(look, said):
    with pytest.raises(ArgumentError, match=said):
        TrialLook(**look)


def test_looks_of_a_model():
    with pytest.raises(ArgumentError, match="the events of looks rises"):
        stratified_model(looks=(TrialLook(events=60), TrialLook(events=30)))
    with pytest.raises(ArgumentError, match="arms of the trial: C, E"):
        stratified_model(looks=(TrialLook(events=30, arms=("X",)), TrialLook(events=60)))
    with pytest.raises(ArgumentError, match="at least one TrialLook"):
        small_model(looks=[], bounds=LookBounds((), (), ()))
    with pytest.raises(ArgumentError, match="a look or a test is of death"):
        small_model(looks=TrialLook(events=20, endpoint="death"))
    with pytest.raises(ArgumentError, match=r"0 to 128.*\n?.*|fewer ticks"):
        small_model(looks=TrialLook(time=500.0)).to_spec()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arrivals": "sorted"}, "permitted: poisson, planned, uniform"),
        ({"dropout": {"C": Dropout(0.1)}}, "one for each arm: C, E"),
        ({"dropout": {"C": 0.1, "E": 0.1}}, "a Dropout, such as"),
        ({"control": "X"}, "one of the arms: E, C"),
        ({"events": {"C": Hazard(0.1)}}, "wrong arms: E"),
        ({"events": {"C": Hazard(0.1), "E": {("f", "1"): 0.5}}}, "one entry for each stratum"),
        ({"events": {"C": 0.5, "E": 0.5}}, "a Hazard, Weibull, LogNormal or Cured"),
        ({"events": {"C": Weibull(1.2, 9.0), "E": PiecewiseRatio((1.0, 0.5), (3.0,))}}, "piecewise-constant hazards"),
        ({"events": {"C": LogNormal(6.0, 0.8), "E": 0.5}}, "not proportional"),
        ({"randomization": "blocks"}, "a method, such as PermutedBlocks"),
        ({"accrual": 84}, "an Accrual, such as"),
        ({"decides": "rmst"}, "permitted: logrank, death, weighted"),
        ({"decides": "weighted"}, "the first decides"),
        ({"scans": 8.0}, "a ScanSchedule, or None"),
        ({"landmarks": (0.0,)}, "above zero"),
        ({"ticks_per_unit": 0.0}, "above zero"),
        ({"stratified": "yes"}, "stratified is 'yes'.*\n?.*|True or False"),
        ({"respend": 1}, "respend is 1"),
    ],
)
def test_parts_of_a_model(changes, said):
    with pytest.raises(ArgumentError, match=said):
        stratified_model(**changes)


def test_laws_and_options():
    with pytest.raises(ArgumentError, match="shape is 0"):
        Weibull(0.0, 3.0)
    with pytest.raises(ArgumentError, match="share above 0 and below 1"):
        Cured(Hazard(0.1), 1.0)
    with pytest.raises(ArgumentError, match="one break less than ratios"):
        PiecewiseRatio((1.0, 0.5))
    with pytest.raises(ArgumentError, match="permitted: progression, randomization"):
        Deaths(before={}, after={}, clock="calendar")
    with pytest.raises(ArgumentError, match="shares from 0 to 1 by arm"):
        Deaths(before={}, after={}, switching={"C": 1.2})
    with pytest.raises(ArgumentError, match="its clock may start at any time"):
        general_model(deaths=Deaths(before={"C": Hazard(0.02), "A": 1.0, "B": 1.0},
                                    after={"C": Weibull(1.0, 9.0), "A": 1.0, "B": 1.0}))  # fmt: skip
    with pytest.raises(ArgumentError, match="one time less than intervals"):
        ScanSchedule((2.0, 3.0))
    with pytest.raises(ArgumentError, match="t_star"):
        WeightedTest(weights="modest-time")
    with pytest.raises(ArgumentError, match="exponents of zero or above"):
        WeightedTest(rho=-1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trials": 0}, "a whole number from 1"),
        ({}, "a whole number from 1.*or until_se"),
        ({"trials": 10, "threads": 0}, "None for all cores"),
        ({"trials": 10, "chunk": 1000}, "a multiple of 1024"),
        ({"until_se": -0.1}, "until_se is -0.1"),
        ({"trials": 10, "seed": -1}, "seed -1 is not a whole number"),
        ({"trials": 10, "engine": "lane"}, "did you mean 'lanes'"),
    ],
)
def test_runs(options, said):
    with pytest.raises(ArgumentError, match=said):
        simulate(small_model(), **({"seed": 1} | options))


def test_what_is_no_model():
    with pytest.raises(ArgumentError, match="a TrialModel"):
        simulate("palmira", trials=10, seed=1)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="look is 2"):
        draw_trial(small_model(), seed=1, index=0, look=2)


def test_a_grid_of_hours_is_asked_about(monkeypatch):
    with pytest.raises(ArgumentError, match=r"confirmation-needed\] 40 points of 1,000,000 trials .* about 2\.5 hours"):
        check_duration(9000.0, 40, 1_000_000)
    with pytest.raises(ArgumentError, match=r"about 4\.2 days"):
        check_duration(100.8 * 3600.0, 40, 1_000_000)
    check_duration(3599.0, 40, 1_000_000)
    monkeypatch.setattr(scenario_grid, "LONGEST", 1e-6)
    with pytest.raises(ArgumentError, match="confirmation-needed"):
        simulate_grid(small_model(), hazard_ratios=[0.5], trials=2000, seed=1, engine="plain")
    grid = simulate_grid(small_model(), hazard_ratios=[0.5], trials=1100, seed=1, engine="plain", yes=True)
    assert grid[0.5].trials == 1100


def test_grids_have_points():
    with pytest.raises(ArgumentError, match="one hazard ratio or more"):
        simulate_grid(small_model(), trials=10, seed=1)
    with pytest.raises(ArgumentError, match="a mapping from name to TrialModel"):
        simulate_grid({}, trials=10, seed=1)
    with pytest.raises(ArgumentError, match="an experimental arm: experimental"):
        small_model().with_effect(0.5, "control")


def test_trial_files_without_what_is_needed():
    with pytest.raises(ArgumentError, match="no scenario"):
        plan_simulation(load_trial("gbsg2"))
    trial = imagined_file()
    without = trial.model_copy(
        update={"scenarios": tuple(each.model_copy(update={"prevalences": {}}) for each in trial.scenarios)}
    )
    with pytest.raises(ArgumentError, match="trial IMAGINED does not say how common the levels of sex are"):
        plan_simulation(without)


def test_a_trial_file_whose_looks_never_come():
    with pytest.raises(DesignError, match=r"look 1 waits for 151 events, and the trial has 150 patients"):
        plan_simulation(imagined_file(plan="looks: [{id: final, trigger: {events: 151}}]"))


def test_hazards_and_losses_below_zero_are_refused():
    for wrong in (lambda: Hazard(-0.1), lambda: Hazard((0.1, -0.1), (3.0,)), lambda: Dropout(-0.1)):
        with pytest.raises(ArgumentError, match=r"-0\.1"):
            wrong()


def test_a_scheme_without_factors_takes_no_prevalences():
    scheme = Scheme({"E": 1, "C": 1})
    with pytest.raises(ArgumentError, match="one entry for each factor"):
        stratified_model(randomization=PermutedBlocks(scheme, (2,)), events={"C": Hazard(0.1), "E": 0.5})

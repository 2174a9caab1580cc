"""Simulated operating characteristics: the same bytes however divided, what they hold, what they say."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from equipoise.design import Accrual, Hazard, group_sequential
from equipoise.frames.results import ResultTable
from equipoise.protocol import load_trial
from equipoise.simulation.draws import draw_look_times, draw_trial
from equipoise.simulation.operating import simulate
from equipoise.simulation.scenario_grid import simulate_grid
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_model import TrialModel
from equipoise.simulation.trial_options import Deaths
from equipoise.simulation.trial_plan import plan_simulation
from equipoise.simulation.trial_runs import Work
from imagined_trials import general_model, small_model, stratified_model

TRIALS = 5000


@pytest.fixture(scope="module")
def small():
    return simulate(small_model(), trials=TRIALS, seed=11, threads=1)


@pytest.fixture(scope="module")
def stratified():
    return simulate(stratified_model(), trials=2500, seed=11)


@pytest.mark.parametrize(
    "division",
    [{"threads": 2}, {"threads": 3, "chunk": 1024}, {"threads": 1, "chunk": 2048}, {"threads": 2, "chunk": 8192}],
    ids=str,
)
def test_the_same_bytes_for_any_threads_and_partition(small, division):
    again = simulate(small_model(), trials=TRIALS, seed=11, course=0, **division)
    assert again.digest == small.digest
    for part in ("decisions", "crossed", "histograms", "missing", "sums", "at_stop"):
        assert getattr(again.tally, part).tobytes() == getattr(small.tally, part).tobytes()


def test_the_same_bytes_in_other_executors(small):
    with ThreadPoolExecutor(3) as pool:
        again = simulate(small_model(), trials=TRIALS, seed=11, executor=pool, chunk=2048, course=0)
    assert again.digest == small.digest


def test_work_travels_to_other_processes():
    import pickle

    work = Work.of(stratified_model(), 5, "plain", cox=True, medians=True)
    there = pickle.loads(pickle.dumps(work))
    assert there(1024, 50).digest == work(1024, 50).digest


def test_another_seed_is_another_result(small):
    assert simulate(small_model(), trials=TRIALS, seed=12, course=0).digest != small.digest


def test_interrupted_is_partial_and_a_prefix():
    def interrupt(done: int, trials: int, rate: float) -> None:
        raise KeyboardInterrupt

    found = simulate(small_model(), trials=4096, seed=3, threads=2, notify=interrupt, chunk=1024)
    assert (found.trials, found.partial, found.course) == (1024, True, None)
    assert found.digest == simulate(small_model(), trials=1024, seed=3, course=0).digest
    assert found.text().startswith("Partial: interrupted after 1,024 of 4,096 trials.")
    row = ResultTable(found.to_rows()).one(parameter="run", statistic="partial")
    assert (row.value, row.warning) == (1.0, "Partial: interrupted after 1,024 of 4,096 trials.")
    assert threading.active_count() < 20


def test_interrupted_before_anything_was_done_is_passed_on(monkeypatch):
    def interrupt(self: Work, first: int, count: int) -> None:
        raise KeyboardInterrupt

    model = small_model()
    work = Work.of(model, 1, "plain", cox=False, medians=False)
    work(0, 4)
    monkeypatch.setattr(Work, "__call__", interrupt)
    with pytest.raises(KeyboardInterrupt, match="^$"):
        simulate(model, trials=4096, seed=3, threads=1)


def test_progress_ends_with_all_trials():
    heard: list[tuple[int, int, float]] = []
    simulate(small_model(), trials=3000, seed=3, course=0, notify=lambda *said: heard.append(said))
    assert heard[-1][:2] == (3000, 3000)
    assert heard[-1][2] > 0.0
    assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)


def test_until_precise_enough():
    found = simulate(small_model(), seed=3, until_se=0.01, threads=2, course=0)
    assert found.rejection_error <= 0.0101
    assert found.trials == 8192
    assert not found.partial
    most = simulate(small_model(), seed=3, until_se=1e-6, trials=2000, course=0)
    assert most.trials == 2000


def test_trials_by_hand_from_the_drawn_data(small):
    """The events, enrolled and time of the first trials' looks, counted from the drawn data."""
    model = small_model()
    work = Work.of(model, 11, "plain", cox=False, medians=False)
    out = np.empty((work.measures.rows, 1, 20))
    from equipoise.kernels import dispatch

    dispatch.simulate_chunk(work.spec, 11, 0, 20, out, engine="plain")
    values = dict(zip(work.measures.names, work.measures.collect(out), strict=True))
    for i in range(20):
        drawn = draw_trial(model, seed=11, index=i, look=1)
        assert (values["events"][i], values["enrolled"][i]) == (drawn["event"].sum(), len(drawn))
        assert values["time"][i] == pytest.approx(draw_look_times(model, seed=11, index=i)[0], abs=1e-12)


def test_means_histograms_and_quantiles_belong_together(small):
    edges, counts = small.histogram("events", 1)
    assert counts.sum() == TRIALS
    middle = (edges[:-1] + edges[1:]) / 2
    assert small.at_look("events", 1).mean == pytest.approx((middle * counts).sum() / TRIALS, abs=1e-12)
    edges, counts = small.histogram("time", 1)
    assert small.at_look("time", 1).mean == pytest.approx(
        ((edges[:-1] + edges[1:]) / 2 * counts).sum() / TRIALS, abs=0.01
    )
    quartiles = [small.quantile("time", 1, p) for p in (0.25, 0.5, 0.75)]
    assert quartiles == sorted(quartiles)
    assert quartiles[1] == pytest.approx(small.at_look("time", 1).mean, abs=3 * small.at_look("time", 1).std_dev)


def test_rates_and_their_errors(small):
    rate = small.rejection_rate
    assert small.rejection_error == pytest.approx((rate * (1 - rate) / TRIALS) ** 0.5)
    low, high = small.rejection_interval()
    assert low < rate < high
    assert small.stopped == pytest.approx(rate + small.rate("harm").mean)
    assert small.power_of_arm("experimental").mean == rate


def test_looks_stop_trials(stratified):
    chances = stratified.probabilities
    assert (chances >= 0).all()
    assert chances.sum() <= 1.0
    assert chances[1, 1] == 0.0
    stopped_early = chances[:, 0].sum()
    assert stratified.at_stop("events").mean == pytest.approx(
        60 - 30 * stopped_early, abs=60 * stratified.not_reached(2) + 1e-9
    )
    assert stratified.at_stop("time").mean < stratified.at_look("time", 2).mean


def test_no_bounds_stop_nothing():
    model = stratified_model().with_looks([TrialLook(time=5.0), TrialLook(time=10.0)])
    found = simulate(model, trials=500, seed=1, course=0)
    assert found.stopped == 0.0
    assert found.at_stop("time").mean == pytest.approx(10.0, abs=1e-6)


def test_events_that_never_come_are_said():
    found = simulate(small_model(looks=TrialLook(events=59, latest=40.0)), trials=500, seed=1, course=0)
    assert 0.0 < found.not_reached(1) <= 1.0
    assert "in " in found.text()
    assert "it is made without its 59 events, at 40 months" in found.text()
    row = ResultTable(found.to_rows()).one(statistic="share_not_reached")
    assert row.value == found.not_reached(1)


def test_events_of_some_arms_that_never_come_are_said():
    bare = small_model()
    last = bare.arms[-1]
    look = TrialLook(events=7, arms=(last,), latest=9.0)
    found = simulate(replace(bare, looks=(look,)), trials=500, seed=1, course=0)
    reached = found.histogram(f"events {last}", 1)[1][7:].sum() / 500
    assert 0.0 < reached < 1.0
    assert found.not_reached(1) == pytest.approx(1.0 - reached, abs=1e-12)
    row = ResultTable(found.to_rows()).one(statistic="share_not_reached")
    assert (row.level2, row.value) == (last, found.not_reached(1))


def test_deaths_that_never_come_are_said():
    bare = small_model()
    deaths = Deaths(before=dict.fromkeys(bare.arms, Hazard(0.02)), after=dict.fromkeys(bare.arms, Hazard(0.1)))
    look = TrialLook(events=20, endpoint="death", latest=12.0)
    found = simulate(replace(bare, deaths=deaths, looks=(look,)), trials=500, seed=1, course=0)
    assert found.at_look("death_events", 1).mean == pytest.approx(
        sum(found.at_look(f"death_events {arm}", 1).mean for arm in bare.arms), abs=1e-9
    )
    assert 0.0 < found.not_reached(1) < 1.0
    early = found.histogram("death_events", 1)[1][:20].sum() / 500
    assert found.not_reached(1) == pytest.approx(early, abs=1e-12)


@pytest.mark.parametrize(
    ("engine", "used"), [("auto", "lanes"), ("compiled", "lanes"), ("general", "general"), ("plain", "plain")]
)
def test_the_engine_that_ran_is_named(engine, used):
    found = simulate(small_model(), trials=16, seed=1, course=0, engine=engine)
    assert ResultTable(found.to_rows()).one(parameter="run", statistic="engine").value_text == used


def test_twenty_thousand_patients_run_in_lanes():
    model = TrialModel.two_arms(
        accrual=Accrual.uniform(n=20_000, duration=24.0), control=Hazard.from_median(6.0), effect=0.95, looks=15_000,
        alpha=0.025, block_sizes=(4,),
    )  # fmt: skip
    lanes, general = (simulate(model, trials=16, seed=1, course=0, engine=each) for each in ("auto", "general"))
    assert (lanes.engine, general.engine) == ("lanes", "general")
    assert lanes.at_look("time", 1) == general.at_look("time", 1)
    assert lanes.at_look("z experimental", 1).mean == pytest.approx(general.at_look("z experimental", 1).mean, abs=1e-4)


def test_rows_hold_everything(stratified):
    rows = ResultTable(stratified.to_rows())
    assert set(rows.levels("parameter")) == {"rejection", "decision", "at-stop", "look", "histogram", "course", "run"}
    assert rows.value(parameter="rejection", statistic="rejection_rate", group1=None) == stratified.rejection_rate
    decisions = rows.select(parameter="decision", statistic="probability", at=2.0)
    assert sum(
        row.value for row in rows.select(parameter="decision", statistic="probability", at=1.0)
    ) == pytest.approx(1)
    assert {row.level1 for row in decisions} == {"efficacy", "futility", "harm", "none"}
    assert rows.value(parameter="at-stop", level1="events", statistic="mean") == stratified.at_stop("events").mean
    ratio = rows.value(parameter="look", level1="hazard_ratio", statistic="q50", at=2.0)
    assert np.log(ratio) == pytest.approx(stratified.quantile("log_hazard_ratio E", 2, 0.5))
    shares = rows.select(parameter="histogram", level1="z", label="look 1", statistic="share")
    assert sum(row.value for row in shares) == pytest.approx(1.0)
    assert len(shares) <= 61
    json.dumps(stratified.to_dict())
    assert stratified.to_frame().height == len(rows)


def test_memory_does_not_grow_with_trials(small, stratified):
    few = simulate(small_model(), trials=10, seed=1, course=0)
    sizes = [
        sum(getattr(each.tally, part).nbytes for part in ("histograms", "missing", "sums")) for each in (few, small)
    ]
    assert sizes[0] == sizes[1]


def test_the_course_rises_to_the_look(small):
    course = small.course
    assert course.trials == 2048
    for name in ("events", "enrolled"):
        assert (np.diff(course.quantiles[name], axis=1) >= 0).all()
        assert (np.diff(course.quantiles[name], axis=0) >= 0).all()
    assert course.quantiles["enrolled"][:, -1].max() == 60
    expected = small_model().accrual.enrolled(course.time)
    band = course.quantiles["enrolled"]
    early = course.time < 10
    assert ((band[0] <= expected) & (expected <= band[-1]))[early].all()


def test_the_text_says_what_was_done(small):
    text = small.text()
    assert text.startswith(
        "5,000 trials of 60 patients in 2 arms and 1 stratum, with 1 look, were simulated with seed 11:"
    )
    assert "Monte-Carlo standard error" in text
    assert "40 events" in text


def test_a_model_with_everything_runs():
    found = simulate(general_model(), trials=60, seed=2, engine="plain", course=32)
    names = found.measures.names
    for name in ("z A", "weighted_z_1 B", "survival_6 C", "restricted_mean_12 A", "death_z B", "death_median C"):
        assert name in names
    assert found.power_of_arm("A").mean <= found.rejection_rate
    assert found.rejection_rate <= found.power_of_arm("A").mean + found.power_of_arm("B").mean
    drawn = draw_trial(general_model(), seed=2, index=7)
    assert drawn.columns[:3] == ["patient", "arm", "sex"]
    assert {"progression_time", "death_time", "seen_time", "dropout_time", "switched"} <= set(drawn.columns)
    seen = draw_trial(general_model(), seed=2, index=7, look=2, endpoint="death")
    assert len(seen) <= 75


@pytest.mark.parametrize("decides", ["death", "weighted"])
def test_another_statistic_can_decide(decides):
    bounds = LookBounds.given([2.6, 2.0])
    other = simulate(general_model(decides=decides, bounds=bounds), trials=60, seed=2, engine="plain", course=0)
    usual = simulate(general_model(bounds=bounds), trials=60, seed=2, engine="plain", course=0)
    assert other.tally.decisions.tolist() != usual.tally.decisions.tolist()
    assert (other.tally.sums[:, other.layout.row("z A", 1)] == usual.tally.sums[:, usual.layout.row("z A", 1)]).all()


def test_power_over_hazard_ratios_falls():
    grid = simulate_grid(small_model(), hazard_ratios=[0.4, 0.7, 1.0], trials=1000, seed=4)
    powers = [grid[hr].rejection_rate for hr in (0.4, 0.7, 1.0)]
    assert powers == sorted(powers, reverse=True)
    rows = ResultTable(grid.to_rows())
    assert [row.at for row in rows.select(statistic="power")] == [0.4, 0.7, 1.0]
    assert grid.text().startswith("Simulated power: ")
    named = simulate_grid({"a": small_model(), "b": small_model(dropout=None)}, trials=200, seed=4)
    assert [row.level1 for row in named.to_rows() if row.statistic == "power"] == ["a", "b"]


def test_palmira_from_its_file():
    planned = plan_simulation(load_trial("palmira"))
    model = planned.model
    assert (model.n, model.arms, len(model.strata)) == (198, ("ET", "PALBO_ET"), 4)
    assert model.bounds.efficacy[0] == pytest.approx(1.959964, abs=1e-6)
    assert model.bounds.harm[0] == pytest.approx(-1.959964, abs=1e-6)
    assert any("those of scenario published are taken" in said for said in planned.assumptions)
    found = simulate(model, trials=1024, seed=1, course=0)
    assert found.rejection_rate == pytest.approx(planned.design.final_power, abs=0.02 + 4 * found.rejection_error)
    null = plan_simulation(load_trial("palmira"), hazard_ratio=1.0).model
    assert set(null.laws.values()) == {Hazard.from_median(3.6)}


def test_bounds_of_a_design_are_taken():
    design = group_sequential([30, 60], alpha=0.025, sides=1, futility=[0.1], hazard_ratio=0.6)
    bounds = stratified_model(bounds=design).bounds
    assert bounds.efficacy == tuple(design.upper.tolist())
    assert bounds.futility == (0.1, -float("inf"))


@pytest.mark.parametrize("arrivals", ["poisson", "planned", "uniform"])
def test_arrivals(arrivals):
    entry = np.array(draw_trial(small_model(arrivals=arrivals), seed=1, index=0)["entry"].to_list())
    assert (np.diff(entry) >= 0).all()
    assert len(entry) == 60
    if arrivals == "planned":
        assert entry == pytest.approx(np.arange(1, 61) * 0.2, abs=1e-6)
    if arrivals == "uniform":
        assert entry[-1] <= 12.0

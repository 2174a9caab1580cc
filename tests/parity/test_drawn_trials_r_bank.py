"""Simulated trials against R's survdiff, coxph and survfit on the same drawn patients, trial by trial and together.

Program, data and output: validation/r/drawn_trials_bank.R, validation/drawn_trials_data.py,
validation/output/drawn_trials_bank.jsonl: 200 trials of each of 17 models. R is handed what will ever happen to each
patient, in ticks, and finds dates of looks, what is seen there, statistics and decisions by itself.

Tolerance: R analyzes the same whole ticks, so double precision agrees to the banks' 1e-8. The lanes compute in single
precision, and take events at one tick one after the other: 1e-5, and 0.02 where two events share a tick.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from equipoise.kernels import dispatch
from equipoise.kernels.compiled import general_trials
from equipoise.kernels.plain.general_spec import build_general
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.simulation.operating import simulate
from equipoise.simulation.pooled_tests import pool_statistics
from equipoise.simulation.tallies import OUTCOMES
from equipoise.simulation.trial_specs import output_fields

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from bank import assert_close, read_bank
from drawn_trials_data import SEED, TRIALS, models

BANK = read_bank("drawn_trials_bank")
MODELS = models()
LANES = [name for name, model in MODELS.items() if isinstance(model.to_spec(), TrialSpec) and not model.pooled]


@cache
def output_of(name, engine):
    """Rows by field, each (looks, trials)."""
    model = MODELS[name]
    spec = model.to_spec()
    fields = output_fields(spec)
    out = np.empty((1 + max(fields.values()), len(model.looks), TRIALS))
    dispatch.simulate_chunk(spec, SEED, 0, TRIALS, out, engine=engine)
    if model.pooled:
        pool_statistics(spec, SEED, 0, out, compiled=True)
    return fields, out


def field_of(quantity):
    """(statistic, endpoint, arm, number) of a quantity of the bank such as "survival_se_1 0 1", or "time"."""
    word, *numbers = quantity.split()
    if not numbers:
        return word, 0, -1, 0
    endpoint, arm = map(int, numbers)
    *stem, last = word.split("_")
    return ("_".join(stem), endpoint, arm, int(last) - 1) if last.isdigit() else (word, endpoint, arm, 0)


def compared(name, engine):
    """(what, ours, R's, the scale of errors) by look and quantity."""
    fields, out = output_of(name, engine)
    model = MODELS[name]
    for look in range(len(model.looks)):
        theirs = BANK[name][str(look + 1)]
        for quantity, values in theirs.items():
            statistic, endpoint, arm, number = field_of(quantity)
            # Points of the second endpoint follow those of the first.
            points = {"survival": model.landmarks, "rmst": model.windows}.get(statistic.removesuffix("_se"), ())
            ours = out[fields[statistic, endpoint, arm, number + endpoint * len(points)], look]
            scale = theirs.get(quantity.replace("log_hr ", "log_hr_se "), np.ones(TRIALS))
            yield f"{name}, look {look + 1}, {quantity}", ours, values, np.nan_to_num(scale, nan=1.0)


def test_the_bank_is_of_these_trials():
    assert len(MODELS) == 17
    assert set(BANK) == set(MODELS)
    for name, model in MODELS.items():
        spec = model.to_spec()
        drawn = general_trials.draw_histories(
            build_general(spec) if isinstance(spec, TrialSpec) else spec, SEED, 0, TRIALS
        )
        shape = BANK[name]["data"]["shape"].tolist()
        assert shape == [TRIALS, drawn.entry.size, drawn.entry.sum()], name


@pytest.mark.parametrize("name", MODELS)
def test_every_statistic_of_every_trial(name):
    for what, ours, theirs, scale in compared(name, "general"):
        # Where all events are of one arm the ratio is infinite here, and any large number in R.
        known = np.isfinite(ours) | np.isnan(ours)
        assert known.mean() > 0.95
        assert_close(ours[known], theirs[known], scale=scale[known], what=what)


def test_nothing_is_left_out():
    """What R has no value of in any trial is not in the bank; everything else that is measured is."""
    for name in MODELS:
        fields, out = output_of(name, "general")
        for look in range(out.shape[1]):
            named = {field_of(quantity)[0] for quantity in BANK[name][str(look + 1)]}
            ours = {field[0] for field, row in fields.items() if not np.isnan(out[row, look]).all()} - {"variance"}
            assert ours == named


@pytest.mark.parametrize("name", LANES)
def test_the_fast_engine(name):
    fields, exact = output_of(name, "general")
    for what, ours, theirs, _ in compared(name, "lanes"):
        if any(word in what for word in (", z ", "log_hr", "weighted")):
            misses = np.abs(ours - theirs)[np.isfinite(ours) & np.isfinite(theirs)]
            assert (misses > 1e-5).sum() <= 2, what
            assert misses.max() < 0.02, what
        else:
            assert_close(ours, theirs, what=what)
    assert exact.shape[2] == TRIALS
    assert fields["z", 0, 1, 0] == 0


@pytest.mark.parametrize("name", MODELS)
def test_operating_characteristics(name):
    """Decisions by look, the same trials counted; means where trials stop."""
    found = simulate(MODELS[name], trials=TRIALS, seed=SEED, course=0)
    for outcome, counts in zip(OUTCOMES, found.tally.decisions, strict=True):
        assert counts.tolist() == BANK[name]["decisions"][outcome].tolist(), outcome
    for measure in ("time", "enrolled", "events"):
        ticks = MODELS[name].ticks_per_unit if measure == "time" else 1.0
        assert_close(found.at_stop(measure).mean * ticks, BANK[name]["at stop"][measure], what=measure)


def test_the_models_stop_for_every_reason():
    counts = {outcome: sum(BANK[name]["decisions"][outcome].sum() for name in MODELS) for outcome in OUTCOMES}
    assert all(count >= 5 for count in counts.values()), counts

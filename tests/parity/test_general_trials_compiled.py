"""The compiled general engine: the plain law's draws bit for bit, its statistics to rounding; and the lanes' law."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from equipoise.kernels.compiled import general_trials as compiled
from equipoise.kernels.compiled import trial_engine
from equipoise.kernels.plain import general_draws, general_looks, trial_draws, trial_looks
from equipoise.kernels.plain.general_spec import build_general, field_count, general_fields
from equipoise.kernels.plain.trial_spec import FIELDS, Look
from made_up_general_trials import palmira_like, scenarios

SCENARIOS = scenarios()
TRIALS = 25
SEED = 20190427


def simulated(engine, trial, first=1000, count=TRIALS):
    out = np.full((field_count(trial.spec), len(trial.spec.base.look_latest), count), -7.0)
    engine.simulate_chunk(trial, SEED, first, count, out)
    return out


@pytest.mark.parametrize("name", SCENARIOS)
def test_draws_are_the_same_bits(name):
    plain = general_draws.draw_histories(SCENARIOS[name], SEED, 2**32 - 5, TRIALS)
    found = compiled.draw_histories(SCENARIOS[name], SEED, 2**32 - 5, TRIALS)
    for field, a, b in zip(plain._fields, plain, found, strict=True):
        assert np.array_equal(a, b), field


@pytest.mark.parametrize("name", SCENARIOS)
def test_statistics_agree_to_rounding(name):
    plain, found = (simulated(engine, SCENARIOS[name]) for engine in (general_looks, compiled))
    assert np.array_equal(np.isnan(plain), np.isnan(found))
    for field, a, b in zip(general_fields(SCENARIOS[name].spec), plain, found, strict=True):
        whole = field.statistic.startswith(("time", "enrolled", "events", "median"))
        size = np.abs(np.where(np.isfinite(a), a, 1.0)).max(initial=1.0)
        with np.errstate(invalid="ignore"):
            same = (a == b) | np.isnan(a) | (np.abs(a - b) <= (0.0 if whole else 1e-11 * size))
        assert same.all(), field


def test_every_output_row_is_named_once_and_written():
    for name, trial in SCENARIOS.items():
        fields = general_fields(trial.spec)
        assert [field.statistic for field in fields[: len(FIELDS)]] == list(FIELDS)
        assert len(set(fields)) == len(fields) == field_count(trial.spec)
        assert all(field.statistic for field in fields), name
        assert not (simulated(compiled, trial, count=3) == -7.0).any(), name


@pytest.mark.parametrize("blocks", [[[1, 2], [2, 4]], None])
def test_draws_and_statistics_are_those_of_the_lanes_law(blocks):
    spec = palmira_like(looks=[Look(events=80), Look(events=150, follow_up=1.0, latest=45.0)], blocks=blocks)
    lanes = np.empty((len(FIELDS), 2, TRIALS))
    trial_looks.simulate_chunk(spec, SEED, 77, TRIALS, lanes)
    trial = build_general(spec)
    patients = trial_draws.draw_patients(spec, SEED, np.arange(77, 77 + TRIALS))
    drawn = compiled.draw_histories(trial, SEED, 77, TRIALS)
    for own, theirs in (
        (drawn.entry, patients.entry),
        (drawn.stratum, patients.stratum),
        (drawn.arm, patients.arm),
        (drawn.progression, patients.event),
        (drawn.dropout, patients.dropout),
    ):
        assert np.array_equal(own, theirs.astype(np.int64))
    for engine in (general_looks, compiled):
        np.testing.assert_allclose(simulated(engine, trial, 77), lanes, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["illness-death, scans", "minimization", "many arms and strata"])
def test_bits_do_not_depend_on_partition_or_threads(name):
    trial = SCENARIOS[name]
    whole = simulated(compiled, trial, 0, 600)
    parts = [(0, 1), (1, 7), (8, 64), (72, 300), (372, 228)]
    single = np.concatenate([simulated(compiled, trial, first, count) for first, count in parts], axis=2)
    with ThreadPoolExecutor(2) as threads:
        shared = list(threads.map(lambda part: simulated(compiled, trial, *part), parts))
    assert whole.tobytes() == single.tobytes() == np.concatenate(shared, axis=2).tobytes()


@pytest.mark.parametrize("name", ["illness-death, scans", "laws", "statistics"])
def test_plain_bits_do_not_depend_on_partition(name):
    trial = SCENARIOS[name]
    whole = simulated(general_looks, trial, 0, 9)
    parts = [simulated(general_looks, trial, first, count) for first, count in ((0, 1), (1, 5), (6, 3))]
    assert whole.tobytes() == np.concatenate(parts, axis=2).tobytes()


def test_a_trial_is_the_same_for_any_number_of_looks_and_statistics():
    few, many = SCENARIOS["as the lanes"], build_general(palmira_like(looks=[Look(events=80)]))
    assert simulated(compiled, few)[:, 0].tobytes() == simulated(compiled, many)[:, 0].tobytes()


def test_statistics_agree_with_the_compiled_lanes_engine():
    spec = palmira_like(looks=[Look(events=80), Look(events=150, follow_up=1.0, latest=45.0)])
    assert trial_engine.takes(spec)
    lanes = np.empty((len(FIELDS), 2, 320))
    trial_engine.simulate(trial_engine.build_engine(spec), SEED, 64, 320, lanes)
    own = simulated(compiled, build_general(spec), 64, 320)
    exact = [FIELDS.index(name) for name in ("time", "enrolled", "events_control", "median_control")]
    assert np.array_equal(own[exact], lanes[exact], equal_nan=True)
    # The lanes compute in single precision.
    np.testing.assert_allclose(own, lanes, rtol=1e-5, atol=1e-5)

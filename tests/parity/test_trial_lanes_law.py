"""The engine of sixteen lanes against the plain law: the same patients, cuts, counts and medians; Z and Cox to 1e-5."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numba import njit

from equipoise.kernels import dispatch
from equipoise.kernels.compiled import lanes, trial_engine, trial_networks, trial_rows
from equipoise.kernels.plain import trial_spec
from equipoise.kernels.plain.trial_draws import draw_patients, patient_words
from equipoise.kernels.plain.trial_spec import FIELDS, Look, Pieces
from equipoise.seeds import Stream
from lane_trials import LARGE, SEED, TRIALS, law_one_by_one, trial

EXACT = [FIELDS.index(name) for name in ("events_control", "events_experimental", "enrolled", "time")]
MEDIANS = [trial_spec.MEDIAN_CONTROL, trial_spec.MEDIAN_EXPERIMENTAL]
# Single precision: sums of a thousand terms below one, by blocks; the standard error is a tenth of 1 / sqrt(events).
CLOSE = [trial_spec.Z, trial_spec.LOG_HR, trial_spec.LOG_HR_SE]
TOLERANCE = 1e-5


@njit
def draw_group(engine, base, high, key0, key1):
    low = lanes.spread_u(base) + lanes.lane_numbers()
    trial_rows.draw_rows(engine.work, engine.at, engine.draws, low, high, key0, key1)


@njit
def group_words(work, patients, base, high, key0, key1):
    low = lanes.spread_u(base) + lanes.lane_numbers()
    trial_rows.draw_words(work, 0, 0, patients, low, high, key0, key1)


@njit
def sort_all(rows, count):
    trial_networks.sort_rows(rows, 0, count)


def chunk(spec, first, count, engine="lanes", seed=SEED):
    out = np.full((len(FIELDS), len(spec.look_events), count), -1.0)
    dispatch.simulate_chunk(spec, seed, first, count, out, engine=engine)
    return out


@pytest.mark.parametrize("first", [0, 16 * 1001, 2**32 - 16, 2**40 + 48])
def test_words_are_those_of_the_generator(first):
    work = lanes.aligned_rows(4 * 37, np.uint32)
    group_words(work, 37, first & 0xFFFFFFFF, first >> 32, *Stream(SEED, "trials").key)
    expected = patient_words(SEED, np.arange(16, dtype=np.uint64) + np.uint64(first), 37)
    assert (work.reshape(37, 4, 16).transpose(2, 0, 1) == expected).all()
    assert (expected[3, :, :] == Stream(SEED, "trials", first + 3).words(np.arange(37), 4)).all()


@pytest.mark.parametrize("name", TRIALS)
def test_patients_are_those_of_the_law_to_the_last_bit(name):
    spec = TRIALS[name]
    engine, n, groups = trial_engine.build_engine(spec), spec.patients, 20
    law = draw_patients(spec, SEED, np.arange(16 * groups))
    rows, at = engine.work.reshape(-1, 16), engine.at
    lost = law.dropout < law.event
    time = np.minimum(law.event, law.dropout)
    keys = time << 4 | lost.astype(np.uint32) << 3 | law.stratum << 1 | law.arm
    calendar = np.where(lost, trial_rows.NO_EVENT, law.entry + time)
    for group in range(groups):
        draw_group(engine, 16 * group, 0, *Stream(SEED, "trials").key)
        own = slice(16 * group, 16 * group + 16)
        assert (law.entry[own] << 4 == rows[at.entry : at.entry + n].T).all()
        assert (keys[own] == rows[at.key : at.key + n].T).all()
        assert (calendar[own] == rows[at.calendar : at.calendar + n].T).all()


def assert_statistics(spec, first, count):
    ours, law = chunk(spec, first, count), chunk(spec, first, count, "plain")
    ordered = law_one_by_one(spec, SEED, first, count)
    assert (ours[EXACT] == law[EXACT]).all()
    assert np.array_equal(ours[MEDIANS], law[MEDIANS], equal_nan=True)
    np.testing.assert_allclose(ours[CLOSE], ordered[CLOSE], rtol=0.0, atol=TOLERANCE)
    np.testing.assert_allclose(ours[trial_spec.VARIANCE], ordered[trial_spec.VARIANCE], rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", TRIALS)
def test_statistics_are_those_of_the_law(name):
    assert_statistics(TRIALS[name], 5, 200)


@pytest.mark.parametrize("n", LARGE)
def test_statistics_of_large_trials_are_those_of_the_law(n):
    assert_statistics(LARGE[n], 1, 20_000 // n)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIALS)
def test_statistics_of_many_trials_are_those_of_the_law(name):
    assert_statistics(TRIALS[name], 2**33, 5_000)


@pytest.mark.slow
def test_statistics_of_every_size_are_those_of_the_law():
    for n in range(2, 130):
        assert_statistics(trial(n, looks=[Look(events=max(1, n // 2)), Look(events=n)]), n, 48)


def test_medians_that_single_precision_cannot_decide_are_those_of_the_law():
    """One patient in a hundred trials has a curve within 2^-18 of 1/2 after a censoring; half the trials stop at it."""
    for spec in (trial(198), trial(40, dropout=None), trial(64, looks=[Look(events=16), Look(events=31)])):
        ours, law = chunk(spec, 0, 400), chunk(spec, 0, 400, "plain")
        assert np.array_equal(ours[MEDIANS], law[MEDIANS], equal_nan=True)


def test_any_partition_gives_the_same_bits():
    spec = TRIALS["two looks"]
    whole = chunk(spec, 1000, 300)
    for sizes in ([1] * 300, [7, 16, 100, 177], [299, 1]):
        starts = np.cumsum([0, *sizes[:-1]])
        parts = [chunk(spec, 1000 + int(start), size) for start, size in zip(starts, sizes, strict=True)]
        assert np.array_equal(np.concatenate(parts, axis=2), whole, equal_nan=True)


def test_what_was_simulated_before_plays_no_part():
    """The search for an event starts where it last ended."""
    spec, other = TRIALS["palmira"], trial(198)
    alone = chunk(other, 9600, 160)
    for first in (0, 1600, 3200):
        chunk(spec, first, 1600)
    assert np.array_equal(chunk(spec, 9600, 160), alone, equal_nan=True)


PRINT_BITS = """
import hashlib, numpy as np
from equipoise.kernels import dispatch
from lane_trials import LARGE, SEED, TRIALS
found = hashlib.sha256()
for spec in (*TRIALS.values(), LARGE[500]):
    out = np.empty((10, len(spec.look_events), 160))
    dispatch.simulate_chunk(spec, SEED, 32, 160, out, engine="lanes")
    found.update(np.where(np.isnan(out), -7.0, out).tobytes())
print(found.hexdigest())
"""


def bits(tmp_path, environment, **changes):
    settings = {**environment, "NUMBA_CACHE_DIR": str(tmp_path / "_".join(changes.values())), **changes}
    run = subprocess.run([sys.executable, "-c", PRINT_BITS], env=settings, capture_output=True, text=True, check=True)
    return run.stdout.strip()


# A processor by name; with no features beside it, it has what its name implies.
PROCESSORS = {"avx2": "haswell", "sse4": "nehalem"}


@pytest.fixture
def environment(request):
    paths = [str(request.config.rootpath / "tests" / "made_up"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.mark.parametrize("processor", ["avx2", pytest.param("sse4", marks=pytest.mark.slow)])
def test_every_instruction_set_gives_the_same_bits(tmp_path, environment, processor):
    native = bits(tmp_path, {k: v for k, v in environment.items() if k != "NUMBA_CACHE_DIR"})
    other = bits(tmp_path, environment, NUMBA_CPU_NAME=PROCESSORS[processor], NUMBA_CPU_FEATURES="")
    assert len(native) == 64
    assert other == native


@pytest.mark.parametrize("rows", [16, 32, 48, 80, 112, 128, 208, 240, 272, 528, 1040, 2064])
def test_rows_are_sorted_lane_by_lane(rows):
    rng = np.random.default_rng(rows)
    work = lanes.aligned_rows(1 << (rows - 1).bit_length(), np.uint32)
    work[: 16 * rows] = rng.integers(0, 2**32, 16 * rows, dtype=np.uint32)
    work[16 * rows :] = 0xFFFFFFFF
    expected = np.sort(work[: 16 * rows].reshape(rows, 16), axis=0)
    sort_all(work, rows)
    assert (work[: 16 * rows].reshape(rows, 16) == expected).all()


def test_the_network_sorts_every_input_of_zeros_and_ones():
    """Then it sorts every input (Knuth, section 5.3.4)."""
    values = (np.arange(2**16)[:, None] >> np.arange(16)) & 1
    for low, high in trial_networks.SIXTEEN:
        pair = values[:, [low, high]]
        values[:, low], values[:, high] = pair.min(axis=1), pair.max(axis=1)
    assert len(trial_networks.SIXTEEN) == 60
    assert (np.diff(values, axis=1) >= 0).all()


def test_the_engine_says_what_it_takes():
    assert trial_engine.takes(trial(20))
    assert trial_engine.takes(trial(20, blocks=[(15, 15)]))
    assert not trial_engine.takes(trial(20, blocks=[(10, 20)]))
    assert not trial_engine.takes(trial(20, blocks=[(1, 1, 1)], event=Pieces([0.1])))
    assert not trial_engine.takes(trial(20, prevalence=[0.2] * 5, event=Pieces([0.1])))

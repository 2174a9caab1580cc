"""The law of draws worked by hand: where bits go, how time and arms follow from them."""

import math

import numpy as np
import pytest

from equipoise.kernels import dispatch
from equipoise.kernels.plain import trial_draws, trial_looks
from equipoise.kernels.plain.trial_draws import Patients, draw_patients
from equipoise.kernels.plain.trial_spec import (
    EVENTS_CONTROL,
    EVENTS_EXPERIMENTAL,
    FIELDS,
    HORIZON,
    NEVER,
    NO_RULE,
    TIME,
    Look,
    Pieces,
    build_spec,
)
from lane_trials import trial


def words(*rows):
    """One trial; each row the four words of a patient."""
    return np.array([rows], dtype=np.uint32)


def test_the_exponential_is_minus_the_binary_logarithm_of_the_top_bits():
    word = np.concatenate((np.arange(2**16), np.arange(2**32 - 2**16, 2**32), np.arange(0, 2**32, 65_537)))
    u = ((word >> 8) + 1) / 2.0**24
    found = trial_draws.standard_exponential(word.astype(np.uint32))
    exact = -np.log2(u)
    # The last place of 24 is 1.9e-6 / 2; f Q(f) is right within 3.1e-7 of itself.
    assert np.abs(found - exact).max() < 1.1e-6
    small = (exact > 0.0) & (exact < 0.5)
    assert np.abs(found[small] / exact[small] - 1.0).max() < 4e-7
    assert found[word == 2**32 - 1][0] == 0.0
    assert found[word == 0][0] == 24.0


def test_low_bytes_draw_the_stratum_and_top_bits_nothing_of_it():
    spec = trial(4)
    # Limits 26214, 45875, 58982 of 65536: 0x6666, 0xB333, 0xE666.
    assert spec.stratum_limits.tolist() == [26214, 45875, 58982, 65536]
    drawn = words(
        (0xFFFFFF66, 0x00000065, 0, 0), (0x00000066, 0xFFFFFF66, 0, 0), (0xB3, 0x32, 0, 0), (0xB3, 0x33, 0, 0),
        (0xE6, 0x65, 0, 0), (0xE6, 0x66, 0, 0), (0xFF, 0xFF, 0, 0),
    )  # fmt: skip
    assert trial_draws.strata_of(spec, drawn).tolist() == [[0, 1, 1, 2, 2, 3, 3]]


def test_an_urn_gives_each_arm_its_share_of_a_block():
    spec = trial(9)
    half, size_3, size_6 = 1 << 31, (0, 0), (0x80, 0)

    def patient(draw, size):
        return (0, 0, size[0], (draw << 8) | size[1])

    two_thirds = (2 << 24) // 3
    drawn = words(
        patient(two_thirds // 2, size_3),  # left 1, 2: w 3 >> 24 is 0: control
        patient(0, size_6),  # left 0, 2: experimental, whatever the draw; the size is not looked at
        patient(0, size_6),  # left 0, 1: experimental
        patient((1 << 24) // 3 + 1, size_6),  # a block of 6: left 2, 4; place 2: experimental
        patient((1 << 24) // 5, size_3),  # left 2, 3; place 0: control
        patient((1 << 24) // 4 - 1, size_3),  # left 1, 3; place 0: control
    )
    stratum = np.zeros((1, 6), dtype=np.uint32)
    assert half > two_thirds
    assert trial_draws.arms_in_blocks(spec, stratum, drawn).tolist() == [[0, 1, 1, 1, 0, 0]]


def test_strata_have_blocks_of_their_own():
    spec = trial(4)
    drawn = words(*[(0, 0, 0, 0)] * 4)
    stratum = np.array([[0, 1, 0, 1]], dtype=np.uint32)
    assert trial_draws.arms_in_blocks(spec, stratum, drawn).tolist() == [[0, 0, 1, 1]]


def test_piecewise_times_invert_the_cumulated_hazard():
    """Hazard 0.1 to 3, 0.2 from there: cumulated 0.3 at 3, so -log u = 0.5 is reached at 4."""
    spec = build_spec(1, accrual=Pieces([1.0]), event=Pieces([0.1, 0.2], [3.0]), looks=[Look()], ticks_per_unit=1000.0)
    exponential = np.array([0.1, 0.5, 0.0, 1e9], dtype=np.float32) / np.float32(math.log(2.0))
    cell = np.array([0, 1, 0, 1], dtype=np.uint32)
    ticks = trial_draws.piecewise_time(exponential, cell, spec.event_cut, spec.event_start, spec.event_slope)
    # One tick after the whole ticks of 1, 4 and 0 units; in 32 bits 4 may come out just below.
    assert abs(int(ticks[0]) - 1001) <= 1
    assert abs(int(ticks[1]) - 4001) <= 1
    assert ticks[2] == 1
    assert ticks[3] == NEVER


@pytest.mark.parametrize("engine", ["plain", "lanes", "general"])
def test_without_a_hazard_nothing_happens_up_to_the_horizon(engine):
    """The largest 32-bit float below 2^28 is 2^28 - 16: an event there would come before the last tick, 2^28 - 2."""
    spec = build_spec(2, accrual=np.zeros(2), event=Pieces([0.0]), looks=[Look(events=1), Look(events=1, earliest=1.0)])
    out = np.empty((len(FIELDS), 2, 64))
    dispatch.simulate_chunk(spec, 1, 0, 64, out, engine=engine)
    assert (out[EVENTS_CONTROL] + out[EVENTS_EXPERIMENTAL] == 0.0).all()
    assert (out[TIME] == HORIZON).all()
    assert (draw_patients(spec, 1, range(64)).event == NEVER).all()


def test_a_look_waits_for_all_its_rules_or_for_the_first():
    """Events at 12, 25, 31 (the fourth patient is lost first); the last patient enters at 20."""
    entry, event = [0, 5, 10, 20], [12, 20, 21, 9]
    columns = (entry, [0] * 4, [0, 1, 0, 1], event, [NEVER, NEVER, NEVER, 4])
    patients = Patients(*(np.array([column], dtype=np.uint32) for column in columns))
    settings = {"accrual": Pieces([1.0]), "event": Pieces([1.0]), "ticks_per_unit": 1.0}
    looks = {
        Look(events=2): 25, Look(events=4, latest=100.0): 100, Look(events=2, earliest=28.0): 28,
        Look(events=2, earliest=28.0, first=True): 25, Look(follow_up=6.0): 26, Look(events=3, follow_up=2.0): 31,
        Look(events=3, follow_up=2.0, first=True): 22, Look(latest=7.0): 7,
    }  # fmt: skip
    spec = build_spec(4, looks=list(looks), **settings)
    assert trial_looks.look_times(spec, patients).tolist() == [list(looks.values())]
    assert spec.look_earliest[0] == NO_RULE
    seen = trial_looks.observe(patients, 0, 25)
    assert seen.time.tolist() == [12, 20, 15, 4]
    assert seen.event.tolist() == [True, True, False, False]
    assert trial_looks.observe(patients, 0, 10).time.tolist() == [10, 5]


def test_ticks_have_a_range():
    from equipoise.errors import ArgumentError

    with pytest.raises(ArgumentError, match="outside 0 to 128"):
        build_spec(4, accrual=Pieces([1.0]), event=Pieces([1.0]), looks=[Look(earliest=130.0)])

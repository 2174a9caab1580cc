"""Trials for the fast engine, the odd ones too, and the law for events at the same tick taken one after the other."""

import numpy as np

from equipoise.kernels.plain import trial_looks, trial_spec
from equipoise.kernels.plain.trial_draws import draw_patients
from equipoise.kernels.plain.trial_spec import Look, Pieces, TrialSpec, build_spec

SEED = (77 << 40) | 2029


def trial(n: int, **changes) -> TrialSpec:
    """Four strata, 2:1 in blocks of 3 and 6, three pieces of accrual and hazard, dropout, one look."""
    cells = np.outer([1.0, 0.6, 1.2, 0.7, 0.8, 0.5, 1.5, 0.9], [0.1, 0.12, 0.1])
    settings = {
        "accrual": Pieces([n / 50.0, n / 25.0, n / 20.0], [6.0, 12.0]),
        "event": Pieces(cells, [3.0, 6.0]),
        "dropout": Pieces([0.01]),
        "prevalence": [0.4, 0.3, 0.2, 0.1],
        "blocks": [(1, 2), (2, 4)],
        "looks": [Look(events=max(1, round(0.75 * n)))],
    }
    return build_spec(n, **(settings | changes))


def one_stratum(n: int, **changes) -> TrialSpec:
    return trial(n, **({"prevalence": [1.0], "event": Pieces([[0.1], [0.06]])} | changes))


TRIALS = {
    "palmira": trial(198),
    "two looks": trial(198, looks=[Look(events=80), Look(events=155)]),
    "no dropout": trial(198, dropout=None),
    "one stratum": one_stratum(101, blocks=[(1, 1), (2, 2), (3, 3)]),
    "events never reached": trial(60, looks=[Look(events=58)], dropout=Pieces([0.05])),
    "an empty stratum": trial(90, prevalence=[0.6, 0.4, 0.0, 0.0]),
    "events in one arm": one_stratum(80, event=Pieces([[0.1], [0.0]]), looks=[Look(events=12), Look(earliest=20.0)]),
    "no events": one_stratum(30, event=Pieces([0.0]), looks=[Look(earliest=10.0)]),
    "coarse ticks": trial(120, ticks_per_unit=8.0, looks=[Look(events=90)]),
    "nobody yet": trial(40, looks=[Look(earliest=0.0), Look(earliest=0.05), Look(earliest=1.0)]),
    "planned entries": trial(50, accrual=np.arange(50) / 3.0, looks=[Look(events=30, follow_up=6.0, first=True)]),
    "uniform entries": trial(70, accrual=Pieces([5.0, 2.0], [4.0]), uniform_over=20.0, looks=[Look(follow_up=3.0)]),
    "complete randomization": trial(75, blocks=None, shares=(1.0, 2.0), looks=[Look(events=40, earliest=30.0)]),
    "latest": trial(64, looks=[Look(events=60, latest=15.0), Look()]),
    "hazard zero for a time": one_stratum(48, event=Pieces([0.0, 0.2, 0.0, 0.05], [2.0, 5.0, 9.0])),
    "two": one_stratum(2, looks=[Look(events=1), Look(events=2)]),
    "three": one_stratum(3, looks=[Look(events=2)]),
    "sixteen": trial(16, looks=[Look(events=12)]),
    "seventeen": trial(17, looks=[Look(events=12)]),
}
LARGE = {n: trial(n, looks=[Look(events=round(0.8 * n))]) for n in (500, 1031, 2000, 5000)}


def law_one_by_one(spec: TrialSpec, seed: int, first: int, count: int) -> np.ndarray:
    """What the law gives, (fields, looks, count), where observations at the same tick are ordered: events first, then
    by stratum and arm. Medians are left to `trial_looks.simulate_chunk`: a curve does not depend on that order."""
    patients = draw_patients(spec, seed, np.arange(count, dtype=np.uint64) + np.uint64(first))
    times = trial_looks.look_times(spec, patients)
    out = np.empty((len(trial_spec.FIELDS), times.shape[1], count))
    for index in np.ndindex(times.shape):
        seen = trial_looks.observe(patients, index[0], int(times[index]))
        order = np.lexsort((seen.arm, seen.stratum, ~seen.event, seen.time))
        ranked = trial_looks.Observed(np.arange(len(order)), *(column[order] for column in seen[1:]))
        out[:, index[1], index[0]] = trial_looks.look_statistics(spec._replace(medians=False), ranked)
        out[trial_spec.TIME, index[1], index[0]] = times[index]
    return out

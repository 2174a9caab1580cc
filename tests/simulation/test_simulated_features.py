"""Whatever a simulated trial may have can be asked for, by the engine that docs/methods/simulation-features.md says."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.kernels import dispatch
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.simulation.operating import simulate
from equipoise.simulation.pooled_work import work_of

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "validation"))

from simulated_features import features

ROOT = Path(__file__).resolve().parents[2]
FEATURES = features()
PAGE = (ROOT / "docs" / "methods" / "simulation-features.md").read_text(encoding="utf-8")


def documented() -> dict[str, tuple[str, float]]:
    """Engine and trials a second by feature, from the table of the page."""
    rows = re.findall(r"^\| ([^|]+?) \| (lanes|general|pooled) \| ([\d,]+) \|$", PAGE, flags=re.MULTILINE)
    return {name: (engine, float(rate.replace(",", ""))) for name, engine, rate in rows}


def test_the_table_names_every_feature_with_its_engine():
    table = documented()
    assert list(table) == list(FEATURES)
    for name, model in FEATURES.items():
        engine = "pooled" if model.pooled else "lanes" if isinstance(model.to_spec(), TrialSpec) else "general"
        assert table[name][0] == engine, name
        assert table[name][1] >= 20_000.0, name


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_runs_and_agrees_with_the_law(name):
    model = FEATURES[name]
    work, count = work_of(model, 3, "plain", cox=True, medians=True), 6
    found = []
    for engine in ("plain", "general"):
        out = np.empty((work.measures.rows, len(model.looks), count))
        dispatch.simulate_chunk(work.spec, 3, 0, count, out, engine=engine)
        found.append(work.measures.collect(out))
    assert np.array_equal(np.isnan(found[0]), np.isnan(found[1]))
    assert found[1] == pytest.approx(found[0], rel=1e-9, abs=1e-9, nan_ok=True)
    some = simulate(model, trials=64, seed=3, course=0)
    assert 0.0 < some.rejection_rate <= 1.0
    last = len(model.looks)
    for measure in some.measures.names:
        assert some.known(measure, last) > 0, measure

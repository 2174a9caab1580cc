"""A table of counts gives what one row per subject gives, for every estimator that takes it."""

import numpy as np
import polars as pl
import pytest

from equipoise.analysis import (
    cox,
    from_counts,
    kaplan_meier,
    logrank,
    median_difference,
    milestone,
    nelson_aalen,
    reverse_kaplan_meier,
    rmst,
)
from equipoise.analysis.maxcombo_test import maxcombo
from equipoise.frames.results import ResultTable

SUBJECTS = 600


def subjects(seed: int = 5, *, delayed: bool = False) -> pl.DataFrame:
    """Whole-day times with heavy ties, two arms, three strata, a category; some enter late."""
    draw = np.random.default_rng(seed)
    arm, site = draw.integers(0, 2, SUBJECTS), draw.integers(0, 3, SUBJECTS)
    time = np.ceil(draw.exponential(20 + 8 * arm + 3 * site)).clip(1, 60)
    entry = np.floor(draw.uniform(0, 0.9, SUBJECTS) * time) * delayed
    return pl.DataFrame(
        {
            "time": time, "entry": entry, "event": draw.uniform(size=SUBJECTS) < 0.7,
            "arm": np.where(arm == 1, "E", "C"), "site": site, "grade": draw.choice(["I", "II", "III"], SUBJECTS),
        }
    )  # fmt: skip


def counted(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The table of counts a database would make: leaving and entering grouped by time and the columns of `by`."""
    left = rows.group_by("time", *by).agg(
        pl.col("event").sum().alias("n_event"), (~pl.col("event")).sum().alias("n_censored")
    )
    came = rows.group_by(pl.col("entry").alias("time"), *by).agg(pl.len().alias("n_entered"))
    table = left.join(came, on=["time", *by], how="full", coalesce=True)
    return table.with_columns(pl.col("n_event", "n_censored", "n_entered").fill_null(0)).sample(
        fraction=1, shuffle=True, seed=1
    )


def numbers(result) -> list[tuple]:
    rows = [r for r in ResultTable(result.to_rows()) if r.value is not None]
    return sorted(
        (r.parameter, r.level1 or "", r.level2 or "", r.statistic, -1.0 if r.at is None else r.at, r.value)
        for r in rows
    )


def expect_same(ours, theirs):
    a, b = numbers(ours), numbers(theirs)
    assert [row[:-1] for row in a] == [row[:-1] for row in b]
    assert [row[-1] for row in a] == pytest.approx([row[-1] for row in b], rel=1e-9, abs=1e-11)


CURVES = {"kaplan_meier": kaplan_meier, "reverse_kaplan_meier": reverse_kaplan_meier, "nelson_aalen": nelson_aalen}
COMPARISONS = {
    "logrank": (logrank, {"reference": "C"}),
    "fleming-harrington": (logrank, {"reference": "C", "rho": 1.0, "gamma": 0.5}),
    "maxcombo": (maxcombo, {"reference": "C"}),
    "rmst": (rmst, {"reference": "C", "tau": 40.0}),
    "milestone": (milestone, {"reference": "C", "at": 20.0}),
}


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("name", CURVES)
def test_curves(name, delayed):
    rows = subjects(delayed=delayed)
    table, entry = counted(rows, ["arm"]), {"entry": rows["entry"]} if delayed else {}
    ours = from_counts(table, CURVES[name], group="arm", n_entered="n_entered" if delayed else None)
    expect_same(ours, CURVES[name](rows["time"], rows["event"], group=rows["arm"], **entry))


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name, delayed):
    estimator, options = COMPARISONS[name]
    rows = subjects(delayed=delayed)
    table, entry = counted(rows, ["arm", "site"]), {"entry": rows["entry"]} if delayed else {}
    ours = from_counts(
        table, estimator, group="arm", strata="site", n_entered="n_entered" if delayed else None, **options
    )
    expect_same(ours, estimator(rows["time"], rows["event"], rows["arm"], strata=rows["site"], **entry, **options))


def test_median_difference():
    rows = subjects()
    ours = from_counts(counted(rows, ["arm"]), median_difference, group="arm", reference="C")
    expect_same(ours, median_difference(rows["time"], rows["event"], rows["arm"], reference="C"))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("delayed", [False, True])
def test_cox(ties, delayed):
    rows = subjects(delayed=delayed)
    table, entry = counted(rows, ["arm", "site", "grade"]), {"entry": rows["entry"]} if delayed else {}
    entered = "n_entered" if delayed else None
    one = from_counts(table, cox, group="arm", strata="site", n_entered=entered, reference="C", ties=ties)
    expect_same(
        one, cox(rows["time"], rows["event"], rows["arm"], strata=rows["site"], reference="C", ties=ties, **entry)
    )
    several = from_counts(
        table, cox, covariates=["arm", "grade"], strata=["site"], n_entered=entered, ties=ties,
        reference={"arm": "C", "grade": "II"},
    )  # fmt: skip
    expect_same(
        several,
        cox(
            rows["time"], rows["event"], rows[["arm", "grade"]], strata=rows["site"], ties=ties,
            reference={"arm": "C", "grade": "II"}, **entry,
        ),
    )  # fmt: skip
    assert one.n == SUBJECTS

"""Tables of counts whose answer is worked by hand, and what is refused."""

import polars as pl
import pytest

from equipoise.analysis import cox, from_counts, kaplan_meier, logrank, rate_interval
from equipoise.errors import ArgumentError, DataError

COUNTS = {"time": [1, 2, 3], "n_event": [30, 20, 10], "n_censored": [0, 40, 0]}


def test_curve():
    # 100 at risk: (1 - 30/100) = .7; 70 at risk: * (1 - 20/70) = .5; 10 at risk, all with the event: 0
    (curve,) = from_counts(COUNTS, kaplan_meier).curves
    assert curve.survival.tolist() == pytest.approx([0.7, 0.5, 0.0])
    assert curve.n_risk.tolist() == [100, 70, 10]


def test_curve_with_delayed_entry():
    # 10 from the start, 2 leave at time 1, 4 enter at 1 (at risk after it), 6 of 12 have the event at 2,
    # 6 are censored at 3
    table = {"time": [0, 1, 2, 3], "n_entered": [10, 4, 0, 0], "n_event": [0, 2, 6, 0], "n_censored": [0, 0, 0, 6]}
    (curve,) = from_counts(table, kaplan_meier, n_entered="n_entered").curves
    assert curve.n_risk.tolist() == [10, 12, 6]
    assert curve.survival.tolist() == pytest.approx([0.8, 0.4, 0.4])


def test_logrank():
    # At 1: 2 of 4 die, 1 of 2 in E: O - E = 0; V = 2 * .5 * .5 * 2/3 = 1/3.
    # At 2: 1 of 2 dies, in C: O - E = -1/2, V = 1/4
    table = {"time": [1, 1, 2, 2], "arm": ["E", "C", "E", "C"], "n_event": [1, 1, 0, 1], "n_censored": [0, 0, 1, 0]}
    test = from_counts(table, logrank, group="arm", reference="C")
    assert test.u == pytest.approx(-0.5)
    assert test.variance == pytest.approx(7 / 12)


def frame(**changes):
    columns = {"time": [1, 2], "arm": ["E", "C"], "n_event": [1, 1], "n_censored": [0, 1], "n_entered": [0, 0]}
    return pl.DataFrame(columns | changes)


@pytest.mark.parametrize(
    ("call", "error", "code", "says"),
    [
        (lambda: from_counts(frame(), rate_interval), ArgumentError, "argument-invalid", "estimator is rate_interval"),
        (lambda: from_counts(frame(), logrank), ArgumentError, "argument-invalid", "group is not given for logrank"),
        (
            lambda: from_counts(frame(), kaplan_meier, weights=[1, 1]),
            ArgumentError, "argument-invalid", "weights is given with a table of counts",
        ),
        (
            lambda: from_counts(frame(), cox, group="arm", reference="C", ties="exact"),
            ArgumentError, "argument-invalid", "ties is 'exact'",
        ),
        (lambda: from_counts(frame(), kaplan_meier, group="arn"), DataError, "column-missing", "no column 'arn'"),
        (
            lambda: from_counts(frame(n_event=[1.5, 1]), kaplan_meier),
            DataError, "value-invalid", r"n_event holds 1\.5",
        ),
        (lambda: from_counts(frame(n_event=[-1, 1]), kaplan_meier), DataError, "value-invalid", "n_event holds -1"),
        (
            lambda: from_counts(frame(n_event=[0, 0], n_censored=[0, 0]), kaplan_meier),
            DataError, "value-invalid", "the table counts nobody",
        ),
        (
            lambda: from_counts(frame(n_entered=[1, 0]), kaplan_meier, n_entered="n_entered"),
            DataError, "value-invalid", "1 subjects enter and 3 leave",
        ),
        (
            lambda: from_counts(frame(n_entered=[3, 0]), kaplan_meier, n_entered="n_entered"),
            DataError, "value-invalid", "more subjects have left by time 1 than entered before it",
        ),
        (
            lambda: from_counts(frame(n_event=[30_000_000, 1]), cox, group="arm", reference="C"),
            ArgumentError, "argument-invalid", "the table counts 30,000,001 events",
        ),
    ],
)  # fmt: skip
def test_refusals(call, error, code, says):
    with pytest.raises(error, match=says) as caught:
        call()
    assert caught.value.code == code

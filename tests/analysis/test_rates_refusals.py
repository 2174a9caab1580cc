"""Counts and options that cannot be used are refused by name."""

import pandas as pd
import polars as pl
import pytest

from equipoise.analysis import (
    cmh,
    exact_unconditional,
    odds_ratio,
    rate_difference,
    rate_interval,
    rate_test,
    two_by_two,
)
from equipoise.errors import ArgumentError, DataError


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rate_interval(3, 2), "x is 3, more than n, 2"),
        (lambda: rate_interval(1, 2, method="wilsn"), "method is 'wilsn'"),
        (lambda: rate_difference(5, 4, 1, 4), "x1 is 5, more than n1, 4"),
        (lambda: rate_difference(1.5, 4, 1, 4), "x1 is 1.5"),
        (lambda: rate_difference(1, 4), "counts are incomplete"),
        (lambda: rate_difference(1, 4, 1, 4, null=1.0), "null is 1.0"),
        (lambda: rate_difference([1, 1], [4, 4], [1, 1], [4, 4], method="agresti-caffo"), "is for one table"),
        (lambda: rate_difference(1, 4, 1, 4, weights="wilson", method="wald"), "weights is 'wilson' with method"),
        (lambda: rate_difference(1, 4, 1, 4, weights="miettinen-nurminen"), "weights is 'miettinen-nurminen'"),
        (lambda: rate_difference(1, 4, 1, 4, weights="equal", method="sato"), "weights is 'equal' with method 'sato'"),
        (
            lambda: rate_difference([0, 1], [4, 4], [0, 1], [4, 4], method="wald", weights="inverse-variance"),
            "a stratum whose rates are all 0 or 1",
        ),
        (lambda: rate_difference(1, 4, 1, 4, alternative="experimental-better"), "alternative is"),
        (lambda: rate_difference(1, 4, 1, 4, levels=("a", "b", "c")), "levels is"),
        (lambda: rate_difference(1, 4, 1, 4, pool_below=-1), "pool_below is -1"),
        (lambda: odds_ratio(1, 4, 1, 4, method="woolf"), "method is 'woolf'"),
        (lambda: exact_unconditional([1, 1], [4, 4], [1, 1], [4, 4]), "there are 2 strata"),
        (lambda: exact_unconditional(1, 10_000, 1, 10_000), "have 100,020,001 outcomes"),
        (lambda: exact_unconditional(1, 4, 1, 4, gamma=0.5), "gamma is 0.5"),
        (lambda: rate_test([1, 1], [4, 4], [1, 1], [4, 4], method="fisher"), "there are 2 strata"),
    ],
)
def test_arguments(call, says):
    with pytest.raises(ArgumentError, match=says) as caught:
        call()
    assert caught.value.code == "argument-invalid"


def test_columns_of_different_length():
    with pytest.raises(DataError, match="columns differ in their number of rows") as caught:
        cmh([1, 2], [3, 3], [1], [3])
    assert caught.value.code == "length-mismatch"


def test_no_stratum_with_both_groups():
    with pytest.raises(DataError, match="no stratum has subjects of both groups") as caught:
        cmh([1, 0], [3, 0], [0, 1], [0, 3])
    assert caught.value.code == "group-single"


def test_two_by_two_needs_two_levels():
    with pytest.raises(DataError, match="group has 1 level: a"):
        two_by_two([1, 0], ["a", "a"], reference="a")
    with pytest.raises(DataError, match="group has 3 levels: a, b, c"):
        two_by_two([1, 0, 1], ["a", "b", "c"], reference="a")


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_in_and_out(library):
    frame = library.DataFrame({"r": [1, 0, 1, 1, 0], "arm": ["E", "E", "C", "E", "C"]})
    found = rate_difference(two_by_two(frame["r"], frame["arm"], reference="C"))
    assert isinstance(found.to_frame(), library.DataFrame)
    assert "E vs C" in repr(found)
    assert found.to_rows()[0].level1 == "E"

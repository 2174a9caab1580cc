"""The words and tests of lesion records that the RECIST engine knows, as data."""

from __future__ import annotations

import polars as pl

ABSENT, PRESENT, EQUIVOCAL, UNEQUIVOCAL, UNEVALUABLE, SMALL, MERGED = (
    "ABSENT",
    "PRESENT",
    "EQUIVOCAL",
    "UNEQUIVOCAL",
    "UNEVALUABLE",
    "SMALL",
    "MERGED",
)

_STATES = {
    ABSENT: "ABSENT, NOT PRESENT, DISAPPEARED, RESOLVED, NORMAL, NO",
    PRESENT: "PRESENT, STABLE, NON-CR/NON-PD, INCREASED, DECREASED, NON-UNEQUIVOCAL PROGRESSION, NON-PD",
    EQUIVOCAL: "EQUIVOCAL, EQUIVOCAL PROGRESSION, UNCERTAIN",
    UNEQUIVOCAL: "UNEQUIVOCAL, UNEQUIVOCAL PROGRESSION, UNEQUIVOCAL INCREASE, PD, YES, NEW",
    UNEVALUABLE: "NOT EVALUABLE, NE, UNEVALUABLE, NOT ASSESSABLE, NOT ASSESSED, NOT DONE, INEVALUABLE, UNKNOWN",
    SMALL: "TOO SMALL TO MEASURE, TSTM, TOO SMALL, BELOW MEASURABLE LIMIT, BML",
}
WORDS: dict[str, str] = {}
for _state, _words in _STATES.items():
    for _word in _words.split(", "):
        WORDS.setdefault(_word, _state)

# Factors to millimeters. A number without a unit is read as millimeters, and logged.
MILLIMETERS = {"mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "centimeter": 10.0, "centimeters": 10.0}
PLAIN_UNIT = "mm"

# The order in which tests are taken: for a node its short axis, for another lesion its longest diameter. Where the
# site is not known, DIAMETER is by definition the one that the sum takes.
_NODE = ("SAXIS", "LPERP", "DIAMETER", "TUMSTATE")
_OTHER = ("LDIAM", "LAXIS", "DIAMETER", "TUMSTATE")
_UNKNOWN = ("DIAMETER", "LDIAM", "LAXIS", "SAXIS", "LPERP", "TUMSTATE")
TESTS = frozenset((*_NODE, *_OTHER, *_UNKNOWN))


def axis_rank(test: pl.Expr, node: pl.Expr, target: pl.Expr) -> pl.Expr:
    """The rank of a test for a lesion, 0 first; null for an axis of a target lesion that RECIST 1.1 does not sum.

    Of a lesion that is no target the state comes first.
    """

    def rank(order: tuple[str, ...]) -> pl.Expr:
        places = {name: place for place, name in enumerate(order)}
        return test.replace_strict(places, default=None, return_dtype=pl.Int8)

    of_target = pl.when(node).then(rank(_NODE)).when(~node).then(rank(_OTHER)).otherwise(rank(_UNKNOWN))
    return pl.when(target).then(of_target).otherwise(rank(("TUMSTATE", *_UNKNOWN[:-1])))

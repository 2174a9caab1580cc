"""Laboratory grading criteria as dated data, and the grade of each result in the unit it was reported in."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from io import StringIO

import polars as pl

from equipoise.errors import ArgumentError, permitted
from equipoise.protocol.values import Model

GRADINGS: tuple[str, ...] = ("ctcae-v5",)


class Scale(Model):
    """One unit of a test under its names, the upper edges of grade 2 and up in it, and its place in the parameter's."""

    names: tuple[str, ...]
    edges: tuple[float, ...]
    divide_by: float


class Term(Model):
    """One criterion: the term graded, the analysis parameter, the LBTESTCD it is read from, and the units known."""

    term: str
    paramcd: str
    param: str
    tests: tuple[str, ...]
    unit: str
    scales: tuple[Scale, ...]


class Grading(Model):
    """A set of criteria with its reference."""

    grading: str
    title: str
    reference: str
    dated: date
    terms: tuple[Term, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        """Every LBTESTCD that is graded."""
        return tuple(test for term in self.terms for test in term.tests)


@cache
def load_grading(name: str) -> Grading:
    """Built-in laboratory criteria by name: "ctcae-v5". Raises ArgumentError `argument-invalid` for another."""
    from ruamel.yaml import YAML

    if name not in GRADINGS:
        raise ArgumentError("argument-invalid", f"no laboratory grading {name!r}", hint=permitted(name, GRADINGS))
    text = files("equipoise.derivation").joinpath("gradings", f"{name}.yaml").read_text(encoding="utf-8")
    return Grading.model_validate(YAML(typ="safe").load(StringIO(text)))


def derive_grades(results: pl.DataFrame, grading: Grading) -> pl.DataFrame:
    """Results of the graded tests with parameter, value in its unit and grade.

    Arguments: LB records (LBTESTCD, LBSTRESN, LBSTRESU, LBSTNRLO); the criteria. Returns the records of graded tests in
    their order, with PARAMCD, PARAM, AVALU, ATOXDSCL (the term graded), `known` (whether the unit is), AVAL and ANRLO
    in the parameter's unit, and ATOXGRN: 0, or the highest grade whose criterion the value meets. It is missing for an
    unknown unit, and where no limit of normal tells grade 0 from grade 1.
    """
    named = results.filter(pl.col("LBTESTCD").is_in(grading.tests)).with_columns(name=_folded(pl.col("LBSTRESU")))
    kept = named.join(_scales(grading), on=["LBTESTCD", "name"], how="left", maintain_order="left")
    value, edges = pl.col("LBSTRESN"), pl.col("edges")
    beyond = pl.sum_horizontal((value < edges.list.get(place, null_on_oob=True)).fill_null(False) for place in range(3))
    normal = pl.when(pl.col("LBSTNRLO").is_not_null()).then((value < pl.col("LBSTNRLO")).cast(pl.UInt32))
    grade = pl.when(beyond > 0).then(beyond + 1).otherwise(normal)
    gradable = value.is_not_null() & edges.is_not_null()
    return kept.with_columns(
        AVAL=value / pl.col("divide_by"),
        ANRLO=pl.col("LBSTNRLO") / pl.col("divide_by"),
        ATOXGRN=pl.when(gradable).then(grade).cast(pl.Int64),
        known=edges.is_not_null(),
        **{name: _of_test(grading, name) for name in ("PARAMCD", "PARAM", "AVALU", "ATOXDSCL")},
    ).drop("name", "edges", "divide_by")


def _folded(unit: pl.Expr) -> pl.Expr:
    """A unit as it is compared: without spaces and case, the micro sign as u."""
    return unit.str.replace_all(r"\s", "").str.replace_all("[µμ]", "u").str.to_lowercase()


def _scales(grading: Grading) -> pl.DataFrame:
    """Edges and divisor by LBTESTCD and folded name of the unit."""
    rows = [
        {"LBTESTCD": test, "name": name, "edges": scale.edges, "divide_by": scale.divide_by}
        for term in grading.terms
        for test in term.tests
        for scale in term.scales
        for name in scale.names
    ]
    schema = {"LBTESTCD": pl.String, "name": pl.String, "edges": pl.List(pl.Float64), "divide_by": pl.Float64}
    return pl.DataFrame(rows, schema=schema).with_columns(_folded(pl.col("name")))


def _of_test(grading: Grading, variable: str) -> pl.Expr:
    attribute = {"PARAMCD": "paramcd", "PARAM": "param", "AVALU": "unit", "ATOXDSCL": "term"}[variable]
    words = {test: getattr(term, attribute) for term in grading.terms for test in term.tests}
    return pl.col("LBTESTCD").replace_strict(words, default=None, return_dtype=pl.String)

"""The forest plot of a pool: every trial, the pooled diamond, the prediction bar, and its words."""

import pytest

import equipoise as eq
from equipoise.evidence import StudyEffect, effect_from_std_error, pool
from equipoise.reporting.figures import pooled
from equipoise.reporting.figures.pooled import FIGURES


def sheet_of(found, width_mm: float = 170.0):
    kind = FIGURES[0]
    sheet = kind.collect(kind.part(found.to_rows()))
    return sheet, sheet.compose(width_mm)


def test_words_say_every_number():
    drawing = eq.plot(eq.pool("after-cdk46", method="dersimonian-laird"))
    for said in ("PALMIRA 0.84 (0.66\u20131.07)", "postMONARCH", "0.79 (0.64\u20130.98)", "Prediction interval",
                 "Pooled without PALMIRA", "I\u00b2 44.7%", "198 patients"):  # fmt: skip
        assert said in drawing.alternative
    assert drawing.content.startswith(b"<?xml")


def test_squares_have_areas_in_proportion_to_weight(monkeypatch):
    trials = [StudyEffect(name="A", effect=-0.2, std_error=0.1), StudyEffect(name="B", effect=-0.1, std_error=0.2)]
    plots = []
    monkeypatch.setattr(pooled, "as_sheet", plots.append)
    FIGURES[0].collect(FIGURES[0].part(pool(trials, method="fixed").to_rows()))
    first, second, summary = (line.marks[0] for line in plots[0].lines)
    # Weights 0.8 and 0.2: areas 4 to 1, sides 2 to 1.
    assert first.size / second.size == pytest.approx(2.0)
    assert summary.shape == "summary"


@pytest.mark.parametrize("width_mm", [60.0, 85.0, 170.0])
def test_it_can_be_drawn_at_any_width(width_mm):
    _, canvas = sheet_of(eq.pool("after-cdk46"), width_mm)
    assert canvas.height > 100


def test_differences_stand_on_a_linear_axis():
    trials = [effect_from_std_error(n, y, 0.4, measure="rmst-difference") for n, y in (("A", 1.0), ("B", 0.2))]
    drawing = eq.plot(pool(trials), kind="pool")
    assert "difference of restricted means" in drawing.alternative
    assert "2 trials pooled" in drawing.alternative


def test_an_interval_that_leaves_the_axis_is_an_arrow_not_a_diamond():
    trials = [StudyEffect(name=n, effect=y, std_error=9.0) for n, y in (("A", -0.2), ("B", 0.1))]
    _, canvas = sheet_of(pool(trials))
    assert canvas.height > 50

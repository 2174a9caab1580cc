"""The picture of an audit: legible at both widths, with names of any length."""

import matplotlib as mpl
import pytest

from drawn_texts import clipped, overlapping, texts_of
from equipoise.evidence import audit_trial, published_names, read_published
from equipoise.reporting.figures.audit import FIGURES
from equipoise.reporting.figures.canvas import settings
from made_up_published import published

(KIND,) = FIGURES


def _trials():
    found = {name: read_published(name) for name in published_names()}
    found["not reached"] = published("0.84 (95% 0.66-NR)", test={"p": ".149"})
    found["nobody without an event"] = published("0.02 (95% 0.001-0.40)", events=4, n=(40, 20), ratio="2:1")
    return found


TRIALS = _trials()


@pytest.mark.parametrize("width_mm", [85, 170])
@pytest.mark.parametrize("name", TRIALS)
def test_no_text_overlaps_or_is_clipped(name: str, width_mm: int):
    part = KIND.part(audit_trial(TRIALS[name], deep=False).to_rows())
    assert part
    with mpl.rc_context(settings()):
        canvas = KIND.collect(part).compose(width_mm)
        found = list(texts_of(canvas))
        assert list(overlapping(found)) == []
        assert list(clipped(canvas, found)) == []


def test_a_trial_without_an_interval_has_no_picture():
    assert KIND.part(audit_trial(published(test={"p": ".149"}), deep=False).to_rows()) == []

"""Patients come back from our own figures: hazard ratios within 2% and medians within 0.1 month in 95% of trials."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "validation"))

from drawn_curves import SEED, clicked, draw_truth, drawn_reconstruction, errors_of, shares


def drawn_errors(first: int, last: int, folder: Path):
    return [
        errors_of(truth, drawn_reconstruction(truth, folder))
        for truth in (draw_truth(SEED + 1, number) for number in range(first, last))
    ]


def test_patients_come_back_from_drawn_figures(tmp_path):
    ratio, median, middle, _ = shares(drawn_errors(0, 4, tmp_path))
    assert ratio == 1.0
    assert median >= 7 / 8
    assert middle < 0.003


@pytest.mark.slow
def test_many_patients_come_back_from_drawn_figures(tmp_path):
    ratio, median, middle, _ = shares(drawn_errors(4, 64, tmp_path))
    assert ratio >= 0.95
    assert median >= 0.95
    assert middle < 0.002


@pytest.mark.slow
def test_printed_numbers_come_back_from_clicked_points():
    """Hazard ratios, medians and events are met nine times in ten, and the ratio lies within 2% in 95%."""
    found = [(truth := draw_truth(SEED + 2, number), clicked(truth, number)["clicked"]) for number in range(30)]
    assert shares([errors_of(truth, rebuilt) for truth, rebuilt in found])[0] >= 0.95
    names = ("hazard ratio", "median", "events")
    met = [each.met for _, rebuilt in found for each in rebuilt.met if each.constraint.name in names]
    assert np.mean(met) >= 0.9

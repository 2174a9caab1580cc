"""Simulated trials drawn as figures, and as clicked points, whose patients are known: how well they come back.

    uv run --no-sync python validation/drawn_curves.py [--trials 200] [--seed 20251122]

Each trial: 60 to 400 patients an arm, exponential times, hazard ratio 0.5 to 1.1, uniform censoring, half of them in
whole days. `drawn`: our own Kaplan-Meier figure (SVG, texts as outlines, coordinates to 0.01 pt) with the numbers at
risk that stand under it, and nothing else. `clicked`: 500 points an arm at random times with normal errors of 0.003,
the same numbers at risk, and what a paper prints: hazard ratio with limits, P, medians, total events. `clicked, curve
alone`: without what a paper prints. `guyot`: the same points by the algorithm of 2012 and the arms' true events.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from equipoise.analysis import cox, kaplan_meier, logrank
from equipoise.evidence.curve_points import clean_points
from equipoise.evidence.figure_curves import figure_curves
from equipoise.evidence.figure_files import read_figure
from equipoise.evidence.printed_constraints import SIDES
from equipoise.evidence.published import PublishedEndpoint
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import Reconstruction, reconstruct_curves
from equipoise.evidence.risk_numbers import risk_numbers
from equipoise.reporting import render_result

ARMS = ("Experimental", "Control")
DAYS = 30.4375
SEED = 20251122


@dataclass(frozen=True)
class Truth:
    """A trial's patients, and what Cox regression, the log-rank test and medians say of them."""

    time: np.ndarray
    event: np.ndarray
    arm: np.ndarray

    @property
    def ratio(self) -> tuple[float, float, float]:
        found = cox(self.time, self.event, self.arm, reference=ARMS[1])
        low, high = np.ravel(found.conf_int)
        return float(np.ravel(found.hazard_ratio)[0]), float(low), float(high)

    def median(self, arm: str) -> float:
        own = self.arm == arm
        return kaplan_meier(self.time[own], self.event[own]).median().time

    def at_risk(self, arm: str, times: np.ndarray) -> list[int]:
        return [int((self.time[self.arm == arm] >= at - 1e-9).sum()) for at in times]


def draw_truth(seed: int, number: int) -> Truth:
    rng = np.random.default_rng([seed, number])
    n, ratio, last = int(rng.integers(60, 400)), rng.uniform(0.5, 1.1), rng.uniform(12.0, 40.0)
    free = np.concatenate((rng.exponential(6.0 / ratio, n), rng.exponential(6.0, n)))
    lost = rng.uniform(2.0, last, 2 * n)
    time = np.minimum(free, lost)
    if rng.random() < 0.5:
        time = np.maximum(np.round(time * DAYS), 1.0) / DAYS
    return Truth(time, free <= lost, np.repeat(ARMS, n))


def drawn_reconstruction(truth: Truth, folder: Path) -> Reconstruction:
    """From the figure that reporting draws, with its numbers at risk."""
    curves = kaplan_meier(truth.time, truth.event, group=truth.arm, time_unit="months")
    place = folder / "figure.svg"
    place.write_bytes(bytes(render_result(curves, format="svg", width_mm=170.0)))
    figure = read_figure(place)
    # The figure's frame ends at the last observed time, which places its ticks.
    ticks = figure_curves(figure, x_axis=(0.0, 1.0), y_axis=(0.0, 1.0)).axes.x.ticks
    frame = max(float(line.corners[:, 0].max()) for line in figure.lines if len(line.corners) > 6)
    spacing = (ticks[1] - ticks[0]) / (frame - ticks[0]) * float(truth.time.max())
    step = min((0.5, 1.0, 2.0, 3.0, 6.0, 12.0), key=lambda each: abs(each - spacing))
    times = step * np.arange(len(ticks))
    found = figure_curves(figure, x_axis=(0.0, float(times[-1])), y_axis=(0.0, 1.0))
    # Groups are drawn in alphabetical order.
    control, experimental = (curve.points for curve in found.curves)
    arms = [
        CurveArm(name, points, risk_numbers(times, truth.at_risk(name, times), arm=name))
        for name, points in zip(ARMS, (experimental, control), strict=True)
    ]
    return reconstruct_curves(arms)


def clicked_arms(truth: Truth, seed: int, number: int, *, points: int = 500, error: float = 0.003) -> list[CurveArm]:
    """Clicked points of both curves, with the numbers at risk every three months."""
    rng = np.random.default_rng([seed, number, 1])
    arms = []
    for name in ARMS:
        own = truth.arm == name
        curve = kaplan_meier(truth.time[own], truth.event[own]).curves[0]
        end = float(truth.time[own].max())
        at = np.sort(rng.uniform(0.0, end, points))
        height = np.append(1.0, curve.survival)[np.searchsorted(curve.time, at, side="right")]
        clicks = np.clip(height + rng.normal(0.0, error, points), 0.0, 1.0)
        times = np.arange(0.0, end, 3.0)
        cleaned = clean_points(np.append(0.0, at), np.append(1.0, clicks), arm=name, error=0.004)
        arms.append(CurveArm(name, cleaned, risk_numbers(times, truth.at_risk(name, times), arm=name)))
    return arms


def printed_result(truth: Truth) -> PublishedEndpoint:
    """What a paper prints of the trial."""
    ratio, low, high = truth.ratio
    p_value = logrank(truth.time, truth.event, truth.arm, reference=ARMS[1]).p_value
    medians = {
        side: {"median": f"{truth.median(name):.1f}"}
        for side, name in zip(SIDES, ARMS, strict=True)
        if truth.median(name) == truth.median(name)
    }
    return PublishedEndpoint.model_validate({
        "endpoint": "PFS", "source": "made up", "events": int(truth.event.sum()),
        "hazard_ratio": f"{ratio:.2f} (95% {low:.2f}-{high:.2f})", **medians,
        "test": {"p": f"{p_value:.3f}" if p_value >= 0.001 else "<.001", "sides": 2},
    })  # fmt: skip


def errors_of(truth: Truth, found: Reconstruction) -> tuple[float, list[float]]:
    """Relative error of the hazard ratio, and errors of the medians, months."""
    assert found.pair is not None
    sides = zip(SIDES, ARMS, strict=True)
    medians = [found.pair.median(side) - truth.median(name) for side, name in sides]
    return found.hazard_ratio / truth.ratio[0] - 1.0, [each for each in medians if np.isfinite(each)]


def clicked(truth: Truth, number: int, seed: int = SEED) -> dict[str, Reconstruction]:
    arms = clicked_arms(truth, seed, number)
    events = [int(truth.event[truth.arm == name].sum()) for name in ARMS]
    counted = [replace(arm, events=count) for arm, count in zip(arms, events, strict=True)]
    return {
        "clicked": reconstruct_curves(arms, published=printed_result(truth)),
        "clicked, curve alone": reconstruct_curves(arms),
        "guyot": reconstruct_curves(counted, method="guyot"),
    }


def shares(errors: list[tuple[float, list[float]]]) -> tuple[float, float, float, float]:
    """Shares of hazard ratios within 2% and medians within 0.1 month; median and largest error of the ratio."""
    ratios = np.abs([ratio for ratio, _ in errors])
    medians = np.abs([each for _, found in errors for each in found])
    return float((ratios <= 0.02).mean()), float((medians <= 0.1).mean()), float(np.median(ratios)), float(ratios.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    kept: dict[str, list[tuple[float, list[float]]]] = {}
    met: list[bool] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.trials):
            truth = draw_truth(given.seed, number)
            kept.setdefault("drawn", []).append(errors_of(truth, drawn_reconstruction(truth, Path(folder))))
            for name, found in clicked(truth, number, given.seed).items():
                kept.setdefault(name, []).append(errors_of(truth, found))
                met += [each.met for each in found.met if each.constraint.name in ("hazard ratio", "median", "events")]
    print("source, HR within 2%, medians within 0.1 month, median and largest error of HR")
    for name, errors in kept.items():
        ratio, median, middle, most = shares(errors)
        print(f"{name}: {ratio:.3f}, {median:.3f}, {100 * middle:.3f}%, {100 * most:.2f}%")
    print(f"printed hazard ratios, medians and events met: {np.mean(met):.3f}")


if __name__ == "__main__":
    main()

"""Patient-level data from published curves, with how well they agree with everything that was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from equipoise.errors import ArgumentError
from equipoise.evidence.arm_counts import ArmCounts
from equipoise.evidence.ensemble import draw_ensemble
from equipoise.evidence.printed_constraints import SIDES
from equipoise.evidence.published import PublishedEndpoint
from equipoise.evidence.reconstructed_arms import CurveArm, Method, Workbench, checked_arm
from equipoise.evidence.reconstruction_rows import METHOD_IDS, Rebuilt, constraint_met, reconstruction_rows
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import RowResult
from equipoise.quantities import DAYS_PER_UNIT

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, repr=False)
class Reconstruction(Rebuilt, RowResult):
    """Patients rebuilt from published curves, experimental arm first.

    `counts` by arm; `pair` both arms with their patients (None for one arm); `met`: every printed number, what the
    reconstruction says, and whether it is met; `ensemble`: as many more reconstructions as asked for.
    """

    library: str | None = None

    @property
    def hazard_ratio(self) -> float:
        """Cox regression on the reconstruction (Efron ties), experimental to control; NaN for one arm."""
        return float("nan") if self.pair is None else self.pair.statistics.hazard_ratio

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed or assumed on the way, arm by arm."""
        return tuple(f"{arm.label}: {note}" for arm in self.arms for note in arm.points.notes)

    def to_rows(self) -> list[ResultRow]:
        """Accuracy, agreement with what was printed, and the ensemble's summary; curves: see `figure_rows`."""
        return reconstruction_rows(self)

    def figure_rows(self) -> list[ResultRow]:
        """All rows, with the published points and the reconstructed curves, for a picture."""
        shared: dict[str, Any] = {"analysis": "reconstruction", "endpoint": self.endpoint, "group1": "arm",
                                  "at_unit": self.unit, "method": METHOD_IDS[self.method]}  # fmt: skip
        rows = self.to_rows()
        for arm, counts in zip(self.arms, self.counts, strict=True):
            for parameter, times, heights in (
                ("curve-points", arm.points.time, arm.points.height),
                ("reconstructed-curve", *_steps(counts)),
            ):
                rows += [
                    ResultRow(**shared, parameter=parameter, level1=arm.label, statistic="estimate", at=float(at),
                              value=float(height), label=arm.label)
                    for at, height in zip(times, heights, strict=True)
                ]  # fmt: skip
        return rows

    def patients(self, member: int = 0) -> pl.DataFrame:
        """Plain columns: arm (label), time (in the figure's unit), event (1 or 0); `member` 0 or of the ensemble."""
        import polars as pl

        frames = [
            pl.DataFrame({"arm": [arm.label] * len(time), "time": time, "event": event.astype(np.int64)})
            for arm, (time, event) in zip(self.arms, self._patients(member), strict=True)
        ]
        return pl.concat(frames)

    def _patients(self, member: int) -> list[tuple[np.ndarray, np.ndarray]]:
        if member:
            held = 0 if self.ensemble is None else len(self.ensemble.members)
            if not 1 <= member <= held:
                raise ArgumentError("argument-invalid", f"the ensemble has {held} members, and no number {member}")
            return list(self.ensemble.members[member - 1].patients) if self.ensemble else []
        return [counts.patients(arm.points.marks) for arm, counts in zip(self.arms, self.counts, strict=True)]

    def adtte(self, member: int = 0, *, paramcd: str = "TTE") -> pl.DataFrame:
        """The patients as ADTTE: AVAL in days, CNSR 0 for an event and 1 for censored, the arm in TRT01P.

        `member`: 0 the most probable reconstruction, from 1 those of the ensemble; `paramcd`: the parameter's code,
        which a trial file calls its endpoint.
        """
        import polars as pl

        plain = self.patients(member)
        code = {arm.label: float(place) for place, arm in enumerate(self.arms, 1)}
        number = pl.int_range(1, pl.len() + 1)
        subject = pl.concat_str(pl.lit("R"), number.cast(pl.String).str.zfill(5))
        return plain.select(
            STUDYID=pl.lit("RECONSTRUCTED"),
            USUBJID=pl.concat_str(pl.lit("RECONSTRUCTED-"), subject),
            SUBJID=subject,
            ARM=pl.col("arm"),
            TRT01P=pl.col("arm"),
            TRT01PN=pl.col("arm").replace_strict(code, return_dtype=pl.Float64),
            PARAMCD=pl.lit(paramcd),
            PARAM=pl.lit(self.endpoint),
            AVAL=pl.col("time") * DAYS_PER_UNIT[self.unit],
            AVALU=pl.lit("DAYS"),
            CNSR=(1 - pl.col("event")).cast(pl.Float64),
        )

    def adsl(self) -> pl.DataFrame:
        """The patients' subject-level table: who is in which arm, everybody in the analysis set (ITTFL)."""
        import polars as pl

        return self.adtte().select("STUDYID", "USUBJID", "SUBJID", "ARM", "TRT01P", "TRT01PN", ITTFL=pl.lit("Y"))


def _steps(counts: ArmCounts) -> tuple[np.ndarray, np.ndarray]:
    """Times and heights of a curve, from time 0 to its end."""
    happened = counts.events > 0
    steps, survival = counts.time[happened], counts.survival
    end = max(counts.end, float(steps.max(initial=0.0)))
    time = np.concatenate(([0.0], steps, [end]))
    return time, np.concatenate(([1.0], survival[happened], survival[-1:]))


def reconstruct_curves(
    arms: Sequence[CurveArm] | Mapping[str, CurveArm],
    *,
    published: PublishedEndpoint | None = None,
    endpoint: str | None = None,
    unit: str = "months",
    method: Method = "constrained",
    ensemble: int = 0,
    tau: float | None = None,
    seed: int = 1,
) -> Reconstruction:
    """Patient-level data whose curves, numbers at risk and statistics are the published ones.

    Arguments: `arms`: one arm, or the experimental and the control arm (in this order, or by those names), each with
    cleaned points, numbers at risk and, where known, events; `published`: what else was printed of the comparison:
    medians and landmark rates shape the curves, the hazard ratio with its limits, P and events are then brought into
    their printed intervals; `unit` of all times; `method`: "constrained", or "guyot", the algorithm of 2012 alone;
    `ensemble`: how many further reconstructions are drawn, heights moved by their digitization error and censorings
    placed at random; `tau`: horizon of the restricted mean, the shorter curve's end where not given; `seed`, 0 to
    2**48 - 1. The same seed gives the same patients.

    Returns a `Reconstruction`. Raises DataError `axis-misset`, `at-risk-invalid`; ArgumentError `argument-invalid`.

    Source: Guyot and others 2012, doi:10.1186/1471-2288-12-9; docs/methods/reconstruction.md.
    """
    chosen = [arms[side] for side in SIDES if side in arms] if isinstance(arms, Mapping) else list(arms)
    _check_arguments(chosen, arms, unit, ensemble)
    if tau is not None and not 0.0 < tau < float("inf"):
        raise ArgumentError("argument-invalid", f"tau is {tau:g}", where="tau", hint=f"a time above 0, in {unit}")
    if published is not None and published.unit != unit:
        raise ArgumentError(
            "argument-invalid", f"the curves are in {unit}, what was printed is in {published.unit}", where="unit",
            reason="a median read in another unit would bend the curve", hint="bring both to one unit",
        )  # fmt: skip
    checked = tuple(checked_arm(arm, side, published, unit) for arm, side in zip(chosen, SIDES, strict=False))
    bench = Workbench(checked, published, method, seed)
    counts, pair = bench.best()
    met = tuple(constraint_met(each, pair) for each in bench.constraints) if pair is not None else ()
    horizon = tau if tau is not None else min(arm.points.end for arm in checked)
    drawn = draw_ensemble(bench, ensemble, horizon) if ensemble else None
    said = endpoint or (published.endpoint if published else "Reconstructed endpoint")
    return Reconstruction(checked, counts, pair, met, drawn, said, unit, method, seed)


def _check_arguments(chosen: Sequence[CurveArm], given: Any, unit: str, ensemble: int) -> None:
    if not 1 <= len(chosen) <= 2 or len(chosen) != len(given):
        raise ArgumentError(
            "argument-invalid", f"{len(given)} arms", where="arms",
            hint="one arm, or two: experimental first, or by the names experimental and control",
        )  # fmt: skip
    if len({arm.label for arm in chosen}) < len(chosen):
        raise ArgumentError("argument-invalid", f"both arms are called {chosen[0].label!r}", where="arms")
    if unit not in DAYS_PER_UNIT:
        raise ArgumentError(
            "argument-invalid",
            f"unit {unit!r} is not known",
            where="unit",
            hint=f"permitted: {', '.join(DAYS_PER_UNIT)}",
        )
    if ensemble < 0:
        raise ArgumentError("argument-invalid", f"an ensemble of {ensemble}", where="ensemble", hint="0 or more")

"""Reconstruction from files: curves, numbers at risk and a published result to patients, rows and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from equipoise.errors import ArgumentError, DataError, nearest, permitted
from equipoise.evidence.curve_files import FoundCurves, read_curves, read_risk_table
from equipoise.evidence.curve_points import CurvePoints
from equipoise.evidence.printed_constraints import SIDES, Side
from equipoise.evidence.published import PublishedEndpoint, PublishedTrial
from equipoise.evidence.published_files import read_published
from equipoise.evidence.reconstructed_arms import CurveArm
from equipoise.evidence.reconstruction import Reconstruction, reconstruct_curves
from equipoise.evidence.risk_numbers import RiskNumbers, risk_numbers
from equipoise.frames.adam import write_adam
from equipoise.frames.results import ResultTable
from equipoise.frames.tables import write_csv
from equipoise.provenance import Provenance, digest_bytes, equipoise_version
from equipoise.workflow.folders import new_folder
from equipoise.workflow.journal import Journal

Names = Mapping[str, str]


def reconstruct_files(
    curves: Any,
    *,
    at_risk: Any = None,
    n: int | Mapping[str, int] | None = None,
    events: int | Mapping[str, int] | None = None,
    published: str | Path | PublishedTrial | None = None,
    endpoint: str | None = None,
    arms: Names | None = None,
    unit: str = "months",
    reading: Mapping[str, Any] | None = None,
    **options: Any,
) -> tuple[Reconstruction, tuple[str, ...]]:
    """A reconstruction from files or data frames, and what was found and assumed; see `equipoise.reconstruct`.

    `reading`: options of `evidence.curve_files.read_curves`; `options`: those of `evidence.reconstruct_curves`.
    """
    paths = list(curves) if isinstance(curves, list | tuple) else [curves]
    found = read_curves(paths, **(reading or {}))
    trial = None if published is None else read_published(published)
    result = None if trial is None else _result(trial, endpoint)
    chosen, said = _sides(found, trial, arms)
    table = {} if at_risk is None else read_risk_table(at_risk)
    labels = _labels(chosen, trial)
    counted = {side: _of_side(events, side, labels[side]) for side in chosen}
    built: dict[Side, CurveArm] = {
        side: CurveArm(labels[side], points, _risk(side, points, labels[side], trial, result, table, n), counted[side])
        for side, points in chosen.items()
    }
    if isinstance(events, int):
        built, result = _with_total(built, result, events, unit)
    rebuilt = reconstruct_curves(list(built.values()), published=result, endpoint=endpoint, unit=unit, **options)
    return rebuilt, (*found.said, *said)


def _result(trial: PublishedTrial, endpoint: str | None) -> PublishedEndpoint:
    names = [result.endpoint for result in trial.results]
    if endpoint is None and len(names) > 1:
        raise ArgumentError(
            "argument-invalid", f"{trial.trial} has {len(names)} published results", where="endpoint",
            hint="name the one of the curve: " + "; ".join(names),
        )  # fmt: skip
    wanted = names[0] if endpoint is None and names else endpoint
    for result in trial.results:
        if result.endpoint == wanted:
            return result
    raise ArgumentError(
        "argument-invalid", f"{trial.trial} has no published result {wanted!r}", where="endpoint",
        hint=(f"did you mean {close!r}? " if (close := nearest(str(wanted), names)) else "") + "its results: "
        + ("; ".join(names) or "none"),
    )  # fmt: skip


def _sides(
    found: FoundCurves, trial: PublishedTrial | None, arms: Names | None
) -> tuple[dict[Side, CurvePoints], list[str]]:
    """Which curve is whose: as told, else by name, else in the order given, which is said."""
    curves = {curve.arm: curve for curve in found.curves}
    if arms:
        told: dict[Side, CurvePoints] = {
            side: _named(arms[side], found) for side in SIDES if side in _checked_sides(arms)
        }
        return told, []
    if len(curves) > 2:
        raise ArgumentError(
            "argument-invalid", f"{len(curves)} curves were found: {', '.join(curves)}", where="arms",
            hint="say whose they are, for example --arm experimental=NAME --arm control=NAME (or 1, 2 in order)",
        )  # fmt: skip
    known = {name.lower(): curve for name, curve in curves.items()}
    wanted = {side: [side, *([getattr(trial, side).label.lower()] if trial else [])] for side in SIDES}
    by_name = {side: next((known[name] for name in wanted[side] if name in known), None) for side in SIDES}
    if all(by_name[side] is not None for side in SIDES[: len(curves)]):
        matched: dict[Side, CurvePoints] = {side: curve for side in SIDES if (curve := by_name[side]) is not None}
        return matched, []
    ordered: dict[Side, CurvePoints] = dict(zip(SIDES, curves.values(), strict=False))
    said = "; ".join(f"{curve.arm} is taken as {side}" for side, curve in ordered.items()) + " (in the order given)"
    return ordered, [said] if len(ordered) > 1 else []


def _checked_sides(arms: Names) -> Names:
    strange = sorted(set(arms) - set(SIDES))
    if strange:
        raise ArgumentError(
            "argument-invalid", f"{strange[0]!r} is no side of a comparison", where="arms",
            hint=permitted(strange[0], SIDES),
        )  # fmt: skip
    return arms


def _named(name: str, found: FoundCurves) -> CurvePoints:
    if name.isdigit() and 1 <= int(name) <= len(found.curves):
        return found.curves[int(name) - 1]
    for curve in found.curves:
        if curve.arm.lower() == name.lower():
            return curve
    listed = "; ".join(f"{place}: {curve.arm}" for place, curve in enumerate(found.curves, 1))
    raise ArgumentError("argument-invalid", f"no curve is called {name!r}", where="arms", hint=f"curves: {listed}")


def _labels(chosen: Mapping[Side, CurvePoints], trial: PublishedTrial | None) -> dict[Side, str]:
    if trial is not None:
        return {side: getattr(trial, side).label for side in chosen}
    plain: dict[Side, str] = {side: points.arm for side, points in chosen.items()}
    colors = any(label.startswith("#") for label in plain.values())
    return {side: side.capitalize() for side in chosen} if colors else plain


def _of_side(given: int | Mapping[str, int] | None, side: Side, label: str) -> int | None:
    if not isinstance(given, Mapping):
        return None
    names = {str(name).lower(): value for name, value in given.items()}
    return names.get(side, names.get(label.lower()))


def _risk(
    side: Side, points: CurvePoints, label: str, trial: PublishedTrial | None, result: PublishedEndpoint | None,
    table: Mapping[str, tuple[np.ndarray, np.ndarray]], n: int | Mapping[str, int] | None,
) -> RiskNumbers:  # fmt: skip
    """Numbers at risk of an arm: from the file, else as published, else its size alone."""
    size = n if isinstance(n, int) else _of_side(n, side, label)
    for name in (side, label.lower(), points.arm.lower()):
        if name in table:
            times, counts = table[name]
            return risk_numbers(times, counts, n=_fallback(size, times, trial, side), arm=label)
    if table:
        raise ArgumentError(
            "argument-invalid", f"the numbers at risk name no arm {label!r}", where="at_risk",
            hint=f"arms of the file: {', '.join(table)}; expected: {side}, or {label}",
        )  # fmt: skip
    if result is not None and result.at_risk is not None and getattr(result.at_risk, side):
        times = np.asarray(result.at_risk.times, dtype=float)
        return risk_numbers(times, getattr(result.at_risk, side), n=_fallback(size, times, trial, side), arm=label)
    return risk_numbers([], [], n=_fallback(size, np.empty(0), trial, side), arm=label)


def _fallback(size: int | None, times: np.ndarray, trial: PublishedTrial | None, side: Side) -> int | None:
    """The arm's size as given; as randomized only where no number stands at time 0."""
    if size is not None or trial is None or (len(times) and times[0] == 0.0):
        return size
    return getattr(trial, side).randomized


def _with_total(
    built: dict[Side, CurveArm], result: PublishedEndpoint | None, events: int, unit: str
) -> tuple[dict[Side, CurveArm], PublishedEndpoint | None]:
    """A total of events: one arm's own, or both arms' together."""
    if len(built) == 1:
        ((side, arm),) = built.items()
        return {side: CurveArm(arm.label, arm.points, arm.risk, events)}, result
    patients = sum(arm.risk.n for arm in built.values())
    if not 0 <= events <= patients:
        raise DataError(
            "at-risk-invalid", f"{events} events among {patients} patients of both arms", where="events",
            reason="each patient has the event once or not at all", hint="check the arms' sizes and the events",
        )  # fmt: skip
    if result is None:
        bare = {"endpoint": "Reconstructed endpoint", "source": "given", "unit": unit}
        result = PublishedEndpoint.model_validate(bare)
    return built, result.model_copy(update={"events": events})


def render_reconstruction(found: Reconstruction, *, format: str = "svg", width_mm: float = 170.0) -> bytes:  # noqa: A002
    """The reconstructed curves over the published points."""
    from equipoise.reporting import render_result

    return bytes(render_result(found, format=format, width_mm=width_mm, kind="reconstruction"))


def write_reconstruction(
    found: Reconstruction, said: Sequence[str] = (), *, out: Path | None = None, force: bool = False,
    inputs: Sequence[object] = (),
) -> Path:  # fmt: skip
    """A folder: the patients (adtte, adsl as Parquet and XPT; patients.csv), results, the ensemble, a picture."""
    import polars as pl

    files = [Path(given) for given in inputs if isinstance(given, str | Path) and Path(given).is_file()]
    facts = Provenance(
        trial_id="RECONSTRUCTED", data_digest=digest_bytes(*(file.read_bytes() for file in files)),
        version=equipoise_version(), seed=found.seed,
    )  # fmt: skip
    journal = Journal(("write",))
    with new_folder(out, name="reconstruction", force=force, inputs=inputs) as (folder, target):
        with journal.step("write"):
            write_adam({"adtte": found.adtte(), "adsl": found.adsl()}, folder, study="RECONSTRUCTED")
            write_csv(found.patients(), folder / "patients.csv")
            ResultTable(found.figure_rows()).write(folder / "results.parquet", facts)
            (folder / "curves.svg").write_bytes(render_reconstruction(found))
            (folder / "read.txt").write_text("\n".join([*said, *found.notes, ""]), encoding="utf-8")
            if found.ensemble is not None:
                members = range(1, len(found.ensemble.members) + 1)
                parts = [found.patients(k).with_columns(member=pl.lit(k, dtype=pl.Int64)) for k in members]
                pl.concat(parts).write_parquet(folder / "ensemble.parquet")
        journal.write(folder, facts)
    return target

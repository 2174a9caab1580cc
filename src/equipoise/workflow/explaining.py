"""`equipoise explain`: one patient of a run, from the files of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError
from equipoise.frames.adam import read_adam
from equipoise.workflow.folders import new_file
from equipoise.workflow.lesion_files import RESPONSES
from equipoise.workflow.stages import DECISIONS

if TYPE_CHECKING:
    from equipoise.reporting.patient_story import PatientStory

_TOLD = ("adsl", "adrs", "adtr", "adtte", "adae", "lesions")
_PAGE_MM = 170.0


def explain(run: str | Path | Any, subject: str) -> PatientStory:
    """The story of one subject of a run.

    Arguments: a run's folder, a folder of ADaM files, or a result with `adam` tables (what `equipoise.run`, `demo` and
    `derive` return); the subject, by USUBJID or SUBJID.
    Raises DataError where the folder holds no ADaM, ArgumentError `argument-invalid` for an unknown subject.
    """
    from equipoise.reporting.patient_story import patient_story

    tables, decisions = _read(run)
    records = {name: tables[name].to_dicts() for name in _TOLD if name in tables}
    return patient_story(records, decisions, subject)


def write_picture(story: PatientStory, out: Path, *, force: bool = False, run: str | Path = "") -> Path:
    """The picture of a story as an SVG or PNG file. Raises ArgumentError `argument-invalid` for another ending."""
    from equipoise.reporting.figures.canvas import drawn_bytes
    from equipoise.reporting.figures.patient import patient_sheet

    form = out.suffix.lower().removeprefix(".")
    if form not in ("svg", "png"):
        raise ArgumentError(
            "argument-invalid",
            f"{out} does not end in .svg or .png",
            where="--out",
            hint=f"name {out.with_suffix('.svg').name or 'patient.svg'}",
        )
    sheet = patient_sheet(story, f"Source: run {Path(run).name}" if run else "")
    content = drawn_bytes(lambda: (sheet.compose(_PAGE_MM), sheet.title, sheet.alternative), form)
    with new_file(out, force=force, inputs=(run,), private=True) as partial:
        partial.write_bytes(content)
    return out


def _read(run: Any) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    if isinstance(run, str | Path):
        folder = Path(run)
        adam = folder / "adam" if (folder / "adam").is_dir() else folder
        return {**read_adam(adam).tables, **_lesions(adam)}, _decisions(folder)
    adam = getattr(run, "adam", run)
    tables = getattr(adam, "tables", adam)
    decisions = getattr(run, "decisions", None) or getattr(adam, "decisions", None)
    if not isinstance(tables, Mapping) or "adsl" not in tables:
        raise ArgumentError(
            "argument-invalid",
            f"{type(run).__name__} holds no analysis data",
            where="run",
            hint="give a run's folder, a folder of ADaM files, or what equipoise.run or equipoise.derive returned",
        )
    lesions = getattr(adam, "lesion_responses", None)
    computed = {"lesions": lesions} if lesions is not None else {}
    return {**tables, **computed}, decisions.to_frame().to_dicts() if decisions is not None else []


def _lesions(folder: Path) -> dict[str, Any]:
    """The responses computed from lesions, where the folder holds them."""
    import polars as pl

    file = folder / RESPONSES
    return {"lesions": pl.read_parquet(file)} if file.is_file() else {}


def _decisions(folder: Path) -> list[dict[str, Any]]:
    """The decision log beside the data, every value as text; none where none was written."""
    import csv

    file = folder / DECISIONS
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as text:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(text)]

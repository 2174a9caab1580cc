"""An audit as one HTML page: the outcome, its picture, then every check with its arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from equipoise.frames.results import ResultRow
from equipoise.reporting.figures.audit import FIGURES
from equipoise.reporting.figures.canvas import drawn_bytes, inline_svg
from equipoise.reporting.palette import FLAG, PAPER, RULE, SECONDARY, TEXT
from equipoise.reporting.words_of_checks import MARKS, NOT_AN_ACCUSATION, check_name

_PAGE_MM, _PHONE_MM = 165.0, 85.0
_COLORS = {"inconsistent": FLAG, "note": "#9A6700", "unresolved": "#9A6700", "consistent": SECONDARY,
           "not-checked": SECONDARY}  # fmt: skip


def render_audit_page(record: Mapping[str, Any], rows: Iterable[ResultRow], *, version: str) -> str:
    """The page as text; it needs no script and no network.

    Arguments: an audit's `to_dict()` (trial, identifiers, sources, status, headline, findings) and its rows, from which
    the picture is drawn; the version of the software.
    """
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("equipoise.reporting", "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    subjects: dict[str, list[Mapping[str, Any]]] = {}
    for finding in record["findings"]:
        subjects.setdefault(finding["subject"], []).append(finding)
    return environment.get_template("audit.html.j2").render(
        record=record,
        subjects=subjects,
        found=[
            finding for finding in record["findings"] if finding["status"] in ("inconsistent", "note", "unresolved")
        ],
        pictures=_pictures(list(rows)),
        check_name=check_name,
        marks=MARKS,
        colors={"text": TEXT, "secondary": SECONDARY, "rule": RULE, "paper": PAPER},
        flags=_COLORS,
        caution=NOT_AN_ACCUSATION,
        version=version,
    )


def _pictures(rows: list[ResultRow]) -> list[tuple[str, str]]:
    """The picture for a page and for a phone, as inline SVG by the class of its place; none without an interval."""
    kind = FIGURES[0]
    part = kind.part(rows)
    if not part:
        return []
    sheet = kind.collect(part)

    def drawn(width_mm: float) -> bytes:
        return drawn_bytes(lambda: (sheet.compose(width_mm), sheet.title, sheet.alternative), "svg")

    return [(place, inline_svg(drawn(width), place)) for place, width in (("wide", _PAGE_MM), ("narrow", _PHONE_MM))]

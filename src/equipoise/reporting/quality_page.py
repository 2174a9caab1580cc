"""The data-quality report as one HTML page: counts first, then every check with its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from equipoise.provenance import Provenance
from equipoise.reporting.palette import PAPER, RULE, SECONDARY, TEXT

SHOWN_CASES = 200
_FLAGS = {"error": ("#B42318", "✕"), "warning": ("#9A6700", "▲"), "note": (SECONDARY, "○")}


def render_quality_page(
    headline: str,
    summary: Sequence[Mapping[str, Any]],
    findings: Iterable[Mapping[str, Any]],
    provenance: Provenance,
    *,
    beside: str,
) -> str:
    """The page as text; it needs no script and no network.

    Arguments: the line that sums up; one mapping per severity, code and domain (findings, subjects, looks_for); the
    findings in the same order (severity, code, domain, USUBJID, sequence, values, sentence), of which the first
    `SHOWN_CASES` of each check and domain are on the page, with the count of the others; what was checked; `beside`,
    the file that holds every finding.
    """
    from jinja2 import Environment, PackageLoader, select_autoescape

    environment = Environment(
        loader=PackageLoader("equipoise.reporting", "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cases: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for finding in findings:
        shown = cases.setdefault(_place(finding), [])
        if len(shown) < SHOWN_CASES:
            shown.append(finding)
    return environment.get_template("quality.html.j2").render(
        headline=headline,
        groups=[{**group, "cases": cases.get(_place(group), [])} for group in summary],
        provenance=provenance,
        beside=beside,
        flags=_FLAGS,
        colors={"text": TEXT, "secondary": SECONDARY, "rule": RULE, "paper": PAPER},
    )


def _place(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return record["severity"], record["code"], record["domain"]

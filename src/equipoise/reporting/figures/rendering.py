"""The public figures of an analysis: from a trial and its result rows to SVG or PNG bytes."""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.errors import ArgumentError
from equipoise.frames.results import ResultRow
from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.abstract import contrast_pieces, primary_sentences, sentence_text
from equipoise.reporting.figures.canvas import check_format, drawn_bytes
from equipoise.reporting.figures.curves import Curve, CurveSet, at_risk_texts, curve_points, events_text, median_text
from equipoise.reporting.figures.kaplan_meier import kaplan_meier_canvas
from equipoise.reporting.formatting import confidence_text, date_text, lower_first, p_text, short_digest
from equipoise.reporting.lookup import Rows, with_interval
from equipoise.reporting.palette import arm_place


def render_kaplan_meier(
    trial: Trial,
    results: Iterable[ResultRow],
    analysis_id: str,
    *,
    width_mm: float = 170.0,
    format: str = "svg",  # noqa: A002 - the word matplotlib uses
    provenance: Provenance | None = None,
    show_censored: bool = False,
) -> bytes:
    """The Kaplan-Meier figure of a planned analysis, with its number-at-risk table.

    Arguments: the trial; its result rows; the planned analysis; the width in millimeters (85 for a column, 170 for a
    page); "svg" or "png" (300 dots per inch); where the data came from, for the source line; and whether the
    cumulative number censored stands beside the number at risk. Returns the file's bytes, equal on every machine.
    Raises `argument-invalid` for an unknown format also where the analysis has no curve.
    """
    check_format(format)
    rows = results if isinstance(results, Rows) else Rows(results)
    curves = collected_curves(trial, rows, analysis_id, provenance)
    return drawn_bytes(
        lambda: (kaplan_meier_canvas(curves, width_mm, show_censored=show_censored), curves.title, curves.alternative),
        format,
    )


def collected_curves(trial: Trial, rows: Rows, analysis_id: str, provenance: Provenance | None) -> CurveSet:
    """Everything the figure of an analysis shows. Raises `argument-invalid` where the analysis has no curve."""
    analysis = trial.analysis(analysis_id)
    curves = tuple(curve for arm in trial.arms if (curve := _curve(trial, rows, analysis, arm.id)).points)
    if not curves:
        raise ArgumentError(
            "argument-invalid",
            f"the results hold no Kaplan-Meier curve for analysis {analysis_id!r}",
            hint=f"analyses with a curve: {', '.join(_with_curve(rows)) or 'none'}",
        )
    unit = next((row.at_unit for row in rows.part(analysis_id, "curve") if row.at_unit), "months")
    endpoint = wording.endpoint_of(trial, analysis)
    level = analysis.curve.conf_level if analysis.curve else 0.95
    start = wording.start_phrase(trial, analysis)
    return CurveSet(
        title=endpoint.label,
        subtitle=_subtitle(trial, analysis, provenance),
        axis=f"{unit.capitalize()} since {start}" if start else f"Time, {unit}",
        unit=unit,
        curves=curves,
        ticks=tuple(rows.times(analysis_id, "at-risk")),
        median_head=f"Median ({confidence_text(level)}), {unit}",
        ratio_head=f"HR ({confidence_text(wording.conf_level(analysis))})",
        statements=tuple(_statements(trial, rows, analysis)),
        source=source_line(provenance),
        alternative=alternative_text(trial, rows, analysis),
    )


def _curve(trial: Trial, rows: Rows, analysis: Analysis, arm_id: str) -> Curve:
    group = ("arm", arm_id)
    median, median_at = median_text(rows, analysis.id, group)
    ratio = with_interval(
        *(rows.ratio(analysis.id, s, arm_id, trial.control.id) for s in ("estimate", "conf_low", "conf_high"))
    )
    return Curve(
        id=arm_id,
        label=trial.arm(arm_id).label,
        place=arm_place(trial, arm_id),
        points=curve_points(rows, analysis.id, group),
        at_risk=at_risk_texts(rows, analysis.id, group, "n_risk"),
        censored=at_risk_texts(rows, analysis.id, group, "n_censor_cumulative"),
        events=events_text(rows, analysis.id, group),
        median=median,
        median_at=median_at,
        ratio=ratio.text if ratio else "reference",
    )


def _subtitle(trial: Trial, analysis: Analysis, provenance: Provenance | None) -> str:
    level = analysis.curve.conf_level if analysis.curve else 0.95
    where = wording.set_phrase(trial, analysis)
    synthetic = "Synthetic data. " if provenance is not None and provenance.synthetic else ""
    band = confidence_text(level).replace(" CI", "")
    return f"{synthetic}Kaplan\u2013Meier estimates with {band} confidence bands; {where}; ticks: censored patients"


def _statements(trial: Trial, rows: Rows, analysis: Analysis) -> list[str]:
    """The lines under the inset table: hazard ratio for two arms, P value always."""
    said = []
    if len(trial.arms) == 2:
        parts = [
            rows.ratio(analysis.id, s, trial.experimental[0].id, trial.control.id)
            for s in ("estimate", "conf_low", "conf_high")
        ]
        ratio = with_interval(*parts)
        if ratio:
            level = confidence_text(wording.conf_level(analysis))
            said.append(f"Hazard ratio ({level}), {ratio.text}")
    p_value = rows.get(analysis.id, "logrank", "p_value")
    if p_value is not None and p_value.value is not None:
        described = ", descriptive" if analysis.role != "primary" else ""
        between = " of all arms" if len(trial.arms) > 2 else ""
        words = wording.test_phrase(trial, analysis) or "log-rank test"
        said.append(f"{p_text(p_value.value)}, {words}{between}{described}")
    return said


def alternative_text(trial: Trial, rows: Rows, analysis: Analysis) -> str:
    """What the figure shows, for those who do not see it: the result in words."""
    endpoint = wording.endpoint_of(trial, analysis)
    sentences = [sentence_text(s) for s in primary_sentences(trial, rows, analysis) if s]
    if not sentences:
        sentences = [sentence_text(contrast_pieces(trial, rows, analysis))]
    return f"Kaplan-Meier curves of {lower_first(endpoint.label)} by arm. " + " ".join(sentences)


def source_line(provenance: Provenance | None) -> str:
    """Data digest, cutoff and software version, for the foot of a figure."""
    if provenance is None:
        return ""
    parts = [f"Source: data {short_digest(provenance.data_digest)}" if provenance.data_digest else "Source: data"]
    if provenance.cutoff:
        parts.append(f"cutoff {date_text(provenance.cutoff)}")
    parts.append(f"equipoise {provenance.version}")
    if provenance.synthetic:
        parts.append("SYNTHETIC DATA")
    return " \u00b7 ".join(parts)


def _with_curve(rows: Rows) -> list[str]:
    return list(dict.fromkeys(row.analysis for row in rows if row.parameter == "curve"))

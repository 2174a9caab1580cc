"""Result rows become tables, figures, documents. Never computes a statistic."""

from equipoise.reporting.abstract import abstract_text
from equipoise.reporting.figures.files import render_figures
from equipoise.reporting.figures.forest import render_forest
from equipoise.reporting.figures.rendering import render_kaplan_meier
from equipoise.reporting.plots import Drawing, render_result
from equipoise.reporting.report import render_report
from equipoise.reporting.terminal import print_summary, render_summary

__all__ = [
    "Drawing",
    "abstract_text",
    "print_summary",
    "render_figures",
    "render_forest",
    "render_kaplan_meier",
    "render_report",
    "render_result",
    "render_summary",
]

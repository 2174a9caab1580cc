"""The public names of the room; the room itself loads them when one is asked for."""

from equipoise.reporting.abstract import abstract_text
from equipoise.reporting.figures.consort import render_flow
from equipoise.reporting.figures.files import render_figures
from equipoise.reporting.figures.forest import render_forest
from equipoise.reporting.figures.rendering import render_kaplan_meier
from equipoise.reporting.plots import Drawing, render_result
from equipoise.reporting.report import render_report
from equipoise.reporting.simulated import simulated_text
from equipoise.reporting.terminal import print_summary, render_summary

"""Whole journeys that leave a run folder. Computes nothing."""

from equipoise.workflow.journeys import Run, demo, run_trial
from equipoise.workflow.stages import analyze_trial, derive_trial, report_trial, synthesize_trial

__all__ = ["Run", "analyze_trial", "demo", "derive_trial", "report_trial", "run_trial", "synthesize_trial"]

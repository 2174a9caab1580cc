"""The trial as data: arms, strata, eligibility, endpoints, estimands, analyses, assumptions."""

from equipoise.protocol.expressions import Expression, parse_expression
from equipoise.protocol.loading import TrialFile, builtin_names, builtin_text, load_trial, parse_trial, read_trial_file
from equipoise.protocol.schema import render_schema, trial_schema
from equipoise.protocol.synopsis import synopsis
from equipoise.protocol.trial import Trial

__all__ = [
    "Expression",
    "Trial",
    "TrialFile",
    "builtin_names",
    "builtin_text",
    "load_trial",
    "parse_expression",
    "parse_trial",
    "read_trial_file",
    "render_schema",
    "synopsis",
    "trial_schema",
]

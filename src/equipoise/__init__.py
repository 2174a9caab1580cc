"""equipoise: randomized time-to-event trials from protocol to result.

    import equipoise as eq

    trial = eq.load("palmira")          # a built-in trial, or a path to a trial file
    run = eq.run(trial, sdtm="sdtm/")   # derive, analyze, report
    print(run.results)

Each verb is a function here, a command of `equipoise` and one documented result. Rooms (`equipoise.analysis`,
`equipoise.protocol`, ...) hold what the verbs are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.derivation import AdamSet
    from equipoise.frames.results import Result, ResultTable
    from equipoise.protocol import Trial
    from equipoise.simulation import Synthetic
    from equipoise.workflow import Run

__all__ = ["analyze", "demo", "derive", "load", "plot", "report", "run", "starter", "synthesize"]


def load(trial: str | Path) -> Trial:
    """The trial of a trial file, or a built-in one by name ("palmira", "gbsg2").

    Raises TrialFileError with every fault of the file, each with its line and what would be right.

    >>> load("palmira").trial.enrollment.value
    198
    """
    from equipoise.protocol import load_trial

    return load_trial(trial)


def starter() -> str:
    """The text of a commented starter trial file.

    >>> starter().splitlines()[0]
    '# A starter trial file. Change what is here; `equipoise check trial.yaml` says what is wrong, line by line.'
    """
    from equipoise.protocol import builtin_text

    return builtin_text("starter")


def demo(*, seed: int | None = None, out: str | Path | None = None, force: bool = False) -> Run:
    """The whole journey on the built-in PALMIRA, from its file to a report, in one run folder.

    Arguments: the seed of the synthetic patients (0 to 2**48 - 1; the demo's own where none is given); the folder
    (runs/palmira-001, -002, ... where none is given); whether to replace a folder that equipoise made.
    """
    from equipoise import workflow
    from equipoise.workflow.stages import DEFAULT_SEED

    return workflow.demo(seed=DEFAULT_SEED if seed is None else seed, out=out, force=force)


def synthesize(
    trial: str | Path | Trial, *, seed: int | None = None, scenario: str | None = None, replicate: int = 0
) -> Synthetic:
    """A synthetic SDTM data set of the trial, with its truth kept aside.

    Arguments: a trial, path or built-in name; the seed (0 to 2**48 - 1); a scenario of the trial file (the default for
    `synthesize` where none is given); the replicate of that seed.
    Returns an object with `.sdtm` and `.truth` (tables by name) and `.cutoff` (date).
    """
    from equipoise import workflow
    from equipoise.workflow.stages import DEFAULT_SEED

    seed = DEFAULT_SEED if seed is None else seed
    return workflow.synthesize_trial(trial, seed=seed, scenario=scenario, replicate=replicate)[0]


def derive(
    trial: str | Path | Trial | None = None,
    *,
    sdtm: str | Path | Mapping[str, Any],
    profile: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> AdamSet:
    """ADSL, ADRS, ADTR, ADTTE and ADAE from SDTM, each row traced, with a log of every decision.

    Arguments: a trial (or None, with a conventions profile such as "admiral"); a folder of SDTM files, or tables by
    domain (pandas, polars or Arrow); which file holds a domain, where names do not say; constants of the profile to
    set otherwise.
    """
    from equipoise import workflow

    return workflow.derive_trial(trial, sdtm=sdtm, profile=profile, mapping=mapping, overrides=overrides).adam


def analyze(trial: str | Path | Trial, *, adam: str | Path | AdamSet | Mapping[str, Any] | None = None) -> ResultTable:
    """Every planned analysis of the trial as result rows.

    Arguments: a trial, path or built-in name; a folder of ADaM files, the result of `derive`, or tables by name.
    Without `adam`, a study that names a public data set (gbsg2) loads it.
    """
    from equipoise import workflow

    return workflow.analyze_trial(trial, adam=adam).results


def report(trial: str | Path | Trial, *, results: str | Path | ResultTable) -> str:
    """The report of a trial's results as one self-contained HTML document.

    Arguments: a trial, path or built-in name; result rows, or the path of the results.parquet of a run.
    """
    from equipoise import workflow

    return workflow.report_trial(trial, results=results)


def run(
    trial: str | Path | Trial,
    *,
    sdtm: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    force: bool = False,
    mapping: Mapping[str, str] | None = None,
) -> Run:
    """Derive, analyze and report given SDTM into one run folder (runs/<trial>-001, ... where `out` is not given).

    The result's `.results` are the rows, `.report` the path of the report, `.abstract` the result in a sentence.
    """
    from equipoise import workflow

    return workflow.run_trial(trial, sdtm=sdtm, out=out, force=force, mapping=mapping)


def plot(result: Result, *, format: str = "svg") -> Any:  # noqa: A002 - the word matplotlib and IPython use
    """A result drawn where people would rather look than read; shows itself in a notebook.

    Arguments: result rows or a result object that holds Kaplan-Meier curves; "svg" or "png".
    """
    from equipoise.reporting import render_result

    return render_result(result, format=format)

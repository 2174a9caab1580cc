"""equipoise: randomized time-to-event trials from protocol to result.

    import equipoise as eq

    trial = eq.load("palmira")          # a built-in trial, or a path to a trial file
    run = eq.run(trial, sdtm="sdtm/")   # derive, analyze, report
    print(run.results)

Each verb is a function here, a command of `equipoise` and one documented result. Rooms (`equipoise.analysis`,
`equipoise.protocol`, ...) hold what the verbs are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from equipoise.derivation import AdamSet
    from equipoise.design.trial_design import TrialDesign
    from equipoise.evidence import (
        Assurance,
        Audit,
        Audits,
        PooledEffect,
        PooledPatients,
        PublishedTrial,
        Reconstruction,
    )
    from equipoise.frames.results import Result, ResultTable
    from equipoise.protocol import Trial
    from equipoise.randomization import AllocationList
    from equipoise.reporting.patient_story import PatientStory
    from equipoise.simulation import OperatingCharacteristics, SimulatedPower, Synthetic
    from equipoise.simulation.trial_procedures import TrialAssessment
    from equipoise.workflow.journeys import Run
    from equipoise.workflow.warming import Warmth

__all__ = [
    "analyze",
    "assurance",
    "audit",
    "demo",
    "derive",
    "draw_trial",
    "explain",
    "load",
    "plan",
    "plot",
    "pool",
    "randomize",
    "reconstruct",
    "report",
    "run",
    "simulate",
    "starter",
    "synthesize",
    "warm",
]


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
    from equipoise.workflow.journeys import demo as run_demo
    from equipoise.workflow.stages import DEFAULT_SEED

    return run_demo(seed=DEFAULT_SEED if seed is None else seed, out=out, force=force)


def plan(trial: str | Path | Trial, *, scenario: str | None = None, arm: str | None = None) -> TrialDesign:
    """The design that a trial's assumptions describe: events, power, dates, bounds, and how fragile they are.

    Arguments: a trial, path or built-in name; a scenario of the trial file (its default for `design` where none is
    given); the experimental arm compared with the control arm (the first where none is given).
    The result's `.text()` are paragraphs for a protocol, `.code()` the Python that makes it again.

    >>> [test.events_up for test in plan("palmira").requirement]
    [127, 111]
    """
    from equipoise.workflow.planning import plan_trial

    return plan_trial(trial, scenario=scenario, arm=arm)


def randomize(
    trial: str | Path | Trial,
    *,
    assess: bool = False,
    seed: int | None = None,
    n: int | None = None,
    split: Mapping[str, int] | None = None,
    scenario: str | None = None,
) -> AllocationList | TrialAssessment:
    """The allocation list of a trial, or with `assess` its method compared with the alternatives.

    Arguments: a trial, path or built-in name; `seed`, 0 to 2**48 - 1, without which a list has no way to be drawn again
    (of an assessment, the seed of what is simulated: 1); `n`, allocations in each stratum or patients assessed (the
    enrollment where not given). For an assessment: `split`, patients by arm whose probability is asked; a scenario of
    the trial file that says how common the strata are.
    Raises ArgumentError `argument-invalid` for a list without a seed.

    >>> randomize("palmira", seed=7, n=6).digest[:12]
    '63d81ce7bcde'
    """
    from equipoise.workflow.allocation import assess_allocation, list_allocations

    if assess:
        return assess_allocation(trial, n=n, scenario=scenario, split=split, seed=1 if seed is None else seed)
    if seed is None:
        from equipoise.errors import ArgumentError

        raise ArgumentError(
            "argument-invalid",
            "an allocation list needs a seed",
            where="seed",
            reason="without it the list can neither be drawn again nor proven",
            hint="draw one with secrets.randbelow(2**48) and keep it where no investigator can read it",
        )
    return list_allocations(trial, seed=seed, n=n)


def simulate(
    trial: str | Path | Trial,
    *,
    trials: int | None = None,
    seed: int = 1,
    scenario: str | None = None,
    hazard_ratio: float | None = None,
    until_se: float | None = None,
    threads: int | None = None,
    grid: Sequence[float | str] | None = None,
    yes: bool = False,
    scheduler: str | None = None,
    engine: str = "auto",
    scans: bool = False,
    further: bool = False,
    keep_bounds: bool = False,
) -> OperatingCharacteristics | SimulatedPower:
    """The operating characteristics of a trial's design, from many whole simulated trials, or its power over a grid.

    Arguments: a trial, path or built-in name; how many trials (100,000 where neither this nor `until_se` is given; of a
    grid, at each point); the seed, 0 to 2**48 - 1; a scenario of the trial file (its default for `simulate`); a hazard
    ratio in place of the scenario's effect (1: the size of the test); `until_se`, the Monte-Carlo standard error of the
    rejection rate to stop at; threads, all cores where not given; `grid`, hazard ratios or scenarios of the trial file
    by their ids, with `yes` where it takes hours; `scheduler`, the address of a Dask scheduler whose workers do the
    work; `engine` as of `simulation.simulate`; `scans`, whether events are seen only at the next scan of the file's
    schedule; `further`, whether its further tests, rates and restricted means are measured too; `keep_bounds`, whether
    the bounds of the plan hold whatever events the looks find. The same seed gives the same bits for any number of
    threads and workers.

    >>> round(simulate("palmira", trials=2000, seed=1).rejection_rate, 2)
    0.87
    >>> power = simulate("palmira", trials=2000, seed=1, grid=[0.5, 1.0])
    >>> round(power[0.5].rejection_rate, 2)
    0.99
    """
    from equipoise.workflow.simulating import simulate_power, simulate_trial

    if grid is not None:
        if until_se is not None or hazard_ratio is not None:
            from equipoise.errors import ArgumentError

            message = "until_se and hazard_ratio have no meaning beside a grid"
            raise ArgumentError("argument-invalid", message, where="grid")
        found, _ = simulate_power(
            trial, grid=grid, trials=100_000 if trials is None else trials, seed=seed, scenario=scenario,
            threads=threads, yes=yes, scheduler=scheduler, engine=engine, scans=scans, further=further,
            keep_bounds=keep_bounds,
        )  # fmt: skip
        return found
    found, _ = simulate_trial(
        trial,
        trials=100_000 if trials is None and until_se is None else trials,
        seed=seed,
        scenario=scenario,
        hazard_ratio=hazard_ratio,
        until_se=until_se,
        threads=threads,
        scheduler=scheduler,
        engine=engine,
        scans=scans,
        further=further,
        keep_bounds=keep_bounds,
    )
    return found


def draw_trial(
    trial: str | Path | Trial,
    *,
    seed: int,
    index: int,
    look: int | None = None,
    scenario: str | None = None,
    hazard_ratio: float | None = None,
    scans: bool = False,
) -> Any:
    """The patients of one simulated trial: number `index` of a seed, as `simulate` drew it.

    Arguments: a trial, path or built-in name; the seed, 0 to 2**48 - 1; the number of the trial, from 0; `look`, from
    1: the data as they stand at that look, without it everything that will ever happen; scenario, hazard ratio and
    scans as of `simulate`. Returns a polars data frame; its columns are described at `simulation.draw_trial`.

    >>> int(draw_trial("palmira", seed=1, index=731_204, look=1)["event"].sum())
    155
    """
    from equipoise.workflow.simulating import draw_one_trial

    return draw_one_trial(
        trial, seed=seed, index=index, look=look, scenario=scenario, hazard_ratio=hazard_ratio, scans=scans
    )


def synthesize(
    trial: str | Path | Trial, *, seed: int | None = None, scenario: str | None = None, replicate: int = 0
) -> Synthetic:
    """A synthetic SDTM data set of the trial, with its truth kept aside.

    Arguments: a trial, path or built-in name; the seed (0 to 2**48 - 1); a scenario of the trial file (the default for
    `synthesize` where none is given); the replicate of that seed.
    Returns an object with `.sdtm` and `.truth` (tables by name) and `.cutoff` (date).
    """
    from equipoise.workflow.stages import DEFAULT_SEED, synthesize_trial

    seed = DEFAULT_SEED if seed is None else seed
    return synthesize_trial(trial, seed=seed, scenario=scenario, replicate=replicate)[0]


def derive(
    trial: str | Path | Trial | None = None,
    *,
    sdtm: str | Path | Mapping[str, Any],
    profile: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    cutoff: str | None = None,
) -> AdamSet:
    """ADSL, ADRS, ADTR, ADTTE and ADAE (ADLB where graded) from SDTM, each row traced, with a log of every decision.

    Arguments: a trial (or None, with a conventions profile such as "admiral"); a folder of SDTM files, or tables by
    domain (pandas, polars or Arrow); which file holds a domain, where names do not say; constants of the profile to
    set otherwise; the data cutoff in place of the data's own, an ISO date or the id of a look that states its own.
    """
    from equipoise.workflow.stages import derive_trial

    return derive_trial(trial, sdtm=sdtm, profile=profile, mapping=mapping, overrides=overrides, cutoff=cutoff).adam


def analyze(trial: str | Path | Trial, *, adam: str | Path | AdamSet | Mapping[str, Any] | None = None) -> ResultTable:
    """Every planned analysis of the trial as result rows.

    Arguments: a trial, path or built-in name; a folder of ADaM files, the result of `derive`, or tables by name.
    Without `adam`, a study that names a public data set (gbsg2) loads it.
    """
    from equipoise.workflow.stages import analyze_trial

    return analyze_trial(trial, adam=adam).results


def report(trial: str | Path | Trial, *, results: str | Path | ResultTable) -> str:
    """The report of a trial's results as one self-contained HTML document.

    Arguments: a trial, path or built-in name; result rows, or the path of the results.parquet of a run.
    """
    from equipoise.workflow.stages import report_trial

    return report_trial(trial, results=results)


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
    from equipoise.workflow.journeys import run_trial

    return run_trial(trial, sdtm=sdtm, out=out, force=force, mapping=mapping)


def explain(run: str | Path | Run | AdamSet, subject: str) -> PatientStory:
    """One patient's story: assessments, sums, responses, endpoints, and the rule and record behind each.

    Arguments: a run's folder, a folder of ADaM files, or what `run`, `demo` and `derive` return; the subject, by
    USUBJID or SUBJID. Raises `argument-invalid` for a subject that is not there, naming the nearest.
    """
    from equipoise.workflow.explaining import explain as tell

    return tell(run, subject)


def reconstruct(
    curves: Any,
    *,
    at_risk: Any = None,
    n: int | Mapping[str, int] | None = None,
    events: int | Mapping[str, int] | None = None,
    published: str | Path | PublishedTrial | None = None,
    endpoint: str | None = None,
    arms: Mapping[str, str] | None = None,
    unit: str = "months",
    scale: str = "auto",
    error: float | None = None,
    x_axis: Sequence[float] | None = None,
    y_axis: Sequence[float] | None = None,
    page: int = 1,
    method: str = "constrained",
    ensemble: int = 0,
    tau: float | None = None,
    seed: int = 1,
) -> Reconstruction:
    """Patient-level data from published curves, meeting what else was printed, with how close they come.

    Arguments: `curves`: a table of clicked points (file or data frame: time, survival, arm), one for each arm, or a
    vector figure (SVG, PDF); `at_risk`: a table of numbers at risk (time and a column for each arm, or time, arm,
    n); `n` and `events`: of both arms alike and in total, or by arm; `published`: a published-result file or
    example, whose result `endpoint` the curve shows; `arms`: whose a curve is, as {"experimental": name, "control":
    name}; `unit` of all times: days, weeks, months, years; `scale` of heights: auto, share, percent; `error`:
    digitization error of a clicked height, share of 1 (0.004 where not given); `x_axis`, `y_axis`: the values at
    the first and the last tick of a figure whose labels are no text; `page` of a PDF; `method`: constrained or
    guyot; `ensemble`, `tau`, `seed`: as of `evidence.reconstruct_curves`.
    Returns a `Reconstruction`: `.adtte()` and `.patients()` are tables, `.met` the printed numbers met or not.
    Raises DataError `curve-rises`, `axis-misset`, `at-risk-invalid`, `figure-unreadable` and those of tables;
    ArgumentError `argument-invalid`.
    """
    from equipoise.workflow.reconstructing import reconstruct_files

    reading = {"scale": scale, "error": error, "x_axis": x_axis, "y_axis": y_axis, "page": page}
    found, _ = reconstruct_files(
        curves, at_risk=at_risk, n=n, events=events, published=published, endpoint=endpoint, arms=arms, unit=unit,
        reading=reading, method=method, ensemble=ensemble, tau=tau, seed=seed,
    )  # fmt: skip
    return found


def audit(published: str | Path | PublishedTrial | Any, *, deep: bool | None = None) -> Audit | Audits:
    """A published time-to-event result checked against itself.

    Arguments: a published-result file (YAML, JSON), an example by name ("palmira"), or a `PublishedTrial`; a folder
    or table (.csv, .parquet, data frame) of many. `deep`: whether to search for a data set that has all the
    numbers; None: only after a flag, and for one trial only. The result's `.status` is "consistent", "note" or
    "inconsistent", its `.findings` the checks with their arithmetic, what was allowed, and the mildest reading that
    reconciles the numbers.
    Raises PublishedFileError with every fault of the file, each with its line and what would be right.

    >>> found = audit("palmira", deep=False)
    >>> found.flagged[0].said
    'an interval so narrow needs at least 251 events, more than 198 randomized patients, an event in each'
    """
    from equipoise.workflow.auditing import audit_published

    return audit_published(published, deep=deep)


def plot(
    result: Result,
    *,
    kind: str | None = None,
    format: str = "svg",  # noqa: A002 - the word matplotlib and IPython use
    width_mm: float = 170.0,
) -> Any:
    """A result drawn where people would rather look than read; shows itself in a notebook.

    Arguments: a result object, a table of result rows, or rows; which figure, where the rows hold several (by default
    the first of docs/figures.md that there is); "svg" or "png"; the width in millimeters (85 for a column, 170 for a
    page). Raises `argument-invalid` where there is nothing to draw, naming what there is.
    """
    from equipoise.reporting import render_result

    return render_result(result, format=format, width_mm=width_mm, kind=kind)


def pool(
    trials: Any,
    *,
    endpoint: str | None = None,
    method: str = "reml",
    interval: str = "normal",
    prediction: str = "k-2",
    level: float = 0.95,
    reference: Any = None,
    tau: float | None = None,
    time_unit: str | None = None,
) -> PooledEffect | PooledPatients:
    """Trials pooled: one effect, how far they differ, what a next trial may have, and each trial left out in turn.

    Arguments: `trials`, a table (.csv, .parquet, or a data frame) or pool file (.yaml, .json), a shipped pool by name
    ("after-cdk46"), or a list of published-result files, of rows as mappings, or of `evidence.StudyEffect`; or
    patient-level data with columns time, event, arm and trial, whose control arm is `reference`, with `tau` the end of
    the window of restricted means and their `time_unit`. `endpoint`: the result to take, by its name or the beginning
    of it. `method`, "fixed", "dersimonian-laird", "reml" or "paule-mandel"; `interval`, "normal", "hartung-knapp" or
    "hartung-knapp-adhoc"; `prediction`, "k-2", "k-1" or "normal"; `level`: see docs/methods/pooling.md.
    Raises PublishedFileError with every row that cannot be pooled, and why.

    >>> found = pool("after-cdk46", method="dersimonian-laird")
    >>> [round(value, 3) for value in (found.estimate, found.lower, found.upper)]
    [0.795, 0.642, 0.985]
    """
    from equipoise.workflow.pooling import pool_trials

    found, _ = pool_trials(
        trials, endpoint=endpoint, method=method, interval=interval, prediction=prediction, level=level,
        reference=reference, tau=tau, time_unit=time_unit,
    )  # fmt: skip
    return found


def assurance(
    evidence: PooledEffect | PooledPatients | tuple[float, float],
    trial: Any = None,
    *,
    events: float | None = None,
    target: float | None = None,
    alpha: float | None = None,
    sides: int | None = None,
    ratio: float | tuple[float, float] | None = None,
    basis: str = "new-trial",
    level: float = 0.95,
    scenario: str | None = None,
) -> Assurance:
    """The probability that a next trial succeeds, given what was pooled; or the events at which it is large enough.

    Arguments: `evidence`, what `pool` returned, or a normal prior of the log hazard ratio as (hazard ratio, standard
    deviation of its logarithm); `trial`, a trial file or built-in name with its `scenario`, or a design of
    `equipoise.design`; or a number of `events` with `alpha`, `sides` and `ratio`; `target`, an assurance for which the
    events are solved; `basis`, "new-trial" or "common"; `level` of the predictive intervals.

    >>> round(assurance(pool("after-cdk46"), "palmira").assurance, 2)
    0.33
    """
    from equipoise.workflow.pooling import assure

    return assure(
        evidence, trial, events=events, target=target, alpha=alpha, sides=sides, ratio=ratio, basis=basis, level=level,
        scenario=scenario,
    )  # fmt: skip


def warm(parts: Sequence[str] = ()) -> Warmth:
    """Compiles ahead, once for this processor, what is otherwise compiled when it is first needed.

    Arguments: `parts`, of simulation, general-simulation, randomization, design, survival, cox, rerandomization; all
    where none is given. Returns a `Warmth`: what was compiled and in what time (nothing where all was in the cache),
    and the folder of the cache, which is `NUMBA_CACHE_DIR` where that is set. Raises ArgumentError `argument-invalid`
    for another part.
    """
    from equipoise.workflow.warming import warm_parts

    return warm_parts(tuple(parts))

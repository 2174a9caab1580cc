"""Single stages of the journey, each from inputs in any form to one product with its provenance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import ArgumentError
from equipoise.frames.adam import AdamData, read_adam
from equipoise.frames.decisions import DecisionLog
from equipoise.frames.memory import adam_data, sdtm_data
from equipoise.frames.results import ResultRow, ResultTable, read_provenance
from equipoise.frames.sdtm import SdtmData, read_sdtm
from equipoise.protocol import TrialFile
from equipoise.provenance import Provenance
from equipoise.workflow.planning import TrialLike, trial_file, with_cutoff, with_design
from equipoise.workflow.rule_sets import compare_rule_sets
from equipoise.workflow.simulated_design import read_simulation

if TYPE_CHECKING:
    from equipoise.derivation import AdamSet
    from equipoise.simulation import Synthetic

DEFAULT_SEED = 20190427
"""The seed of `demo` and `synthesize` where none is given.

The first seed from 20190405 (the registered start of PALMIRA) on whose patients come near the published curves: both
medians within 0.3 month, 6- and 12-month rates within 4 points. Hazard ratio and P were not looked at.
"""

RESULTS = "results.parquet"
DECISIONS = "decisions.csv"
RECONCILIATION = "reconciliation.csv"

Tables = Mapping[str, Any]


@dataclass(frozen=True)
class Derived:
    """ADaM with what it was derived from."""

    adam: AdamSet
    provenance: Provenance


@dataclass(frozen=True)
class Analyzed:
    """Result rows with what they were computed from."""

    results: ResultTable
    provenance: Provenance


def synthesize_trial(
    trial: TrialLike, *, seed: int = DEFAULT_SEED, scenario: str | None = None, replicate: int = 0
) -> tuple[Synthetic, Provenance]:
    """A synthetic SDTM data set of the trial, and its provenance."""
    from equipoise.simulation import synthesize

    source = trial_file(trial)
    chosen = source.trial.scenario(scenario, use="synthesize")
    synthetic = synthesize(source.trial, seed=seed, scenario=chosen.id, replicate=replicate)
    provenance = Provenance(
        trial_id=source.trial.id,
        trial_digest=source.digest,
        seed=seed,
        scenario=chosen.id,
        synthetic=True,
        cutoff=synthetic.cutoff.isoformat(),
    )
    return synthetic, provenance


def derive_trial(
    trial: TrialLike | None,
    *,
    sdtm: str | Path | SdtmData | Tables,
    profile: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    cutoff: str | None = None,
) -> Derived:
    """ADaM from SDTM by the trial's rules, or by a conventions profile alone.

    `cutoff`: the data cutoff in place of the data's own, an ISO date or the id of a look that states its own.
    """
    from equipoise.derivation import derive_adam

    if trial is None and profile is None:
        raise ArgumentError(
            "argument-invalid",
            "neither a trial nor a conventions profile was given",
            hint="name a trial file, or a profile with --profile admiral",
        )
    source = trial_file(trial) if trial is not None else None
    collected = collected_sdtm(sdtm, mapping)
    adam = derive_adam(
        collected,
        source.trial if source else None,
        profile=profile,
        overrides=with_cutoff(overrides, source, cutoff),
    )
    facts = _trial_summary(collected)
    provenance = Provenance(
        trial_id=source.trial.id if source else _study(collected),
        trial_digest=source.digest if source else None,
        data_digest=collected.digest,
        data_sources=tuple(sorted(collected.sources.values())),
        synthetic=facts.get("SYNTHDAT") == "Y",
        cutoff=_used_cutoff(adam, facts),
        profile=adam.profile.id,
    )
    return Derived(adam, provenance)


def _used_cutoff(adam: AdamSet, facts: Mapping[str, str]) -> str | None:
    """The cutoff that the derivation took: that of the data, unless a constant says another."""
    stated = adam.profile.text("cutoff_date")
    return facts.get("DCUTDTC") if stated in ("TS", "none") else stated


def analyze_trial(trial: TrialLike, *, adam: str | Path | AdamSet | AdamData | Tables | None = None) -> Analyzed:
    """Every planned analysis as result rows. Without `adam`, a study with a public data set loads it."""
    from equipoise.analysis.plan import analyze_plan

    source = trial_file(trial)
    data, provenance = _adam(source, adam)
    results = analyze_plan(source.trial, data.tables, run=source.trial.id, digest=provenance.data_digest)
    further = compare_rule_sets(source.trial, data.tables, digest=provenance.data_digest)
    return Analyzed(results + further, provenance)


def analyze_derived(source: TrialFile, derived: Derived) -> Analyzed:
    """As `analyze_trial`, keeping the provenance of the derivation."""
    from equipoise.analysis.plan import analyze_plan

    results = analyze_plan(
        source.trial, derived.adam.tables, run=source.trial.id, digest=derived.provenance.data_digest
    )
    further = compare_rule_sets(source.trial, derived.adam.tables, digest=derived.provenance.data_digest)
    return Analyzed(results + further, derived.provenance)


def report_trial(
    trial: TrialLike,
    *,
    results: str | Path | ResultTable,
    provenance: Provenance | None = None,
    decisions: Any = None,
    figures: Mapping[str, bytes] | None = None,
) -> str:
    """The report as one self-contained HTML document.

    Results from a run folder bring its provenance, its decisions and the simulation of the design.
    """
    from equipoise.reporting import render_report

    source = trial_file(trial)
    rows, folder, kept = _results(results)
    _check_trial(rows, source.trial.id)
    if decisions is None:
        decisions = getattr(results, "decisions", None)
    if folder is not None and decisions is None and (folder / DECISIONS).is_file():
        decisions = DecisionLog.read(folder / DECISIONS)
    simulated = _simulated(results, folder, source)
    facts = provenance or kept or Provenance(trial_id=source.trial.id, trial_digest=source.digest)
    if facts.trial_digest is None:
        facts = replace(facts, trial_digest=source.digest)
    _check_same_plan(facts, source)
    shown = [*with_design(source.trial, rows), *simulated]
    return render_report(source.trial, shown, facts, decisions=decisions, figures=figures)


def _simulated(results: Any, folder: Path | None, source: TrialFile) -> Iterable[ResultRow]:
    """The rows of the simulated design that belong to results, if there are any."""
    if folder is None:
        return getattr(results, "simulation", None) or ()
    rows, kept = read_simulation(folder)
    _check_trial(rows, source.trial.id)
    if kept is not None:
        _check_same_plan(kept, source)
    return rows


def write_reconciliation(adam: AdamSet, folder: Path) -> None:
    """Write `reconciliation.csv`, whom each further censoring rule set changes, where an endpoint has one."""
    if any(len(endpoint.rule_sets) > 1 for endpoint in adam.profile.endpoints):
        adam.reconcile_rule_sets().write_csv(folder / RECONCILIATION)


def collected_sdtm(sdtm: str | Path | SdtmData | Tables, mapping: Mapping[str, str] | None) -> SdtmData:
    if isinstance(sdtm, SdtmData):
        return sdtm
    if isinstance(sdtm, str | Path):
        return read_sdtm(sdtm, mapping)
    return sdtm_data(sdtm)


def _adam(source: TrialFile, adam: Any) -> tuple[Any, Provenance]:
    base = Provenance(trial_id=source.trial.id, trial_digest=source.digest)
    if adam is None:
        return _example(source, base)
    if isinstance(adam, str | Path):
        data = read_adam(adam)
        kept = _kept_provenance(Path(adam))
        if kept is not None:
            base = replace(kept, trial_digest=source.digest)
        return data, replace(base, data_digest=data.digest, data_sources=tuple(sorted(data.sources.values())))
    data = adam if hasattr(adam, "tables") else adam_data(adam)
    return data, replace(base, data_digest=getattr(data, "digest", None))


def _example(source: TrialFile, base: Provenance) -> tuple[Any, Provenance]:
    from equipoise.frames.examples import load_example

    if source.trial.example is None:
        raise ArgumentError(
            "argument-invalid",
            f"no analysis data were given for {source.trial.id}",
            hint="name the folder of ADaM data with --adam, or use `equipoise run` on SDTM",
        )
    data = adam_data(load_example(source.trial.example))
    return data, replace(base, data_digest=data.digest, data_sources=(f"example {source.trial.example}",))


def _results(results: str | Path | ResultTable) -> tuple[ResultTable, Path | None, Provenance | None]:
    """The rows; if they are from a file, its folder, and the provenance that the file carries."""
    if isinstance(results, ResultTable):
        return results, None, None
    if not isinstance(results, str | Path):
        held = getattr(results, "results", None)
        if isinstance(held, ResultTable):
            return held, None, getattr(results, "provenance", None)
        raise ArgumentError(
            "argument-invalid",
            f"results are rows, a run or a path, not {type(results).__name__}",
            hint="hand in what `equipoise.analyze` or `equipoise.run` returned, or the path of its results.parquet",
        )
    path = Path(results)
    file = path / RESULTS if path.is_dir() else path
    return ResultTable.read(file), file.parent, read_provenance(file)


def _check_same_plan(facts: Provenance, source: TrialFile) -> None:
    """Raise ArgumentError `argument-invalid` for results of another version of the trial file."""
    if facts.trial_digest != source.digest:
        raise ArgumentError(
            "argument-invalid",
            f"the results were computed with another version of the trial file of {source.trial.id}",
            where=f"{source.name}, digest {source.digest[:12]}; results, digest {str(facts.trial_digest)[:12]}",
            reason="the report would word one plan's numbers by another plan",
            hint="run `equipoise analyze` again with this file; only its report section may change in between",
        )


def _check_trial(rows: ResultTable, trial_id: str) -> None:
    """Raise ArgumentError `argument-invalid` for result rows that name another trial."""
    named = {row.run for row in rows.to_rows() if row.run}
    if named and trial_id not in named:
        raise ArgumentError(
            "argument-invalid",
            f"the results are of {', '.join(sorted(named))}, and the trial file is of {trial_id}",
            reason="the report would show one trial's numbers under another's name and plan",
            hint="name the trial file that the results were computed with",
        )


def _kept_provenance(folder: Path) -> Provenance | None:
    """The provenance that a run left beside a product, or one folder above it."""
    import json

    for place in (folder, folder.parent):
        file = place / "provenance.json"
        if file.is_file():
            return Provenance.from_dict(json.loads(file.read_text(encoding="utf-8")))
    return None


def _trial_summary(collected: SdtmData) -> dict[str, str]:
    """TS parameters as a mapping."""
    table = collected.tables.get("ts")
    if table is None or not {"TSPARMCD", "TSVAL"} <= set(table.columns):
        return {}
    return {code: value for code, value in table.select("TSPARMCD", "TSVAL").iter_rows() if code and value}


def _study(collected: SdtmData) -> str:
    studies = collected.tables["dm"].get_column("STUDYID").drop_nulls().unique().sort()
    return str(studies[0]) if len(studies) else "study"

"""A synthetic data set of a trial: SDTM as it stands at the data cutoff, and the truth behind it, kept apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from equipoise.errors import ArgumentError
from equipoise.frames.sdtm import write_sdtm
from equipoise.frames.tables import make_folder, whole_file, write_parquet
from equipoise.protocol import Trial
from equipoise.seeds import SEED_LIMIT
from equipoise.simulation import tables, tumor_tables, visits
from equipoise.simulation.premises import read_premises
from equipoise.simulation.records import SHAPES, Record, to_table
from equipoise.simulation.story import Story, draw_story
from equipoise.simulation.truth import truth_tables

_REPLICATE_LIMIT = 1 << 64

_COLLECTED: Mapping[str, Callable[[Story], list[Record]]] = {
    "ds": tables.collect_ds,
    "ex": tables.collect_ex,
    "ae": tables.collect_ae,
    "cm": tables.collect_cm,
    "tu": tumor_tables.collect_tu,
    "tr": tumor_tables.collect_tr,
    "rs": tumor_tables.collect_rs,
    "sv": visits.collect_sv,
    "ie": tables.collect_ie,
}

# Derivation cannot tell a domain without records from one that was lost, so these are there even when empty.
_ALWAYS = frozenset({"ds", "ex", "ae", "rs"})

_DM = (
    *("STUDYID", "DOMAIN", "USUBJID", "SUBJID", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFICDTC", "RFPENDTC"),
    *("DTHDTC", "DTHFL", "SITEID", "AGE", "AGEU", "SEX", "ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS", "COUNTRY"),
    "DMDTC",
)
_SUPPDM = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QVAL", "QORIG", "QEVAL")
_TS = ("STUDYID", "DOMAIN", "TSSEQ", "TSPARMCD", "TSPARM", "TSVAL")


@dataclass(frozen=True)
class Synthetic:
    """A synthetic trial.

    `sdtm` the collected domains by lower-case name, as they stand at `cutoff`; `truth` what no real trial knows:
    `subjects` (latent progression, death and dropout of every randomized patient), `calibration` (the hazards solved
    for, and how they meet the scenario) and `assumptions`.
    """

    trial: str
    scenario: str
    seed: int
    replicate: int
    sdtm: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    cutoff: date

    def __repr__(self) -> str:
        rows = ", ".join(f"{name.upper()} {frame.height:,}" for name, frame in self.sdtm.items())
        name = f"{self.trial}, scenario {self.scenario}, seed {self.seed}, replicate {self.replicate}"
        return f"synthetic {name}, data cutoff {self.cutoff}: {rows} rows"

    def write(self, folder: str | Path, format: str = "parquet") -> dict[str, Path]:  # noqa: A002 - as write_sdtm
        """Write the domains to `folder`/sdtm and the truth to `folder`/truth, the same bytes every time.

        Returns the path of each table, truth tables under `truth/<name>`. Raises as `frames.write_sdtm`.
        """
        root = Path(folder)
        paths = write_sdtm(self.sdtm, root / "sdtm", format)
        hidden = make_folder(root / "truth")
        for name, frame in self.truth.items():
            paths[f"truth/{name}"] = hidden / f"{name}.parquet"
            with whole_file(paths[f"truth/{name}"]) as path:
                write_parquet(frame, path)
        return paths


def synthesize(trial: Trial, *, seed: int, scenario: str | None = None, replicate: int = 0) -> Synthetic:
    """Invent the patients of a trial under one of its scenarios, and collect their data up to the data cutoff.

    Arguments: the trial; `seed`, 0 to 2**48 - 1, which with `replicate` names every random draw; `scenario`, an id, by
    default the trial's scenario for `synthesize`.
    Returns the SDTM domains, the truth behind them and the data cutoff; the same arguments give the same tables in any
    process and order.
    Raises ArgumentError `argument-invalid` for an unknown scenario, a seed out of range, or a trial file that lacks
    what a synthetic trial needs, naming it.
    Method: docs/methods/synthetic-trial.md.
    """
    _check_address(seed, replicate)
    chosen = trial.scenario(scenario, use="synthesize")
    story = draw_story(read_premises(trial, chosen), seed, replicate)
    origin = story.premises.origin
    return Synthetic(
        trial=trial.id,
        scenario=chosen.id,
        seed=seed,
        replicate=replicate,
        sdtm=_collect(story),
        truth=truth_tables(story),
        cutoff=origin + timedelta(days=story.cutoff),
    )


def _check_address(seed: int, replicate: int) -> None:
    for name, value, limit in (("seed", seed, SEED_LIMIT), ("replicate", replicate, _REPLICATE_LIMIT)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < limit:
            raise ArgumentError(
                "argument-invalid",
                f"{name} {value!r} is not a whole number from 0 to {limit - 1}",
                reason="seed and replicate name the random streams that every draw comes from",
                hint=f"choose a {name} such as 20250520",
            )


def _collect(story: Story) -> dict[str, pl.DataFrame]:
    reference = story.reference()
    found = {"dm": _plain(_DM, tables.collect_dm(story)).sort("USUBJID")}
    for name, collect in _COLLECTED.items():
        rows = collect(story)
        if rows or name in _ALWAYS:
            found[name] = to_table(name, rows, reference, story.premises.origin, story.cutoff)
    suppdm = tables.collect_suppdm(story)
    if suppdm:
        found["suppdm"] = _plain(_SUPPDM, suppdm).sort("USUBJID", maintain_order=True)
    found["ts"] = _plain(_TS, tables.collect_ts(story))
    return {name: found[name] for name in ("dm", *SHAPES, "suppdm", "ts") if name in found}


def _plain(columns: Sequence[str], rows: list[Record]) -> pl.DataFrame:
    numbers = {"AGE", "TSSEQ"}
    schema = {column: pl.Float64 if column in numbers else pl.String for column in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")

"""Large studies in blocks of subjects: no subject's rows depend on another's, so memory need not grow with all of them.

Where there is more than one block, the data sets hold their texts other than the keys as categories: a response, a
visit or an arm is written once and pointed at, which keeps millions of rows at a quarter of their size. Files are text
as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import polars as pl

from equipoise.derivation.study import KEYS, Study, compacted

SUBJECTS_IN_A_BLOCK = 10_000
# One block alone leaves a second processor idle for much of its time; each more in work takes some 0.4 GB.
_BLOCKS_AT_ONCE = 2

Derive = Callable[[Study, pl.DataFrame], Mapping[str, pl.DataFrame]]


def derive_in_blocks(study: Study, adsl: pl.DataFrame, derive: Derive) -> dict[str, pl.DataFrame]:
    """What `derive` makes of a study and its ADSL, block by block in the order of the subjects, put together.

    Arguments: a checked study; its ADSL; a function of both that returns data sets by name, sorted by subject, in which
    no subject's rows depend on another subject. Returns the same data sets for all subjects.
    """
    # The records of a subject that DM does not hold stay with those of the block its name falls into.
    subjects = adsl.select(KEYS).unique().sort(KEYS)
    if subjects.height <= SUBJECTS_IN_A_BLOCK:
        return dict(derive(study, adsl))
    # The first block also holds every name before its own first.
    edges = subjects[SUBJECTS_IN_A_BLOCK::SUBJECTS_IN_A_BLOCK]
    count = edges.height + 1
    levels = _block_of(adsl, edges)
    numbers: dict[str, pl.Series] = {}
    parts: dict[str, list[pl.DataFrame]] = {}

    def of_block(block: int) -> dict[str, pl.DataFrame]:
        tables = _BlockTables(study.tables, edges, numbers, block)
        # Subject-level texts travel to every row; as categories they are looked up once a subject.
        subjects = compacted(adsl.filter(levels == block))
        # Subjects are sorted, grouped and joined by number: names in their order.
        kinds = _name_kinds([subjects, *tables.values()])
        numbered = {name: _numbered(table, kinds) for name, table in tables.items()}
        derived = derive(replace(study, tables=numbered, keys=kinds), _numbered(subjects, kinds))
        return {name: _named(compacted(frame)) for name, frame in derived.items()}

    with ThreadPoolExecutor(_BLOCKS_AT_ONCE) as workers:
        for derived in workers.map(of_block, range(count)):
            for name, frame in derived.items():
                parts.setdefault(name, []).append(frame)
    return {name: pl.concat(frames, how="diagonal_relaxed", rechunk=False) for name, frames in parts.items()}


class _BlockTables(Mapping[str, pl.DataFrame]):
    """A study's tables cut to one block of subjects when they are asked for; `numbers` is shared by all blocks."""

    def __init__(
        self, tables: Mapping[str, pl.DataFrame], edges: pl.DataFrame, numbers: dict[str, pl.Series], block: int
    ) -> None:
        self._tables, self._edges, self._numbers, self._block = tables, edges, numbers, block
        self._cut: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._cut:
            self._cut[name] = self._of_block(name)
        return self._cut[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def _of_block(self, name: str) -> pl.DataFrame:
        table = self._tables[name]
        if not set(KEYS) <= set(table.columns):
            return table
        if name not in self._numbers:
            self._numbers[name] = _block_of(table, self._edges)
        return table.filter(self._numbers[name] == self._block)


def _block_of(table: pl.DataFrame, edges: pl.DataFrame) -> pl.Series:
    """The block of each row: how many blocks begin at or before its subject."""
    names = table.select(KEYS).unique()
    begun = pl.concat([names.with_columns(edge=pl.lit(0)), edges.with_columns(edge=pl.lit(1))], how="vertical_relaxed")
    # An edge sorts before the rows of the subject it names.
    ordered = begun.sort([*KEYS, "edge"], descending=[False, False, True], nulls_last=True)
    numbered = ordered.with_columns(block=pl.col("edge").cum_sum().cast(pl.UInt16)).filter(pl.col("edge") == 0)
    joined = table.select(KEYS).join(
        numbered.select(*KEYS, "block"), on=list(KEYS), how="left", maintain_order="left", nulls_equal=True
    )
    return joined.get_column("block")


def _name_kinds(frames: Iterable[pl.DataFrame]) -> dict[str, pl.Enum]:
    """The names of studies and subjects in these tables, in order, as kinds of columns."""
    held = [frame.select(KEYS).unique() for frame in frames if set(KEYS) <= set(frame.columns)]
    names = pl.concat(held, how="vertical_relaxed")
    return {key: pl.Enum(names.get_column(key).drop_nulls().unique().sort()) for key in KEYS}


def _numbered(frame: pl.DataFrame, kinds: Mapping[str, pl.Enum]) -> pl.DataFrame:
    """The names of studies and subjects as these kinds."""
    return frame.with_columns(pl.col(key).cast(kind) for key, kind in kinds.items() if key in frame.columns)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """The names of studies and subjects as text again."""
    return frame.with_columns(pl.col(name).cast(pl.String) for name in KEYS if name in frame.columns)

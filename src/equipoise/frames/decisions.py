"""The decision log: what was decided about data that could not be taken as they were, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import polars as pl

from equipoise.errors import ArgumentError, permitted
from equipoise.frames.tables import whole_file

_SEVERITIES = ("warning", "note")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision about collected data.

    `severity`: "warning" (someone should look) or "note" (the conventions settle it); `code`: a slug such as
    `impossible-date`; `domain`, `usubjid`, `sequence` (--SEQ), `variable` and `value` say where, as far as it can be
    said; `decision`: what was done, in words; `rule`: the id or words of the rule that decided.
    Raises ArgumentError `argument-invalid` for another severity.
    """

    severity: Literal["warning", "note"]
    code: str
    decision: str
    domain: str | None = None
    usubjid: str | None = None
    sequence: float | None = None
    variable: str | None = None
    value: str | None = None
    rule: str | None = None

    def __post_init__(self) -> None:
        if self.severity not in _SEVERITIES:
            raise _unknown_severity(str(self.severity))


# What a rule hands to the log: one decision, or a frame of many with the columns of `Decision`.
Decided = Decision | pl.DataFrame

_SCHEMA = pl.Schema({f.name: pl.Float64() if f.name == "sequence" else pl.String() for f in fields(Decision)})
_ORDER = ("severity", "code", "domain", "usubjid", "sequence", "variable", "value", "decision", "rule")
# Few words each, said of many rows.
_REPEATED = ("severity", "code", "domain", "variable", "rule")


class DecisionLog:
    """Decisions in the order they were taken, kept as columns; shown and written in a fixed order."""

    def __init__(self, decisions: Iterable[Decided] = ()) -> None:
        self._frames: list[pl.DataFrame] = []
        self._single: list[Decision] = []
        self.extend(decisions)

    def append(self, decision: Decided) -> None:
        """Add one decision, or a frame of them. Raises ArgumentError `argument-invalid` for an unknown severity."""
        if isinstance(decision, Decision):
            self._single.append(decision)
        elif decision.height:
            self._settle()
            self._frames.append(_rows(decision))

    def extend(self, decisions: Iterable[Decided]) -> None:
        """Add each of several decisions or frames of them."""
        for decision in decisions:
            self.append(decision)

    def _settle(self) -> None:
        """Single decisions become rows."""
        if self._single:
            self._frames.append(_rows(pl.DataFrame([asdict(one) for one in self._single], schema=_SCHEMA)))
            self._single = []

    def _columns(self) -> pl.DataFrame:
        self._settle()
        return pl.concat([_rows(pl.DataFrame(schema=_SCHEMA)), *self._frames])

    def __iter__(self) -> Iterator[Decision]:
        return (Decision(**row) for row in self._columns().cast(_SCHEMA).iter_rows(named=True))

    def __len__(self) -> int:
        return len(self._single) + sum(frame.height for frame in self._frames)

    def count(self, code: str | None = None, severity: str | None = None) -> int:
        """How many decisions have this code and this severity (None: any)."""
        wanted = [pl.col(name) == held for name, held in (("code", code), ("severity", severity)) if held is not None]
        return self._columns().filter(*wanted).height

    def to_frame(self) -> pl.DataFrame:
        """One row per decision: warnings before notes, then by code, domain, subject, sequence, variable, value."""
        frame = self._columns().select(_ORDER).cast(_SCHEMA)
        # 'warning' sorts after 'note', and should be read first.
        descending = [name == "severity" for name in _ORDER]
        return frame.sort(_ORDER, descending=descending, nulls_last=True, maintain_order=True)

    def summary(self) -> list[str]:
        """Counts per code in words, warnings first.

        >>> log = DecisionLog([Decision(severity="warning", code="impossible-date", decision="taken as missing")])
        >>> log.summary()
        ['1 warning: impossible date']
        """
        counts = (
            self._columns()
            .select(pl.col("severity", "code").cast(pl.String))
            .group_by("severity", "code")
            .len()
            .sort("severity", "len", "code", descending=[True, True, False])
        )
        return [
            f"{number:,} {severity}{'' if number == 1 else 's'}: {code.replace('-', ' ')}"
            for severity, code, number in counts.iter_rows()
        ]

    def write(self, path: str | Path) -> None:
        """Write as CSV in the order of `to_frame`: the same decisions give the same bytes.

        Raises OutputError `output-unwritable` when the place cannot be written to.
        """
        frame = self.to_frame()
        sequence = frame.get_column("sequence")
        whole = (sequence.is_null() | (sequence == sequence.round())).all()
        with whole_file(Path(path)) as temporary:
            (frame.with_columns(pl.col("sequence").cast(pl.Int64)) if whole else frame).write_csv(temporary)

    @classmethod
    def read(cls, path: str | Path) -> DecisionLog:
        """The log that `write` left."""
        return cls([pl.read_csv(path, schema_overrides=_SCHEMA)])

    def __repr__(self) -> str:
        return "\n".join([f"{len(self):,} decisions", *self.summary()])


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of decisions as the log keeps it. Raises ArgumentError `argument-invalid` for an unknown severity."""
    unknown = frame.filter(~pl.col("severity").is_in(_SEVERITIES)).get_column("severity")
    if len(unknown):
        raise _unknown_severity(str(unknown[0]))
    plain = frame.select(_SCHEMA.names()).cast(_SCHEMA)
    return plain.with_columns(pl.col(_REPEATED).cast(pl.Categorical))


def _unknown_severity(severity: str) -> ArgumentError:
    return ArgumentError(
        "argument-invalid", f"severity {severity!r} is not known", hint=permitted(severity, _SEVERITIES)
    )

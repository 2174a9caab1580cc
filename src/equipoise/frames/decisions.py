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
            raise ArgumentError(
                "argument-invalid",
                f"severity {self.severity!r} is not known",
                hint=permitted(str(self.severity), _SEVERITIES),
            )


_SCHEMA = pl.Schema({f.name: pl.Float64() if f.name == "sequence" else pl.String() for f in fields(Decision)})
_ORDER = ("severity", "code", "domain", "usubjid", "sequence", "variable", "value", "decision", "rule")


class DecisionLog:
    """Decisions in the order they were taken; shown and written in a fixed order."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._decisions: list[Decision] = list(decisions)

    def append(self, decision: Decision) -> None:
        self._decisions.append(decision)

    def extend(self, decisions: Iterable[Decision]) -> None:
        self._decisions.extend(decisions)

    def __iter__(self) -> Iterator[Decision]:
        return iter(self._decisions)

    def __len__(self) -> int:
        return len(self._decisions)

    def count(self, code: str | None = None, severity: str | None = None) -> int:
        """How many decisions have this code and this severity (None: any)."""
        return sum((code is None or d.code == code) and (severity is None or d.severity == severity) for d in self)

    def to_frame(self) -> pl.DataFrame:
        """One row per decision: warnings before notes, then by code, domain, subject, sequence, variable, value."""
        frame = pl.DataFrame([asdict(decision) for decision in self], schema=_SCHEMA, orient="row")
        # 'warning' sorts after 'note', and should be read first.
        descending = [name == "severity" for name in _ORDER]
        return frame.select(_ORDER).sort(_ORDER, descending=descending, nulls_last=True, maintain_order=True)

    def summary(self) -> list[str]:
        """Counts per code in words, warnings first.

        >>> log = DecisionLog([Decision(severity="warning", code="impossible-date", decision="taken as missing")])
        >>> log.summary()
        ['1 warning: impossible date']
        """
        counts = (
            self.to_frame()
            .group_by("severity", "code", maintain_order=True)
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
        return cls(Decision(**record) for record in pl.read_csv(path, schema_overrides=_SCHEMA).iter_rows(named=True))

    def __repr__(self) -> str:
        return "\n".join([f"{len(self):,} decisions", *self.summary()])

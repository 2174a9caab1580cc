"""Curves by group and stratum: what the results that hold one curve per group share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from equipoise.analysis.curve_readings import group_columns
from equipoise.errors import ArgumentError, permitted
from equipoise.frames.columns import to_native_frame
from equipoise.frames.row_result import RowResult


class NamedCurve(Protocol):
    """A curve that knows whose it is; "" where there is one group, or no strata."""

    @property
    def level(self) -> str: ...

    @property
    def stratum(self) -> str: ...


C = TypeVar("C", bound=NamedCurve)


@dataclass(frozen=True, eq=False, repr=False)
class GroupCurves(RowResult, Generic[C]):
    """Curves by group (and stratum): iterate over them, or take one by its name, `result["Placebo"]`."""

    curves: tuple[C, ...]
    group_name: str
    stratum_name: str
    time_unit: str | None = field(default=None, kw_only=True)
    library: str | None = field(default=None, kw_only=True)

    def __getitem__(self, level: str | tuple[str, ...]) -> C:
        """The curve of a group; of "group, stratum", or of both as a pair, where strata were given."""
        wanted = ", ".join(level) if isinstance(level, tuple) else level
        by_name = {curve_name(curve): curve for curve in self.curves}
        if wanted not in by_name:
            raise ArgumentError("level-unknown", f"there is no curve of {wanted!r}", hint=permitted(wanted, by_name))
        return by_name[wanted]

    def __iter__(self) -> Iterator[C]:
        return iter(self.curves)

    def to_frame(self) -> Any:
        """The curves as a data frame, one row per curve and distinct time, in the library the data came from."""
        names = self._frame_columns()
        columns: dict[str, Any] = {}
        for key, attribute in ((self.group_name, "level"), (self.stratum_name, "stratum"), ("cause", "cause")):
            levels = [getattr(curve, attribute, "") for curve in self.curves]
            if any(levels):
                sizes = (len(getattr(curve, names[0])) for curve in self.curves)
                columns[key] = [level for level, size in zip(levels, sizes, strict=True) for _ in range(size)]
        columns |= {name: np.concatenate([getattr(curve, name) for curve in self.curves]) for name in names}
        return to_native_frame(columns, self.library)

    @abstractmethod
    def _frame_columns(self) -> tuple[str, ...]:
        """The arrays of a curve that are the columns of the frame."""

    def _groups(self, curve: C) -> dict[str, Any]:
        """The group columns of a curve's result rows."""
        return group_columns(self.group_name, curve.level, self.stratum_name, curve.stratum)


def curve_name(curve: NamedCurve) -> str:
    """Group, stratum and cause of a curve, each only where it has one."""
    return ", ".join(filter(None, (curve.level, curve.stratum, getattr(curve, "cause", ""))))

"""What result objects share: rows decide, and everything else is made from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from equipoise.frames.columns import to_native_frame
from equipoise.frames.results import COLUMNS, ResultRow, ResultTable


class RowResult(ABC):
    """A result that is known by its rows; see `equipoise.frames.results.Result`.

    `library` names the frame library the data came from, so that frames go back in it.
    """

    library: str | None

    @abstractmethod
    def to_rows(self) -> list[ResultRow]:
        """One row per statistic."""

    def to_frame(self) -> Any:
        """The rows as a data frame of the library the data came from (polars for arrays and lists)."""
        rows = self.to_rows()
        return to_native_frame({name: [getattr(row, name) for row in rows] for name in COLUMNS}, self.library)

    def to_dict(self) -> dict[str, Any]:
        """`{"rows": [...]}`, ready for JSON."""
        return ResultTable(self.to_rows()).to_dict()

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {ResultTable(self.to_rows())!r}"

    def _repr_html_(self) -> str:
        return ResultTable(self.to_rows())._repr_html_()


def number(value: float, missing: str = "NE") -> dict[str, Any]:
    """The `value` and `value_text` columns of a number that may not exist."""
    if value != value:
        return {"value": None, "value_text": missing}
    if value in (float("inf"), float("-inf")):
        return {"value": None, "value_text": "infinity" if value > 0 else "minus infinity"}
    return {"value": float(value), "value_text": None}

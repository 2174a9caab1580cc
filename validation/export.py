"""Writes every data set of the bank as CSV (full precision) into a folder, for the R programs.

uv run python validation/export.py FOLDER
Rscript validation/r/survival_bank.R FOLDER validation/output/survival_bank.jsonl
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bank_data import DATASETS, Columns


def write(folder: Path, datasets: Mapping[str, Callable[[], Columns]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, build in datasets.items():
        columns = build()
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*(map(_text, values.tolist()) for values in columns.values()), strict=True))


def _text(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)


if __name__ == "__main__":
    write(Path(sys.argv[1]), DATASETS)

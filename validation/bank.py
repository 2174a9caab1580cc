"""Reads the outputs of the R programs and compares numbers with them."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).resolve().parent / "output"

# Both sides are double precision and fully converged; what is left is rounding in sums over the data.
RELATIVE = 1e-8

Bank = dict[str, dict[str, dict[str, np.ndarray]]]


@cache
def read_bank(name: str = "survival_bank") -> Bank:
    """data set -> analysis -> quantity -> values, NaN for R's NA."""
    found: Bank = {}
    for line in (OUTPUT / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        values = np.array([math.nan if v is None else float(v) for v in record["values"]], dtype=float)
        found.setdefault(record["dataset"], {}).setdefault(record["analysis"], {})[record["quantity"]] = values
    return found


def assert_close(ours: object, theirs: object, scale: object = 0.0, what: str = "", where: str = "") -> None:
    """|ours - theirs| <= 1e-8 max(|theirs|, scale), NaN where and only where theirs is.

    `what` is the quantity, a line of the validation page; `where` the case among many, for the message only.
    """
    what = f"{where} {what}".strip()
    a, b = np.asarray(ours, dtype=float).ravel(), np.asarray(theirs, dtype=float).ravel()
    assert a.shape == b.shape, f"{what}: {a.shape} values against {b.shape}"
    assert np.array_equal(np.isnan(a), np.isnan(b)), f"{what}: NaN at {np.flatnonzero(np.isnan(a) != np.isnan(b))}"
    known = ~np.isnan(b)
    allowed = RELATIVE * np.maximum(np.abs(b), np.broadcast_to(np.asarray(scale, dtype=float), b.shape))
    worst = np.abs(a - b) - allowed
    assert (worst[known] <= 0).all(), f"{what}: {a[known & (worst > 0)]} against {b[known & (worst > 0)]}"

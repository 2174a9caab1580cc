"""The data sets of the validation bank, in one shape: columns by name, ready for the estimators and for export to R.

Public data come from `lifelines.datasets` at run time; hard made-up data are built here, so that nothing is stored
twice. Every data set is a mapping of columns: time, event, and where it has them entry, weight, group, stratum and
numeric covariates called x1, x2, ...
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Columns = dict[str, np.ndarray]


def _lymph_node() -> Columns:
    from lifelines.datasets import load_lymph_node

    data = load_lymph_node()
    group = np.where(data["hormone"].to_numpy() == 2, "yes", "no")
    stratum = data["grade"].to_numpy()
    return _columns(data, "rectime", "censrec", ("age", "size", "nodes", "prog_recp"), group, stratum)


def _rossi() -> Columns:
    from lifelines.datasets import load_rossi

    data = load_rossi()
    group = np.where(data["fin"].to_numpy() == 1, "aid", "none")
    return _columns(data, "week", "arrest", ("age", "race", "wexp", "prio"), group, data["mar"].to_numpy())


def _lung() -> Columns:
    from lifelines.datasets import load_lung

    data = load_lung().dropna(subset=["time", "status", "sex", "age", "ph.ecog"])
    group = np.where(data["sex"].to_numpy() == 2, "female", "male")
    return _columns(data, "time", "status", ("age", "ph.ecog"), group, (data["age"].to_numpy() > 63).astype(int))


def _waltons() -> Columns:
    from lifelines.datasets import load_waltons

    data = load_waltons()
    return _columns(data, "T", "E", (), data["group"].to_numpy().astype(str), None)


def _larynx() -> Columns:
    from lifelines.datasets import load_larynx

    data = load_larynx()
    stage = np.select([data[f"Stage_{k}"].to_numpy() == 1 for k in ("II", "III", "IV")], ["II", "III", "IV"], "I")
    return _columns(data, "time", "death", ("age",), stage, None)


def _aids() -> Columns:
    from lifelines.datasets import load_multicenter_aids_cohort_study

    data = load_multicenter_aids_cohort_study()
    data = data[data["W"] < data["T"]]
    group = np.where(data["AIDSY"].to_numpy() > np.median(data["AIDSY"]), "late", "early")
    columns = _columns(data, "T", "D", ("AIDSY",), group, None)
    return columns | {"entry": data["W"].to_numpy(dtype=float)}


def _columns(data, time: str, event: str, covariates: tuple[str, ...], group, stratum) -> Columns:
    columns = {"time": data[time].to_numpy(dtype=float), "event": data[event].to_numpy().astype(int), "group": group}
    if stratum is not None:
        columns["stratum"] = stratum
    return columns | {f"x{j + 1}": data[name].to_numpy(dtype=float) for j, name in enumerate(covariates)}


def _made(time: object, event: object, group: object = None, **more: object) -> Columns:
    columns = {"time": np.asarray(time, dtype=float), "event": np.asarray(event, dtype=int)}
    if group is not None:
        columns["group"] = np.asarray(list(group))  # type: ignore[call-overload]
    return columns | {name: np.asarray(values) for name, values in more.items()}


def _heavy_ties() -> Columns:
    """200 subjects, 12 distinct times, three groups, four strata, two covariates; a fixed arithmetic sequence."""
    i = np.arange(200)
    word = (i * 2654435761 + 12345) % 4294967296
    time = 1.0 + (word // 65536) % 12
    event = ((word // 7) % 10 < 7).astype(int)
    x1 = ((word // 977) % 1000) / 500.0 - 1.0
    x2 = ((word // 31) % 7).astype(float)
    return _made(time, event, np.array(["A", "B", "C"])[i % 3], stratum=(word // 1009) % 4, x1=x1, x2=x2)


def _left_truncated() -> Columns:
    base = _heavy_ties()
    entry = np.floor(base["time"] * ((np.arange(200) * 37) % 100) / 101.0)
    base["group"] = np.where(base["group"] == "C", "B", base["group"])
    return base | {"entry": entry}


def _steep_truncated() -> Columns:
    """40 subjects, delayed entry, two strata, and a covariate that nearly orders the deaths."""
    i = np.arange(40)
    time = 1.0 + (i * 17) % 40 / 2.0
    entry = np.floor(time * ((i * 29) % 40) / 41.0)
    x1 = -time + 1.2 * np.sin(i * 12.9898)
    return _made(
        time, (i * 7) % 5 > 0, np.where((i * 11) % 3 > 0, "B", "A"), entry=entry, stratum=i % 2, x1=x1,
        x2=np.cos(i * 78.233),
    )  # fmt: skip


def _weighted() -> Columns:
    base = _heavy_ties()
    base["group"] = np.where(base["group"] == "C", "B", base["group"])
    return base | {"weight": ((np.arange(200) * 13) % 4 + 1).astype(float)}


def _zero_weights() -> Columns:
    base = _heavy_ties()
    return _made(base["time"], base["event"], weight=((np.arange(200) * 13) % 3).astype(float))


def _fractional_weights() -> Columns:
    base = _weighted()
    return base | {"weight": 0.25 + ((np.arange(200) * 13) % 9) / 7.0}


_AB8 = "AABBABAB"


def _scaled(factor: float) -> Columns:
    return _made(np.array([3, 5, 5, 7, 8, 11, 11, 12]) * factor, [1, 1, 0, 1, 1, 0, 1, 1], _AB8)


DATASETS: dict[str, Callable[[], Columns]] = {
    "lymph_node": _lymph_node,
    "rossi": _rossi,
    "lung": _lung,
    "waltons": _waltons,
    "larynx": _larynx,
    "aids_cohort": _aids,
    "heavy_ties": _heavy_ties,
    "left_truncated": _left_truncated,
    "steep_truncated": _steep_truncated,
    "weighted": _weighted,
    "zero_weights": _zero_weights,
    "fractional_weights": _fractional_weights,
    "all_tied": lambda: _made([5] * 8, [1, 1, 0, 1, 1, 0, 1, 1], _AB8),
    "one_event": lambda: _made([1, 2, 3, 4, 5, 6, 7, 8], [0, 0, 0, 1, 0, 0, 0, 0], _AB8),
    "one_arm_censored": lambda: _made([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 0, 0, 1, 0, 1, 0], "AABBABAB"),
    "one_arm_stratum": lambda: _made(
        [1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 9, 4], [1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 0], "ABBABABAAAAB",
        stratum=[1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3],
    ),
    "huge_times": lambda: _scaled(1e12),
    "tiny_times": lambda: _scaled(1e-12),
    "near_ties": lambda: _made(
        [1, 1 + 1e-9, 1 + 2e-9, 0.3, 0.1 + 0.2, 2, 2 + 1e-6, 3], [1, 0, 1, 1, 1, 1, 1, 0], _AB8
    ),
    "one_subject": lambda: _made([4], [1]),
    "all_censored": lambda: _made([1, 2, 3], [0, 0, 0]),
    "flat_at_half": lambda: _made([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 1, 1]),
    "flat_to_end": lambda: _made([1, 2, 3, 4], [1, 1, 0, 0]),
    "wide_covariate": lambda: _made(
        [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 1, 1, 1], _AB8, x1=np.array([4.0, 1, 3, 2, 5, 8, 6, 7]) * 1e6
    ),
}  # fmt: skip

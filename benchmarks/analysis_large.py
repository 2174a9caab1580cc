"""Large data against R's survival package and lifelines: medians of alternating rounds, one process each, one core.

    uv run python benchmarks/analysis_large.py [--rows 1000000] [--rounds 3] [--tasks NAME ...] [--alone] [--json]

Every task starts from numpy arrays (R: vectors in memory) and ends with the result object; ours and R's run by
default options but for the log-log limits that both are asked for. Rounds alternate: ours, lifelines, R. The first call
of each, which compiles or loads, is not counted and is reported as `first`. `--alone` leaves the peers out (10^7 rows).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One core for everyone: numpy's matrix products would otherwise take all.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from equipoise.analysis import cox, kaplan_meier, logrank

R_PROGRAM = Path(__file__).with_name("analysis_large.R")
Task = Callable[[], list[float]]


def draw_data(n: int) -> dict[str, np.ndarray]:
    """Exponential times with a treatment and nine normal covariates, uniform censoring, four strata."""
    rng = np.random.default_rng(20250429)
    arm, stratum = rng.integers(0, 2, n), rng.integers(0, 4, n)
    covariates = rng.normal(size=(n, 10))
    covariates[:, 0] = arm
    rate = np.exp(-0.3 * arm + covariates[:, 1:] @ np.full(9, 0.1)) / 300.0
    latent, censored = rng.exponential(1.0, n) / rate, rng.uniform(100.0, 900.0, n)
    exact = np.minimum(latent, censored)
    event = (latent <= censored).astype(np.int64)
    return {
        "time": exact,
        "days": np.ceil(exact),
        "event": event,
        "arm": arm,
        "stratum": stratum,
        "covariates": covariates,
    }


def our_tasks(data: dict[str, np.ndarray]) -> dict[str, Task]:
    """By name: a call that returns the numbers compared with R's."""
    e, arm, s, x = (data[name] for name in ("event", "arm", "stratum", "covariates"))

    def curve(times: np.ndarray) -> list[float]:
        km = kaplan_meier(times, e, conf_type="log-log")
        median = km.median().to_rows()
        return [km.curves[0].survival[-1], *(float(row.value or np.nan) for row in median[:3])]

    def coefficients(times: np.ndarray, covariates: np.ndarray) -> list[float]:
        fit = cox(times, e, covariates, strata=s)
        return [float(v) for v in (*fit.coef, *fit.std_error)]

    found: dict[str, Task] = {}
    for label, times in (("", data["time"]), (", days", data["days"])):
        found[f"Kaplan-Meier{label}"] = lambda t=times: curve(t)
        found[f"log-rank, 4 strata{label}"] = lambda t=times: [logrank(t, e, arm, reference=0, strata=s).chi_square]
        found[f"Cox, 1 covariate, 4 strata{label}"] = lambda t=times: coefficients(t, arm)
    found["Cox, 10 covariates, 4 strata"] = lambda: coefficients(data["time"], x)
    return found


def lifelines_tasks(data: dict[str, np.ndarray]) -> dict[str, Callable[[], Any]]:
    """lifelines has no stratified log-rank test: an unstratified one stands in. Its Cox model takes a minute a call."""
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import logrank_test
    from lifelines.utils import median_survival_times

    e, on = data["event"], data["arm"] == 1

    def curve(times: np.ndarray) -> Any:
        fit = KaplanMeierFitter().fit(times, e)
        return fit.median_survival_time_, median_survival_times(fit.confidence_interval_)

    found: dict[str, Callable[[], Any]] = {}
    for label, times in (("", data["time"]), (", days", data["days"])):
        found[f"Kaplan-Meier{label}"] = lambda t=times: curve(t)
        found[f"log-rank, 4 strata{label}"] = lambda t=times: logrank_test(t[on], t[~on], e[on], e[~on])
    return found


class RSession:
    """An R process that holds the data and times one task at a time."""

    def __init__(self, data: dict[str, np.ndarray], folder: Path) -> None:
        for name, values in data.items():
            (values if values.ndim == 1 else values.T).astype("<f8").tofile(folder / f"{name}.bin")
        command = ["Rscript", str(R_PROGRAM), str(folder), str(len(data["time"]))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self._line()

    def run(self, task: str) -> tuple[float, list[float]]:
        assert self.process.stdin is not None
        self.process.stdin.write(task + "\n")
        self.process.stdin.flush()
        seconds, *values = (float(part) for part in self._line().split())
        return seconds, values

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def compare(ours: Task, peer: Callable[[], Any] | None, r: RSession | None, task: str, rounds: int) -> dict[str, Any]:
    """Medians of alternating rounds, and the largest difference from R relative to R's value."""
    first, values = timed(ours)
    seconds: dict[str, list[float]] = {"equipoise": [], "lifelines": [], "R": []}
    difference = None
    for _ in range(rounds):
        seconds["equipoise"].append(timed(ours)[0])
        if peer is not None:
            seconds["lifelines"].append(timed(peer)[0])
        if r is not None:
            taken, theirs = r.run(task)
            seconds["R"].append(taken)
            difference = max(abs(a - b) / abs(b) for a, b in zip(values, theirs, strict=True) if b != 0.0)
    medians = {name: statistics.median(taken) for name, taken in seconds.items() if taken}
    ratios = {name: medians[name] / medians["equipoise"] for name in medians if name != "equipoise"}
    return {"task": task, "first": first, "seconds": medians, "ratio": ratios, "difference_from_r": difference}


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tasks", nargs="*", default=None)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    data = draw_data(chosen.rows)
    tasks = our_tasks(data)
    peers = {} if chosen.alone else lifelines_tasks(data)
    report = []
    with tempfile.TemporaryDirectory() as folder:
        r = None if chosen.alone else RSession(data, Path(folder))
        print(f"{processor()}; {'no R' if r is None else r.version}; {chosen.rows:,} rows; {chosen.rounds} rounds")
        for name in chosen.tasks or tasks:
            row = compare(tasks[name], peers.get(name), r, name, chosen.rounds)
            report.append(row)
            if not chosen.json:
                shown = "  ".join(f"{who} {value:8.4f} s" for who, value in row["seconds"].items())
                ratio = "  ".join(f"{who} {value:6.1f}x" for who, value in row["ratio"].items())
                far = "" if row["difference_from_r"] is None else f"  difference {row['difference_from_r']:.1e}"
                load = os.getloadavg()[0]
                print(f"{name:34} first {row['first']:6.2f}  {shown}  {ratio}{far}  load {load:.1f}", flush=True)
    if chosen.json:
        print(json.dumps({"processor": processor(), "rows": chosen.rows, "tasks": report}))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()

"""Survival statistics of 10^8 generated subjects, counted by DuckDB.

    uv run --with duckdb python benchmarks/counts_from_sql.py

DuckDB makes the subjects and counts them by day, arm and site; the estimators read the counts. At 10^7 subjects the
answer is compared with that from one row per subject. DuckDB is no dependency: any SQL engine makes such a table.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from equipoise.analysis import cox, from_counts, kaplan_meier, logrank, rmst

SUBJECTS = """
SELECT ceil(least(a, c)) AS time, a <= c AS event, arm, site FROM (
  SELECT -ln(1 - (hash(i * 4) % 1000003) / 1000003.0) * (500 + 250 * (hash(i * 4 + 2) % 3 > 0)::INT) AS a,
         200 + 900 * ((hash(i * 4 + 1) % 1000003) / 1000003.0) AS c,
         CASE WHEN hash(i * 4 + 2) % 3 > 0 THEN 'E' ELSE 'C' END AS arm, (hash(i * 4 + 3) % 4)::INT AS site
  FROM range({n}) r(i))"""
COUNTS = """
SELECT time, arm, site, count(*) FILTER (event) AS n_event, count(*) FILTER (NOT event) AS n_censored
FROM ({subjects}) GROUP BY ALL"""
STRATIFIED = {"group": "arm", "strata": "site", "reference": "C"}


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """The answer and the median of five times, after one call that warms up."""
    answer, seconds = run(), []
    for _ in range(5):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return answer, statistics.median(seconds)


def analyses(counts: pl.DataFrame) -> dict[str, Callable[[], Any]]:
    return {
        "Kaplan-Meier with medians": lambda: from_counts(counts, kaplan_meier, group="arm").median(),
        "stratified log-rank": lambda: from_counts(counts, logrank, **STRATIFIED),
        "stratified Cox, Breslow": lambda: from_counts(counts, cox, ties="breslow", **STRATIFIED),
        "restricted mean": lambda: from_counts(counts, rmst, group="arm", reference="C", tau=900.0),
    }


def compare(counts: pl.DataFrame, rows: pl.DataFrame) -> None:
    """Relative differences between counts and one row per subject."""
    by_row = (rows["time"], rows["event"], rows["arm"])
    test, plain = from_counts(counts, logrank, **STRATIFIED), logrank(*by_row, strata=rows["site"], reference="C")
    print(f"  log-rank chi-square, relative difference: {abs(test.chi_square / plain.chi_square - 1):.1e}")
    for ties in ("breslow", "efron"):
        fit = from_counts(counts, cox, ties=ties, **STRATIFIED)
        other = cox(*by_row, strata=rows["site"], reference="C", ties=ties)
        print(f"  Cox coefficient ({ties}), relative difference: {abs(fit.coef[0] / other.coef[0] - 1):.1e}")


def main() -> None:
    import duckdb  # pyright: ignore[reportMissingImports]

    connection = duckdb.connect()
    with tempfile.TemporaryDirectory() as folder:
        for n in (10_000_000, 100_000_000):
            subjects = SUBJECTS.format(n=n)
            start = time.perf_counter()
            file = Path(folder) / "counts.parquet"
            connection.execute(f"COPY ({COUNTS.format(subjects=subjects)}) TO '{file}'")
            counts = pl.read_parquet(file)
            spent = time.perf_counter() - start
            print(f"{n:,} subjects: DuckDB {duckdb.__version__} counts them in {spent:.1f} s, {len(counts):,} rows")
            for name, run in analyses(counts).items():
                print(f"  {name}: {1e3 * timed(run)[1]:.1f} ms")
            if n == 10_000_000:
                file = Path(folder) / "rows.parquet"
                connection.execute(f"COPY ({subjects}) TO '{file}'")
                compare(counts, pl.read_parquet(file))


if __name__ == "__main__":
    main()

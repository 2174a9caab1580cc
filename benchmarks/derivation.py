"""Derivation at size: a made-up study written as Parquet, derived through `equipoise.derive`, time and peak memory.

    uv run python benchmarks/derivation.py [--rows 100000 1000000 4800000 10000000] [--laboratory] [--pharmaverse DIR]

Each size is made and derived in a process of its own, so that peak memory is that of the derivation alone: reading the
folder, checks, ADSL to ADAE and the decision log, everything held at the end. The study: 12 assessments of 4 lesions
(48 TR rows) a patient, every eighth week, overall responses by the sums, 4 adverse events, 3 doses; one date in 200 is
partial. `--laboratory` adds LB: 4 hematology tests at the 12 visits. `--pharmaverse` times the small public study.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

LESIONS, VISITS, WEEKS = 4, 12, 8
ROWS_OF_A_PATIENT = LESIONS * VISITS
_SITES = ("LIVER", "LUNG", "LYMPH NODE", "BONE")
_TERMS = ("Neutropenia", "Fatigue", "Nausea", "Anaemia", "Arthralgia", "Diarrhoea")
_TESTS = (
    ("NEUT", "10^9/L", 1.8, 3.0),
    ("WBC", "10^9/L", 3.8, 5.0),
    ("HGB", "g/dL", 12.0, 12.5),
    ("PLAT", "10^9/L", 150.0, 220.0),
)
STUDY = "LARGE"
START = np.datetime64("2019-04-01")


def write_study(folder: Path, patients: int, *, laboratory: bool = False, seed: int = 20190405) -> None:
    """A made-up study of this many patients as Parquet files, one for each domain."""
    rng = np.random.default_rng(seed)
    randomized = START + rng.integers(0, 900, patients)
    sums = _write_tumors(folder, randomized, rng)
    _write_responses(folder, randomized, sums, rng)
    _write_subjects(folder, randomized, rng)
    _write_treatment(folder, randomized, rng)
    if laboratory:
        _write_laboratory(folder, randomized, rng)


def _frame(places: np.ndarray, **columns: object) -> pl.DataFrame:
    """Records of the patients at these places."""
    named = pl.DataFrame({"place": places, **columns})
    subject = pl.format(
        "{}-{}-{}",
        pl.lit(STUDY),
        (pl.col("place") % 400).cast(pl.String).str.zfill(4),
        pl.col("place").cast(pl.String).str.zfill(7),
    )
    return named.select(pl.lit(STUDY).alias("STUDYID"), subject.alias("USUBJID"), *(name for name in columns))


def _dates(days: np.ndarray, rng: np.random.Generator) -> pl.Series:
    """Days as ISO text, one in 200 without its day."""
    text = pl.Series(days.astype("datetime64[D]")).dt.to_string("%Y-%m-%d")
    partial = pl.Series(rng.random(len(days)) < 0.005)
    return pl.select(pl.when(partial).then(text.str.slice(0, 7)).otherwise(text)).to_series()


def _visits(randomized: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each patient and visit: the patient's place, the visit's number, its day; the first before randomization."""
    places = np.repeat(np.arange(len(randomized)), VISITS)
    numbers = np.tile(np.arange(VISITS), len(randomized))
    days = np.repeat(randomized, VISITS) + np.where(numbers == 0, -14, numbers * 7 * WEEKS)
    return places, numbers, days


def _names(numbers: np.ndarray) -> pl.Series:
    words = pl.Series(["SCREENING", *(f"WEEK {WEEKS * visit}" for visit in range(1, VISITS))])
    return words.gather(numbers)


def _write_tumors(folder: Path, randomized: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """TU and TR; returns the sum of diameters by patient and visit."""
    n = len(randomized)
    first = rng.uniform(15, 60, (n, 1, LESIONS))
    steps = rng.normal(-0.01, 0.09, (n, VISITS - 1, LESIONS)).cumsum(axis=1)
    sizes = np.round(np.concatenate([first, first * np.exp(steps)], axis=1))
    places, numbers, days = (np.repeat(part, LESIONS) for part in _visits(randomized))
    lesion = np.tile(np.arange(LESIONS), n * VISITS)
    named = pl.Series([f"T0{number + 1}" for number in range(LESIONS)]).gather(lesion)
    nodal = lesion == _SITES.index("LYMPH NODE")
    tests = pl.select(pl.when(pl.Series(nodal)).then(pl.lit("LPERP")).otherwise(pl.lit("LDIAM"))).to_series()
    text = _dates(days, rng)
    sequence = np.tile(np.arange(1, ROWS_OF_A_PATIENT + 1), n).astype(float)
    common = {"VISIT": _names(numbers), "VISITNUM": numbers.astype(float)}
    constant = [
        pl.lit("INVESTIGATOR").alias("TREVAL"),
        pl.lit("TARGET").alias("TRGRPID"),
        pl.lit("mm").alias("TRSTRESU"),
    ]
    columns = {"TRSEQ": sequence, "TRLNKID": named, "TRTESTCD": tests, "TRSTRESN": sizes.reshape(-1), "TRDTC": text}
    _frame(places, **columns, **common).with_columns(constant).write_parquet(folder / "tr.parquet")
    baseline = numbers == 0
    sites = pl.Series(_SITES).gather(lesion[baseline])
    columns = {"TUSEQ": lesion[baseline] + 1.0, "TULNKID": named.filter(pl.Series(baseline)), "TULOC": sites}
    marks = [
        pl.lit("TUMIDENT").alias("TUTESTCD"),
        pl.lit("INVESTIGATOR").alias("TUEVAL"),
        pl.lit("TARGET").alias("TUSTRESC"),
        pl.lit("SCREENING").alias("VISIT"),
        pl.lit(0.0).alias("VISITNUM"),
    ]
    _frame(places[baseline], **columns, TUDTC=text.filter(pl.Series(baseline))).with_columns(marks).write_parquet(
        folder / "tu.parquet"
    )
    return sizes.sum(axis=2)


def _write_responses(folder: Path, randomized: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> None:
    nadir = np.minimum.accumulate(sums, axis=1)[:, :-1]
    later = sums[:, 1:]
    progressed = (later >= 1.2 * nadir) & (later - nadir >= 5)
    responded = later <= 0.7 * sums[:, :1]
    words = np.where(progressed, "PD", np.where(responded, "PR", "SD")).reshape(-1)
    missed = rng.random(len(words)) < 0.02
    places, numbers, days = _visits(randomized)
    seen = numbers > 0
    columns = {
        "RSSEQ": numbers[seen].astype(float),
        "RSSTRESC": np.where(missed, "NE", words),
        "VISIT": _names(numbers[seen]),
        "VISITNUM": numbers[seen].astype(float),
        "RSDTC": _dates(days[seen], rng),
    }
    marks = [pl.lit("OVRLRESP").alias("RSTESTCD"), pl.lit("INVESTIGATOR").alias("RSEVAL")]
    _frame(places[seen], **columns).with_columns(marks).write_parquet(folder / "rs.parquet")


def _write_subjects(folder: Path, randomized: np.ndarray, rng: np.random.Generator) -> None:
    n = len(randomized)
    places = np.arange(n)
    dead = rng.random(n) < 0.5
    died = pl.Series(randomized + rng.integers(60, 900, n)).dt.to_string("%Y-%m-%d")
    arm = pl.Series(["A", "B"]).gather(places % 2)
    text = pl.select(pl.when(pl.Series(dead)).then(died)).to_series()
    columns = {"SUBJID": [f"{place:07d}" for place in places], "SITEID": [f"{place % 400:04d}" for place in places]}
    named = pl.select(pl.format("Treatment {}", arm)).to_series()
    arms = {"ARMCD": arm, "ARM": named, "ACTARMCD": arm, "ACTARM": named}
    dm = _frame(places, **columns, AGE=rng.integers(30, 85, n).astype(float), **arms, DTHDTC=text)
    marks = [pl.lit("F").alias("SEX"), pl.lit("WHITE").alias("RACE"), pl.lit("ESP").alias("COUNTRY")]
    dm.with_columns(*marks, DTHFL=pl.when(pl.col("DTHDTC").is_not_null()).then(pl.lit("Y"))).write_parquet(
        folder / "dm.parquet"
    )
    ds = _frame(places, DSSEQ=np.ones(n), DSSTDTC=pl.Series(randomized).dt.to_string("%Y-%m-%d"))
    words = [pl.lit("RANDOMIZED").alias(name) for name in ("DSDECOD", "DSTERM")]
    ds.with_columns(*words, pl.lit("PROTOCOL MILESTONE").alias("DSCAT")).write_parquet(folder / "ds.parquet")


def _write_treatment(folder: Path, randomized: np.ndarray, rng: np.random.Generator) -> None:
    n = len(randomized)
    places = np.repeat(np.arange(n), 3)
    order = np.tile(np.arange(3), n)
    start = np.repeat(randomized, 3) + 1 + 84 * order
    ends = pl.Series(start + 83).dt.to_string("%Y-%m-%d")
    columns = {"EXSEQ": order + 1.0, "EXSTDTC": pl.Series(start).dt.to_string("%Y-%m-%d"), "EXENDTC": ends}
    marks = [pl.lit("DRUG").alias("EXTRT"), pl.lit(54.0).alias("EXDOSE"), pl.lit("mg").alias("EXDOSU")]
    _frame(places, **columns).with_columns(marks).write_parquet(folder / "ex.parquet")
    places = np.repeat(np.arange(n), 4)
    start = np.repeat(randomized, 4) + rng.integers(-10, 300, 4 * n)
    kinds = rng.integers(0, len(_TERMS), 4 * n)
    columns = {
        "AESEQ": np.tile(np.arange(1.0, 5.0), n),
        "AEDECOD": pl.Series(_TERMS).gather(kinds),
        "AETOXGR": pl.Series(["1", "2", "3", "4"]).gather(rng.integers(0, 4, 4 * n)),
        "AESTDTC": _dates(start, rng),
        "AEENDTC": _dates(start + rng.integers(0, 60, 4 * n), rng),
    }
    marks = [
        pl.col("AEDECOD").alias("AETERM"),
        pl.lit("Investigations").alias("AEBODSYS"),
        pl.lit("MODERATE").alias("AESEV"),
        pl.lit("N").alias("AESER"),
    ]
    _frame(places, **columns).with_columns(marks).write_parquet(folder / "ae.parquet")


def _write_laboratory(folder: Path, randomized: np.ndarray, rng: np.random.Generator) -> None:
    places, numbers, days = (np.repeat(part, len(_TESTS)) for part in _visits(randomized))
    kinds = np.tile(np.arange(len(_TESTS)), len(randomized) * VISITS)
    usual = np.array([test[3] for test in _TESTS])[kinds]
    columns = {
        "LBSEQ": np.tile(np.arange(1.0, len(_TESTS) * VISITS + 1), len(randomized)),
        "LBTESTCD": pl.Series([test[0] for test in _TESTS]).gather(kinds),
        "LBSTRESN": np.round(usual * rng.lognormal(0, 0.4, len(kinds)), 2),
        "LBSTRESU": pl.Series([test[1] for test in _TESTS]).gather(kinds),
        "LBSTNRLO": np.array([test[2] for test in _TESTS])[kinds],
        "VISIT": _names(numbers),
        "VISITNUM": numbers.astype(float),
        "LBDTC": pl.Series(days).dt.to_string("%Y-%m-%d"),
    }
    _frame(places, **columns).write_parquet(folder / "lb.parquet")


def derive_once(folder: Path, profile: str, mapping: dict[str, str] | None) -> dict[str, float]:
    """Seconds and peak memory of one derivation; the profile and the imports are warm."""
    import equipoise
    from equipoise.derivation import load_profile

    load_profile(profile)
    began, worked = time.perf_counter(), time.process_time()
    adam = equipoise.derive(sdtm=folder, profile=profile, mapping=mapping)
    return {
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - worked,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "decisions": len(adam.decisions),
        **{name: frame.height for name, frame in adam.tables.items()},
    }


def measured(arguments: list[str]) -> dict[str, float]:
    """One derivation in a process of its own."""
    out = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def sizes(rows: list[int], *, laboratory: bool, profile: str) -> Iterator[tuple[int, dict[str, float]]]:
    for wanted in rows:
        with tempfile.TemporaryDirectory() as folder:
            flags = ["--laboratory"] if laboratory else []
            patients = str(round(wanted / ROWS_OF_A_PATIENT))
            subprocess.run([sys.executable, __file__, "--make", folder, "--patients", patients, *flags], check=True)
            yield wanted, measured(["--once", folder, "--profile", profile])


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 4_800_000, 10_000_000])
    parser.add_argument("--profile", default="equipoise")
    parser.add_argument("--laboratory", action="store_true")
    parser.add_argument("--pharmaverse", type=Path)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--patients", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make is not None:
        write_study(arguments.make, arguments.patients, laboratory=arguments.laboratory)
        return
    if arguments.once is not None:
        print(json.dumps(derive_once(arguments.once, arguments.profile, None)))
        return
    if arguments.pharmaverse is not None:
        mapping = {domain: f"{domain}_onco_recist" for domain in ("rs", "tu", "tr")}
        runs = [derive_once(arguments.pharmaverse, "admiral", mapping) for _ in range(3)]
        print("pharmaverse, small family:", ", ".join(f"{run['seconds']:.2f} s" for run in runs))
        return
    for rows, run in sizes(arguments.rows, laboratory=arguments.laboratory, profile=arguments.profile):
        print(
            f"{rows:>12,} TR rows: {run['seconds']:6.1f} s ({run['processor']:.1f} s of processor time), "
            f"peak {run['peak_gb']:.2f} GB; {run['decisions']:,} decisions; ADTR {run['adtr']:,} rows"
        )


if __name__ == "__main__":
    main()

"""Tables written part by part: the bytes of a transport file, the rows of a Parquet file, the digest of a table."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from equipoise.frames import adam, memory
from equipoise.frames.transport import write_transport
from equipoise.frames.transport_rows import write_transport_parts

# ReadStat writes larger numbers, up to the 7.2e75 of the format, as the largest.
_SIZES = st.floats(min_value=1e-70, max_value=4e74) | st.floats(min_value=-4e74, max_value=-1e-70)
_NUMBERS = st.none() | st.just(0.0) | st.integers(-(10**6), 10**6).map(float) | _SIZES
_TEXTS = st.none() | st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30).map(str.rstrip)
_DAYS = st.none() | st.dates(date(1900, 1, 1), date(2100, 12, 31))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(_NUMBERS, _TEXTS, _DAYS), min_size=1, max_size=12), cut=st.integers(1, 5))
def test_a_transport_file_in_parts_has_the_bytes_of_the_whole(
    rows: list[tuple[float | None, str | None, date | None]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    schema = {"AVAL": pl.Float64, "AVALC": pl.String, "ADT": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        AVALC=pl.when(pl.col("AVALC") != "").then("AVALC"), ASEQ=pl.int_range(1, pl.len() + 1).cast(pl.Float64)
    )
    write_transport(frame, folder / "whole.xpt", "adtr", {"AVAL": "Analysis Value"}, "Tumor Results")
    write_transport_parts(
        lambda: frame.iter_slices(cut), folder / "parts.xpt", "adtr", {"AVAL": "Analysis Value"}, "Tumor Results"
    )
    assert (folder / "parts.xpt").read_bytes() == (folder / "whole.xpt").read_bytes()


def _table(rows: int) -> pl.DataFrame:
    place = pl.int_range(rows)
    return pl.select(
        STUDYID=pl.lit("MADE-UP"),
        USUBJID=pl.format("S-{}", place // 3),
        PARAMCD=pl.when(place % 3 == 0).then(pl.lit("SDIAM")).otherwise(pl.lit("LDIAM1")).cast(pl.Categorical),
        AVAL=pl.when(place % 7 > 0).then(place * 1.1),
        ADT=pl.lit(date(2020, 1, 1)) + pl.duration(days=place),
        LSASS=pl.when(place % 2 == 0).then(pl.lit("é" * 150)),
    )


def test_a_large_data_set_is_written_in_parts_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = _table(50)
    whole_log, log = adam.DecisionLog(), adam.DecisionLog()
    adam.write_adam({"adtr": table}, tmp_path / "whole", log=whole_log)
    monkeypatch.setattr(adam, "_ROWS_OF_A_PART", 7)
    for folder in ("parts", "again"):
        log = adam.DecisionLog()
        adam.write_adam({"adtr": table}, tmp_path / folder, log=log)
    for name in ("adtr.parquet", "adtr.xpt"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert (tmp_path / "parts" / "adtr.xpt").read_bytes() == (tmp_path / "whole" / "adtr.xpt").read_bytes()
    assert_frame_equal(
        pl.read_parquet(tmp_path / "parts" / "adtr.parquet"), pl.read_parquet(tmp_path / "whole" / "adtr.parquet")
    )
    assert log.count("text-cut") == 25
    assert_frame_equal(log.to_frame(), whole_log.to_frame())


def test_the_digest_of_a_table_is_that_of_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_ROWS_AT_A_TIME", 4)
    moment = pl.lit(datetime(2020, 1, 2, 3, 4, 5))
    frames = {"tr": _table(10).with_columns(moment.alias("ADTM")), "rs": pl.DataFrame(schema={"RSSEQ": pl.Float64})}
    expected = hashlib.sha256()
    for name in ("rs", "tr"):
        expected.update(name.encode() + b"\0" + frames[name].write_csv().encode() + b"\0")
    assert memory._digest(frames) == expected.hexdigest()

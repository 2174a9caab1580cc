from datetime import date, datetime

import polars as pl
import pytest

from equipoise.errors import DataError
from equipoise.frames.adam import conform, read_adam, write_adam
from equipoise.frames.adam_schemas import SCHEMAS, schema, variable
from equipoise.frames.decisions import DecisionLog

ADSL = pl.DataFrame(
    {
        "EXTRA": ["x", "y"],
        "RANDDT": [date(2020, 2, 29), None],
        "USUBJID": ["P-1", "P-2"],
        "AGE": [61, 70],
        "TRTSDTM": [datetime(2020, 3, 1, 13, 17), None],
    }
)
ADTTE = pl.DataFrame({"USUBJID": ["P-1"], "PARAMCD": ["OS"], "AVAL": [12], "CNSR": [1], "ADT": [date(2021, 1, 1)]})


def test_conform_orders_casts_and_keeps_the_rest():
    frame = conform(ADSL.rename(str.lower), "adsl")
    assert frame.schema == {
        "USUBJID": pl.String(),
        "AGE": pl.Float64(),
        "RANDDT": pl.Date(),
        "TRTSDTM": pl.Datetime("us"),
        "EXTRA": pl.String(),
    }


def test_conform_takes_what_other_programs_write():
    frame = pl.DataFrame(
        {
            "USUBJID": pl.Series(["P-1", " "], dtype=pl.Categorical),
            "SUBJID": [1001.0, None],
            "AGE": ["61", "."],
            "RANDDT": ["2020-02-29", ""],
            "DTHDT": [21974.0, None],
            "EOSDT": [datetime(2020, 2, 29), None],
            "TRTSDTM": ["2020-03-01T13:17:00", "2020-03-01 13:17:00.5"],
            "TRTEDTM": [date(2020, 2, 29), None],
            "LSTALVDT": [None, None],
            "NEWNUM": [1, 2],
        }
    )
    assert conform(frame, "adsl").select(frame.columns).rows() == [
        (
            "P-1",
            "1001",
            61.0,
            date(2020, 2, 29),
            date(2020, 2, 29),
            date(2020, 2, 29),
            datetime(2020, 3, 1, 13, 17),
            datetime(2020, 2, 29),
            None,
            1.0,
        ),
        (None, None, None, None, None, None, datetime(2020, 3, 1, 13, 17, 0, 500000), None, None, 2.0),
    ]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("AGE", ["61", "old"], "'old' in AGE is not a number"),
        ("RANDDT", ["2020-02-30"], "'2020-02-30' in RANDDT is not a date"),
        ("RANDDT", ["2020-02"], "'2020-02' in RANDDT is not a date"),
        ("TRTSDTM", ["noon"], "'noon' in TRTSDTM is not a datetime"),
        ("EOSDT", [datetime(2020, 2, 29, 12)], "EOSDT has the type Datetime.*should be date"),
        ("SAFFL", [True], "SAFFL has the type Boolean, and should be text"),
        ("OTHER", [True], "OTHER has the type Boolean\n"),
        ("AGE", [date(2020, 1, 1)], "AGE has the type Date, and should be number"),
    ],
)
def test_conform_refuses_what_cannot_be(column, values, message):
    with pytest.raises(DataError, match=message) as caught:
        conform(pl.DataFrame({column: values}), "adsl")
    assert caught.value.code == "value-invalid"


def test_written_data_sets_are_read_back_the_same_from_either_format(tmp_path):
    paths = write_adam({"adsl": ADSL, "ADTTE": ADTTE}, tmp_path)
    assert sorted(path.name for path in paths) == ["adsl.parquet", "adsl.xpt", "adtte.parquet", "adtte.xpt"]
    from_parquet = read_adam(tmp_path, required=("adsl", "adtte"))
    assert from_parquet.ignored == {"adsl.xpt": "adsl.parquet is read", "adtte.xpt": "adtte.parquet is read"}
    for path in paths:
        if path.suffix == ".parquet":
            path.unlink()
    from_transport = read_adam(tmp_path)
    for name in ("adsl", "adtte"):
        assert from_transport.tables[name].equals(from_parquet.tables[name])
        assert from_transport.tables[name].schema == from_parquet.tables[name].schema
        assert from_transport.labels[name] == from_parquet.labels[name]


def test_csv_data_sets_are_typed_by_the_schema(tmp_path):
    conform(ADTTE, "adtte").write_csv(tmp_path / "ADTTE.csv")
    assert read_adam(tmp_path, required=()).tables["adtte"].equals(conform(ADTTE, "adtte"))


def test_two_writes_give_the_same_bytes(tmp_path):
    first = write_adam({"adsl": ADSL, "adtte": ADTTE}, tmp_path / "one")
    second = write_adam({"adtte": ADTTE, "adsl": ADSL}, tmp_path / "two")
    assert [path.read_bytes() for path in sorted(first)] == [path.read_bytes() for path in sorted(second)]


def test_labels_of_other_variables_travel(tmp_path):
    write_adam({"adsl": ADSL}, tmp_path, labels={"adsl": {"EXTRA": "Something Else"}})
    (tmp_path / "adsl.parquet").unlink()
    assert read_adam(tmp_path).labels["adsl"]["EXTRA"] == "Something Else"


def test_long_texts_are_cut_in_the_transport_copy_only_when_a_log_takes_note(tmp_path):
    long = ADSL.with_columns(EXTRA=pl.Series(["é" * 150, "short"]))
    with pytest.raises(DataError, match="a text of 300 bytes in EXTRA"):
        write_adam({"adsl": long}, tmp_path)
    assert list(tmp_path.iterdir()) == []
    log = DecisionLog()
    write_adam({"adsl": long}, tmp_path, log=log)
    assert [(d.code, d.usubjid, d.variable) for d in log] == [("text-cut", "P-1", "EXTRA")]
    assert read_adam(tmp_path).tables["adsl"].get_column("EXTRA").to_list() == ["é" * 150, "short"]
    (tmp_path / "adsl.parquet").unlink()
    assert read_adam(tmp_path).tables["adsl"].get_column("EXTRA").to_list() == ["é" * 100, "short"]


def test_missing_data_sets_and_columns_name_what_exists(tmp_path):
    write_adam({"adsl": ADSL}, tmp_path)
    with pytest.raises(DataError, match="ADTTE is not in the folder") as caught:
        read_adam(tmp_path, required=("adsl", "adtte"))
    assert "adsl.parquet" in str(caught.value.hint)
    ADTTE.rename({"CNSR": "CENSOR"}).write_parquet(tmp_path / "adtte.parquet")
    with pytest.raises(DataError, match="ADTTE has no column CNSR") as caught:
        read_adam(tmp_path)
    assert "did you mean 'CENSOR'?" in str(caught.value.hint)
    ADTTE.write_parquet(tmp_path / "adtte.parquet")
    ADTTE.write_parquet(tmp_path / "ADTTE.parquet")
    with pytest.raises(DataError, match=r"ADTTE is held by ADTTE\.parquet and adtte\.parquet"):
        read_adam(tmp_path)


def test_the_schemas_fit_a_transport_file():
    for known in SCHEMAS.values():
        names = [candidate.name for candidate in known.variables]
        assert len(names) == len(set(names))
        assert "USUBJID" in known.required
        for candidate in known.variables:
            assert len(candidate.name) <= 8
            assert 0 < len(candidate.label) <= 40, candidate


def test_a_variable_means_the_same_in_every_data_set():
    seen: dict[str, tuple[str, str]] = {}
    for known in SCHEMAS.values():
        for candidate in known.variables:
            meaning = (candidate.label, candidate.type)
            assert seen.setdefault(candidate.name, meaning) == meaning, candidate
    copied = variable("RSSTRESC", "adrs")
    assert copied is not None
    assert copied.type == "text"
    assert variable("NOSUCH") is None
    assert schema("adzz") is None

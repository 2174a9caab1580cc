"""Dataset-JSON 1.1: what is written has the shape of the specification, is read back whole, and bad files say why."""

from __future__ import annotations

import json
from datetime import date, datetime

import jsonschema
import polars as pl
import pytest

from equipoise.errors import DataError
from equipoise.frames.adam import read_adam, write_adam
from equipoise.frames.dataset_json import read_dataset_json, write_dataset_json
from equipoise.frames.sdtm import read_sdtm, write_sdtm

# The attributes of Dataset-JSON 1.1 as its specification (5 December 2024) tables them, "Top-level Metadata Attributes"
# and "Column Metadata": names, types, what is required, and nothing else.
_MOMENT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(([+-]\d\d:\d\d)|Z)?$"
_NAME = {"type": "string", "minLength": 1}
_KINDS = ["string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time", "URI"]
SHAPE = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        *("datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records", "name", "label", "columns"),
    ],
    "properties": {
        "datasetJSONCreationDateTime": {"type": "string", "pattern": _MOMENT},
        "datasetJSONVersion": {"type": "string", "pattern": r"^1\.1(\.(0|([1-9][0-9]*)))?$"},
        "dbLastModifiedDateTime": {"type": "string", "pattern": _MOMENT},
        "fileOID": _NAME,
        "studyOID": _NAME,
        "metaDataVersionOID": _NAME,
        "metaDataRef": {"type": "string"},
        "itemGroupOID": _NAME,
        "records": {"type": "integer", "minimum": 0},
        "name": _NAME,
        "label": {"type": "string"},
        "columns": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["itemOID", "name", "label", "dataType"],
                "properties": {
                    "itemOID": _NAME,
                    "name": _NAME,
                    "label": {"type": "string"},
                    "dataType": {"enum": _KINDS},
                    "targetDataType": {"enum": ["integer", "decimal"]},
                    "length": {"type": "integer", "minimum": 1},
                    "displayFormat": {"type": "string"},
                    "keySequence": {"type": "integer", "minimum": 1},
                },
            },
        },
        "rows": {
            "type": "array",
            "items": {"type": "array", "items": {"type": ["string", "number", "integer", "boolean", "null"]}},
        },
    },
}
ORDER = [name for name in SHAPE["properties"] if name != "dbLastModifiedDateTime"]

TABLE = pl.DataFrame(
    {
        "STUDYID": ["S", "S", "S"],
        "USUBJID": ["S-1", "S-2", "S-3"],
        "TEXT": ['say "no"\\', "é\n\u2028\x00", None],
        "AVAL": [1.5, None, -1e300],
        "ASEQ": [1.0, 2.0, None],
        "ADT": [date(2020, 2, 29), None, date(1950, 1, 1)],
        "ADTM": [datetime(2020, 2, 29, 23, 59, 59, 500000), None, datetime(1950, 1, 1)],
        "EMPTY": [None, None, None],
    },
    schema_overrides={"EMPTY": pl.String},
)


def _written(tmp_path, frame=TABLE, name="adtte", **more):
    path = tmp_path / f"{name}.json"
    write_dataset_json(frame, path, name, {"AVAL": "Analysis Value"}, "Time to event", **more)
    return path


def test_the_file_has_the_attributes_of_the_specification(tmp_path):
    content = json.loads(_written(tmp_path, study="S", define="define.xml").read_text(encoding="utf-8"))
    jsonschema.validate(content, SHAPE)
    assert list(content) == ORDER[:3] + [name for name in ORDER[3:] if name in content]
    assert content["records"] == 3
    assert content["itemGroupOID"] == "IG.ADTTE"
    assert content["metaDataVersionOID"] == "MDV.S.ADaM"


def test_columns_say_their_types_lengths_and_keys(tmp_path):
    columns = {column["name"]: column for column in json.loads(_written(tmp_path).read_text("utf-8"))["columns"]}
    assert columns["AVAL"] == {
        "itemOID": "IT.ADTTE.AVAL",
        "name": "AVAL",
        "label": "Analysis Value",
        "dataType": "double",
    }
    assert columns["ASEQ"]["dataType"] == "integer"
    dated = {name: columns["ADT"][name] for name in ("dataType", "targetDataType", "displayFormat")}
    assert dated == {"dataType": "date", "targetDataType": "integer", "displayFormat": "E8601DA."}
    assert columns["ADTM"]["displayFormat"] == "E8601DT."
    assert columns["TEXT"]["length"] == 9
    assert columns["EMPTY"]["length"] == 1
    keys = {name: column.get("keySequence") for name, column in columns.items() if "keySequence" in column}
    assert keys == {"STUDYID": 1, "USUBJID": 2, "ASEQ": 3}


def test_what_is_written_is_read_back(tmp_path):
    frame, labels = read_dataset_json(_written(tmp_path))
    assert frame.schema == TABLE.schema
    assert frame.equals(TABLE)
    assert labels["AVAL"] == "Analysis Value"


def test_the_same_table_gives_the_same_bytes(tmp_path):
    first = _written(tmp_path).read_bytes()
    assert _written(tmp_path).read_bytes() == first


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    path = _written(tmp_path, TABLE.clear())
    jsonschema.validate(json.loads(path.read_text("utf-8")), SHAPE)
    frame, _ = read_dataset_json(path)
    assert frame.columns == TABLE.columns
    assert frame.height == 0


def test_more_rows_than_are_written_at_a_time(tmp_path):
    long = pl.DataFrame({"USUBJID": [str(place) for place in range(100_001)]})
    frame, _ = read_dataset_json(_written(tmp_path, long))
    assert frame.equals(long)


def test_json_lines_are_read(tmp_path):
    whole = json.loads(_written(tmp_path).read_text("utf-8"))
    rows = whole.pop("rows")
    path = tmp_path / "adtte.ndjson"
    path.write_text("\n".join(json.dumps(part) for part in (whole, *rows)) + "\n", encoding="utf-8")
    assert read_dataset_json(path)[0].equals(TABLE)


def test_a_decimal_written_as_text_is_a_number(tmp_path):
    path = _written(tmp_path)
    content = json.loads(path.read_text("utf-8"))
    place = next(i for i, column in enumerate(content["columns"]) if column["name"] == "AVAL")
    content["columns"][place].update(dataType="decimal", targetDataType="decimal")
    for row, text in zip(content["rows"], ("30.8983333323059", None, "1,000.5"), strict=True):
        row[place] = text
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_dataset_json(path)[0]["AVAL"].to_list() == [30.8983333323059, None, 1000.5]


def test_a_folder_of_sdtm_in_every_format_reads_alike(tmp_path):
    dm = pl.DataFrame({"STUDYID": ["S"], "USUBJID": ["S-1"], "ARM": ["A"], "AGE": [60.0], "BRTHDTC": ["1960-02"]})
    read = []
    for form in ("parquet", "csv", "xpt", "dataset-json"):
        write_sdtm({"dm": dm}, tmp_path / form, form)
        read.append(read_sdtm(tmp_path / form).tables["dm"])
    assert all(frame.equals(read[0]) for frame in read)


def test_other_json_of_a_folder_is_no_table(tmp_path):
    dm = pl.DataFrame({"STUDYID": ["S"], "USUBJID": ["S-1"], "ARM": ["A"]})
    write_sdtm({"dm": dm}, tmp_path, "dataset-json")
    (tmp_path / "metadata.json").write_text('{"source": "elsewhere"}', encoding="utf-8")
    (tmp_path / "ae.json").write_text("[]", encoding="utf-8")
    assert list(read_sdtm(tmp_path).tables) == ["dm"]


def test_adam_is_read_from_dataset_json_where_there_is_no_parquet(tmp_path):
    adsl = pl.DataFrame({"STUDYID": ["S"], "USUBJID": ["S-1"], "RANDDT": [date(2020, 1, 1)]})
    written = write_adam({"adsl": adsl}, tmp_path, formats=("xpt", "dataset-json"), study="S")
    assert sorted(path.name for path in written) == ["adsl.json", "adsl.xpt"]
    data = read_adam(tmp_path)
    assert data.sources == {"adsl": "adsl.json"}
    assert data.tables["adsl"].equals(adsl)
    assert data.ignored == {"adsl.xpt": "adsl.json is read"}


def test_infinity_is_refused(tmp_path):
    frame = TABLE.with_columns(AVAL=pl.lit(float("inf")))
    with pytest.raises(DataError, match=r"infinity in AVAL \(3 such rows\)"):
        _written(tmp_path, frame)


def _spoil(content, what):
    column = content["columns"][3]
    if what == "version":
        content["datasetJSONVersion"] = "1.0.0"
    elif what == "records":
        content["records"] = 7
    elif what == "width":
        content["rows"][1].pop()
    elif what == "type":
        content["rows"][1][3] = "high"
    elif what == "boolean":
        content["rows"][1][3] = True
    elif what == "kind":
        column["dataType"] = "complex"
    elif what == "columns":
        del content["columns"]
    elif what == "date":
        content["rows"][0][5] = "2020-02-30"
    elif what == "nan":
        content["rows"][0][3] = float("nan")
    return content


FAULTS = {
    "version": "it is Dataset-JSON 1.0.0, and version 1.1 is read",
    "records": "it says 7 records, and holds 3 rows",
    "width": "row 2 does not hold one value for each of the 8 columns",
    "type": "a value of AVAL is not of the type double",
    "boolean": "true and false are of the type boolean",
    "kind": "column AVAL has the dataType 'complex'",
    "columns": "it has no 'columns', which Dataset-JSON 1.1 requires",
    "date": "'2020-02-30' in ADT is not a date",
    "nan": "NaN is no JSON; a missing number is null",
}


@pytest.mark.parametrize("what", sorted(FAULTS))
def test_a_file_that_cannot_be_read_says_why(what, tmp_path):
    write_adam({"adsl": pl.DataFrame({"STUDYID": ["S"], "USUBJID": ["S-1"]})}, tmp_path, formats=("dataset-json",))
    path = _written(tmp_path)
    path.write_text(json.dumps(_spoil(json.loads(path.read_text("utf-8")), what)), encoding="utf-8")
    with pytest.raises(DataError, match="adtte.json cannot be read as JSON") as caught:
        read_adam(tmp_path)
    assert caught.value.code == "file-unreadable"
    assert FAULTS[what] in (caught.value.reason or "")

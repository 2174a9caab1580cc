import hashlib
from datetime import date, datetime

import polars as pl
import pytest

from equipoise.errors import ArgumentError, DataError
from equipoise.frames.domains import DOMAINS, domain, is_number
from equipoise.frames.sdtm import read_sdtm, supplemental, write_sdtm

DM = pl.DataFrame(
    {
        "STUDYID": ["P", "P"],
        "USUBJID": ["P-1", "P-2"],
        "SUBJID": ["0001", "0002"],
        "AGE": [61.0, None],
        "ARM": ["Palbociclib", None],
        "COUNTRY": ["NA", "ESP"],
    }
)
AE = pl.DataFrame(
    {
        "STUDYID": ["P"] * 3,
        "USUBJID": ["P-1", "P-1", "P-2"],
        "AESEQ": [1.0, 2.0, 1.0],
        "AEDECOD": ["Neutropenia", "Nausea", "Fatigue"],
        "AESTDTC": ["2020-01-02", "2020-01", None],
    }
)


def write(folder, tables, form="parquet"):
    return write_sdtm(tables, folder, form)


@pytest.mark.parametrize("form", ["parquet", "csv", "xpt"])
def test_every_format_gives_back_what_was_written(tmp_path, form):
    write(tmp_path, {"dm": DM, "AE": AE}, form)
    data = read_sdtm(tmp_path)
    assert data.tables["dm"].equals(DM)
    assert data.tables["ae"].equals(AE)
    assert data.sources == {"ae": f"ae.{form}", "dm": f"dm.{form}"}
    assert data.labels["dm"]["AGE"] == "Age"


@pytest.mark.parametrize("form", ["parquet", "csv", "xpt"])
def test_the_same_tables_give_the_same_bytes(tmp_path, form):
    first = write(tmp_path / "one", {"dm": DM, "ae": AE}, form)
    second = write(tmp_path / "two", {"ae": AE, "dm": DM}, form)
    assert {name: path.read_bytes() for name, path in first.items()} == {
        name: path.read_bytes() for name, path in second.items()
    }
    assert read_sdtm(tmp_path / "one").digest == read_sdtm(tmp_path / "two").digest


def test_known_columns_come_first_in_cdisc_order(tmp_path):
    write(tmp_path, {"dm": DM.select("EXTRA" if c == "COUNTRY" else c for c in ["ARM", "USUBJID", "AGE", "STUDYID"])})
    assert read_sdtm(tmp_path).tables["dm"].columns == ["STUDYID", "USUBJID", "AGE", "ARM"]


def test_names_may_be_in_any_case(tmp_path):
    DM.rename(str.lower).write_csv(tmp_path / "DM.CSV")
    data = read_sdtm(tmp_path)
    assert data.tables["dm"].equals(DM)
    assert data.get("Dm") is not None


def test_csv_is_typed_by_cdisc_names_and_not_by_looks(tmp_path):
    (tmp_path / "dm.csv").write_text(
        "\ufeffSTUDYID,USUBJID,SUBJID,AGE,ARM,COUNTRY,NOTE\n"
        'P,P-1,0001,61,A,NA,"two\nlines, quoted"\n'
        'P,P-2,0002,.,"",  ,7\n',
        encoding="utf-8",
    )
    frame = read_sdtm(tmp_path).tables["dm"]
    assert frame.get_column("SUBJID").to_list() == ["0001", "0002"]
    assert frame.get_column("AGE").to_list() == [61.0, None]
    assert frame.get_column("COUNTRY").to_list() == ["NA", None]
    assert frame.get_column("ARM").to_list() == ["A", None]
    assert frame.get_column("NOTE").to_list() == ["two\nlines, quoted", "7"]


def test_other_types_of_a_parquet_file_become_text_and_float(tmp_path):
    frame = DM.with_columns(
        SUBJID=pl.Series([1001.0, 1002.0]),
        SITEID=pl.Series([7, 8], dtype=pl.Int16),
        SEX=pl.Series(["F", "M"], dtype=pl.Categorical),
        RFSTDTC=pl.Series([date(2020, 1, 2), None]),
        RFENDTC=pl.Series([datetime(2020, 1, 2), datetime(2020, 3, 4)]),
        DTHDTC=pl.Series([datetime(2020, 1, 2, 13, 17), None]),
        AGE=pl.Series([61, None], dtype=pl.UInt8),
        DMDY=pl.Series([None, None]),
        RACE=pl.Series([None, None]),
    )
    frame.write_parquet(tmp_path / "dm.parquet")
    read = read_sdtm(tmp_path).tables["dm"]
    assert set(read.dtypes) == {pl.String(), pl.Float64()}
    assert read.schema["DMDY"] == pl.Float64
    assert read.select("SUBJID", "SITEID", "SEX", "RFSTDTC", "RFENDTC", "DTHDTC", "AGE").rows() == [
        ("1001", "7", "F", "2020-01-02", "2020-01-02", "2020-01-02T13:17:00", 61.0),
        ("1002", "8", "M", None, "2020-03-04", None, None),
    ]


def test_a_mapping_chooses_the_file_of_a_domain(tmp_path):
    write(tmp_path, {"dm": DM})
    other = AE.with_columns(AEDECOD=pl.lit("other"))
    AE.write_parquet(tmp_path / "ae.parquet")
    other.write_parquet(tmp_path / "ae_safety.parquet")
    AE.write_csv(tmp_path / "smq_db.csv")
    assert read_sdtm(tmp_path).ignored == {
        "ae_safety.parquet": "not named by a domain, and not mapped",
        "smq_db.csv": "not named by a domain, and not mapped",
    }
    for wanted in ("ae_safety", "AE_SAFETY.parquet"):
        data = read_sdtm(tmp_path, {"AE": wanted})
        assert data.tables["ae"].equals(other)
        assert data.ignored["ae.parquet"] == f"ae is mapped to {wanted.lower()}"


def test_two_files_of_one_domain_are_ambiguous(tmp_path):
    write(tmp_path, {"dm": DM})
    DM.write_csv(tmp_path / "DM.csv")
    with pytest.raises(DataError, match=r"DM is held by DM\.csv and dm\.parquet") as caught:
        read_sdtm(tmp_path)
    assert caught.value.code == "domain-ambiguous"
    assert read_sdtm(tmp_path, {"dm": "dm.csv"}).sources == {"dm": "DM.csv"}


def test_a_required_domain_must_be_there(tmp_path):
    write(tmp_path, {"dm": DM})
    AE.write_parquet(tmp_path / "rs_onco.parquet")
    with pytest.raises(DataError, match="RS is not in the folder") as caught:
        read_sdtm(tmp_path, required=("dm", "rs"))
    assert caught.value.code == "domain-missing"
    assert "a mapping such as rs=rs_onco" in str(caught.value.hint)
    assert "dm.parquet, rs_onco.parquet" in str(caught.value.hint)
    with pytest.raises(DataError, match="RS is mapped to rs_inco, and the folder holds no such file") as caught:
        read_sdtm(tmp_path, {"rs": "rs_inco"})
    assert "did you mean 'rs_onco'?" in str(caught.value.hint)


def test_the_tables_print_in_a_few_lines(tmp_path):
    write(tmp_path, {"dm": DM})
    assert repr(read_sdtm(tmp_path)) == f"SdtmData: 1 tables from {tmp_path}\n  dm: 2 x 6 from dm.parquet"


def test_require_names_what_exists(tmp_path):
    write(tmp_path, {"dm": DM, "ae": AE})
    data = read_sdtm(tmp_path)
    assert data.require("DM", ["AGE"]).equals(DM)
    with pytest.raises(DataError, match="EX is not in the folder"):
        data.require("ex")
    with pytest.raises(DataError, match="AE has no column AESEVR") as caught:
        data.require("ae", ["AEDECOD", "AESEVR"])
    assert caught.value.code == "column-missing"
    assert "existing columns: STUDYID, USUBJID, AESEQ, AEDECOD, AESTDTC" in str(caught.value.hint)


def test_the_digest_sees_names_and_bytes_of_the_files_used(tmp_path):
    write(tmp_path, {"dm": DM, "ae": AE})
    before = read_sdtm(tmp_path).digest
    (tmp_path / "readme_data.csv").write_text("a\n1\n")
    assert read_sdtm(tmp_path).digest == before
    parts = [
        (name, hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()) for name in ("ae.parquet", "dm.parquet")
    ]
    assert before == hashlib.sha256("".join(f"{name}\0{sha}\n" for name, sha in parts).encode()).hexdigest()
    (tmp_path / "ae.parquet").rename(tmp_path / "AE.parquet")
    assert read_sdtm(tmp_path).digest != before


def test_columns_that_sdtm_does_not_know_are_refused_when_writing(tmp_path):
    with pytest.raises(ArgumentError, match=r"DM\.RFSTDTC has the type Date"):
        write_sdtm({"dm": DM.with_columns(RFSTDTC=pl.lit(date(2020, 1, 1)))}, tmp_path)
    with pytest.raises(ArgumentError, match="format 'sas7bdat' cannot be written"):
        write_sdtm({"dm": DM}, tmp_path, "sas7bdat")
    assert list(tmp_path.iterdir()) == []


SUPPAE = pl.DataFrame(
    {
        "STUDYID": ["P"] * 3,
        "RDOMAIN": ["AE"] * 3,
        "USUBJID": ["P-1", "P-2", "P-1"],
        "IDVAR": ["AESEQ", "AESEQ", "AESEQ"],
        "IDVARVAL": ["2", " 1.0", "9"],
        "QNAM": ["AETRTEM", "AETRTEM", "AETRTEM"],
        "QVAL": ["Y", "N", "Y"],
    }
)


def test_supplemental_qualifiers_join_by_the_record_they_name():
    frame = supplemental({"ae": AE, "suppae": SUPPAE}, "ae", "AETRTEM", "NOBODY")
    assert frame.select("USUBJID", "AESEQ", "AETRTEM", "NOBODY").rows() == [
        ("P-1", 1.0, None, None),
        ("P-1", 2.0, "Y", None),
        ("P-2", 1.0, "N", None),
    ]
    assert frame.select(AE.columns).equals(AE)


@pytest.mark.parametrize("idvar", [None, "USUBJID"])
def test_supplemental_qualifiers_of_the_subject_join_every_record(idvar):
    supp = pl.DataFrame(
        {
            "STUDYID": ["P", "P"],
            "USUBJID": ["P-1", "P-1"],
            "IDVAR": [idvar, idvar],
            "IDVARVAL": [None, None],
            "QNAM": ["ITT", "STRAT1"],
            "QVAL": ["Y", "YES"],
        },
        schema_overrides={"IDVAR": pl.String, "IDVARVAL": pl.String},
    )
    frame = supplemental({"dm": DM, "suppdm": supp}, "dm")
    assert frame.select("USUBJID", "ITT", "STRAT1").rows() == [("P-1", "Y", "YES"), ("P-2", None, None)]
    assert supplemental({"ae": AE, "suppae": supp}, "ae", "ITT").get_column("ITT").to_list() == ["Y", "Y", None]


def test_no_supplemental_domain_gives_columns_of_nulls():
    assert supplemental({"dm": DM}, "dm", "ITT").get_column("ITT").to_list() == [None, None]
    assert supplemental({"dm": DM}, "dm").equals(DM)


def test_faulty_supplemental_domains_are_refused():
    with pytest.raises(DataError, match="SUPPAE holds two values of AETRTEM for one record") as caught:
        supplemental({"ae": AE, "suppae": pl.concat([SUPPAE, SUPPAE])}, "ae")
    assert {row["USUBJID"] for row in caught.value.rows} == {"P-1", "P-2"}
    assert caught.value.where == "SUPPAE, USUBJID P-1"
    with pytest.raises(DataError, match="AE has no column AESQE"):
        supplemental({"ae": AE, "suppae": SUPPAE.with_columns(IDVAR=pl.lit("AESQE"))}, "ae")
    with pytest.raises(DataError, match="EX is not among the tables"):
        supplemental({"ae": AE}, "ex")


def test_the_catalog_is_consistent():
    for known in DOMAINS.values():
        assert "USUBJID" in known.required
        for variable in known.variables:
            assert len(variable.name) <= 8
            assert 0 < len(variable.label) <= 40
            assert is_number(variable.name) == (variable.type == "number"), variable
    supp = domain("suppdm")
    assert supp is not None
    assert supp.label == "Supplemental Qualifiers for DM"
    assert domain("zz") is None

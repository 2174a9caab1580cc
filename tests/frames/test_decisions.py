import pytest

from equipoise.errors import ArgumentError, OutputError
from equipoise.frames.decisions import Decision, DecisionLog

NOTE = Decision(severity="note", code="partial-date", domain="AE", usubjid="P-2", sequence=2, decision="day filled")
LATE = Decision(severity="warning", code="impossible-date", domain="RS", usubjid="P-9", sequence=10, decision="missing")
EARLY = Decision(severity="warning", code="impossible-date", domain="RS", usubjid="P-9", sequence=9, decision="missing")


def test_the_frame_puts_warnings_first_and_orders_by_place():
    log = DecisionLog([NOTE, LATE])
    log.append(EARLY)
    frame = log.to_frame()
    assert frame.select("severity", "usubjid", "sequence").rows() == [
        ("warning", "P-9", 9.0),
        ("warning", "P-9", 10.0),
        ("note", "P-2", 2.0),
    ]
    assert frame.columns[0] == "severity"
    assert DecisionLog().to_frame().schema == frame.schema


def test_the_summary_counts_in_words():
    log = DecisionLog()
    log.extend([NOTE, LATE, EARLY])
    assert log.summary() == ["2 warnings: impossible date", "1 note: partial date"]
    assert repr(log) == "3 decisions\n2 warnings: impossible date\n1 note: partial date"
    assert DecisionLog().summary() == []
    assert log.count() == len(log) == 3
    assert log.count("impossible-date") == log.count(severity="warning") == 2


def test_the_file_does_not_depend_on_the_order_of_decisions(tmp_path):
    DecisionLog([NOTE, LATE, EARLY]).write(tmp_path / "one.csv")
    DecisionLog([EARLY, NOTE, LATE]).write(tmp_path / "two.csv")
    text = (tmp_path / "one.csv").read_text()
    assert text == (tmp_path / "two.csv").read_text()
    assert text.splitlines() == [
        "severity,code,domain,usubjid,sequence,variable,value,decision,rule",
        "warning,impossible-date,RS,P-9,9,,,missing,",
        "warning,impossible-date,RS,P-9,10,,,missing,",
        "note,partial-date,AE,P-2,2,,,day filled,",
    ]


def test_faults_are_explained(tmp_path):
    with pytest.raises(ArgumentError, match="severity 'error' is not known"):
        Decision(severity="error", code="x", decision="y")  # type: ignore[arg-type]
    with pytest.raises(OutputError, match="cannot be written"):
        DecisionLog([NOTE]).write(tmp_path / "nowhere" / "log.csv")

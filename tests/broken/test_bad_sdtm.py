"""Bad SDTM through the command line: what stops with status 2 and writes nothing, and what goes on with a log row."""

import polars as pl
import pytest

FIRST = pl.int_range(pl.len()) == 0


def _nothing_written(tmp_path):
    return not (tmp_path / "out").exists() and not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def _set_first(column, value, where=None):
    """An edit of the first record (that satisfies a predicate)."""

    def edit(table):
        chosen = FIRST if where is None else where & (where.cum_sum() == 1)
        return table.with_columns(pl.when(chosen).then(pl.lit(value)).otherwise(pl.col(column)).alias(column))

    return edit


def _repeat_first(where=None, **values):
    """An edit that repeats the first record (that satisfies a predicate), with some values changed."""

    def edit(table):
        first = table.filter(where).head(1) if where is not None else table.head(1)
        changed = first.with_columns(**{name: pl.lit(value) for name, value in values.items()})
        return pl.concat([table, changed])

    return edit


RANDOMIZED = pl.col("DSDECOD") == "RANDOMIZED"
OVERALL = pl.col("RSTESTCD") == "OVRLRESP"

STOPS = {
    "missing domain": (
        {"rs": None},
        ["[domain-missing]", "RS", "DM"],
    ),
    "missing column": (
        {"dm": lambda dm: dm.rename({"ARMCD": "ARMCODE"})},
        ["[column-missing]", "ARMCD", "did you mean 'ARM", "USUBJID"],
    ),
    "subject twice in DM": (
        {"dm": _repeat_first()},
        ["[subject-duplicate]", "DM", "USUBJID"],
    ),
    "unknown arm": (
        {"dm": _set_first("ARMCD", "PALBO_E", pl.col("ARMCD").is_not_null())},
        ["[arm-unknown]", "'PALBO_E'", "did you mean 'PALBO_ET'?"],
    ),
    "unknown stratum level": (
        {"suppdm": _set_first("QVAL", "FULVESTRANT", pl.col("QNAM") == "PRIORET")},
        ["[stratum-unknown]", "'FULVESTRANT'", "FULV"],
    ),
    "randomized twice": (
        {"ds": _repeat_first(RANDOMIZED, DSSTDTC="2020-02-02")},
        ["[subject-randomized-twice]", "DS"],
    ),
}


@pytest.mark.parametrize("case", STOPS)
def test_stops_with_a_message_and_writes_nothing(case, changed_sdtm, equipoise_command, tmp_path):
    edits, words = STOPS[case]
    said = equipoise_command("run", "palmira", "--sdtm", changed_sdtm(**edits), "--out", tmp_path / "out")
    assert said.status == 2
    assert said.out == ""
    assert [word for word in words if word not in said.err] == []
    assert "hint:" in said.err
    assert "Traceback" not in said.err
    assert _nothing_written(tmp_path)


def test_an_empty_folder_stops(equipoise_command, tmp_path):
    (tmp_path / "sdtm").mkdir()
    said = equipoise_command("run", "palmira", "--sdtm", tmp_path / "sdtm", "--out", tmp_path / "out")
    assert said.status == 2
    assert "[folder-unreadable]" in said.err
    assert str(tmp_path / "sdtm") in said.err
    assert _nothing_written(tmp_path)


def test_a_missing_folder_stops(equipoise_command, tmp_path):
    said = equipoise_command("derive", "palmira", "--sdtm", tmp_path / "nowhere", "--out", tmp_path / "out")
    assert said.status == 2
    assert "[folder-unreadable]" in said.err
    assert _nothing_written(tmp_path)


def test_an_error_as_json(equipoise_command, tmp_path):
    import json

    said = equipoise_command("derive", "palmira", "--sdtm", tmp_path / "nowhere", "--json")
    record = json.loads(said.out)
    assert said.status == 2
    assert record["format"] == "equipoise.error/1"
    assert record["error"]["code"] == "folder-unreadable"


def _died(who, day):
    """An edit that lets somebody die on a day."""

    def edit(dm):
        return dm.with_columns(
            DTHDTC=pl.when(who).then(pl.lit(day)).otherwise("DTHDTC"),
            DTHFL=pl.when(who).then(pl.lit("Y")).otherwise("DTHFL"),
        )

    return edit


def _dead_before_randomization(dm):
    early = "2015-01-01"
    chosen = pl.col("ARMCD").is_not_null() & (pl.col("ARMCD").is_not_null().cum_sum() == 1)
    return _died(chosen, early)(dm)


CONTINUES = {
    "death-before-randomization": {"dm": _dead_before_randomization},
    "assessment-before-screening": {"rs": _set_first("RSDTC", "2010-01-01", OVERALL)},
    "impossible-date": {"rs": _set_first("RSDTC", "2020-02-30", OVERALL)},
    "partial-date": {"rs": _set_first("RSDTC", "2020", OVERALL)},
    "grade-missing": {"ae": _set_first("AETOXGR", None)},
    "grade-unknown": {"ae": _set_first("AETOXGR", "SEVERE")},
    "term-missing": {"ae": _set_first("AEDECOD", None)},
    "stratum-missing": {"suppdm": _set_first("QVAL", None, pl.col("QNAM") == "VISCERAL")},
    "response-unknown": {"rs": _set_first("RSSTRESC", "MUCH BETTER", OVERALL)},
}


@pytest.mark.parametrize("code", CONTINUES)
def test_goes_on_with_a_warning_and_a_log_row(code, changed_sdtm, equipoise_command, tmp_path):
    """The whole run goes on: what derivation logs, the analysis and the report must bear."""
    said = equipoise_command("run", "palmira", "--sdtm", changed_sdtm(**CONTINUES[code]), "--out", tmp_path / "out")
    assert said.status == 0
    assert (tmp_path / "out" / "report.html").is_file()
    log = pl.read_csv(tmp_path / "out" / "decisions.csv", infer_schema_length=None)
    rows = log.filter(pl.col("code") == code)
    assert rows.height == 1
    assert rows.select(pl.col("usubjid", "decision", "rule").is_not_null().all()).row(0) == (True, True, True)
    assert code.replace("-", " ") in said.err


def test_a_patient_never_assessed_is_censored_at_randomization(changed_sdtm, equipoise_command, tmp_path, palmira_sdtm):
    assessed = pl.read_parquet(palmira_sdtm / "rs.parquet")["USUBJID"]
    alive = pl.read_parquet(palmira_sdtm / "dm.parquet").filter(
        pl.col("ARMCD").is_not_null() & pl.col("DTHDTC").is_null() & pl.col("USUBJID").is_in(assessed.implode())
    )
    subject = alive["USUBJID"][0]
    folder = changed_sdtm(rs=lambda rs: rs.filter(pl.col("USUBJID") != subject))
    said = equipoise_command("derive", "palmira", "--sdtm", folder, "--out", tmp_path / "out")
    adtte = pl.read_parquet(tmp_path / "out" / "adtte.parquet")
    (record,) = adtte.filter((pl.col("USUBJID") == subject) & (pl.col("PARAMCD") == "PFS")).to_dicts()
    log = pl.read_csv(tmp_path / "out" / "decisions.csv", infer_schema_length=None)
    assert said.status == 0
    assert (record["AVAL"], record["CNSR"]) == (1, 1)
    assert log.filter((pl.col("code") == "never-assessed") & (pl.col("usubjid") == subject)).height == 1


def test_event_and_censoring_on_one_day_is_an_event(changed_sdtm, equipoise_command, tmp_path, palmira_sdtm):
    """A death on the day of the last adequate assessment."""
    overall = pl.read_parquet(palmira_sdtm / "rs.parquet").filter(OVERALL)
    without_pd = overall.filter((pl.col("RSSTRESC") == "PD").sum().over("USUBJID") == 0)
    subject, last = without_pd.group_by("USUBJID").agg(pl.col("RSDTC").max()).sort("USUBJID").row(0)
    died = pl.col("USUBJID") == subject
    folder = changed_sdtm(dm=_died(died, last))
    said = equipoise_command("derive", "palmira", "--sdtm", folder, "--out", tmp_path / "out")
    adtte = pl.read_parquet(tmp_path / "out" / "adtte.parquet")
    (record,) = adtte.filter((pl.col("USUBJID") == subject) & (pl.col("PARAMCD") == "PFS")).to_dicts()
    log = pl.read_csv(tmp_path / "out" / "decisions.csv", infer_schema_length=None)
    assert said.status == 0
    assert record["CNSR"] == 0
    assert log.filter((pl.col("code") == "event-and-censoring-same-day") & (pl.col("usubjid") == subject)).height >= 1


def test_an_arm_that_is_none_is_left_out_of_comparisons(changed_sdtm, equipoise_command, tmp_path):
    """CDISC's word for an arm that nobody assigned is no arm of the trial file, and no mistake either."""
    folder = changed_sdtm(dm=_set_first("ARMCD", "NOTASSGN", pl.col("ARMCD").is_not_null()))
    said = equipoise_command("run", "palmira", "--sdtm", folder, "--out", tmp_path / "out")
    results = pl.read_parquet(tmp_path / "out" / "results.parquet")
    sizes = results.filter(
        (pl.col("analysis") == "pfs-primary") & (pl.col("parameter") == "kaplan-meier") & (pl.col("statistic") == "n")
    )
    assert said.status == 0
    assert sizes["value"].sum() == 197

import polars as pl

from equipoise.frames.codelists import ANALYSIS_SEVERITY, CODELISTS, NO_YES, OVERALL_RESPONSE


def test_overall_responses_have_their_analysis_numbers():
    words = ["CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "MISSING", "CHECK", None]
    frame = pl.DataFrame({"RSSTRESC": words})
    assert frame.select(OVERALL_RESPONSE.number("RSSTRESC")).to_series().to_list() == [1, 2, 3, 4, 5, 6, 7, None, None]
    assert frame.filter(OVERALL_RESPONSE.outside("RSSTRESC")).get_column("RSSTRESC").to_list() == ["CHECK"]


def test_severity_numbers_reach_death_threatening():
    assert dict(ANALYSIS_SEVERITY.numbers) == {"MILD": 1, "MODERATE": 2, "SEVERE": 3, "DEATH THREATENING": 4}


def test_lists_are_found_by_their_cdisc_name():
    assert CODELISTS["NY"] is NO_YES
    assert "Y" in NO_YES
    assert "YES" not in NO_YES
    assert len(CODELISTS) == len({id(codelist) for codelist in CODELISTS.values()})

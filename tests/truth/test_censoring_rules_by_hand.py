"""Every censoring rule on made-up patients, worked by hand. Randomization is 2020-01-01, day 0; AVAL is the day + 1.

Scans are due every 8 weeks (days 56, 112, 168, 224, ...) with a window of 7 days, unless a test says otherwise.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import censored_patients as made
from equipoise.derivation import derive_adam
from equipoise.derivation.assessment_windows import trial_windows
from equipoise.derivation.censoring_rules import load_rule_set
from equipoise.protocol.censoring import RULE_SETS

CHANGED = [{"every": "8 weeks", "until": "48 weeks"}, {"every": "12 weeks"}]


def _codes(*patients, of=None, **more) -> dict[str, tuple[float, float]]:
    """AVAL and CNSR by parameter of the one patient."""
    adtte = derive_adam(made.study(*patients, **more), of or made.trial()).tables["adtte"]
    return {code: (aval, cnsr) for code, aval, cnsr in adtte.select("PARAMCD", "AVAL", "CNSR").iter_rows()}


def _table(patients, of=None, **more) -> pl.DataFrame:
    """ADTTE of several patients at once."""
    return derive_adam(made.study(*patients.values(), **more), of or made.trial()).tables["adtte"]


def _each(code: str, adtte: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """AVAL and CNSR of one parameter by patient."""
    records = adtte.filter(pl.col("PARAMCD") == code).select("USUBJID", "AVAL", "CNSR")
    return {name: (aval, cnsr) for name, aval, cnsr in records.iter_rows()}


# --- windows -------------------------------------------------------------------------------------------------------


def test_next_two_intervals_of_a_regular_schedule() -> None:
    windows = trial_windows(made.trial())
    assert windows is not None
    # Day 48 is before the window of week 8 opens (56 - 7 = 49) and belongs to randomization; all intervals are 56.
    assert windows.next_intervals([0, 48, 49, 104, 105, 1000], 2).tolist() == [112] * 6
    assert windows.window == 7


def test_next_two_intervals_where_the_interval_changes() -> None:
    windows = trial_windows(made.trial(intervals=CHANGED))
    assert windows is not None
    # Weeks 8, ..., 40, 48, 60, 72: days 280, 336, 420, 504. From week 32: 56 + 56; from 40: 56 + 84; from 48: 84 + 84.
    days = [224, 272, 273, 280, 328, 329, 336, 420]
    assert windows.next_intervals(days, 2).tolist() == [112, 112, 140, 140, 140, 168, 168, 168]


def test_where_the_schedule_ends_nothing_is_missed() -> None:
    windows = trial_windows(made.trial(intervals=[{"every": "8 weeks", "until": "24 weeks"}]))
    assert windows is not None
    # Weeks 8, 16, 24 only: from week 8 two more are due, from week 16 one.
    assert windows.next_intervals([0, 56, 112], 2).tolist() == [112, 112, float("inf")]


# --- M2-1: missed assessments --------------------------------------------------------------------------------------


def test_missed_two_on_the_boundary_day() -> None:
    # SD on day 56; two intervals are 112 days, the window 7: 56 + 119 = 175 is the last day that counts.
    patients = {
        "A": made.patient("A", responses=[(56, "SD"), (175, "PD")]),
        "B": made.patient("B", responses=[(56, "SD"), (176, "PD")]),
        "C": made.patient("C", responses=[(56, "SD")], death=175),
        "D": made.patient("D", responses=[(56, "SD")], death=176),
    }
    found = _table(patients)
    assert _each("PFSM2", found) == {"A": (176, 0), "B": (57, 1), "C": (176, 0), "D": (57, 1)}
    # The endpoint's own rules and EMA's count the event whatever was missed.
    assert _each("PFS", found) == {"A": (176, 0), "B": (177, 0), "C": (176, 0), "D": (177, 0)}
    assert _each("PFSEM", found) == _each("PFS", found)


def test_missed_two_without_an_assessment_counts_from_randomization() -> None:
    # 0 + 112 + 7 = 119.
    patients = {
        "A": made.patient("A", death=119),
        "B": made.patient("B", death=120),
        "C": made.patient("C", responses=[(119, "PD")]),
        "D": made.patient("D", responses=[(120, "PD")]),
    }
    assert _each("PFSM2", _table(patients)) == {"A": (120, 0), "B": (1, 1), "C": (120, 0), "D": (1, 1)}


def test_progression_at_the_visit_after_one_missed_counts() -> None:
    # Week 8 done, week 16 missed, week 24: 168 - 56 = 112, not more than 119.
    assert _codes(made.patient(responses=[(56, "SD"), (168, "PD")]))["PFSM2"] == (169, 0)


def test_assessments_of_ne_in_between_are_not_adequate() -> None:
    # SD day 56, NE days 112 and 168, PD day 224: 224 - 56 = 168 > 119. Were NE adequate, 224 - 168 = 56 would count.
    responses = [(56, "SD"), (112, "NE"), (168, "NE"), (224, "PD")]
    assert _codes(made.patient(responses=responses))["PFSM2"] == (57, 1)
    # An adequate assessment in between, even of one day late in the gap, restarts the count.
    assert _codes(made.patient(responses=[(56, "SD"), (168, "NON-CR/NON-PD"), (224, "PD")]))["PFSM2"] == (225, 0)


def test_missed_two_with_a_changed_interval() -> None:
    # SD at week 48 (day 336); the next two intervals are 84 each: 336 + 168 + 7 = 511. An early scan (day 329) belongs
    # to week 48 too: 329 + 168 + 7 = 504. A day earlier it belongs to week 40, whose next two intervals are 56 and
    # 84: 328 + 140 + 7 = 475.
    cases = {336: 511, 329: 504, 328: 475}
    patients = {
        f"{scan}-{day}": made.patient(f"{scan}-{day}", responses=[(scan, "SD")], death=day)
        for scan, last in cases.items()
        for day in (last, last + 1)
    }
    assert _each("PFSM2", _table(patients, of=made.trial(intervals=CHANGED))) == {
        "336-511": (512, 0), "336-512": (337, 1), "329-504": (505, 0), "329-505": (330, 1),
        "328-475": (476, 0), "328-476": (329, 1),
    }  # fmt: skip


def test_an_adequate_assessment_on_the_day_of_death_is_the_last_one() -> None:
    assert _codes(made.patient(responses=[(56, "SD"), (300, "SD")], death=300))["PFSM2"] == (301, 0)


def test_missed_two_says_which_record_and_why() -> None:
    sdtm = made.study(made.patient(responses=[(56, "SD"), (176, "PD")]))
    adam = derive_adam(sdtm, made.trial())
    row = adam.tables["adtte"].filter(pl.col("PARAMCD") == "PFSM2").row(0, named=True)
    assert row["EVNTDESC"] == "Two assessments missed"
    assert row["CNSDTDSC"] == "Last adequate tumor assessment"
    assert row["EQRULE"] == "PFSM2: M2-1 [missed-two, equipoise]"
    assert row["EQWHY"] == (
        "M2-1: Disease progression on day 177 came 120 days after the last adequate assessment or the start, "
        "more than 119 days; censored at the last adequate assessment, day 57"
    )
    pointed = adam.tables["adrs"].filter(pl.col("ASEQ") == row["SRCSEQ"])
    assert pointed.select("PARAMCD", "ADT", "AVALC").row(0) == ("OVR", date(2020, 2, 26), "SD")


# --- FDA-A -----------------------------------------------------------------------------------------------------------


def test_fda_a_censors_at_the_last_adequate_assessment_before_new_therapy() -> None:
    sdtm = made.study(made.patient(responses=[(56, "SD"), (112, "NE"), (168, "PD")]), therapies={"P": 120})
    assert made.record(sdtm, "PFSFA", "AVAL", "CNSR", "EVNTDESC") == (57, 1, "New anticancer therapy")
    assert made.record(sdtm, "PFS") == (169, 0)
    assert made.record(sdtm, "PFSEM") == (169, 0)
    adsl = derive_adam(sdtm, made.trial()).tables["adsl"]
    assert adsl["NACTDT"].to_list() == [date(2020, 4, 30)]


def test_fda_a_counts_progression_on_the_day_the_therapy_starts() -> None:
    starts = {"day-before": 111, "same-day": 112, "day-after": 113}
    patients = {name: made.patient(name, responses=[(56, "SD"), (112, "PD")]) for name in starts}
    found = _table(patients, therapies=starts)
    assert _each("PFSFA", found) == {"day-before": (57, 1), "same-day": (113, 0), "day-after": (113, 0)}


def test_fda_a_assessment_on_the_day_the_therapy_starts_came_before_it() -> None:
    assert _codes(made.patient(responses=[(56, "SD"), (168, "PD")]), therapies={"P": 56})["PFSFA"] == (57, 1)


def test_fda_a_new_therapy_without_any_event_moves_the_censoring_date() -> None:
    # SD on days 56 and 112, therapy on day 80: censored on day 56, not on day 112.
    codes = _codes(made.patient(responses=[(56, "SD"), (112, "SD")]), therapies={"P": 80})
    assert (codes["PFSFA"], codes["PFS"]) == ((57, 1), (113, 1))


def test_fda_a_new_therapy_before_any_assessment_censors_at_randomization() -> None:
    sdtm = made.study(made.patient(responses=[(56, "PD")]), therapies={"P": 30})
    assert made.record(sdtm, "PFSFA", "AVAL", "CNSR", "SRCDOM", "SRCVAR") == (1, 1, "ADSL", "RANDDT")


def test_fda_a_discontinuation_without_progression_is_censored() -> None:
    responses = [(56, "SD"), (112, "SD"), (168, "PD")]

    def stopped(name: str, day: int, reason: str):
        return made.patient(name, responses=responses, stopped=(day, reason))

    patients = {
        "toxicity": stopped("toxicity", 120, "ADVERSE EVENT"),
        # Progression on the day of discontinuation counts, and so does one before it.
        "same-day": stopped("same-day", 168, "ADVERSE EVENT"),
        "later": stopped("later", 170, "ADVERSE EVENT"),
        # Treatment ended by progression, death or as planned is no discontinuation without progression.
        "progressed": stopped("progressed", 160, "PROGRESSIVE DISEASE"),
        "completed": stopped("completed", 160, "COMPLETED"),
        "died": made.patient("died", responses=[(56, "SD")], death=100, stopped=(90, "DEATH")),
    }
    seen = dict.fromkeys(("same-day", "later", "progressed", "completed"), (169, 0))
    found = _table(patients)
    assert _each("PFSFA", found) == {"toxicity": (113, 1), "died": (101, 0), **seen}
    assert _each("PFS", found)["toxicity"] == _each("PFSM2", found)["toxicity"] == (169, 0)


def test_fda_a_progression_that_no_assessment_documents_is_no_event_and_censors() -> None:
    # Treatment stopped for progression on day 100 without a scan that shows it; death on day 150.
    patient = made.patient(responses=[(56, "SD")], stopped=(100, "PROGRESSIVE DISEASE"), death=150)
    row = made.record(made.study(patient), "PFSFA", "AVAL", "CNSR", "EVNTDESC")
    assert row == (57, 1, "Treatment discontinued for undocumented progression")
    # An endpoint that counts clinical progression counts it, but not under FDA-A.
    clinical = made.trial(pfs={"events": ["progression", "clinical_progression", "death"]})
    codes = _codes(patient, of=clinical)
    assert (codes["PFS"], codes["PFSFA"], codes["PFSEM"]) == ((101, 0), (57, 1), (101, 0))


def test_fda_a_without_a_baseline_assessment() -> None:
    seen = [(56, "SD"), (112, "PD")]
    patients = {
        "none": made.patient("none", baseline=False, responses=seen),
        "done": made.patient("done", responses=seen),
        # A death within two scheduled intervals, 112 days, is an event all the same; a day later it is not.
        "early": made.patient("early", baseline=False, death=112),
        "late": made.patient("late", baseline=False, death=113),
        # A progression in between is none: there is nothing to compare it with.
        "both": made.patient("both", baseline=False, responses=[(50, "PD")], death=100),
        # With a baseline, missed assessments are counted with the window: 119 days.
        "window": made.patient("window", death=119),
    }
    found = _table(patients)
    assert _each("PFSFA", found) == {
        "none": (1, 1), "done": (113, 0), "early": (113, 0), "late": (1, 1), "both": (101, 0), "window": (120, 0),
    }  # fmt: skip
    assert _each("PFSM2", found)["none"] == (113, 0)


def test_a_baseline_nobody_collected_is_not_missed() -> None:
    adam = derive_adam(made.study(made.patient(responses=[(56, "PD")]), without=("tu", "tr")), made.trial())
    assert adam.tables["adtte"].filter(pl.col("PARAMCD") == "PFSFA").select("AVAL", "CNSR").row(0) == (57, 0)
    said = adam.decisions.to_frame().filter(pl.col("rule") == "FA-1")
    assert said["decision"].to_list() == [
        "neither TU nor TR was collected: nobody is taken to lack a baseline assessment (fda-a)"
    ]


def test_of_several_rules_the_earliest_day_counts() -> None:
    # Discontinued on day 60 (censors on day 56), new therapy on day 120 (would censor on day 112).
    patient = made.patient(responses=[(56, "SD"), (112, "SD"), (168, "PD")], stopped=(60, "ADVERSE EVENT"))
    row = made.record(made.study(patient, therapies={"P": 120}), "PFSFA", "AVAL", "EQRULE")
    assert row == (57, "PFSFA: FA-4 [fda-a, equipoise]")
    # Both on day 56: the rule listed first, FA-4 before FA-5.
    row = made.record(made.study(patient, therapies={"P": 70}), "PFSFA", "AVAL", "EQRULE")
    assert row == (57, "PFSFA: FA-4 [fda-a, equipoise]")


def test_ema_counts_the_first_progression_or_death_whatever_came_before() -> None:
    patient = made.patient(baseline=False, responses=[(56, "SD"), (400, "PD")], stopped=(60, "ADVERSE EVENT"))
    sdtm = made.study(patient, therapies={"P": 70})
    assert made.record(sdtm, "PFSEM", "AVAL", "CNSR", "EQRULE") == (401, 0, "PFSEM: progression [equipoise]")
    assert made.record(sdtm, "PFS") == (401, 0)


# --- interval-censored dates ---------------------------------------------------------------------------------------


def _bounds(*patients, **more) -> tuple[object, ...]:
    return made.record(made.study(*patients, **more), "PFSIC", "LINT", "RINT", "LINTDT", "RINTDT", "CNSR")


def test_interval_of_a_progression_of_a_death_and_of_no_event() -> None:
    assert _bounds(made.patient(responses=[(56, "SD"), (84, "NE"), (112, "PD")])) == (
        57, 113, date(2020, 2, 26), date(2020, 4, 22), 0,
    )  # fmt: skip
    # Without an assessment before: after randomization, day 0 of the interval.
    assert _bounds(made.patient(responses=[(56, "PD")])) == (0, 57, date(2020, 1, 1), date(2020, 2, 26), 0)
    # A death is dated exactly, and nothing bounds the end of a patient without an event.
    assert _bounds(made.patient(responses=[(56, "SD")], death=80)) == (81, 81, date(2020, 3, 21), date(2020, 3, 21), 0)
    assert _bounds(made.patient(responses=[(56, "SD")])) == (57, None, date(2020, 2, 26), None, 1)
    assert _bounds(made.patient()) == (0, None, date(2020, 1, 1), None, 1)


# --- the data cutoff -----------------------------------------------------------------------------------------------


def test_every_rule_set_sees_the_snapshot_only() -> None:
    patient = made.patient(responses=[(56, "SD"), (176, "PD")], doses=[(0, 90)])
    # On the cutoff day the progression counts (and is late for M2-1); a day earlier it was not yet seen.
    on_the_day = _codes(patient, cutoff=176)
    assert (on_the_day["PFS"], on_the_day["PFSM2"]) == ((177, 0), (57, 1))
    before = _codes(patient, cutoff=175)
    assert {code: before[code] for code in ("PFS", "PFSM2", "PFSFA", "PFSEM", "PFSIC")} == dict.fromkeys(
        ("PFS", "PFSM2", "PFSFA", "PFSEM", "PFSIC"), (57, 1)
    )
    # A therapy that starts after the cutoff is not known yet.
    seen = made.patient(responses=[(56, "SD"), (112, "SD")], doses=[(0, 90)])
    assert _codes(seen, cutoff=112, therapies={"P": 100})["PFSFA"] == (57, 1)
    assert _codes(seen, cutoff=112, therapies={"P": 113})["PFSFA"] == (113, 1)


def test_deaths_on_the_cutoff_day_count_and_survival_never_passes_it() -> None:
    patient = made.patient(responses=[(56, "SD")], doses=[(0, 80)], death=100)
    assert _codes(patient, cutoff=100)["OS"] == (101, 0)
    assert _codes(patient, cutoff=99)["OS"] == (81, 1)


def test_a_response_of_missing_is_no_adequate_assessment() -> None:
    # Without an event PFS ends at the last response that tells something: day 56, neither NE nor MISSING after it.
    patient = made.patient(responses=[(56, "SD"), (112, "MISSING"), (168, "NE")])
    assert _codes(patient)["PFS"] == (57, 1)


# --- the date of progression ---------------------------------------------------------------------------------------


def test_progression_is_dated_by_its_earliest_component() -> None:
    patient = made.patient(responses=[(56, "SD"), (115, "PD")])
    read = {"VISIT": "WEEK 2", "VISITNUM": 2}
    made.made.add(patient, "tr", "P", TRSEQ=1, TREVAL="INVESTIGATOR", TRDTC=112, TRSTRESN=30, **read)
    made.made.add(patient, "tu", "P", TUSEQ=2, TUEVAL="INVESTIGATOR", TUDTC=114, TUSTRESC="NEW", **read)
    # Another reader's record, one before the last assessment, and one of another visit date nothing.
    made.made.add(patient, "tr", "P", TRSEQ=2, TREVAL="INDEPENDENT ASSESSOR", TRDTC=100, TRSTRESN=30, **read)
    made.made.add(patient, "tr", "P", TRSEQ=3, TREVAL="INVESTIGATOR", TRDTC=50, TRSTRESN=30, **read)
    made.made.add(patient, "tr", "P", TRSEQ=4, TREVAL="INVESTIGATOR", TRDTC=80, TRSTRESN=30, VISIT="X", VISITNUM=9)
    sdtm = made.study(patient)
    adam = derive_adam(sdtm, made.trial())
    passed = [one for one in adam.decisions if one.code == "component-passed-over"]
    assert [(one.domain, one.sequence, one.variable, one.value) for one in passed] == [("TR", 3, "TRDTC", "2020-02-20")]
    progression = adam.tables["adrs"].filter(pl.col("PARAMCD") == "PD")
    assert progression.select("ADT", "SRCDOM", "SRCVAR", "SRCSEQ").row(0) == (date(2020, 4, 22), "TR", "TRDTC", 1)
    assert made.record(sdtm, "PFS") == (113, 0)
    visit = made.trial(constants={"progression_date": "visit"})
    assert made.record(sdtm, "PFS", of=visit) == (116, 0)


# --- estimands -----------------------------------------------------------------------------------------------------

THERAPY = {"event": "New anticancer therapy", "date": "new_therapy"}
SEEN = [(56, "SD"), (112, "SD"), (168, "PD")]


def _own(event: dict[str, str], **more: str) -> tuple[object, ...]:
    """The endpoint's own record with one intercurrent event: treatment stops on day 120, new therapy on day 130."""
    sdtm = made.study(made.patient(responses=SEEN, stopped=(120, "ADVERSE EVENT")), therapies={"P": 130})
    of = made.trial(events=[{**event, **more}])
    return made.record(sdtm, "PFS", "AVAL", "CNSR", "ESTIMAND", of=of)


def test_strategies_of_the_estimand() -> None:
    assert _own(THERAPY, strategy="treatment-policy") == (169, 0, "EST1")
    assert _own(THERAPY, strategy="hypothetical") == (131, 1, "EST1")
    assert _own(THERAPY, strategy="hypothetical", censor_at="last-assessment") == (113, 1, "EST1")
    assert _own(THERAPY, strategy="composite") == (131, 0, "EST1")
    stop = {"event": "Discontinuation of study treatment", "strategy": "while-on-treatment"}
    assert _own(stop) == (121, 1, "EST1")
    assert _own(stop, censor_at="last-assessment") == (113, 1, "EST1")
    assert _own({"event": "Surgery", "strategy": "principal-stratum"}) == (169, 0, "EST1")


def test_a_hypothetical_strategy_names_its_record_and_its_assumption() -> None:
    sdtm = made.study(made.patient(responses=SEEN), therapies={"P": 130})
    of = made.trial(events=[{**THERAPY, "strategy": "hypothetical"}])
    adam = derive_adam(sdtm, of)
    row = adam.tables["adtte"].filter(pl.col("PARAMCD") == "PFS").row(0, named=True)
    assert (row["SRCDOM"], row["SRCVAR"], row["EQRULE"]) == ("ADSL", "NACTDT", "PFS: EST1-1 [palmira, equipoise]")
    (rule,) = next(endpoint.estimand_rules for endpoint in adam.profile.endpoints if endpoint.id == "PFS")
    assert "assumes non-informative censoring" in rule.words
    assert rule.document.startswith("ICH E9(R1)")


def test_each_parameter_names_its_estimand() -> None:
    adtte = derive_adam(made.study(made.patient(responses=SEEN)), made.trial()).tables["adtte"]
    assert dict(adtte.select("PARAMCD", "ESTIMAND").iter_rows()) == {
        "OS": "EST2", "PFS": "EST1", "PFSM2": "sensitivity", "PFSFA": "sensitivity", "PFSEM": "sensitivity",
        "PFSIC": "sensitivity",
    }  # fmt: skip
    none = made.trial(endpoints=[_endpoint("TTP", ["progression"])])
    adtte = derive_adam(made.study(made.patient(responses=SEEN)), none).tables["adtte"]
    assert dict(adtte.select("PARAMCD", "ESTIMAND").iter_rows())["TTP"] == "none stated"


# --- further endpoints ---------------------------------------------------------------------------------------------


def _endpoint(name: str, events: list[str], **more: object) -> dict[str, object]:
    fixed = {"id": name, "label": name, "kind": "time-to-event", "start": "randomization", "events": events}
    return {**fixed, "censoring": ["last_assessment", "randomization"], **more}


def test_endpoints_are_data() -> None:
    again = {"dataset": "ADRS", "where": "PARAMCD == 'OVR' and AVALC == 'PD' and ADT > NACTDT", "date": "ADT"}
    benefit = {"dataset": "ADRS", "where": "PARAMCD == 'CB' and AVALC == 'Y'", "date": "ADT"}
    of = made.trial(
        sources={
            "response": made.RESPONSE,
            "second": {**again, "description": "Progression on the next therapy"},
            "benefit": {**benefit, "description": "Clinical benefit"},
        },
        endpoints=[
            _endpoint("TTP", ["progression"]),
            _endpoint("DOR", ["progression", "death"], start="response", censoring=["last_assessment"],
                      censoring_rules=["ema", "missed-two"]),
            _endpoint("TTR", ["response"], among="response"),
            _endpoint("TTNT", ["new_therapy", "death"], censoring=["last_alive", "randomization"]),
            _endpoint("PFS2", ["second", "death"], censoring=["last_alive", "randomization"]),
            _endpoint("DCB", ["progression", "death"], among="benefit"),
        ],
    )  # fmt: skip
    responder = made.patient("R", responses=[(56, "PR"), (112, "PD"), (224, "PD")], death=300, doses=[(0, 100)])
    dying = made.patient("D", responses=[(56, "SD")], death=90, doses=[(0, 80)])
    codes = derive_adam(made.study(responder, dying, therapies={"R": 120}), of).tables["adtte"]
    held = {(name, code): (aval, cnsr) for name, code, aval, cnsr in
            codes.select("USUBJID", "PARAMCD", "AVAL", "CNSR").iter_rows()}  # fmt: skip
    wanted = {
        ("R", "TTP"): (113, 0),
        ("D", "TTP"): (57, 1),  # death is no progression: the last scan censors
        ("R", "DOR"): (57, 0),  # 112 - 56 + 1
        ("R", "DORM2"): (57, 0),
        ("R", "TTR"): (57, 0),
        ("R", "TTNT"): (121, 0),
        ("D", "TTNT"): (91, 0),
        ("R", "PFS2"): (225, 0),  # the progression of day 112 came before the next therapy
        ("D", "PFS2"): (91, 0),
        ("R", "DCB"): (113, 0),
    }
    assert {key: held.get(key) for key in wanted} == wanted
    # Who has no response or benefit has no such record, and that is nothing to warn of.
    assert {code for name, code in held if name == "D"}.isdisjoint({"DOR", "DORM2", "TTR", "DCB"})


def test_independent_review_uses_that_readers_assessments() -> None:
    patient = made.patient(responses=[(56, "SD"), (112, "PD")], death=400)
    for place, (day, word) in enumerate([(57, "SD"), (113, "SD"), (170, "PD")], start=11):
        read = {"RSTESTCD": "OVRLRESP", "RSEVAL": "INDEPENDENT ASSESSOR", "RSACPTFL": "Y", "VISITNUM": place}
        made.made.add(patient, "rs", "P", RSSEQ=place, RSDTC=day, RSSTRESC=word, VISIT=f"V{place}", **read)
    of = made.trial(endpoints=[_endpoint("PFSB", ["progression", "death"], reader="independent",
                                         censoring_rules=["ema", "missed-two"])])  # fmt: skip
    adam = derive_adam(made.study(patient), of)
    adtte, adrs = adam.tables["adtte"], adam.tables["adrs"]
    held = dict(adtte.select("PARAMCD", "AVAL").iter_rows())
    assert (held["PFS"], held["PFSB"], held["PFSBM2"]) == (113, 171, 171)
    (sequence,) = adtte.filter(pl.col("PARAMCD") == "PFSB")["SRCSEQ"]
    pointed = adrs.filter(pl.col("ASEQ") == sequence)
    assert pointed.select("PARAMCD", "PARAM").row(0) == ("PDI", "Disease Progression by Independent Assessor")


# --- reconciliation ------------------------------------------------------------------------------------------------


def test_reconciliation_names_who_changes_from_what_to_what_and_why() -> None:
    late = made.patient("L", responses=[(56, "SD"), (176, "PD")])
    treated = made.patient("T", responses=[(56, "SD"), (112, "PD")])
    plain = made.patient("U", responses=[(56, "SD"), (112, "PD")])
    found = derive_adam(made.study(late, treated, plain, therapies={"T": 100}), made.trial()).reconcile_rule_sets()
    kept = ("USUBJID", "PARAMCD", "RULESET", "RULE", "FROMAVAL", "FROMCNSR", "TOAVAL", "TOCNSR", "FROMDESC", "TODESC")
    assert found.select(kept).rows() == [
        ("L", "PFSFA", "fda-a", "FA-6", 177, 0, 57, 1, "Disease progression", "Two assessments missed"),
        ("T", "PFSFA", "fda-a", "FA-5", 113, 0, 57, 1, "Disease progression", "New anticancer therapy"),
        ("L", "PFSM2", "missed-two", "M2-1", 177, 0, 57, 1, "Disease progression", "Two assessments missed"),
    ]
    assert found["WHY"][1] == (
        "FA-5: New anticancer therapy on day 101, before disease progression on day 113; "
        "censored at the last adequate assessment, day 57"
    )


def test_an_own_rule_that_ema_does_not_have_is_named() -> None:
    of = made.trial(pfs={"censoring_rules": ["missed-two", "ema"]})
    found = derive_adam(made.study(made.patient(responses=[(56, "SD"), (176, "PD")])), of).reconcile_rule_sets()
    assert found.select("PARAMCD", "RULE", "FROMAVAL", "TOAVAL").rows() == [("PFSEM", "M2-1", 57, 177)]


@pytest.mark.parametrize("name", RULE_SETS)
def test_every_rule_says_where_it_is_written(name) -> None:
    rule_set = load_rule_set(name)
    assert rule_set.id == name
    assert len({rule.id for rule in rule_set.rules}) == len(rule_set.rules) > 0
    for rule in rule_set.rules:
        assert min(len(text) for text in (rule.words, rule.document, rule.section, rule.version, rule.label)) > 0

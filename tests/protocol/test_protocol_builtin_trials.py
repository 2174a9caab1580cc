"""The trial files that ship: PALMIRA against the published facts, typed here from their sources, and the others."""

from datetime import date

import pytest

from equipoise.protocol import Trial, builtin_names, builtin_text, load_trial, parse_trial, read_trial_file


@pytest.fixture(scope="module")
def palmira() -> Trial:
    return load_trial("palmira")


def test_what_ships():
    assert builtin_names() == ("gbsg2", "palmira")
    assert parse_trial(builtin_text("starter")).trial.id == "MYTRIAL"


@pytest.mark.parametrize("name", ["palmira", "gbsg2", "starter"])
def test_a_trial_survives_json(name):
    trial = parse_trial(builtin_text(name)).trial
    assert Trial.model_validate(trial.model_dump(mode="json", exclude_none=True)) == trial
    assert Trial.model_validate_json(trial.model_dump_json(exclude_none=True)) == trial


def test_a_file_keeps_its_text_and_digest(tmp_path):
    source = read_trial_file("palmira")
    assert source.name == "palmira.yaml (built in)"
    assert source.text == builtin_text("palmira")
    copy = tmp_path / "copy.yaml"
    copy.write_text(source.text, encoding="utf-8")
    assert read_trial_file(copy).digest == source.digest
    assert read_trial_file(str(copy)).trial == source.trial
    copy.write_text(source.text + "# more\n", encoding="utf-8")
    assert read_trial_file(copy).digest == source.digest


def test_a_loaded_trial_passes_through(palmira):
    assert load_trial(palmira) is palmira


def test_identity(palmira):
    about = palmira.trial
    assert (about.id, about.phase, about.masking) == ("PALMIRA", "II", "open-label")
    assert (about.registry.nct, about.registry.eudract) == ("NCT03809988", "2017-002781-48")
    assert [(p.pmid, p.doi) for p in about.publications] == [("40294349", "10.1200/JCO-24-01865")]
    assert about.enrollment.value == 198
    assert about.sites.value == 41
    assert about.first_enrollment.value == date(2019, 4, 5)
    assert about.countries.value == ("ESP", "FRA", "ITA", "GBR", "DEU")


def test_allocation(palmira):
    assert [(arm.id, arm.role, arm.ratio) for arm in palmira.arms] == [
        ("PALBO_ET", "experimental", 2),
        ("ET", "control", 1),
    ]
    assert palmira.randomization.strata == ("prior_et", "visceral")
    assert set(palmira.variables["prior_et"].levels) == {"AI", "FULV"}
    assert set(palmira.variables["visceral"].levels) == {"Y", "N"}
    assert palmira.randomization.block_sizes.is_assumption
    assert palmira.schedule.tumor_assessments.intervals.is_assumption


def test_treatment(palmira):
    drug = palmira.intervention("palbociclib")
    assert (drug.dose.value, drug.dose_unit, drug.days_on, drug.days_off) == (125, "mg", 21, 7)
    assert not drug.dose.is_assumption
    assert palmira.schedule.cycle.days == 28
    for name, dose in (("fulvestrant", 500), ("letrozole", 2.5)):
        assert palmira.intervention(name).dose.value == dose
        assert palmira.intervention(name).dose.is_assumption
    # the endocrine therapy not yet used
    assert palmira.intervention("fulvestrant").when == "prior_et == 'AI'"
    assert palmira.intervention("letrozole").when == "prior_et == 'FULV'"
    assert palmira.arm("ET").interventions == ("fulvestrant", "letrozole")


def test_eligibility(palmira):
    assert [c.id for c in palmira.eligibility] == [f"INC{k:02d}" for k in range(1, 14)] + ["EXC01"]
    rules = {c.id: c.rule for c in palmira.eligibility if c.rule}
    assert rules["INC01"] == "sex == 'F' and age >= 18"
    assert rules["INC03"] == "ecog in ['0', '1']"
    assert rules["INC09"] == "palbociclib_last_dose >= 75"
    assert "palbociclib_washout >= 7 and palbociclib_washout <= 56" in rules["INC10"]


def test_primary_analysis(palmira):
    primary = palmira.primary
    assert (primary.id, primary.endpoint, primary.analysis_set) == ("pfs-primary", "PFS", "ITT")
    assert (primary.test.method, primary.test.sides, primary.test.alpha) == ("logrank", 2, 0.05)
    assert primary.test.stratified.value is True
    assert primary.test.stratified.is_assumption
    assert (primary.estimate.ties, primary.estimate.conf_level) == ("efron", 0.95)
    assert [duration.months for duration in primary.curve.rates_at] == [6.0, 12.0]
    assert [look.trigger.events for look in primary.looks] == [155]


def test_endpoints(palmira):
    assert [(e.id, e.kind) for e in palmira.endpoints] == [
        ("PFS", "time-to-event"),
        ("OS", "time-to-event"),
        ("ORR", "response"),
        ("CBR", "response"),
        ("TEAE", "adverse-event"),
    ]
    assert palmira.endpoint("PFS").events == ("progression", "death")
    assert palmira.endpoint("ORR").responders == ("CR", "PR")
    # stable disease of at least 24 weeks
    assert palmira.derivation.constants["clinical_benefit_days"].value == 168
    assert palmira.analysis("teae").adverse_events.minimum_grade == 3
    assert {a.id: a.rate.method for a in palmira.analyses if a.rate} == dict.fromkeys(["orr", "cbr"], "clopper-pearson")


def test_two_scenarios_and_what_they_are_for(palmira):
    assert [s.id for s in palmira.scenarios] == ["design", "published"]
    for use, scenario in {
        "design": "design",
        "simulate": "design",
        "synthesize": "published",
        "demo": "published",
    }.items():
        assert palmira.scenario(use=use).id == scenario
    assert palmira.scenario("design").id == "design"


def test_scenario_of_the_design(palmira):
    design = palmira.scenario("design")
    survival = design.survival["PFS"]
    assert survival["PALBO_ET"].hazard_ratio.value == 0.59
    assert not survival["PALBO_ET"].hazard_ratio.is_assumption
    assert survival["ET"].median.value.months == pytest.approx(3.6)
    assert survival["ET"].median.is_assumption
    assert design.power.value == 0.80
    assert design.accrual.duration.value.months == 24
    # registry time frame of 29 months less 24 months of accrual
    assert design.follow_up.value.months == 5


def test_hazards_of_the_design(palmira):
    survival = palmira.scenario("design").survival["PFS"]
    (control,) = survival["ET"].pieces()
    (experimental,) = survival["PALBO_ET"].pieces(survival["ET"])
    # log 2 / 3.6 months = 0.19254 per month; times 0.59 = 0.11360
    assert control.rate.per_month == pytest.approx(0.19254, abs=5e-6)
    assert experimental.rate.per_month == pytest.approx(0.11360, abs=5e-6)
    with pytest.raises(ValueError, match="a hazard ratio needs the control arm's hazards"):
        survival["PALBO_ET"].pieces()


def test_hazards_as_published(palmira):
    survival = palmira.scenario("published").survival["PFS"]
    found = {
        arm: [(str(piece.until) if piece.until else None, piece.rate.value, piece.rate.unit) for piece in form.pieces()]
        for arm, form in survival.items()
    }
    assert found == {
        "PALBO_ET": [("4.9 months", 0.1415, "months"), ("6 months", 0.1563, "months"), (None, 0.2037, "months")],
        "ET": [("3.6 months", 0.1925, "months"), ("6 months", 0.2255, "months"), (None, 0.1435, "months")],
    }


def test_figures_as_published(palmira):
    published = palmira.scenario("published")
    overall = {arm: form.median.value.months for arm, form in published.survival["OS"].items()}
    assert overall == pytest.approx({"PALBO_ET": 28.3, "ET": 28.8})
    rates = published.response
    assert {arm: rate.value for arm, rate in rates.objective_response.items()} == {"PALBO_ET": 0.044, "ET": 0.016}
    assert {arm: rate.value for arm, rate in rates.clinical_benefit.items()} == {"PALBO_ET": 0.419, "ET": 0.274}
    assert published.prevalences["prior_et"].value["AI"] == 0.899
    assert published.prevalences["ecog"].value["0"] == 0.611
    assert published.prevalences["measurable"].value["Y"] == 0.697
    assert (published.age.median.value, published.age.low.value, published.age.high.value) == (59, 33, 85)
    # 135 of 136 and 60 of 62 treated
    assert published.not_treated["PALBO_ET"].value == pytest.approx(1 / 136, abs=5e-6)
    assert published.not_treated["ET"].value == pytest.approx(2 / 62, abs=5e-6)


def test_adverse_events_as_published(palmira):
    events = palmira.scenario("published").adverse_events
    assert {arm: share.value for arm, share in events.any_grade_3.items()} == {"PALBO_ET": 0.474, "ET": 0.10}
    stated = {
        term.term: (term.grade_3["PALBO_ET"].value, term.grade_3["ET"].value)
        for term in events.terms
        if not term.grade_3["PALBO_ET"].is_assumption
    }
    assert stated == {
        "Neutropenia": (0.385, 0.0),
        "Leukopenia": (0.037, 0.0),
        "Anaemia": (0.030, 0.0),
        "Thrombocytopenia": (0.007, 0.0),
    }
    for term in events.terms:
        assert term.any_grade["PALBO_ET"].is_assumption, "any-grade figures are not published"
        assert all(term.any_grade[arm].value >= term.grade_3[arm].value for arm in ("PALBO_ET", "ET"))


def test_every_assumption_of_the_file_is_listed(palmira):
    marked = builtin_text("palmira").count("assumption: ")
    comments = sum(line.count("assumption: ") for line in builtin_text("palmira").splitlines() if line.startswith("#"))
    listed = palmira.assumptions()
    assert len(listed) == marked - comments > 0
    assert len({path for path, _, _ in listed}) == len(listed)
    by_path = {path: (value, reason) for path, value, reason in listed}
    assert by_path["randomization.block_sizes"][0] == "3, 6"
    assert by_path["schedule.tumor_assessments.intervals"][0] == "every 8 weeks"
    assert by_path["analyses.pfs-primary.test.stratified"][0] == "yes"
    assert by_path["scenarios.published.prevalences.visceral"] == (
        "Y 0.6, N 0.4",
        "the published percentage was not reached",
    )
    assert by_path["estimands.EST1.intercurrent_events.2"] == (
        "New anticancer therapy before progression",
        "the handling is not published",
    )
    assert by_path["scenarios.published.adverse_events.terms.Neutropenia.any_grade.ET"][0] == "0.04"


def test_planned_scans(palmira):
    plan = palmira.schedule.tumor_assessments
    assert plan.planned_days(200) == [56, 112, 168]
    assert plan.planned_days(55) == []
    starter = parse_trial(builtin_text("starter")).trial.schedule.tumor_assessments
    # every 8 weeks until week 48, then every 12
    assert starter.planned_days(520) == [56, 112, 168, 224, 280, 336, 420, 504]


def test_gbsg2():
    trial = load_trial("gbsg2")
    assert trial.example == "gbsg2"
    assert trial.trial.enrollment.value == 686
    assert trial.control.id == "NOHORM"
    assert trial.randomization is None
    assert trial.assumptions() == []
    assert [e.id for e in trial.endpoints] == ["RFS", "OS"]
    assert trial.primary.test.stratified.value is False
    assert trial.primary.curve.unit == "days"

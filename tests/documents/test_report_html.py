"""The report as HTML: self-contained, accessible, linked, honest about what is missing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from equipoise.frames.results import ResultTable
from equipoise.reporting import render_report
from equipoise.reporting.lookup import row_key

VOID = {"meta", "br", "img", "link", "input", "hr", "wbr"}


class Page(HTMLParser):
    """Tags with their attributes, in order; what each table holds; whether every tag is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables: list[Counter[str]] = []
        self.bare_heads = 0
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "table":
            self.tables.append(Counter())
        if "table" in self.open or tag == "table":
            self.tables[-1][tag] += 1
            if tag == "th" and "scope" not in found:
                self.bare_heads += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]

    def attribute(self, name):
        return [attributes[name] for _, attributes in self.tags if attributes.get(name)]


@pytest.fixture(scope="module")
def html(palmira, palmira_results, provenance):
    return render_report(palmira, palmira_results, provenance)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_nothing_is_loaded_and_nothing_runs(html, page):
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert all(target.startswith("#") for target in page.attribute("href") + page.attribute("xlink:href"))
    assert not page.attribute("src")
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    assert len(html.encode()) < 3_000_000


def test_every_tag_is_closed_and_every_id_is_one(page):
    assert page.open == []
    ids = page.attribute("id")
    assert [name for name, count in Counter(ids).items() if count > 1] == []


def test_every_internal_link_arrives(page):
    ids = set(page.attribute("id"))
    links = page.attribute("href") + page.attribute("xlink:href")
    assert len(links) > 100
    assert [link for link in links if link.removeprefix("#") not in ids] == []
    for name in ("aria-labelledby", "aria-describedby"):
        assert [part for value in page.attribute(name) for part in value.split() if part not in ids] == []


def test_tables_have_captions_and_scopes(page):
    assert len(page.tables) >= 8
    assert all(table["caption"] == 1 for table in page.tables)
    assert page.bare_heads == 0
    scopes = Counter(found["scope"] for found in page.all("th"))
    assert scopes["col"] >= len(page.tables)
    assert scopes["row"] > 50


def test_images_are_described_and_the_page_has_a_language(page):
    (root,) = page.all("html")
    assert root["lang"] == "en"
    drawn = page.all("svg")
    assert len(drawn) == 6
    assert all(found["role"] == "img" and found["aria-labelledby"] for found in drawn)
    assert len(page.all("desc")) == len(drawn)
    assert next(found["href"] for found in page.all("a")) == "#main"
    assert len(page.all("h1")) == 1


def test_synthetic_data_and_assumptions_are_said_first(html):
    words = html.index("SYNTHETIC DATA", html.index("<body>"))
    assert words < html.index('id="abstract"')
    assert "ASSUMPTIONS" in html
    assert 'id="assumptions"' in html


def test_real_data_carry_no_synthetic_banner(palmira, palmira_results, provenance):
    html = render_report(palmira, palmira_results, replace(provenance, synthetic=False, scenario=None, seed=None))
    assert "SYNTHETIC" not in html
    assert "synthetic" not in html.lower()


def test_sections_come_in_the_trial_files_order(palmira, palmira_results, provenance, page):
    found = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    planned = [name for name in palmira.report.sections if name in found]
    assert [name for name in found if name in planned] == planned
    # The rows of a design come from the trial file, not from the results; these hold none.
    assert set(palmira.report.sections) - set(found) == {"design"}
    report = palmira.report.model_copy(update={"sections": ("safety", "primary")})
    turned = Page(render_report(palmira.model_copy(update={"report": report}), palmira_results, provenance))
    assert [attributes["id"] for tag, attributes in turned.tags if tag == "section"] == ["safety", "primary"]


def test_every_number_names_its_row(palmira_results, page):
    known = {row_key(row) for row in palmira_results}
    named = page.attribute("data-row")
    assert len(named) > 200
    assert {address for value in named for address in value.split("; ")} <= known
    linked = [found for found in page.all("a") if found.get("data-row")]
    assert len(linked) > 30
    assert all(found["href"] and found["title"] for found in linked)


def test_abstract_numbers_lead_to_the_line_that_shows_them(page):
    ids = {}
    current = None
    for tag, found in page.tags:
        if tag in ("tr", "li") and found.get("id"):
            current = found["id"]
        if found.get("data-row") and tag in ("td", "span") and current:
            for address in found["data-row"].split("; "):
                ids.setdefault(address, current)
    for found in page.all("a"):
        if found.get("data-row"):
            assert found["href"] == f"#{ids[found['data-row'].split('; ')[0]]}"


def test_citations_are_those_of_the_rows(page, palmira_results):
    shown = {name.removeprefix("method-") for name in page.attribute("id") if name.startswith("method-")}
    assert shown == {row.method for row in palmira_results if row.method}


def test_the_same_inputs_give_the_same_text(palmira, palmira_results, provenance, html):
    assert render_report(palmira, palmira_results, provenance) == html


def test_a_study_with_two_endpoints_only(gbsg2, gbsg2_results, made_up):
    facts = made_up.palmira_provenance(trial_id="GBSG2", synthetic=False, seed=None, scenario=None, cutoff=None)
    page = Page(render_report(gbsg2, gbsg2_results, facts))
    found = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert found == [
        "abstract",
        "synopsis",
        "baseline",
        "primary",
        "forest",
        "overall-survival",
        "methods",
        "provenance",
    ]


def test_no_rows_leave_what_the_trial_file_alone_can_say(palmira, provenance):
    page = Page(render_report(palmira, ResultTable(), provenance))
    found = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert found == ["synopsis", "methods", "assumptions", "provenance"]
    assert not page.all("svg")


def test_a_failed_statistic_shows_its_message(palmira, palmira_results, provenance):
    message = "no event in stratum <FULV, N> & nothing to estimate"
    rows = [
        replace(row, value=None, error=message)
        if row.analysis == "pfs-primary" and row.parameter == "hazard-ratio"
        else row
        for row in palmira_results
    ]
    html = render_report(palmira, rows, provenance)
    page = Page(html)
    assert "<FULV" not in html
    text = " ".join(page.text)
    assert "not computed" in text
    assert message in text


@pytest.mark.parametrize(
    ("arms", "sizes", "medians"),
    [(3, (60, 55, 50), (9, 6, 4)), (5, (9, 9, 9, 9, 9), (9, 8, 7, 6, 5)), (2, (2, 1), (5, 5))],
)
def test_more_arms_and_few_patients(made_up, provenance, arms, sizes, medians):
    trial = made_up.hard_trial(arms)
    page = Page(render_report(trial, made_up.hard_results(trial, sizes, medians), provenance))
    assert page.open == []
    assert [name for name, count in Counter(page.attribute("id")).items() if count > 1] == []


def test_a_title_of_ones_own_is_escaped(palmira, provenance):
    html = render_report(palmira, ResultTable(), provenance, title="<b>Interim</b>")
    assert "&lt;b&gt;Interim&lt;/b&gt;" in html


def test_the_decision_log_is_summed_up(palmira, provenance):
    from equipoise.frames.decisions import Decision, DecisionLog

    log = DecisionLog([Decision(severity="warning", code="impossible-date", decision="taken as missing")])
    html = render_report(palmira, ResultTable(), provenance, decisions=log)
    assert "1 warning: impossible date" in html
    assert 'id="decisions"' in html

"""The report in a browser: no sideways scrolling on a phone, no message in the console, a PDF of whole tables."""

from __future__ import annotations

import os
import shutil

import pytest

from equipoise.reporting import render_report

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _chromium() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium. Missing, it fails in continuous integration and skips elsewhere."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
        except Error:
            advice = "Chromium is missing; install it with `playwright install chromium` or `apt-get install chromium`"
            if os.environ.get("CI") == "true":
                pytest.fail(advice)
            pytest.skip(advice)
        yield opened
        opened.close()


@pytest.fixture(scope="module", params=["palmira", "long names"])
def report_file(request, tmp_path_factory, made_up, palmira, palmira_results, provenance):
    trial, rows = palmira, palmira_results
    if request.param != "palmira":
        trial = made_up.hard_trial(3)
        rows = made_up.hard_results(trial, (60, 55, 50), (9, 6, 4))
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render_report(trial, rows, provenance), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_overflows_and_the_console_is_silent(browser, report_file, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report_file.as_uri())
    across, inner = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert across <= inner
    assert said == []
    assert asked == [report_file.as_uri()]
    context.close()


def test_one_of_the_two_widths_of_a_figure_is_shown(browser, report_file):
    for width, shown in ((390, "narrow"), (1280, "wide")):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.goto(report_file.as_uri())
        visible = page.evaluate(
            "[...document.querySelectorAll('figure > div')].filter(d => d.offsetHeight > 0).map(d => d.className)"
        )
        assert set(visible) == {shown}
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, report_file, scheme):
    """Contrast of at least 4.5:1 (WCAG 2.2, 1.4.3) for every element that holds text."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(report_file.as_uri())
    low = page.evaluate(
        """() => {
          const light = c => { const [r, g, b] = c.map(v => { v /= 255;
            return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b };
          const parse = s => s.match(/[\\d.]+/g).map(Number);
          const ground = e => { for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3) }
            return [255, 255, 255] };
          const bad = [];
          for (const e of document.querySelectorAll('main *, nav *')) {
            if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
            const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) bad.push(e.tagName + ' ' + e.className + ' ' + ratio.toFixed(2));
          }
          return [...new Set(bad)];
        }"""
    )
    assert low == []
    context.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_prints(browser, report_file, paper):
    context = browser.new_context()
    page = context.new_page()
    page.goto(report_file.as_uri())
    printed = page.pdf(format=paper)
    assert printed.startswith(b"%PDF")
    assert 4 <= printed.count(b"/Type /Page\n") <= 25
    context.close()

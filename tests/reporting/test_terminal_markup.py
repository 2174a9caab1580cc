"""Names are shown as they are: brackets in them are no markup of the terminal's library."""

from equipoise.reporting import render_summary


def test_brackets_in_an_arms_name_are_kept(palmira, palmira_results, provenance):
    first, *others = palmira.arms
    odd = palmira.model_copy(update={"arms": (first.model_copy(update={"label": "Drug [red] [/x] :x:"}), *others)})
    text = render_summary(odd, palmira_results, provenance)
    heads = [line for line in text.splitlines() if line.startswith(" ") and "Drug" in line]
    assert heads
    assert [line for line in heads if "Drug [red] [/x] :x:" not in line] == []

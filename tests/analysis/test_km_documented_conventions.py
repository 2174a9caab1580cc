"""The numbers that the method pages print are the ones the program gives."""

from pathlib import Path

from lifelines.datasets import load_lymph_node

from equipoise.analysis import cox, kaplan_meier

PAGES = Path(__file__).parents[2] / "docs" / "methods"
TIME, EVENT = [1, 2, 3, 4], [1, 1, 0, 0]


def test_kaplan_meier_conventions_table():
    cells, medians = [], []
    for convention in ("r", "sas"):
        km = kaplan_meier(TIME, EVENT, convention=convention)
        (r,) = km.at(2)
        cells.append(f"{r.survival:.3f} ({r.conf_low:.3f}, {r.conf_high:.3f})")
        median = km.median().time
        medians.append("NE" if median != median else f"{median:g}")
    page = (PAGES / "kaplan-meier.md").read_text(encoding="utf-8")
    assert f"| survival at 2, 95% limits | {cells[0]} | {cells[1]} |" in page
    assert f"| median | {medians[0]} | {medians[1]} |" in page


def test_cox_conventions_table():
    data = load_lymph_node()
    shown = []
    for convention in ("r", "sas"):
        fit = cox(data["rectime"], data["censrec"], data["hormone"], reference=1, convention=convention)
        low, high = fit.conf_int[0]
        shown.append(f"{fit.hazard_ratio[0]:.5f} ({low:.5f}-{high:.5f})")
    page = (PAGES / "cox.md").read_text(encoding="utf-8")
    assert f"Efron {shown[0]}, Breslow {shown[1]}" in page

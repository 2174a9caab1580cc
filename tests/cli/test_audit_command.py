"""`equipoise audit`: exit statuses, JSON, page, starter, folders and tables."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import equipoise
from equipoise.cli.app import main
from equipoise.evidence import Audit, Audits, published_text


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        main(["audit", *arguments])
        status = 0
    except SystemExit as stop:
        status = int(stop.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_an_inconsistent_trial_ends_with_status_1(capsys):
    status, out, _ = _run(capsys, "palmira", "--no-deep")
    assert status == 1
    assert out.startswith("PALMIRA: inconsistent; ")
    assert "needs at least 251 events" in out
    assert "A flag states arithmetic" in out


def test_a_consistent_trial_ends_with_status_0(capsys):
    status, out, _ = _run(capsys, "pace")
    assert status == 0
    assert "A flag states arithmetic" not in out
    assert "0.2049" not in out
    _, every, _ = _run(capsys, "pace", "--arithmetic")
    assert "interval at 90%: SE = (log 1.55 - log 0.79) / (2 x 1.6449) = 0.2049" in every


def test_json_is_the_audit(capsys):
    status, out, _ = _run(capsys, "palmira", "--no-deep", "--json")
    record = json.loads(out)
    assert (status, record["format"], record["status"]) == (1, "equipoise.audit/1", "inconsistent")
    (flag,) = [one for one in record["findings"] if one["status"] == "inconsistent"]
    assert flag["values"]["needed"] == 251
    assert record["findings"] == [json.loads(json.dumps(one.to_dict())) for one in _audit("palmira").findings]


def _audit(name: str) -> Audit:
    found = equipoise.audit(name, deep=False)
    assert isinstance(found, Audit)
    return found


def test_bad_input_ends_with_status_2(capsys, tmp_path: Path):
    assert _run(capsys)[0] == 2
    status, _, err = _run(capsys, "palmria")
    assert status == 2
    assert "published-file-missing" in err
    broken = tmp_path / "broken.yaml"
    broken.write_text(published_text("palmira").replace("p: .149", "p: 14.9"), encoding="utf-8")
    status, _, err = _run(capsys, str(broken))
    assert status == 2
    assert "broken.yaml:24:5" in err
    assert _run(capsys, "palmira", "--new", str(tmp_path / "x.yaml"))[0] == 2


def test_a_new_file_is_a_starter_that_is_consistent(capsys, tmp_path: Path):
    new = tmp_path / "new.yaml"
    status, out, _ = _run(capsys, "--new", str(new))
    assert status == 0
    assert f"wrote {new}" in out
    status, out, _ = _run(capsys, str(new))
    assert status == 0
    assert out.startswith("EXAMPLE: consistent")
    assert _run(capsys, "--new", str(new))[0] == 2
    assert _run(capsys, "--new", str(new), "--force")[0] == 0


def test_the_page_has_the_answer_the_picture_and_no_network(capsys, tmp_path: Path):
    page = tmp_path / "palmira.html"
    assert _run(capsys, "palmira", "--no-deep", "--out", str(page))[0] == 1
    text = page.read_text(encoding="utf-8")
    assert text.index("needs at least 251 events") < text.index("<svg")
    assert "Narrowest possible, 198 patients, an event in each" in text
    assert "Mildest reading: needs at least 251 events" in text
    assert "Clopper-Pearson for 57 of 136" in text
    assert not re.search(r"<(script|link|img)\b|url\(http", text)
    assert _run(capsys, "palmira", "--no-deep", "--out", str(page))[0] == 2
    assert _run(capsys, "palmira", "--no-deep", "--out", str(tmp_path / "palmira.pdf"))[0] == 2


def test_what_a_file_says_is_no_markup(capsys, tmp_path: Path):
    odd = tmp_path / "odd.yaml"
    odd.write_text(published_text("pace").replace("endpoint: PFS", 'endpoint: "[red]<b>PFS"'), encoding="utf-8")
    _, out, _ = _run(capsys, str(odd), "--out", str(tmp_path / "odd.html"))
    assert "[red]<b>PFS" in out
    assert "<b>PFS" not in (tmp_path / "odd.html").read_text(encoding="utf-8").replace("[red]&lt;b&gt;PFS", "")


def test_a_folder_is_audited_file_by_file(capsys, tmp_path: Path):
    for name in ("palmira", "pace"):
        (tmp_path / f"{name}.yaml").write_text(published_text(name), encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    status, out, _ = _run(capsys, str(tmp_path), "--out", str(tmp_path / "summary.csv"))
    assert status == 1
    assert "2 published trials: " in out
    assert "broken.json could not be read" in out
    with (tmp_path / "summary.csv").open(encoding="utf-8") as file:
        records = {record["name"]: record for record in csv.DictReader(file)}
    assert records["palmira.yaml"]["inconsistent"] == "information-bound"
    assert records["pace.yaml"]["status"] == "consistent"
    assert records["broken.json"]["status"] == "refused"


def test_a_table_is_audited_row_by_row(tmp_path: Path):
    table = tmp_path / "trials.csv"
    table.write_text(
        "trial,n_experimental,n_control,hr,lower,upper,level\nA,100,100,0.70,0.52,0.94,95\nB,50,50,0.84,0.66,1.07,95\n",
        encoding="utf-8",
    )
    audits = equipoise.audit(table)
    assert isinstance(audits, Audits)
    assert audits.flagged == ("B",)
    assert audits.summary()[1]["explanation"].startswith("needs at least 251 events")


def test_an_audit_draws_and_prints_as_rows():
    audit = _audit("palmira")
    drawing = equipoise.plot(audit)
    assert "Printed, 95% \N{MULTIPLICATION X} inconsistent 0.84 (0.66\N{EN DASH}1.07)" in drawing.alternative
    # 0.84 exp(-+ 1.95996 x 2 / sqrt(198)) = 0.84 exp(-+ 0.27858)
    assert "Narrowest possible, 198 patients, an event in each (0.64\N{EN DASH}1.11)" in drawing.alternative
    frame = audit.to_frame()
    statuses = frame.filter(frame["statistic"] == "status")
    assert statuses.height == len(audit.findings)
    assert repr(audit).startswith(
        "Audit: PALMIRA: inconsistent; 25 checks, 1 inconsistent, 2 notes\ninconsistent, PFS, final"
    )


def test_a_flag_is_followed_by_the_search_for_a_data_set(capsys):
    _, fast, _ = _run(capsys, "palmira", "--no-deep", "--json")
    status, out, _ = _run(capsys, "palmira", "--json")
    checks = [one["check"] for one in json.loads(out)["findings"]]
    assert status == 1
    assert checks.count("joint-feasibility") == 1
    assert [check for check in checks if check != "joint-feasibility"] == [
        one["check"] for one in json.loads(fast)["findings"]
    ]
    (searched,) = [one for one in json.loads(out)["findings"] if one["check"] == "joint-feasibility"]
    assert (searched["subject"], searched["status"]) == ("PFS, final", "inconsistent")


def test_an_audit_loads_neither_scipy_nor_numba():
    code = "import sys, equipoise; equipoise.audit('pace', deep=False); print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "equipoise" in loaded
    assert {"scipy", "numba", "matplotlib", "pandas"} & set(loaded) == set()


def test_the_text_of_an_abstract_becomes_a_draft_to_confirm(capsys, tmp_path: Path):
    text = tmp_path / "abstract.txt"
    text.write_text(
        "Patients were randomly assigned 2:1 to drug plus endocrine therapy (n = 136) or endocrine therapy (n = 62). "
        "Median progression-free survival was 4.9 months (95% CI, 3.6 to 6.1) with drug versus 3.6 months (95% CI, "
        "2.5 to 4.2) (hazard ratio, 0.84; 95% CI, 0.66 to 1.07; P = .149).",
        encoding="utf-8",
    )
    status, out, err = _run(capsys, "--from-text", str(text))
    assert status == 0
    assert "0.84" in out
    assert "please confirm" in err
    draft = tmp_path / "draft.yaml"
    assert _run(capsys, "--from-text", str(text), "--new", str(draft))[0] == 0
    assert "0.84" in draft.read_text(encoding="utf-8")
    assert _run(capsys, "--from-text", str(tmp_path / "none.txt"))[0] == 2


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_a_data_frame_is_audited_as_a_table(library):
    frame = pytest.importorskip(library).DataFrame(
        {"trial": ["A", "B"], "n_experimental": [100, 50], "n_control": [100, 50], "hr": ["0.70", "0.84"],
         "lower": ["0.52", "0.66"], "upper": ["0.94", "1.07"], "level": ["95", "95"]}
    )  # fmt: skip
    audits = equipoise.audit(frame)
    assert isinstance(audits, Audits)
    assert audits.flagged == ("B",)

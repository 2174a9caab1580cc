"""`equipoise randomize`: a list that comes again from its sealed seed, and the table of methods."""

import json
import stat
from pathlib import Path

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError
from equipoise.randomization import parse_list


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)


def test_the_sealed_seed_draws_the_same_bytes(equipoise_command):
    said = equipoise_command("randomize", "palmira", "--list")
    assert said.status == 0, said.err
    file, seed = Path("palmira-list.csv"), Path("palmira-list.csv.seed")
    drawn = parse_list(file.read_text(encoding="utf-8"))
    assert drawn.digest in said.out
    assert drawn.seed is None
    assert seed.read_text(encoding="ascii").strip() not in file.read_text(encoding="utf-8") + said.out
    again = equipoise_command(
        "randomize", "palmira", "--list", "--out", "again.csv", "--seed", seed.read_text(encoding="ascii").strip()
    )
    assert again.status == 0, again.err
    assert Path("again.csv").read_bytes() == file.read_bytes()
    assert not Path("again.csv.seed").exists()


def test_only_the_owner_reads_list_and_seed(equipoise_command):
    equipoise_command("randomize", "palmira", "--list", "--n", "6")
    for name in ("palmira-list.csv", "palmira-list.csv.seed"):
        assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600


def test_blocks_are_shown_only_when_asked(equipoise_command):
    equipoise_command("randomize", "palmira", "--list", "--n", "6", "--seed", "5", "--out", "hidden.json")
    equipoise_command("randomize", "palmira", "--list", "--n", "6", "--seed", "5", "--out", "shown.json", "--blocks")
    hidden, shown = (json.loads(Path(name).read_text()) for name in ("hidden.json", "shown.json"))
    assert "block" not in hidden["allocations"][0]
    assert shown["allocations"][0]["block"] == 1
    assert hidden["digest"] == shown["digest"]
    assert [slot["arm"] for slot in hidden["allocations"]] == [slot["arm"] for slot in shown["allocations"]]


def test_a_list_is_not_overwritten(equipoise_command):
    equipoise_command("randomize", "palmira", "--list", "--n", "6")
    before = Path("palmira-list.csv").read_bytes(), Path("palmira-list.csv.seed").read_bytes()
    refused = equipoise_command("randomize", "palmira", "--list", "--n", "6")
    assert refused.status == 2
    assert "output-exists" in refused.err
    assert before == (Path("palmira-list.csv").read_bytes(), Path("palmira-list.csv.seed").read_bytes())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say what to do"),
        (("--list", "--assess"), "say what to do"),
        (("--list", "--out", "list.xlsx"), "CSV or JSON"),
        (("--list", "--seed", "-4"), "seed"),
        (("--assess", "--split", "PALBO_ET"), "name=value"),
        (("--assess", "--split", "PALBO_ET=many,ET=62"), "no number of patients"),
        (("--assess", "--split", "PALBO_ET=136,ET=60"), "198"),
    ],
)
def test_bad_input_is_said_and_leaves_nothing(equipoise_command, arguments, message: str):
    refused = equipoise_command("randomize", "palmira", *arguments)
    assert refused.status == 2
    assert message in refused.err
    assert list(Path().iterdir()) == []


def test_the_assessment_answers_whether_136_to_62_is_possible(equipoise_command):
    said = equipoise_command("randomize", "palmira", "--assess", "--split", "PALBO_ET=136,ET=62", "--json")
    assert said.status == 0, said.err
    record = json.loads(said.out)
    assert record["format"] == "equipoise.randomize/1"
    split = {line["scheme"]: line["split"] for line in record["table"]}
    assert split["permuted blocks of 3"] == 0.0
    assert 0.0 < split["permuted blocks of 3, 6"] < split["permuted blocks of 6"] < 1e-3
    assert next(iter(split)) == "permuted blocks of 3, 6"


def test_the_table_is_readable_in_a_log(equipoise_command):
    said = equipoise_command("randomize", "palmira", "--assess", "--n", "24")
    assert said.status == 0, said.err
    assert all(len(line) <= 100 for line in said.out.splitlines())
    assert "Power lost" in said.out
    assert "Ratio kept" in said.out


def test_python_has_the_same_verb():
    drawn = eq.randomize("palmira", seed=5, n=6)
    assert drawn.digest == eq.randomize("palmira", seed=5, n=6).digest  # type: ignore[union-attr]
    with pytest.raises(ArgumentError, match="an allocation list needs a seed"):
        eq.randomize("palmira")


@pytest.mark.parametrize("kind", ["trade-off", "ratio-at-step"])
def test_the_assessment_is_drawn(kind: str):
    found = eq.randomize("palmira", assess=True, n=24)
    drawn = eq.plot(found, kind=kind)
    assert bytes(drawn).startswith(b"<?xml")
    assert "permuted blocks of 3, 6" in drawn.alternative.lower()

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


def test_a_refused_list_leaves_no_seed_beside_the_one_that_stands_there(equipoise_command):
    equipoise_command("randomize", "palmira", "--list", "--n", "6", "--seed", "5")
    refused = equipoise_command("randomize", "palmira", "--list", "--n", "6")
    assert refused.status == 2
    assert "palmira-list.csv already exists" in refused.err
    assert [path.name for path in Path().iterdir()] == ["palmira-list.csv"]


def test_a_failure_keeps_list_and_seed_together(equipoise_command, monkeypatch: pytest.MonkeyPatch):
    equipoise_command("randomize", "palmira", "--list", "--n", "6")
    before = {path.name: path.read_bytes() for path in Path().iterdir()}
    write = Path.write_text

    def full(path: Path, text: str, *rest, **named):
        if text.startswith("# format"):
            raise OSError(28, "No space left on device")
        return write(path, text, *rest, **named)

    monkeypatch.setattr(Path, "write_text", full)
    refused = equipoise_command("randomize", "palmira", "--list", "--n", "6", "--force")
    assert refused.status == 2
    assert "output-unwritable" in refused.err
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == before


def test_a_list_of_a_stated_seed_is_not_put_beside_the_seed_of_another(equipoise_command):
    equipoise_command("randomize", "palmira", "--list", "--n", "6")
    before, seed = Path("palmira-list.csv").read_bytes(), Path("palmira-list.csv.seed").read_text().strip()
    refused = equipoise_command("randomize", "palmira", "--list", "--n", "6", "--seed", "5", "--force")
    assert refused.status == 2
    assert "palmira-list.csv.seed holds the seed of another list" in refused.err
    assert seed not in refused.err
    assert Path("palmira-list.csv").read_bytes() == before
    again = equipoise_command("randomize", "palmira", "--list", "--n", "6", "--seed", seed, "--force")
    assert again.status == 0, again.err
    assert Path("palmira-list.csv").read_bytes() == before


def test_the_digest_of_a_short_list_is_not_to_be_published(equipoise_command):
    short = equipoise_command("randomize", "palmira", "--list", "--n", "6").out
    whole = equipoise_command("randomize", "palmira", "--list", "--out", "whole.csv").out
    assert "keep the digest to yourself" in short
    assert "publish the digest" not in short
    assert "publish the digest before the first patient" in whole


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
        (("--assess", "--split", "PALBO_ET=136,PALBO_ET=62"), "arm 'PALBO_ET' is given twice"),
        (("--assess", "--blocks"), "--blocks has no meaning beside --assess"),
        (("--assess", "--out", "a.csv"), "it belongs to --list"),
        (("--assess", "--force"), "--force has no meaning beside --assess"),
        (("--list", "--split", "PALBO_ET=136,ET=62"), "--split has no meaning beside --list"),
        (("--list", "--scenario", "design"), "it belongs to --assess"),
        (("--list", "--n", "0"), "n is 0"),
        (("--list", "--n", "100000000"), "is 100,000,000"),
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
    heads = " ".join(" ".join(said.out.splitlines()[1:3]).split())
    assert all(word in heads for word in ("Guessed", "Power", "lost", "Ratio", "kept"))


def test_the_table_says_what_it_holds_for_and_cuts_no_name(equipoise_command):
    said = equipoise_command("randomize", "palmira", "--assess", "--n", "24", "--split", "PALBO_ET=16,ET=8")
    assert said.status == 0, said.err
    words = " ".join(said.out.split())
    assert "24 patients; prior_et: AI 89.9%, FULV 10.1%; visceral: Y 60.0%, N 40.0% (assumed)." in words
    assert "simulated, 10000 trials" in words
    assert "ratio-preserving," in words
    assert "…" not in words
    assert all(len(line) <= 100 for line in said.out.splitlines())


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
    told = "1 permuted blocks of 3, 6: " if kind == "trade-off" else "Ratio kept: 5 methods (permuted blocks of 3, 6, "
    assert told in drawn.alternative

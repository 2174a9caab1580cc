"""Products are whole or absent, and nothing is overwritten unasked."""

from pathlib import Path

import pytest

from equipoise.errors import OutputError
from equipoise.workflow.folders import new_file, new_folder


def _fill(folder: Path) -> None:
    (folder / "provenance.json").write_text("{}")


def _leftovers(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("."))


def test_runs_are_numbered(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        with new_folder(None, name="palmira") as (folder, _target):
            _fill(folder)
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["palmira-001", "palmira-002", "palmira-003"]


def test_a_number_is_never_used_again_after_a_gap(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "palmira-007").mkdir(parents=True)
    with new_folder(None, name="palmira") as (_, target):
        pass
    assert target == Path("runs/palmira-008")


def test_the_target_is_absent_until_the_product_is_whole(tmp_path):
    with new_folder(tmp_path / "out", name="x") as (folder, target):
        _fill(folder)
        assert not target.exists()
    assert (target / "provenance.json").is_file()
    assert _leftovers(tmp_path) == []


def test_a_failure_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="boom"), new_folder(tmp_path / "out", name="x") as (folder, _):
        _fill(folder)
        raise RuntimeError("boom")
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_the_old_product(tmp_path):
    with new_folder(tmp_path / "out", name="x") as (folder, _):
        _fill(folder)
        (folder / "old").write_text("old")
    with pytest.raises(KeyboardInterrupt, match="^$"), new_folder(tmp_path / "out", name="x", force=True):
        raise KeyboardInterrupt
    assert (tmp_path / "out" / "old").read_text() == "old"
    assert _leftovers(tmp_path) == []


def test_an_existing_product_is_refused(tmp_path):
    with new_folder(tmp_path / "out", name="x") as (folder, _):
        _fill(folder)
    with (
        pytest.raises(OutputError, match="already exists and is not empty") as caught,
        new_folder(tmp_path / "out", name="x"),
    ):
        pass
    assert caught.value.code == "output-exists"
    assert "--force" in (caught.value.hint or "")


def test_force_replaces_our_own_folder_whole(tmp_path):
    with new_folder(tmp_path / "out", name="x") as (folder, _):
        _fill(folder)
        (folder / "old").write_text("old")
    with new_folder(tmp_path / "out", name="x", force=True) as (folder, _):
        _fill(folder)
        (folder / "new").write_text("new")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["new", "provenance.json"]
    assert _leftovers(tmp_path) == []


def test_force_does_not_delete_what_is_not_ours(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="was not made by equipoise"), new_folder(tmp_path, name="x", force=True):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "out").mkdir()
    with new_folder(tmp_path / "out", name="x") as (folder, _):
        _fill(folder)
    assert (tmp_path / "out" / "provenance.json").is_file()


@pytest.mark.parametrize("below", ["", "out"])
def test_a_read_only_folder_is_refused(closed_folder, below):
    closed, unprivileged = closed_folder
    with unprivileged, pytest.raises(OutputError, match="cannot write in .*closed") as caught:
        new_folder(closed / below, name="x").__enter__()
    assert caught.value.code == "output-unwritable"
    assert list(closed.iterdir()) == []


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write in"), new_folder(tmp_path / "file" / "out", name="x"):
        pass


def test_a_file_where_a_folder_should_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="is a file, a folder is to be written"),
        new_folder(tmp_path / "file", name="x"),
    ):
        pass


def test_a_file_is_whole_or_absent(tmp_path):
    with pytest.raises(RuntimeError, match="boom"), new_file(tmp_path / "a.html") as partial:
        partial.write_text("half")
        raise RuntimeError("boom")
    assert list(tmp_path.iterdir()) == []
    with new_file(tmp_path / "a.html") as partial:
        partial.write_text("whole")
    assert (tmp_path / "a.html").read_text() == "whole"
    with pytest.raises(OutputError, match="already exists"), new_file(tmp_path / "a.html"):
        pass
    with pytest.raises(OutputError, match="is a folder, a file is to be written"), new_file(tmp_path):
        pass
    assert _leftovers(tmp_path) == []

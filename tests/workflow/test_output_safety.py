"""Nobody's data is lost by naming a place to write to, whatever stands there and whoever else writes."""

import json
import os
import threading
from pathlib import Path

import pytest

from equipoise.errors import OutputError
from equipoise.workflow.folders import list_files, new_file, new_folder


def _made(folder: Path, **texts: str) -> None:
    """A product in a folder: files, and a provenance that lists them."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "provenance.json").write_text(json.dumps({"files": [*texts, "provenance.json"]}))


def _refused(match: str, out: Path, **options):
    with (
        pytest.raises(OutputError, match=match) as caught,
        new_folder(out, name="x", **options) as (folder, _),
    ):
        (folder / "new").write_text("new")
    return caught.value


def test_runs_started_together_get_numbers_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with new_folder(None, name="x") as (one, first), new_folder(None, name="x") as (two, second):
        (one / "who").write_text("one")
        (two / "who").write_text("two")
    assert (first / "who").read_text() == "one"
    assert (second / "who").read_text() == "two"
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["x-001", "x-002"]


def test_many_threads_take_many_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found: list[Path] = []

    def run(who: int) -> None:
        with new_folder(None, name="x") as (folder, target):
            (folder / "who").write_text(str(who))
        found.append(target)

    threads = [threading.Thread(target=run, args=(who,)) for who in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(target / "who").read_text() for target in found}) == 12


def test_a_folder_filled_by_another_run_meanwhile_is_kept(tmp_path):
    out = tmp_path / "out"
    with (
        pytest.raises(OutputError, match="already exists and is not empty"),
        new_folder(out, name="x") as (folder, _),
    ):
        _made(folder, late="late")
        out.mkdir()
        _made(out, early="early")
    assert (out / "early").read_text() == "early"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_failed_run_leaves_no_folder_it_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="boom"), new_folder(None, name="x"):
        raise RuntimeError("boom")
    with pytest.raises(RuntimeError, match="boom"), new_folder(tmp_path / "a" / "b", name="x"):
        raise RuntimeError("boom")
    assert list(tmp_path.iterdir()) == []


def test_a_device_or_a_pipe_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    _refused("is no folder, a folder is to be written", pipe, force=True)
    with pytest.raises(OutputError, match="is no ordinary file"), new_file(pipe, force=True):
        pass
    assert pipe.is_fifo()


def test_links_are_followed_or_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with new_folder(tmp_path / "link", name="x") as (folder, _):
        (folder / "new").write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "new").read_text() == "new"
    for name in ("broken", "loop"):
        _refused("is no folder, a folder is to be written", tmp_path / name)


@pytest.mark.parametrize("out", [".", "..", ""])
def test_the_folder_one_works_in_is_refused(tmp_path, monkeypatch, out):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    error = _refused("is the folder you are working in", Path(out), force=True)
    assert error.hint == "name a new folder with --out"
    assert list(tmp_path.rglob("*")) == [tmp_path / "work"]


def test_a_name_that_is_too_long_is_no_traceback(tmp_path):
    assert _refused("file name too long", tmp_path / ("n" * 300)).code == "output-unwritable"
    with pytest.raises(OutputError, match="file name too long"), new_file(tmp_path / ("n" * 300)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_traceback(tmp_path):
    with (
        pytest.raises(OutputError, match="no space left on device") as caught,
        new_folder(tmp_path / "out", name="x"),
    ):
        raise OSError(28, "No space left on device")
    assert caught.value.code == "output-unwritable"
    assert list(tmp_path.iterdir()) == []


def test_force_keeps_files_that_were_put_into_a_product(tmp_path):
    with new_folder(tmp_path / "out", name="x") as (folder, _):
        _made(folder, results="1")
    (tmp_path / "out" / "report.html").write_text("written later by equipoise")
    (tmp_path / "out" / "notes.txt").write_text("thoughts")
    error = _refused("holds files that were put there later: notes.txt", tmp_path / "out", force=True)
    assert error.hint is not None
    (tmp_path / "out" / "notes.txt").unlink()
    with new_folder(tmp_path / "out", name="x", force=True) as (folder, _):
        _made(folder, results="2")
    assert list_files(tmp_path / "out") == ["provenance.json", "results"]


def test_force_keeps_what_is_being_read(tmp_path):
    with new_folder(tmp_path / "out", name="x") as (folder, _):
        _made(folder, dm="data")
    for given in (tmp_path / "out", str(tmp_path / "out" / "dm")):
        _refused("is read here", tmp_path / "out", force=True, inputs=(None, given))
    with (
        pytest.raises(OutputError, match="is read here, and would be replaced"),
        new_file(tmp_path / "out" / "dm", force=True, inputs=(tmp_path / "out" / "dm",)),
    ):
        pass
    assert (tmp_path / "out" / "dm").read_text() == "data"

"""Where products go: numbered run folders, nothing overwritten unasked, nothing left half-written.

A product is written into a hidden sibling folder and renamed into place when it is whole; an error or an interruption
removes the sibling, so that a reader sees the old state or the new one.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from equipoise.errors import OutputError

MARKER = "provenance.json"
RUNS = Path("runs")


@contextmanager
def new_folder(out: Path | None, *, name: str, force: bool = False) -> Iterator[tuple[Path, Path]]:
    """A folder to fill, as (where to write now, where it will be).

    Without `out` the folder is runs/<name>-001, -002, ... An existing folder that holds anything is refused; `force`
    replaces it only if equipoise made it (it holds provenance.json). Raises OutputError: `output-exists`,
    `output-unwritable`.
    """
    target = _next_run(name) if out is None else out
    _refuse_overwrite(target, force=force)
    partial = _partial_beside(target)
    try:
        yield partial, target
        _publish(partial, target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def new_file(out: Path, *, force: bool = False) -> Iterator[Path]:
    """A file to write: a temporary sibling that replaces `out` when the block ends well."""
    if out.is_dir():
        raise OutputError("output-exists", f"{out} is a folder, a file is to be written", hint="name a file with --out")
    if out.exists() and not force:
        raise OutputError(
            "output-exists", f"{out} already exists", hint="name another file, or add --force to replace it"
        )
    folder = _writable_parent(out)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=folder)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o666 & ~_umask())
        partial.replace(out)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _next_run(name: str) -> Path:
    taken = [0]
    pattern = re.compile(re.escape(name) + r"-(\d{3,})$")
    if RUNS.is_dir():
        taken += [int(match.group(1)) for entry in RUNS.iterdir() if (match := pattern.match(entry.name))]
    return RUNS / f"{name}-{max(taken) + 1:03d}"


def _refuse_overwrite(target: Path, *, force: bool) -> None:
    if target.is_file():
        raise OutputError(
            "output-exists", f"{target} is a file, a folder is to be written", hint="name a folder with --out"
        )
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not force:
        raise OutputError(
            "output-exists",
            f"{target} already exists and is not empty",
            hint="name another folder with --out, or add --force to replace it",
        )
    if not (target / MARKER).is_file():
        raise OutputError(
            "output-exists",
            f"{target} is not empty and was not made by equipoise (it has no {MARKER})",
            reason="--force replaces a whole folder, and would delete what is in it",
            hint="name an empty or new folder with --out",
        )


def _writable_parent(target: Path) -> Path:
    parent = target.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _unwritable(parent, problem) from problem
    if not _may_write(parent):
        raise _unwritable(parent, None)
    return parent


def _unwritable(folder: Path, problem: OSError | None) -> OutputError:
    why = problem.strerror if problem is not None and problem.strerror else "no permission to write there"
    return OutputError(
        "output-unwritable",
        f"cannot write in {folder}: {why.lower()}",
        hint="name a folder you can write to with --out",
    )


def _partial_beside(target: Path) -> Path:
    if target.is_dir() and not _may_write(target):
        raise _unwritable(target, None)
    parent = _writable_parent(target)
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=parent))
    except OSError as problem:
        raise _unwritable(parent, problem) from problem
    partial.chmod(0o777 & ~_umask())
    return partial


def _publish(partial: Path, target: Path) -> None:
    """Rename the whole folder into place; an old one is moved aside first and deleted last."""
    if not target.exists():
        partial.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.absolute().parent))
    target.rename(old / target.name)
    try:
        partial.rename(target)
    except BaseException:
        (old / target.name).rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _may_write(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=effective)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

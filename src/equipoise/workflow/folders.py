"""Where products go: numbered run folders, nothing overwritten unasked, nothing left half-written.

A product is written into a hidden sibling folder and renamed into place when it is whole; an error or an interruption
removes the sibling, so that a reader sees the old state or the new one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from equipoise.errors import OutputError

MARKER = "provenance.json"
RUNS = Path("runs")
# What a later verb may add to a product: `equipoise report` writes beside the results by default.
_ADDED_LATER = frozenset({"report.html"})


@contextmanager
def new_folder(
    out: Path | None, *, name: str, force: bool = False, inputs: Iterable[object] = ()
) -> Iterator[tuple[Path, Path]]:
    """A folder to fill, as (where to write now, where it will be).

    Without `out` the folder is runs/<name>-001, -002, ..., its number taken at once, so that runs started together get
    folders of their own. An existing folder that holds anything is refused; `force` replaces it only if equipoise made
    it (it holds provenance.json), nothing was put there since, and none of the `inputs` (paths; what is no path is
    left alone) lies in it. Raises OutputError: `output-exists`, `output-unwritable`.
    """
    kept = [Path(given) for given in inputs if isinstance(given, str | Path)]
    with _explained(RUNS if out is None else out), _parent(RUNS / name if out is None else out):
        target = _take_number(name) if out is None else out
        try:
            with _partial_of(target, force=force, inputs=kept) as partial:
                yield partial, target
        except BaseException:
            if out is None:
                with suppress(OSError):
                    target.rmdir()
            raise


@contextmanager
def new_file(out: Path, *, force: bool = False, inputs: Iterable[object] = (), private: bool = False) -> Iterator[Path]:
    """A file to write: a temporary sibling that replaces `out` when the block ends well.

    An existing file is refused; `force` replaces it unless it is one of the `inputs`. A `private` file can be read and
    written by its owner only. Raises OutputError: `output-exists`, `output-unwritable`.
    """
    with _explained(out), _parent(out):
        place = _real(out)
        _refuse_file(out, force=force, inputs=inputs)
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        os.close(handle)
        partial = Path(name)
        try:
            yield partial
            partial.chmod(0o600 if private else 0o666 & ~_umask())
            partial.replace(place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def _refuse_file(out: Path, *, force: bool, inputs: Iterable[object]) -> None:
    if out.is_dir():
        raise OutputError("output-exists", f"{out} is a folder, a file is to be written", hint="name a file with --out")
    if not out.exists():
        return
    if not out.is_file():
        raise OutputError("output-exists", f"{out} is no ordinary file", hint="name a file with --out")
    if not force:
        raise OutputError(
            "output-exists", f"{out} already exists", hint="name another file, or add --force to replace it"
        )
    if _real(out) in {_real(Path(given)) for given in inputs if isinstance(given, str | Path)}:
        raise OutputError("output-exists", f"{out} is read here, and would be replaced", hint="name another file")


def _take_number(name: str) -> Path:
    """The next run folder, made empty so that nobody else takes its number."""
    while True:
        target = _next_run(name)
        with suppress(FileExistsError):
            target.mkdir()
            return target


def _next_run(name: str) -> Path:
    taken = [0]
    pattern = re.compile(re.escape(name) + r"-(\d{3,})$")
    if RUNS.is_dir():
        taken += [int(match.group(1)) for entry in RUNS.iterdir() if (match := pattern.match(entry.name))]
    return RUNS / f"{name}-{max(taken) + 1:03d}"


@contextmanager
def _partial_of(target: Path, *, force: bool, inputs: list[Path]) -> Iterator[Path]:
    """The hidden sibling of a target, renamed to it when the block ends well."""
    place = _real(target)
    _refuse_overwrite(target, force=force, inputs=inputs)
    if place.is_dir() and not _may_write(place):
        raise _unwritable(target, None)
    partial = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".partial", dir=place.parent))
    try:
        partial.chmod(0o777 & ~_umask())
        yield partial
        _publish(partial, target, force=force, inputs=inputs)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _refuse_overwrite(target: Path, *, force: bool, inputs: list[Path]) -> None:
    if (target.exists() or target.is_symlink()) and not target.is_dir():
        kind = "a file" if target.is_file() else "no folder"
        raise OutputError(
            "output-exists", f"{target} is {kind}, a folder is to be written", hint="name a folder with --out"
        )
    place = _real(target)
    if _lies_in(Path.cwd(), place):
        raise OutputError(
            "output-exists",
            f"{target} is the folder you are working in" + ("" if Path.cwd() == place else ", or holds it"),
            reason="a product replaces its folder as a whole",
            hint="name a new folder with --out",
        )
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not force:
        raise OutputError(
            "output-exists",
            f"{target} already exists and is not empty",
            hint="name another folder with --out, or add --force to replace it",
        )
    _refuse_loss(target, inputs)


def _refuse_loss(target: Path, inputs: list[Path]) -> None:
    """Replacing a folder deletes what is in it: only what equipoise wrote, and nothing that is being read."""
    if not (target / MARKER).is_file():
        raise OutputError(
            "output-exists",
            f"{target} is not empty and was not made by equipoise (it has no {MARKER})",
            reason="--force replaces a whole folder, and would delete what is in it",
            hint="name an empty or new folder with --out",
        )
    read = [given for given in inputs if _lies_in(_real(given), _real(target))]
    if read:
        raise OutputError(
            "output-exists",
            f"{target} is read here"
            if _real(read[0]) == _real(target)
            else f"{target} holds {read[0]}, which is read here",
            reason="--force replaces a whole folder, and would delete what is in it",
            hint="name an empty or new folder with --out",
        )
    strangers = _strangers(target)
    if strangers:
        raise OutputError(
            "output-exists",
            f"{target} holds files that were put there later: {', '.join(strangers[:5])}",
            reason="--force replaces a whole folder, and would delete them",
            hint="move them elsewhere, or name an empty or new folder with --out",
        )


def _strangers(folder: Path) -> list[str]:
    """Files of a product that its provenance does not list; none where it has no list."""
    try:
        listed = json.loads((folder / MARKER).read_text(encoding="utf-8")).get("files")
    except (ValueError, AttributeError):
        listed = None
    if not isinstance(listed, list):
        return []
    return [name for name in list_files(folder) if name not in _ADDED_LATER.union(map(str, listed))]


def list_files(folder: Path) -> list[str]:
    """Everything below a folder that is no folder, as sorted paths from it."""
    found = (entry for entry in folder.rglob("*") if entry.is_symlink() or not entry.is_dir())
    return sorted(entry.relative_to(folder).as_posix() for entry in found)


@contextmanager
def _parent(target: Path) -> Iterator[Path]:
    """The folder above a target, made with its parents; those made vanish again when the block fails."""
    parent = target.absolute().parent
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    try:
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise _unwritable(parent, problem) from problem
        if not _may_write(parent):
            raise _unwritable(parent, None)
        yield parent
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """A full disk, a name too long, a place that went away: as an OutputError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise _unwritable(target, problem) from problem


def _unwritable(folder: Path, problem: OSError | None) -> OutputError:
    why = problem.strerror if problem is not None and problem.strerror else "no permission to write there"
    return OutputError(
        "output-unwritable",
        f"cannot write in {folder}: {why.lower()}",
        hint="name a folder you can write to with --out",
    )


def _publish(partial: Path, target: Path, *, force: bool, inputs: list[Path]) -> None:
    """Rename the whole folder into place; an old one is moved aside first and deleted last."""
    place = _real(target)
    try:
        # An absent folder, and on POSIX an empty one, is taken in one step.
        partial.rename(place)
        return
    except OSError:
        if not place.is_dir():
            raise
    # Somebody may have filled it in the meantime.
    _refuse_overwrite(target, force=force, inputs=inputs)
    old = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".old", dir=place.parent))
    place.rename(old / place.name)
    try:
        partial.rename(place)
    except BaseException:
        (old / place.name).rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _real(path: Path) -> Path:
    """The path with every link followed; unlike Path.resolve it bears a loop of links."""
    return Path(os.path.realpath(path))


def _lies_in(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _may_write(folder: Path) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=effective)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

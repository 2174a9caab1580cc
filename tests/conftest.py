"""Fixtures that several rooms share: a synthetic PALMIRA on disk, the command line in process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings

# Modules of tests/made_up are imported by name (`pythonpath` in pyproject.toml).
pytest_plugins = ("report_fixtures",)

# In continuous integration the drawn examples are the same each time, so that a failure belongs to the change; on a
# contributor's machine they vary, so that new ones are tried. Machines are too noisy for a deadline.
settings.register_profile("continuous", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None)
settings.load_profile("continuous" if os.environ.get("CI") == "true" else "exploring")

NOBODY = 65534

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Said:
    """What a command left: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str


@pytest.fixture
def equipoise_command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """The command line in this process: `equipoise_command("check", "palmira")`."""
    from equipoise.cli import main

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        code = stop.value.code
        return Said(code if isinstance(code, int) else int(code is not None), captured.out, captured.err)

    return call


@contextlib.contextmanager
def _unprivileged() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[tuple[Path, contextlib.AbstractContextManager[None]]]:
    """A folder nobody may write to, and a context without root's rights, to which every folder is writable."""
    # The parents stay open for everybody, so that only the closed folder can be what refuses.
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:2]:
        parent.chmod(parent.stat().st_mode | 0o055)
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    yield closed, _unprivileged()
    closed.chmod(0o755)


@pytest.fixture(scope="session")
def palmira_sdtm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic PALMIRA as a folder of SDTM; copy it before changing it."""
    from equipoise.workflow.products import write_synthetic

    folder = tmp_path_factory.mktemp("palmira") / "study"
    written = write_synthetic("palmira", seed=1, out=folder)
    return Path(written["sdtm"])


@pytest.fixture
def changed_sdtm(palmira_sdtm: Path, tmp_path: Path) -> Callable[..., Path]:
    """The synthetic PALMIRA with some domains changed: `changed_sdtm(dm=lambda dm: ...)`; None leaves a domain out."""

    def change(**edits: Callable[[pl.DataFrame], pl.DataFrame] | None) -> Path:
        folder = tmp_path / "sdtm"
        folder.mkdir()
        for file in sorted(palmira_sdtm.iterdir()):
            edit = edits.get(file.stem, lambda table: table)
            if edit is not None:
                edit(pl.read_parquet(file)).write_parquet(folder / file.name)
        return folder

    return change


@pytest.fixture(scope="session")
def pharmaverse() -> Path:
    """Real SDTM from beside the repository. In continuous integration its absence fails, elsewhere it skips."""
    folder = SHARED / "pharmaverse" / "sdtm"
    if not folder.is_dir():
        if os.environ.get("CI") == "true" and SHARED.is_dir():
            pytest.fail(f"{SHARED} is there but holds no pharmaverse/sdtm")
        pytest.skip("needs ../shared/data/pharmaverse beside the repository")
    return folder

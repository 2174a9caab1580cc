"""Fixtures that several rooms share: a synthetic PALMIRA on disk, the command line in process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

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

"""The journal of a run: its steps as they happen, for the progress line, log.txt and provenance.json.

Clock times stand here and nowhere else, so that every other file of a run is equal on a second run.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from equipoise.provenance import Provenance
from equipoise.workflow.folders import MARKER, list_files

Notify = Callable[[str, int, int], None]


def silent(step: str, place: int, count: int) -> None:
    """The default listener: nobody watches."""


@dataclass
class Journal:
    """Steps with their times. `notify(step, place, count)` hears of each step as it starts."""

    steps: tuple[str, ...] = ()
    notify: Notify = silent
    lines: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step: announced, timed and logged."""
        place = self.steps.index(name) + 1 if name in self.steps else len(self.seconds) + 1
        self.notify(name, place, max(len(self.steps), place))
        self.log(name)
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 3)

    def log(self, text: str) -> None:
        self.lines.append(f"{datetime.now(UTC).isoformat(timespec='milliseconds')}  {text}")

    def write(self, folder: Path, provenance: Provenance) -> None:
        """provenance.json and log.txt."""
        finished = datetime.now(UTC)
        record = {
            "format": "equipoise.provenance/1",
            **provenance.to_dict(),
            "started": self.started.isoformat(timespec="seconds"),
            "finished": finished.isoformat(timespec="seconds"),
            "seconds": self.seconds,
            "files": sorted({*list_files(folder), "log.txt", MARKER}),
            "machine": {"system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count()},
        }
        (folder / MARKER).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        self.log("done")
        (folder / "log.txt").write_text("\n".join(self.lines) + "\n", encoding="utf-8")

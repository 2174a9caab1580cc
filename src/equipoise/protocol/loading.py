"""From a trial file to a Trial, or to every fault in it with its line, its value, and what would be right."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from equipoise.errors import ArgumentError, TrialFileError, nearest
from equipoise.protocol.faults import Fault, describe_invalid
from equipoise.protocol.references import check_references
from equipoise.protocol.trial import Trial
from equipoise.protocol.yaml_document import FileCodes, invalid_file, is_file, plain_values, read_text, read_yaml

_CODES = FileCodes(TrialFileError, "trial-file-missing", "trial-file-syntax", "trial-file-invalid")
_BUILTIN = resources.files("equipoise.protocol") / "builtin"


@dataclass(frozen=True)
class TrialFile:
    """A trial and the file it came from: its text as read, and the trial's digest."""

    trial: Trial
    name: str
    text: str

    @property
    def digest(self) -> str:
        return self.trial.digest


def builtin_names() -> tuple[str, ...]:
    """Names of the trials that ship with equipoise."""
    names = (entry.name.removesuffix(".yaml") for entry in _BUILTIN.iterdir() if entry.name.endswith(".yaml"))
    return tuple(sorted(name for name in names if name != "starter"))


def builtin_text(name: str) -> str:
    """The text of a built-in trial file, or of the starter."""
    return (_BUILTIN / f"{name}.yaml").read_text(encoding="utf-8")


def load_trial(trial: str | Path | Trial) -> Trial:
    """A trial from a path or a built-in name.

    Raises TrialFileError: `trial-file-missing`, `trial-file-syntax`, or `trial-file-invalid` with every fault found.

    >>> load_trial("palmira").control.label
    'ET alone'
    """
    return trial if isinstance(trial, Trial) else read_trial_file(trial).trial


def read_trial_file(trial: str | Path) -> TrialFile:
    """As `load_trial`, keeping the text for its digest and for messages that show lines."""
    if not isinstance(trial, str | os.PathLike):
        raise ArgumentError(
            "argument-invalid",
            f"a trial is named by a path or a built-in name, not by {type(trial).__name__} {trial!r}",
            hint=f"built in: {', '.join(builtin_names())}",
        )
    path = Path(trial)
    if is_file(path):
        return parse_trial(read_text(path, _CODES), name=str(path))
    if str(trial) in builtin_names():
        return parse_trial(builtin_text(str(trial)), name=f"{trial}.yaml (built in)")
    raise TrialFileError(
        "trial-file-missing",
        f"there is no trial file {str(trial)!r}, and no built-in trial of that name",
        hint=_missing_hint(path),
    )


def parse_trial(text: str, *, name: str = "trial.yaml") -> TrialFile:
    """A trial from the text of its file; `name` is used in messages."""
    tree = read_yaml(text, name, _CODES)
    faults = [] if isinstance(tree, Mapping) else [Fault((), "a trial file is a mapping of keys to values")]
    trial: Trial | None = None
    if not faults:
        try:
            trial = Trial.model_validate(plain_values(tree))
        except ValidationError as invalid:
            faults.extend(describe_invalid(invalid))
        reported = {fault.path for fault in faults}
        faults.extend(fault for fault in check_references(plain_values(tree)) if fault.path not in reported)
    if faults or trial is None:
        raise invalid_file(name, text, tree, faults, _CODES)
    return TrialFile(trial, name, text)


def _missing_hint(path: Path) -> str:
    siblings = [entry.name for entry in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    close = nearest(path.name, [*siblings, *builtin_names()])
    meant = f"did you mean {close!r}? " if close else ""
    return f"{meant}built-in trials: {', '.join(builtin_names())}; `equipoise init DIR` writes a starter file"

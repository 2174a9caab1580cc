"""The exception tree, whole.

    EquipoiseError              something equipoise can explain; carries a code, a place, a reason and a hint
    ├── InputError              what was handed in cannot be used; the command line exits with status 2
    │   ├── TrialFileError      the trial file: syntax, unknown keys, values; all problems of a file at once
    │   ├── PublishedFileError  a published-result file: syntax, unknown keys, values; all problems of a file at once
    │   ├── ExpressionError     an executable rule that does not parse or names an unknown variable
    │   ├── DataError           collected or analysis data; carries the offending rows
    │   ├── ArgumentError       a function argument or a command-line option
    │   ├── ClusterError        the cluster that was named cannot do the work
    │   ├── DesignError         what a design asks for cannot be had, or its unknowns cannot be solved for
    │   └── OutputError         the place to write to: it exists, is empty when it should not be, cannot be written
    ├── MissingExtraError       an optional part of equipoise is not installed (exit status 2)
    └── EstimationError         an estimator cannot answer on these data (becomes a result row with its message)

Every error names a code of `CODES`; the page docs/errors/<code>.md explains it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches

CODES: dict[str, str] = {
    "trial-file-missing": "The trial file, or the built-in trial of that name, does not exist.",
    "trial-file-syntax": "The trial file is not valid YAML.",
    "trial-file-invalid": "The trial file has keys or values the trial model does not accept.",
    "published-file-missing": "The published-result file, or the example of that name, does not exist.",
    "published-file-syntax": "The published-result file is neither valid YAML nor JSON.",
    "published-file-invalid": "The published-result file or table has keys or values that are not accepted.",
    "expression-invalid": "An executable rule does not parse, or names a variable that is not declared.",
    "folder-unreadable": "The data folder does not exist, is empty, or cannot be read.",
    "file-unreadable": "A data file cannot be read in the format its name promises.",
    "domain-missing": "A required SDTM domain or ADaM data set is not in the folder.",
    "domain-ambiguous": "Two files of the folder hold the same domain and none was chosen.",
    "column-missing": "A required column is not in the data set.",
    "subject-duplicate": "DM holds more than one record for a subject.",
    "subject-randomized-twice": "A subject has more than one randomization record.",
    "arm-unknown": "The data name an arm that the trial file does not declare.",
    "stratum-unknown": "The data name a stratum level that the trial file does not declare.",
    "value-invalid": "A column holds a value that its type or unit does not allow.",
    "argument-invalid": "An argument or option has a value that is not permitted.",
    "output-exists": "The output already exists and would be overwritten.",
    "output-unwritable": "The output folder cannot be written to.",
    "extra-missing": "An optional part of equipoise is not installed.",
    "length-mismatch": "Columns that belong together have different numbers of rows.",
    "level-unknown": "A group, arm or reference level was named that the data do not have.",
    "group-single": "A comparison was asked for, and the group column has one level only.",
    "estimate-undefined": "The estimator has no answer on these data.",
    "design-unreachable": "A design asks for a number of events, a power or a date that cannot be reached.",
    "spending-invalid": "Error spending or information decreases, error exceeds alpha, or bounds cross.",
    "confirmation-needed": "What was asked for would take hours, and nobody has said yes to that.",
    "cluster-unreachable": "No scheduler answers at the address given, or it has no worker.",
    "cluster-mismatch": "A worker of the cluster runs other versions than the client.",
    "cluster-lost": "The cluster stopped while it had work to do.",
    "curve-rises": "Points of a survival curve go up by more than digitization noise.",
    "axis-misset": "Heights or times of a figure cannot be those of a survival curve: an axis is set wrongly.",
    "at-risk-invalid": "Numbers at risk increase, exceed the arm, or contradict the curve.",
    "figure-unreadable": "No survival curve, or no axis, is found in a figure.",
    "design-unknowns": "A design leaves too many or too few of its quantities open.",
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong, with where it is and what to do.

    `where` is a place a person can go to: `file:line:column`, or a data set with row keys.
    `excerpt` is the offending line, `caret` the zero-based column to point at in it.
    """

    message: str
    where: str | None = None
    excerpt: str | None = None
    caret: int | None = None
    reason: str | None = None
    hint: str | None = None

    def render(self) -> str:
        lines = [self.message]
        if self.where:
            lines.append(f"  at {self.where}")
        if self.excerpt is not None:
            lines.append(f"    | {self.excerpt}")
            if self.caret is not None:
                # A tab is copied, so that the caret stands under its character at any tab width.
                margin = "".join("\t" if letter == "\t" else " " for letter in self.excerpt[: self.caret])
                lines.append("    | " + margin.ljust(self.caret) + "^")
        if self.reason:
            lines.append(f"  why: {self.reason}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


@dataclass(eq=False)
class EquipoiseError(Exception):
    """Base of everything equipoise raises on purpose.

    Arguments: a registered code; what happened (with the value); where; why it matters; what to do next;
    the offending data rows; and, for a file with several faults, all of them.
    """

    code: str
    message: str
    where: str | None = None
    reason: str | None = None
    hint: str | None = None
    rows: Sequence[dict[str, object]] = field(default_factory=tuple)
    problems: Sequence[Problem] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"error code {self.code!r} is not registered in equipoise.errors.CODES")
        super().__init__(self.message)

    def __str__(self) -> str:
        head = Problem(self.message, where=self.where, reason=self.reason, hint=self.hint)
        parts = [f"[{self.code}] {head.render()}"]
        parts.extend(problem.render() for problem in self.problems)
        return "\n\n".join(parts)

    def __reduce__(self) -> tuple[type[EquipoiseError], tuple[object, ...]]:
        # An exception pickles with its message alone, and could then not be made again in another process.
        return type(self), tuple(getattr(self, part.name) for part in fields(self))

    def to_dict(self) -> dict[str, object]:
        """The error as plain data, for `--json`; what JSON cannot hold (a date in a row) as text."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "reason": self.reason,
            "hint": self.hint,
            "rows": [{str(key): _plain(value) for key, value in row.items()} for row in self.rows],
            "problems": [asdict(problem) for problem in self.problems],
        }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float) else str(value)


class InputError(EquipoiseError):
    """What was handed in cannot be used."""


class TrialFileError(InputError):
    """The trial file cannot be used; `problems` lists every fault found."""


class PublishedFileError(InputError):
    """A published-result file cannot be used; `problems` lists every fault found."""


class ExpressionError(InputError):
    """An executable rule cannot be used."""


class DataError(InputError):
    """Collected or analysis data cannot be used; `rows` holds the offending rows."""


class ArgumentError(InputError):
    """An argument or option has a value that is not permitted."""


class ClusterError(InputError):
    """The cluster that was named cannot do the work."""


class DesignError(InputError):
    """What a design asks for cannot be had, or its unknowns cannot be solved for."""


class OutputError(InputError):
    """The output cannot be written where it was asked for."""


class MissingExtraError(EquipoiseError):
    """An optional part of equipoise is not installed."""


class EstimationError(EquipoiseError):
    """An estimator has no answer on these data."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, or None when nothing is close."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    match = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[match[0]] if match else None


def permitted(name: str, known: Iterable[str]) -> str:
    """The permitted values as text, led by the nearest to `name`."""
    names = list(known)
    close = nearest(name, names)
    listing = "permitted: " + ", ".join(names)
    return f"did you mean {close!r}? {listing}" if close else listing

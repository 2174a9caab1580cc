"""The result as a journal's abstract would say it: randomization, follow-up, primary result, the rest, safety.

Every sentence is a row of words and quantities, so the same text serves the terminal (plain), the report (each number
linked to the table row it stands in) and the alternative text of a figure. A sentence whose rows are missing is not
written; one whose statistic failed says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from equipoise.frames.results import ResultRow
from equipoise.protocol.conduct import Arm
from equipoise.protocol.plans import Analysis
from equipoise.protocol.trial import Trial
from equipoise.provenance import Provenance
from equipoise.reporting import wording
from equipoise.reporting.formatting import confidence_text, date_text, lower_first, p_text, percent_text
from equipoise.reporting.lookup import NOT_COMPUTED, Quantity, Rows, in_prose, interval, single

Piece = str | Quantity
Sentence = tuple[Piece, ...]


def abstract_text(trial: Trial, results: Iterable[ResultRow], provenance: Provenance | None = None) -> str:
    """The abstract as plain text, one paragraph.

    Arguments: the trial, the result rows of its planned analyses, and where the data came from (it decides whether
    the text opens by saying that they are synthetic). Returns an empty text where no row can be said.
    """
    sentences = abstract_sentences(trial, Rows(results), provenance)
    return " ".join(sentence_text(sentence) for sentence in sentences)


def sentence_text(sentence: Sentence) -> str:
    """A sentence as plain text."""
    return "".join(piece if isinstance(piece, str) else piece.text for piece in sentence)


def abstract_sentences(trial: Trial, rows: Rows, provenance: Provenance | None = None) -> list[Sentence]:
    """The sentences of the abstract, in a journal's order."""
    found: list[Sentence | None] = [_patients(trial, rows)]
    for analysis in wording.time_to_event(trial):
        if analysis.role == "primary":
            found += primary_sentences(trial, rows, analysis)
    found += [_response(trial, rows, analysis) for analysis in wording.of_kind(trial, "response")]
    for analysis in wording.time_to_event(trial):
        if analysis.role != "primary":
            found.append(_medians(trial, rows, analysis))
    for analysis in wording.of_kind(trial, "adverse-event"):
        found += [_severe(trial, rows, analysis), _most_common(trial, rows, analysis)]
    said = [sentence for sentence in found if sentence]
    synthetic = provenance is not None and provenance.synthetic
    return [("These are synthetic data; no patient took part.",), *said] if said and synthetic else said


def primary_sentences(trial: Trial, rows: Rows, analysis: Analysis) -> list[Sentence | None]:
    """Follow-up, medians with the contrast, what the test says, and the rates at the planned times."""
    return [
        _follow_up(trial, rows, analysis),
        _medians(trial, rows, analysis),
        _verdict(trial, rows, analysis),
        _rates(trial, rows, analysis),
    ]


def _patients(trial: Trial, rows: Rows) -> Sentence | None:
    randomized = rows.get("flow", "randomized", "n")
    counts = [(arm, rows.get("flow", "allocated", "n", first=("arm", arm.id))) for arm in trial.arms]
    if all(row is None for _, row in counts) and trial.primary is not None:
        name = trial.primary.id
        counts = [(arm, rows.get(name, "kaplan-meier", "n", first=("arm", arm.id))) for arm in trial.arms]
    shown = [(arm, quantity) for arm, row in counts if (quantity := single(row)) is not None]
    if not shown:
        return None
    arms = _joined([[quantity, f" to {arm.label}"] for arm, quantity in shown])
    if randomized is None or trial.randomization is None:
        arms = _joined([[quantity, f" with {arm.label}"] for arm, quantity in shown])
        return ("Patients analyzed: ", *arms, ".")
    total = single(randomized)
    assert total is not None
    opening = _period(rows)
    return (
        *(opening or ("A total of ",)),
        total,
        f" patient{' was' if randomized.value == 1 else 's were'} randomly assigned {wording.ratio_phrase(trial)}: ",
        *arms,
        ".",
    )


def _period(rows: Rows) -> Sentence:
    """`Between ... and ..., ` where the rows of the flow say when randomization began and ended."""
    first = rows.get("flow", "randomized", "first_date")
    last = rows.get("flow", "randomized", "last_date")
    if first is None or last is None or not first.value_text or not last.value_text:
        return ()
    start, stop = (Quantity(date_text(row.value_text or ""), (row,)) for row in (first, last))
    return ("Between ", start, " and ", stop, ", ")


def _follow_up(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    median = single(rows.get(analysis.id, "follow-up", "median"), with_unit=True)
    if median is None:
        return None
    return (f"Median follow-up for {wording.short_name(wording.endpoint_of(trial, analysis))} was ", median, ".")


def _medians(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    level = analysis.curve.conf_level if analysis.curve else 0.95
    medians: list[tuple[Arm, Quantity]] = []
    for arm in trial.arms:
        parts = [rows.get(analysis.id, "kaplan-meier", s, first=("arm", arm.id)) for s in _MEDIAN]
        quantity = in_prose(parts[0], parts[1], parts[2], level=level)
        if quantity is not None:
            medians.append((arm, quantity))
    if not medians:
        return None
    arms = _joined([[quantity, f" with {arm.label}"] for arm, quantity in medians])
    contrast = contrast_pieces(trial, rows, analysis)
    mention = wording.first_mention(wording.endpoint_of(trial, analysis))
    return (f"Median {mention} was ", *arms, *((" (", *contrast, ")") if contrast else ()), ".")


_MEDIAN = ("median", "median_low", "median_high")


def contrast_pieces(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence:
    """`hazard ratio, 0.84; 95% CI, 0.66-1.07; P = .149, two-sided stratified log-rank test`."""
    parts: list[list[Piece]] = []
    several = len(trial.experimental) > 1
    for arm in trial.experimental:
        found = _hazard_ratio(trial, rows, analysis, arm)
        own = rows.pair_test(analysis.id, "logrank", arm.id, trial.control.id) if several else None
        if own is not None:
            found += ["; " if found else "", _p_quantity(own)]
        if found:
            parts.append([f"{arm.label}: ", *found] if several else found)
    p_value = rows.get(analysis.id, "logrank", "p_value") or rows.failure(analysis.id, "logrank")
    if p_value is not None:
        words = wording.test_phrase(trial, analysis) + (" of all arms" if several else "")
        aside = ", descriptive" if analysis.role != "primary" else ""
        parts.append([_p_quantity(p_value), f", {words}{aside}" if words else aside])
    return tuple(piece for place, part in enumerate(parts) for piece in (["; "] * (place > 0) + part))


def _p_quantity(row: ResultRow) -> Quantity:
    return Quantity(f"P {NOT_COMPUTED}" if row.value is None else p_text(row.value), (row,))


def _hazard_ratio(trial: Trial, rows: Rows, analysis: Analysis, arm: Arm) -> list[Piece]:
    estimate = rows.ratio(analysis.id, "estimate", arm.id, trial.control.id)
    low = rows.ratio(analysis.id, "conf_low", arm.id, trial.control.id)
    high = rows.ratio(analysis.id, "conf_high", arm.id, trial.control.id)
    value = single(estimate)
    if estimate is None or value is None:
        return []
    if estimate.value is None or low is None or high is None:
        return ["hazard ratio, ", value]
    level = confidence_text(wording.conf_level(analysis))
    return ["hazard ratio, ", value, f"; {level}, ", Quantity(interval(low, high), (low, high))]


def _verdict(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    """Which side of the planned level the P value lies on, and in whose favor; left out where looks share the level."""
    p_value = rows.get(analysis.id, "logrank", "p_value")
    if p_value is None or p_value.value is None or analysis.test is None:
        return None
    if analysis.spending is not None or len(analysis.looks) > 1:
        return ("The P value is nominal: the planned significance level is spent over several looks.",)
    significant = p_value.value <= analysis.test.alpha
    negation = "" if significant else "not "
    level = f"At the planned {wording.alpha_phrase(analysis)}, "
    if analysis.test.sides == 1:
        better = f"{trial.experimental[0].label} was {negation}significantly better than {trial.control.label}."
        return (f"{level}{better}",)
    favored = _favored(trial, rows, analysis) if significant else ""
    return (f"{level}the difference was {negation}statistically significant{favored}.",)


def _favored(trial: Trial, rows: Rows, analysis: Analysis) -> str:
    """`, in favor of ET alone`, by the sign of Z; empty for several arms, which have no one direction."""
    z = rows.get(analysis.id, "logrank", "z")
    if len(trial.arms) > 2 or z is None or not z.value:
        return ""
    return f", in favor of {(trial.experimental[0] if z.value > 0 else trial.control).label}"


def _rates(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    parts: list[list[Piece]] = []
    for at in rows.times(analysis.id, "landmark"):
        found = [rows.get(analysis.id, "landmark", "survival", first=("arm", arm.id), at=at) for arm in trial.arms]
        values = [quantity for row in found if (quantity := single(row)) is not None]
        if values:
            unit = next(row.at_unit for row in found if row is not None)
            against = [piece for value in values for piece in (" v ", value)][1:]
            parts.append([*against, f" at {wording.time_point(at, unit)}"])
    if not parts:
        return None
    short = wording.short_name(wording.endpoint_of(trial, analysis))
    return (f"{short[:1].upper()}{short[1:]} rates were ", *_joined(parts), f" ({_arm_order(trial)}).")


def _response(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    level = wording.conf_level(analysis)
    found: list[list[Piece]] = []
    for arm in trial.arms:
        parts = [rows.get(analysis.id, "rate", s, first=("arm", arm.id)) for s in ("estimate", "conf_low", "conf_high")]
        quantity = in_prose(parts[0], parts[1], parts[2], level=level)
        if quantity is not None:
            found.append([quantity, f" with {arm.label}"])
    if not found:
        return None
    p_value = rows.get(analysis.id, "response-test", "p_value")
    test: Sentence = ()
    if p_value is not None and p_value.value is not None:
        label = f", {p_value.label}" if p_value.label else ""
        aside = ", descriptive" if analysis.role != "primary" else ""
        test = (" (", Quantity(p_text(p_value.value), (p_value,)), f"{label}{aside})")
    mention = wording.first_mention(wording.endpoint_of(trial, analysis)).rstrip(",")
    return (f"The {mention} was ", *_joined(found), *test, ".")


def _severe(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    found: list[list[Piece]] = []
    grade = wording.minimum_grade(analysis)
    for arm in trial.arms:
        where = ("arm", arm.id)
        percent = rows.get(analysis.id, "overall", f"percent_grade_{grade}", first=where)
        count = rows.get(analysis.id, "overall", f"n_grade_{grade}", first=where)
        patients = rows.get(analysis.id, "overall", "n", first=where)
        if percent is None:
            continue
        text = NOT_COMPUTED if percent.value is None else percent_text(percent.value)
        aside: list[Piece] = []
        counted, denominator = single(count), single(patients)
        if counted is not None and denominator is not None:
            aside = [" (", counted, " of ", denominator, ")"]
        found.append([Quantity(text, (percent,)), *aside, f" with {arm.label}"])
    if not found:
        return None
    mention = wording.first_mention(wording.endpoint_of(trial, analysis)).rstrip(",")
    return (f"Grade {grade} or higher {_without_short(mention)} occurred in ", *_joined(found), ".")


def _most_common(trial: Trial, rows: Rows, analysis: Analysis) -> Sentence | None:
    """The term with the highest share at or above the grade, in any arm."""
    statistic = f"percent_grade_{wording.minimum_grade(analysis)}"
    shares = [row for row in rows.part(analysis.id, "term", statistic) if row.value]
    if not shares:
        return None
    top = max(shares, key=lambda row: row.value or 0.0)
    second = ("term", top.level2 or "")
    found = [rows.get(analysis.id, "term", statistic, first=("arm", arm.id), second=second) for arm in trial.arms]
    values: list[list[Piece]] = [[quantity] for row in found if (quantity := single(row)) is not None]
    term = lower_first(top.level2 or "")
    return (f"The most frequent was {term} (", *_joined(values), ").")


def _without_short(mention: str) -> str:
    return mention.partition(" (")[0]


def _arm_order(trial: Trial) -> str:
    return " v ".join(arm.label for arm in trial.arms)


def _joined(parts: list[list[Piece]]) -> list[Piece]:
    """`a`, `a and b`, `a, b, and c`, each part being pieces."""
    out: list[Piece] = []
    for place, part in enumerate(parts):
        if place:
            last = place == len(parts) - 1
            out.append((" and " if len(parts) == 2 else ", and ") if last else ", ")
        out += part
    return out

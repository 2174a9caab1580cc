"""One patient as a picture: the sum of diameters above, time on treatment, assessments and endpoints below."""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.quantities import months_from_days
from equipoise.reporting.figures.canvas import Canvas, measured_width
from equipoise.reporting.figures.panel import margin
from equipoise.reporting.figures.scales import Scale, linear_scale
from equipoise.reporting.figures.sheet import SOURCE_SIZE, Sheet, heading, place_source, sheet_size, widest
from equipoise.reporting.formatting import date_text, listed, number_text
from equipoise.reporting.palette import ARM_STYLES, RULE, SECONDARY
from equipoise.reporting.patient_story import PatientStory, StoryVisit

_SPIDER_HEIGHT = 120.0
_SUBTITLE = "Sum of target diameters, percent change from baseline; gray: the arm's other patients; dashed: 30% less"
_PROGRESSED = "PD"
# A partial response is a fall of 30% from baseline (RECIST 1.1); the picture rules it.
_RESPONSE = -30.0


@dataclass(frozen=True)
class _Places:
    """Where the picture's parts stand, in points."""

    left: float
    width: float
    size: float
    lanes: float
    step: float
    x: Scale

    def at(self, day: float) -> float:
        return self.left + self.x.share(_months(day)) * self.width


def patient_sheet(story: PatientStory, source: str = "") -> Sheet:
    """The picture of one patient's story."""
    title = f"{story.subject}, {story.arm}"
    return Sheet(title, _alternative(story), lambda width_mm: _canvas(story, title, source, width_mm))


def _months(day: float) -> float:
    """Months since randomization. Screening, which is before it, stands at the start of the axis."""
    return max(0.0, months_from_days(day - 1))


def _canvas(story: PatientStory, title: str, source: str, width_mm: float) -> Canvas:
    width, size = sheet_size(width_mm)
    y = linear_scale([-50.0, 50.0, *(change for _, change in _own(story))])
    head = heading(title, _SUBTITLE, width, size)
    names = [name for name, _ in _lanes(story)]
    left = max(margin(y, size), widest(names, size) + 0.9 * size)
    x = linear_scale([0.0, *(_months(day) for day in _days(story))])
    top = head.height + 1.2 * size
    spider = top + _SPIDER_HEIGHT
    step = 2.0 * size
    places = _Places(left, width - left - 1.2 * size, size, spider + 1.6 * size, step, x)
    bottom = places.lanes + step * len(names)
    canvas = Canvas(width, bottom + 5.2 * size + (1.3 * SOURCE_SIZE if source else 0.0) + 2)
    head.place(canvas)
    _place_spider(canvas, story, places, Scale(y.ticks), top)
    _place_lanes(canvas, story, places)
    _place_axis(canvas, places, bottom)
    if source:
        place_source(canvas, [source])
    return canvas


def _own(story: PatientStory) -> list[tuple[int, float]]:
    changes = [(visit.day, visit.from_baseline) for visit in story.visits]
    known = [(day, change) for day, change in changes if change is not None]
    baseline = next((visit.day for visit in story.visits if visit.total is not None), None)
    return [(baseline, 0.0), *known] if baseline is not None else known


def _days(story: PatientStory) -> list[float]:
    found = [float(visit.day) for visit in story.visits]
    found += [ending.start_day + ending.days for ending in story.endings]
    found += [float(day) for day in (story.treatment or ())]
    return found if story.cutoff_day is None else [*found, float(story.cutoff_day)]


def _place_spider(canvas: Canvas, story: PatientStory, places: _Places, y: Scale, top: float) -> None:
    # The months are named once, under the lanes.
    axes = canvas.place_axes(places.left, top, places.width, _SPIDER_HEIGHT)
    axes.set_xlim(places.x.low, places.x.high)
    axes.set_ylim(y.low, y.high)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set(color=SECONDARY, linewidth=0.6)
    axes.set_xticks([])
    axes.set_yticks(list(y.ticks), labels=[])
    axes.tick_params(length=3, width=0.6, color=SECONDARY)
    for tick in y.ticks:
        height = top + _SPIDER_HEIGHT * (1 - y.share(tick)) + 0.36 * places.size
        canvas.place_text(places.left - 5, height, f"{y.text(tick)}%", size=places.size, align="right")
    span = [places.x.low, places.x.high]
    axes.plot(span, [0.0, 0.0], color=SECONDARY, linewidth=0.6, zorder=1)
    axes.plot(span, [_RESPONSE, _RESPONSE], color=SECONDARY, linewidth=0.6, dashes=(4, 3), zorder=1)
    for line in story.others:
        days, changes = zip(*line, strict=True)
        axes.plot([_months(day) for day in days], changes, color=RULE, linewidth=0.6, zorder=0)
    own = _own(story)
    if not own:
        middle = places.left + places.width / 2
        canvas.place_text(middle, top + _SPIDER_HEIGHT / 2, "no sum of target diameters after baseline",
                          size=places.size, align="center", color=SECONDARY)  # fmt: skip
        return
    days, changes = zip(*own, strict=True)
    axes.plot([_months(day) for day in days], changes, color=ARM_STYLES[story.arm_place - 1].light,
              linewidth=1.8, marker="o", markersize=4.0, zorder=3, clip_on=False)  # fmt: skip


def _lanes(story: PatientStory) -> list[tuple[str, str]]:
    """Names of the lanes, and what each is: treatment, assessments, and the endpoints."""
    found = [("Treatment", "treatment")] if story.treatment else []
    if any(visit.response for visit in story.visits):
        found.append(("Response", "response"))
    return found + [(ending.parameter, "ending") for ending in story.endings]


def _place_lanes(canvas: Canvas, story: PatientStory, places: _Places) -> None:
    color = ARM_STYLES[story.arm_place - 1].light
    endings = {ending.parameter: ending for ending in story.endings}
    for place, (name, kind) in enumerate(_lanes(story)):
        y = places.lanes + (place + 0.5) * places.step
        canvas.place_text(places.left - 5, y + 0.36 * places.size, name, size=places.size, align="right")
        if kind == "treatment" and story.treatment:
            left, right = (places.at(day) for day in story.treatment)
            canvas.place_rectangle(
                left, y - 0.42 * places.size, max(right - left, 1.0), 0.84 * places.size, color=color
            )
        elif kind == "response":
            _place_responses(canvas, story.visits, places, y)
        else:
            ending = endings[name]
            last = places.at(ending.start_day - 1 + ending.days)
            canvas.place_line([(places.at(ending.start_day), y), (last, y)], color=color, width=1.4)
            canvas.place_circle(last, y, 0.42 * places.size, color=color, hollow=not ending.event)
            words = ending.what if ending.event else f"censored: {ending.what}"
            _place_words(canvas, places, (last, y), words, story.cutoff_day)
    if story.cutoff_day is not None:
        x = places.at(story.cutoff_day)
        canvas.place_line([(x, places.lanes), (x, places.lanes + places.step * len(_lanes(story)))],
                          color=SECONDARY, width=0.6, dashes=(3, 3))  # fmt: skip
        canvas.place_text(x, places.lanes - 0.4 * places.size, "cutoff", size=places.size - 0.6, align="right",
                          color=SECONDARY)  # fmt: skip


def _place_words(canvas: Canvas, places: _Places, end: tuple[float, float], words: str, cutoff_day: int | None) -> None:
    """Words right of an end; over the line, at its left, where they would leave the sheet or cross the cutoff."""
    (x, y), size = end, places.size - 0.6
    limit = canvas.width
    if cutoff_day is not None and places.at(cutoff_day) > x + size:
        limit = places.at(cutoff_day)
    if x + 0.9 * size + measured_width(words, size) <= limit:
        canvas.place_text(x + 0.9 * size, y + 0.36 * size, words, size=size, color=SECONDARY)
    else:
        canvas.place_text(x - 0.9 * size, y - 0.45 * size, words, size=size, align="right", color=SECONDARY)


def _place_responses(canvas: Canvas, visits: tuple[StoryVisit, ...], places: _Places, y: float) -> None:
    # From the last backward: where two words would touch, the later one, often the progression, is written.
    free = float("inf")
    for visit in reversed(visits):
        if not visit.response:
            continue
        x, size = places.at(visit.day), places.size - 0.4
        half = measured_width(visit.response, size) / 2
        canvas.place_line([(x, y + 0.55 * size), (x, y + 0.95 * size)], color=SECONDARY)
        if x + half <= free:
            weight = "bold" if visit.response == _PROGRESSED else "normal"
            canvas.place_text(x, y + 0.36 * size, visit.response, size=size, align="center", weight=weight)
            free = x - half - 2.0


def _place_axis(canvas: Canvas, places: _Places, bottom: float) -> None:
    size = places.size
    canvas.place_line([(places.left, bottom), (places.left + places.width, bottom)], color=SECONDARY)
    texts = [places.x.text(tick) for tick in places.x.ticks]
    for tick in places.x.thinned(places.width, widest(texts, size) + 0.8 * size):
        x = places.left + places.x.share(tick) * places.width
        canvas.place_line([(x, bottom), (x, bottom + 3)], color=SECONDARY)
        canvas.place_text(x, bottom + 3 + 1.3 * size, places.x.text(tick), size=size, align="center")
    middle = places.left + places.width / 2
    canvas.place_text(middle, bottom + 3 + 2.8 * size, "Months since randomization", size=size, align="center",
                      color=SECONDARY)  # fmt: skip


def _alternative(story: PatientStory) -> str:
    said = [f"{story.subject} in {story.arm}."]
    responses = [f"{visit.response} on day {number_text(float(visit.day))}" for visit in story.visits if visit.response]
    if responses:
        said.append(f"Responses: {listed(responses)}.")
    for ending in story.endings:
        state = "event" if ending.event else "censored"
        what = f"{ending.what[:1].lower()}{ending.what[1:]}"
        said.append(f"{ending.parameter}: {state} on {date_text(ending.date)}, {what}.")
    return " ".join(said)

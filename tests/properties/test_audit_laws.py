"""Laws of the audit: hard checks never flag numbers of real data; together the checks rarely flag honest trials."""

import json
import math
import sys
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from equipoise.evidence import PublishedTrial, audit_trial
from equipoise.evidence.printed import parse_printed
from equipoise.evidence.share_checks import possible_counts, possible_denominators
from made_up_published import found, published, share

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "validation"))
HARD = {"information-bound", "percentages", "limits", "landmark-rates"}
ROUNDINGS = st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN])


def _text(value: float, digits: int, rounding: str = ROUND_HALF_UP) -> str:
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=rounding))


@given(value=st.floats(0.001, 999.0), digits=st.integers(0, 4), rounding=ROUNDINGS)
def test_a_printed_number_holds_the_value_it_was_printed_from(value: float, digits: int, rounding: str):
    assert parse_printed(_text(value, digits, rounding)).allows(value, 1e-12)


@given(n=st.integers(1, 1200), share_of=st.floats(0, 1), digits=st.integers(0, 2), rounding=ROUNDINGS)
def test_a_true_count_is_always_possible(n: int, share_of: float, digits: int, rounding: str):
    x = round(share_of * n)
    percent = parse_printed(_text(100 * x / n, digits, rounding))
    assert x in possible_counts(percent, n)
    assert n in possible_denominators([percent], n, n)


@given(
    d=st.integers(10, 2000), level=st.sampled_from([80, 90, 95, 99]), b=st.floats(-1.6, 0.6),
    share_of=st.floats(0.05, 0.95), digits=st.integers(1, 4), rounding=ROUNDINGS,
)  # fmt: skip
def test_no_information_of_so_many_events_is_flagged(d, level, b, share_of, digits, rounding):
    """Information is a sum of d terms p (1 - p): any share at risk p gives at most d / 4."""
    from statistics import NormalDist

    s = 1.0 / math.sqrt(d * share_of * (1.0 - share_of))
    z = NormalDist().inv_cdf(0.5 + level / 200)
    texts = [_text(math.exp(x), digits, rounding) for x in (b, b - z * s, b + z * s)]
    if float(texts[0]) == 0.0 or float(texts[1]) == 0.0:
        return
    trial = published(f"{texts[0]} ({level}% {texts[1]}-{texts[2]})", events=d, n=(d, d))
    finding = found(trial, "information-bound")
    assert finding.status != "inconsistent"
    assert finding.values["needed"] <= d
    assert found(trial, "limits").status == "consistent"
    # The same interval is Wald's: centered, and of one standard error that is its own.
    assert found(trial, "log-symmetry").status == "consistent"
    one = found(trial, "one-standard-error")
    assert one.status == "consistent"
    assert one.values["se_low"] <= s * (1 + 1e-9)
    assert one.values["se_high"] >= s * (1 - 1e-9)


@given(swapped=st.booleans(), width=st.floats(0.05, 1.0), b=st.floats(-1.0, 0.5))
def test_limits_are_flagged_exactly_when_they_are_swapped(swapped: bool, width: float, b: float):
    lower, upper = (_text(math.exp(x), 3) for x in (b - width, b + width))
    first, second = (upper, lower) if swapped else (lower, upper)
    trial = published(f"{_text(math.exp(b), 3)} (95% {first}-{second})")
    assert (found(trial, "limits").status == "inconsistent") == swapped


@given(n=st.integers(20, 400), x=st.floats(0.02, 0.98), digits=st.integers(0, 1))
def test_an_exact_interval_of_a_true_count_is_named(n: int, x: float, digits: int):
    from equipoise.kernels.plain.binomial import clopper_pearson

    count = min(max(round(n * x), 1), n - 1)
    low, high = clopper_pearson(count, n, 0.95)
    entry = share(experimental={
        "percent": _text(100 * count / n, digits), "of": n,
        "interval": {"lower": _text(100 * low, digits), "upper": _text(100 * high, digits), "level": 95},
    })  # fmt: skip
    finding = found(published(n=(n, n), shares=[entry]), "response-interval")
    assert finding.status == "consistent"
    assert "Clopper-Pearson" in finding.said


@settings(max_examples=30)
@given(data=st.data())
def test_truncated_digits_are_told_from_rounded_ones_only_where_they_contradict(data):
    """Rounding is what is allowed: a truncated percentage may be impossible, and the audit then names a denominator."""
    n = data.draw(st.integers(50, 150))
    x = data.draw(st.integers(1, n - 1))
    text = _text(100 * x / n, 1, ROUND_DOWN)
    finding = found(published(n=(n, n), shares=[share(experimental={"percent": text, "of": n})]), "percentages")
    possible = bool(possible_counts(parse_printed(text), n))
    assert (finding.status == "consistent") == possible


def _honest_flags(first: int, last: int) -> list[set[str]]:
    from honest_trials import draw_honest

    audits = (
        audit_trial(PublishedTrial.model_validate(draw_honest(k).printed), deep=False) for k in range(first, last)
    )
    return [{one.check for one in audit.flagged} for audit in audits]


def test_honest_trials_are_hardly_ever_flagged_and_never_by_a_hard_check():
    """Trials not used in calibration; with a rate of 0.2%, more than 5 of 300 come once in 100,000 runs."""
    flags = _honest_flags(100_000, 100_300)
    assert set().union(*flags) & HARD == set()
    assert sum(bool(one) for one in flags) <= 5


@pytest.mark.slow
def test_three_thousand_honest_trials():
    flags = _honest_flags(200_000, 203_000)
    assert set().union(*flags) & HARD == set()
    assert sum(bool(one) for one in flags) < 30


def test_the_committed_calibration_says_what_the_docs_say():
    record = json.loads((ROOT / "validation/output/audit_calibration.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/methods/audit.md").read_text(encoding="utf-8")
    assert record["trials"] == 10_000
    assert record["hard_flags"] == 0
    assert record["flag_rate_upper"] < 0.01
    assert f"{record['any_flag']} of 10,000" in page
    for name, counts in record["planted"].items():
        flagged, noted = (round(100 * counts.get(kind, 0) / counts["trials"]) for kind in ("flagged", "noted"))
        assert f"| {name} | {counts['trials']:,} | {flagged}% | {noted}% |" in page


ODD = st.sampled_from(
    ["0", "0.0", "0.5", "1", "1.00", "0.84", ".149", "<.001", ">.99", "NR", "100", "1e-9", "999999", "<1", "1e-40"]
)


@given(
    numbers=st.lists(ODD, min_size=9, max_size=9), level=st.sampled_from(["", "95% ", "50% ", "99.9% "]),
    sides=st.sampled_from([None, 1, 2]), events=st.sampled_from([None, 0, 1, 10**6]),
    n=st.sampled_from([(1, 1), (100, 50), (3, 10_000)]),
)  # fmt: skip
def test_any_printed_numbers_are_audited_or_refused_in_words(numbers, level, sides, events, n):
    a, b, c, p, median, low, high, rate, percent = numbers
    parts = {"experimental": {"median": f"{median} ({low}-{high})"}, "rates": [{"at": 6, "experimental": rate}],
             "test": {"p": p, "sides": sides}, "events": events}  # fmt: skip
    entry = share(experimental={"percent": percent, "interval": {"lower": low, "upper": high}}, control={"percent": b})
    trial = _accepted(f"{a} ({level}{b}-{c})", n=n, shares=[entry], **parts)
    if trial is None:
        return
    audit = audit_trial(trial, deep=False)
    assert audit.status in ("inconsistent", "note", "consistent")
    assert json.loads(json.dumps(audit.to_dict()))["headline"] == audit.headline()
    assert len(audit.to_rows()) >= len(audit.findings)


def _accepted(*arguments, **parts) -> PublishedTrial | None:
    try:
        return published(*arguments, **parts)
    except ValidationError:
        return None

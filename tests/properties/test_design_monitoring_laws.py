"""Laws of monitoring: closed testing behind the graphs, decisions and P values that agree, error kept, coverage."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.design import (
    Boundary,
    Spending,
    adjusted_inference,
    conditional_power,
    graphical_testing,
    group_sequential,
    predict_from_times,
    predictive_power,
    reestimate_events,
)
from equipoise.design.promising_zone import solve_lowest
from equipoise.design.spending import to_spending
from equipoise.design.stagewise import StagewiseOutcome
from equipoise.kernels.plain.sequential import normal_tails, solve_upper
from equipoise.seeds import Stream

NAMES = ("A", "B", "C", "D")


@st.composite
def graphs(draw, count=4):
    """Weights and transitions of `count` hypotheses, with zeros among them."""
    share = st.integers(0, 4)

    def shares(n):
        parts = [draw(share) for _ in range(n)]
        total = sum(parts) + draw(st.integers(0, 1))
        return [part / total if total else 0.0 for part in parts]

    names = NAMES[:count]
    weights = dict(zip(names, shares(count), strict=True))
    rows = {a: dict(zip([b for b in names if b != a], shares(count - 1), strict=True)) for a in names}
    return weights, rows


def _intersection_weights(weights, rows, kept):
    """Weights of an intersection hypothesis with matrices, by the update rule of Bretz et al. 2009."""
    names = list(weights)
    w = np.array([weights[a] for a in names])
    g = np.array([[rows[a].get(b, 0.0) for b in names] for a in names])
    alive = [True] * len(names)
    for j, name in enumerate(names):
        if name in kept:
            continue
        alive[j] = False
        new = np.zeros_like(g)
        for a, b in itertools.product(range(len(names)), repeat=2):
            if alive[a] and alive[b] and a != b and g[a, j] * g[j, a] < 1.0:
                new[a, b] = (g[a, b] + g[a, j] * g[j, b]) / (1.0 - g[a, j] * g[j, a])
        w = np.array([w[a] + w[j] * g[j, a] if alive[a] else 0.0 for a in range(len(names))])
        g = new
    return dict(zip(names, w.tolist(), strict=True))


def _intersections(names):
    return [set(kept) for size in range(1, len(names) + 1) for kept in itertools.combinations(names, size)]


def _closed_test(names, rejects):
    """Hypotheses all of whose intersections are rejected; `rejects(kept)` decides one intersection."""
    verdict = {frozenset(kept): rejects(kept) for kept in _intersections(names)}
    return {name for name in names if all(v for kept, v in verdict.items() if name in kept)}


@given(graphs(), st.lists(st.floats(0.0001, 0.06), min_size=4, max_size=4))
@settings(max_examples=150)
def test_a_graph_rejects_what_the_closed_test_rejects(graph, p):
    weights, rows = graph
    values = dict(zip(NAMES, p, strict=True))

    def rejects(kept):
        shares = _intersection_weights(weights, rows, kept)
        return any(shares[h] > 0 and values[h] <= shares[h] * 0.05 for h in kept)

    found = graphical_testing(values, weights=weights, transitions=rows, alpha=0.05)
    assert {name for name, look in found.rejected.items() if look} == _closed_test(NAMES, rejects)


@given(graphs(3), st.lists(st.floats(0.0001, 0.03), min_size=9, max_size=9))
@settings(max_examples=40)
def test_looking_back_rejects_what_the_group_sequential_closed_test_rejects(graph, p):
    """Every intersection is tested at all looks so far, each hypothesis at the bounds of its share of alpha."""
    weights, rows = graph
    names, fractions = NAMES[:3], np.array([0.4, 0.7, 1.0])
    values = {name: p[3 * i : 3 * i + 3] for i, name in enumerate(names)}
    spending = Spending("hwang-shih-decani", -2.0)

    def levels(alpha):
        return normal_tails(solve_upper(fractions, np.array(spending.spent(fractions, alpha))))

    def rejects(kept, look):
        shares = _intersection_weights(weights, rows, kept)
        return any(shares[h] > 0 and (np.array(values[h]) <= levels(shares[h] * 0.025))[:look].any() for h in kept)

    information = {name: fractions.tolist() for name in names}
    arguments = {"weights": weights, "transitions": rows, "alpha": 0.025, "spending": spending}
    found = graphical_testing(values, information=information, look_back=True, **arguments)
    for look in (1, 2, 3):
        closed = _closed_test(names, lambda kept, look=look: rejects(kept, look))
        assert {name for name, at in found.rejected.items() if at and at <= look} == closed
    onward = graphical_testing(values, information=information, **arguments)
    assert {n for n, at in onward.rejected.items() if at} <= {n for n, at in found.rejected.items() if at}


@given(graphs(), st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4), st.floats(0.001, 0.2))
def test_adjusted_p_values_decide_like_the_graph(graph, p, alpha):
    weights, rows = graph
    found = graphical_testing(dict(zip(NAMES, p, strict=True)), weights=weights, transitions=rows, alpha=alpha)
    assert found.adjusted_p_value is not None
    for name, adjusted in found.adjusted_p_value.items():
        if abs(adjusted - alpha) > 1e-9:
            assert (found.rejected[name] is not None) == (adjusted <= alpha)


@given(graphs(), st.permutations(NAMES))
def test_weights_do_not_depend_on_the_order_of_removal(graph, order):
    from equipoise.design import HypothesisGraph

    start = HypothesisGraph(*graph)
    one = start.remove(order[0]).remove(order[1]).weights
    other = start.remove(order[1]).remove(order[0]).weights
    assert one == pytest.approx(other, abs=1e-12)
    assert sum(one.values()) <= 1.0 + 1e-9


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock", ("hwang-shih-decani", -4.0), ("power", 2.0)])
@given(st.floats(0.0005, 0.05), st.floats(1.01, 2.0), st.floats(0.2, 0.6), st.floats(0.65, 0.95))
@settings(max_examples=25)
def test_nominal_levels_do_not_fall_when_alpha_grows(spending, alpha, factor, first, second):
    """What the group-sequential graph rests on (Maurer and Bretz 2013)."""
    fractions = np.array([first, second, 1.0])
    low, high = (
        normal_tails(solve_upper(fractions, np.array(to_spending(spending).spent(fractions, a))))
        for a in (alpha, alpha * factor)
    )
    assert (high >= low).all()


DESIGNS = {
    "spending": group_sequential([50, 100, 150], alpha=0.025, sides=1),
    "two-sided": group_sequential([50, 100, 150], alpha=0.05, sides=2, efficacy="pocock"),
    "classical": group_sequential([50, 100, 150], alpha=0.025, sides=1, efficacy=Boundary("wang-tsiatis", 0.2)),
    "some looks": group_sequential([50, 100, 150], alpha=0.025, sides=1, efficacy_at=[2, 3]),
}


@pytest.mark.parametrize("name", DESIGNS)
@given(z=st.lists(st.floats(-3.0, 4.5), min_size=3, max_size=3))
@settings(max_examples=25)
def test_p_values_and_limits_agree_with_the_decision(name, z):
    design = DESIGNS[name]
    ends = [k for k in range(3) if z[k] >= design.upper[k] or (name == "two-sided" and z[k] <= -design.upper[k])]
    last = ends[0] if ends else 2
    found = adjusted_inference(z[: last + 1], [50, 100, 150][: last + 1], design=design)
    look = found.looks[-1]
    if min(abs(abs(look.z) - abs(design.upper[last])), 1.0) < 1e-6:
        return
    assert (found.p_value <= design.alpha) == found.rejected
    assert (found.adjusted.high < 0.0) == found.rejected
    assert (look.repeated.high < 0.0) == found.rejected
    assert (look.repeated_p_value <= design.alpha) == found.rejected
    assert look.sequential_p_value <= look.repeated_p_value
    assert found.adjusted.low < found.adjusted.estimate < found.adjusted.high


def test_futility_that_does_not_bind_changes_nothing():
    plain = group_sequential([50, 100, 150], alpha=0.025, sides=1, hazard_ratio=0.6)
    stopped = group_sequential([50, 100, 150], alpha=0.025, sides=1, hazard_ratio=0.6, futility=[0.0, 0.5])
    with_futility = adjusted_inference([0.4, 1.4, 2.1], [50, 100, 150], design=stopped)
    without = adjusted_inference([0.4, 1.4, 2.1], [50, 100, 150], design=plain)
    assert with_futility.p_value == pytest.approx(without.p_value, abs=1e-12)
    assert with_futility.adjusted.estimate == pytest.approx(without.adjusted.estimate, abs=1e-10)


def test_sides_give_the_same_p_up_to_harm():
    one = adjusted_inference(
        [1.1, 2.0, 2.3], [50, 100, 150], design=group_sequential([50, 100, 150], alpha=0.025, sides=1)
    )
    two = adjusted_inference(
        [1.1, 2.0, 2.3], [50, 100, 150], design=group_sequential([50, 100, 150], alpha=0.05, sides=2)
    )
    assert two.p_value == pytest.approx(one.p_value, abs=1e-6)
    assert two.conf_level == one.conf_level == pytest.approx(0.95)


@pytest.mark.parametrize("effect", ["design", "observed", "null"])
def test_conditional_power_at_a_bound_is_that_of_the_design_on_its_scale(effect):
    """Two pieces of code, one formula: with one look to come they are the same."""
    design = group_sequential([100, 150], alpha=0.025, sides=1, hazard_ratio=0.6, ratio=2)
    found = conditional_power(design.upper[0], 100, design=design, effect=effect).power
    assert found == pytest.approx(design.on_scale("conditional-power", effect=effect)[0], abs=1e-12)
    averaged = predictive_power(design.upper[0], 100, design=design).power
    assert averaged == pytest.approx(design.on_scale("predictive-power")[0], abs=1e-12)


@given(st.floats(-2.0, 3.0), st.floats(0.1, 0.9))
def test_conditional_power_rises_with_z_and_with_the_effect(z, fraction):
    arguments = {"maximum": 200, "bound": 1.96, "ratio": 1}
    power = [conditional_power(z, 200 * fraction, effect=hr, **arguments).power for hr in (1.0, 0.8, 0.6)]
    assert power == sorted(power)
    higher = conditional_power(z + 0.1, 200 * fraction, effect=0.8, **arguments).power
    assert higher >= power[1]
    narrow = predictive_power(z, 200 * fraction, prior=(0.8, 1e-5), **arguments).power
    assert narrow == pytest.approx(power[1], abs=1e-6)


@pytest.mark.parametrize("power", [0.8, 0.9])
@pytest.mark.parametrize("interim", [50, 100, 150])
@pytest.mark.parametrize("maximum", [250, 400, 700])
def test_the_ordinary_statistic_is_safe_throughout_the_promising_zone(power, interim, maximum):
    """At each z of the zone the conditional error of the ordinary final test is at most that of the planned trial."""
    c = 1.959963984540054
    for z in np.linspace(0.0, 3.0, 121):
        found = reestimate_events(
            z, interim, planned=200, maximum=maximum, power=power, alpha=0.025, sides=1, method="chen-demets-lan"
        )
        if found.zone != "promising":
            assert found.events == 200
            continue
        before = z * math.sqrt(interim)
        error = [
            normal_tails(np.array([(c * math.sqrt(n) - before) / math.sqrt(n - interim)]))[0]
            for n in (200, found.events)
        ]
        assert error[1] <= error[0] + 1e-9


def test_the_promising_zone_is_as_wide_as_is_safe():
    lowest = solve_lowest(100, 200, 400, 1.959963984540054, 0.9)
    arguments = {"planned": 200, "maximum": 400, "power": 0.9, "alpha": 0.025, "sides": 1}
    z = [z for z in np.linspace(0.9, 1.3, 4001) if _planned_power(z, arguments) < lowest][-1]
    found = reestimate_events(z, 100, method="cui-hung-wang", lowest=0.0, **arguments)
    before = z * 10.0
    error = [
        normal_tails(np.array([(1.959963984540054 * math.sqrt(n) - before) / math.sqrt(n - 100)]))[0]
        for n in (200, found.events)
    ]
    assert error[1] > error[0]


def _planned_power(z, arguments):
    return reestimate_events(z, 100, method="cui-hung-wang", lowest=0.0, **arguments).planned_power


@pytest.mark.parametrize("method", ["cui-hung-wang", "chen-demets-lan"])
def test_the_type_i_error_of_the_promising_zone(method):
    """By simulation of 400,000 trials without effect; within 4 standard errors of 0.025, or below for the second."""
    n = 400_000
    first, second = Stream(11, "survival").normals([0, 1], n)
    lowest = 0.1 if method == "cui-hung-wang" else None
    grid = np.linspace(-1.0, 3.5, 4501)
    events = np.array(
        [
            reestimate_events(
                z, 100, planned=200, maximum=400, power=0.9, alpha=0.025, sides=1, method=method, lowest=lowest
            ).events
            for z in grid
        ]
    )
    # The events of a trial are those of the next lower point of a grid: any rule that looks at z alone is allowed.
    total = events[np.clip(np.searchsorted(grid, first, side="right") - 1, 0, len(grid) - 1)]
    if method == "cui-hung-wang":
        final = math.sqrt(0.5) * first + math.sqrt(0.5) * second
    else:
        final = (first * 10.0 + second * np.sqrt(total - 100.0)) / np.sqrt(total)
    assert len(np.unique(total)) > 50
    rate, error = float((final >= 1.959963984540054).mean()), 4 * math.sqrt(0.025 * 0.975 / n)
    assert rate <= 0.025 + error
    if method == "cui-hung-wang":
        assert rate >= 0.025 - error


@pytest.mark.slow
@pytest.mark.parametrize("theta", [0.0, 0.25, 0.5])
def test_the_median_unbiased_estimate_and_its_interval(theta):
    """Over 4,000 trials: half of the estimates below the truth, and limits that cover it, within 4 standard errors."""
    n, information = 4000, np.array([15.0, 30.0, 45.0])
    upper = solve_upper(information, np.array(Spending("pocock").spent(information / 45.0, 0.025)))
    steps = Stream(12, "survival").normals(np.arange(3), n)
    scores = np.cumsum(theta * 15.0 + math.sqrt(15.0) * steps, axis=0)
    z = scores / np.sqrt(information)[:, None]
    crossed = z >= upper[:, None]
    stop = np.where(crossed.any(axis=0), crossed.argmax(axis=0), 2)
    below, low, high = 0, 0, 0
    for i, s in enumerate(stop):
        outcome = StagewiseOutcome(z[s, i], information[: s + 1], upper[:s], np.full(s, -math.inf))
        # The P value at the truth says on which side of it estimate and limits lie.
        p = outcome.p_value(theta)
        below, low, high = below + (p > 0.5), low + (p < 0.025), high + (p > 0.975)
        if i < 200:
            assert (outcome.solve_theta(0.5) < theta) == (p > 0.5)
    assert abs(below / n - 0.5) < 4 * math.sqrt(0.25 / n)
    assert abs(low / n - 0.025) < 4 * math.sqrt(0.025 * 0.975 / n)
    assert abs(high / n - 0.025) < 4 * math.sqrt(0.025 * 0.975 / n)


RATE, LOST, CUTOFF = 0.08, 0.01, 18.0


def _trial(seed, n=300):
    """Times, events, dropouts, entries at the cutoff, and the true dates of all events."""
    stream = Stream(seed, "survival")
    entry = np.sort(stream.uniforms([0], n)[0] * 24.0)
    event, lost = stream.exponentials([1], n)[0] / RATE, stream.exponentials([2], n)[0] / LOST
    dates = np.sort((entry + event)[event < lost])
    come = entry <= CUTOFF
    seen = np.minimum(np.minimum(event, lost), CUTOFF - entry)[come]
    happened = (event <= np.minimum(lost, CUTOFF - entry))[come]
    gone = (lost < np.minimum(event, CUTOFF - entry))[come]
    return seen, happened, gone, entry[come], dates


def test_counts_by_date_equal_their_closed_form():
    """Exponential, without uncertainty of the parameters: means within 4 standard errors of the expectation."""
    time, event, dropout, entry, _ = _trial(5)
    coming = np.linspace(CUTOFF + 0.2, CUTOFF + 4.0, 40)
    replicates = 4000
    found = predict_from_times(
        time, event, entry, dropout=dropout, cutoff=CUTOFF, events=150, seed=6, remaining_entry=coming,
        at=[19.0, 24.0, 36.0], parameter_uncertainty=False, replicates=replicates,
    )  # fmt: skip
    rate, lost = found.event_hazard.rates[0], found.dropout_hazard.rates[0]
    both, at_risk = rate + lost, found.n_at_risk
    for events, dropouts, enrolled in zip(found.events, found.dropouts, found.enrolled, strict=True):
        open_time = np.concatenate([np.full(at_risk, events.at - CUTOFF), np.maximum(events.at - coming, 0.0)])
        gone = -np.expm1(-both * open_time)
        for count, share, known in ((events, rate / both, event.sum()), (dropouts, lost / both, dropout.sum())):
            p = share * gone
            error = math.sqrt((p * (1.0 - p)).sum() / replicates)
            assert abs(count.mean - known - p.sum()) <= 4 * error
        assert enrolled.mean == len(time) + (coming <= events.at).sum()


def test_a_prediction_does_not_depend_on_what_else_is_asked():
    time, event, dropout, entry, _ = _trial(7)
    arguments = {"dropout": dropout, "cutoff": CUTOFF, "seed": 8, "n_planned": 300, "replicates": 500}
    one = predict_from_times(time, event, entry, events=150, **arguments)
    two = predict_from_times(time, event, entry, events=[140, 150, 170], at=[20.0], **arguments)
    assert two.event_dates[1] == one.event_dates[0]
    dates = [date.median for date in two.event_dates]
    assert dates == sorted(dates)


def test_weibull_and_one_piece_agree_with_the_exponential_in_the_long_run():
    time, event, dropout, entry, _ = _trial(9, n=2000)
    arguments = {"dropout": dropout, "cutoff": CUTOFF, "seed": 8, "events": 900, "replicates": 400}
    plain = predict_from_times(time, event, entry, **arguments).event_dates[0].median
    weibull = predict_from_times(time, event, entry, model="weibull", **arguments).event_dates[0].median
    pieces = predict_from_times(time, event, entry, model="piecewise-exponential", breaks=[6.0], **arguments)
    assert weibull == pytest.approx(plain, abs=0.5)
    assert pieces.event_dates[0].median == pytest.approx(plain, abs=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["exponential", "weibull"])
def test_the_prediction_interval_covers_the_date(model):
    """Over 400 trials the 90% interval of the date of event 200 holds the true date, within 4 standard errors."""
    trials, inside = 400, 0
    for seed in range(trials):
        time, event, dropout, entry, dates = _trial(1000 + seed)
        found = predict_from_times(
            time, event, entry, dropout=dropout, cutoff=CUTOFF, events=200, n_planned=300, seed=seed, level=0.9,
            replicates=400, model=model, at=[CUTOFF],
        )  # fmt: skip
        inside += found.event_dates[0].low <= dates[199] <= found.event_dates[0].high
    assert abs(inside / trials - 0.9) < 4 * math.sqrt(0.09 / trials)

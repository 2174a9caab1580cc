"""The Cox partial likelihood over `cox_blocks`.

A pass over scalars gives the risk sums, another the cumulative hazard of each row; then each block is read once for its
part of the score, of the weighted Gram matrix, and of the means at its deaths, whose products are taken off. Tied
deaths take part by sums over their time.

Gain over `compiled.cox`'s pass for delayed entry, 1,000,000 rows, ten covariates, four strata, one core: see
docs/benchmarks.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from equipoise.kernels.compiled.cox_blocks import BLOCK, LANES, RUN, SUMS, CoxBlocks, position_of
from equipoise.kernels.compiled.cox_order import CoxOrder
from equipoise.kernels.plain.cox import CoxTerms

# exp() of a linear predictor within this bound keeps every sum over a risk set far from overflow and underflow.
_SAFE_PREDICTOR = 300.0
# A risk sum this small against the largest term of its stratum has lost its digits: see `compiled.cox`.
_VANISHED = 1e-290


def cox_terms(beta: np.ndarray, rows: CoxBlocks) -> CoxTerms:
    """See `plain.cox.cox_terms`: the same sums in another order."""
    order, x, p = rows.order, rows.covariates, len(beta)
    risk, hazard, total = rows.work
    loglik = float(rows.observed @ beta)
    if beta.any():
        _predict(x, beta, risk)
        if not np.abs(beta) @ rows.largest <= _SAFE_PREDICTOR:
            loglik -= float(_take_tops(risk.reshape(-1), order.starts) @ _dead_weights(order, rows.placed))
        np.exp(risk, out=risk)
    else:
        risk.fill(1.0)
    if len(rows.weight):
        risk *= rows.weight
    risk.reshape(-1)[rows.padding] = 0.0
    _risk_sums(risk, rows.cut, order.starts, total)
    tied = np.empty((len(rows.tied_at), 5))
    lost = _tied_terms(
        rows.tied_at, order.tied_starts, rows.tied_dead, rows.tied_weight, risk.reshape(-1), total.reshape(-1),
        rows.efron, tied,
    )  # fmt: skip
    if lost < np.inf:
        # No death looks at a sum of nothing.
        with np.errstate(divide="ignore"):
            lost += _log_sum(rows.single, total, np.log(total, out=hazard))
    if lost == np.inf:
        return CoxTerms(-np.inf, np.full(p, np.nan), np.full((p, p), np.nan))
    _hazard_steps(rows.single, total, hazard)
    steps = hazard.reshape(-1)
    steps[rows.tied_at] = tied[:, 0]
    _cumulate(hazard, rows.cut, order.starts)
    steps[rows.tied_dead] -= np.repeat(tied[:, 1], np.diff(order.tied_starts))
    score, information = rows.observed.copy(), np.zeros((p, p))
    _products(
        x, risk, hazard, total, rows.cut, order.starts, rows.tied_at, order.tied_starts, rows.tied_dead, tied, score,
        information,
    )  # fmt: skip
    return CoxTerms(loglik - lost, score, np.triu(information) + np.triu(information, 1).T)


def _dead_weights(order: CoxOrder, weight: np.ndarray) -> np.ndarray:
    dead = order.dead * weight if len(weight) else order.dead
    # One more, because the places of empty strata at the end lie after the last.
    sums = np.add.reduceat(np.append(dead, 0), order.starts[:-1], dtype=np.float64)
    return np.where(np.diff(order.starts) > 0, sums, 0.0)


@njit(cache=True, nogil=True, fastmath=SUMS)
def _predict(x, beta, eta):
    """Linear predictors by position, two covariates at a time."""
    p = len(beta)
    for b in range(len(x)):
        block, found = x[b], eta[b]
        first = beta[0] if p & 1 else 0.0
        for i in range(BLOCK):
            found[i] = block[0, i] * first
        for j in range(p & 1, p, 2):
            one, two = beta[j], beta[j + 1]
            for i in range(BLOCK):
                found[i] += block[j, i] * one + block[j + 1, i] * two


@njit(cache=True, nogil=True)
def _take_tops(eta, starts):
    """Takes the largest linear predictor of each stratum out of its rows, and returns them."""
    tops = np.zeros(len(starts) - 1)
    for s in range(len(tops)):
        top = -np.inf
        for i in range(starts[s], starts[s + 1]):
            now = eta[position_of(i)]
            top = now if now > top else top
        for i in range(starts[s], starts[s + 1]):
            eta[position_of(i)] -= top
            tops[s] = top
    for i in range(starts[-1], len(eta)):
        eta[position_of(i)] = 0.0
    return tops


@njit(cache=True, nogil=True)
def _run_sums(values, sums):
    """Sums along each run, to every position from the start of its run."""
    for i in range(LANES):
        sums[i] = values[i]
    for i in range(LANES, BLOCK):
        sums[i] = sums[i - LANES] + values[i]


@njit(cache=True, nogil=True)
def _join_runs(sums, before, offsets):
    """Adds to every position the sum of the runs before its own and of what came `before`; returns all of it."""
    for m in range(LANES):
        offsets[m] = before
        before += sums[BLOCK - LANES + m]
    for k in range(RUN):
        for m in range(LANES):
            sums[k * LANES + m] += offsets[m]
    return before


@njit(cache=True, nogil=True)
def _risk_sums(risk, cut, starts, total):
    """Sums of risk over the places of a stratum up to each position."""
    offsets, before, s = np.empty(LANES), 0.0, 0
    for b in range(len(risk)):
        if not cut[b]:
            _run_sums(risk[b], total[b])
            before = _join_runs(total[b], before, offsets)
            continue
        for i in range(BLOCK):
            while s + 1 < len(starts) and starts[s + 1] <= b * BLOCK + i:
                s, before = s + 1, 0.0
            at = position_of(i)
            before += risk[b, at]
            total[b, at] = before


@njit(cache=True, nogil=True)
def _tied_terms(tied_at, tied_starts, tied_dead, tied_weight, risk, total, efron, tied):
    """Of each time with several deaths the hazard's step, what its deaths are spared of it, and weights of products.

    With S the sum of risk, B that of the deaths, A = S - B and T = A + g B, where g falls from 1 by 1 / d under Efron
    and is 1 under Breslow, the products are 1 / T^2, g / T^2 and g^2 / T^2. Returns the sum of the weighted log of T,
    infinite where one has vanished.
    """
    logs = 0.0
    for t in range(len(tied_at)):
        dead, own = tied_starts[t + 1] - tied_starts[t], 0.0
        for k in range(tied_starts[t], tied_starts[t + 1]):
            own += risk[tied_dead[k]]
        every, product = total[tied_at[t]], 1.0
        step = spared = a = b = c = 0.0
        for k in range(dead):
            f = k / dead if efron else 0.0
            left = every - f * own
            if not left > _VANISHED:
                return np.inf
            inverse = 1.0 / left
            step += inverse
            spared += f * inverse
            a += inverse * inverse
            b += (1.0 - f) * inverse * inverse
            c += (1.0 - f) * (1.0 - f) * inverse * inverse
            # One logarithm for many deaths.
            product *= left
            if not 1e-10 < product < 1e250:
                logs += tied_weight[t] * np.log(product)
                product = 1.0
        logs += tied_weight[t] * np.log(product)
        weight = tied_weight[t]
        tied[t, 0], tied[t, 1], tied[t, 2], tied[t, 3], tied[t, 4] = (
            weight * step, weight * spared, weight * a, weight * b, weight * c
        )  # fmt: skip
    return logs


@njit(cache=True, nogil=True, fastmath=SUMS)
def _log_sum(single, total, logs):
    """The weighted sum of log risks at single deaths; infinite where a risk sum has vanished."""
    found, vanished = 0.0, 0
    for b in range(len(logs)):
        for i in range(BLOCK):
            weight = single[b, i] * single[b, i]
            found += weight * logs[b, i] if weight > 0.0 else 0.0
            vanished += weight > 0.0 and not total[b, i] > _VANISHED
    return np.inf if vanished else found


# Each sum divided by is positive; a check for zero would keep the divisions out of wide registers.
@njit(cache=True, nogil=True, error_model="numpy")
def _hazard_steps(single, total, hazard):
    """The step at each single death; turns risk sums into the root of its weight over them."""
    for b in range(len(total)):
        for i in range(BLOCK):
            root = single[b, i]
            share = root / (total[b, i] if root > 0.0 else 1.0)
            total[b, i], hazard[b, i] = share, root * share


@njit(cache=True, nogil=True)
def _cumulate(steps, cut, starts):
    """Turns steps into cumulative hazards: sums over the places of a stratum from each position on."""
    after, s = 0.0, len(starts) - 2
    for b in range(len(steps) - 1, -1, -1):
        values = steps[b]
        if cut[b]:
            for i in range(BLOCK - 1, -1, -1):
                while s > 0 and starts[s] > b * BLOCK + i:
                    s, after = s - 1, 0.0
                at = position_of(i)
                after += values[at]
                values[at] = after
            while s > 0 and starts[s] >= b * BLOCK:
                s, after = s - 1, 0.0
            continue
        for k in range(RUN - 2, -1, -1):
            for m in range(LANES):
                values[k * LANES + m] += values[(k + 1) * LANES + m]
        for m in range(LANES - 1, -1, -1):
            more = values[m]
            for k in range(RUN):
                values[k * LANES + m] += after
            after += more


@njit(cache=True, nogil=True)
def _products(x, risk, hazard, scale, cut, starts, tied_at, tied_starts, tied_dead, tied, score, information):
    """Takes the expected covariates off the score, and adds up the upper half of the information.

    `scale` holds root(weight) / risk sum at single deaths, else zero.
    """
    p = x.shape[1]
    sums, scaled = np.empty((p, BLOCK)), np.empty((p, BLOCK))
    before, offsets, dead = np.zeros(p), np.zeros((p, LANES)), np.empty(p)
    t, s = 0, 0
    for b in range(len(x)):
        block = x[b]
        _take_expected(block, hazard[b], risk[b], scaled, score)
        _add_products(block, scaled, 1.0, information)
        if cut[b]:
            for j in range(p):
                for m in range(LANES):
                    offsets[j, m] = 0.0
            s = _walk(block, risk[b], b * BLOCK, starts, s, before, sums)
        else:
            _risk_run_sums(block, risk[b], before, sums, offsets)
        while t < len(tied_at) and tied_at[t] < (b + 1) * BLOCK:
            _dead_sums(x, risk, tied_dead[tied_starts[t] : tied_starts[t + 1]], dead)
            _take_tied(sums, offsets, tied_at[t] - b * BLOCK, dead, tied[t], information)
            t += 1
        _scale(sums, offsets, scale[b])
        _add_products(sums, sums, -1.0, information)


@njit(cache=True, nogil=True, fastmath=SUMS)
def _take_expected(block, hazard, risk, scaled, score):
    for i in range(BLOCK):
        # What Efron's rule spares a death cannot exceed its hazard but by rounding.
        own = hazard[i] * risk[i]
        hazard[i] = own if own > 0.0 else 0.0
    for j in range(len(block)):
        total = 0.0
        for i in range(BLOCK):
            own = block[j, i] * hazard[i]
            scaled[j, i] = own
            total += own
        score[j] -= total


@njit(cache=True, nogil=True)
def _scale(sums, offsets, factor):
    for j in range(len(sums)):
        for k in range(RUN):
            for m in range(LANES):
                sums[j, k * LANES + m] = (sums[j, k * LANES + m] + offsets[j, m]) * factor[k * LANES + m]


@njit(cache=True, nogil=True, fastmath=SUMS)
def _add_products(left, right, sign, products):
    """Adds the products of rows i <= j, two by two: each element read serves two products."""
    p = len(left)
    for i in range(0, p, 2):
        k = i + 1 if i + 1 < p else i
        for j in range(i, p, 2):
            m = j + 1 if j + 1 < p else j
            a = b = c = d = 0.0
            for e in range(BLOCK):
                a += left[i, e] * right[j, e]
                b += left[i, e] * right[m, e]
                c += left[k, e] * right[j, e]
                d += left[k, e] * right[m, e]
            products[i, j] += sign * a
            if m > j:
                products[i, m] += sign * b
            if k > i:
                products[k, j] += sign * c
            if m > j and k > i:
                products[k, m] += sign * d


@njit(cache=True, nogil=True)
def _risk_run_sums(block, risk, before, sums, offsets):
    """Sums of risk times covariates along each run, and what each run has to be raised by."""
    for j in range(len(block)):
        values, found = block[j], sums[j]
        for i in range(LANES):
            found[i] = values[i] * risk[i]
        for i in range(LANES, BLOCK):
            found[i] = found[i - LANES] + values[i] * risk[i]
        total = before[j]
        for m in range(LANES):
            offsets[j, m] = total
            total += found[BLOCK - LANES + m]
        before[j] = total


@njit(cache=True, nogil=True)
def _walk(block, risk, first, starts, s, before, sums):
    """The sums of risk times covariates place by place, where a stratum begins in the block; returns the last one."""
    for i in range(BLOCK):
        while s + 1 < len(starts) and starts[s + 1] <= first + i:
            s += 1
            for j in range(len(before)):
                before[j] = 0.0
        at = position_of(i)
        for j in range(len(block)):
            before[j] += risk[at] * block[j, at]
            sums[j, at] = before[j]
    return s


@njit(cache=True, nogil=True)
def _dead_sums(x, risk, positions, dead):
    for j in range(len(dead)):
        total = 0.0
        for at in positions:
            b, i = at // BLOCK, at % BLOCK
            total += risk[b, i] * x[b, j, i]
        dead[j] = total


@njit(cache=True, nogil=True)
def _take_tied(sums, offsets, at, dead, tied, information):
    run = at % LANES
    for i in range(len(dead)):
        left = sums[i, at] + offsets[i, run] - dead[i]
        for j in range(i, len(dead)):
            other = sums[j, at] + offsets[j, run] - dead[j]
            information[i, j] -= (
                tied[2] * left * other + tied[3] * (left * dead[j] + dead[i] * other) + tied[4] * dead[i] * dead[j]
            )

"""Check 7: how many each arm has, against the ratio and the blocks that the text declares."""

from __future__ import annotations

import math

from equipoise.evidence.findings import Finding
from equipoise.evidence.published import PublishedTrial
from equipoise.kernels.plain.special import normal_tail

# Below this, complete randomization at the ratio would not have given such numbers.
_RARE = 1e-4


def check_allocation(trial: PublishedTrial) -> Finding:
    """Whether the numbers randomized are plausible under the ratio, and possible under declared blocks."""
    n1, n2 = trial.experimental.randomized, trial.control.randomized
    r1, r2 = trial.ratio
    share, n = r1 / (r1 + r2), n1 + n2
    excess = n1 - n * share
    spread = math.sqrt(n * share * (1.0 - share))
    # Continuity: the count itself belongs to its tail.
    p = min(1.0, 2.0 * normal_tail(max(0.0, abs(excess) - 0.5) / spread))
    arithmetic = [
        f"{n1}:{n2} at {r1}:{r2}: {excess:+.2f} from the expected {n * share:.2f}; complete randomization strays so "
        f"far with probability {p:.2g}"
    ]
    values = {"excess": excess, "p_complete": p}
    subject = "allocation"
    if trial.blocks:
        strata = trial.strata or 1
        reach = strata * max(_reach(block, r1, r2, excess > 0) for block in trial.blocks)
        arithmetic.append(f"blocks of {', '.join(map(str, trial.blocks))} in {strata} strata can stray by {reach:.2f}")
        values["reach"] = reach
        if abs(excess) > reach + 1e-9:
            said = f"{n1}:{n2} is impossible with the declared blocks"
            explanation = "consistent with larger blocks, more strata, or patients randomized in error"
            return Finding("allocation", subject, "inconsistent", said, tuple(arithmetic), explanation, values)
        said = f"{n1}:{n2} is possible with the declared blocks"
        return Finding("allocation", subject, "consistent", said, tuple(arithmetic), values=values)
    if p < _RARE:
        said = f"{n1}:{n2} is far from {r1}:{r2} for any balanced procedure"
        explanation = f"consistent if the ratio is {_nearest_ratio(n1, n2)}"
        return Finding("allocation", subject, "note", said, tuple(arithmetic), explanation, values)
    return Finding("allocation", subject, "consistent", f"{n1}:{n2} is plausible at {r1}:{r2}", tuple(arithmetic),
                   values=values)  # fmt: skip


def _reach(block: int, r1: int, r2: int, more: bool) -> float:
    """How far one open block can stray: all its places of one arm come first.

    >>> round(4 * _reach(3, 2, 1, True), 2), round(4 * _reach(6, 2, 1, True), 2)
    (2.67, 5.33)
    """
    own, other = (r1, r2) if more else (r2, r1)
    places = block * own / (r1 + r2)
    return places * other / (r1 + r2)


def _nearest_ratio(n1: int, n2: int) -> str:
    usual = ((1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (3, 2), (2, 3), (4, 1))
    a, b = min(usual, key=lambda pair: abs(math.log(n1 / n2) - math.log(pair[0] / pair[1])))
    return f"{a}:{b}"

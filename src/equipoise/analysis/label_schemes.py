"""How labels were drawn, as plain data: what a re-randomization test repeats.

A scheme is a mapping with the key "method":

    {"method": "permuted-blocks", "ratio": {"C": 1, "E": 2}, "block_sizes": 6}
    {"method": "permuted-blocks", "ratio": {...}, "block_sizes": {"stratum label": [3, 6, 3, ...], ...}}
    {"method": "permuted-blocks", "ratio": {...}, "redraw": [3, 6]}
    {"method": "complete", "ratio": {...}}
    {"method": "permutation"}
    {"method": "labels", "labels": rows of labels made elsewhere}

"block_sizes" are the realized sizes in order of arrival (one number: all alike; a list: one stratum); "redraw" draws
each size again with equal probabilities. "permutation" keeps the number of each label in each stratum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from equipoise.analysis.inputs import check_choice
from equipoise.errors import ArgumentError, DataError
from equipoise.frames.columns import Levels
from equipoise.kernels.plain.rerandomization import LARGEST_TABLE, ArrangementTables, arrangement_tables

METHODS = ("permuted-blocks", "complete", "permutation", "labels")
_KEYS = {
    "permuted-blocks": {"method", "ratio", "block_sizes", "redraw"},
    "complete": {"method", "ratio"},
    "permutation": {"method"},
    "labels": {"method", "labels"},
}
_LARGEST_CELL = 32


class Urns(NamedTuple):
    """Labels drawn subject by subject, where a cell has too many arrangements for a table or sizes are drawn again."""

    stratum: np.ndarray
    left: np.ndarray
    total: np.ndarray
    sizes: np.ndarray | None

    @property
    def words(self) -> int:
        return len(self.stratum) * (1 if self.sizes is None else 2)


class LabelScheme(NamedTuple):
    """The reference set: `tables` or `urns` or given `labels` (draws, n); `size` labellings, infinite where unknown."""

    words: str
    tables: ArrangementTables | None
    urns: Urns | None
    labels: np.ndarray | None
    size: float


def scheme_of_arms(scheme: Mapping[str, Any], arms: Sequence[str]) -> dict[str, Any]:
    """Permuted blocks or complete randomization as some of the arms saw it, the places of the others left out.

    Where the other arms' patients stay as they were, a block of b holds b (r1 + r2) / (r1 + ... + rK) patients of two
    arms, and all their orders are equally likely. Sizes drawn again are scaled in the same way.
    """
    ratio = {arm: share for arm, share in scheme["ratio"].items() if arm in arms}
    part, whole = sum(ratio.values()), sum(scheme["ratio"].values())
    scaled = {
        key: [size * part // whole for size in sizes] if isinstance(sizes, list) else sizes * part // whole
        for key, sizes in scheme.items()
        if key in ("block_sizes", "redraw")
    }
    return {**scheme, **scaled, "ratio": ratio}


def label_scheme(
    scheme: Mapping[str, Any], label: np.ndarray, strata: Levels, levels: tuple[str, ...], exact_limit: int
) -> LabelScheme:
    """The reference set that `scheme` describes; `label` (n, 1 experimental) and `strata` in order of arrival.

    Raises ArgumentError for a scheme that cannot be read and DataError where the labels cannot have come from it.
    """
    if not isinstance(scheme, Mapping):
        raise _refused(f"scheme is {scheme!r}", f"a mapping with the key 'method': {', '.join(METHODS)}")
    method = check_choice(scheme.get("method"), METHODS, "scheme")
    unknown = sorted(set(scheme) - _KEYS[method])
    if unknown:
        raise _refused(f"scheme {method!r} has no key {unknown[0]!r}", f"permitted: {', '.join(sorted(_KEYS[method]))}")
    if method == "labels":
        return _given(scheme.get("labels"), label, levels)
    if method == "permutation":
        return _permutation(label, strata, exact_limit)
    ratio = _ratio(scheme.get("ratio"), levels)
    if method == "complete":
        cells = [(np.array([i]), sum(ratio), ratio[1]) for i in range(len(label))]
        return _tabled("complete randomization", cells)
    if (scheme.get("redraw") is None) == (scheme.get("block_sizes") is None):
        raise _refused("permuted blocks need block_sizes or redraw, and not both", "block_sizes: the realized sizes")
    if scheme.get("redraw") is not None:
        sizes = np.array([[size, _share(size, ratio)] for size in _whole(scheme["redraw"])], dtype=np.int64)
        zero = np.zeros(len(strata.labels), dtype=np.int64)
        urns = Urns(strata.codes, zero, zero, sizes)
        return LabelScheme("permuted blocks, sizes drawn again", None, urns, None, math.inf)
    return _blocks(scheme["block_sizes"], ratio, label, strata)


def _blocks(given: Any, ratio: tuple[int, int], label: np.ndarray, strata: Levels) -> LabelScheme:
    cells: list[tuple[np.ndarray, int, int]] = []
    for s, name in enumerate(strata.labels):
        rows = np.flatnonzero(strata.codes == s)
        sizes = _sizes_of(given, name, len(rows), len(strata.labels))
        place = 0
        for number, size in enumerate(sizes, start=1):
            inside = rows[place : place + size]
            share = _share(size, ratio)
            seen = int(label[inside].sum())
            if seen > share or len(inside) - seen > size - share:
                where = f"stratum {name}, block {number}" if name else f"block {number}"
                raise DataError(
                    "value-invalid",
                    f"{where} of {size} holds {seen} experimental and {len(inside) - seen} reference labels",
                    where="scheme",
                    reason=f"a full block of {size} holds {share} and {size - share}",
                    hint="rows must stand in order of arrival (or give arrival=), with the strata as randomized",
                )
            cells.append((inside, size, share))
            place += size
    longest = max(math.comb(size, share) for _, size, share in cells)
    if longest > LARGEST_TABLE or max(size for _, size, _ in cells) > _LARGEST_CELL:
        raise _refused(
            f"a block has {longest:,} arrangements",
            f"blocks of up to {LARGEST_TABLE:,} arrangements can be drawn again",
        )
    return _tabled("permuted blocks, realized sizes", cells)


def _sizes_of(given: Any, stratum: str, n: int, n_strata: int) -> list[int]:
    """The block sizes of one stratum, enough for its n subjects and no block more."""
    if isinstance(given, Mapping):
        named = {str(key): value for key, value in given.items()}
        if stratum not in named:
            raise _refused(f"block_sizes names no stratum {stratum!r}", f"it names {', '.join(map(repr, named))}")
        given = named[stratum]
    elif not isinstance(given, int | np.integer) and n_strata > 1:
        raise _refused("block_sizes is one list for several strata", "a mapping from stratum label to its sizes")
    if isinstance(given, int | np.integer):
        size = _whole([given])[0]
        return [size] * -(-n // size)
    sizes = _whole(given)
    if not sum(sizes[:-1]) < n <= sum(sizes):
        raise DataError(
            "value-invalid",
            f"block_sizes of stratum {stratum!r} add up to {sum(sizes)} for {n} subjects",
            where="scheme",
            hint="list the blocks that were opened, in order; only the last may be incomplete",
        )
    return sizes


def _tabled(words: str, cells: list[tuple[np.ndarray, int, int]]) -> LabelScheme:
    tables = arrangement_tables(cells)
    size = math.prod(math.comb(size, share) for _, size, share in cells)
    return LabelScheme(words, tables, None, None, float(min(size, 10**300)))


def _permutation(label: np.ndarray, strata: Levels, exact_limit: int) -> LabelScheme:
    words = "permutation within strata"
    rows = [np.flatnonzero(strata.codes == s) for s in range(len(strata.labels))]
    cells = [(inside, len(inside), int(label[inside].sum())) for inside in rows]
    number = math.prod(math.comb(size, share) for _, size, share in cells)
    longest = max(math.comb(size, share) for _, size, share in cells)
    fits = max(size for _, size, _ in cells) <= _LARGEST_CELL
    if fits and (longest <= LARGEST_TABLE or number <= exact_limit):
        return _tabled(words, cells)
    left = np.array([share for _, _, share in cells])
    total = np.array([size for _, size, _ in cells])
    return LabelScheme(words, None, Urns(strata.codes, left, total, None), None, math.inf)


def _given(labels: Any, label: np.ndarray, levels: tuple[str, ...]) -> LabelScheme:
    array = np.asarray(labels)
    if array.ndim != 2 or array.shape[1] != len(label) or len(array) == 0:
        raise _refused(f"labels has shape {array.shape}", f"one row per draw, {len(label)} labels each")
    text = array.astype(str)
    if not np.isin(text, levels).all():
        raise _refused("labels holds levels that group does not have", f"permitted: {', '.join(levels)}")
    return LabelScheme("labels made elsewhere", None, None, (text == levels[1]).astype(np.uint8), math.inf)


def _ratio(given: Any, levels: tuple[str, ...]) -> tuple[int, int]:
    named = {str(key): value for key, value in given.items()} if isinstance(given, Mapping) else {}
    if set(named) != set(levels):
        raise _refused(f"ratio is {given!r}", f"a share for each level: {', '.join(map(repr, levels))}")
    reference, experimental = _whole([named[level] for level in levels])
    return reference, experimental


def _share(size: int, ratio: tuple[int, int]) -> int:
    if size % sum(ratio):
        raise _refused(f"a block of {size} cannot hold the ratio {ratio[1]}:{ratio[0]}", f"a multiple of {sum(ratio)}")
    return size * ratio[1] // sum(ratio)


def _whole(values: Any) -> list[int]:
    listed = list(values) if not isinstance(values, int | np.integer) else [values]
    if not listed or any(isinstance(v, bool) or not isinstance(v, int | np.integer) or v < 1 for v in listed):
        raise _refused(f"scheme holds {values!r}", "whole numbers of one or more")
    return [int(v) for v in listed]


def _refused(message: str, hint: str) -> ArgumentError:
    return ArgumentError("argument-invalid", message, where="scheme", hint=hint)

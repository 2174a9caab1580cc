"""Where every random stream is born and named.

The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw. Parallel random numbers: as easy as 1, 2, 3. SC11, 2011,
doi:10.1145/2063384.2063405). It is counter-based: the four words at (key, counter) are a pure function of both, so a
draw never depends on what was drawn before it, on chunking or on the number of threads.

    key     = (low 32 bits of the seed, high 16 bits of the seed << 16 | purpose)
    counter = (draw block, unit, low 32 bits of the replicate, high 32 bits of the replicate)

A seed is an integer from 0 to 2**48 - 1. A purpose is a name of `PURPOSES`; its number is frozen, because changing it
would change every data set drawn with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from equipoise.errors import ArgumentError, permitted

SEED_LIMIT = 1 << 48

PURPOSES = MappingProxyType(
    {
        "enrollment": 1,
        "baseline": 2,
        "screening": 3,
        "allocation": 4,
        "progression": 5,
        "survival": 6,
        "dropout": 7,
        "assessment": 8,
        "lesions": 9,
        "response": 10,
        "treatment": 11,
        "adverse-events": 12,
        "disposition": 13,
        "sites": 14,
        "block-sizes": 15,
        "subsequent-therapy": 16,
        "rerandomization": 17,
        "milestone-prediction": 18,
        "trials": 19,
        "reconstruction": 20,
        "feasibility": 21,
    }
)

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)

Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]


def philox4x32(key: tuple[int, int], counter: npt.ArrayLike) -> Words:
    """The Philox4x32-10 block function.

    `key` is two 32-bit words, `counter` an array (..., 4) of 32-bit words; returns words of the same shape.
    Checked against the known-answer vectors published with the paper's code.
    """
    c0, c1, c2, c3 = (np.asarray(counter, dtype=np.uint64)[..., i] for i in range(4))
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0), p1 & _LOW, (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1), p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def _require_whole(name: str, value: object, limit: int, last: str) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (whole and 0 <= value < limit):  # pyright: ignore[reportOperatorIssue]
        raise ArgumentError("argument-invalid", f"{name} {value!r} is not a whole number from 0 to {last}")


@dataclass(frozen=True)
class Stream:
    """One named stream of one replicate: `Stream(seed, "allocation", replicate=0)`.

    Draws are addressed, not consumed: the same (unit, draw) always gives the same number. A unit is whatever the
    purpose draws for: a patient, a site, a stratum. `first` skips that many draws of the unit.
    """

    seed: int
    purpose: str
    replicate: int = 0

    def __post_init__(self) -> None:
        _require_whole("seed", self.seed, SEED_LIMIT, "2**48 - 1")
        _require_whole("replicate", self.replicate, 1 << 64, "2**64 - 1")
        if self.purpose not in PURPOSES:
            message = f"{self.purpose!r} is not a named stream"
            raise ArgumentError("argument-invalid", message, hint=permitted(self.purpose, PURPOSES))

    @property
    def key(self) -> tuple[int, int]:
        return self.seed & 0xFFFFFFFF, (self.seed >> 32) << 16 | PURPOSES[self.purpose]

    def words(self, units: npt.ArrayLike, draws: int, *, first: int = 0) -> Words:
        """32-bit words, shape (number of units, draws)."""
        given = np.atleast_1d(np.asarray(units))
        if given.size and not 0 <= given.min() <= given.max() < 1 << 32:
            message = f"units {given.min()} to {given.max()} are outside 0 to 2**32 - 1"
            raise ArgumentError("argument-invalid", message, reason="a unit is one word of the generator's counter")
        unit = given.astype(np.uint64)
        low, high = first // 4, -(-(first + draws) // 4)
        counter = np.empty((len(unit), high - low, 4), dtype=np.uint64)
        counter[..., 0] = np.arange(low, high, dtype=np.uint64)
        counter[..., 1] = unit[:, None]
        counter[..., 2] = self.replicate & 0xFFFFFFFF
        counter[..., 3] = self.replicate >> 32
        block = philox4x32(self.key, counter).reshape(len(unit), -1)
        return block[:, first - 4 * low : first - 4 * low + draws]

    def uniforms(self, units: npt.ArrayLike, draws: int, *, first: int = 0) -> Floats:
        """Uniforms in the open interval (0, 1), two words each; shape (number of units, draws).

        52 bits, so that the half added to keep 0 and 1 out is exact.
        """
        words = self.words(units, 2 * draws, first=2 * first).astype(np.uint64)
        high, low = words[:, 0::2] >> np.uint64(6), words[:, 1::2] >> np.uint64(6)
        return ((high << np.uint64(26) | low).astype(np.float64) + 0.5) * 2.0**-52

    def exponentials(self, units: npt.ArrayLike, draws: int, *, first: int = 0) -> Floats:
        """Standard exponentials by inversion, -log(1 - u); shape (number of units, draws)."""
        return -np.log1p(-self.uniforms(units, draws, first=first))

    def normals(self, units: npt.ArrayLike, draws: int, *, first: int = 0) -> Floats:
        """Standard normals by the cosine branch of Box and Muller (1958), two uniforms each."""
        pairs = self.uniforms(units, 2 * draws, first=2 * first)
        return np.sqrt(-2.0 * np.log(pairs[:, 0::2])) * np.cos(2.0 * np.pi * pairs[:, 1::2])

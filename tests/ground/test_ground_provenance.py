"""Provenance: digests and the way to JSON and back."""

import hashlib
import json
from importlib.metadata import version

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from equipoise.provenance import Provenance, digest_bytes, equipoise_version, package_versions


def test_digest_by_hand():
    whole = (3).to_bytes(8, "big") + b"abc" + (0).to_bytes(8, "big")
    assert digest_bytes(b"abc", b"") == hashlib.sha256(whole).hexdigest()
    assert digest_bytes() == hashlib.sha256(b"").hexdigest()


def test_no_two_splits_of_the_same_bytes_collide():
    splits = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc"), (b"a", b"b", b"c")]
    assert len({digest_bytes(*split) for split in splits}) == len(splits)


parts = st.lists(st.binary(max_size=4), max_size=4)


@given(parts, parts)
def test_digests_are_equal_exactly_when_the_parts_are(one, other):
    assert (digest_bytes(*one) == digest_bytes(*other)) == (one == other)


def test_provenance_survives_json():
    facts = Provenance(
        trial_id="PALMIRA",
        trial_digest="ab" * 32,
        data_digest="cd" * 32,
        data_sources=("dm.parquet", "rs.xpt"),
        seed=2**48 - 1,
        scenario="published",
        synthetic=True,
        cutoff="2022-11-30",
        profile="equipoise",
    )
    record = json.loads(json.dumps(facts.to_dict()))
    assert Provenance.from_dict(record) == facts
    assert Provenance.from_dict({**record, "key_of_a_later_format": 1}) == facts


def test_provenance_of_little_survives_json():
    facts = Provenance(trial_id="X")
    assert Provenance.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts
    assert facts.data_sources == ()
    assert facts.seed is None


def test_versions_are_those_installed():
    assert equipoise_version() == version("equipoise")
    assert package_versions()["numpy"] == np.__version__
    assert package_versions(["numpy", "no-such-package-here"]) == {"numpy": np.__version__}

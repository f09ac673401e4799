"""A checkpoint's table of contents as text, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.engine.manifest import LostName, Manifest, StoredAmbient, StoredGroup, StoredName

text = st.text(max_size=6)
texts = st.lists(text, max_size=3).map(tuple)
groups = st.lists(
    st.builds(StoredGroup, names=texts, stream=text, buffers=texts, readonly=st.lists(st.booleans(), max_size=3).map(tuple)), max_size=2
).map(tuple)
manifests = st.builds(
    Manifest,
    step=text,
    names=st.dictionaries(text, st.builds(StoredName, digest=text, type=text), max_size=2),
    companions=texts,
    groups=groups,
    deleted=texts,
    lost=st.dictionaries(text, st.builds(LostName, path=text, reason=text, digest=text), max_size=2),
    unsaved=texts,
    dropped=texts,
    ambient=st.dictionaries(
        text, st.builds(StoredAmbient, digest=text, payload=text, derived=st.sampled_from(["set", "born"])), max_size=2
    ),
    outputs=text,
    has_value=st.booleans(),
    imports=texts,
    sources=text,
    notes=texts,
)
FULL = Manifest(
    step="load",
    names={"df": StoredName(digest="d1", type="DataFrame")},
    groups=(StoredGroup(names=("df",), stream="s1", buffers=("b1", "b2"), readonly=(True, False)),),
    deleted=("tmp",),
    lost={"client": LostName(path="client._sock", reason="a socket")},
    unsaved=("scratch",),
    ambient={"@random": StoredAmbient(digest="r1", payload="p1", derived="set")},
)


@given(manifests)
def test_what_was_encoded_is_decoded_equal(manifest: Manifest) -> None:
    assert Manifest.decode(manifest.encode()) == manifest


@given(manifests)
def test_equal_manifests_are_one_text_for_one_signature(manifest: Manifest) -> None:
    turned = replace(manifest, names=dict(reversed(list(manifest.names.items()))), lost=dict(reversed(list(manifest.lost.items()))))
    assert turned.encode() == manifest.encode() == Manifest.decode(manifest.encode()).encode()


@pytest.mark.parametrize("name", ["df", "tmp", "client", "scratch"])
def test_a_manifest_speaks_of_names_stored_deleted_lost_or_left_out(name: str) -> None:
    assert FULL.binds(name)


@pytest.mark.parametrize("name", ["other", "@random", ""])
def test_a_manifest_says_nothing_of_other_names(name: str) -> None:
    assert not FULL.binds(name)


def _with(**changed: Any) -> str:
    return json.dumps({**json.loads(FULL.encode()), **changed})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        "7",
        _with(of_a_later_version=1),
        _with(names={"df": {}}),
        _with(names={"df": None}),
        _with(groups=[{"names": ["df"]}]),
        _with(names=[]),
        _with(lost=None),
        _with(notes=None),
    ],
)
def test_text_that_is_no_manifest_is_told_by_the_errors_that_are_promised(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Manifest.decode(text)

"""Digests of things said in order."""

from __future__ import annotations

import re

from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from durnb.digests import digest_of

parts = st.lists(st.text(max_size=4) | st.binary(max_size=4), max_size=4)


def _bytes(values: list[str | bytes]) -> list[bytes]:
    return [value.encode() if isinstance(value, str) else value for value in values]


@given(parts, parts)
def test_two_lists_of_parts_have_one_digest_only_if_they_are_one(a: list[str | bytes], b: list[str | bytes]) -> None:
    assert (digest_of(*a) == digest_of(*b)) == (_bytes(a) == _bytes(b))


def test_where_a_part_ends_matters() -> None:
    assert len({digest_of("ab", "c"), digest_of("a", "bc"), digest_of("abc"), digest_of("abc", ""), digest_of()}) == 5


@given(parts)
def test_a_digest_is_64_hex_characters(values: list[str | bytes]) -> None:
    assert re.fullmatch("[0-9a-f]{64}", digest_of(*values))


def test_the_digest_is_the_same_in_every_process() -> None:
    assert digest_of("a", b"b") == blake3(b"\1" + b"\0" * 7 + b"a" + b"\1" + b"\0" * 7 + b"b").hexdigest()


def test_the_name_of_a_file_that_is_not_utf_8_has_a_digest() -> None:
    name = b"data/caf\xe9.csv".decode("utf-8", "surrogateescape")  # as glob gives it
    assert digest_of("file", name) != digest_of("file", "data/caf.csv")

"""What notebooks hold of libraries comes back in a fresh process as it was, or is lost and said; and looking at it is no change of it.

Those that are not installed are left out here; `docs/libraries.md` tells of more of them.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from contract.libraries import LIBRARIES, Library
from contract.trip import Trip, travel

pytestmark = pytest.mark.xdist_group("libraries")  # one trip for all

LOST = {
    "requests: a session with a token",
    "sqlalchemy: an engine of a database in memory",
    "duckdb: a relation",
    "ipywidgets: a slider",
    "httpx: a client with a password",
    "jinja2: a template",
}
"""Those that can't be stored, among what is installed for the tests."""
DEBRIS = {"tqdm: a progress bar"}
REBUILT = {"duckdb: a connection to a file", "httpx: a client", "httpx: an asynchronous client", "sqlalchemy: an engine of a file"}
READ_IS_CHANGE = {"matplotlib: a figure", "traitlets: an object with traits"}  # limits are laid out, and defaults made, when they are read
SLOW = {"hypothesis"}

HERE = [each for each in LIBRARIES if find_spec(each.needs) is not None and each.package not in SLOW]


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    return travel([each.entry for each in HERE], tmp_path_factory.mktemp("libraries"))


@pytest.mark.parametrize("library", HERE, ids=lambda each: each.entry.title)
def test_an_object_of_a_library_is_kept_or_the_loss_is_said(library: Library, trip: Trip) -> None:
    title = library.entry.title
    before = trip.before[title]
    assert before.error == ""
    assert set(before.unlike) <= ({"read"} if title in READ_IS_CHANGE else set())
    assert before.missed == []
    assert bool(before.lost) == (title in LOST)
    assert bool(before.dropped) == (title in DEBRIS | REBUILT)
    if not before.lost and title not in DEBRIS:
        assert trip.after[title].shown == before.shown
        assert trip.after[title].alias or not before.linked


def test_restoring_them_has_no_effect_outside_the_process(trip: Trip) -> None:
    assert trip.touched == []


def test_secrets_are_not_written(trip: Trip, tmp_path_factory: pytest.TempPathFactory) -> None:
    stored = next(tmp_path_factory.getbasetemp().glob("libraries*/stored.pickle"))
    assert b"hush" not in stored.read_bytes()


def test_the_table_is_long_and_no_two_entries_are_one() -> None:
    assert len({each.package for each in LIBRARIES}) >= 60
    assert len({each.entry.title for each in LIBRARIES}) == len(LIBRARIES)

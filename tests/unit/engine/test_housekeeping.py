"""When a kernel collects by itself, and what of its run it still uses."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from durnb.clock import Clock, SystemClock
from durnb.config import Settings
from durnb.engine.housekeeping import Housekeeping, used_by
from durnb.engine.live import LiveNames
from durnb.engine.versions import PLAIN, Durable, Live, LiveAmbient, Tried
from durnb.journal import Journal, Store, check
from durnb.testing import FakeClock
from unit.engine.run_story import Story
from unit.journal.journal_samples import opened, run_step


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    store = Store.of(tmp_path / "etl.ipynb")
    journal = opened(store)
    yield journal
    journal.close()
    assert check(store) == []


def housekeeping(clock: Clock | None = None, **settings: int) -> Housekeeping:
    return Housekeeping(settings=lambda: Settings(**settings), clock=clock or SystemClock(), used=frozenset)  # type: ignore[arg-type]  # all are ints


def edit(journal: Journal, keeper: Housekeeping, times: int) -> None:
    step = journal.history.steps.get("load")
    done = len(step.executions) if step else 0
    for number in range(done + 1, done + times + 1):
        run_step(journal, "load", [b"%d" % number], number)
        assert keeper.committed(journal, "load") == ""


def count(journal: Journal) -> int:
    return len(journal.history.steps["load"].checkpoints)


def test_what_live_values_were_made_by_and_what_the_line_holds_is_used() -> None:
    story = Story()
    story.starts("load", "A")
    begun = len(story.events)
    first = story.succeeds("load")
    story.runs("load", "B")
    story.starts("load", "C")
    tried = len(story.events)
    story.fails("load")
    other = story.runs("other")
    live = LiveNames({}, born={})
    assert used_by(story.history, (("other", other),), live) == {other}
    live.names["a"] = Live(version=Durable("load", first))
    live.names["b"] = Live(version=Tried("load", 3, 1))
    live.ambient["@random"] = LiveAmbient(version=PLAIN, derived="set", state=None)
    assert used_by(story.history, (), live) == {begun, tried}


def test_many_small_results_that_were_replaced_go_together_and_a_few_stay(journal: Journal) -> None:
    keeper = housekeeping(keep_checkpoints=1)
    edit(journal, keeper, 60)
    assert count(journal) == 60
    edit(journal, keeper, 41)
    assert count(journal) == 1
    edit(journal, keeper, 3)
    assert count(journal) == 4


def test_a_commit_of_another_kernel_puts_a_collection_off_to_the_next_commit(journal: Journal) -> None:
    keeper = housekeeping(keep_checkpoints=1)
    edit(journal, keeper, 100)
    (journal.store.objects / "0123.pack").write_bytes(b"nobody's")
    with (journal.store.objects / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        edit(journal, keeper, 1)
    assert count(journal) == 101
    edit(journal, keeper, 1)
    assert count(journal) == 1
    assert not (journal.store.objects / "0123.pack").exists()


def test_what_can_not_be_removed_is_told_and_fails_nothing(journal: Journal) -> None:
    run_step(journal, "load", [b"x"])
    (journal.store.folder / "other.1.packs").mkdir()
    assert "could not be removed" in housekeeping().ended(journal.store, journal)
    (journal.store.folder / "other.1.packs").rmdir()
    assert housekeeping().ended(journal.store, journal) == ""


def test_the_end_of_a_run_does_not_wait_long_for_another_kernels_save(journal: Journal) -> None:
    clock = FakeClock()
    run_step(journal, "load", [b"x"])
    with (journal.store.objects / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert housekeeping(clock).ended(journal.store, journal) == ""
    assert 0 < clock.passed <= 1.1

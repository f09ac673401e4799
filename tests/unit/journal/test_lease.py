from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest

from durnb.errors import RunHeld
from durnb.journal import Store, check
from unit.journal.journal_samples import RUN, ended, heard, opened, process, started, told

HOLDS = """
journal = opened(store)
say("owns", os.getpid())
heard()
"""


def test_a_second_owner_is_told_who_holds_the_run(store: Store) -> None:
    child = process(store, HOLDS)
    pid = int(heard(child).split()[1])
    with pytest.raises(RunHeld) as caught:
        opened(store)
    assert (caught.value.pid, caught.value.notebook, store.owner(RUN)) == (pid, str(store.notebook), pid)
    told(child)
    assert ended(child)[0] == 0
    assert store.owner(RUN) is None
    opened(store).close()


def test_one_process_does_not_own_a_run_twice(store: Store) -> None:
    journal = opened(store)
    with pytest.raises(RunHeld) as caught:
        opened(store)
    assert caught.value.pid == os.getpid()
    journal.close()


def test_a_killed_owner_never_blocks(store: Store) -> None:
    child = process(store, HOLDS)
    assert heard(child).startswith("owns")
    child.kill()
    child.wait()
    assert store.owner(RUN) is None
    journal = opened(store)
    assert journal.history.epoch == 2
    journal.close()
    ended(child)


def test_opening_waits_for_a_short_lived_owner(store: Store) -> None:
    journal = opened(store)
    child = process(store, 'say("ready"); other = opened(store, wait=timedelta(seconds=60)); say("owns"); other.close()')
    assert heard(child) == "ready"
    journal.close()
    assert heard(child) == "owns"
    assert ended(child)[0] == 0


def test_of_many_that_contend_for_a_run_one_at_a_time_has_it(store: Store) -> None:
    code = """
for _ in range(5):
    journal = opened(store, wait=timedelta(seconds=60))
    seq = journal.append(failed("load"))
    assert journal.history.seq == seq
    journal.close()
"""
    journal = opened(store)
    journal.append(started("load"))
    journal.close()
    children = [process(store, code) for _ in range(3)]
    assert [ended(child) for child in children] == [(0, "")] * 3
    assert check(store) == []
    journal = opened(store, attach=False)
    assert journal.history.epoch == 16
    journal.close()


FORKS = """
journal = opened(store)
journal.append(started("load"))
read, write = os.pipe()
if os.fork() == 0:
    for use in (lambda: journal.append(failed("load")), lambda: journal.read("00" * 32), journal.draft, journal.requests, lambda: journal.write_status({})):
        try:
            use()
            say("not refused")
        except JournalForked:
            pass
    journal.close()
    say("child", os.getpid())
    os.close(write)
    heard()
    quiet_exit()
os.close(write)
os.read(read, 1)
os.kill(os.getpid(), 9)
"""


def test_a_forked_child_that_outlives_its_killed_parent_does_not_hold_the_run_nor_write_to_it(store: Store) -> None:
    child = process(store, FORKS)
    words = heard(child).split()
    assert words[0] == "child"
    assert child.wait() == -signal.SIGKILL
    os.kill(int(words[1]), 0)
    assert store.owner(RUN) is None
    journal = opened(store)
    assert [step.status for step in journal.history.steps.values()] == ["crashed"]
    told(child)
    assert ended(child)[1] == ""
    journal.close()
    assert check(store) == []


def test_the_exit_of_a_forked_child_writes_nothing(store: Store) -> None:
    code = """
journal = opened(store)
journal.append(started("load"))
def state():
    return {path.name: path.read_bytes() for path in store.folder.iterdir() if path.suffix != ".duckdb" and path.is_file()}
before = state()
pid = os.fork()
if pid == 0:
    quiet_exit()
_, status = os.waitpid(pid, 0)
say(status, before == state())
journal.append(failed("load"))
journal.close()
"""
    child = process(store, code)
    assert ended(child) == (0, "0 True\n")
    assert check(store) == []


def test_a_draft_of_the_parent_is_not_removed_by_its_child(store: Store) -> None:
    code = """
journal = opened(store)
journal.append(started("load"))
draft = journal.draft("load")
digest = draft.add(bytes(200_000))
pid = os.fork()
if pid == 0:
    draft.abandon()
    quiet_exit()
os.waitpid(pid, 0)
draft.commit(succeeded("load"))
say(len(journal.read(digest)))
journal.close()
"""
    assert ended(process(store, code)) == (0, "200000\n")


def test_looking_who_owns_a_run_does_not_keep_others_from_it(store: Store) -> None:
    opened(store).close()
    child = process(store, 'say("ready")\nwhile not Path(sys.argv[1]).exists(): store.owner(RUN)')
    assert heard(child) == "ready"
    for _ in range(20):
        opened(store, wait=timedelta(0)).close()
    store.notebook.touch()
    assert ended(child)[0] == 0

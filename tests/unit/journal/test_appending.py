from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from blake3 import blake3

from durnb.events import StepRenamed, StepReused, StepStarted
from durnb.journal import Journal, Store, check, read_history
from unit.journal.journal_samples import CLOCK, RUN, ended, failed, opened, process, run_step, started, succeeded


def test_events_are_in_the_history_when_append_returns(journal: Journal) -> None:
    assert journal.append(started("load")) == journal.history.seq == 3
    assert journal.append(failed("load"), started("load", 1, 2)) == 5
    assert [attempt.status for attempt in journal.history.steps["load"].executions[0].attempts] == ["exception", "running"]
    assert journal.append() == 5


def test_text_of_every_kind_comes_back_as_it_was(journal: Journal) -> None:
    for number, text in enumerate(
        [
            "ключ",
            "a'b\"c",
            "\x00\x01",
            "\ud800 alone",
            "\udc80\ud800 \uffffd800",
            "\\ud800 \\\\uffffd800",
            "😀",
            "x" * 300_000,
            "{}",
            "null",
        ]
    ):
        journal.append(started(f"s{number}"), failed(f"s{number}", message=text))


def test_appends_of_many_threads_are_each_durable_and_in_one_order(journal: Journal, store: Store) -> None:
    steps = [f"s{number}" for number in range(8)]
    journal.append(*map(started, steps))

    def work(step: str) -> list[int]:
        return [journal.append(failed(step), started(step, 1, attempt)) for attempt in range(2, 40)]

    with ThreadPoolExecutor(8) as pool:
        told = [seq for seqs in pool.map(work, steps) for seq in seqs]
    assert len(set(told)) == len(told) == 8 * 38
    assert max(told) == journal.history.seq
    for step in steps:
        assert [attempt.number for attempt in journal.history.steps[step].executions[0].attempts] == list(range(1, 40))


@pytest.mark.parametrize(
    "event",
    [
        succeeded("none"),
        failed("none"),
        StepRenamed(old="none", new="x"),
        StepRenamed(old="load", new="other"),
        StepReused(step="load", checkpoint=3, fingerprint="f", inputs=()),
        StepReused(step="none", checkpoint=3, fingerprint="f", inputs=()),
    ],
    ids=lambda event: event.kind,
)
def test_an_event_that_the_history_can_not_take_is_refused_before_it_is_durable(journal: Journal, event: object) -> None:
    journal.append(started("load"))
    with pytest.raises(ValueError, match="can't follow"):
        journal.append(started("other"), event)  # type: ignore[arg-type]  # the parameters are events
    assert journal.history.seq == 3
    assert list(journal.history.steps) == ["load"]


def test_events_may_rely_on_those_before_them_in_one_append(journal: Journal) -> None:
    begun = journal.append(started("a"), succeeded("a"), StepRenamed(old="a", new="b"))
    journal.append(StepReused(step="b", checkpoint=begun - 1, fingerprint="g", inputs=()))
    assert list(journal.history.steps) == ["b"]


def test_a_refused_append_does_not_hurt_those_that_share_its_transaction(journal: Journal) -> None:
    journal.append(started("load"))

    def work(number: int) -> bool:
        try:
            journal.append(failed("load") if number % 2 else failed("none"))
        except ValueError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(64))) == [False, True] * 32
    assert journal.history.seq == 3 + 32


def test_facts_that_json_does_not_have_are_refused(journal: Journal) -> None:
    seq = journal.history.seq
    with pytest.raises(ValueError, match="JSON"):
        journal.append(started("load"), failed("load", retry_in=float("nan")))
    assert journal.history.seq == seq


def test_small_bytes_go_with_their_event(journal: Journal) -> None:
    digest = blake3(b"outputs").hexdigest()
    journal.append(started("load"), blobs={digest: b"outputs"})
    journal.append(failed("load"), blobs={digest: b"outputs"})
    assert journal.read(digest) == b"outputs"
    with pytest.raises(ValueError, match="not the digest"):
        journal.append(started("load"), blobs={digest: b"other"})
    big = bytes(70_000)
    with pytest.raises(ValueError, match="draft"):
        journal.append(started("load"), blobs={blake3(big).hexdigest(): big})


def test_a_digest_that_is_not_stored_is_a_key_error(journal: Journal) -> None:
    with pytest.raises(KeyError):
        journal.read("00" * 32)


INTERRUPTED = """
import signal, threading
journal = opened(store)
journal.append(started("load"))
over, told, unknown = threading.Event(), [], 0
def strike():
    while not over.wait(0.0011):
        signal.pthread_kill(main, signal.SIGINT)
main = threading.main_thread().ident
thread = threading.Thread(target=strike)
def nothing(*_): pass
before = journal.history.seq
thread.start()
number = 0
while number < 400:
    try:
        number += 1
        seq = journal.history.seq
        journal.append(failed("load", message=str(number)))
        told.append(number)
    except KeyboardInterrupt:
        # whatever it interrupted: what is in the history is durable, and nothing comes later
        unknown += journal.history.seq > seq
while True:
    try:
        signal.signal(signal.SIGINT, nothing)
        break
    except KeyboardInterrupt:
        pass
over.set()
thread.join()
after = journal.history.seq
journal.append(failed("load", message="last"))
say(journal.history.seq == after + 1, len(told) + unknown == after - before or (len(told), unknown, after - before))
journal.close()
"""


def test_an_interrupt_waits_for_the_commit_and_loses_nothing(store: Store) -> None:
    assert ended(process(store, INTERRUPTED)) == (0, "True True\n")
    assert check(store) == []


def test_a_kill_at_any_time_leaves_every_acknowledged_event(store: Store) -> None:
    code = """
journal = opened(store)
journal.append(started("load"))
while True:
    say(journal.append(failed("load")))
"""
    opened(store).close()
    for trial in range(6):
        child = process(store, code)
        assert child.stdout is not None
        last = [int(child.stdout.readline()) for _ in range(1 + 7 * trial)][-1]
        child.kill()
        told = [int(line) for line in ended(child)[1].splitlines(keepends=True) if line.endswith("\n")]
        assert read_history(store, RUN, CLOCK).seq >= max([last, *told])
    assert check(store) == []


FULL = """
import resource
journal = opened(store)
journal.append(started("load"))
for _ in range(200):
    journal.append(failed("load"))
seq = journal.history.seq
size = max(path.stat().st_size for path in store.folder.glob("*.wal"))
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300, resource.RLIM_INFINITY))
failures = 0
for number in range(20):
    try:
        journal.append(failed("load", message=os.urandom(200).hex()))
    except DiskFull:
        failures += 1
say(failures > 0, journal.history.seq == seq + 20 - failures)
try:
    with journal.draft("load") as draft:
        draft.add(os.urandom(size + 100_000))
except DiskFull as error:
    say(list(store.objects.glob("*.pack")) == list(store.objects.glob(".*.tmp")) == [])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
digests = run_step(journal, "other", [bytes(300_000)])
say(journal.read(digests[0]) == bytes(300_000))
journal.close()
"""


def test_a_full_disk_loses_nothing_and_the_journal_goes_on_when_there_is_room(store: Store) -> None:
    assert ended(process(store, FULL)) == (0, "True True\nTrue\nTrue\n")
    assert check(store) == []


@pytest.mark.parametrize("point", ["after-pack", "before-commit"])
def test_a_disk_full_at_a_named_point_leaves_history_and_file_as_they_were(store: Store, point: str) -> None:
    code = """
journal = opened(store)
try:
    run_step(journal, "load", [b"x", bytes(300_000)])
except DiskFull as error:
    say(journal.history.seq, journal.history.steps["load"].status)
run_step(journal, "load", [b"x", bytes(300_000)], 2)
journal.close()
"""
    assert ended(process(store, code, DURNB_FAULTS=f"{point}:load=enospc")) == (0, "3 running\n")
    assert check(store) == []
    assert read_history(store, RUN, CLOCK).steps["load"].status == "succeeded"


def test_an_error_after_the_commit_does_not_undo_it(store: Store) -> None:
    code = """
journal = opened(store)
try:
    run_step(journal, "load", [b"x"])
except DiskFull as error:
    say(journal.history.steps["load"].status)
journal.close()
"""
    assert ended(process(store, code, DURNB_FAULTS="after-commit:load=enospc")) == (0, "succeeded\n")
    assert check(store) == []


def test_a_draft_that_failed_is_spent(journal: Journal) -> None:
    journal.append(started("load"))
    draft = journal.draft("load")
    draft.add(b"x")
    draft.commit(succeeded("load"))
    for use in (lambda: draft.add(b"y"), lambda: draft.commit(succeeded("load"))):
        with pytest.raises(RuntimeError, match="committed or abandoned"):
            use()


def test_reopening_gives_the_history_that_was(store: Store) -> None:
    journal = opened(store)
    run_step(journal, "load", [b"x"])
    journal.close()
    again: StepStarted = started("load", 2)
    journal = opened(store)
    journal.append(again)
    assert journal.history.steps["load"].executions[1].inputs == again.inputs
    journal.close()

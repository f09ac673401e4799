from __future__ import annotations

from durnb.events import StepRerunRequested
from durnb.journal import Journal, Store
from unit.journal.journal_samples import RUN, ended, process


def test_requests_come_oldest_first_and_are_gone_when_done(journal: Journal, store: Store) -> None:
    ids = [store.request(RUN, "rerun", step=f"s{number}", nested={"a": [1, None]}) for number in range(5)]
    requests = journal.requests()
    assert [request.id for request in requests] == ids
    assert requests[0].kind == "rerun"
    assert requests[0].facts == {"step": "s0", "nested": {"a": [1, None]}}
    journal.done(requests[1])
    journal.done(requests[1])
    assert [request.id for request in journal.requests()] == [ids[0], *ids[2:]]


def test_a_request_that_an_event_holds_is_not_applied_again_after_a_crash(journal: Journal, store: Store) -> None:
    first, second = (store.request(RUN, "rerun", step="load") for _ in range(2))
    journal.append(StepRerunRequested(step="load", request=first))
    assert [request.id for request in journal.requests()] == [second]
    assert len(list(store.file(RUN, "inbox").iterdir())) == 1


def test_what_is_no_request_is_left_alone(journal: Journal, store: Store) -> None:
    assert journal.requests() == []
    store.request(RUN, "cancel")
    inbox = store.file(RUN, "inbox")
    for name, text in (("1.json", "{"), ("2.json", "[]"), ("3.json", '{"id": 1}'), (".4.json", "{}"), ("5.txt", "")):
        (inbox / name).write_text(text)
    assert [request.kind for request in journal.requests()] == ["cancel"]
    assert len(list(inbox.iterdir())) == 6


def test_a_request_reaches_a_run_before_it_has_an_owner_and_from_any_process(store: Store) -> None:
    store.request(RUN, "answer", step="load", answer="retry")
    code = """
journal = opened(store)
(request,) = journal.requests()
say(request.kind, request.facts)
say("more")
heard()
say([request.kind for request in journal.requests()])
"""
    child = process(store, code)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "answer {'step': 'load', 'answer': 'retry'}\n"
    assert child.stdout.readline() == "more\n"
    store.request(RUN, "cancel")
    child.stdin.write("go\n")
    assert ended(child) == (0, "['answer', 'cancel']\n")

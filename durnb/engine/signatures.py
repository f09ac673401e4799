"""What the signatures of checkpoints, pre-states and the results of calls bind beside the bytes."""

from __future__ import annotations

from durnb.journal import Journal
from durnb.steps import StepHistory


def signed_facts(journal: Journal, started_seq: int, what: str) -> tuple[str, ...]:
    """What a signature binds beside the bytes: which store, run and execution they are of, and whether checkpoint or pre-state."""
    return (journal.history.store, str(journal.run), str(started_seq), what)


def result_facts(journal: Journal, step: StepHistory, execution: int) -> tuple[str, ...]:
    """What the signature of a call's result binds beside the bytes; `execution` is the one in which it returned."""
    return signed_facts(journal, next(e.started_seq for e in reversed(step.executions) if e.number == execution), "call")


def result_payload(call: str, value: str, stored: str) -> bytes:
    """The bytes that it signs."""
    return f"{call}\0{value}\0{stored}".encode()

"""The tree of errors: what it promises of messages, facts and pickles."""

from __future__ import annotations

import copy
import pickle
import re
from datetime import timedelta

import pytest

from durnb import errors
from durnb.errors import DurnbError, RetryAfter, TerminalError

SAMPLES: tuple[DurnbError, ...] = (
    DurnbError("a word"),
    errors.UsageError("--retries: 'x' is not a number"),
    errors.NotebookUnknown(),
    errors.StoreOffered(notebook="new.ipynb", old="old.ipynb", folder=".durnb/old"),
    errors.RunHeld(run="interactive.3", notebook="etl.ipynb", pid=4711),
    errors.RunIsPaused(run="default.1", notebook="etl.ipynb"),
    errors.RunIsCancelled(run="default.1"),
    errors.JournalError("the run's file can't serve"),
    errors.JournalNewer(path="/w/a.duckdb", schema=9, known=3),
    errors.JournalForeign(path="/w/a.duckdb", why="no table of events"),
    errors.JournalDamaged(path="/w/a.duckdb", why="page 3"),
    errors.PackDamaged(path="/w/a.pack", kept="/w/a.pack.damaged", why="the 9 bytes at 0 are not those that were written"),
    errors.JournalReadOnly(path="/w/a.duckdb", why="permission denied"),
    errors.DiskFull(path="/w/a.duckdb"),
    errors.NoRoom(step="train", path="/w/.durnb/etl", needed=2_000_000_000, room=5, limit=0),
    errors.NoRoom(step="", path="/w/.durnb/etl", needed=2_000, room=5, limit=1_000_000),
    errors.StoreBusy(path="/w/.durnb/etl/objects", seconds=10),
    errors.JournalForked(),
    errors.CheckpointUnreadable(step="load", why="no module named 'gone'"),
    errors.CheckpointUntrusted(step="load"),
    errors.NotInHistory(what="step", name="lod", where="run interactive.1", there=("load", "train"), near="load"),
    errors.NotKept(name="client", where="the checkpoint of step 'load'", why="client._sock: an open socket"),
    errors.StepAsks(
        step="pay", why="it is --once and did not finish", commands=("%durable resolve pay done", "%durable resolve pay retry")
    ),
    errors.StepRefused(step="train", why="`df` is not there"),
    errors.Unavailable(what="file /data/a.txt could not be opened again"),
    errors.StepTimedOut(step="train", seconds=90),
    errors.StepCommandFailed(step="load", exit_code=-2),
    errors.CallTimedOut(call="fetch", seconds=3),
    errors.CallTooLate(step="train", call="fetch"),
    errors.MapFailed(name="fetch", failed=3, tolerated=2, failures=(("'u1'", "OSError: no"),)),
    errors.SignalRefused(name="approve", why="'yes' is not of type 'boolean'"),
    TerminalError("the card was refused", 402),
    RetryAfter(30),
    RetryAfter(timedelta(minutes=2), "the service is busy"),
)
OWN_FACTS = {"seconds", "exit_code", "commands", "delay", "there", "needed", "room", "limit", "failures"}  # said in other words


def _classes(cls: type[DurnbError]) -> set[type[DurnbError]]:
    return {cls}.union(*(_classes(sub) for sub in cls.__subclasses__() if sub.__module__ == errors.__name__))


def _label(error: DurnbError) -> str:
    return type(error).__name__


def test_every_class_has_a_sample_here() -> None:
    assert {type(sample) for sample in SAMPLES} == _classes(DurnbError)


def test_the_tree_of_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = ["DurnbError"]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:│   |    )*)[├└]── (\w+)  ", line)
        if found:
            depth = len(found[1]) // 4 + 1
            del above[depth:]
            drawn[found[2]] = above[-1]
            above.append(found[2])
    bases = {cls.__name__: cls.__bases__[0].__name__ for cls in _classes(DurnbError) - {DurnbError}}
    assert drawn == bases


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error", SAMPLES, ids=_label)
def test_an_error_pickles_with_its_facts_and_its_message(error: DurnbError, protocol: int) -> None:
    back = pickle.loads(pickle.dumps(error, protocol))
    assert type(back) is type(error)
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("error", SAMPLES, ids=_label)
def test_an_error_can_be_copied(error: DurnbError) -> None:
    assert vars(copy.copy(error)) == vars(error)
    assert str(copy.deepcopy(error)) == str(error)


def test_notes_put_on_an_error_travel_with_it() -> None:
    error = errors.StepRefused(step="train", why="x")
    error.add_note("seen in cell 3")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["seen in cell 3"]


class _CardRefused(TerminalError):
    def __init__(self, *, code: int) -> None:
        self.code = code
        super().__init__(f"the card was refused ({code})")


def test_an_error_that_a_user_derived_pickles_too() -> None:
    back = pickle.loads(pickle.dumps(_CardRefused(code=402)))
    assert (type(back), back.code, str(back)) == (_CardRefused, 402, "the card was refused (402)")


@pytest.mark.parametrize("error", SAMPLES, ids=_label)
def test_a_message_names_every_fact(error: DurnbError) -> None:
    for name, fact in vars(error).items():
        if name not in OWN_FACTS:
            assert str(fact) in str(error)


def test_a_question_ends_with_its_mark() -> None:
    assert (
        str(errors.StepAsks(step="pay", why="did it happen?", commands=("A", "B"))) == "step 'pay' asks: did it happen? Answer with A or B"
    )
    assert str(errors.StepAsks(step="pay", why="it is stale", commands=("A",))) == "step 'pay' asks: it is stale. Answer with A"


@pytest.mark.parametrize("error", SAMPLES, ids=_label)
def test_a_message_is_one_line(error: DurnbError) -> None:
    assert str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (errors.NotebookUnknown(), "DURNB_NOTEBOOK"),
        (errors.NotebookUnknown(), "%durable notebook PATH"),
        (errors.StoreOffered(notebook="b", old="a.ipynb", folder=".durnb/a"), "%durable adopt a.ipynb"),
        (errors.StoreOffered(notebook="b", old="a.ipynb", folder=".durnb/a"), "%durable new"),
        (errors.RunHeld(run="r", notebook="n", pid=None), "%durable takeover"),
        (errors.RunIsPaused(run="r", notebook="n.ipynb"), "durnb resume n.ipynb --run r"),
        (errors.RunIsCancelled(run="r"), "%durable new"),
        (errors.JournalNewer(path="p", schema=2, known=1), "upgrade durnb"),
        (errors.CheckpointUntrusted(step="load"), "%durable trust"),
        (errors.CheckpointUntrusted(step="load"), "%durable new"),
        (errors.StepAsks(step="pay", why="w", commands=("%durable resolve pay done",)), "%durable resolve pay done"),
    ],
)
def test_a_message_says_the_way_out(error: DurnbError, way_out: str) -> None:
    assert way_out in str(error)


def test_the_delay_of_a_retry_is_a_length_of_time_however_it_was_given() -> None:
    assert RetryAfter(90).delay == RetryAfter(timedelta(seconds=90)).delay == timedelta(seconds=90)


def test_errors_of_durnb_are_ordinary_exceptions_of_one_base() -> None:
    assert issubclass(DurnbError, Exception)
    assert issubclass(errors.CheckpointUntrusted, errors.CheckpointUnreadable)


def test_what_the_history_does_not_have_is_a_key_error_and_names_what_it_has() -> None:
    error = errors.NotInHistory(what="step", name="zzz", where="run interactive.1", there=("load", "train"))
    assert str(error) == "run interactive.1 has no step 'zzz'; it has load, train"
    assert isinstance(error, KeyError)

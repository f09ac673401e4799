"""What reaches a step while it waits: signals, and the ends of sleeps, from whoever sends them to the journal, where a wait finds them."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping
from typing import Any, Final

from durnb.engine.over import notebook_of, over
from durnb.errors import SignalRefused, UsageError
from durnb.events import SignalReceived, StepWoken
from durnb.fold import History
from durnb.happened import Signal, Wait
from durnb.journal import Journal, Request
from durnb.records import dataclass
from durnb.steps import StepHistory


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a signal (``ann@laptop``), and from where, in words; both empty where that is not known."""

    by: str = ""
    via: str = ""

    @classmethod
    def here(cls, via: str) -> Sender:
        """Whoever this process belongs to."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError, ImportError):  # a container may have a user without a name
            user = str(os.getuid()) if hasattr(os, "getuid") else "somebody"
        return cls(by=f"{user}@{socket.gethostname()}", via=via)


_UNKNOWN: Final = Sender()
_PYTHON_WORDS: Final[Mapping[str, str]] = {"True": "true", "False": "false", "None": "null"}


def take_signals(journal: Journal) -> None:
    """Record every signal and every `wake` in the run's inbox; what no wait can take is refused, and its sender told."""
    for request in journal.requests():
        try:
            match request.kind:
                case "signal":
                    receive(
                        journal, str(request.facts.get("name", "")), str(request.facts.get("value", "null")), request.id, _sender(request)
                    )
                case "wake":
                    wake(journal, str(request.facts.get("step", "")), request.id)
                case _:
                    continue
        except SignalRefused as error:
            journal.refuse(request, error.why)
        except UsageError as error:
            journal.refuse(request, str(error))
        else:
            journal.done(request)


def _sender(request: Request) -> Sender:
    return Sender(str(request.facts.get("by", "")), str(request.facts.get("via", "")))


def wake(journal: Journal, name: str, request: str = "") -> str:
    """The sleeps in which the unfinished step is are over; without a `name`, those of the only step that sleeps. The step. Raises UsageError."""
    asleep = [step.name for step in journal.history.steps.values() if step.unfinished and _sleeps(step)]
    if name not in asleep and (name or len(asleep) != 1):
        others = f"; {', '.join(asleep)} sleep{'s' * (len(asleep) == 1)}" if asleep else ""
        raise UsageError((f"step {name!r} is in no sleep" if name else "say which step" if asleep else "no step is in a sleep") + others)
    journal.append(StepWoken(step=name or asleep[0], request=request))
    return name or asleep[0]


def _sleeps(step: StepHistory) -> bool:
    return any(wait.what == "sleep" and not wait.woken for wait in step.calls.waits.values())


def receive(journal: Journal, name: str, value: str, request: str, sender: Sender = _UNKNOWN) -> None:
    """Record one signal, `value` JSON. Raises SignalRefused, also for a run that is over: no cell of it takes the signal any more."""
    if journal.history.status != "open":
        raise SignalRefused(name=name, why=over(journal.history, notebook_of(journal)))
    check_value(journal.history, name, value)
    journal.append(SignalReceived(request=request, name=name, value=value, by=sender.by, via=sender.via))


def check_value(history: History, name: str, value: str) -> None:
    """Whether the wait that goes on for the signal can take the value (JSON). Raises SignalRefused."""
    try:
        plain = json.loads(value)
    except ValueError as error:
        raise SignalRefused(name=name, why=f"{value[:60]!r} is not JSON ({error})") from None
    for wait in waits_for(history, name):
        if wait.schema:
            check_schema(name, plain, json.loads(wait.schema))


def check_schema(name: str, value: object, schema: Mapping[str, Any]) -> None:
    """Whether `value` fits a JSON schema. Raises SignalRefused."""
    import jsonschema  # noqa: PLC0415  # 60 ms, and only needed where a wait has a schema

    try:
        jsonschema.validate(value, schema)
    except jsonschema.ValidationError as error:
        where = f" at {error.json_path}" if error.absolute_path else ""
        raise SignalRefused(name=name, why=f"{error.message}{where}") from None
    except jsonschema.SchemaError as error:
        raise _no_schema(name, error.message) from None


def check_is_schema(name: str, schema: Mapping[str, Any]) -> None:
    """Raises UsageError for what is no JSON schema: at the wait that has it, and not at whoever sends the signal."""
    from jsonschema import SchemaError  # noqa: PLC0415  # as above
    from jsonschema.validators import validator_for  # noqa: PLC0415  # as above

    try:
        validator_for(dict(schema)).check_schema(dict(schema))
    except SchemaError as error:
        raise _no_schema(name, error.message) from None


def _no_schema(name: str, why: str) -> UsageError:
    return UsageError(f"wait_for({name!r}): the schema is no JSON schema: {why}")


def waits_for(history: History, name: str) -> list[Wait]:
    """The waits for signals called `name` that go on in unfinished steps."""
    return [wait for _, wait in waiting_in(history) if wait.what == "signal" and wait.name == name]


def waiting_in(history: History) -> list[tuple[str, Wait]]:
    """(step, wait) for each durable wait that has not ended, in steps that are not finished."""
    return [(step.name, wait) for step in history.steps.values() if step.unfinished for wait in step.calls.waits.values()]


def awaited(history: History) -> tuple[str, ...]:
    """The names of the signals for which steps wait."""
    return tuple(dict.fromkeys(wait.name for _, wait in waiting_in(history) if wait.what == "signal"))


def json_of(text: str) -> str:
    """What a person typed, as JSON: what is JSON as it stands, True, False and None as Python has them, all else as a text.

    Raises UsageError for what begins like JSON and is none.
    """
    if text in _PYTHON_WORDS:
        return _PYTHON_WORDS[text]
    try:
        json.loads(text)
    except ValueError as error:
        if text.lstrip()[:1] in ("{", "[", '"'):
            raise UsageError(f"{text[:60]!r} begins like JSON and is not JSON ({error})") from None
        return json.dumps(text)
    return text


def arrived(history: History, name: str) -> Signal | None:
    """The oldest signal of that name that no wait took yet."""
    return next((signal for signal in list(history.signals.values()) if signal.name == name), None)

"""The results of calls as bytes and back: signed, stored once, bound to the live namespace when they come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import asdict, field, replace
from typing import Any, Final

from durnb.engine.body import Body
from durnb.engine.manifest import StoredGroup
from durnb.engine.signatures import result_facts, result_payload
from durnb.errors import CheckpointUnreadable, CheckpointUntrusted, DurnbError
from durnb.events import CallSucceeded
from durnb.happened import Call
from durnb.journal import SMALL, digest_of_bytes
from durnb.records import dataclass
from durnb.snapshot import Captured, capture, restore

RESULT: Final = "@result"  # the name of the value in its group
_SHORT: Final = 256  # characters of a result up to which it stands in the event itself
_NODES: Final = 50_000  # parts of a tree of builtins that are looked at
_PLAIN: Final = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray})
_JSON: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_SHARELESS: Final = frozenset({type(None), bool, int, str})


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A result to be recorded: as JSON, or as `stored` (JSON) that names the `blobs` by their digests; or lost."""

    value: str = ""
    stored: str = ""
    lost: str = ""
    blobs: Mapping[str, bytes | memoryview] = field(default_factory=dict)


def encode(body: Body, value: object) -> Encoded:
    """The result as it is now; what can't be stored is lost. Raises nothing but KeyboardInterrupt and MemoryError."""
    text = as_json(value)
    if text is not None:
        return Encoded(value=text)
    if _is_builtin(value):
        data = pickle.dumps(value, 5)
        digest = digest_of_bytes(data).hex()
        return Encoded(stored=json.dumps({"plain_stream": digest}), blobs={digest: data})
    with body.storing:
        captured = capture({**body.namespace, RESULT: value}, [RESULT], among=(), home=body.namespace)
        if captured.lost or not captured.groups:
            why = [f"{one.path.replace(RESULT, 'result')}: {one.reason}" for one in captured.lost]
            return Encoded(lost=(why or [one.note for one in captured.dropped] or ["it can't be stored"])[0])
        return _of_group(captured)


def _of_group(captured: Captured) -> Encoded:
    blobs: dict[str, bytes | memoryview] = {}

    def add(data: Any) -> str:
        view = pickle.PickleBuffer(data).raw()
        digest = digest_of_bytes(view).hex()
        blobs[digest] = bytes(view) if len(view) <= SMALL else view
        return digest

    group = captured.groups[0]
    stored = StoredGroup(
        names=tuple(group.names),
        stream=add(group.stream),
        buffers=tuple(map(add, group.buffers)),
        readonly=tuple(group.readonly),
        plain=tuple(group.plain),
    )
    sources = add(json.dumps(dict(captured.sources)).encode()) if captured.sources else ""
    return Encoded(stored=json.dumps({"group": asdict(stored), "sources": sources}, separators=(",", ":")), blobs=blobs)


def commit(body: Body, event: CallSucceeded, encoded: Encoded) -> None:
    """Record a call with its result; small ones share their transaction with others. Raises ValueError where its step is over, and the JournalErrors."""
    small = _small(encoded)
    if small is not None:
        body.journal.append(event, blobs=small)
        return
    with body.journal.draft() as draft:
        for data in encoded.blobs.values():
            draft.add(data)
        draft.commit(event)


async def commit_later(body: Body, event: CallSucceeded, encoded: Encoded) -> None:
    """As `commit`, for a task: others go on meanwhile, and share the transaction."""
    small = _small(encoded)
    if small is None:
        await asyncio.to_thread(commit, body, event, encoded)
        return
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(_settle, ended, error)

    body.journal.post(event, blobs=small, then=tell)
    await ended


def _settle(ended: asyncio.Future[None], error: BaseException | None) -> None:
    if ended.done():
        return
    if error is None:
        ended.set_result(None)
    else:
        ended.set_exception(error)


def _small(encoded: Encoded) -> dict[str, bytes] | None:
    if all(len(data) <= SMALL for data in encoded.blobs.values()):
        return {digest: bytes(data) for digest, data in encoded.blobs.items()}
    return None


def with_signature(body: Body, event: CallSucceeded) -> CallSucceeded:
    """The event, signed."""
    return replace(event, signature=signature_of(body, event.call, event.execution, event.value, event.stored))


def signature_of(body: Body, call: str, execution: int, value: str, stored: str) -> str:
    """What vouches for a result."""
    step = body.journal.history.steps[body.step]
    return body.journal.sign(result_facts(body.journal, step, execution), result_payload(call, value, stored))


def load(body: Body, call: str, known: Call) -> Any:
    """The recorded result; a copy of its own each time. Raises CheckpointUnreadable, CheckpointUntrusted."""
    facts = result_facts(body.journal, body.journal.history.steps[body.step], known.execution)
    if not body.journal.verify(facts, result_payload(call, known.value, known.stored), known.signature):
        raise CheckpointUntrusted(step=body.step)
    if not known.stored:
        return json.loads(known.value) if known.value else None
    try:
        return _loaded(body, json.loads(known.stored))
    except DurnbError as error:
        raise CheckpointUnreadable(step=body.step, why=str(error)) from error
    except Exception as error:  # unpickling runs code of any library; whatever it raises, the result can't be read
        raise CheckpointUnreadable(step=body.step, why=f"{type(error).__name__}: {error}") from error


def _loaded(body: Body, stored: Mapping[str, Any]) -> Any:
    read = body.journal.read
    if "plain_stream" in stored:
        return pickle.loads(bytes(read(stored["plain_stream"])))
    group = stored["group"]
    sources = json.loads(bytes(read(stored["sources"]))) if stored["sources"] else {}
    buffers = [
        bytes(read(digest)) if readonly else read(digest) for digest, readonly in zip(group["buffers"], group["readonly"], strict=True)
    ]
    with body.storing:
        return restore(bytes(read(group["stream"])), buffers, body.namespace, sources)[RESULT]


def as_json(value: object) -> str | None:
    """The value as short JSON that gives just this value back; None where there is none."""
    kind = type(value)
    if kind in _SHARELESS:
        return _text(value) if kind is not str or len(value) < _SHORT else None  # type: ignore[arg-type]  # a str
    if kind not in (list, dict, float) or not _is_json(value):
        return None
    return _text(value)


def _text(value: object) -> str | None:
    text = _JSON(value)
    return text if len(text) <= _SHORT else None


def _is_json(value: object) -> bool:
    met: set[int] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        kind: Any = type(each)
        if kind is float and not math.isfinite(each):  # type: ignore[arg-type]  # a float
            return False
        if kind is list or kind is dict:
            if id(each) in met or len(met) + len(waiting) + len(each) > _SHORT:  # type: ignore[arg-type]  # a container
                return False
            met.add(id(each))
            if kind is dict and not all(type(key) is str for key in each):  # type: ignore[attr-defined]  # a dict
                return False
            waiting.extend(each.values() if kind is dict else each)  # type: ignore[attr-defined, arg-type]  # as above
        elif kind not in _SHARELESS and kind is not float:
            return False
    return True


def _is_builtin(value: object) -> bool:
    """Whether a value is a tree of built-in types, so that its pickle needs nothing."""
    met: set[int] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        kind: Any = type(each)
        if kind in _PLAIN:
            continue
        if kind not in (list, tuple, dict, set, frozenset):
            return False
        if id(each) in met:
            continue
        met.add(id(each))
        if len(met) + len(waiting) + len(each) > _NODES:  # type: ignore[arg-type]  # a container
            return False
        waiting.extend(each)  # type: ignore[arg-type]  # as above
        if kind is dict:
            waiting.extend(each.values())  # type: ignore[attr-defined]  # a dict
    return True

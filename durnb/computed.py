"""Which attributes a ``functools.cached_property`` put on an object when it was read, with the digest of what it gave.

Such an attribute means nothing as long as it is what the property gave: it follows from the rest, and would be computed again. One that was
assigned, or changed in place since, is state like any other. Fingerprints look here, and snapshots carry the marks along.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Digest = Callable[[object], str]

_plain_get = functools.cached_property.__get__
_marks: dict[int, tuple[weakref.ref[Any], dict[str, str]]] = {}
_busy = threading.local()


class _Watching:
    """How properties are watched in this process: the digest of a value, and whether a class counts."""

    digest: Digest | None = None
    counts: Callable[[type], bool] | None = None


def watch(digest: Digest, counts: Callable[[type], bool]) -> None:
    """From here on cached properties of classes that count leave a mark when they compute."""
    _Watching.digest, _Watching.counts = digest, counts
    functools.cached_property.__get__ = _watched_get  # type: ignore[method-assign]  # there is no other place from which a read can be told from an assignment


def unwatch() -> None:
    """Properties are as Python made them; the marks stay."""
    functools.cached_property.__get__ = _plain_get  # type: ignore[method-assign]  # puts back what `watch` took


def _watched_get(self: functools.cached_property[Any], instance: Any, owner: type[Any] | None = None) -> Any:
    computes = instance is not None and _computes(instance, self.attrname)
    value = _plain_get(self, instance, owner)
    if computes and self.attrname is not None and _Watching.digest is not None:
        mark(instance, {self.attrname: ""})  # so that a value that leads back here does not count itself
        with _looking_at(instance):
            mark(instance, {self.attrname: _Watching.digest(value)})
    return value


def _computes(instance: object, name: str | None) -> bool:
    """Whether reading the property will run it. A class that answers for `__dict__` itself is not watched."""
    if _Watching.counts is None or not _Watching.counts(type(instance)):
        return False
    try:
        held = object.__getattribute__(instance, "__dict__")
    except AttributeError:
        return False
    return type(held) is dict and name not in held


def mark(instance: object, digests: Mapping[str, str]) -> None:
    """Remembers that these attributes of `instance` were computed, and gave values of these digests."""
    known = _marks.get(id(instance))
    if known is not None and known[0]() is instance:
        known[1].update(digests)
        return
    at = id(instance)
    try:
        ref = weakref.ref(instance, lambda _: _marks.pop(at, None))
    except TypeError:  # nobody would say when the mark has to go: its attributes count as assigned
        return
    _marks[at] = (ref, dict(digests))


def marks_of(instance: object) -> Mapping[str, str]:
    """The digests of what the properties of `instance` gave, by attribute; empty for nearly everything."""
    known = _marks.get(id(instance)) if _marks else None
    return known[1] if known is not None and known[0]() is instance else {}


def are_there() -> bool:
    """Whether anything is marked at all."""
    return bool(_marks)


def unchanged(instance: object, attributes: Mapping[str, object]) -> frozenset[str]:
    """Those of `attributes` that are still what a property gave."""
    marks = marks_of(instance)
    if not marks or _Watching.digest is None:
        return frozenset()
    present = {name: attributes[name] for name in marks if name in attributes}
    if id(instance) in _looked_at():  # by way of one of them: each is looked at for itself
        return frozenset(present)
    with _looking_at(instance):
        return frozenset(name for name, value in present.items() if _Watching.digest(value) == marks[name])


def _looked_at() -> set[int]:
    found: set[int] = _busy.__dict__.setdefault("instances", set())
    return found


@contextmanager
def _looking_at(instance: object) -> Iterator[None]:
    _looked_at().add(id(instance))
    try:
        yield
    finally:
        _looked_at().discard(id(instance))

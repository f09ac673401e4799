"""Which function or class is which, over groups and over kernels.

Definitions link nothing, so one that is bound to no name stands in several streams. Its id brings it back as one object, and a
second restore in the same kernel finds the first.
"""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Callable
from dataclasses import field
from typing import Any

from durnb.records import dataclass
from durnb.snapshot.homes import Home, home_of


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    ref: weakref.ref[Any]
    uid: str
    home: Home
    made: bool = False
    digests: set[str] = field(default_factory=set)


_by_id: dict[int, _Entry] = {}
_by_uid: dict[str, _Entry] = {}


def uid_of(definition: object, namespace: object, digest: str) -> str:
    """The id of `definition`, given at its first capture; its code has `digest` now."""
    entry = _of(definition)
    if entry is None:
        return track(definition, uuid.uuid4().hex, namespace, digest)
    entry.digests.add(digest)
    return entry.uid


def track(definition: object, uid: str, namespace: object, digest: str, *, made: bool = False) -> str:
    """Remembers that `definition`, of the notebook with this `namespace`, is `uid`; `made`: a restore made it."""
    entry = _Entry(weakref.ref(definition, _forgetter(id(definition), uid)), uid, home_of(namespace), made, {digest})
    _by_id[id(definition)] = _by_uid[uid] = entry
    return uid


def claim(definition: object, uid: str, namespace: object, digest: str) -> None:
    """`definition`, which is live, stands for `uid` from here on; another that did is one of its own again."""
    before, entry = _by_uid.get(uid), _of(definition)
    if before is not None and before.ref() is definition:
        return
    if before is not None and (other := before.ref()) is not None and _by_id.get(id(other)) is before:
        del _by_id[id(other)]
    if entry is None:
        track(definition, uid, namespace, digest)
    else:
        entry.digests.add(digest)
        _by_uid[uid] = entry


def was(definition: object, digest: str) -> bool:
    """Whether the code of `definition` is known to have had `digest` in this kernel."""
    entry = _of(definition)
    return entry is not None and digest in entry.digests


def _of(definition: object) -> _Entry | None:
    entry = _by_id.get(id(definition))
    return entry if entry is not None and entry.ref() is definition else None


def tracked(uid: str, namespace: object) -> object | None:
    """The living definition of that id in this notebook."""
    entry = _by_uid.get(uid)
    return entry.ref() if entry is not None and entry.home.namespace is namespace else None


def is_another(definition: object, uid: str) -> bool:
    """Whether a restore made `definition` for another id, so that it can't stand for this one."""
    entry = _of(definition)
    return entry is not None and entry.made and entry.uid != uid


def _forgetter(address: int, uid: str) -> Callable[[weakref.ref[Any]], None]:
    by_id, by_uid = _by_id, _by_uid  # this module's names are gone before the last definition is, when Python ends

    def forget(ref: weakref.ref[Any]) -> None:
        if address in by_id and by_id[address].ref is ref:
            del by_id[address]
        if uid in by_uid and by_uid[uid].ref is ref:
            del by_uid[uid]

    return forget

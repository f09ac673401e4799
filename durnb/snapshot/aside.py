"""Loads a group to be looked at: beside what is live, which stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence

from durnb.snapshot.definitions import digest_of, lookup
from durnb.snapshot.place import Place
from durnb.snapshot.restore import load_at, remember_sources


def restore_aside(
    stream: bytes,
    buffers: Sequence[bytes | bytearray | memoryview],
    namespace: MutableMapping[str, object],
    sources: Mapping[str, str],
    own: Collection[str] = (),
    *,
    same: Callable[[object, object], bool],
) -> dict[str, object]:
    """The values of a group by name, as they were stored; nothing that is live is changed.

    Functions are new ones that have `namespace` as their globals. A class is the live one of its name where `same` says that the two are one
    in all that they hold, so that `isinstance` holds for its instances; else it is a new one too. Raises what `restore` raises.
    """
    renamed = remember_sources(sources)
    first = Place(namespace, scratch=True, own=frozenset(own), renamed=renamed)
    values = load_at(first, stream, buffers)
    twins = {uid: twin for uid, made in first.made.items() if isinstance(made, type) and (twin := _live_twin(made, namespace, same))}
    if twins:
        values = load_at(Place(namespace, scratch=True, own=frozenset(own), renamed=renamed, twins=twins), stream, buffers)
    return values


def _live_twin(made: type, namespace: MutableMapping[str, object], same: Callable[[object, object], bool]) -> type | None:
    found = lookup(namespace, made.__qualname__)
    return found if isinstance(found, type) and digest_of(found) == digest_of(made) and same(found, made) else None

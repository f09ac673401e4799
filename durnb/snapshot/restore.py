"""From a group of bytes back to values."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Collection, Mapping, MutableMapping, Sequence

from durnb.snapshot import spaces
from durnb.snapshot.model import RestoreError
from durnb.snapshot.place import Lender, Place, restoring


def restore(
    stream: bytes,
    buffers: Sequence[bytes | bytearray | memoryview],
    namespace: MutableMapping[str, object],
    sources: Mapping[str, str],
    own: Collection[str] = (),
) -> dict[str, object]:
    """The values of a group by name; binds none of them.

    `own` are the names that the checkpoint itself binds: a definition under such a name is the one that was stored, not what now has its name.

    Functions get `namespace` itself as their globals. A live function or class of `namespace` with the same code is used as it
    is, and the stored state put on it. Raises whatever unpickling raises, and RestoreError for code of another Python.
    """
    return load(stream, buffers, namespace, sources, scratch=False, own=own)


def load(
    stream: bytes,
    buffers: Sequence[bytes | bytearray | memoryview],
    namespace: MutableMapping[str, object],
    sources: Mapping[str, str],
    *,
    scratch: bool,
    own: Collection[str] = (),
    lender: Lender | None = None,
) -> dict[str, object]:
    """As `restore`; a scratch load leaves the namespace and everything live alone."""
    place = Place(namespace, scratch=scratch, own=frozenset(own), renamed={} if scratch else remember_sources(sources), lender=lender)
    return load_at(place, stream, buffers)


def load_at(place: Place, stream: bytes, buffers: Sequence[bytes | bytearray | memoryview]) -> dict[str, object]:
    """The values of a group, loaded at `place`."""
    try:
        with restoring(place):
            values = spaces.loads(stream, buffers)
    finally:
        place.take_back()
    if not isinstance(values, dict):
        raise RestoreError("it is not a group of variables")
    return values


def remember_sources(sources: Mapping[str, str]) -> dict[str, str]:
    """Gives `inspect.getsource` the text of restored code; a file name that now stands for other text gets a new one.

    Returns the new names by the old ones.
    """
    renamed: dict[str, str] = {}
    for name, text in sources.items():
        present = linecache.cache.get(name)
        if present is not None and len(present) == 4 and "".join(present[2]) != text:
            renamed[name] = f"{name}~{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
        lines = text.splitlines(keepends=True)
        if present is None or name in renamed:
            linecache.cache[renamed.get(name, name)] = (len(text), None, lines, renamed.get(name, name))
    return renamed

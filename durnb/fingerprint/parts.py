"""How a value is taken apart: what of it is bytes, and what parts it has."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Sequence, Sized
from typing import Any

from durnb.fingerprint.hashing import digest, hasher

ATOMS = frozenset(id(kind) for kind in (type(None), bool, int, float, complex, str, bytes, type(Ellipsis)))
_CHUNK = 1 << 15
_FEW = 64


class Parts:
    """One level of a value: a digest of it is the digest of `head` and of its parts."""

    __slots__ = ("head", "label", "linked", "numbered", "opaque", "parts", "probed", "shares", "unordered")

    def __init__(
        self,
        head: bytes,
        parts: Sequence[object] = (),
        *,
        label: Callable[[int], str] | None = None,
        numbered: bool = False,
        unordered: bool = False,
        opaque: bool = False,
        linked: tuple[object, str] | None = None,
        shares: bool | None = None,
        probed: bool = False,
    ) -> None:
        self.head = head
        self.parts = parts
        self.label = label
        self.numbered = numbered  # mutable: met again in the same value, it is a back-reference
        self.unordered = unordered
        self.opaque = opaque
        self.shares = shares  # False: nothing below is ever a back-reference (pandas' arrays); True: again it may be; None: as around it
        self.probed = probed  # for a probe alone: the content is told by another digest
        self.linked = linked  # by what a mutable part is shared, and where in it: an array by its memory


Taker = Callable[[Any], Parts]


def is_atom(value: object) -> bool:
    """Whether a value is bytes and nothing else."""
    return id(type(value)) in ATOMS


def all_atoms(values: Iterable[object]) -> bool:
    """Whether all values are; runs in C."""
    if isinstance(values, Sized) and len(values) > _FEW:  # the first says it mostly; of those where it does not, a set of kinds is quicker
        first = next(iter(values))
        return id(type(first)) in ATOMS and ATOMS.issuperset(map(id, map(type, values)))
    return all(map(ATOMS.__contains__, map(id, map(type, values))))


def atom(value: object) -> bytes:
    """Self-delimiting bytes of an atom (marshal version 2: no references, no interning, equal on every Python)."""
    data: bytes = marshal.dumps(value, 2)  # type: ignore[arg-type]  # is_atom says so
    return data


def atoms(head: bytes, values: Sequence[object], *, unordered: bool = False) -> bytes:
    """The digest of a value whose parts are all atoms."""
    if unordered:
        return digest(b"U%d:%s" % (len(head), head) + b"".join(sorted(map(atom, values))))
    if len(values) <= _CHUNK:
        return digest(b"M%d:%s" % (len(head), head) + marshal.dumps(list(values), 2))
    state = hasher()
    state.update(b"M%d:%s" % (len(head), head))
    for at in range(0, len(values), _CHUNK):
        state.update(marshal.dumps(list(values[at : at + _CHUNK]), 2))
    return state.digest()


def by_index(index: int) -> str:
    return f"[{index}]"


def by_name(names: Sequence[str]) -> Callable[[int], str]:
    """Labels of attributes."""
    return lambda index: f".{names[index]}" if index < len(names) else f".<{index}>"


def by_key(keys: Sequence[object]) -> Callable[[int], str]:
    """Labels of a dict's values; keys that are no atoms show by their place."""

    def label(index: int) -> str:
        key = keys[index]
        return f"[{key!r}]" if is_atom(key) else f"[<key {index}>]"

    return label


def joined(*pieces: str | bytes) -> bytes:
    """Unambiguous bytes of several texts."""
    raw = [piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece for piece in pieces]
    return b"".join(b"%d:%s" % (len(piece), piece) for piece in raw)


def named(head: bytes, fields: dict[str, object], *, numbered: bool = False) -> Parts:
    """Parts with names, whose order does not count."""
    names = sorted(fields)
    return Parts(head + joined(*names), [fields[name] for name in names], label=by_name(names), numbered=numbered)


def opaque(type_name: str) -> Parts:
    """A value without canonical content."""
    return Parts(joined("opaque", type_name), opaque=True)

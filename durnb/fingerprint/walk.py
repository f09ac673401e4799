"""From a value to a digest of all that it holds, by an explicit stack: depth is no limit, and cycles end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from types import FunctionType
from typing import NamedTuple

from durnb.fingerprint.hashing import Hasher, digest, hasher
from durnb.fingerprint.lens import Lens
from durnb.fingerprint.looking import is_class, type_name
from durnb.fingerprint.parts import ATOMS, Parts, all_atoms, atom, atoms, joined
from durnb.trees import MANY, bulk, outermost

_FLUSH = 1 << 16
_RANKED = 24  # parts of an element of a set that help to order it
_RANKS = ((3, 400), (10, 20_000))  # depth, and parts looked at


class Trail(NamedTuple):
    """Where a part stands: a chain to the root, made into text only when somebody asks."""

    above: Trail | None
    label: Callable[[int], str] | None
    at: int


class Seen(NamedTuple):
    """A mutable part, met for the first time."""

    value: object
    parts: Parts
    trail: Trail | None
    number: int


class SeenTree(NamedTuple):
    """A tree taken in bulk: the mutable parts below its root that are held from elsewhere, with their ordinals."""

    held: list[tuple[int, object]]
    trail: Trail | None


Meet = Callable[[Seen], bool]
"""Told of each mutable part; True: don't tell of those below it."""
MeetTree = Callable[[SeenTree], None]
"""Told of the parts of a tree that may be shared, after its root."""
_BULKY = frozenset(map(id, (list, dict, tuple)))  # a metaclass may forbid hashing
_TREE = Parts(b"tree", numbered=True)


class _Frame:
    __slots__ = (
        "at",
        "buffer",
        "depends",
        "digests",
        "hasher",
        "items",
        "key",
        "label",
        "muted",
        "numbered",
        "shares",
        "trail",
        "unordered",
        "value",
    )

    def __init__(self, parts: Parts, value: object, trail: Trail | None, shares: bool, muted: bool) -> None:
        self.items: Sequence[object] = parts.parts
        self.at = 0
        self.buffer = bytearray(b"F%d:%s%d(" % (len(parts.head), parts.head, len(parts.parts)))
        self.hasher: Hasher | None = None
        self.digests: list[bytes] = []
        self.unordered = parts.unordered
        self.label = parts.label
        self.trail = trail
        self.shares = shares
        self.muted = muted
        self.value = value
        self.key = 0
        self.numbered = False
        self.depends = False  # on numbers given outside

    def add(self, data: bytes) -> None:
        if self.unordered:
            self.digests.append(data)
            return
        self.buffer += data
        if len(self.buffer) > _FLUSH:
            if self.hasher is None:
                self.hasher = hasher()
            self.hasher.update(self.buffer)
            self.buffer.clear()

    def close(self) -> bytes:
        if self.unordered:
            self.buffer += b"".join(sorted(self.digests))
        if self.hasher is None:
            return digest(self.buffer)
        self.hasher.update(self.buffer)
        return self.hasher.digest()


class Walk:
    """The digest of one value. Mutable parts met again are back-references, by the order of first visits; immutable ones never are."""

    def __init__(self, lens: Lens, meet: Meet | None = None, meet_tree: MeetTree | None = None) -> None:
        self.lens = lens
        self.meet, self.meet_tree = meet, meet_tree
        self.opaque: list[str] = []
        self._numbers: dict[int, int] = {}
        self._leaves: dict[int, bytes] = {}  # labels of parts of trees that something outside the tree holds
        self._trees = 0
        self._done: dict[int, bytes] = {}  # immutable containers that hold nothing mutable
        self._again: dict[int, bytes] = {}  # those that do, at their second visit and after
        self._once: set[int] = set()
        self._active: dict[int, int] = {}  # unnumbered and not finished
        self._kept: list[object] = []  # ids stay true while the values live
        self._stack: list[_Frame] = []

    def digest(self, value: object, apart: Parts | None = None) -> bytes:
        """The 32 bytes that stand for `value`; `apart`: as already taken apart."""
        root = _Frame(Parts(b"root", (value if apart is None else apart,), label=lambda _: ""), None, None, True, False)
        stack = self._stack = [root]
        while True:
            frame = stack[-1]
            if self._go_through(frame):
                continue
            stack.pop()
            result = self._finish(frame)
            if not stack:
                return result
            stack[-1].add(b"D" + result)
            stack[-1].depends |= frame.depends or frame.numbered

    def _go_through(self, frame: _Frame) -> bool:
        """The parts of a frame, up to one that gets a frame of its own; False when there are no more."""
        items, end = frame.items, len(frame.items)
        while frame.at < end:
            child = items[frame.at]
            frame.at += 1
            data = b"A" + atom(child) if id(type(child)) in ATOMS else self._visit(frame, child)
            if data is None:
                return True
            frame.add(data)
        return False

    def _visit(self, frame: _Frame, child: object) -> bytes | None:
        """The bytes of a part that is no atom, or None after a frame for it is put on the stack."""
        kind = type(child)
        if kind is Parts:
            return self._open(frame, child, child)  # type: ignore[arg-type]  # just compared
        key = id(child)
        number = self._numbers.get(key)
        if number is not None and frame.shares:
            frame.depends = True
            return b"R%d;" % number
        if key in self._leaves and frame.shares:
            frame.depends = True
            return self._leaves[key]
        known = self._done.get(key)
        if known is None and key in self._again:
            frame.depends = True
            known = self._again[key]
        if known is not None:
            return b"D" + known
        if key in self._active:
            frame.depends = True
            return b"Y%d;" % (len(self._stack) - self._active[key])
        if id(kind) in _BULKY and len(child) >= MANY and frame.shares:  # type: ignore[arg-type]  # a container
            tree = self._tree(frame, child)
            if tree is not None:
                return tree
        return self._open(frame, child, self.lens.apart(child))

    def _open(self, frame: _Frame, child: object, parts: Parts) -> bytes | None:
        trail = Trail(frame.trail, frame.label, frame.at - 1)
        if parts.opaque:
            self.opaque.append(f"{path_text(trail)}: {type_name(type(child))}")
        numbered = parts.numbered and frame.shares and child is not parts
        muted = frame.muted
        if numbered:
            frame.depends = True
            number = self._numbers[id(child)] = len(self._numbers)
            self._kept.append(child)
            if self.meet is not None and not muted:
                muted = self.meet(Seen(child, parts, trail, number))
        if not parts.parts or all_atoms(parts.parts):
            plain = atoms(parts.head, parts.parts, unordered=parts.unordered)
            if not (parts.numbered or parts.opaque or child is parts) and (type(child) is FunctionType or is_class(child)):
                self._done[id(child)] = plain  # hundreds of objects name the class and the function that make them again
                self._kept.append(child)
            return b"D" + plain
        if parts.unordered and len(parts.parts) > 1:
            parts.parts = self._ordered(parts.parts)
        inner = _Frame(parts, child, trail, frame.shares if parts.shares is None else parts.shares, muted)
        inner.numbered = numbered
        if not numbered and child is not parts:
            inner.key = id(child)
            self._active[inner.key] = len(self._stack)
        self._stack.append(inner)
        return None

    def _tree(self, frame: _Frame, child: object) -> bytes | None:
        """A whole tree at once; parts of it that stood, or will stand, elsewhere in the value are named there and here alike."""
        flat = all_atoms(child.values() if type(child) is dict else child)  # type: ignore[arg-type]  # a container, and quick anyway
        taken = None if flat else bulk(child)
        if taken is None:
            return None
        trail = Trail(frame.trail, frame.label, frame.at - 1)
        self._trees += 1
        if type(child) is not tuple:
            self._meet_tree(child, trail, taken.held, frame.muted)
        known: list[bytes] = []

        def is_met(ordinal: int, part: object) -> bool:
            number = self._numbers.get(id(part))
            label = self._leaves.get(id(part)) if number is None else b"R%d;" % number
            if label is None:
                self._leaves[id(part)] = b"T%d#%d;" % (self._trees, ordinal)
                return False
            known.append(b"%d=%s" % (ordinal, label))
            return True

        outermost(taken.held, is_met)
        self._kept += [part for _, part in taken.held]
        frame.depends = True
        return b"D" + (digest(b"tree" + taken.digest + b"".join(known)) if known else taken.digest)

    def _meet_tree(self, child: object, trail: Trail, held: list[tuple[int, object]], muted: bool) -> None:
        number = self._numbers[id(child)] = len(self._numbers)
        self._kept.append(child)
        if self.meet is not None and not muted:
            muted = self.meet(Seen(child, _TREE, trail, number))
        if self.meet_tree is not None and not muted and held:
            self.meet_tree(SeenTree(held, trail))

    def _finish(self, frame: _Frame) -> bytes:
        result = frame.close()
        key = frame.key
        if key:
            del self._active[key]
            if type(frame.value) is tuple or type(frame.value) is frozenset:
                self._remember(key, frame, result)
        return result

    def _remember(self, key: int, frame: _Frame, result: bytes) -> None:
        """Immutable containers make a graph too: each is looked through twice at most."""
        if not frame.shares:
            return
        if not frame.depends:
            self._done[key] = result
        elif key in self._once:
            self._again[key] = result
        else:
            self._once.add(key)
        self._kept.append(frame.value)

    # -- sets ------------------------------------------------------------------------------------

    def _ordered(self, elements: Sequence[object]) -> list[object]:
        """The elements of a set in an order that follows from what they hold, so that numbers are given in it."""
        ordered = list(elements)
        for depth, budget in _RANKS:
            ranked = sorted(((self._rank(each, depth, [budget]), at) for at, each in enumerate(ordered)))
            ordered = [ordered[at] for _, at in ranked]
            if all(first[0] != second[0] for first, second in pairwise(ranked)):
                break
        return ordered

    def _rank(self, value: object, depth: int, budget: list[int]) -> bytes:
        if id(type(value)) in ATOMS:
            return atom(value)
        if is_class(value):
            return joined("class", type_name(value))  # type: ignore[arg-type]  # is_class says so
        if id(value) in self._numbers:
            return b"R%d;" % self._numbers[id(value)]
        parts = value if type(value) is Parts else self.lens.apart(value)
        budget[0] -= 1
        if depth == 0 or budget[0] < 0:
            return parts.head
        inner = [self._rank(part, depth - 1, budget) for part in parts.parts[:_RANKED]]
        return digest(joined(parts.head, str(len(parts.parts)), *(sorted(inner) if parts.unordered else inner)))


def path_text(trail: Trail | None, most: int = 8) -> str:
    """A path such as ``.session._sock``; long ones are cut in the middle."""
    labels: list[str] = []
    while trail is not None:
        if trail.label is not None:
            labels.append(_label(trail.label, trail.at))
        trail = trail.above
    labels.reverse()
    if len(labels) > 2 * most:
        labels = [*labels[:most], f"…{len(labels) - 2 * most}…", *labels[-most:]]
    return "".join(labels)


def _label(label: Callable[[int], str], index: int) -> str:
    try:
        return label(index)
    except Exception:  # a key or a column whose text can't be made
        return f"[<{index}>]"

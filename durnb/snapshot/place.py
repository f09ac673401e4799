"""Where a stream is being restored: the live namespace, what it found there, what it made."""

from __future__ import annotations

import importlib
import importlib.util
import marshal
import types
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from typing import Any

from durnb.records import dataclass
from durnb.snapshot.definitions import class_digest, digest_of, earlier_classes, functions_of, lookup, twins
from durnb.snapshot.model import RestoreError
from durnb.snapshot.tracker import claim, is_another, track, tracked, was


@dataclass(frozen=True, slots=True)
class Lender:
    """The notebook with `home` as its namespace lends a scratch place its definitions, other than those under the names `kept`."""

    home: object
    kept: frozenset[str]


@dataclass(slots=True)
class Place:
    """One restore. In a scratch place nothing live is touched, nor used, save the classes in `twins` (by their ids) and what the lender has."""

    namespace: MutableMapping[str, object]
    scratch: bool = False
    own: frozenset[str] = frozenset()
    renamed: dict[str, str] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    live: set[int] = field(default_factory=set)
    other_code: set[int] = field(default_factory=set)
    borrowed: set[int] = field(default_factory=set)
    cells: dict[int, types.CellType] = field(default_factory=dict)
    own_globals: dict[int, dict[str, Any]] = field(default_factory=dict)
    lent: list[str] = field(default_factory=list)
    twins: Mapping[str, type] = field(default_factory=dict)
    lender: Lender | None = None

    def inner(self) -> Place:
        """The same place for another stream: definitions are the same, cells are numbered anew."""
        return Place(
            self.namespace,
            self.scratch,
            self.own,
            self.renamed,
            self.made,
            self.live,
            self.other_code,
            self.borrowed,
            twins=self.twins,
            lender=self.lender,
        )

    def take_back(self) -> None:
        """Unbinds what was lent."""
        for name in self.lent:
            self.namespace.pop(name, None)

    def known(self, uid: str, path: str | None, digest: str, kind: type) -> Any | None:
        """The definition already made in this stream, else the live one with the same code, else one of an earlier restore.

        One that is known to have had this code, and whose code was changed since, is in `other_code`.
        """
        if uid in self.made:
            return self.made[uid]
        if self.scratch:
            return self._twin(uid) or self._lend(uid, path, kind)
        ways = [lambda: self._live(uid, path, digest, kind), lambda: self._tracked(uid, digest, kind)]
        if path is not None and path.partition(".")[0] in self.own:
            ways.reverse()
        found = ways[0]()
        found = ways[1]() if found is None else found  # a class may be false by its metaclass
        if found is not None:
            self.made[uid] = found
            self.live.add(id(found))
            claim(found, uid, self.namespace, digest)
        return found

    def _twin(self, uid: str) -> object | None:
        found = self.twins.get(uid)
        if found is not None:
            self.made[uid] = found
            self.live.add(id(found))
        return found

    def _lend(self, uid: str, path: str | None, kind: type) -> object | None:
        """A definition that a plain cell binds, and that is there again before the stream is restored."""
        if self.lender is None or path is None or path.partition(".")[0] in self.lender.kept:
            return None
        found = tracked(uid, self.lender.home)
        if not isinstance(found, kind):
            return None
        self.made[uid] = found
        self.borrowed.add(id(found))
        return found

    def forget(self, uid: str, found: object) -> None:
        """What was found can't be used after all."""
        del self.made[uid]
        self.live.discard(id(found))
        self.other_code.discard(id(found))

    def earlier(self, uid: str, bases: tuple[type, ...], qualname: str, digest: str) -> type | None:
        """The one class of that name and code that the notebook has defined, defined anew since, and still uses; None where several may be meant."""
        if self.scratch or not bases:
            return None
        bound = lookup(self.namespace, qualname)
        fitting = [
            each
            for each in earlier_classes(bases[0], qualname)
            if each is not bound and self._is_ours(each) and class_digest(each) == digest and not is_another(each, uid)
        ]
        if len(fitting) != 1:
            return None
        self.made[uid] = fitting[0]
        self.live.add(id(fitting[0]))
        claim(fitting[0], uid, self.namespace, digest)
        return fitting[0]

    def _live(self, uid: str, path: str | None, digest: str, kind: type) -> object | None:
        if path is None:
            return None
        for found in twins(lookup(self.namespace, path)):
            if isinstance(found, kind) and id(found) not in self.live and digest_of(found) == digest and not is_another(found, uid):
                return found
        return None

    def _is_ours(self, cls: type) -> bool:
        """Whether a class is of this notebook and stands for no other yet."""
        functions = (function for member in vars(cls).values() for function in functions_of(member))
        return id(cls) not in self.live and all(function.__globals__ is self.namespace for function in functions)

    def _tracked(self, uid: str, digest: str, kind: type) -> object | None:
        found = tracked(uid, self.namespace)
        if not isinstance(found, kind) or id(found) in self.live:
            return None
        if digest_of(found) == digest:
            return found
        if not was(found, digest):
            return None
        self.other_code.add(id(found))
        return found

    def make(self, uid: str, definition: Any, digest: str) -> Any:
        """Remembers a definition that had to be made anew."""
        self.made[uid] = definition
        if not self.scratch:
            track(definition, uid, self.namespace, digest, made=True)
        return definition

    def cell(self, token: int) -> types.CellType:
        return self.cells.setdefault(token, types.CellType())

    def take_cells(self, tokens: tuple[int, ...], cells: tuple[types.CellType, ...]) -> bool:
        """Lets the cells of a live function stand for the stored ones, unless others already do."""
        pairs = list(zip(tokens, cells, strict=True))
        if any(self.cells.get(token, cell) is not cell for token, cell in pairs):
            return False
        self.cells.update(pairs)
        return True

    def globals_of(self, home: str | int | types.ModuleType | None, group: int) -> dict[str, Any]:
        """The globals of a function: the live namespace, a module's, or its own."""
        if home is None:
            if not isinstance(self.namespace, dict):
                raise TypeError("functions need a namespace that is a dict")
            return self.namespace
        if isinstance(home, types.ModuleType):
            return vars(home)
        if isinstance(home, str):
            return vars(importlib.import_module(home))
        return self.own_globals.setdefault(group, {})

    def code(self, stored: tuple[bytes, bytes, str]) -> types.CodeType:
        data, magic, version = stored
        if magic != importlib.util.MAGIC_NUMBER:
            raise RestoreError(
                f"it holds code of Python {version}, which this Python can't run: start the kernel with Python {version}, or run the step again"
            )
        code = marshal.loads(data)
        assert isinstance(code, types.CodeType)
        return self._renamed(code) if code.co_filename in self.renamed else code

    def _renamed(self, code: types.CodeType) -> types.CodeType:
        constants = tuple(self._renamed(each) if isinstance(each, types.CodeType) else each for each in code.co_consts)
        return code.replace(co_filename=self.renamed.get(code.co_filename, code.co_filename), co_consts=constants)


_place: ContextVar[Place] = ContextVar("durnb_place")


def here() -> Place:
    """The restore that is going on."""
    return _place.get()


@contextmanager
def restoring(place: Place) -> Iterator[Place]:
    token = _place.set(place)
    try:
        yield place
    finally:
        _place.reset(token)

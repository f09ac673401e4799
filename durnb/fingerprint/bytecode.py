"""What a code object reads and sets of its globals, and the digest of one without positions."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType

from durnb.fingerprint.hashing import digest
from durnb.fingerprint.scopes import ANYTHING
from durnb.fingerprint.syntax import constant
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Globals:
    """The global names of a code object and of all code inside it."""

    reads: frozenset[str]
    stores: frozenset[str]
    uses: frozenset[tuple[str, str | None]]  # (name, attribute taken directly from it)
    everything: bool


@lru_cache(maxsize=8192)
def globals_of(code: CodeType) -> Globals:
    """The global names of a code object."""
    reads: set[str] = set()
    stores: set[str] = set()
    uses: set[tuple[str, str | None]] = set()
    everything = False
    for each in nested(code):
        last: str | None = None
        for step in dis.get_instructions(each):
            if last is not None and step.opname not in ("CACHE", "PUSH_NULL", "PRECALL", "EXTENDED_ARG"):
                uses.add((last, str(step.argval) if step.opname in ("LOAD_ATTR", "LOAD_METHOD") else None))
                last = None
            match step.opname:
                case "LOAD_GLOBAL" | "LOAD_NAME" | "LOAD_FROM_DICT_OR_GLOBALS" | "LOAD_CLASSDEREF":
                    last = str(step.argval)
                    reads.add(last)
                case "STORE_GLOBAL":
                    stores.add(str(step.argval))
                case "DELETE_GLOBAL":
                    stores.add(str(step.argval))
                    reads.add(str(step.argval))
                case "IMPORT_NAME":
                    everything |= step.argval == "__main__"
    return Globals(reads=frozenset(reads), stores=frozenset(stores), uses=frozenset(uses), everything=everything or bool(reads & ANYTHING))


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and those inside it."""
    todo = [code]
    while todo:
        each = todo.pop()
        yield each
        todo.extend(part for part in each.co_consts if type(part) is CodeType)


def code_digest(code: CodeType) -> bytes:
    """The digest of what a code object does: no line numbers, no file name. Differs between Python versions."""
    parts = [b"code", code.co_code, code.co_exceptiontable]
    parts += [b"%d %d %d %d" % (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)]
    for names in ((code.co_name, code.co_qualname), code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars):
        parts.append(constant(names))
    parts.append(_constants(code.co_consts))
    return digest(b"".join(b"%d:%s" % (len(part), part) for part in parts))


def _constants(values: tuple[object, ...] | frozenset[object]) -> bytes:
    parts: list[bytes] = []
    for value in values:
        match value:
            case CodeType():
                parts.append(b"C" + code_digest(value))
            case tuple():
                parts.append(b"T" + _constants(value))
            case frozenset():
                parts.append(b"F" + _constants(value))
            case slice():  # constants since Python 3.14
                parts.append(b"S" + _constants((value.start, value.stop, value.step)))
            case _:
                parts.append(constant(value))
    if isinstance(values, frozenset):
        parts.sort()
    return b"%d(" % len(parts) + b"".join(parts) + b")"

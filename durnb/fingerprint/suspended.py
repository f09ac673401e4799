"""Generators and coroutines taken apart: by the code that will go on, by what it holds, and by where it stands."""

from __future__ import annotations

import dis
import gc
import types
from functools import lru_cache
from typing import Any

from durnb.fingerprint.looking import type_name
from durnb.fingerprint.origin import Origin, of_globals
from durnb.fingerprint.parts import Parts, joined, opaque
from durnb.fingerprint.source import code_content

_KINDS = {types.GeneratorType: "gi", types.CoroutineType: "cr", types.AsyncGeneratorType: "ag"}


def is_suspended(cls: type) -> bool:
    """Whether a class is that of generators, or of coroutines."""
    return any(cls is each for each in _KINDS)  # a class may say that it equals others


def of_suspended(value: Any) -> Parts:
    """The content of one. What holds the state of a library is opaque, but before it has begun, when all that it has are its arguments."""
    cls = type(value)
    prefix = _KINDS[cls]
    code, frame = getattr(value, f"{prefix}_code"), getattr(value, f"{prefix}_frame")
    if frame is None:
        return Parts(joined("ended", type_name(cls)), numbered=True)
    place = yields_behind(code, frame.f_lasti)
    is_installed = of_globals(frame.f_globals) is Origin.INSTALLED
    if getattr(value, f"{prefix}_running") or (is_installed and place):
        return opaque(type_name(cls))
    what = str(frame.f_globals.get("__name__")) if is_installed else code_content(code).digest
    return Parts(joined(type_name(cls), value.__qualname__, what, str(place)), held_by(value, code), numbered=True)


def where_it_stands(value: Any) -> Parts:
    """One for a probe: exactly where it is, and what it refers to."""
    cls = type(value)
    prefix = _KINDS[cls]
    code, frame = getattr(value, f"{prefix}_code"), getattr(value, f"{prefix}_frame")
    place = "spent" if frame is None else str(frame.f_lasti)
    return Parts(joined("opaque", type_name(cls), place), held_by(value, code), opaque=True)


def held_by(value: object, code: object) -> list[object]:
    """What a generator or coroutine refers to, but its code, its function and its names."""
    return [each for each in gc.get_referents(value) if not _is_itself(each, value, code)]


def _is_itself(part: object, value: Any, code: object) -> bool:
    if type(part) in (types.CodeType, types.FrameType):
        return True
    return part is value.__name__ or part is value.__qualname__ or (type(part) is types.FunctionType and part.__code__ is code)


@lru_cache(maxsize=256)
def yields_behind(code: types.CodeType, last: int) -> int:
    """How many places at which `code` hands out a value are in it up to the instruction `last`; none before it has begun."""
    return sum(step.opname == "YIELD_VALUE" and step.offset <= last for step in dis.get_instructions(code))

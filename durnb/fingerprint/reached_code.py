"""The code that a function runs, as far as it is the notebook's or the project's: without the data that it reads."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from durnb.digests import digest_of
from durnb.fingerprint.bytecode import globals_of
from durnb.fingerprint.origin import Origin, of_class, of_function, of_module
from durnb.fingerprint.source import code_content


def of_code(function: FunctionType | type) -> str:
    """The digest of the code of `function` and of what it reaches by name: functions, classes, functions of project modules.

    Empty where nothing of it is the notebook's or the project's.
    """
    found: set[tuple[str, str]] = set()
    seen: set[int] = set()
    waiting: list[Any] = [function]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        for part in _functions(each):
            found.add((part.__qualname__, code_content(part.__code__).digest.hex()))
            waiting.extend(_reached(part))
        if isinstance(each, type):
            waiting.extend(base for base in each.__bases__ if base is not object)
    return digest_of(*(part for item in sorted(found) for part in item)) if found else ""


def _functions(value: Any) -> Iterator[FunctionType]:
    """The functions of ours that a function or class is made of."""
    if isinstance(value, FunctionType):
        if of_function(value) is not Origin.INSTALLED:
            yield value
    elif isinstance(value, type) and of_class(value) is not Origin.INSTALLED:
        for member in vars(value).values():
            plain = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(plain, FunctionType):
                yield plain


def _reached(function: FunctionType) -> Iterator[object]:
    names = function.__globals__
    for name, attribute in sorted(globals_of(function.__code__).uses, key=lambda use: (use[0], use[1] or "")):
        yield from _code(names.get(name), attribute)
    for cell in function.__closure__ or ():
        try:
            yield from _code(cell.cell_contents, None)
        except ValueError:
            continue


def _code(value: object, attribute: str | None) -> Iterator[object]:
    if isinstance(value, ModuleType):
        if attribute is not None and of_module(value) is not Origin.INSTALLED:
            yield from _code(vars(value).get(attribute), None)
        return
    plain = unwrapped(value)
    if isinstance(plain, FunctionType | type):
        yield plain


def unwrapped(value: object) -> object:
    """What a decorator wrapped and tells of (``__wrapped__``); runs no code of the value."""
    for _ in range(100):
        inner = inspect.getattr_static(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    return value

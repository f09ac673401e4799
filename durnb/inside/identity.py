"""Which call a call is: by name, arguments and occurrence inside what encloses it; and what its function's code is. Content, never order."""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from durnb.digests import digest_of
from durnb.engine.body import Scope
from durnb.errors import UsageError
from durnb.fingerprint import content, of_code, unwrapped
from durnb.records import dataclass

ATOMS: Final = (type(None), bool, int, float, complex, str, bytes)
_LENGTH: Final = 32  # hex characters of an identity, and of a digest of code


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A call's identity within its run, step and generation, and what people call it.

    `arguments` gives the digest of arguments that the call could change; None where it can't, or is known by a key. `method`: the object
    of which it is a method is one of them.
    """

    digest: str
    label: str
    arguments: Callable[[], str] | None = None
    before: str = ""
    method: bool = False

    @property
    def intact(self) -> bool:
        """Whether the arguments are still what they were when the call was made."""
        try:
            return self.arguments is None or self.arguments() == self.before
        except UsageError:  # they have no stable content any more
            return False


def name_of(function: Callable[..., Any]) -> str:
    """The name of what is called: ``fetch``, ``Client.get``, ``math.sqrt``."""
    match function:
        case functools.partial():
            return name_of(function.func)
        case FunctionType() | MethodType() | type():
            return function.__qualname__.replace("<locals>.", "")
        case BuiltinFunctionType():
            return f"{function.__module__}.{function.__qualname__}" if function.__module__ else function.__qualname__
        case _:
            return getattr(function, "__qualname__", type(function).__qualname__)


def identify(
    scope: Scope,
    function: Callable[..., Any],
    name: str,
    key: object,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    owner: object = None,
) -> Identity:
    """The identity of a call made now in `scope`; every asking counts as an occurrence. Raises UsageError where the arguments have no digest.

    `owner` is an object whose method it is, and that does not count.
    """
    if key is not None:
        what, label = f"{name}\0key:{_key_digest(name, key)}", f"{name}[{str(key)[:60]}]"
        _tell_apart(scope, what, label, owner or getattr(function, "__self__", None))
        return occurring(scope, what, label)
    digest = _arguments_digest(name, function, args, kwargs)
    what = f"{name}\0args:{digest}"
    _tell_apart(scope, what, name, owner)
    made = occurring(scope, what, name)
    method = isinstance(function, MethodType) and type(function.__self__) is not type
    if all(type(value) in ATOMS for value in (*args, *kwargs.values())) and not method:
        return made
    return replace(made, method=method, before=digest, arguments=lambda: _arguments_digest(name, function, args, kwargs))


def _tell_apart(scope: Scope, what: str, label: str, owner: object) -> None:
    """Says so where the same was called as a method of another object."""
    if owner is not None and scope.body.is_of_another(what, owner):
        scope.body.say_once(f"{label} is called of several objects, told apart by their order alone: give each of them a name= of its own")


def occurring(scope: Scope, what: str, label: str) -> Identity:
    """The identity of the next occurrence of `what` in `scope`, and in the items of its loops: those that are behind are not gone through again."""
    place = scope.place
    what = f"{place}\0{what}" if place else what
    occurrence = scope.occurrence(what)
    return Identity(digest=digest_of("call", scope.call, what, str(occurrence))[:_LENGTH], label=label)


def _key_digest(name: str, key: object) -> str:
    found = content(key)
    if found.opaque:
        raise UsageError(f"call {name}: its key {type(key).__name__} has no stable content; give text, numbers or tuples of them")
    return found.digest


def _arguments_digest(name: str, function: Callable[..., Any], args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    named = tuple(sorted(kwargs.items()))
    if all(type(value) in ATOMS for value in (*args, *kwargs.values())):  # their text says all, and takes a tenth of the time
        bound = tuple(_bound(function))
        return digest_of(repr((args, named)), content(bound).digest if bound else "")
    found = content((args, named))
    if found.opaque:
        part = found.opaque[0].partition(": ")
        raise UsageError(
            f"call {name}: its argument ({part[2] or part[0]}) has no stable content, so the call can't be known again: "
            f"say what it is by key=, as in durnb.call({name}, key=…)(…)"
        )
    bound = tuple(_bound(function))
    return digest_of(found.digest, content(bound).digest) if bound else found.digest


def _bound(function: Callable[..., Any]) -> Iterator[object]:
    """What a callable brings along beside its code: the object of a method, the arguments of a partial, plain values of a closure."""
    match function:
        case functools.partial():
            yield (function.args, tuple(sorted(function.keywords.items())))
            yield from _bound(function.func)
        case MethodType():
            yield function.__self__
        case FunctionType():
            yield from _captured(function)
        case BuiltinFunctionType():
            if not isinstance(function.__self__, ModuleType | type(None)):
                yield function.__self__
        case type():
            return
        case _:
            yield function


def _captured(function: FunctionType) -> Iterator[object]:
    """Plain values that a function captured, or (a lambda) reads as globals; those that it sets itself are no arguments."""
    sets, reads = _names(function.__code__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        if name not in sets and type(value) in ATOMS:
            yield (name, value)
    if function.__name__ == "<lambda>":
        yield from ((name, function.__globals__[name]) for name in reads if type(function.__globals__.get(name, ...)) in ATOMS)


@lru_cache(maxsize=1024)
def _names(code: CodeType) -> tuple[frozenset[str], tuple[str, ...]]:
    """The captured names that a code object sets, and the globals that it reads."""
    steps = list(dis.get_instructions(code))
    sets = frozenset(str(step.argval) for step in steps if step.opname in ("STORE_DEREF", "STORE_GLOBAL"))
    reads = dict.fromkeys(str(step.argval) for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    return sets, tuple(reads)


def code_of(function: Callable[..., Any]) -> str:
    """The digest of a function's code, and of the notebook's and project's functions and classes that it reaches by name; "" for what is installed."""
    while isinstance(function, functools.partial):
        function = function.func
    plain: Any = unwrapped(function)
    if isinstance(plain, MethodType):
        plain = plain.__func__
    if not isinstance(plain, FunctionType | type):
        plain = inspect.getattr_static(type(plain), "__call__", None)
    return of_code(plain)[:_LENGTH] if isinstance(plain, FunctionType | type) else ""

"""Things that call, and their pieces, taken apart."""

from __future__ import annotations

import functools
import types

from durnb.fingerprint.bytecode import code_digest
from durnb.fingerprint.looking import instance_dict, type_name
from durnb.fingerprint.parts import Parts, Taker, by_name, joined, named


def _of_partial(value: functools.partial[object]) -> Parts:
    fields: dict[str, object] = {"func": value.func, "args": value.args, "keywords": value.keywords}
    return named(b"functools.partial", fields | _attributes(value), numbered=True)


def _attributes(value: object) -> dict[str, object]:
    own = instance_dict(value)
    return {"__dict__": named(b"attributes", dict(own))} if own else {}


def _of_method(value: types.MethodType) -> Parts:
    return Parts(b"method", (value.__func__, value.__self__), label=by_name(("__func__", "__self__")))


def _of_builtin(value: types.BuiltinFunctionType) -> Parts:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return Parts(joined("builtin", value.__module__ or "", value.__qualname__))
    return Parts(joined("builtin", value.__name__), (owner,), label=lambda _: ".__self__")


def _of_wrapper(value: types.MethodWrapperType) -> Parts:
    return Parts(joined("method-wrapper", value.__name__), (value.__self__,), label=lambda _: ".__self__")


def _of_descriptor(value: types.WrapperDescriptorType) -> Parts:
    return Parts(joined("descriptor", type_name(value.__objclass__), value.__name__))


def _of_property(value: property) -> Parts:
    fields: dict[str, object] = {"fget": value.fget, "fset": value.fset, "fdel": value.fdel}
    return named(b"property", fields)


def _of_bound_class(value: staticmethod[..., object] | classmethod[object, ..., object]) -> Parts:
    return Parts(joined(type(value).__name__), (value.__func__,), label=lambda _: "")


def _of_cached_property(value: functools.cached_property[object]) -> Parts:
    return Parts(joined("cached_property", value.attrname or ""), (value.func,), label=lambda _: ".func")


def _of_cell(value: types.CellType) -> Parts:
    try:
        return Parts(b"cell", (value.cell_contents,), label=lambda _: "", numbered=True)
    except ValueError:
        return Parts(b"empty cell", numbered=True)


def _of_lru_cache(value: object) -> Parts:
    own = {key: part for key, part in (instance_dict(value) or {}).items() if key != "__type_params__"}
    return named(b"functools.lru_cache", own, numbered=True)


def _of_code(value: types.CodeType) -> Parts:
    return Parts(b"code" + code_digest(value))


CALLABLES: dict[type, Taker] = {
    functools.partial: _of_partial,
    types.MethodType: _of_method,
    types.BuiltinFunctionType: _of_builtin,
    types.MethodWrapperType: _of_wrapper,
    types.WrapperDescriptorType: _of_descriptor,
    types.MethodDescriptorType: _of_descriptor,
    types.ClassMethodDescriptorType: _of_descriptor,
    types.GetSetDescriptorType: _of_descriptor,
    types.MemberDescriptorType: _of_descriptor,
    property: _of_property,
    staticmethod: _of_bound_class,
    classmethod: _of_bound_class,
    functools.cached_property: _of_cached_property,
    types.CellType: _of_cell,
    type(functools.lru_cache(len)): _of_lru_cache,
    types.CodeType: _of_code,
}

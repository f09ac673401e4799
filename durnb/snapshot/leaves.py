"""dill for leaf objects: those that nothing else can take apart, that share nothing and hold no file."""

from __future__ import annotations

import gc
import importlib
import io
import sys
import types
from typing import Any

from durnb.snapshot.kinds import Refused, verdict

MOST_PARTS = 1000
ATOMS = (str, bytes, int, float, complex, type(None), bool, tuple, frozenset)
OPAQUE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, str, bytes, int, float, type(None))


def dilled(obj: object) -> bytes | None:
    """`obj` as dill writes it; None where dill can't, or where it must not see the object."""
    if not _is_leaf(obj):
        return None
    dill: Any = importlib.import_module("dill")
    sink = io.BytesIO()
    try:
        dill.Pickler(sink, protocol=5, recurse=False).dump(obj)
    except (KeyboardInterrupt, RecursionError):
        raise
    except BaseException:
        return None
    return sink.getvalue()


def _is_leaf(obj: object) -> bool:
    """Whether what hangs on `obj` is small, held by nobody else, and nothing that must not be stored."""
    seen: dict[int, object] = {id(obj): obj}
    queue: list[object] = [obj]
    while queue:
        part = queue.pop()
        if isinstance(verdict(part), Refused) or isinstance(part, io.IOBase) or _is_namespace(part):
            return False
        for each in gc.get_referents(part):
            if id(each) not in seen and not isinstance(each, OPAQUE):
                seen[id(each)] = each
                queue.append(each)
        if len(seen) > MOST_PARTS:
            return False
    return not _held_elsewhere(obj, seen, queue)


def _is_namespace(part: object) -> bool:
    return isinstance(part, dict) and "__builtins__" in part


def _held_elsewhere(root: object, seen: dict[int, object], *ours: object) -> bool:
    ignored = {id(seen), *map(id, ours), id(sys._getframe()), id(sys._getframe(1))}
    for part in seen.values():
        if part is root or isinstance(part, ATOMS):
            continue
        for holder in gc.get_referrers(part):
            if id(holder) not in seen and id(holder) not in ignored and not isinstance(holder, types.FrameType):
                return True
    return False

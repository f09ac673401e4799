"""Where a walk over live objects ends, and what the garbage collector does not tell about them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast
from weakref import ProxyTypes, ReferenceType

from durnb.fingerprint.looking import GC, HEAP, basicsize, derives, flags, module_of, mro, qualname, type_base
from durnb.fingerprint.origin import module_dict

_LEAVES = frozenset(
    id(kind) for kind in (type(None), bool, int, float, complex, str, bytes, bytearray, range, type(Ellipsis), type(NotImplemented))
)
_KERNEL = frozenset(
    {"IPython", "ipykernel", "zmq", "tornado", "jupyter_client", "jupyter_core", "comm", "debugpy", "durnb", "durnb_kernel_ext"}
)
_KNOWN = frozenset(
    {
        "numpy", "pandas", "pyarrow", "polars", "scipy", "torch", "sklearn", "PIL", "orjson", "regex", "lxml", "h5py", "cv2", "pydantic_core",
        "matplotlib", "contourpy", "kiwisolver", "shapely", "pyproj", "rpds", "jiter", "ujson", "blake3", "xxhash", "cryptography", "tiktoken", "google", "grpc",
        "psycopg2", "psycopg_binary", "bson", "yaml", "msgpack", "lz4", "zstandard", "snappy", "fiona", "rasterio", "netCDF4", "tables",
        "pybind11_builtins", "nanobind",
    }
)  # fmt: skip
_CALLING_BACK = frozenset({("sqlite3", "Connection"), ("_tkinter", "tkapp"), ("pyexpat", "xmlparser")})


def is_leaf(cls: type) -> bool:
    """Whether values of exactly this type refer to nothing."""
    return id(cls) in _LEAVES


def is_boundary(cls: type) -> bool:
    """Objects of the kernel, event loops and the register of all loggers: from them everything can be reached, and no cell means that."""
    name = module_of(cls)
    root = name.partition(".")[0]
    if root in _KERNEL:
        return True
    if name == "logging":
        return qualname(cls) == "Manager"
    return root in ("asyncio", "uvloop") and any("Loop" in qualname(each) for each in mro(cls))


def inside(value: object, cls: type) -> list[object] | None:
    """What a value holds that the garbage collector does not show: of numpy's arrays the objects in them and the owner of their memory.

    None: nothing is known.
    """
    numpy: Any = sys.modules.get("numpy")
    names = module_dict(numpy) if numpy is not None else {}
    for name in ("ndarray", "void", "flatiter"):
        kind: Any = names.get(name)
        if kind is not None and derives(cls, kind):
            owner = kind.base.__get__(value)
            return [*_INSIDE[name](kind, value), *([] if owner is None else [owner])]
    return None


def _of_array(kind: Any, value: Any) -> list[object]:
    plain = kind.view(value, kind)
    return _without_plain(_objects(plain)) if plain.dtype.hasobject else []


def _of_row(_: object, value: Any) -> list[object]:
    return list(value.tolist()) if value.dtype.hasobject else []


_INSIDE: dict[str, Callable[[Any, Any], list[object]]] = {"ndarray": _of_array, "void": _of_row, "flatiter": lambda *_: []}


def is_weak(cls: type) -> bool:
    """Whether a value of this type is a weak reference or a weak proxy."""
    return derives(cls, ReferenceType) or any(cls is each for each in ProxyTypes)


def referent(value: Any) -> object | None:
    """What a weak reference or proxy leads to; None where that is gone."""
    if derives(type(value), ReferenceType):
        return cast(object, ReferenceType.__call__(value))
    try:
        return cast(object, value.__reduce_ex__.__self__)  # asked of the object behind it, as everything is
    except Exception:  # it is gone, or answers for attributes in a way of its own
        return None


def _objects(plain: Any) -> list[object]:
    if plain.dtype.names is not None:
        return [part for name in plain.dtype.names for part in _objects(plain[name])]
    found: list[object] = plain.ravel().tolist() if plain.dtype.hasobject else []
    return found


def _without_plain(found: list[object]) -> list[object]:
    """Nothing of what is texts and numbers alone, of which there may be millions."""
    return [] if _LEAVES.issuperset(map(id, map(type, found))) else found


def hides_references(cls: type) -> bool:
    """Whether values of a class may hold callbacks that the garbage collector does not know of: C classes without a traverse."""
    for each in mro(cls):
        if (module_of(each), qualname(each)) in _CALLING_BACK:
            return True
        base = type_base(each)
        if base is None or flags(each) & GC or basicsize(each) <= basicsize(base):
            continue
        if not flags(each) & HEAP and _is_standard(each):
            continue
        if not _is_standard(each) and module_of(each).partition(".")[0] not in _KNOWN:
            return True
    return False


def _is_standard(cls: type) -> bool:
    return module_of(cls).partition(".")[0] in sys.stdlib_module_names

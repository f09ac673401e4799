"""Attributes in which libraries remember what follows from the rest of an object: reading fills them, and they mean nothing.

Reviewed library by library: an attribute may stand here only where the library itself computes it anew when it is missing.
"""

from __future__ import annotations

from types import FunctionType

from durnb.fingerprint.looking import MISSING, class_dict, in_class, mro

REMEMBERED: tuple[tuple[str, tuple[str, ...], frozenset[str]], ...] = (
    ("pandas.core.window.rolling", ("BaseWindow",), frozenset({"_cache"})),
    (
        "networkx",
        ("Graph",),
        frozenset({"nodes", "edges", "degree", "in_degree", "out_degree", "in_edges", "out_edges", "__networkx_cache__"}),
    ),
    ("networkx", ("Graph",), frozenset({"adj", "succ", "pred"})),
    ("matplotlib.colors", ("Colormap",), frozenset({"_lut", "_isinit"})),
    ("statsmodels.base.model", ("Results",), frozenset({"_cache", "_summary_cache", "diagn", "_nobs_int", "_wexog_singular_values"})),
    ("statsmodels.base.data", ("ModelData",), frozenset({"_cache"})),
    ("httpx", ("Response",), frozenset({"_text", "_encoding", "_decoder"})),
    ("httpx", ("Headers",), frozenset({"_encoding"})),
    ("openai", ("OpenAI", "AsyncOpenAI"), frozenset()),
    ("anthropic", ("Anthropic", "AsyncAnthropic"), frozenset()),
    ("sqlalchemy.sql.visitors", ("Visitable",), frozenset({"_memoized_keys", "_non_anon_label", "_proxy_key"})),
    ("sqlalchemy.sql.elements", ("ColumnElement",), frozenset({"_memoized_keys", "_non_anon_label", "_proxy_key"})),
    ("dask.highlevelgraph", ("Layer",), frozenset({"_cached_dict", "_cached_keys", "_dims", "has_legacy_tasks"})),
    ("gensim.models.keyedvectors", ("KeyedVectors",), frozenset({"norms"})),
    ("astropy.coordinates", ("BaseCoordinateFrame", "SkyCoord"), frozenset({"cache"})),
    ("click", ("Command",), frozenset({"_help_option"})),
    ("dateutil.rrule", ("rrulebase",), frozenset({"_cache", "_cache_complete", "_cache_gen", "_cache_lock", "_len"})),
    ("trimesh", ("Trimesh",), frozenset({"_cache"})),
)


def remembered(cls: type, own: dict[str, object]) -> frozenset[str]:
    """Those attributes that stand in the object's own dict in front of a property of its class which would compute them again.

    Only to be asked of classes of the libraries in the table: elsewhere such an attribute may be the one place where something is kept.
    """
    return frozenset(name for name in own if _is_computed(in_class(cls, name)))


def _is_computed(found: object) -> bool:
    if found is MISSING or type(found) is FunctionType:
        return False
    names = {name for each in mro(type(found)) for name in class_dict(each)}
    return "__get__" in names and "__set__" not in names and ("func" in _own(found) or "fget" in _own(found))


def _own(found: object) -> dict[str, object]:
    held = getattr(found, "__dict__", None)
    slots = {name: True for name in ("func", "fget") if hasattr(type(found), name)}
    return {**(held if type(held) is dict else {}), **slots}

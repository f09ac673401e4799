"""The names of a cell."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from dataclasses import field

from durnb.fingerprint.flow import Flow
from durnb.fingerprint.naming import LENT, is_earlier, is_hidden
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNames:
    """What the text of a cell says about names; hidden names of IPython are left out everywhere."""

    reads: frozenset[str]
    certain: frozenset[str]
    binds: frozenset[str]
    deletes: frozenset[str]
    everything: bool
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """For names that the cell reads only as ``name.attribute``: those attributes."""
    imports: frozenset[str] = frozenset()
    """Modules that the cell itself imports, dotted."""
    earlier: bool = False
    """Whether it takes what an earlier cell displayed (``_``, ``Out[3]``)."""
    lent: frozenset[str] = frozenset()
    """Names of IPython's own that the cell binds: no variables of the notebook."""


def names_of(tree: ast.Module) -> CellNames:
    """The names of a parsed cell."""
    try:
        reader = Flow()
        reader.statements(tree.body)
        reader.finish()
    except RecursionError:
        return _coarse(tree)
    return _result(reader)


def _result(reader: Flow) -> CellNames:
    reads = frozenset(name for name in reader.reads if not is_hidden(name))
    taken: dict[str, set[str]] = {}
    for name, attribute in reader.uses:
        if attribute is not None:
            taken.setdefault(name, set()).add(attribute)
    bare = {name for name, attribute in reader.uses if attribute is None}
    return CellNames(
        reads=reads,
        certain=frozenset(name for name in reader.certain & reads if not hasattr(builtins, name)),
        binds=frozenset(name for name in reader.binds if not is_hidden(name)),
        deletes=frozenset(name for name in reader.deletes if not is_hidden(name)),
        everything=reader.everything,
        attributes={name: frozenset(taken[name]) for name in sorted(reads & taken.keys() - bare)},
        imports=frozenset(reader.imports),
        earlier=any(map(is_earlier, reader.reads)),
        lent=LENT & frozenset(reader.binds),
    )


def _coarse(tree: ast.Module) -> CellNames:
    """Of a tree too deep to analyse: every name may be read and bound."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not is_hidden(node.id)}
    return CellNames(reads=frozenset(names), certain=frozenset(), binds=frozenset(names), deletes=frozenset(), everything=True)

"""Which names of a kernel's namespace are the notebook's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

NOTEBOOK_HIDDEN = frozenset(
    {
        "In",
        "Out",
        "_",
        "__",
        "___",
        "_i",
        "_ii",
        "_iii",
        "_ih",
        "_oh",
        "_dh",
        "_exit_code",
        "exit",
        "quit",
        "get_ipython",
        "open",
        "__name__",
        "__doc__",
        "__package__",
        "__loader__",
        "__spec__",
        "__file__",
        "__builtin__",
        "__builtins__",
        "__cached__",
        "__path__",
        "__annotations__",
        "__annotate__",
        "__conditional_annotations__",
        "__session__",
        "__warningregistry__",
        "__vsc_ipynb_file__",
        "__IPYTHON__",
        "__DATABRICKS_UNIFIED__",
    }
)
"""Names that IPython or the interpreter put into a namespace: no variables of the notebook."""

LENT = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open"})
"""Those of them that a person may bind on purpose, though IPython binds them anew in each kernel."""

EARLIER = frozenset({"_", "__", "___", "Out", "_oh"})
"""Names under which IPython keeps what earlier cells displayed."""

_HISTORY = re.compile(r"_i?\d+\Z")


@lru_cache(1 << 16)
def is_hidden(name: str) -> bool:
    """Whether IPython or the interpreter owns this name (``_12`` and ``_i12`` too)."""
    return name in NOTEBOOK_HIDDEN or (name[:1] == "_" and _HISTORY.match(name) is not None)


def is_earlier(name: str) -> bool:
    """Whether an earlier cell's value is found under this name (``_12`` too)."""
    return name in EARLIER or (name[:1] == "_" and name[1:].isdecimal())


def notebook_names(namespace: Iterable[str]) -> list[str]:
    """The names of a namespace that are the notebook's own, in its order; the user's own ``_x`` is one."""
    return [name for name in list(namespace) if type(name) is str and not is_hidden(name)]

"""The IPython extension: what ``%load_ext durnb`` puts into a shell."""

from __future__ import annotations

from typing import Any, Final

from durnb.errors import UsageError
from durnb_kernel_ext.extension import Extension

_ATTRIBUTE: Final = "_durnb_extension"  # on the shell, so that a reload of this module finds what an earlier one put there

__all__ = ["Extension", "load", "loaded", "show_panel", "unload"]


def loaded(ipython: Any) -> Extension | None:
    """The extension of this shell, where it is loaded."""
    found: Extension | None = ipython.__dict__.get(_ATTRIBUTE)
    return found


def load(ipython: Any) -> None:
    """Loads the extension; where it is loaded already, nothing happens."""
    if loaded(ipython) is None:
        extension = Extension(ipython)
        extension.load()
        setattr(ipython, _ATTRIBUTE, extension)


def unload(ipython: Any) -> None:
    """Takes everything out again."""
    extension = loaded(ipython)
    if extension is not None:
        extension.unload()
        delattr(ipython, _ATTRIBUTE)


def show_panel() -> None:
    """Shows the panel of this kernel's run. Raises UsageError outside of a kernel that has durnb loaded."""
    from IPython import get_ipython  # noqa: PLC0415  # there is no shell to ask where IPython is not running

    from durnb_kernel_ext.panels import open_panel  # noqa: PLC0415  # the engine comes with it

    ipython = get_ipython()
    extension = loaded(ipython) if ipython is not None else None
    if extension is None:
        raise UsageError("durnb.panel() shows the run of a kernel that has durnb loaded: %load_ext durnb")
    open_panel(extension)

"""The IPython extension: what ``%load_ext durnb`` puts into a shell."""

from __future__ import annotations

from typing import Any, Final

from durnb_kernel_ext.extension import Extension

_ATTRIBUTE: Final = "_durnb_extension"  # on the shell, so that a reload of this module finds what an earlier one put there

__all__ = ["Extension", "load", "loaded", "unload"]


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

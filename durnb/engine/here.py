"""The session of this process's kernel, for what is called from its cells and not by the extension."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from durnb.engine.session import Session  # heavy: comes with the first durable cell

_kernels: Final[list[Callable[[], Session]]] = []  # of the shells that have durnb loaded: one, save in tests


def enter(session: Callable[[], Session]) -> None:
    """A shell of this process has loaded durnb; `session` gives its session, made at the first call."""
    _kernels.append(session)


def leave(session: Callable[[], Session]) -> None:
    """The inverse of `enter`."""
    if session in _kernels:
        _kernels.remove(session)


def session_here() -> Session | None:
    """The session of the shell that loaded durnb last; None outside of a kernel. Raises DurnbError."""
    return _kernels[-1]() if _kernels else None

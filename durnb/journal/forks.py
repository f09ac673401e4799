"""What a forked child must not keep of its parent's journal: descriptors that hold locks, and DuckDB connections.

A lock taken by flock belongs to the open file, which a child shares, so a child would keep the lease of a dead parent. A connection that the
child's exit destroys would write a checkpoint into its parent's file.
"""

from __future__ import annotations

import ctypes
import os
import threading

_forking = threading.RLock()  # held over a fork, so that no child is born between an open and its registration
_descriptors: set[int] = set()
_leaked: dict[int, object] = {}


def open_guarded(path: str | os.PathLike[str], flags: int, mode: int = 0o600) -> int:
    """A descriptor that forked children close at birth. Raises OSError."""
    with _forking:
        fd = os.open(path, flags | os.O_CLOEXEC, mode)
        _descriptors.add(fd)
    return fd


def close_guarded(fd: int) -> None:
    """Close a descriptor of `open_guarded`; in a forked child, where it is closed already, nothing."""
    with _forking:
        if fd in _descriptors:
            _descriptors.discard(fd)
            os.close(fd)


def never_destroy_in_children(thing: object) -> None:
    """A forked child will leave `thing` as it is, to its very end, its destructor included."""
    with _forking:
        _leaked[id(thing)] = thing


def may_destroy(thing: object) -> None:
    """The inverse of `never_destroy_in_children`, when `thing` is closed."""
    with _forking:
        _leaked.pop(id(thing), None)


def _in_child() -> None:
    for fd in _descriptors:
        os.close(fd)
    _descriptors.clear()
    for thing in _leaked.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    _leaked.clear()
    _forking.release()


os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_in_child)

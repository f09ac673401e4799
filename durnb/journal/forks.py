"""What a forked child must not keep of its parent's journal: descriptors that hold locks, and DuckDB connections.

A lock taken by flock belongs to the open file, which a child shares, so a child would keep the lease of a dead parent. A connection that the
child's exit destroys would write a checkpoint into its parent's file.
"""

from __future__ import annotations

import ctypes
import os
import threading

_forking = threading.RLock()  # held over a fork, so that no child is born between an open and its registration
_open: set[Descriptor] = set()
_leaked: dict[int, object] = {}


class Descriptor:
    """An open file that forked children close at birth. `number` is -1 when it is closed. Opening raises OSError."""

    def __init__(self, path: str | os.PathLike[str], flags: int) -> None:
        with _forking:
            self.number = os.open(path, flags | os.O_CLOEXEC, 0o600)
            _open.add(self)

    def close(self) -> bool:
        """Whether this process had it open until now."""
        with _forking:
            if self.number < 0:
                return False
            _open.discard(self)
            os.close(self.number)
            self.number = -1
            return True


def never_destroy_in_children(thing: object) -> None:
    """A forked child will leave `thing` as it is, to its very end, its destructor included."""
    with _forking:
        _leaked[id(thing)] = thing


def may_destroy(thing: object) -> None:
    """The inverse of `never_destroy_in_children`, when `thing` is closed."""
    with _forking:
        _leaked.pop(id(thing), None)


def _in_child() -> None:
    for descriptor in list(_open):
        descriptor.close()
    for thing in _leaked.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    _leaked.clear()
    _forking.release()


os.register_at_fork(before=_forking.acquire, after_in_parent=_forking.release, after_in_child=_in_child)

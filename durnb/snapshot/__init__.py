"""Namespace to groups of bytes and back; ambient state likewise.

`capture` says what of some names can be stored, in groups that share mutable state; `restore` gives the values of one group back,
`restore_aside` gives them to be looked at.
`ambient`, `ambient_changes` and `set_ambient` do the same for what a process has beside its variables.
"""

from __future__ import annotations

from durnb.snapshot.ambient import AmbientState, ambient, ambient_born, ambient_changes, is_ambient, register_ambient, set_ambient, unkept
from durnb.snapshot.aside import restore_aside
from durnb.snapshot.capture import capture
from durnb.snapshot.definitions import is_imported
from durnb.snapshot.model import Captured, Dropped, Group, Lost, RestoreError, size_of
from durnb.snapshot.registered import problems as ambient_problems
from durnb.snapshot.restore import restore
from durnb.snapshot.standins import noting
from durnb.snapshot.undo import Undo

__all__ = [
    "AmbientState",
    "Captured",
    "Dropped",
    "Group",
    "Lost",
    "RestoreError",
    "Undo",
    "ambient",
    "ambient_born",
    "ambient_changes",
    "ambient_problems",
    "capture",
    "is_ambient",
    "is_imported",
    "noting",
    "register_ambient",
    "restore",
    "restore_aside",
    "set_ambient",
    "size_of",
    "unkept",
]

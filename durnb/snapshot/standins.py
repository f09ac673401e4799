"""What streams call to make again what can't be stored as it is: objects that a person registered, connections, open files.

These names are stored: they may be added to, never changed. None has an effect outside the process.
"""

from __future__ import annotations

from typing import Any

from durnb.registered import prove, registration_named
from durnb.snapshot.model import RestoreError


def registered(name: str, kind: str, dumped: Any) -> Any:
    """What `durnb.register` was told to make of `dumped`. Raises RestoreError that names the type and the function."""
    stored = registration_named(name)
    if stored is None:
        raise RestoreError(f"it holds a {name}, which durnb.register stored: run the plain cell that registers it first")
    try:
        made = stored.load(dumped)
    except Exception as error:
        raise RestoreError(f"load of durnb.register({name}) raised {type(error).__name__}: {error}") from error
    found = f"{type(made).__module__}.{type(made).__qualname__}"
    if found != kind:
        raise RestoreError(f"load of durnb.register({name}) made a {found}, not a {kind}")
    prove(stored)
    return made

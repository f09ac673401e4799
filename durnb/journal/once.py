"""Calls that are made once over all runs of a notebook: a file for each, synced before the call starts; a second with what it gave."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from durnb.journal import disk
from durnb.journal.names import quoted
from durnb.journal.store import Store


class OnceFile:
    """The file of the call `name`. Raises JournalReadOnly and DiskFull where the folder can't be written."""

    def __init__(self, store: Store, name: str) -> None:
        folder = store.folder / "once"
        self._started, self._done = folder / f"{quoted(name)}.started", folder / f"{quoted(name)}.done"

    def start(self, facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Claim the call, durably; None where it is ours now, else what was said by whoever claimed it before."""
        ours = {**facts, "claim": secrets.token_hex(8)}
        with disk.at(self._started):
            disk.make_folder(self._started.parent)
            held: dict[str, Any] = json.loads(disk.create_once(self._started, json.dumps(ours).encode()))
        return None if held == ours else held

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Keep what the call gave."""
        with disk.at(self._done):
            disk.make_folder(self._done.parent)
            disk.replace(self._done, json.dumps(dict(facts)).encode())

    def result(self) -> dict[str, Any] | None:
        """What the call gave, where it is done."""
        with disk.at(self._done):
            try:
                found: dict[str, Any] = json.loads(self._done.read_bytes())
            except FileNotFoundError:
                return None
        return found

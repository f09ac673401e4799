"""Which run the kernel chose: seen from outside, in the status files that the owner of a run writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from durnb.journal import RunName, Store


class RunSighting:
    """Compares a key's runs with what they were before the kernel started."""

    def __init__(self, store: Store, key: str) -> None:
        self.store, self._key = store, key
        self._before: Mapping[RunName, Mapping[str, Any] | None] = {run: store.status(run) for run in self._of_key()}
        self.run: RunName | None = None

    @property
    def resumed(self) -> bool:
        """Whether the run that was seen had begun before."""
        return self.run in self._before

    def look(self) -> RunName | None:
        """The run that was attached to since, as soon as there is one."""
        if self.run is None:
            touched = [run for run in self._of_key() if self.store.status(run) not in (None, self._before.get(run))]
            self.run = touched[-1] if touched else None
        return self.run

    def state(self) -> str | None:
        """The state of the run as its owner last told it; None before there is a run."""
        run = self.look()
        return None if run is None else str((self.store.status(run) or {}).get("state", "open"))

    def mark(self) -> int:
        """A number that changes whenever the owner tells of the run."""
        try:
            return 0 if self.run is None else self.store.file(self.run, "status.json").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _of_key(self) -> list[RunName]:
        return [run for run in self.store.runs() if run.key == self._key]


def store_of(notebook: Path, root: str) -> Store:
    """The notebook's store; `root` is the setting `store`, empty for beside the notebook."""
    return Store.of(notebook, Path(root) if root else None)

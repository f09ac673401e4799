"""All runs of one notebook."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import field
from pathlib import Path
from typing import Any

from durnb.archive.lookup import not_there
from durnb.archive.rows import rows_of
from durnb.archive.run import RunView
from durnb.archive.table import Shown, Table, when
from durnb.clock import Clock, SystemClock
from durnb.config import from_environment
from durnb.engine.here import session_here
from durnb.errors import UsageError
from durnb.journal import RunName, Store, ask
from durnb.records import dataclass


def open_history(
    notebook: str | os.PathLike[str] | None = None, *, namespace: MutableMapping[str, object] | None = None
) -> NotebookHistory:
    """The history of `notebook`, in a kernel by default of its own.

    Functions that are loaded have `namespace` as their globals: by default the live one of the kernel, and outside of one an empty one.
    Raises UsageError where there is no such notebook and no store of it, NotebookUnknown where a kernel does not know its own.
    """
    session = session_here()
    if session is None and notebook is None:
        raise UsageError(
            "durnb.history() knows its notebook only in a kernel with %load_ext durnb: durnb.history('path/to/notebook.ipynb')"
        )
    if notebook is None:
        assert session is not None
        store = session.store()
    else:
        root = session.settings().store if session is not None else from_environment(os.environ).store
        store = Store.of(Path(os.path.abspath(Path(notebook).expanduser())), Path(root).expanduser() if root else None)
        if not store.exists and not store.notebook.exists():
            raise UsageError(f"there is no notebook {store.notebook}, and no store of one: durnb.history('path/to/notebook.ipynb')")
    if namespace is None:
        namespace = session.namespace if session is not None else {"__name__": "__main__", "__builtins__": builtins}
    return NotebookHistory(store, namespace)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NotebookHistory(Shown, Mapping[str, RunView]):
    """The runs of a notebook by their names, such as ``interactive.2``; a key alone (``interactive``) is its newest run."""

    store: Store
    namespace: MutableMapping[str, object]
    clock: Clock = field(default_factory=SystemClock)

    def __reduce__(self) -> tuple[object, ...]:
        return _open_again, (self.store,)  # the namespace is the process's, and no part of what is stored

    def __getitem__(self, name: str) -> RunView:
        return RunView(self, self._named(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return map(str, self.store.runs())

    def views(self) -> list[RunView]:
        """All runs in order; looked up one by one, each would go through the folder."""
        return [RunView(self, run) for run in self.store.runs()]

    def __len__(self) -> int:
        return len(self.store.runs())

    def _find(self, name: str) -> RunName | None:
        return next((run for run in self.store.runs() if str(run) == name), None) or self.store.newest(name)

    def _named(self, name: str) -> RunName:
        found = self._find(name)
        if found is None:
            raise not_there(what="run", name=name, where=self.store.notebook.name, there=tuple(self))
        return found

    @property
    def last(self) -> RunView:
        """The run that was used last. Raises NotInHistory where there is none yet."""
        runs = self.store.runs()
        if not runs:
            raise not_there(what="run", name="last", where=self.store.notebook.name, there=())
        return RunView(self, max(runs, key=lambda run: (str((self.store.status(run) or {}).get("at", "")), run.number)))

    def sql(self, question: str) -> Any:
        """The answer to SQL over the tables `steps`, `attempts`, `checkpoints`, `storage` and `events` of all runs, each with a column `run`.

        A list of tuples (`Rows`), or a DataFrame where pandas is loaded (DuckDB 1.5 loads it by itself). Times are UTC. Runs that another kernel has are left out, with a warning.
        Raises UsageError for SQL that can't be answered.
        """
        return rows_of(ask(self.store, question, self.clock))

    def table(self) -> Table:
        return Table(
            title=f"history of {self.store.notebook.name}",
            heads=("run", "state", "finished", "when", "held by"),
            rows=tuple(_row(run) for run in self.views()),
            foot="" if len(self) else "no durable cell has run yet",
        )


def _row(run: RunView) -> tuple[str, ...]:
    glance = run.told()
    finished = sum(row.status == "finished" for row in glance.rows)
    return run.name, glance.state, f"{finished} of {len(glance.rows)} steps", when(glance.at), run.holder


def _open_again(store: Store) -> NotebookHistory:
    return open_history(store.notebook) if store.exists or store.notebook.exists() else NotebookHistory(store, {})

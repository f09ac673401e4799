"""The extension's side of the engine's session: how one is made, what stands in before, and what it asks of the kernel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from durnb.engine.cells import NotebookCell
from durnb.engine.request import CellRequest
from durnb.engine.stage import Stage
from durnb_kernel_ext.identity import saved_cells

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension owns the session


class KernelSession(Protocol):
    """What the extension uses of `durnb.engine.session.Session`."""

    async def run_cell(self, request: CellRequest, stage: Stage) -> BaseException | None:
        """Runs or reuses the step. The body's exception is returned, not shown; DurnbError is raised where the cell was not run."""
        ...

    def plain_cell(self, source: str) -> None:
        """Hears of a plain cell before it runs; `source` is the transformed text."""
        ...

    def look_at_inbox(self) -> object:
        """Serves other processes' requests; called on the control thread."""
        ...

    def leave(self, why: str) -> None:
        """The kernel ends, or the extension is unloaded."""
        ...


class Uninformed:
    """Stands in until there is a session: keeps what plain cells ran, to be told."""

    def __init__(self) -> None:
        self._cells: list[str] = []

    def plain_cell(self, source: str) -> None:
        self._cells.append(source)

    def tell(self, session: KernelSession) -> None:
        """Tells `session` all that was kept, once."""
        for source in self._cells:
            session.plain_cell(source)
        self._cells.clear()


class KernelSurroundings:
    """Implements `durnb.engine.session.Surroundings`."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension

    def notebook(self) -> Path | None:
        return self._extension.path

    def cells(self) -> Sequence[NotebookCell]:
        path = self._extension.path
        return saved_cells(path) if path is not None else []

    def say(self, text: str) -> None:
        print(text)

    def connection_file(self) -> str | None:
        app = getattr(self._extension.kernel, "parent", None)
        found = getattr(app, "abs_connection_file", None)
        return str(found) if found else None


def engine_session(extension: Extension) -> KernelSession:
    """The engine's session for this kernel; the run is ``DURNB_RUN``'s, else the interactive one."""
    # Imported at the first durable cell: journal, snapshot and fingerprint come with it, and loading the extension has to stay cheap
    from durnb.engine.runs import Wish  # noqa: PLC0415  # see above
    from durnb.engine.session import Session  # noqa: PLC0415  # see above

    key = os.environ.get("DURNB_RUN")
    wish = Wish(key=key, runner=True) if key else Wish()
    return Session(namespace=extension.shell.user_ns, kernel=KernelSurroundings(extension), settings=lambda: extension.settings, wish=wish)

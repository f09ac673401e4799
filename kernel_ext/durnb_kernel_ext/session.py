"""What the extension uses of the engine's session, and what stands in before there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from durnb.engine.request import CellRequest
from durnb.engine.stage import Stage

if TYPE_CHECKING:
    from durnb.engine.waiting import Waiting  # the events of a run come with it, and loading the extension has to stay cheap


class KernelSession(Protocol):
    """What the extension uses of `durnb.engine.session.Session`."""

    async def run_cell(self, request: CellRequest, stage: Stage) -> BaseException | None:
        """Runs or reuses the step. The body's exception is returned, not shown; DurnbError is raised where the cell was not run."""
        ...

    def plain_cell(self, source: str, cell_id: str | None) -> None:
        """Hears of a plain cell before it runs; `source` is the transformed text."""
        ...

    def look(self) -> object:
        """Serves other processes' requests, on the control thread; what it returns (JSON) is answered."""
        ...

    def waiting(self) -> Waiting | None:
        """Whether the cell that runs does nothing but wait; on the control thread."""
        ...

    def leave_step(self) -> bool:
        """Has the cell that runs begin no further durable call; False where it makes none; on the control thread."""
        ...

    def tell_waiting(self, found: Waiting) -> None:
        """Has the step's badge say that it waits without a kernel; on the control thread."""
        ...

    def suspend(self) -> Waiting | None:
        """Records that the run waits without a kernel, where it does nothing but wait; on the control thread."""
        ...

    def close(self) -> None:
        """The kernel ends, or the extension is unloaded."""
        ...


class Uninformed:
    """Stands in until there is a session: keeps what plain cells ran, to be told."""

    def __init__(self) -> None:
        self._cells: list[tuple[str, str | None]] = []

    def plain_cell(self, source: str, cell_id: str | None) -> None:
        self._cells.append((source, cell_id))

    def tell(self, session: KernelSession) -> None:
        """Tells `session` all that was kept, once."""
        for source, cell_id in self._cells:
            session.plain_cell(source, cell_id)
        self._cells.clear()

"""The state of one shell's extension, and what it puts into the shell and takes out again."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from durnb.config import Settings
from durnb.engine import here
from durnb.errors import JournalError, UsageError
from durnb.records import dataclass
from durnb_kernel_ext.ahead import ImportsAhead, will_be_needed
from durnb_kernel_ext.control import Control
from durnb_kernel_ext.displays import Displays
from durnb_kernel_ext.identity import notebook_path
from durnb_kernel_ext.magic import DurableMagic
from durnb_kernel_ext.session import KernelSession, Uninformed
from durnb_kernel_ext.settings import Durable
from durnb_kernel_ext.ticker import Ticker
from durnb_kernel_ext.transformer import hide_header
from durnb_kernel_ext.wrapper import NodeRunner

if TYPE_CHECKING:
    from durnb.engine.cells import NotebookCell
    from durnb.engine.header import FoundHeader
    from durnb.engine.session import Session  # heavy: comes with the first durable cell
    from durnb.engine.unmarked import Blanket
    from durnb.snapshot import AmbientState
    from durnb_kernel_ext.unmarked import UnmarkedCells
    from durnb_widgets.live import LivePanel

_SLOW: Final = 1.0  # seconds

SessionFactory = Callable[["Extension"], KernelSession]


def _engine_session(extension: Extension) -> KernelSession:
    if extension.ahead is not None:
        extension.ahead.finish()
    # journal, snapshot and fingerprint come with it, and loading the extension has to stay cheap
    from durnb_kernel_ext.attachment import make_session  # noqa: PLC0415  # see above

    return make_session(extension)


def _born() -> dict[str, AmbientState]:
    from durnb.snapshot import ambient_born  # noqa: PLC0415  # read when a shell loads us, not when we are imported

    return ambient_born()


@dataclass(slots=True, eq=False)
class Extension:
    """`make_session` is called at the first durable cell: nothing heavy happens before. `notebook` is what ``%durable notebook`` said.

    `all_said` is what ``%durable all`` said last in this kernel. `born` is the ambient state when the extension was loaded: what counts as nothing
    that code did. `slow` are the plain cells that took more than a second when they ran last, by their text, in seconds.
    """

    shell: Any
    make_session: SessionFactory = _engine_session
    notebook: Path | None = None
    off: bool = False
    all_said: Blanket | Literal["off"] | None = None
    said: set[str] = field(default_factory=set)
    born: dict[str, AmbientState] = field(default_factory=_born)
    ticker: Ticker = field(default_factory=Ticker)
    panels: dict[str, LivePanel] = field(default_factory=dict)  # by the cell that shows them, or their key
    slow: dict[str, float] = field(default_factory=dict)
    ahead: ImportsAhead | None = None
    _session: KernelSession | None = None
    _uninformed: Uninformed = field(default_factory=Uninformed)
    _config: Any = None
    _unmarked: UnmarkedCells | None = None
    _parts: list[Any] = field(default_factory=list)

    @property
    def kernel(self) -> Any:
        """The ipykernel, or None in a terminal."""
        return getattr(self.shell, "kernel", None)

    @property
    def path(self) -> Path | None:
        """The notebook's path, where it is known."""
        return notebook_path(self.shell, self.notebook)

    @property
    def settings(self) -> Settings:
        """Raises UsageError for a setting of the environment that can't be read."""
        settings: Settings = self._config.settings()
        return settings

    @property
    def disabled(self) -> bool:
        """Whether marked cells run as plain ones. Raises UsageError where ``DURNB_DISABLE`` can't be read."""
        return self.off or bool(self._config.disable)

    @property
    def _covers(self) -> bool:
        """Whether ``%durable all`` holds now. A setting that can't be read stops the first durable cell, and no plain one."""
        if self.all_said is not None:
            return self.all_said != "off"
        try:
            return bool(self._config.all)
        except UsageError:
            if os.environ.get("DURNB_ALL"):
                raise
            return False

    @property
    def all_by_setting(self) -> bool:
        """Whether the setting ``Durable.all`` makes every cell a step, from the first on."""
        return bool(self._config.all) and self.all_said != "off"

    @property
    def unmarked(self) -> UnmarkedCells:
        """What knows the steps that have no header."""
        if self._unmarked is None:
            # analysing cells' text comes with it, and loading the extension has to stay cheap
            from durnb_kernel_ext.unmarked import UnmarkedCells  # noqa: PLC0415  # see above

            self._unmarked = UnmarkedCells(self)
        return self._unmarked

    def _blanket(self) -> Blanket | None:
        from durnb.engine.unmarked import Blanket  # noqa: PLC0415  # as above

        if self.all_said is None:
            return Blanket() if self._config.all else None
        return None if self.all_said == "off" else self.all_said

    def header_for(self, info: Any) -> FoundHeader | None:
        """The header that ``%durable all`` gives to the executing cell, which has none of its own. Raises UsageError."""
        if not self._covers or self.disabled:
            return None
        return self.unmarked.find(info, self._blanket())

    def cells(self) -> Sequence[NotebookCell]:
        """The cells of the saved notebook file, each with the step that it is."""
        return self.unmarked.cells(self._blanket(), self.all_by_setting)

    @property
    def open_session(self) -> KernelSession | None:
        """The session where there is one already."""
        return self._session

    @property
    def session(self) -> KernelSession:
        """The session, made now if need be. Raises DurnbError."""
        if self._session is None:
            session = self.make_session(self)
            self._uninformed.tell(session)
            self._session = session
        return self._session

    @property
    def engine(self) -> Session:
        """The session by its own type, for the commands. Raises DurnbError."""
        return cast("Session", self.session)

    def _session_here(self) -> Session:
        return self.engine

    def drop_session(self) -> None:
        """Closes the session; the next durable cell makes another."""
        session, self._session = self._session, None
        while self.panels:
            self.panels.popitem()[1].close()
        if session is not None:
            session.close()

    def _exit(self) -> None:
        with suppress(JournalError):  # the journal closes itself at exit too, and may have been first
            self.drop_session()

    def plain_cell(self, source: str, cell_id: str | None) -> None:
        """A plain cell is about to run."""
        (self._session or self._uninformed).plain_cell(source, cell_id)

    def plain_took(self, info: Any, seconds: float) -> None:
        """A plain cell has run."""
        cell = str(info.raw_cell or "").strip()
        if seconds > _SLOW:
            self.slow[cell] = seconds
        else:
            self.slow.pop(cell, None)

    def load(self) -> None:
        """Puts everything in place."""
        running = str((self.shell.user_ns.get("In") or [""])[-1])
        if running.strip():  # the cell that loads us may import libraries too, and began before we could hear of it
            self._uninformed.plain_cell(self.shell.transform_cell(running), None)
        self._config = Durable.instance(parent=self.shell)
        self.shell.configurables.append(self._config)
        self.shell.input_transformers_cleanup.append(hide_header)
        self._parts = [NodeRunner(self), DurableMagic(self), Control(self), Displays(self)]
        for part in self._parts:
            part.install()
        here.enter(self._session_here)
        atexit.register(self._exit)
        if will_be_needed(self.path):
            self.ahead = ImportsAhead(self.shell)

    def unload(self) -> None:
        """Leaves the shell as it was."""
        atexit.unregister(self._exit)
        if self.ahead is not None:
            self.ahead.finish()
        here.leave(self._session_here)
        for part in reversed(self._parts):
            part.remove()
        self._parts.clear()
        self.ticker.close()
        self.drop_session()
        if hide_header in self.shell.input_transformers_cleanup:
            self.shell.input_transformers_cleanup.remove(hide_header)
        if self._config in self.shell.configurables:
            self.shell.configurables.remove(self._config)
        type(self._config).clear_instance()

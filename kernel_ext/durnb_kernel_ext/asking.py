"""Shows what a step waits for in its cell. Every kernel that has a run imports this; what it shows comes with panels, when something is asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from durnb.engine.session import Session
from durnb.fold import History
from durnb.records import dataclass
from durnb_widgets.markup import Markup, join, tag

if TYPE_CHECKING:
    from durnb_widgets.live import LivePanel  # see above

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Asking:
    """Shows, in the cell of a step that waits for a signal, what it asks and how to answer; when it has its answer, what that was.

    On a thread of its own: the first panel of a kernel takes a second, and the step waits for nothing of it.
    """

    session: Session
    kernel: Any
    panels: dict[str, LivePanel]
    _parent: Any = None
    _news: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _told: tuple[str, dict[str, str]] | None = None
    _open: tuple[str, LivePanel, dict[str, str]] | None = None

    def changed(self) -> None:
        """Something happened to the run. Returns at once."""
        if threading.current_thread() is threading.main_thread():  # others answer to other requests than the cell's
            self._parent = self.kernel.get_parent("shell")
        self._news.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="durnb-asking", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while self._news.wait():
            self._news.clear()
            try:
                self._follow()
            except Exception:  # the step goes on, and its badge says what it waits for
                _log.debug("what a step waits for could not be shown", exc_info=True)

    def _follow(self) -> None:
        parent, asking = self._parent, self.session.seen(_asking)
        if asking == self._told:
            return
        self._told = asking
        if self._open is not None:
            self._close(*self._open)
        if asking is not None:
            self._show(*asking, parent)

    def _close(self, step: str, panel: LivePanel, waits: dict[str, str]) -> None:
        self._open = None
        self.panels.pop(panel.key, None)
        self.session.onlookers.remove(panel.changed)
        panel.end(self.session.seen(lambda history: _answers(history, step, waits)) or Markup(""))

    def _show(self, step: str, waits: dict[str, str], parent: Any) -> None:
        from durnb_kernel_ext.panels import Display, page_of, shown  # noqa: PLC0415  # what is shown is imported when something is

        page = self.session.seen(lambda history: page_of(self.session, history))
        if page is not None:
            panel = shown(self.session, Display(self.kernel, parent), page, lambda page: page.only(step), small=True)
            self._open = step, panel, waits
            self.panels[panel.key] = panel
            self.session.onlookers.append(panel.changed)


def _asking(history: History) -> tuple[str, dict[str, str]] | None:
    """The running step that waits for signals, and their names by the wait's identity; None where none does."""
    for step in reversed(history.steps.values()):
        if step.executions and step.status == "running":
            waits = {call: wait.name for call, wait in step.calls.waits.items() if wait.what == "signal"}
            return (step.name, waits) if waits else None
    return None


def _answers(history: History, step: str, waits: Mapping[str, str]) -> Markup:
    """What became of waits that are over."""
    from durnb.views.inside import answer_of  # noqa: PLC0415  # as above
    from durnb_widgets.times import moment  # noqa: PLC0415  # as above

    made = history.steps[step].calls.made
    now = datetime.now().astimezone()
    over = [answer_of(made[call]) for call in waits if call in made]
    lines = [join(*([" · "] if index else []), str(one), ", ", moment(one.at, now)) for index, one in enumerate(over)]
    return tag("div", lines, role="status", style="color:var(--jp-ui-font-color2,#616161);font-size:90%;padding:1px 11px")

"""Ties panels to this kernel's session: what they show, and what their buttons do."""

from __future__ import annotations

import logging
import os
import signal
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from durnb.engine import operations
from durnb.engine.body import body_now
from durnb.engine.creations import working_folder
from durnb.engine.mail import Sender, receive
from durnb.engine.session import Session
from durnb.engine.steering import step_in
from durnb.engine.usage import Holding, of_checkpoint
from durnb.engine.versions import Durable
from durnb.errors import DurnbError, UsageError
from durnb.events import EMPTY
from durnb.fold import History
from durnb.journal import own_lengths
from durnb.records import dataclass
from durnb.steps import StepHistory
from durnb.views import RunPage, RunView, step_page, unreached_page
from durnb.views.preview import previews
from durnb_widgets.live import LivePanel
from durnb_widgets.markup import Markup, tag
from durnb_widgets.panel import panel_text, style
from durnb_widgets.step import step_html
from durnb_widgets.tables import restored_text

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # its commands show panels

_log = logging.getLogger(__name__)
_FAILED: Final = 20  # attempts whose outputs are shown


def page_of(session: Session, history: History, view: RunView | None = None, *, drawn: bool = True) -> RunPage:
    """The page of the session's run as `history` tells it; `view` made those before it. Not `drawn`: its timeline may be an earlier one."""
    now, settings, folder = datetime.now().astimezone(), session.settings(), Path(working_folder())
    body = body_now()
    maps = tuple(body.maps.values()) if body is not None else ()
    return (view or RunView()).page(history, session.kernel.cells(), now, settings, folder, maps=maps, drawn=drawn)


def open_panel(extension: Extension) -> None:
    """Shows a panel in the cell that runs, and has it follow the run until the kernel ends. Raises DurnbError."""
    session = extension.engine
    page = page_of(session, session.peek() or History())
    kernel = extension.kernel
    if kernel is None:
        print(panel_text(page))
        return
    panel = shown(session, Display(kernel, kernel.get_parent("shell")), page, lambda page: page)
    cell = str((kernel.get_parent("shell").get("metadata") or {}).get("cellId") or "")
    close_panel(extension, cell)
    session.onlookers.append(panel.changed)
    extension.panels[cell] = panel


@dataclass(slots=True, eq=False)
class _Look:
    """Makes the page of the session's run again and again; of a run that this kernel gave up, as it was then."""

    session: Session
    part: Callable[[RunPage], RunPage]
    _view: RunView = field(default_factory=RunView)
    _held: History | None = None

    def page(self, drawn: bool) -> RunPage | None:
        page = self.session.seen(lambda history: self._tell(history, drawn))
        if page is not None or self._held is None:
            return page
        last = self._tell(self._held, drawn)
        return replace(last, state=f"{last.state}, given up by this kernel") if last.state == "open" else last

    def _tell(self, history: History, drawn: bool) -> RunPage:
        self._held = history
        return self.part(page_of(self.session, history, self._view, drawn=drawn))


def _rests(history: History) -> bool:
    """Whether no step runs."""
    return all(step.status != "running" for step in history.steps.values())


def shown(session: Session, display: Display, page: RunPage, part: Callable[[RunPage], RunPage], *, small: bool = False) -> LivePanel:
    """A live panel of a part of the page, shown in the cell that runs."""
    panel = LivePanel(
        part(page),
        look=_Look(session, part).page,
        rests=lambda: bool(session.seen(_rests)),
        publish=display.change,
        operate=lambda operation, step, message: operate(session, operation, step, message),
        detail=lambda step: detail(session, step),
        small=small,
    )
    display.show(panel.html(), part(page))
    return panel


def close_panel(extension: Extension, cell: str) -> None:
    """The panel of a cell that is run again has no place any more."""
    panel = extension.panels.pop(cell, None)
    if panel is not None:
        extension.engine.onlookers.remove(panel.changed)
        panel.close(publish=False)


class Display:
    """One display in the notebook, in the cell of the request `parent`, which is changed from any thread.

    A change belongs to the request that runs then: front ends go by the display's id, and nbclient hears of nothing else.
    """

    def __init__(self, kernel: Any, parent: Any) -> None:
        self._kernel, self._parent, self._id = kernel, parent, f"durnb-{uuid.uuid4().hex}"

    def show(self, html: Markup, page: RunPage) -> None:
        self._send("display_data", html, page, self._parent)

    def change(self, html: Markup, page: RunPage) -> None:
        self._send("update_display_data", html, page, self._kernel.get_parent("shell"))

    def _send(self, kind: str, html: Markup, page: RunPage, parent: Any) -> None:
        content = {
            "data": {"text/html": html, "text/plain": panel_text(page)},
            "metadata": {"durnb": {"badge": True, "panel": True}},
            "transient": {"display_id": self._id},
        }
        self._kernel.session.send(self._kernel.iopub_socket, kind, content, parent=parent, ident=self._kernel._topic(kind))


def detail(session: Session, name: str) -> Markup:
    """All about a step, as HTML. Raises UsageError for a step that there is not."""
    history = session.peek() or History()
    step = history.steps.get(name)
    now = datetime.now().astimezone()
    if step is None or not step.executions:
        unreached = unreached_page(name, session.kernel.cells())
        if unreached is None:
            step_in(history, name)  # raises, and names the steps there are
            raise UsageError(f"there is no step {name!r}")
        return step_html(unreached, now)
    page = step_page(
        step,
        previews=previews(_live(session, step)),
        outputs=_outputs(session, step),
        failed=_failed(session, step),
        holdings=_holdings(session, step),
    )
    return step_html(page, now)


def step_panel(session: Session, name: str) -> Markup:
    """`detail` with the style that it needs, to stand alone."""
    return tag(
        "div",
        tag("div", detail(session, name), class_="durnb-detail"),
        style(),
        class_="durnb-panel",
        role="region",
        aria_label=f"step {name}",
    )


def _live(session: Session, step: StepHistory) -> dict[str, object]:
    """The step's variables that are live as it left them."""
    version = Durable(step.name, step.current or 0)
    held = list(session.live.names.items())
    return {name: session.namespace[name] for name, live in held if live.version == version and name in session.namespace}


def _outputs(session: Session, step: StepHistory) -> list[dict[str, Any]]:
    """What the step's checkpoint holds of its outputs. Nothing where this kernel does not have the run."""
    if not session.attached or step.checkpoint is None:
        return []
    try:
        return session.shelf.outputs(step.name, session.shelf.manifest(step.checkpoint))
    except DurnbError as error:
        return [{"output_type": "stream", "text": f"they can't be read: {error}"}]


def _holdings(session: Session, step: StepHistory) -> list[Holding]:
    """What the step's checkpoint stores. Nothing where this kernel does not have the run."""
    if not session.attached or step.checkpoint is None:
        return []
    try:
        return of_checkpoint(step, own_lengths(session.journal).of)
    except DurnbError as error:
        _log.debug("the sizes of %s are not told: %s", step.name, error)
        return []


def _failed(session: Session, step: StepHistory) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """What the last failed attempts had shown, by execution and attempt."""
    found = (
        [(e.number, attempt) for e in step.executions for attempt in e.attempts if attempt.outputs][-_FAILED:] if session.attached else []
    )
    shown: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for execution, attempt in found:
        with suppress(DurnbError):  # removed by retention, say: the attempt is told without it
            shown[execution, attempt.number] = session.shelf.failure(step.name, attempt)
    return shown


def operate(session: Session, operation: str, step: str, message: Mapping[str, Any] = EMPTY) -> str:
    """Do what a button of the panel says (`message` holds the signal that it sends); what came of it, in words. Raises DurnbError."""
    match operation:
        case "rerun":
            operations.rerun(session, step)
            return f"{step} runs again when its cell is run next"
        case "retry" | "keep" | "done" | "abort":
            return operations.resolve(session, step, operation)
        case "signal":
            name, value = str(message.get("signal")), str(message.get("value"))
            receive(operations.steered(session), name, value, uuid.uuid4().hex, Sender.here("the panel"))
            session.write_status()
            return f"{name}: {value} was sent"
        case "wake":
            return operations.wake(operations.steered(session), step)
        case "restore":
            return _restore(session, step)
        case "interrupt":
            return _interrupt(session, step)
        case _:
            raise UsageError(f"the panel asks for {operation!r}, which this version of durnb does not know: reload the page")


def _restore(session: Session, step: str) -> str:
    if not session.busy.acquire(blocking=False):
        raise UsageError("a durable cell is running: restore when it has ended")
    try:
        return restored_text(operations.restore(session, step or None))
    finally:
        session.busy.release()


def _interrupt(session: Session, step: str) -> str:
    """As the front end's own button does: the kernel and what it started are interrupted."""
    if session.busy.acquire(blocking=False):
        session.busy.release()
        raise UsageError(f"{step} does not run any more")
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)
    return f"{step} is interrupted"

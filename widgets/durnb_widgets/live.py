"""A panel that is live: it follows the run, and does what its buttons say.

The notebook holds the panel as plain HTML, which is changed a moment after the run did: a notebook saved at any time, kernel killed or not, shows
its last state. The widget has no view of its own in the notebook. Its script finds the panel's HTML in the page, and makes that live: where the
front end has no widgets, the HTML stays as it is and is still kept up to date.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from durnb.errors import DurnbError
from durnb.views import RunPage
from durnb.views.standing import QUIET, STANDINGS
from durnb_widgets.markup import Markup
from durnb_widgets.panel import Pieces, Rows, panel_html, pieces, shell, static, timeline_html

SETTLING: Final = 0.03  # seconds after a change until it is looked at: a short step has begun and ended by then
SHOWN_EVERY: Final = 0.2  # seconds between two looks, at least
SAVED_EVERY: Final = 1.0  # seconds between two changes of what the notebook holds, and of the timeline, at least
ANNOUNCED_EVERY: Final = 5.0  # seconds, while a cell runs, at first: a page that is loaded anew hears of the panel by that
SHARE: Final = 0.1  # of one processor, that the panel takes at most: what costs more is done less often
LOOKED_AFTER: Final = 1.0  # seconds of a step that runs, while something is seen to go on in it
SCRIPTS: Final = ("link.js", "rows.js", "dom.js", "panel.js")  # one module: what is sent to a page can import nothing from beside it
LOOKED_EVERY: Final = 10.0  # seconds, at last
_RESTORE: Final = "Put the variables of all finished steps back? What cells changed in them since then is lost from the kernel."
_WIDGETS: Final = "2.1.0"  # the version of ipywidgets' messages
_NOTHING: Final = Markup("")

Look = Callable[[bool], RunPage | None]
Rests = Callable[[], bool]
Publish = Callable[[Markup, RunPage], None]
Operate = Callable[[str, str, Mapping[str, Any]], str]
Detail = Callable[[str], Markup]


def panel_widget(key: str) -> Any | None:
    """The model behind a live panel; None where anywidget is not installed or no front end can be reached."""
    try:
        import anywidget  # noqa: PLC0415  # 200 ms, and only a live panel needs it
    except ImportError:
        return None
    import traitlets  # noqa: PLC0415  # comes with anywidget

    class DurnbPanel(anywidget.AnyWidget):
        """Its script does everything; there is no view."""

        _esm = "\n".join(map(static, SCRIPTS))
        key = traitlets.Unicode().tag(sync=True)

    return DurnbPanel(key=key)


class LivePanel:
    """Follows a run from a thread of its own.

    `look` gives the run's page as it is now (None while there is none), with the timeline drawn anew or not, `rests` says whether no step runs,
    `publish` changes what the notebook holds, `operate` does what a button says, `detail` shows a step. While a step runs, the panel looks now and then by itself, so that its time goes on.
    """

    def __init__(
        self, page: RunPage, *, look: Look, rests: Rests, publish: Publish, operate: Operate, detail: Detail, small: bool = False
    ) -> None:
        self.key = uuid.uuid4().hex[:12]
        self._look, self._rests, self._publish, self._operate, self._detail = look, rests, publish, operate, detail
        self._small = small
        self._condition = threading.Condition()
        self._looking, self._sending, self._publishing = threading.Lock(), threading.Lock(), threading.Lock()
        self._page, self._changed, self._closed = page, False, False
        self._saved, self._live = Rows(live=False), Rows(live=True)
        self._sent: Pieces | None = None
        self._widget = panel_widget(self.key)
        if self._widget is not None:
            self._hear(self._widget)
        self._pressing = threading.Lock()
        self._since = self._announced = self._drawn = 0.0
        threading.Thread(target=self._serve, name="durnb-panel", daemon=True).start()

    def html(self) -> Markup:
        """The panel as the notebook holds it."""
        return panel_html(self._page, self.key, self._saved, small=self._small)

    def changed(self) -> None:
        """Something happened to the run. From any thread; returns at once, where a page shows the panel.

        Where none has asked for it, the notebook is all that there is, and whoever executes it takes in what comes before a cell's end, no later.
        """
        if self._sent is None and threading.current_thread() is threading.main_thread() and self._rests():
            self.settle()
        with self._condition:
            self._changed = True
            self._condition.notify()

    def close(self, *, publish: bool = True) -> None:
        """The last state is published, and the panel stays as it is."""
        if publish and not self._closed:
            self._guarded(lambda: self._look_on(drawn=True))
        self._end(self.html() if publish else None)

    def end(self, last: Markup) -> None:
        """What it showed is over; `last` takes its place in the notebook."""
        self._end(last)

    def _end(self, last: Markup | None) -> None:
        with self._condition:
            if self._closed:
                return
            self._closed = True
            self._condition.notify()
        if last is not None:
            with self._publishing:
                self._publish(last, self._page)
        if self._widget is not None:
            self._widget.close()

    # ---- to the page

    def _serve(self) -> None:
        published, behind, pause = 0.0, False, LOOKED_AFTER
        while True:
            lasts = any(card.standing == "running" for card in self._page.cards)
            self._announce(lasts)
            news = self._wait(max(0.0, published - time.monotonic()) if behind else pause if lasts else None)
            if news or not behind:
                self._rest(SETTLING)
                began, before = time.thread_time(), self._page.cards
                behind = self._show() or behind
                pause = LOOKED_AFTER if self._page.cards != before or not lasts else min(1.5 * pause, LOOKED_EVERY)
                self._rest(max(SHOWN_EVERY, (time.thread_time() - began) / SHARE))
            if self._closed:
                return
            if behind and time.monotonic() >= published:
                began = time.thread_time()
                self.settle()
                behind = False
                published = time.monotonic() + max(SAVED_EVERY, (time.thread_time() - began) / SHARE)

    def _announce(self, lasts: bool) -> None:
        """Open the comm once more for a page that was loaded anew: it could ask for that only when the cell that runs has ended."""
        now = time.monotonic()
        if not lasts or not self._since:
            self._since = self._announced = now if lasts else 0.0
        # less and less often: whoever keeps the messages for an absent page keeps these, too
        every = max(ANNOUNCED_EVERY, (now - self._since) / 20)
        if self._widget is None or self._sent is None or now < self._announced + every or not lasts:
            return
        self._announced = now
        with self._publishing:
            if not self._closed:
                for model in (self._widget.layout, self._widget):
                    model.comm.open(data={"state": model.get_state(), "buffer_paths": []}, metadata={"version": _WIDGETS})

    def _wait(self, seconds: float | None) -> bool:
        """Until something has happened, or for so long; whether something has."""
        with self._condition:
            self._condition.wait_for(lambda: self._changed or self._closed, seconds)
            return self._changed

    def _rest(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._closed, min(seconds, LOOKED_EVERY))

    def settle(self) -> None:
        """What the notebook holds, and the timeline, which is much to draw, are made to say what is so now. From any thread."""
        self._guarded(self._settled)

    def _settled(self) -> bool:
        seen = self._look_on(drawn=True)
        self._patch_chart()
        with self._publishing:
            if not self._closed:
                self._publish(self.html(), self._page)
        return seen

    def _show(self) -> bool:
        """Look, and send what has changed; whether there was anything to see."""
        with self._condition:
            self._changed = False  # what changes from here on is looked at next
        return self._guarded(self._shown)

    def _shown(self) -> bool:
        drawn = time.monotonic() >= self._drawn + SAVED_EVERY
        seen = self._look_on(drawn=drawn)
        if drawn:
            self._patch_chart()
        return seen

    @staticmethod
    def _guarded(look: Callable[[], bool]) -> bool:
        try:
            return look()
        except Exception as error:  # on the kernel's own log: the cell that runs would record it as an output of its step
            print(f"durnb: the panel could not be shown: {error!r}", file=sys.__stderr__)
            return False

    def _look_on(self, *, drawn: bool) -> bool:
        with self._looking:
            page = self._look(drawn)
            if page is None:
                return False
            self._page = page
            self._patch(page)
            return True

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._widget is not None:
            self._widget.send(message)

    def _patch(self, page: RunPage) -> None:
        """Send what is not as it was sent last; the timeline comes later."""
        with self._sending:
            before = self._sent
            if before is None:
                return  # no page has asked yet
            now = self._sent = replace(pieces(page, self._live), chart=before.chart)
            patch: dict[str, Any] = {"kind": "patch", "rows": {step: row for step, row in now.rows.items() if before.rows.get(step) != row}}
            patch |= {name: getattr(now, name) for name in ("head", "foot") if getattr(now, name) != getattr(before, name)}
            if list(now.rows) != list(before.rows):
                patch["order"] = list(now.rows)
            self._send(patch)

    def _patch_chart(self) -> None:
        with self._sending:
            before, drawn, self._drawn = self._sent, timeline_html(self._page), time.monotonic()
            if before is not None and drawn != before.chart:
                self._sent = replace(before, chart=drawn)
                self._send({"kind": "patch", "rows": {}, "chart": drawn})

    def _whole(self, way: str) -> None:
        """All of it, for a page that asked for it this way."""
        with self._sending:
            now = self._sent = replace(pieces(self._page, self._live), chart=timeline_html(self._page))
            self._send(
                {
                    "kind": "page",
                    "way": way,
                    "shell": shell(self.key, now.head, _NOTHING, now.chart, now.foot, live=True, small=self._small),
                    "rows": dict(now.rows),
                    "order": list(now.rows),
                    "standings": list(STANDINGS),
                    "quiet": list(QUIET),
                    "restore": _RESTORE,
                }
            )

    # ---- from the page

    def _hear(self, widget: Any) -> None:
        for model in (widget, widget.layout):
            if hasattr(model.comm, "_reply_subshell_for"):  # ipykernel 7: so that a click is heard while a cell keeps the main thread busy
                model.comm._reply_subshell_for = lambda data, default: default
        widget.on_msg(lambda _, content, buffers: self._take(content))

    def take(self, message: Mapping[str, Any]) -> None:
        """A message of the page that came another way. From any thread; returns at once."""
        threading.Thread(target=self._take, args=(message,), name="durnb-press", daemon=True).start()

    def _take(self, message: Mapping[str, Any]) -> None:
        """A message of the page; never raises, since nobody would see it."""
        operation, step = str(message.get("op")), str(message.get("step") or "")
        with self._pressing:
            self._do(operation, step, message)

    def _do(self, operation: str, step: str, message: Mapping[str, Any]) -> None:
        try:
            match operation:
                case "hello":
                    self._whole(str(message.get("way")))
                case "detail":
                    self._send({"kind": "detail", "step": step, "html": self._detail(step)})
                case _:
                    self._say(self._operate(operation, step, message), ok=True)
        except DurnbError as error:
            self._say(str(error), ok=False)
        except Exception as error:
            self._say(f"{type(error).__name__}: {error}", ok=False)

    def _say(self, text: str, *, ok: bool) -> None:
        self._send({"kind": "said", "text": text, "ok": ok})

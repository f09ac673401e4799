"""Answers other processes on the kernel's control channel, which is served while a cell runs (authenticated by the connection file's key)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from durnb.engine.messages import REPLY, REQUEST

if TYPE_CHECKING:
    from durnb.engine.waiting import Waiting  # it comes with the first durable cell
    from durnb_kernel_ext.extension import Extension  # the extension owns this part of it


class Control:
    """Handles ``durnb_request`` messages ``{"op": "look"}`` (leave, waiting, suspend; panel, by which pages press buttons) on the control thread; a reply has ``status`` ok or error."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension
        self._handler = self._handle

    def install(self) -> None:
        if self._extension.kernel is not None:
            self._extension.kernel.control_handlers[REQUEST] = self._handler

    def remove(self) -> None:
        handlers = getattr(self._extension.kernel, "control_handlers", {})
        if handlers.get(REQUEST) is self._handler:
            del handlers[REQUEST]

    def _handle(self, stream: Any, ident: Any, parent: Any) -> None:
        session = self._extension.kernel.session
        session.send(stream, REPLY, self._answer(parent.get("content") or {}), parent=parent, ident=ident)

    def _answer(self, content: dict[str, Any]) -> dict[str, Any]:
        """Never raises: an exception here would reach the kernel's control loop."""
        try:
            session = self._extension.open_session
            match content.get("op"):
                case "look":
                    return {"status": "ok", "result": session.look() if session is not None else None}
                case "waiting":
                    return {"status": "ok", "result": _told(session.waiting() if session is not None else None)}
                case "leave":
                    return {"status": "ok", "result": session.leave_step() if session is not None else None}
                case "suspend":
                    return {"status": "ok", "result": _told(self._suspend())}
                case "panel":
                    return self._press(str(content.get("key")), content.get("message"))
                case other:
                    return {"status": "error", "error": f"unknown op {other!r}"}
        except Exception as error:
            return {"status": "error", "error": f"{type(error).__name__}: {error}"}

    def _suspend(self) -> Waiting | None:
        """What is shown last stays in the notebook for as long as the wait lasts, so it says so; the badge comes last."""
        session = self._extension.open_session
        waiting = session.suspend() if session is not None else None
        if session is not None and waiting is not None:
            for panel in list(self._extension.panels.values()):
                panel.settle()
            session.tell_waiting(waiting)
        return waiting

    def _press(self, key: str, message: Any) -> dict[str, Any]:
        """A page speaks to a panel. It is heard on another thread: interrupts come this way, too."""
        panel = next((panel for panel in list(self._extension.panels.values()) if panel.key == key), None)
        if panel is None or not isinstance(message, dict):
            return {"status": "error", "error": "there is no such panel"}
        panel.take(message)
        return {"status": "ok", "result": None}


def _told(waiting: Waiting | None) -> dict[str, Any] | None:
    return waiting.as_json() if waiting is not None else None

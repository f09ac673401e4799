"""Records what a cell publishes while a front end shows it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from durnb_kernel_ext.drain import drain
from durnb_kernel_ext.transcript import RECORDED, Transcript

_DELIMITER: Final = b"<IDS|MSG>"  # of Jupyter's wire format: then signature, header, parent, metadata, content
_HEADER, _PARENT, _CONTENT = 2, 3, 5


class Recorder:
    """Sits on ``kernel.iopub_thread.send_multipart`` while its cell runs: the one place that threads, subprocesses and forked children pass."""

    def __init__(self, kernel: Any, limit: int) -> None:
        self._kernel = kernel
        self._thread: Any = kernel.iopub_thread
        self._unpack = kernel.session.unpack
        self._parent = kernel.get_parent("shell")
        request = str(self._parent.get("header", {}).get("msg_id", ""))
        self._request = request.encode()
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._transcript = Transcript(limit, request)
        self._running = False  # the user's code
        self._drained = True  # the descriptors, since it last ran
        self._hook = self._send  # one bound method, to be recognised when it is taken off
        self._on = False
        self._original: Any = None

    def __enter__(self) -> Recorder:
        self._original = self._thread.send_multipart
        self._on = True
        self._thread.send_multipart = self._hook
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._on = False
        if self._thread.__dict__.get("send_multipart") is not self._hook:
            return  # another tool sits on top of us; we only pass on from now
        if getattr(self._original, "__func__", None) is type(self._thread).send_multipart:
            del self._thread.send_multipart
        else:
            self._thread.send_multipart = self._original

    def outputs(self) -> list[dict[str, Any]]:
        """What the cell has published so far, output of subprocesses and threads included."""
        self._drain()
        with self._lock:
            return self._transcript.outputs()

    @contextmanager
    def body(self) -> Iterator[None]:
        """The user's code runs inside, and may publish something; after it, what it published may still be on its way."""
        self._running, self._drained = True, False
        try:
            yield
        finally:
            self._running = False

    def _drain(self) -> None:
        if not self._drained:
            drain()
            self._drained = not self._running

    def forget(self) -> None:
        """Drops what was published so far, even where it is still on its way."""
        self._drain()
        with self._lock:
            self._transcript.forget()

    def take_cleared(self) -> bool:
        """Whether the cell's outputs, and so its badge, were cleared since the last call."""
        self._drain()
        with self._lock:
            cleared, self._transcript.cleared = self._transcript.cleared, False
        return cleared

    def update_display(self, content: Mapping[str, Any]) -> None:
        """Changes a display of the cell, from any thread; nothing happens once the cell's outputs were cleared, which took the display away."""
        with self._lock:  # so that no clearing of the outputs passes between the look and the sending
            if not self._transcript.cleared and not self._transcript.clears_next:
                self.send("update_display_data", content)

    def send(self, kind: str, content: Mapping[str, Any]) -> None:
        """Publishes a display of durnb's own in the cell, ahead of what stands in the streams' buffers: flushing takes two turns of threads."""
        self._kernel.session.send(self._kernel.iopub_socket, kind, dict(content), parent=self._parent, ident=self._kernel._topic(kind))

    def _send(self, message: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        if self._on and os.getpid() == self._pid:  # a forked child's messages come again, through the parent
            try:
                self._note(message)
            except Exception as error:  # a message that we can't read must still be sent
                print(f"durnb: an output was shown and not recorded: {error!r}", file=sys.__stderr__)
        return self._original(message, *args, **kwargs)

    def _note(self, message: Sequence[Any]) -> None:
        start = next((index for index, frame in enumerate(message[:4]) if frame == _DELIMITER), None)
        if start is None or len(message) <= start + _CONTENT or self._request not in bytes(message[start + _PARENT]):
            return
        kind = self._unpack(bytes(message[start + _HEADER]))["msg_type"]
        if kind not in RECORDED:
            return
        raw = bytes(message[start + _CONTENT])
        if kind.startswith("comm_") and b'"msg_id"' not in raw:
            return
        content = self._unpack(raw)
        with self._lock:
            self._transcript.add(kind, content, len(raw))

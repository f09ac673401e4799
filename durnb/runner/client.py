"""One life of a kernel: nbclient's client, with durnb loaded, cell ids sent along, and an end that a signal can ask for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import queue
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from durnb.engine.messages import REQUEST
from durnb.errors import UsageError
from durnb.runner.cells import is_badge, loads_durnb

STARTUP_TIMEOUT: Final = 180  # seconds; a loaded machine may take a minute to import what a kernel imports
SHUTDOWN_GRACE: Final = 60.0  # seconds for the kernel to leave in good order, its journal closed
_SOON: Final = 5.0  # seconds for durnb in the kernel to answer
_AT_HAND: Final = 0.01  # seconds; what has arrived by then is looked at, the rest the next time
_LAST_WORDS: Final = 2000  # bytes
_LAST_LINES: Final = 12
_EXTENSION: Final = "--ext=durnb"

_quiet = logging.getLogger("durnb.runner.kernel")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # deaths and errors of cells are the runner's to tell, once


class KernelLife(NotebookClient):
    """A client for one kernel, from its start to its end or death; a new life needs a new object.

    `says` is given each piece of text that a cell prints, as it comes. A cell's outputs beyond `max_output` bytes are left out, with a note.
    `messages` counts what the kernel published; `last_words` are the end of what its process, and no cell, wrote to its terminal; `durable` tells that it knows durable cells, `at_work` that a cell runs.
    """

    def __init__(self, notebook: NotebookNode, *, folder: Path, kernel: str | None, says: Callable[[str], None], max_output: int) -> None:
        chosen: dict[str, Any] = {"kernel_name": kernel} if kernel else {}
        super().__init__(notebook, log=_quiet, resources={"metadata": {"path": str(folder)}}, startup_timeout=STARTUP_TIMEOUT, **chosen)
        self._about: dict[str, Any] = {}  # what the kernel is told of the cell beside its code
        self._says = says
        self._room = self._max_output = max_output
        self.last_words = ""
        self.messages = 0
        self.at_work = False
        self._at_rest = True  # no cell was sent, or the last one was answered
        self._asked: str | None = None
        self._answered = False
        self._control = asyncio.Lock()  # two readers of one channel would take each other's replies
        self.durable = self._loads_itself = loads_durnb(notebook)

    @contextlib.asynccontextmanager
    async def running(self, environment: Mapping[str, str]) -> AsyncIterator[None]:
        """The kernel, started and ready; shut down at the end. Raises DeadKernelError where it dies, UsageError where there is no such kernel."""
        self.reset_execution_trackers()
        manager = self.create_kernel_manager()
        manager.log = _quiet
        self._with_durnb(manager)
        # A file of its own: who reads what the runner prints would wait for the end of whatever a cell started and left behind.
        with _terminal() as terminal:
            try:
                await self.async_start_new_kernel(env=dict(environment), stdout=terminal, stderr=terminal)
                await self._connect()
                yield
            finally:
                await self._end(manager)
                self.last_words = _end_of(terminal)

    def _with_durnb(self, manager: KernelManager) -> None:
        try:
            spec = manager.kernel_spec
        except NoSuchKernel as error:
            raise UsageError(f"there is no kernel {error.name!r}: see jupyter kernelspec list, and choose one with --kernel") from None
        arguments = spec.argv if spec else []
        if not any("ipykernel" in argument for argument in arguments):
            return
        extension = [] if _EXTENSION in arguments or self._loads_itself else [_EXTENSION]
        # The kernel's own warnings (its transport, a failing extension) are no concern of the reader of a run: `load_durnb` asks for itself.
        self.extra_arguments = [*self.extra_arguments, *extension, "--log-level=ERROR"]

    async def _connect(self) -> None:
        try:
            await self.async_start_new_kernel_client()
        except RuntimeError as error:
            raise DeadKernelError(str(error)) from error
        assert self.kc is not None
        send = self.kc.session.msg

        def with_cell(kind: str, *arguments: Any, **named: Any) -> dict[str, Any]:
            message: dict[str, Any] = send(kind, *arguments, **named)
            if kind == "execute_request":
                message["metadata"].update(self._about)
            return message

        self.kc.session.msg = with_cell  # clients have no parameter for an execute request's metadata
        information = await self.async_wait_for_reply(self.kc.kernel_info())
        self.nb.metadata["language_info"] = information["content"].get("language_info", {}) if information else {}

    async def load_durnb(self) -> str | None:
        """Make sure that the kernel knows durable cells; why it can't, or None. Without it IPython would pass over them with a mere message."""
        if self._loads_itself:
            return None
        reply = await self.command("%load_ext durnb")
        self.durable = reply.get("status") == "ok"
        return None if self.durable else f"{reply.get('ename', 'no reply')}: {reply.get('evalue', '')}".strip()

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        """As nbclient does; what is printed is passed on."""
        self.messages += 1
        output = super().process_message(msg, cell, cell_index)
        if msg["msg_type"] == "stream":
            self._says(msg["content"]["text"])
        return output

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        """As nbclient does; there is room again."""
        self._room = self._max_output
        super().clear_output(outs, msg, cell_index)

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int) -> NotebookNode | None:
        """As nbclient does, while there is room. Errors and durnb's badges are always kept."""
        if msg["msg_type"] == "error" or is_badge(msg["content"]):
            return super().output(outs, msg, display_id, cell_index)
        if self._room < 0:
            return None
        content, before = msg["content"], self._room
        self._room -= _size(content)
        if self._room >= 0:
            return super().output(outs, msg, display_id, cell_index)
        if msg["msg_type"] == "stream":
            super().output(outs, {**msg, "content": {**content, "text": content["text"][:before]}}, display_id, cell_index)
        note = f"[durnb] the outputs beyond {self._max_output:,} bytes were not kept (setting max_output)\n"
        outs.append(new_output("stream", name="stderr", text=note))
        return None

    async def run_cell(self, index: int) -> None:
        """Execute one cell to its end. Raises CellExecutionError, or DeadKernelError."""
        self._room = self._max_output
        cell = self.nb.cells[index]
        self._about = {"tags": list(cell.metadata.get("tags", ())), **({"cellId": cell["id"]} if "id" in cell else {})}
        self.at_work, self._at_rest = True, False
        try:
            await self.async_execute_cell(cell, index, execution_count=self.code_cells_executed + 1)
            self._at_rest = True
        except CellExecutionError:
            self._at_rest = True
            raise
        finally:
            self.at_work = False

    async def command(self, line: str) -> Mapping[str, Any]:
        """Have the kernel execute a line that leaves no trace in the notebook; the content of its reply. Raises DeadKernelError."""
        assert self.kc is not None
        self._about = {}
        reply = await self.async_wait_for_reply(self.kc.execute(line, silent=True, store_history=False, stop_on_error=False))
        return reply["content"] if reply else {}

    @property
    def pid(self) -> int | None:
        """The kernel's process; None where it is not a child of this one."""
        provisioner = self.km.provisioner if self.km is not None else None
        return getattr(provisioner, "pid", None)

    async def answers(self) -> bool:
        """Whether the kernel answered, on its control channel, since this was asked last; it is asked again."""
        client: Any = self.kc  # its base class does not declare the methods that wait
        if client is None:
            return False
        async with self._control:
            with contextlib.suppress(queue.Empty):
                while True:
                    self._take(await _maybe_awaited(client.get_control_msg(timeout=_AT_HAND)))
            answered, self._answered = self._answered, False
            if answered or self._asked is None:
                request = client.session.msg("kernel_info_request", {})
                self._asked = request["header"]["msg_id"]
                client.control_channel.send(request)
        return answered

    def _take(self, reply: Mapping[str, Any]) -> str:
        """The id of the request that this answers."""
        request = str(reply["parent_header"].get("msg_id"))
        self._answered |= request == self._asked
        return request

    async def ask(self, op: str) -> Any:
        """What durnb in the kernel answers to `op`, on its control channel; None where it does not answer soon, or has nothing to say."""
        client: Any = self.kc
        if client is None:
            return None
        async with self._control:
            request = client.session.msg(REQUEST, {"op": op})
            client.control_channel.send(request)
            end = time.monotonic() + _SOON
            with contextlib.suppress(queue.Empty):
                while (left := end - time.monotonic()) > 0:
                    reply = await _maybe_awaited(client.get_control_msg(timeout=left))
                    if self._take(reply) == request["header"]["msg_id"]:
                        return reply["content"].get("result")
        return None

    async def interrupt(self) -> None:
        """Raise KeyboardInterrupt in the running cell."""
        if self.km is not None and self.km.has_kernel:
            await _maybe_awaited(self.km.interrupt_kernel())

    async def kill(self) -> None:
        """End the kernel at once, as a crash would."""
        if self.km is not None and self.km.has_kernel:
            await _maybe_awaited(self.km.signal_kernel(9))

    async def _end(self, manager: KernelManager) -> None:
        manager.shutdown_wait_time = SHUTDOWN_GRACE
        if manager.has_kernel and await _maybe_awaited(manager.is_alive()):
            if self._at_rest:  # without the interrupt that comes first in `shutdown_kernel`: it would meet the kernel in work of its own
                await _maybe_awaited(manager.request_shutdown())
                await _maybe_awaited(manager.finish_shutdown())
            else:
                await _maybe_awaited(manager.shutdown_kernel())
        await _maybe_awaited(manager.cleanup_resources())
        if self.kc is not None:
            self.kc.stop_channels()
        self.kc = self.km = None


@contextlib.contextmanager
def _terminal() -> Iterator[IO[bytes]]:
    """What a kernel's process writes to until it captures that: why it can't start, say. Raises UsageError."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # it is closed below; what a caller does with it raises errors of its own
    except OSError as error:
        raise UsageError(
            f"no temporary file can be made ({error.strerror or error}): make room, or let TMPDIR name another folder"
        ) from None
    with file:
        yield file


def _end_of(terminal: IO[bytes]) -> str:
    terminal.seek(max(0, terminal.seek(0, os.SEEK_END) - _LAST_WORDS))
    return "\n".join(terminal.read().decode(errors="replace").splitlines()[-_LAST_LINES:]).strip()


def _size(content: Mapping[str, Any]) -> int:
    """About how many bytes an output takes."""
    data = content.get("data") or {"text/plain": content.get("text", "")}
    return sum(len(value) if isinstance(value, str) else len(json.dumps(value)) for value in data.values())


async def _maybe_awaited(value: Any) -> Any:
    """jupyter_client's managers come in a blocking and an awaitable kind."""
    return await value if asyncio.iscoroutine(value) or asyncio.isfuture(value) else value

"""Stands in for ``shell.run_ast_nodes``: plain cells pass through, durable ones go to the session."""

from __future__ import annotations

import linecache
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from durnb.engine.badge import Badge
from durnb.engine.header import FoundHeader, find_header
from durnb.engine.request import CellRequest
from durnb.errors import DurnbError, StepRefused
from durnb_kernel_ext.identity import cell_identity
from durnb_kernel_ext.oneline import log, one_line, show
from durnb_kernel_ext.stage import CellStage, Execution
from durnb_kernel_ext.transformer import without_header

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension owns this part of it


class NodeRunner:
    """Replaces the shell's method on the instance. No exception may leave it: the kernel would never answer the execute request."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension
        self._shell = extension.shell
        self._inside: int | None = None  # the thread that a durable cell runs on
        self._removed = False

    def install(self) -> None:
        self._original = self._shell.run_ast_nodes
        self._own = self._shell.__dict__.get("run_ast_nodes")
        self._installed = self._run
        self._shell.run_ast_nodes = self._installed

    def remove(self) -> None:
        if self._shell.__dict__.get("run_ast_nodes") is not self._installed:
            log("durnb: another extension wraps run_ast_nodes above durnb; plain cells pass through it until the kernel restarts")
            self._removed = True
        elif self._own is None:
            del self._shell.run_ast_nodes
        else:
            self._shell.run_ast_nodes = self._own

    async def _run(
        self,
        nodelist: list[Any],
        cell_name: str,
        interactivity: str = "last_expr",
        compiler: Any = compile,
        result: Any = None,
        **more: Any,
    ) -> Any:
        def body() -> Awaitable[Any]:
            nodes = list(nodelist)  # IPython may add to the list that it is given
            running: Awaitable[Any] = self._original(nodes, cell_name, interactivity, compiler=compiler, result=result, **more)
            return running

        info = getattr(result, "info", None)
        if (
            info is None or info.silent or self._removed or self._inside == threading.get_ident()
        ):  # cells of a %run notebook inside a durable one are part of it
            return await body()
        try:
            found = find_header(info.raw_cell or "") or self._extension.header_for(info)
        except Exception as error:
            return self._fail(result, error)
        if found is None:
            self._tell(cell_name, info)
            return await self._timed(body, info)
        try:
            if self._extension.disabled:
                self._as_plain(found, result, cell_name)
                return await body()
            return self._end(result, await self._durable(found, body, cell_name, result))
        except BaseException as error:
            return self._fail(result, error)

    async def _timed(self, body: Callable[[], Awaitable[Any]], info: Any) -> Any:
        """Runs a plain cell, and notes how long it took."""
        began = time.monotonic()
        try:
            return await body()
        finally:
            self._extension.plain_took(info, time.monotonic() - began)

    def _fail(self, result: Any, error: BaseException) -> bool:
        """The cell ends with `error`, which nobody has shown: an exception, so that Run All stops."""
        try:
            show(self._shell, one_line(error) if isinstance(error, DurnbError) else error)
        except Exception as failure:  # an exception whose text can't be made, say
            log(f"durnb: {type(error).__name__} can't be shown: {failure!r}")
        return self._end(result, error)

    @staticmethod
    def _end(result: Any, error: BaseException | None) -> bool:
        if error is not None and result.error_before_exec is not error:
            result.error_in_exec = error
            if not _has_text(error):  # the kernel asks for it, and would not answer the execute request
                result.error_in_exec = RuntimeError(f"{type(error).__name__}, whose text can't be made")
        return error is not None

    def _tell(self, cell_name: str, info: Any) -> None:
        try:
            self._extension.plain_cell(self._source(cell_name, info), cell_identity(info, self._extension.kernel)[0])
        except Exception as error:  # a plain cell runs whatever becomes of durnb; the next durable cell will say what is wrong
            log(f"durnb: a plain cell was not noted: {error!r}")

    def _source(self, cell_name: str, info: Any) -> str:
        """The cell after IPython's transform: IPython keeps it for tracebacks."""
        known = linecache.cache.get(cell_name)
        if known is not None and len(known) == 4 and known[2]:
            return "".join(known[2])
        return str(self._shell.transform_cell(info.raw_cell))

    async def _durable(self, found: FoundHeader, body: Callable[[], Awaitable[Any]], cell_name: str, result: Any) -> BaseException | None:
        extension = self._extension
        execution = Execution(shell=self._shell, result=result, body=body, asynchronous=self._in_loop(result.info))
        if threading.current_thread() is not threading.main_thread():
            raise StepRefused(
                step=found.header.name,
                why="durable cells run in the kernel's main shell, one after the other; run it from the notebook itself",
            )
        settings = extension.settings
        cell_id, tags = cell_identity(result.info, extension.kernel)
        source, unmarked = self._source(cell_name, result.info), found.spelling == "unmarked"
        request = CellRequest(
            name=found.header.name,
            header=found.header,
            source=source if unmarked else without_header(source),
            raw=found.body,
            options=found.text,
            cell_id=cell_id,
            tags=tags,
            unmarked=unmarked,
        )
        session = extension.session
        stage = CellStage(execution=execution, step=request.name, max_output=settings.max_output, show_badge=settings.badge)
        with stage:
            self._say_unrecorded(stage)
            self._inside = threading.get_ident()
            ended = await _ended(session.run_cell(request, stage))
            self._inside = None
            if ended is not None:
                stage.show_error(ended)
            elif unmarked:
                extension.unmarked.ended_well(found)
            return ended

    def _as_plain(self, found: FoundHeader, result: Any, cell_name: str) -> None:
        self._tell(cell_name, result.info)
        nothing = Execution(shell=self._shell, result=result, body=_no_body)
        with CellStage(execution=nothing, step=found.header.name) as stage:
            stage.badge(Badge(step=found.header.name, state="disabled", reason="durnb is off, so the cell runs as a plain one"))

    def _say_unrecorded(self, stage: CellStage) -> None:
        if not stage.recorded and "unrecorded" not in self._extension.said:
            self._extension.said.add("unrecorded")
            print(
                "durnb: outputs are recorded in Jupyter kernels only; here steps keep their variables, and print nothing when they are reused"
            )

    def _in_loop(self, info: Any) -> bool:
        """Whether an asyncio loop drives this cell, as it does where the cell awaits."""
        shell = self._shell
        transformed = getattr(info, "transformed_cell", None) or shell.transform_cell(info.raw_cell)
        drives = getattr(shell.loop_runner, "__module__", "") or type(shell.loop_runner).__module__
        asyncio_runner = "async_helpers" in drives and "_trio" not in repr(shell.loop_runner) and "_curio" not in repr(shell.loop_runner)
        return bool(asyncio_runner and shell.should_run_async(info.raw_cell, transformed_cell=transformed, preprocessing_exc_tuple=None))


def _has_text(error: BaseException) -> bool:
    try:
        str(error)
    except Exception:
        return False
    return True


async def _ended(running: Awaitable[BaseException | None]) -> BaseException | None:
    try:
        return await running
    except BaseException as error:
        return error


async def _no_body() -> None:
    raise AssertionError("a cell that runs as a plain one has no stage")

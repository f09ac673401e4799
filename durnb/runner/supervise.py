"""Keeps a notebook running: when the kernel dies, a new one starts and executes all cells again; durable steps make that cheap."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from durnb.clock import SystemClock
from durnb.config import Settings, from_environment
from durnb.engine.overview import spell
from durnb.errors import JournalError, RunHeld, UsageError
from durnb.journal import Store, read_history
from durnb.records import dataclass
from durnb.runner.attendance import Attendance
from durnb.runner.cells import code_cells, was_restored
from durnb.runner.client import KernelLife
from durnb.runner.executed import read_notebook, remove_half_written, without_outputs, write_notebook
from durnb.runner.exits import Exit, exit_of_error, exit_of_signal, fate_of_error
from durnb.runner.holder import held_text
from durnb.runner.injection import inject
from durnb.runner.notify import Occasion, notify, occasion_of
from durnb.runner.orphan import birth_of, end_orphan
from durnb.runner.places import CellFailure, CellPlace
from durnb.runner.request import Mode, Outcome, RunRequest, Watcher, message_of
from durnb.runner.stop import Stop
from durnb.runner.task import Claim, Task
from durnb.runner.telemetry import check_installed, send
from durnb.runner.whichrun import RunSighting, store_of

_LOOK: Final = 0.5  # seconds between two looks whether a suspended run goes on
_FINISH: Final = "%durable finish"


def run_notebook(request: RunRequest, watcher: Watcher, environment: Mapping[str, str] | None = None) -> Outcome:
    """Execute the notebook to its end through any number of kernels. Raises UsageError before the first cell, and nothing after it."""
    return asyncio.run(supervise(request, watcher, os.environ if environment is None else environment))


async def supervise(
    request: RunRequest, watcher: Watcher, environment: Mapping[str, str], stop: Stop | None = None, before: Task | None = None
) -> Outcome:
    """As `run_notebook`, for callers that have an event loop. `environment` is what the kernel gets, the choice of the run added.

    Ctrl-C and SIGTERM are heeded, unless the caller gives a `stop` of its own. `before` is the task that is gone on with, and whose deaths count.
    """
    if request.output.resolve() == request.notebook.resolve():
        raise UsageError(f"the executed notebook can't replace its source {request.notebook}: choose another --output")
    prepared = without_outputs(inject(read_notebook(request.notebook), request.parameters))
    settings = from_environment(environment)
    store = store_of(request.notebook, settings.store)
    if settings.otel:
        check_installed()
    try:
        claim = _claim(store, request, prepared, before)
    except RunHeld as error:
        return Outcome(
            exit=Exit.HELD,
            run=None,
            deaths=0,
            message=held_text(request.key, request.notebook.name, error.pid),
        )
    try:
        if claim is not None:
            await asyncio.to_thread(end_orphan, claim.found)
        remove_half_written(request.output)
        write_notebook(prepared, request.output)
        supervision = _Supervision(
            request=request,
            watcher=watcher,
            environment=environment,
            settings=settings,
            prepared=prepared,
            sighting=RunSighting(store, request.key),
            stop=stop or Stop(drain=request.drain),
            claim=claim,
            deaths=before.deaths if before else 0,
        )
        with contextlib.nullcontext() if stop else supervision.stop.heeded():
            return await supervision.to_the_end()
    finally:
        if claim is not None:
            claim.release()


def _claim(store: Store, request: RunRequest, notebook: NotebookNode, before: Task | None) -> Claim | None:
    """The right to run the key; None for a notebook that keeps nothing, and is to leave nothing behind. Raises RunHeld, JournalReadOnly, DiskFull."""
    durable = store.exists or any(place.step for place in code_cells(notebook, request.every))
    return Claim.take(store, request, SystemClock(), before) if durable else None


@dataclass(slots=True, kw_only=True)
class _Supervision:
    request: RunRequest
    watcher: Watcher
    environment: Mapping[str, str]
    settings: Settings
    prepared: NotebookNode
    sighting: RunSighting
    stop: Stop
    claim: Claim | None
    attendance: Attendance | None = None
    deaths: int = 0
    place: CellPlace | None = None  # the cell that runs, or ran last, in this life
    died_at: CellPlace | None = None
    announced: bool = False
    write_failed: bool = False

    async def to_the_end(self) -> Outcome:
        while True:
            notebook = copy.deepcopy(self.prepared)
            outcome = await self._live(notebook) or self._suspension() or self._after_death()
            await self._trace()
            if outcome is None:
                where = f" in {self.place.step or self.place.title}" if self.place else ""
                await self._notify("crashed", f"kernel {self.deaths} died{where}")
                self._write(notebook)
                continue
            await self._tell_outcome(outcome, notebook)
            if outcome.exit is not Exit.SUSPENDED or not self.request.stays or not await self._sleep(outcome):
                return outcome
            if self._cancelled():
                outcome = self._outcome(Exit.CANCELLED)
                await self._tell_outcome(outcome, notebook)
                return outcome
            self._tell(standing="running", exit=None, wake=None)

    async def _tell_outcome(self, outcome: Outcome, notebook: NotebookNode) -> None:
        notebook.metadata["durnb"] = self._facts(outcome)
        self._write(notebook)
        standing = "suspended" if outcome.exit is Exit.SUSPENDED else "ended"
        self._tell(standing=standing, exit=outcome.exit, run=outcome.run, deaths=outcome.deaths, wake=outcome.wake)
        await self._notify(occasion_of(outcome.exit), message_of(outcome), outcome.exit)

    async def _sleep(self, outcome: Outcome) -> bool:
        """Until the suspended run goes on; False where this process is told to stop before."""
        self.watcher.note(outcome.message)
        while self.stop.signal is None:
            asked = self.sighting.run is not None and self.sighting.store.asked(self.sighting.run)
            if asked or self._cancelled() or (outcome.wake is not None and datetime.now(UTC) >= outcome.wake):
                return True
            await asyncio.sleep(_LOOK)
        return False

    def _suspension(self) -> Outcome | None:
        """What follows where the kernel was ended because its step only waited."""
        suspended = self.attendance.suspended if self.attendance else None
        if suspended is None:
            return None
        self.sighting.look()
        until = f" until {suspended.until.astimezone():%Y-%m-%d %H:%M:%S}" if suspended.until else ""
        signals = f" for {' or '.join(suspended.signals)}" if suspended.signals else ""
        message = f"suspended: step {suspended.step} waits{signals}{until}, without a kernel"
        return replace(self._outcome(Exit.SUSPENDED, message=message), wake=suspended.until)

    async def _live(self, notebook: NotebookNode) -> Outcome | None:
        """One kernel's life; None where the kernel died."""
        self.place = None
        self.watcher.kernel_starts(self.deaths + 1)
        client = KernelLife(
            notebook,
            folder=self.request.notebook.parent,
            kernel=self.request.kernel,
            says=self.watcher.cell_says,
            max_output=self.settings.max_output,
        )
        self.attendance = attendance = Attendance(
            client=client,
            hung_after=self.request.hung_after,
            suspend_after=self.request.suspend_after,
            journal_mark=self.sighting.mark,
            write=lambda: self._write(notebook),
        )
        self.stop.leave, self.stop.kill = (lambda: self._leave(attendance)), client.kill
        try:
            async with client.running(self._kernel_environment()):
                self.watcher.kernel_ready(client.pid)
                self._tell(kernel=client.pid, born=birth_of(client.pid), run=self._run())
                async with attendance.present():
                    return await self._all_cells(client) or await self._finish(client)
        except DeadKernelError:
            if attendance.hung:
                self.watcher.note(f"the kernel was hung: no sign of life for {spell(self.request.hung_after)}, so it was ended")
            elif client.last_words and attendance.suspended is None:
                self.watcher.note(f"the kernel's last words:\n{client.last_words}")
            return None
        finally:
            self.stop.leave = self.stop.kill = None

    async def _leave(self, attendance: Attendance) -> None:
        if attendance.client.at_work and (left := self.stop.patience):
            self.watcher.note(f"told to stop: the running cell has {left:g} s to end, then it is interrupted")
        await attendance.leave(lambda: self.stop.patience)

    async def _all_cells(self, client: KernelLife) -> Outcome | None:
        """Every cell in order; an outcome where the run ended before the last of them did."""
        places = code_cells(client.nb, self.request.every)
        if any(place.step for place in places) and (why := await client.load_durnb()):
            return self._outcome(
                Exit.FAILED, message=f"this notebook has durable steps, and its kernel can't load durnb ({why}): install durnb there"
            )
        for place in places:
            if self.stop.signal is not None:
                return self._outcome(exit_of_signal(self.stop.signal))
            failure = await self._cell(client, place)
            if failure is not None:
                return self._failed(failure)
        client.set_widgets_metadata()
        return None

    async def _cell(self, client: KernelLife, place: CellPlace) -> CellFailure | None:
        self.place = place
        self.watcher.cell_starts(place)
        begun = time.monotonic()
        failure = None
        try:
            await client.run_cell(place.index)
        except CellExecutionError as error:
            failure = CellFailure(name=error.ename, message=error.evalue, traceback=error.traceback)
        except DeadKernelError:
            suspended = self.attendance is not None and self.attendance.suspended is not None
            self.watcher.cell_ended(place, "suspended" if suspended else "died", time.monotonic() - begun)
            raise
        self._announce()
        seconds = time.monotonic() - begun
        if failure is None:
            self.watcher.cell_ended(place, "restored" if was_restored(client.nb.cells[place.index].outputs) else "ran", seconds)
        else:
            self.watcher.cell_ended(place, "interrupted" if self._interrupted(failure) else fate_of_error(failure.name), seconds)
        if self.attendance is not None:
            self.attendance.cell_ended()
        return failure

    async def _finish(self, client: KernelLife) -> Outcome:
        """Have the kernel record that the run is over, where there is one: without durable steps nothing was recorded."""
        self._announce()
        if self.attendance is not None:
            self.attendance.all_ended()
        if self.sighting.run is not None:
            reply = await client.command(_FINISH)
            if reply.get("status") != "ok":
                self.watcher.note(f"{_FINISH} failed, so the run stays open: {reply.get('evalue', 'no reply')}")
        return self._outcome(Exit.FINISHED)

    def _failed(self, failure: CellFailure) -> Outcome:
        if self._interrupted(failure) and self.stop.signal is not None:
            return self._outcome(exit_of_signal(self.stop.signal), failure)
        if failure.name == "KeyboardInterrupt" and self._cancelled():
            return self._outcome(Exit.CANCELLED, failure)
        refused_after_death = failure.name == "StepRefused" and self._step() is not None and self._step() == self._step_died_at()
        return self._outcome(Exit.DIED if refused_after_death else exit_of_error(failure.name), failure)

    def _after_death(self) -> Outcome | None:
        """What follows from the death of the kernel; None for another life."""
        self.sighting.look()
        if self.stop.signal is not None:
            return self._outcome(exit_of_signal(self.stop.signal))
        if self._cancelled():
            return self._outcome(Exit.CANCELLED)
        self.deaths, self.died_at = self.deaths + 1, self.place
        self._tell(deaths=self.deaths, run=self._run())
        self.watcher.kernel_died(self.place, self.deaths, self.request.max_restarts)
        return self._outcome(Exit.DIED) if self.deaths > self.request.max_restarts else None

    def _outcome(self, code: Exit, failure: CellFailure | None = None, message: str = "") -> Outcome:
        run = self._run()
        cell = self.place if code is not Exit.FINISHED else None
        return Outcome(exit=code, run=run, deaths=self.deaths, cell=cell, failure=failure, message=message)

    def _interrupted(self, failure: CellFailure) -> bool:
        return self.stop.signal is not None and failure.name == "KeyboardInterrupt"

    def _run(self) -> str | None:
        return str(self.sighting.run) if self.sighting.run else None

    def _cancelled(self) -> bool:
        return self.sighting.state() == "cancelled"

    def _tell(self, **changes: Any) -> None:
        """Note how it goes, for whoever takes over; a full disk must not end a run that could go on."""
        if self.claim is not None:
            try:
                self.claim.tell(**changes)
            except JournalError as error:
                self.watcher.note(f"what a worker would need to take this run over is not up to date: {error}")

    async def _trace(self) -> None:
        """Send what ended in the kernel that ended, where that is set."""
        if not self.settings.otel or self.claim is None or self.sighting.run is None:
            return
        try:
            history = read_history(self.claim.store, self.sighting.run, self.claim.clock)
        except (RunHeld, JournalError) as error:
            self.watcher.note(f"spans were not sent: {error}")
            return
        run, kernels = self.claim.task.traced
        if problem := await asyncio.to_thread(send, history, kernels if run == history.run else 0):
            self.watcher.note(problem)
        else:
            self._tell(traced=(history.run, history.epoch))

    async def _notify(self, occasion: Occasion, message: str, exit_code: Exit | None = None) -> None:
        target = self.request.notify or self.settings.notify
        if not target:
            return
        facts = {
            "occasion": occasion,
            "notebook": str(self.request.notebook),
            "run": self._run(),
            "key": self.request.key,
            "step": self._step(),
            "message": message,
            "signals": list(self.attendance.suspended.signals) if self.attendance and self.attendance.suspended else [],
            "exit": None if exit_code is None else int(exit_code),
            "deaths": self.deaths,
            "output": str(self.request.output),
            "at": datetime.now(UTC).isoformat(),
        }
        if problem := await notify(target, facts):
            self.watcher.note(problem)

    def _step(self) -> str | None:
        return self.place.step if self.place else None

    def _step_died_at(self) -> str | None:
        return self.died_at.step if self.died_at else None

    def _announce(self) -> None:
        run = self.sighting.look()
        if run is not None and not self.announced:
            self.announced = True
            self._tell(run=str(run))
            self.watcher.run_known(str(run), self.sighting.resumed)

    def _kernel_environment(self) -> dict[str, str]:
        # After a death the run that the dead kernel had is continued, whatever was asked for at first.
        mode: Mode = "resume" if self.sighting.run is not None else self.request.mode
        return {
            **self.environment,
            "DURNB_NOTEBOOK": str(self.request.notebook),
            "DURNB_RUN": self.request.key,
            "DURNB_RUN_MODE": mode,
            "DURNB_RUN_PARAMETERS": json.dumps(dict(self.request.parameters)),
            **({"DURNB_ALL": "1"} if self.request.every else {}),
        }

    def _facts(self, outcome: Outcome) -> dict[str, object]:
        facts = {"run": outcome.run, "key": self.request.key, "exit": outcome.exit.value, "deaths": outcome.deaths}
        return {name: value for name, value in facts.items() if value is not None}

    def _write(self, notebook: NotebookNode) -> None:
        """Write the executed notebook; a disk that fills up must not end a run that could go on."""
        try:
            write_notebook(notebook, self.request.output)
        except UsageError as error:
            if not self.write_failed:
                self.watcher.note(f"the executed notebook is not up to date: {error}")
            self.write_failed = True

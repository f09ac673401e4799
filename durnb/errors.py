"""What can go wrong, in one tree.

::

    DurnbError
    ├── UsageError            a header, command or setting that can't be read
    ├── NotebookUnknown       no path, so no store
    ├── StoreOffered          a store whose notebook is gone has steps of this one
    ├── RunHeld               another kernel owns the run
    ├── RunIsPaused           a person paused the run
    ├── RunIsCancelled        a person ended the run
    ├── JournalError          the run's file can't serve
    │   ├── JournalNewer          written by a newer durnb
    │   ├── JournalForeign        not a journal of durnb
    │   ├── JournalDamaged        truncated or corrupt
    │   ├── PackDamaged           found out only after its bytes were put back
    │   ├── JournalReadOnly       the folder or file can't be written
    │   ├── DiskFull              no space left
    │   ├── NoRoom                a save does not fit on the disk, or into max_store
    │   ├── StoreBusy             commits kept a collection waiting
    │   └── JournalForked         used from a forked child
    ├── CheckpointUnreadable  a checkpoint can't be put back
    │   └── CheckpointUntrusted   its signature is not ours
    ├── NotInHistory          no such run, step or variable (also a KeyError)
    │   └── NotKept               a variable that was there and could not be kept
    ├── Unavailable           what a variable had open could not be opened again
    ├── StepAsks              the step waits for an answer
    ├── StepRefused           the step can't run now
    ├── StepTimedOut          the body ran longer than --timeout
    ├── CallTimedOut          a call ran longer than its timeout (also a TimeoutError)
    ├── CallTooLate           a call of a step that is over
    ├── MapFailed             more items of a map failed than it tolerates
    ├── SignalRefused         a signal's value is not what the wait asks for
    ├── StepCommandFailed     a shell command of the body was interrupted
    ├── TerminalError         raised by users: never retry
    └── RetryAfter            raised by users: retry, but not before

Constructors take facts and build the message: what happened, to which step, what to do. All of them pickle.
"""

from __future__ import annotations

import shlex
from datetime import timedelta


class DurnbError(Exception):
    """Base of every error of durnb; ``str(error)`` says what happened and the way out."""

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(cls: type[DurnbError], args: tuple[object, ...], facts: dict[str, object]) -> DurnbError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(facts)
    return error


class UsageError(DurnbError):
    """A header, command or setting that can't be read; one line says what is wrong."""


class NotebookUnknown(DurnbError):
    """The notebook's path is not known, so there is no store to use."""

    def __init__(self) -> None:
        super().__init__(
            "durnb does not know which notebook this is, and never shares a store by guess: "
            "set DURNB_NOTEBOOK=/path/to/notebook.ipynb before the kernel starts, or run %durable notebook PATH"
        )


class StoreOffered(DurnbError):
    """A store whose notebook is gone has steps of this one, which has no runs; `folder` is where it lies."""

    def __init__(self, *, notebook: str, old: str, folder: str) -> None:
        self.notebook, self.old, self.folder = notebook, old, folder
        super().__init__(
            f"{notebook} has no runs yet, and {old}, which is gone, had steps of it. "
            f"Renamed? Take its results over with %durable adopt {shlex.quote(old)} — or begin anew with %durable new (durnb run --new). "
            f"Nobody needs them? Delete {folder}, and no notebook is asked again"
        )


class RunHeld(DurnbError):
    """Another live process owns the run."""

    def __init__(self, *, run: str, notebook: str, pid: int | None) -> None:
        self.run, self.notebook, self.pid = run, notebook, pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(
            f"run {run} of {notebook} is held by {holder}: shut that kernel down, or ask it to hand over with %durable takeover"
        )


class RunIsPaused(DurnbError):
    """A person paused the run, so no step of it starts; finished steps are put back."""

    def __init__(self, *, run: str, notebook: str) -> None:
        self.run, self.notebook = run, notebook
        super().__init__(f"run {run} is paused, so no step of it starts: durnb resume {notebook} --run {run}")


class RunIsCancelled(DurnbError):
    """A person ended the run: its cells do nothing any more, not even put results back."""

    def __init__(self, *, run: str) -> None:
        self.run = run
        super().__init__(f"run {run} is cancelled: %durable new, or durnb run, begins another")


class JournalError(DurnbError):
    """The run's file can't serve; it was left untouched."""


class JournalNewer(JournalError):
    """The file was written by a newer durnb."""

    def __init__(self, *, path: str, schema: int, known: int) -> None:
        self.path, self.schema, self.known = path, schema, known
        super().__init__(
            f"{path} has schema {schema}, and this durnb knows {known}: upgrade durnb (pip install -U durnb), "
            "or begin another run with %durable new. The file was left untouched"
        )


class JournalForeign(JournalError):
    """The file is not a journal of durnb."""

    def __init__(self, *, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"{path} is not a journal of durnb ({why}): move it away, or begin another run with %durable new. The file was left untouched"
        )


class JournalDamaged(JournalError):
    """The file is truncated or corrupt."""

    def __init__(self, *, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"{path} is truncated or damaged ({why}): put a copy of it back, or begin another run with %durable new. The file was left untouched"
        )


class PackDamaged(JournalError):
    """Bytes that were put back already turned out, a moment later, not to be those that were stored."""

    def __init__(self, *, path: str, kept: str, why: str) -> None:
        self.path, self.kept, self.why = path, kept, why
        super().__init__(
            f"{path} is damaged ({why}), which was found out after variables were put back from it: what this kernel holds can be wrong. "
            f"Nothing was recorded since. Restart the kernel and Run All: the steps whose bytes these were ask what to do. The file is kept as {kept}"
        )


class JournalReadOnly(JournalError):
    """The folder or the file can't be written."""

    def __init__(self, *, path: str, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"{path} can't be written ({why}), so the step was not run: make it writable, or keep the store elsewhere with DURNB_STORE=/another/folder"
        )


class DiskFull(JournalError):
    """No space is left for the journal or a pack."""

    def __init__(self, *, path: str) -> None:
        self.path = path
        super().__init__(
            f"no space left on the disk of {path}: free some, or keep the store elsewhere with DURNB_STORE=/another/folder; committed steps are safe"
        )


class NoRoom(JournalError):
    """A save does not fit: on the disk, or into what max_store allows. Nothing of it was written."""

    def __init__(self, *, step: str, path: str, needed: int, room: int, limit: int) -> None:
        """Sizes in bytes; `limit` is max_store, 0 where it is the disk that is full. "" as `step`: what has to be kept before a body runs."""
        self.step, self.path, self.needed, self.room, self.limit = step, path, needed, room, limit
        done = f"step {step!r} has run, but its result was not saved" if step else "the step was not run"
        where = (
            f"max_store allows {path} {_bytes(limit)}, of which {_bytes(room)} are left"
            if limit
            else f"the disk of {path} has {_bytes(room)} left"
        )
        way = "raise max_store or make room" if limit else "make room there"
        then = f", then %durable save {step}, which does not run it again" if step else ""
        super().__init__(
            f"{done}: that takes {_bytes(needed)}, and {where}: {way} (%durable du tells what takes it, %durable gc removes what may go){then}"
        )


def _bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size:,} bytes"


class StoreBusy(JournalError):
    """A collection waited for commits of other kernels, and gave up."""

    def __init__(self, *, path: str, seconds: float) -> None:
        self.path, self.seconds = path, seconds
        super().__init__(
            f"another kernel saves into {path}, or another collection is at work there, for {seconds:g} s now: packs were not removed; try again later"
        )


class JournalForked(JournalError):
    """A forked child used its parent's journal."""

    def __init__(self) -> None:
        super().__init__(
            "the journal belongs to the process that opened it, and this is a forked child of it: do durable work in the parent"
        )


class CheckpointUnreadable(DurnbError):
    """A checkpoint can't be put back."""

    def __init__(self, *, step: str, why: str) -> None:
        self.step, self.why = step, why
        super().__init__(f"the checkpoint of step {step!r} can't be read: {why}")


class CheckpointUntrusted(CheckpointUnreadable):
    """A checkpoint's signature is not ours: nothing of it was unpickled or shown."""

    def __init__(self, *, step: str) -> None:
        super().__init__(
            step=step,
            why="it was signed by somebody else, or changed since. If you trust where it comes from: %durable trust; else begin anew: %durable new",
        )


class NotInHistory(DurnbError, KeyError):
    """A run, step or variable that the history does not have; `there` are those that it has, `near` the one most like it. It is a KeyError too."""

    def __init__(self, *, what: str, name: str, where: str, there: tuple[str, ...], near: str = "", hint: str = "") -> None:
        self.what, self.name, self.where, self.there = what, name, where, there
        has = f"t has {', '.join(there) or 'none'}"
        super().__init__(f"{where} has no {what} {name!r}" + (f": did you mean {near!r}? I{has}" if near else f"; i{has}") + hint)

    __str__ = Exception.__str__  # a KeyError would show its message in quotes


class NotKept(NotInHistory):
    """A variable that the step had and that no checkpoint holds; `why` says the path to the culprit and the reason."""

    def __init__(self, *, name: str, where: str, why: str) -> None:
        self.name, self.where, self.why = name, where, why
        DurnbError.__init__(self, f"{where} does not hold {name!r}: {why}")


class Unavailable(DurnbError):
    """A variable stands for a file, connection or client that could not be opened again after a restart."""

    def __init__(self, *, what: str) -> None:
        self.what = what
        super().__init__(f"{what}: run the cell that makes it again (%durable rerun STEP, or a plain cell)")


class StepAsks(DurnbError):
    """The step stops and asks; `commands` are the answers."""

    def __init__(self, *, step: str, why: str, commands: tuple[str, ...]) -> None:
        self.step, self.why, self.commands = step, why, commands
        super().__init__(f"step {step!r} asks: {why}{'' if why.endswith('?') else '.'} Answer with " + " or ".join(commands))


class StepRefused(DurnbError):
    """The step can't run now; `why` names the cause and the way out."""

    def __init__(self, *, step: str, why: str) -> None:
        self.step, self.why = step, why
        super().__init__(f"step {step!r} was not run: {why}")


class StepTimedOut(DurnbError):
    """The body ran longer than ``--timeout``."""

    def __init__(self, *, step: str, seconds: float) -> None:
        self.step, self.seconds = step, seconds
        super().__init__(f"step {step!r} ran longer than its --timeout of {seconds:g} s and was stopped")


class CallTimedOut(DurnbError, TimeoutError):
    """A durable call ran longer than its ``timeout``; a function that runs in a thread is left to itself, and its result is dropped."""

    def __init__(self, *, call: str, seconds: float) -> None:
        self.call, self.seconds = call, seconds
        super().__init__(f"the call {call} ran longer than its timeout of {seconds:g} s")


class CallTooLate(DurnbError):
    """A durable call that belongs to a step which is over: a thread or task of it was left behind."""

    def __init__(self, *, step: str, call: str) -> None:
        self.step, self.call = step, call
        super().__init__(f"the call {call} came after its step {step!r} was over: have the cell wait for its threads and tasks")


class MapFailed(DurnbError):
    """More items of ``durnb.map`` failed than it tolerates; `failures` are (item, error) in words, the first of them."""

    def __init__(self, *, name: str, failed: int, tolerated: int, failures: tuple[tuple[str, str], ...]) -> None:
        self.name, self.failed, self.tolerated, self.failures = name, failed, tolerated, failures
        shown = "; ".join(f"{item}: {error}" for item, error in failures)
        if failed > len(failures):
            shown += f"; and {failed - len(failures)} more"
        super().__init__(
            f"{failed} items of {name} failed, and {tolerated} are tolerated: {shown}. What is done is kept: run the cell again"
        )


class SignalRefused(DurnbError):
    """The value of a signal is not what the wait for it asks for."""

    def __init__(self, *, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"the signal {name!r} was refused: {why}")


class StepCommandFailed(DurnbError):
    """A shell command of the body ended by a signal, so the step is not finished."""

    def __init__(self, *, step: str, exit_code: int) -> None:
        self.step, self.exit_code = step, exit_code
        super().__init__(f"step {step!r}: a shell command of it was interrupted (exit code {exit_code}), so the step is not finished")


class TerminalError(DurnbError):
    """Raise it in a step to fail it for good: it is not retried whatever ``--retries`` says."""


class RetryAfter(DurnbError):
    """Raise it in a step to have it retried, not before `delay` (seconds or a timedelta) has passed.

    It counts against ``--retries`` as any failure does.
    """

    def __init__(self, delay: float | timedelta, message: str = "") -> None:
        self.delay = delay if isinstance(delay, timedelta) else timedelta(seconds=delay)
        super().__init__(message or f"retry after {self.delay.total_seconds():g} s")

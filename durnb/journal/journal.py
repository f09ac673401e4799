"""A run, open: its history, and the only way to add to it."""

from __future__ import annotations

import atexit
import json
import os
import platform
import socket
import threading
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import durnb
from durnb.clock import Clock
from durnb.errors import DurnbError, JournalError, JournalForked
from durnb.events import CheckpointsDropped, Event, KernelAttached, KernelDetached, RunStarted
from durnb.fold import History
from durnb.journal import disk, inbox
from durnb.journal.database import Database
from durnb.journal.draft import SMALL, Draft
from durnb.journal.inbox import Request
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import check_there, open_database
from durnb.journal.packs import Packs, digest_of_bytes, read_list, write_list
from durnb.journal.reads import Reads
from durnb.journal.room import Room
from durnb.journal.status import StatusFile
from durnb.journal.store import Orphan, Store
from durnb.journal.trust import Secret, load_secret
from durnb.journal.writer import Writer

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

T = TypeVar("T")
NOTHING: Final[Mapping[str, bytes]] = {}


class Journal:
    """An open run. `history` is its state after every commit so far; events enter it only when they are durable."""

    def __init__(self, *, store: Store, run: RunName, lease: Lease, database: Database, history: History, clock: Clock) -> None:
        self.store, self.run, self.history = store, run, history
        self.packs = Packs(store.objects)
        self.room = Room(store.folder)
        self._lease, self._database, self.clock = lease, database, clock
        self._pid = os.getpid()
        self._writer = Writer(database=database, history=history, lease=lease, clock=clock)
        self._number = _number_of(database.path)
        self._listed = read_list(store.file(run, "packs"))
        self._reads = Reads(self.packs, self._writer, database.path, lambda: self._listed)
        self._secret: Secret | None = None
        self._connection_file: str | None = None
        self._status = StatusFile(store, run)
        self._open = True
        _opened.add(self)

    @classmethod
    def open(
        cls,
        store: Store,
        run: RunName,
        *,
        create: bool,
        clock: Clock,
        wait: timedelta,
        connection_file: str | None = None,
        attach: bool = True,
        parameters: Mapping[str, Any] | None = None,
    ) -> Journal:
        """Own `run`, waiting up to `wait` for a short-lived owner. With `attach` a new epoch begins; without, no event is appended.

        Raises UsageError where there is no such run and `create` is false, RunHeld, JournalNewer, JournalForeign, JournalDamaged,
        JournalReadOnly and DiskFull; the run's file is then byte for byte what it was.
        """
        if create:
            store.create()
            store.name(run)
        else:
            check_there(store, run)
        lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=wait)
        try:
            if not create:
                check_there(store, run)  # it may have been deleted while we waited
            database, history = open_database(store, run, lease, clock)
        except BaseException:
            lease.release()
            raise
        journal = cls(store=store, run=run, lease=lease, database=database, history=history, clock=clock)
        try:
            if attach:
                journal._attach(connection_file, parameters or {})
        except BaseException:
            journal.close(None)
            raise
        return journal

    @classmethod
    def reading(cls, store: Store, run: RunName, *, clock: Clock, wait: timedelta = timedelta(0)) -> Journal:
        """`run`, to be read and soon closed: until then no kernel can have it. Appending to it raises JournalReadOnly.

        Raises UsageError where there is no such run, RunHeld where it is owned, and the JournalErrors.
        """
        check_there(store, run)
        lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=wait)
        try:
            check_there(store, run)  # it may have been deleted while we waited
            database, history = open_database(store, run, lease, clock, read_only=True)
        except BaseException:
            lease.release()
            raise
        return cls(store=store, run=run, lease=lease, database=database, history=history, clock=clock)

    @classmethod
    def owned_here(cls, store: Store, run: RunName) -> Journal | None:
        """The open journal through which this process owns `run`; None where it does not own it."""
        ours = (j for j in list(_opened) if j.run == run and j.store.folder == store.folder)
        return next((j for j in ours if j._pid == os.getpid() and not j._database.read_only), None)

    def _attach(self, connection_file: str | None, parameters: Mapping[str, Any]) -> None:
        self._connection_file = connection_file
        self._key()  # without a key no step could be signed: say it before one has run
        attached = KernelAttached(pid=self._pid, host=socket.gethostname(), python=platform.python_version(), durnb=durnb.__version__)
        plain = json.loads(json.dumps(dict(parameters)))
        begun = RunStarted(run=str(self.run), notebook=self.store.notebook.name, store=self.store.id, parameters=plain)
        self.append(*([] if self.history.seq else [begun]), attached)
        self.write_status({"steps": list(self.history.steps)})

    def check_owner(self) -> None:
        """Raises JournalForked in a forked child, JournalError after `close`."""
        if os.getpid() != self._pid:
            raise JournalForked
        if not self._open:
            raise JournalError(f"the journal of run {self.run} is closed")

    def append(self, *events: Event, blobs: Mapping[str, bytes] = NOTHING) -> int:
        """Record `events`, and bytes of at most 64,000 by their digest; the sequence number of the last, durable when it returns.

        All or none. Raises ValueError for an event that can't follow or bytes that are not of their digest, JournalForked, DiskFull and the
        other JournalErrors: then nothing was recorded. A KeyboardInterrupt that comes while waiting is raised after the commit; whether
        it was in time to prevent that, `history` tells.
        """
        self.check_owner()
        small = _checked(blobs)
        return self._writer.append(events, small) if events or small else self.history.seq

    def post(self, *events: Event, blobs: Mapping[str, bytes] = NOTHING, then: Callable[[BaseException | None], None]) -> None:
        """As `append`, without waiting for it: `then` is told, on another thread, how it ended; it must not raise."""
        self.check_owner()
        self._writer.post(events, _checked(blobs), then)

    def draft(self, step: str | None = None) -> Draft:
        """A place for the bytes of one commit, of `step`."""
        self.check_owner()
        return Draft(self, step)

    def stored(self) -> set[bytes]:
        """The digests (32 bytes) of all small values."""
        return self._writer.stored()

    def commit(self, events: Sequence[Event], blobs: dict[bytes, bytes], packs: set[str], step: str | None) -> int:
        """The end of a draft: refer to `packs`, then one transaction. Use `Draft.commit`. Raises PackDamaged."""
        self.check_owner()
        self._reads.wait()
        self._check_there()
        if not packs <= self._listed:
            path = self.store.file(self.run, "packs")
            with disk.at(path):
                write_list(path, self._listed | packs)
            self._listed |= packs
        return self._writer.append(events, blobs, alone=True, step=step)

    def read(self, digest: str) -> bytearray:
        """The bytes of a digest. Raises KeyError where nothing of it is stored, JournalDamaged where it is, and can't be read."""
        self.check_owner()
        return self._reads.read(digest)

    def read_all(self, digests: Sequence[str], plain: Sequence[bool]) -> list[bytearray | memoryview]:
        """As `read`, each writable and the caller's own; see `Reads.read_all`."""
        self.check_owner()
        return self._reads.read_all(digests, plain)

    def check(self) -> None:
        """Raises PackDamaged where what `read_all` gave turned out to be damaged, JournalError where somebody removed the run's file."""
        self._reads.tell()
        self._check_there()

    def _check_there(self) -> None:
        if self._database.read_only or self._number == _number_of(self._database.path):
            return
        raise JournalError(
            f"{self._database.path} was removed or replaced while this kernel had it open, so nothing more can be recorded there: "
            "put it back, or restart the kernel and Run All, which begins anew"
        )

    def table(self, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and rows of a table or view of the run's file, as they are now."""
        self.check_owner()

        def answer(connection: DuckDBPyConnection) -> tuple[list[str], list[tuple[Any, ...]]]:
            found = connection.execute(f'select * from "{name}"')
            return [column[0] for column in found.description or ()], found.fetchall()

        read: tuple[list[str], list[tuple[Any, ...]]] = self._writer.ask(answer)
        return read

    @property
    def listed(self) -> frozenset[str]:
        """The packs that the run refers to, by its list."""
        return frozenset(self._listed)

    def relist(self, names: Collection[str]) -> None:
        """Refer to the packs `names` alone. No draft of this run may be open. Raises DiskFull, JournalReadOnly."""
        self.check_owner()
        if set(names) != self._listed:
            self._listed = set(names)  # first: the file may name too many, never what memory goes on to count on and it does not
            path = self.store.file(self.run, "packs")
            with disk.at(path):
                write_list(path, names)

    def let_go(self, dropped: Sequence[CheckpointsDropped]) -> int:
        """Record `dropped`, and delete the small values that nothing refers to any more; the bytes of these. No draft of this run may be open."""
        self.check_owner()
        return self._writer.let_go(dropped)

    def ask(self, question: Callable[[DuckDBPyConnection], T]) -> T:
        """The answer to a question about the run's file that changes nothing. Raises JournalError."""
        self.check_owner()
        answer: T = self._writer.ask(question)
        return answer

    def shrink(self) -> None:
        """Give the disk back what deleted small values took. Raises JournalError."""
        self.ask(lambda connection: connection.execute("checkpoint").fetchall())

    def _key(self) -> Secret:
        if self._secret is None:
            self._secret = load_secret()
        return self._secret

    def sign(self, facts: Sequence[str], payload: bytes) -> str:
        """The user's signature under `facts`, in their order, and `payload`. Raises UsageError, JournalReadOnly where there is no key."""
        return self._key().sign(facts, payload)

    def verify(self, facts: Sequence[str], payload: bytes, signature: str) -> bool:
        """Whether `signature` is the user's, for just these facts and bytes."""
        return self._key().verify(facts, payload, signature)

    def requests(self) -> list[Request]:
        """What others ask and no event answers yet, oldest first."""
        self.check_owner()
        folder = self.store.file(self.run, "inbox")
        with disk.at(folder):
            return inbox.waiting(folder, self.history.requests)

    def done(self, request: Request) -> None:
        """Delete a request, after the commit that holds its id."""
        self.check_owner()
        inbox.remove(request)

    def refuse(self, request: Request, why: str) -> None:
        """Delete a request that can't be served, and leave its sender the reason."""
        self.check_owner()
        inbox.refuse(request, why)

    def write_status(self, facts: Mapping[str, object]) -> None:
        """Replace what others can read of this run: `facts`, and who owns it. Raises DiskFull, JournalReadOnly."""
        self.check_owner()
        self.store.write_status(self.run, self._with_owner(facts))

    def still(self) -> threading.Lock:
        """While it is held, the history does not change; to be held for a moment only, and never by who waits for an append."""
        return self._writer.still()

    def post_status(self, tell: Callable[[History], Mapping[str, object]]) -> None:
        """As `write_status`, a moment later and without waiting, with what `tell` then says of the history."""
        self.check_owner()

        def told() -> Mapping[str, object]:
            with self._writer.still():
                return self._with_owner(tell(self.history))

        self._status.post(told)

    def _with_owner(self, facts: Mapping[str, object]) -> dict[str, object]:
        mine = {
            "run": str(self.run),
            "notebook": str(self.store.notebook),
            "pid": self._pid,
            "host": socket.gethostname(),
            "connection_file": self._connection_file,
            "at": self.clock.now().isoformat(),
        }
        return {**facts, **mine}

    def close(self, why: str | None = "exit") -> None:
        """Give the run up: KernelDetached(why) where a kernel is attached and `why` is not None, then the lease. Harmless when repeated.

        In a forked child it does nothing. Raises JournalError where the detaching could not be recorded; the lease is given up all the same.
        """
        if not self._open or os.getpid() != self._pid:
            return
        try:
            if why is not None and self.history.attached and not self._database.read_only:
                self.append(KernelDetached(why=why))
        finally:
            self._open = False
            _opened.discard(self)
            with suppress(JournalError):  # the file is for onlookers; who owns the run is told by the lease
                self._status.close()
            self._writer.stop()
            self._reads.stop()
            try:
                self._database.close()
            finally:
                self._lease.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _number_of(path: Path) -> int | None:
    """What tells a file from another of its name; None where there is none."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _checked(blobs: Mapping[str, bytes]) -> dict[bytes, bytes]:
    small = {bytes.fromhex(digest): bytes(data) for digest, data in blobs.items()}
    for digest, data in small.items():
        if len(data) > SMALL or digest_of_bytes(data) != digest:
            raise ValueError(f"{digest.hex()} is not the digest of these {len(data):,} bytes, or they are more than {SMALL:,}: use a draft")
    return small


_opened: weakref.WeakSet[Journal] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for journal in list(_opened):
        with suppress(DurnbError):  # a run that could not be closed is resumed like one whose kernel was killed
            journal.close()


def read_history(store: Store, run: RunName, clock: Clock, wait: timedelta = timedelta(0)) -> History:
    """The history of a run that nobody owns; nothing is appended.

    Raises UsageError where there is no such run, RunHeld where it is owned, and the JournalErrors.
    """
    with Journal.reading(store, run, clock=clock, wait=wait) as journal:
        return journal.history


def codes_of(orphan: Orphan, clock: Clock) -> dict[str, set[str]]:
    """The steps of a store whose notebook is gone, each with the codes that it ran with.

    They are told by its status files and by the journals themselves, which may know more after a crash.
    """
    codes: dict[str, set[str]] = {name: set() for name in orphan.steps}
    store = Store(orphan.notebook, orphan.folder)
    for run in store.runs():
        with suppress(DurnbError):  # a run that can't be read now is told of when it is adopted and opened
            for step in read_history(store, run, clock).steps.values():
                codes.setdefault(step.name, set()).update(execution.code for execution in step.executions)
    return codes

"""The one thread that has the run's connection: it commits what others append, several at a time, and keeps the history in step."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from durnb import faults
from durnb.clock import Clock
from durnb.errors import JournalDamaged, JournalError
from durnb.events import Event, KernelAttached, Recorded
from durnb.fold import History
from durnb.journal import references, rows
from durnb.journal.database import Database, errors, private_log
from durnb.journal.lease import Lease
from durnb.journal.order import Order
from durnb.records import dataclass

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

_MOST: Final = 512  # jobs in one transaction
_KEPT: Final = 8_000_000  # bytes of small values that are kept in memory, once one is read
_PATIENCE: Final = 0.001  # seconds that a transaction is held, at most, for those who are about to share it
_LOOK: Final = 1.0  # seconds between looks whether the thread is still there


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


_Columns = tuple[str, str | None, int | None, int | None, str | None, str | None]


@dataclass(slots=True)
class _Job:
    """Something for the thread to do, and how it went. Whoever takes `claim` first decides: the thread does it, or its caller dropped it."""

    claim: threading.Lock = field(default_factory=threading.Lock)
    ended: bool = False
    error: BaseException | None = None
    then: Callable[[BaseException | None], None] | None = None
    _ending: threading.Lock = field(default_factory=_taken_lock)

    def wait(self, thread: threading.Thread) -> None:
        """Outlasts interrupts: one that came is raised when the job has ended."""
        interrupt: KeyboardInterrupt | None = None
        while not self.ended:
            try:
                if not self._ending.acquire(timeout=_LOOK) and not thread.is_alive() and not self.ended:
                    self.end(JournalError("the journal is closed"))
            except KeyboardInterrupt as error:
                interrupt = error
        if self.error is not None:
            raise self.error
        if interrupt is not None:
            raise interrupt

    def end(self, error: BaseException | None = None) -> None:
        if not self.ended:
            self.error, self.ended = error, True
            self._ending.release()
            if self.then is not None:
                self.then(error)


@dataclass(slots=True)
class _Append(_Job):
    events: tuple[Event, ...] = ()
    columns: tuple[_Columns, ...] = ()
    blobs: Mapping[bytes, bytes] = field(default_factory=dict)
    alone: bool = False  # the commit of a draft: named fault points, a transaction of its own
    step: str | None = None
    seq: int = 0
    sweeps: bool = False  # deletes the small values that nothing refers to after its events
    swept: dict[bytes, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Ask(_Job):
    question: Callable[[DuckDBPyConnection], Any] = lambda _: None
    answer: Any = None


class Writer:
    """Appends and reads of one run. Every method may be called from any thread of the owner."""

    def __init__(self, *, database: Database, history: History, lease: Lease, clock: Clock) -> None:
        self._database, self._history, self._lease, self._clock = database, history, lease, clock
        self._jobs: SimpleQueue[_Append | _Ask | None] = SimpleQueue()
        self._stored: set[bytes] | None = None
        self._kept: dict[bytes, bytes] | None = None
        self._dead: JournalError | None = None
        self._expected, self._patience = 1, 0.0  # appends that may share the next transaction, and seconds that it is held for them
        self._lost = False  # whether the connection is not to be used any more
        self._still = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="durnb-journal", daemon=True)
        self._thread.start()

    def append(self, events: Sequence[Event], blobs: Mapping[bytes, bytes], *, alone: bool = False, step: str | None = None) -> int:
        """Commit `events` and `blobs` in one transaction; the sequence number of the last.

        Raises ValueError for an event that the history can't take, and the JournalErrors; then nothing of it was committed. Raises
        KeyboardInterrupt, where that came while waiting, only after the commit.
        """
        job = _Append(events=tuple(events), columns=tuple(map(rows.columns_of, events)), blobs=blobs, alone=alone, step=step)
        self._do(job)
        return job.seq

    def post(self, events: Sequence[Event], blobs: Mapping[bytes, bytes], then: Callable[[BaseException | None], None]) -> None:
        """As `append`, without waiting: `then` is told on this thread how it ended, and must not raise. Raises JournalError where it is closed."""
        if not self._thread.is_alive():
            raise JournalError(f"{self._database.path} is closed")
        self._jobs.put(_Append(events=tuple(events), columns=tuple(map(rows.columns_of, events)), blobs=blobs, then=then))

    def let_go(self, events: Sequence[Event]) -> int:
        """Commit `events`, and in the same transaction delete the small values that no event refers to any more; the bytes of these.

        Raises what `append` raises. No draft of this run may be open: it may count on a small value that is there.
        """
        job = _Append(events=tuple(events), columns=tuple(map(rows.columns_of, events)), alone=True, sweeps=True)
        self._do(job)
        return sum(job.swept.values())

    def still(self) -> threading.Lock:
        """While it is held, the history does not change; never to be held while waiting for an append."""
        return self._still

    def ask(self, question: Callable[[DuckDBPyConnection], Any]) -> Any:
        """The answer to a question that reads only. Raises JournalError."""
        job = _Ask(question=question)
        self._do(job)
        return job.answer

    def stored(self) -> set[bytes]:
        """The digests of all small values; it grows with each commit."""
        if self._stored is None:
            self.ask(self._load_stored)
        assert self._stored is not None
        return self._stored

    def _load_stored(self, connection: DuckDBPyConnection) -> set[bytes]:
        if self._stored is None:
            self._stored = {digest for (digest,) in connection.execute("select digest from blobs").fetchall()}
        return self._stored

    def small(self, digest: bytes) -> bytes | None:
        """The bytes of a small value; None where there is none."""
        kept = self._kept.get(digest) if self._kept is not None else None
        return kept if kept is not None else self.ask(lambda connection: self._read_small(connection, digest))

    def _read_small(self, connection: DuckDBPyConnection, digest: bytes) -> bytes | None:
        if self._kept is None:
            self._kept = _all_small(connection)  # a thousand steps are put back with one query, not with thousands
            if digest in self._kept:
                return self._kept[digest]
        found = connection.execute("select data from blobs where digest = ?", [digest]).fetchone()
        return None if found is None else found[0]

    def stop(self) -> None:
        """Do what was asked before, then end the thread; harmless when repeated."""
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _do(self, job: _Append | _Ask) -> None:
        if not self._thread.is_alive():
            raise JournalError(f"{self._database.path} is closed")
        try:
            self._jobs.put(job)
            job.wait(self._thread)
        except KeyboardInterrupt:
            if not job.claim.acquire(blocking=False):
                job.wait(self._thread)  # it is being done, or is: its error goes before the interrupt
            raise

    def _run(self) -> None:
        held: _Append | _Ask | None = None
        while True:
            job, held = held or self._jobs.get(), None
            if job is None:
                return self._refuse_rest()
            if not job.claim.acquire(blocking=False):
                continue
            if isinstance(job, _Ask):
                self._answer(job)
                continue
            together = [job]
            if not job.alone:
                held, stop = self._gather(together)
                if stop:
                    self._commit(together)
                    return self._refuse_rest()
            self._commit(together)

    def _gather(self, together: list[_Append]) -> tuple[_Append | _Ask | None, bool]:
        """Add the appends that wait already, or are about to; the first job that can't join them, and whether the end was met."""
        until = time.monotonic() + self._patience
        with contextlib.suppress(Empty):
            while len(together) < _MOST:
                left = until - time.monotonic() if len(together) < self._expected else 0.0
                job = self._jobs.get(timeout=left) if left > 0 else self._jobs.get_nowait()
                if job is None:
                    return None, True
                if isinstance(job, _Ask) or job.alone:
                    return job, False
                if job.claim.acquire(blocking=False):
                    together.append(job)
        return None, False

    def _refuse_rest(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job.end(JournalError(f"{self._database.path} is closed"))

    def _answer(self, job: _Ask) -> None:
        try:
            self._usable()
            with errors(self._database.path):
                self._database.optimize(True)
                job.answer = job.question(self._database.connection)
        except BaseException as error:  # raised where the question was asked
            job.end(error)
        else:
            job.end()

    def _commit(self, jobs: list[_Append]) -> None:
        began = time.monotonic()
        try:
            self._usable()
            taken, recorded = self._stamped(jobs)
            if taken:
                self._store(taken, recorded)
                self._take(taken, recorded)
        except BaseException as error:  # raised where the events were appended
            for job in jobs:
                job.end(error)
        else:
            # Those who appended are about to come again, beside those who wait already. For an eighth of what this transaction took the next is
            # held for them: without that, who is quicker than the others is committed alone, and they after it, for ever.
            self._expected, self._patience = len(jobs) + self._jobs.qsize(), min(_PATIENCE, (time.monotonic() - began) / 8)
            for job in jobs:
                job.end()

    def _usable(self) -> None:
        """Where DuckDB gave up on the file, open it again, as after a crash, and take in what turns out to be committed."""
        if self._dead is not None:
            raise self._dead
        if not self._lost:
            return
        self._database.reopen()
        with errors(self._database.path):
            for each in rows.after(self._database.connection, self._history.seq):
                self._history.apply(each)
        self._lost = False

    def _stamped(self, jobs: list[_Append]) -> tuple[list[_Append], list[Recorded]]:
        """The jobs whose events the history can take, and those events as they will be recorded."""
        order, seq, epoch = Order(self._history), self._history.seq, self._history.epoch
        now = self._clock.now().astimezone(UTC)
        taken: list[_Append] = []
        recorded: list[Recorded] = []
        for job in jobs:
            try:
                order.take(job.events)
            except ValueError as error:
                job.end(error)
                continue
            for event in job.events:
                seq, epoch = seq + 1, epoch + isinstance(event, KernelAttached)
                recorded.append(Recorded(seq=seq, epoch=max(epoch, 1), at=now, event=event))
            job.seq = seq
            taken.append(job)
        return taken, recorded

    def _store(self, jobs: list[_Append], recorded: list[Recorded]) -> None:
        """The transaction. It may fail after it became durable, so what the file holds decides."""
        try:
            with errors(self._database.path):
                self._transact(jobs, recorded)
        except Exception:
            if not recorded or self._last_seq() != recorded[-1].seq:
                raise

    def _transact(self, jobs: list[_Append], recorded: list[Recorded]) -> None:
        connection = self._database.connection
        columns = (each for job in jobs for each in job.columns)
        table = [(r.seq, r.epoch, _naive(r.at), *c) for r, c in zip(recorded, columns, strict=True)]
        blobs = self._new_blobs(connection, jobs)
        if jobs[0].sweeps or blobs or not rows.is_one_transaction(connection, len(table)):
            if jobs[0].sweeps:
                self._database.optimize(True)
            connection.begin()
            rows.insert(connection, "events", table)
            rows.insert(connection, "blobs", blobs)
            if jobs[0].sweeps:
                jobs[0].swept = references.delete_dead(connection, references.mentioned(connection))
            if jobs[0].alone:
                faults.point("before-commit", jobs[0].step)
            connection.commit()
        else:
            self._database.optimize(False)
            if jobs[0].alone:
                faults.point("before-commit", jobs[0].step)
            rows.insert(connection, "events", table)  # a transaction by itself, a quarter cheaper
        private_log(self._database.path)
        if self._stored is not None:
            self._stored.update(digest for digest, _ in blobs)
        self._forget(jobs[0].swept)

    def _forget(self, swept: Mapping[bytes, int]) -> None:
        if swept and self._stored is not None:
            self._stored.difference_update(swept)
            self._stored.add(references.EMPTY)
        if self._kept:
            for digest in swept:
                self._kept.pop(digest, None)

    def _new_blobs(self, connection: DuckDBPyConnection, jobs: list[_Append]) -> list[tuple[bytes, bytes]]:
        wanted = {digest: data for job in jobs for digest, data in job.blobs.items()}
        if not wanted:
            return []
        stored = self._load_stored(connection)
        return [(digest, data) for digest, data in wanted.items() if digest not in stored]

    def _last_seq(self) -> int:
        """The last event that the file holds, after a failure. Raises JournalError where not even that can be found out."""
        self._stored, self._lost = None, True
        with contextlib.suppress(Exception):  # there may be no transaction left to roll back, and no connection to do it
            self._database.connection.rollback()
            found = _max_seq(self._database.connection)
            self._lost = False
            return found
        self._database.reopen()
        with errors(self._database.path):
            found = _max_seq(self._database.connection)
        self._lost = False
        return found

    def _take(self, jobs: list[_Append], recorded: list[Recorded]) -> None:
        try:
            with self._still:
                for each in recorded:
                    self._history.apply(each)
        except Exception as error:
            self._dead = JournalDamaged(path=str(self._database.path), why=f"event {self._history.seq} does not fit the history: {error!r}")
            raise self._dead from error
        with contextlib.suppress(OSError):  # the note only helps to see a loss; the commit stands without it
            self._lease.acknowledge(self._history.seq)
        if jobs[0].alone:
            with errors(self._database.path):
                faults.point("after-commit", jobs[0].step)


def _all_small(connection: DuckDBPyConnection) -> dict[bytes, bytes]:
    total = connection.execute("select sum(octet_length(data)) from blobs").fetchone()
    if total is None or (total[0] or 0) > _KEPT:
        return {}
    return dict(connection.execute("select digest, data from blobs").fetchall())


def _max_seq(connection: DuckDBPyConnection) -> int:
    found = connection.execute("select coalesce(max(seq), 0) from events").fetchone()
    return int(found[0]) if found else 0


def _naive(when: datetime) -> datetime:
    return when.replace(tzinfo=None)

"""What a runner was asked for and how it stands, kept beside the journal, so that a worker can take over what a crash or a reboot ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from durnb.clock import Clock
from durnb.journal import Lease, Store, claim_task, create_task, read_task, read_tasks, write_task
from durnb.records import dataclass
from durnb.runner.exits import Exit
from durnb.runner.request import RunRequest

Standing = Literal["queued", "running", "suspended", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`kernel` is the pid of the kernel that was started last, and `born` tells it from other processes of that number (see `orphan.birth_of`).
    `wake` is when a suspended run goes on; `began` is when a runner took it up.

    Of the tasks of one `series` the oldest goes first, alone. `deaths` counts the kernels that died, and the workers that died with them;
    `traced` is the run whose spans were sent, and of how many kernels.
    """

    request: RunRequest
    standing: Standing
    at: datetime
    exit: Exit | None = None
    run: str | None = None
    kernel: int | None = None
    born: str | None = None
    wake: datetime | None = None
    began: datetime | None = None
    deaths: int = 0
    series: str = ""
    traced: tuple[str, int] = ("", 0)

    @property
    def key(self) -> str:
        return self.request.key

    def encode(self) -> dict[str, Any]:
        """As JSON values."""
        request = self.request
        return {
            "output": str(request.output),
            "parameters": dict(request.parameters),
            "mode": request.mode,
            "max_restarts": request.max_restarts,
            "kernel_name": request.kernel,
            "hung_after": request.hung_after.total_seconds(),
            "notify": request.notify,
            "priority": request.priority,
            "every": request.every,
            "suspend_after": None if request.suspend_after is None else request.suspend_after.total_seconds(),
            "standing": self.standing,
            "at": self.at.isoformat(),
            "exit": None if self.exit is None else int(self.exit),
            "run": self.run,
            "kernel": self.kernel,
            "born": self.born,
            "wake": self.wake.isoformat() if self.wake else None,
            "began": self.began.isoformat() if self.began else None,
            "deaths": self.deaths,
            "series": self.series,
            "traced": list(self.traced),
        }

    @classmethod
    def decode(cls, notebook: Path, facts: Mapping[str, Any]) -> Task | None:
        """The inverse of `encode`; None for what is none of ours."""
        try:
            request = RunRequest(
                notebook=notebook,
                output=Path(facts["output"]),
                key=str(facts["key"]),
                mode=facts["mode"],
                parameters=facts["parameters"],
                max_restarts=int(facts["max_restarts"]),
                kernel=facts["kernel_name"],
                hung_after=timedelta(seconds=facts["hung_after"]),
                notify=str(facts["notify"]),
                priority=int(facts["priority"]),
                every=bool(facts["every"]),
                suspend_after=None if facts["suspend_after"] is None else timedelta(seconds=facts["suspend_after"]),
            )
            return cls(
                request=request,
                standing=facts["standing"],
                at=datetime.fromisoformat(facts["at"]),
                exit=None if facts["exit"] is None else Exit(facts["exit"]),
                run=facts["run"],
                kernel=facts["kernel"],
                born=facts.get("born"),  # a file of an earlier version has none
                wake=_moment(facts["wake"]),
                began=_moment(facts["began"]),
                deaths=int(facts["deaths"]),
                series=str(facts["series"]),
                traced=(str(facts["traced"][0]), int(facts["traced"][1])),
            )
        except (KeyError, TypeError, ValueError):
            return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def tasks_of(store: Store) -> list[Task]:
    """All tasks of a notebook."""
    found = (Task.decode(store.notebook, facts) for _, facts in read_tasks(store) if facts is not None)
    return [task for task in found if task is not None]


def unread_tasks(store: Store) -> list[Path]:
    """The files of tasks that can't be read: damaged, or of another durnb."""
    return [file for file, facts in read_tasks(store) if facts is None or Task.decode(store.notebook, facts) is None]


def task_of(store: Store, key: str) -> Task | None:
    """The task of a key; None where no runner was ever asked for it."""
    facts = read_task(store, key)
    return Task.decode(store.notebook, facts) if facts is not None else None


def put_task(store: Store, task: Task) -> None:
    """Write the task. Raises JournalReadOnly, DiskFull."""
    write_task(store, task.key, task.encode())


def queue_once(store: Store, task: Task) -> bool:
    """Queue a task whose key no runner was ever asked for; False where one was, and nothing is changed. Raises JournalReadOnly, DiskFull."""
    return create_task(store, task.key, task.encode())


def queue_again(store: Store, key: str, clock: Clock) -> bool:
    """Let a worker go on with a run that ended without being over, because a person answered, resumed or cleared it; whether there was one."""
    task = task_of(store, key)
    if task is None or task.standing != "ended" or task.exit in (Exit.FINISHED, Exit.CANCELLED):
        return False
    put_task(store, replace(task, standing="queued", at=clock.now(), exit=None, request=replace(task.request, mode="resume")))
    return True


@dataclass(slots=True)
class Claim:
    """The right of this process to run a key, and its word on how that goes. `found` is the task as whoever had it before left it."""

    store: Store
    clock: Clock
    task: Task
    found: Task | None
    _lease: Lease = field(repr=False)

    @classmethod
    def take(cls, store: Store, request: RunRequest, clock: Clock, before: Task | None = None) -> Claim:
        """`before` is the task that is gone on with. Raises RunHeld where another runner has the key, JournalReadOnly, DiskFull."""
        lease = claim_task(store, request.key, clock)
        now, known = clock.now(), task_of(store, request.key)
        fresh = Task(request=request, standing="running", at=now)
        if known is not None:  # its kernel may have outlived its runner
            fresh = replace(fresh, traced=known.traced, kernel=known.kernel, born=known.born)
        task = replace(before or fresh, request=request, standing="running", exit=None, wake=None)
        claim = cls(store, clock, replace(task, began=task.began or now), known, lease)
        try:
            claim.tell()
        except BaseException:
            lease.release()
            raise
        return claim

    @classmethod
    @contextmanager
    def taken(cls, store: Store, request: RunRequest, clock: Clock) -> Iterator[Claim]:
        """`take`, and `release` at the end."""
        claim = cls.take(store, request, clock)
        try:
            yield claim
        finally:
            claim.release()

    def tell(self, **changes: Any) -> None:
        """Change what is known of the task. Raises JournalReadOnly, DiskFull."""
        self.task = replace(self.task, at=self.clock.now(), **changes)
        put_task(self.store, self.task)

    def release(self) -> None:
        """Let another runner have the key."""
        self._lease.release()

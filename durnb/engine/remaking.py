"""Cells that ``%durable all`` made steps, and that make what can't be stored (a connection, a client): a new kernel makes it again.

Nobody marked such a cell, so nobody chose that its variables be lost. It is run again as the plain cell that it would be, where it makes nothing but
what is lost (see `durnb.engine.work.made_by`) and took less than the setting `remake_under`.

What moves is not made again: a file, a generator or a cursor would stand at its beginning, and not where the finished steps left it; a database in
memory would be empty, a file opened for writing would be emptied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from durnb.engine.decide import Execute, Reuse
from durnb.engine.manifest import TAKEN_AS_DONE, Manifest
from durnb.engine.request import CellRequest
from durnb.engine.versions import Durable
from durnb.engine.work import made_by
from durnb.steps import Checkpoint, StepHistory

if TYPE_CHECKING:  # `durnb plan` looks at no values, and what does takes a third of its time to import
    from durnb.engine.checkpoints import Shelf
    from durnb.engine.live import LiveNames

_MOVING: Final = (
    *("a generator", "a coroutine", "an async generator", "something of asyncio", "a task", "a future", "a thread "),
    *(
        "an open file",
        "a file",
        "a text file",
        "a pipe",
        "an HDF5 file",
        "a temporary",
        "a memory map",
        "a reader of csv",
        "a hash part way",
        "a lock that is held",
    ),
    *("a running process", "a process", "a connection to a process", "a socket", "a TLS connection", "shared memory", "an open database"),
    *("a database cursor", "a relation", "a connection to a database in memory", "an engine of a database in memory"),
    *("a database connection with", "a database connection in"),
)
"""How reasons of the snapshot begin that tell of a thing that stands somewhere."""


_OPENED: Final = frozenset(
    {
        *("sqlite3.Connection", "duckdb.DuckDBPyConnection", "sqlalchemy.Engine", "requests.Session", "httpx.Client", "httpx.AsyncClient"),
        *("openai.OpenAI", "openai.AsyncOpenAI", "anthropic.Anthropic", "anthropic.AsyncAnthropic"),
    }
)
"""Types, by package and name, whose objects a checkpoint has as a way to open them again: to make them again beside what is lost is the same."""


def or_made_again(
    decision: Reuse, request: CellRequest, step: StepHistory, shelf: Shelf, live: LiveNames, limit: timedelta
) -> Reuse | Execute:
    """The decision on an unmarked cell, or to run it again for what its checkpoint lost. Raises CheckpointUnreadable."""
    if decision.checkpoint not in step.checkpoints or step.answer is not None:
        return decision
    checkpoint = step.checkpoints[decision.checkpoint]
    manifest = shelf.manifest(checkpoint)
    version = Durable(checkpoint.step, checkpoint.number)
    gone = sorted(name for name in manifest.lost if not live.is_very(name, version))
    return Execute(reason=reason(gone)) if gone and can_be_made_again(request.raw, checkpoint, manifest, limit) else decision


def can_be_made_again(source: str, checkpoint: Checkpoint, manifest: Manifest, limit: timedelta) -> bool:
    """Whether a cell without a header lost something and can be run again for it."""
    if not manifest.lost or any(one.moves or one.reason == TAKEN_AS_DONE for one in manifest.lost.values()):
        return False
    made = made_by(source)
    opened = {name for name, stored in manifest.names.items() if is_opened(stored.type)}
    return made is not None and made <= manifest.lost.keys() | opened and checkpoint.spent <= limit.total_seconds()


def is_opened(kind: str) -> bool:
    """Whether objects of the type of this dotted name are stored as a way to open or make them again."""
    return f"{kind.partition('.')[0].lstrip('_')}.{kind.rpartition('.')[2]}" in _OPENED


def moves(value: object, why: str) -> bool:
    """Whether a value that can't be stored, for the reason `why`, stands somewhere."""
    return issubclass(type(value), Iterator) or f"{why} ".startswith(_MOVING)


def reason(names: Iterable[str]) -> str:
    """Why the cell is run again, in people's words."""
    return f"{', '.join(f'`{name}`' for name in names)} can't be stored, and is made again"

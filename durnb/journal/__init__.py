"""The only place that knows where a run's facts and bytes lie: files, lease, DuckDB, packs, inbox, signatures.

A `Store` is a notebook's folder, a `Journal` an open run in it, a `Draft` the bytes of one commit; `ask` answers SQL over all runs.
"""

from __future__ import annotations

from durnb.journal.bundle import export_run, import_run
from durnb.journal.check import check
from durnb.journal.collect import collect
from durnb.journal.collected import Collected, Removed
from durnb.journal.draft import SMALL, Draft
from durnb.journal.inbox import Request
from durnb.journal.journal import Journal, codes_of, read_history
from durnb.journal.lease import Lease
from durnb.journal.names import RunName, quoted
from durnb.journal.once import OnceFile
from durnb.journal.packs import digest_of_bytes
from durnb.journal.preview import preview
from durnb.journal.retention import Limits
from durnb.journal.sighting import half_written, remove_left_by_writers
from durnb.journal.store import Orphan, Store
from durnb.journal.stores import stores_in, stores_under
from durnb.journal.tables import Answer, ask
from durnb.journal.tasks import (
    claim_task,
    create_task,
    read_schedules,
    read_task,
    read_tasks,
    remove_schedule,
    remove_task,
    task_claimed,
    write_schedule,
    write_task,
)
from durnb.journal.temporaries import hidden_beside, remove_left_of
from durnb.journal.trust import Secret, load_secret
from durnb.journal.usage import Lengths, RunFiles, StoreFiles, files_of, own_lengths, read_lengths

__all__ = [
    "SMALL",
    "Answer",
    "Collected",
    "Draft",
    "Journal",
    "Lease",
    "Lengths",
    "Limits",
    "OnceFile",
    "Orphan",
    "Removed",
    "Request",
    "RunFiles",
    "RunName",
    "Secret",
    "Store",
    "StoreFiles",
    "ask",
    "check",
    "claim_task",
    "codes_of",
    "collect",
    "create_task",
    "digest_of_bytes",
    "export_run",
    "files_of",
    "half_written",
    "hidden_beside",
    "import_run",
    "load_secret",
    "own_lengths",
    "preview",
    "quoted",
    "read_history",
    "read_lengths",
    "read_schedules",
    "read_task",
    "read_tasks",
    "remove_left_by_writers",
    "remove_left_of",
    "remove_schedule",
    "remove_task",
    "stores_in",
    "stores_under",
    "task_claimed",
    "write_schedule",
    "write_task",
]

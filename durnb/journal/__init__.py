"""The only place that knows where a run's facts and bytes lie: files, lease, DuckDB, packs, inbox, signatures.

A `Store` is a notebook's folder, a `Journal` an open run in it, a `Draft` the bytes of one commit; `ask` answers SQL over all runs.
"""

from __future__ import annotations

from durnb.journal.check import check
from durnb.journal.collect import collect
from durnb.journal.collected import Collected, Removed
from durnb.journal.draft import SMALL, Draft
from durnb.journal.inbox import Request
from durnb.journal.journal import Journal, read_history, steps_of
from durnb.journal.names import RunName
from durnb.journal.once import OnceFile
from durnb.journal.packs import digest_of_bytes
from durnb.journal.preview import preview
from durnb.journal.retention import Limits
from durnb.journal.sighting import half_written
from durnb.journal.store import Orphan, Store
from durnb.journal.tables import Answer, ask
from durnb.journal.trust import Secret, load_secret
from durnb.journal.usage import Lengths, RunFiles, StoreFiles, files_of, own_lengths, read_lengths

__all__ = [
    "SMALL",
    "Answer",
    "Collected",
    "Draft",
    "Journal",
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
    "collect",
    "digest_of_bytes",
    "files_of",
    "half_written",
    "load_secret",
    "own_lengths",
    "preview",
    "read_history",
    "read_lengths",
    "steps_of",
]

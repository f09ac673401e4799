"""The only place that knows where a run's facts and bytes lie: files, lease, DuckDB, packs, inbox, signatures.

A `Store` is a notebook's folder, a `Journal` an open run in it, a `Draft` the bytes of one commit; `ask` answers SQL over all runs.
"""

from __future__ import annotations

from durnb.journal.check import check
from durnb.journal.draft import SMALL, Draft
from durnb.journal.inbox import Request
from durnb.journal.journal import Journal, read_history, steps_of
from durnb.journal.names import RunName
from durnb.journal.once import OnceFile
from durnb.journal.packs import digest_of_bytes
from durnb.journal.store import Orphan, Store
from durnb.journal.tables import Answer, ask
from durnb.journal.trust import Secret, load_secret

__all__ = [
    "SMALL",
    "Answer",
    "Draft",
    "Journal",
    "OnceFile",
    "Orphan",
    "Request",
    "RunName",
    "Secret",
    "Store",
    "ask",
    "check",
    "digest_of_bytes",
    "load_secret",
    "read_history",
    "steps_of",
]

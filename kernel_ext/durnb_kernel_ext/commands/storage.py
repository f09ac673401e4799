"""Commands about the room that results take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from durnb.engine import operations
from durnb.engine.owner import look_owner
from durnb.engine.storage import ask_owners, collected_json, storage_json
from durnb_kernel_ext.commands import command, no_words, take_flag
from durnb_widgets.tables import collected_table, storage_tables

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("du", "[--json]", looks=True)
def du(extension: Extension, words: list[str]) -> Any:
    """what takes the room: by step and variable of this run, and by run"""
    as_json, rest = take_flag(words, "--json")
    no_words("du", rest)
    storage = operations.storage(extension.engine)
    return json.dumps(storage_json(storage), indent=1) if as_json else storage_tables(storage)


@command("gc", "[--dry-run] [--json]")
def gc(extension: Extension, words: list[str]) -> Any:
    """removes old results that no run needs (settings keep_runs and keep_checkpoints); --dry-run only tells"""
    dry_run, rest = take_flag(words, "--dry-run")
    as_json, rest = take_flag(rest, "--json")
    no_words("gc", rest)
    session = extension.engine
    collected = operations.collect(session, dry_run=dry_run)
    if not dry_run:
        ask_owners(session.store(), list(collected.owned))
        for run in collected.owned:
            look_owner(session.store(), run)
    return json.dumps(collected_json(collected, dry_run=dry_run), indent=1) if as_json else collected_table(collected, dry_run=dry_run)

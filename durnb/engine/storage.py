"""What a notebook's store takes and what a collection removes: as JSON values, and as rows and lines for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from durnb.clock import Clock
from durnb.engine import usage
from durnb.engine.housekeeping import COLLECT
from durnb.engine.usage import Holding
from durnb.journal import Collected, Journal, RunFiles, RunName, Store, StoreFiles, files_of, own_lengths, read_lengths
from durnb.records import dataclass

Spell = Callable[[int | None], str]
Rows = list[tuple[str, ...]]

HOLDING_HEADS = ("step", "what", "type", "bytes", "shared")
RUN_HEADS = ("run", "state", "journal", "packs", "shared")
REMOVED_HEADS = ("what", "of", "count", "bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A store's files, and of one run all that it stores: `holdings` is None where another process has that run.

    `unreferred` are bytes of the run's packs and small values that none of the holdings has: padding, and what a collection may remove. `small` and
    `events` are bytes of small values and of events, both in the run's own file.
    """

    run: RunName
    files: StoreFiles
    holdings: tuple[Holding, ...] | None
    unreferred: int = 0
    small: int = 0
    events: int = 0

    @property
    def referred(self) -> int:
        return sum(one.own for one in self.holdings or ())


def storage_of(store: Store, run: RunName, clock: Clock, own: Journal | None = None) -> Storage:
    """What is stored for `run`, which may be the one that this process has, and in the whole store. Raises the JournalErrors."""
    files = files_of(store)
    if own is not None and own.run == run:
        history, lengths = own.history, own_lengths(own)
    elif store.owner(run) is not None:
        return Storage(run=run, files=files, holdings=None)
    else:
        history, lengths = read_lengths(store, run, clock)
    found = tuple(usage.holdings(history, lengths.of))
    return Storage(
        run=run,
        files=files,
        holdings=found,
        unreferred=max(0, lengths.allotted - sum(one.own for one in found)),
        small=lengths.small,
        events=lengths.events,
    )


def storage_json(storage: Storage) -> dict[str, Any]:
    """The storage as JSON values; sizes in bytes."""
    files = storage.files
    return {
        "run": str(storage.run),
        "holdings": usage.as_json(storage.holdings) if storage.holdings is not None else None,
        "referred": storage.referred,
        "unreferred": storage.unreferred,
        "small_values": storage.small,
        "events": storage.events,
        "runs": [{**asdict(one), "run": str(one.run)} for one in files.runs],
        "unlisted": files.unlisted,
        "half_written": files.half_written,
        "damaged": files.damaged,
        "total": files.total,
    }


def holding_rows(storage: Storage, spell: Spell) -> Rows:
    """One row for each holding, those of a step together."""
    return [(one.step, one.what, one.types, spell(one.bytes), _or_dash(one.shared, spell)) for one in storage.holdings or ()]


def _or_dash(size: int, spell: Spell) -> str:
    return spell(size or None)


def storage_title(storage: Storage, spell: Spell) -> str:
    """What the one run takes, in one line."""
    if storage.holdings is None:
        owner = next((one.owner for one in storage.files.runs if one.run == storage.run), None)
        return f"run {storage.run} is in the hands of process {owner}: %durable du in that kernel tells what it holds"
    padding = f", and {spell(storage.unreferred)} of padding and of what %durable gc may remove" if storage.unreferred else ""
    inside = f"its journal holds {spell(storage.small)} of that as small values, and {spell(storage.events)} of events"
    return f"run {storage.run} stores {spell(storage.referred)} in {len(storage.holdings)} parts{padding}; {inside}"


def run_rows(storage: Storage, spell: Spell) -> Rows:
    """One row for each run of the notebook."""
    return [(str(one.run), _state(one), spell(one.journal), spell(one.packs), _or_dash(one.shared, spell)) for one in storage.files.runs]


def _state(one: RunFiles) -> str:
    return f"{one.state}, process {one.owner}" if one.owner else one.state


def store_lines(storage: Storage, spell: Spell) -> list[str]:
    """The whole store, in a line or two."""
    files = storage.files
    loose = files.unlisted + files.half_written
    said = [f"the store takes {spell(files.total)}; packs that several runs list are counted once in that"]
    if files.damaged:
        said.append(f"{spell(files.damaged)} are packs that were found to be damaged: {_KEPT_ASIDE}")
    return [*said, f"{spell(loose)} belong to no run: %durable gc (durnb gc) removes them"] if loose else said


def removed_rows(collected: Collected, spell: Spell) -> Rows:
    """One row for each thing that was removed, or would be."""
    rows: Rows = []
    for one in collected.removed:
        of = f"step {one.step} of run {one.run}" if one.step else one.run
        rows.append((_WORDS.get(one.what, one.what), of, str(one.count), "–" if one.what == "checkpoints" else spell(one.bytes)))
    return rows


_WORDS: Final = {"run": "journal of a run", "packs": "packs of big values", "leftovers": "left by killed kernels"}
_KEPT_ASIDE: Final = "kept in objects/ for as long as a run lists what it should be; put a copy of that there, or let its steps run again"


def removed_title(collected: Collected, spell: Spell, *, dry_run: bool) -> str:
    """All of it in one line."""
    if not collected.removed:
        return "there is nothing to remove"
    return f"{'this would remove' if dry_run else 'removed'} {spell(collected.bytes)}" + ("; nothing was changed" if dry_run else "")


def left_lines(collected: Collected, spell: Spell, *, asked: bool) -> list[str]:
    """The runs that could not be looked into and the damage that is kept, and what can be done."""
    then = "it was asked to do it after its next durable cell" if asked else "it is left as it is"
    held = [
        f"run {run} is in the hands of process {pid}: {then}; %durable gc there does it at once" for run, pid in collected.owned.items()
    ]
    damaged = [f"{name} ({spell(size)}) was found to be damaged: {_KEPT_ASIDE}" for name, size in collected.damaged.items()]
    return [*held, *(f"run {run} was left as it is: {why}" for run, why in collected.left.items()), *damaged]


def collected_json(collected: Collected, *, dry_run: bool) -> dict[str, Any]:
    """The collection as JSON values; sizes in bytes."""
    return {
        "dry_run": dry_run,
        "bytes": collected.bytes,
        "removed": [asdict(one) for one in collected.removed],
        "owned": {str(run): pid for run, pid in collected.owned.items()},
        "damaged": dict(collected.damaged),
        "left": {str(run): why for run, why in collected.left.items()},
    }


def ask_owners(store: Store, runs: Sequence[RunName]) -> None:
    """Ask the processes that have these runs to collect. Raises JournalReadOnly, DiskFull."""
    for run in runs:
        store.request(run, COLLECT)
